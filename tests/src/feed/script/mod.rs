//! A scripted ground truth: what happened, as TOML.
//!
//! A script says which sites there are, which vessels lay where and when, which trains stood on which tracks, what was
//! stacked, what the weather was, which sensors passed and which stations listened; and, for a case, what the engine is
//! expected to say. Times are TOML dates or date-times in UTC. Places within a zone may be left out: they are then found by
//! [`super::place`]. `docs` of each field are below; [`read`] reads and checks, naming file, line and key.

pub mod ashore;
pub mod check;
pub mod expect;
pub mod read;
pub mod ships;
pub mod watch;
pub mod when;

use serde::Deserialize;
use toml::Spanned;

pub use self::{
    ashore::{Aircraft, CarKind, RailTraffic, Stack, StackTraffic, Train},
    expect::{Bound, DetailBounds, Expect},
    ships::{AisBehaviour, Shuttle, Stay, Traffic, Vessel},
    watch::{CloudDays, Hears, Period, SensorPlan, Snow, Station, Weather},
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
