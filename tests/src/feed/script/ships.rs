//! Vessels, their stays, and background calls.

use quaywatch_protocol::contract::look::VesselClass;
use serde::Deserialize;
use toml::Spanned;

use super::{Name, Period, When};

/// What a vessel's AIS does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AisBehaviour {
    /// Transmits.
    #[default]
    On,
    /// Silent.
    Off,
    /// Transmits a position displaced by `spoof_m`.
    Spoofed,
}

/// A vessel with its itinerary.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vessel {
    /// Id in the script.
    pub id: Name,
    /// Length over all, metres.
    pub length_m: f64,
    /// Beam, metres.
    pub beam_m: f64,
    /// Class.
    pub class: VesselClass,
    /// Hull colour hint, `#rrggbb`.
    #[serde(default)]
    pub colour: Option<Spanned<String>>,
    /// Identity by radio; made up when absent.
    #[serde(default)]
    pub mmsi: Option<u32>,
    /// AIS behaviour.
    #[serde(default)]
    pub ais: AisBehaviour,
    /// Displacement of a spoofed position, metres east and north.
    #[serde(default)]
    pub spoof_m: [f64; 2],
    /// Periods in which the AIS is off although `ais` says otherwise.
    #[serde(default)]
    pub silent: Vec<Period>,
    /// Draught announced, metres.
    #[serde(default)]
    pub draught_m: Option<f64>,
    /// Stays, one after the other.
    #[serde(default)]
    pub stay: Vec<Stay>,
    /// Regular runs between two berths.
    #[serde(default)]
    pub shuttle: Vec<Shuttle>,
}

/// A vessel in one place for a time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stay {
    /// Site id.
    pub site: Name,
    /// Zone id; absent with `at`.
    #[serde(default)]
    pub zone: Option<Name>,
    /// Arrival.
    pub from: When,
    /// Departure.
    pub to: When,
    /// Place of the hull's centre along the berth, 0 at its start to 1; found when absent.
    #[serde(default)]
    pub along: Option<f64>,
    /// 0 alongside the quay, 1 outside another hull.
    #[serde(default)]
    pub abreast: u32,
    /// Longitude and latitude, for a vessel in no zone.
    #[serde(default)]
    pub at: Option<[f64; 2]>,
    /// Axis, degrees, for a vessel in no berth.
    #[serde(default)]
    pub heading_deg: Option<f64>,
}

/// Runs between two berths: a stay at `a`, a crossing, a stay at `b`, a crossing, and again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shuttle {
    /// Site and zone of the first end.
    pub a: [Name; 2],
    /// Site and zone of the other end.
    pub b: [Name; 2],
    /// Arrival at `a` of the first run.
    pub from: When,
    /// No arrival after this.
    pub to: When,
    /// Hours alongside, least and most.
    pub stay_h: [f64; 2],
    /// Hours at sea, least and most.
    pub sea_h: [f64; 2],
    /// Days of rest after a return to `a`, least and most (outside the sites).
    #[serde(default)]
    pub rest_days: [f64; 2],
    /// Runs at most; 0: as many as fit.
    #[serde(default)]
    pub runs: u32,
}

/// Background calls at one zone: Poisson arrivals of vessels from a fleet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// Site id.
    pub site: Name,
    /// Zone id.
    pub zone: Name,
    /// Class of the vessels.
    pub class: VesselClass,
    /// Lengths, least and most, metres.
    pub length_m: [f64; 2],
    /// Mean arrivals a week.
    pub per_week: f64,
    /// Hours alongside, least and most.
    pub stay_h: [f64; 2],
    /// Vessels in the fleet; 0: a new vessel each time.
    #[serde(default)]
    pub fleet: u32,
    /// AIS behaviour.
    #[serde(default)]
    pub ais: AisBehaviour,
    /// Arrivals at fixed times instead of at random: hours UTC of each day.
    #[serde(default)]
    pub daily_at_h: Vec<f64>,
    /// First arrival; absent: the world's start.
    #[serde(default)]
    pub from: Option<When>,
    /// Last arrival; absent: the world's end.
    #[serde(default)]
    pub to: Option<When>,
}
