//! Rules as data: what is unusual, what must meet, how sure one has to be.
//!
//! A rules file is TOML: the sections `[time]`, `[calls]`, `[baseline]`, `[tanker_volume]`, any number of `[[sea_route]]`, and one
//! `[[rule]]` for each thing that may raise an alert. Every key has a unit, a range and a default ([`keys`]); [`read`] checks a
//! file as a whole and reports every fault with its line and key. `docs/RULES.md` is the manual.

pub mod fit;
pub mod keys;
pub mod read;
mod section;
#[cfg(test)]
mod tests;

pub use keys::{
    Baseline, CallRules, Coincidence, DarkCount, Growth, Ledger, Shift, Slowdown, Surge, TankerVolume, TimeRules,
    VoyageRule,
};
pub use section::RuleFault;

use crate::alert::{Kind, Severity};

/// Signal kinds that a coincidence may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SignalKind {
    /// Calls at berths.
    Dock,
    /// Rolling stock.
    Rail,
    /// Calls at oil berths, or of tankers.
    Tanker,
    /// Stacks on aprons and in storage areas.
    Storage,
    /// Parked aircraft.
    Air,
}

impl SignalKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Dock, Self::Rail, Self::Tanker, Self::Storage, Self::Air];

    /// The name in rules and alerts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dock => "dock",
            Self::Rail => "rail",
            Self::Tanker => "tanker",
            Self::Storage => "storage",
            Self::Air => "air",
        }
    }

    /// Position in [`SignalKind::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// What one rule looks for.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleKind {
    /// Signals that meet.
    Coincidence(Coincidence, Vec<SignalKind>),
    /// More than usual.
    Surge(Surge),
    /// Less than usual.
    Slowdown(Slowdown),
    /// A dark hull from site to site.
    Voyage(VoyageRule),
    /// A dark hull from berth to berth.
    Shift(Shift),
    /// A sum against a cap.
    Ledger(Ledger, Vec<f64>, Vec<LedgerEntry>),
    /// Dark calls in a period.
    DarkCount(DarkCount, Vec<f64>),
    /// A stack or storage area that grew.
    Growth(Growth),
}

impl RuleKind {
    /// The alert kind it raises, as in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Coincidence(..) => Kind::Coincidence.name(),
            Self::Surge(_) => Kind::Surge.name(),
            Self::Slowdown(_) => Kind::Slowdown.name(),
            Self::Voyage(_) => Kind::Voyage.name(),
            Self::Shift(_) => Kind::Shift.name(),
            Self::Ledger(..) => Kind::Ledger.name(),
            Self::DarkCount(..) => Kind::DarkCount.name(),
            Self::Growth(_) => Kind::Growth.name(),
        }
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Id, unique in the file.
    pub id: String,
    /// Severity of its alerts, where the rule's kind does not grade them.
    pub severity: Severity,
    /// Sites it watches; empty: all.
    pub sites: Vec<String>,
    /// What it looks for.
    pub kind: RuleKind,
}

impl Rule {
    /// True when this rule watches the site.
    #[must_use]
    pub fn watches(&self, site: &str) -> bool {
        self.sites.is_empty() || self.sites.iter().any(|each| each == site)
    }
}

/// A quantity that an analyst knows from elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// Site whose ledger it belongs to.
    pub site: String,
    /// Calendar year it counts for.
    pub year: i16,
    /// Quantity, in the ledger's unit.
    pub quantity: f64,
    /// Its standard error.
    pub sd: f64,
    /// Where it is from.
    pub source: String,
}

/// Distance by sea between two sites, where the great circle is no guide.
#[derive(Clone, Debug, PartialEq)]
pub struct SeaRoute {
    /// One end.
    pub from: String,
    /// The other end.
    pub to: String,
    /// Distance, kilometres.
    pub km: f64,
}

/// A whole rules file.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Event time: lateness, clocks, retention.
    pub time: TimeRules,
    /// From detections to calls.
    pub calls: CallRules,
    /// Baselines.
    pub baseline: Baseline,
    /// Barrels by length.
    pub tanker_volume: TankerVolume,
    /// Distances by sea.
    pub sea_routes: Vec<SeaRoute>,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
}

/// The installed default rules, as shipped.
pub const DEFAULT_TOML: &str = include_str!("../../../deploy/rules/default.toml");

impl Rules {
    /// Reads a rules file.
    ///
    /// # Errors
    /// Every fault, each with line and key.
    pub fn from_toml(text: &str) -> Result<Self, Vec<RuleFault>> {
        read::read(text)
    }

    /// Distance between two sites by a configured route, kilometres.
    #[must_use]
    pub fn route_km(&self, a: &str, b: &str) -> Option<f64> {
        self.sea_routes
            .iter()
            .find(|route| (route.from == a && route.to == b) || (route.from == b && route.to == a))
            .map(|route| route.km)
    }
}
