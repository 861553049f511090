//! A scripted ground truth: what happened, as TOML.
//!
//! A script says which sites there are, which vessels lay where and when, which trains stood on which tracks, what was
//! stacked, what the weather was, which sensors passed and which stations listened; and, for a case, what the engine is
//! expected to say. Times are TOML dates or date-times in UTC. Places within a zone may be left out: they are then found by
//! [`super::place`]. `docs` of each field are below; [`read`] reads and checks, naming file, line and key.

pub mod expect;
pub mod read;
pub mod when;

use std::collections::BTreeMap;

use quaywatch_protocol::contract::look::{SensorKind, VesselClass};
use serde::Deserialize;
use toml::Spanned;

pub use self::{
    expect::{Bound, DetailBounds, Expect},
    when::When,
};

/// A name that refers to something else, with its place in the file for messages.
pub type Name = Spanned<String>;

/// The whole script.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Short name, as in file names.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Start of the world.
    pub from: When,
    /// End of the world.
    pub to: When,
    /// When the finding was published, for lead times.
    #[serde(default)]
    pub published: Option<When>,
    /// Rules that an analyst of this case adds to the installed ones, as TOML text: year-to-date entries of a ledger, for one.
    #[serde(default)]
    pub rules_extra: String,
    /// Site ids; each is read from `sites/ID.geojson` beside the script or from the installed sites.
    pub sites: Vec<Name>,
    /// Weather, one entry a site (`site = "*"` for all others).
    #[serde(default)]
    pub weather: Vec<Weather>,
    /// Receiving stations.
    #[serde(default)]
    pub station: Vec<Station>,
    /// Passes of sensors.
    #[serde(default)]
    pub sensor: Vec<SensorPlan>,
    /// Vessels and where they went.
    #[serde(default)]
    pub vessel: Vec<Vessel>,
    /// Background calls of vessels, at random.
    #[serde(default)]
    pub traffic: Vec<Traffic>,
    /// Trains standing on tracks.
    #[serde(default)]
    pub train: Vec<Train>,
    /// Background trains, at random.
    #[serde(default)]
    pub rail_traffic: Vec<RailTraffic>,
    /// Container rows and stacks.
    #[serde(default)]
    pub stack: Vec<Stack>,
    /// Background stacks that come and go, at random.
    #[serde(default)]
    pub stack_traffic: Vec<StackTraffic>,
    /// Parked aircraft.
    #[serde(default)]
    pub aircraft: Vec<Aircraft>,
    /// What the engine must say (cases).
    #[serde(default)]
    pub expect: Vec<Expect>,
    /// What the engine must not say.
    #[serde(default)]
    pub forbid: Vec<Expect>,
}

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
