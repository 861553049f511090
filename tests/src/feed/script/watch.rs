//! What sees and what stands in the way: weather, stations, passes of sensors.

use quaywatch_protocol::contract::look::SensorKind;
use serde::Deserialize;

use super::{Name, When};

/// The weather at one site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weather {
    /// Site id, or `*`.
    pub site: Name,
    /// Mean cloud cover by month, January first, 0..=1.
    pub cloud_by_month: [f64; 12],
    /// Days whose cover is given.
    #[serde(default)]
    pub days: Vec<CloudDays>,
    /// Periods with snow on the ground.
    #[serde(default)]
    pub snow: Vec<Snow>,
    /// Mean share of days with haze.
    #[serde(default)]
    pub haze_share: f64,
}

/// Days with a given cover.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudDays {
    /// First moment.
    pub from: When,
    /// Last moment.
    pub to: When,
    /// Cloud cover, 0..=1.
    pub cover: f64,
}

/// Snow on the ground.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snow {
    /// First moment.
    pub from: When,
    /// Last moment.
    pub to: When,
    /// 0 bare to 1 all white.
    pub cover: f64,
}

/// A receiving station.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// Station id.
    pub id: Name,
    /// Median minutes from acquisition to the look's arrival at central.
    #[serde(default = "default_latency_min")]
    pub latency_min: f64,
    /// Where its AIS reception reaches.
    #[serde(default)]
    pub hears: Vec<Hears>,
}

const fn default_latency_min() -> f64 {
    7.0
}

/// AIS reception of a station at a site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hears {
    /// Site id.
    pub site: Name,
    /// Share of time with proven coverage, in blocks of six hours.
    #[serde(default = "one")]
    pub share: f64,
    /// Periods in which the receiver was down.
    #[serde(default)]
    pub outages: Vec<Period>,
}

const fn one() -> f64 {
    1.0
}

/// A span of time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// First moment.
    pub from: When,
    /// Last moment.
    pub to: When,
}

/// Passes of one sensor over some sites.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensorPlan {
    /// Name, like `PlanetScope`.
    pub name: String,
    /// Optical or radar.
    pub kind: SensorKind,
    /// Ground sample distance, metres.
    pub gsd_m: f64,
    /// Station that receives it.
    pub station: Name,
    /// Sites in its swath; empty: all.
    #[serde(default)]
    pub sites: Vec<Name>,
    /// Days between passes; 0: only the explicit ones.
    #[serde(default)]
    pub every_days: f64,
    /// Time of day of a pass, hours UTC.
    #[serde(default)]
    pub hour_utc: f64,
    /// Standard deviation of the time of day, hours.
    #[serde(default)]
    pub jitter_h: f64,
    /// Share of passes that gave a scene (tasking, swath edges, downlink).
    #[serde(default = "one")]
    pub share: f64,
    /// Explicit passes, on top of the pattern.
    #[serde(default)]
    pub passes: Vec<When>,
}
