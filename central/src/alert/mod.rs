//! Alerts: what is put to a person. This is the JSON of the outside contract, and its life cycle.

pub mod text;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use quaywatch_protocol::contract::UnixMs;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing to do: kept for the record (a downgraded alert).
    Info,
    /// Weak numbers: keep an eye on it.
    Watch,
    /// Look at it today.
    Warning,
    /// Look at it now.
    Critical,
}

impl Severity {
    /// All, rising.
    pub const ALL: [Self; 4] = [Self::Info, Self::Watch, Self::Warning, Self::Critical];

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Watch => "watch",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The names of all, rising.
    pub const NAMES: [&'static str; 4] = [
        Self::Info.name(),
        Self::Watch.name(),
        Self::Warning.name(),
        Self::Critical.name(),
    ];
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for a person.
    Open,
    /// A person has it.
    Acknowledged,
    /// Done, with a reason; or withdrawn because later evidence contradicts it.
    Closed,
}

/// Kind of alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Signals of different kinds met.
    Coincidence,
    /// More than usual.
    Surge,
    /// Less than usual, given what could be seen.
    Slowdown,
    /// A dark hull from site to site.
    Voyage,
    /// A dark hull from berth to berth.
    Shift,
    /// A sum reached a share of its cap.
    Ledger,
    /// Many dark calls.
    DarkCount,
    /// A stack or storage area grew.
    Growth,
}

impl Kind {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coincidence => "coincidence",
            Self::Surge => "surge",
            Self::Slowdown => "slowdown",
            Self::Voyage => "voyage",
            Self::Shift => "shift",
            Self::Ledger => "ledger",
            Self::DarkCount => "dark_count",
            Self::Growth => "growth",
        }
    }

    /// The names of all.
    pub const NAMES: [&'static str; 8] = [
        Self::Coincidence.name(),
        Self::Surge.name(),
        Self::Slowdown.name(),
        Self::Voyage.name(),
        Self::Shift.name(),
        Self::Ledger.name(),
        Self::DarkCount.name(),
        Self::Growth.name(),
    ];
}

/// Between which two instants something began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Not before.
    pub earliest: UnixMs,
    /// Not after.
    pub latest: UnixMs,
}

/// One signal of an alert: what was seen against what is usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// `dock`, `rail`, `tanker`, `storage` or `air`.
    pub kind: String,
    /// Zone, or zones joined by `+`.
    pub zone: String,
    /// What was seen.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// What is usual: the expected number, or the median.
    pub baseline: f64,
    /// Probability of as much (for a slowdown: as little) by chance, from the site's own history.
    pub p: f64,
    /// When the evidence of this signal begins.
    pub from: UnixMs,
    /// When it ends.
    pub to: UnixMs,
    /// True when the signal rests on vessels that were dark.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dark: bool,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// Lowest rate of chance alerts that is stated, per site-year: once in ten thousand years. A product of small chances goes far below it, but no model
/// of receivers, clouds and berths is that sure of itself.
pub const EXPECTED_FALSE_MIN: f64 = 1e-4;

/// An alert, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Stable id: does not change with later evidence.
    pub id: String,
    /// Rule that raised it.
    pub rule: String,
    /// Kind.
    pub kind: Kind,
    /// Site (for a voyage: where its first leg ended).
    pub site: String,
    /// All sites concerned.
    pub sites: Vec<String>,
    /// When the look that completed the pattern became known: the earliest moment this could be raised.
    pub opened_at: UnixMs,
    /// When what it tells of began.
    pub onset: Span,
    /// When the last look that changed it became known.
    pub updated_at: UnixMs,
    /// Life cycle.
    pub state: State,
    /// How much it matters.
    pub severity: Severity,
    /// The signals.
    pub signals: Vec<Signal>,
    /// How many such alerts chance alone raises at this site in a year, from its own history; at least [`EXPECTED_FALSE_MIN`], or 0 where none is
    /// stated.
    pub expected_false_per_site_year: f64,
    /// One readable paragraph.
    pub text: String,
    /// Looks it rests on.
    pub evidence: Vec<String>,
    /// Figures by kind.
    pub details: Map<String, Value>,
    /// The alert that covers this one as a part, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered_by: Option<String>,
    /// Why it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_reason: Option<String>,
}

/// What a look did to the alerts.
#[derive(Clone, Debug, PartialEq)]
pub enum AlertChange {
    /// A new alert.
    Opened(Arc<Alert>),
    /// New evidence for one that exists; the id is the same.
    Updated(Arc<Alert>),
    /// Later evidence contradicts it: closed, with the reason in it.
    Withdrawn(Arc<Alert>),
}

impl AlertChange {
    /// The alert as it is now.
    #[must_use]
    pub fn alert(&self) -> &Alert {
        match self {
            Self::Opened(alert) | Self::Updated(alert) | Self::Withdrawn(alert) => alert,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_json_says() {
        for name in Kind::NAMES {
            let kind: Kind = serde_json::from_value(name.into()).unwrap();
            assert_eq!(kind.name(), name);
        }
        for (severity, name) in Severity::ALL.into_iter().zip(Severity::NAMES) {
            assert_eq!(serde_json::to_value(severity).unwrap(), name);
        }
    }
}
