//! What is ashore: trains, stacks of containers, aircraft.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{Name, When};

/// Kinds of cars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CarKind {
    /// Tank car.
    Tank,
    /// Box car.
    Box,
    /// Flat, ore and other open cars.
    Open,
    /// Locomotive.
    Locomotive,
}

impl CarKind {
    /// Length over couplers, metres: four-axle cars of the 1,520 mm gauge (tank 15-1443, box 11-217, gondola 12-132) and a
    /// shunting locomotive (TEM2).
    #[must_use]
    pub const fn length_m(self) -> f64 {
        match self {
            Self::Tank => 12.02,
            Self::Box => 14.73,
            Self::Open => 13.92,
            Self::Locomotive => 16.97,
        }
    }
}

/// Cars standing in a zone for a time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// Site id.
    pub site: Name,
    /// Zone id.
    pub zone: Name,
    /// Track; absent: spread over the zone's tracks.
    #[serde(default)]
    pub track: Option<Name>,
    /// Arrival.
    pub from: When,
    /// Departure.
    pub to: When,
    /// Cars by kind, in the order they are coupled on each track: tank, box, open; locomotives first.
    pub cars: BTreeMap<CarKind, u32>,
    /// Place of the first car, metres along the track; found when absent.
    #[serde(default)]
    pub start_m: Option<f64>,
}

/// Background trains in a zone: Poisson arrivals.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RailTraffic {
    /// Site id.
    pub site: Name,
    /// Zone id.
    pub zone: Name,
    /// Mean arrivals a day.
    pub per_day: f64,
    /// Cars of a train, least and most.
    pub cars: [u32; 2],
    /// Hours standing, least and most.
    pub stay_h: [f64; 2],
    /// Shares of kinds.
    pub kinds: BTreeMap<CarKind, f64>,
    /// First arrival; absent: the world's start.
    #[serde(default)]
    pub from: Option<When>,
    /// Last arrival; absent: the world's end.
    #[serde(default)]
    pub to: Option<When>,
}

/// Rows of containers, or other stacks, in a zone for a time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stack {
    /// Site id.
    pub site: Name,
    /// Zone id.
    pub zone: Name,
    /// First row appears.
    pub from: When,
    /// First row is gone.
    pub to: When,
    /// Rows.
    pub rows: u32,
    /// Length of each row, metres.
    pub row_m: f64,
    /// Containers side by side in a row.
    #[serde(default = "default_wide")]
    pub wide: u32,
    /// Containers one above the other.
    #[serde(default = "default_high")]
    pub high: u32,
    /// Days over which the rows appear one by one.
    #[serde(default)]
    pub grow_days: f64,
    /// Days over which they go one by one.
    #[serde(default)]
    pub clear_days: f64,
    /// Colour hint, `#rrggbb`.
    #[serde(default)]
    pub colour: Option<Spanned<String>>,
}

const fn default_wide() -> u32 {
    4
}

const fn default_high() -> u32 {
    2
}

/// Background stacks: rows come and go so that their number stays between two bounds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackTraffic {
    /// Site id.
    pub site: Name,
    /// Zone id.
    pub zone: Name,
    /// Rows, least and most.
    pub rows: [u32; 2],
    /// Length of a row, least and most, metres.
    pub row_m: [f64; 2],
    /// Mean days between changes.
    pub change_days: f64,
    /// Containers side by side in a row.
    #[serde(default = "default_wide")]
    pub wide: u32,
}

/// Aircraft parked in a zone for a time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aircraft {
    /// Site id.
    pub site: Name,
    /// Zone id.
    pub zone: Name,
    /// From.
    pub from: When,
    /// To.
    pub to: When,
    /// How many.
    pub count: u32,
}
