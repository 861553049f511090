//! What a case expects of the engine, written in the script itself.

use serde::Deserialize;

use super::{Name, When};

/// One expectation: an alert of a kind, at a site, opened within a window. Used with `forbid` it is what must not come.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Kind of alert: `coincidence`, `surge`, `slowdown`, `voyage`, `shift`, `ledger`, `dark_count`, `growth`; `*` for any.
    pub kind: String,
    /// Rule, where only one will do.
    #[serde(default)]
    pub rule: Option<String>,
    /// A site among the alert's sites; absent: any.
    #[serde(default)]
    pub site: Option<Name>,
    /// Another site that must be among the alert's sites too.
    #[serde(default)]
    pub also: Option<Name>,
    /// Opened not before.
    #[serde(default)]
    pub from: Option<When>,
    /// Opened not after.
    #[serde(default)]
    pub to: Option<When>,
    /// How many such alerts, least; 1 when absent.
    #[serde(default)]
    pub count_min: Option<u32>,
    /// How many such alerts, most.
    #[serde(default)]
    pub count_max: Option<u32>,
    /// Signal kinds that must stand in the alert.
    #[serde(default)]
    pub signals: Vec<String>,
    /// A number in the alert's details (dotted path) and the bounds within which it must lie.
    #[serde(default)]
    pub detail: Option<DetailBounds>,
    /// Severities that are allowed; empty: any.
    #[serde(default)]
    pub severity: Vec<String>,
    /// Share of seeds in which it must hold; 0.95 when absent.
    #[serde(default)]
    pub share_min: Option<f64>,
    /// What the engine does not reach yet, or was not measured, in words: the test then only reports this demand.
    #[serde(default)]
    pub shortfall: Option<String>,
    /// What must have been seen for it to be possible at all: counted beside it.
    #[serde(default)]
    pub bound: Option<Bound>,
    /// Why, for people.
    #[serde(default)]
    pub why: String,
}

/// Bounds on a number in the details of an alert.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetailBounds {
    /// Dotted path under `details`, like `legs` or `interval.high`; a list or object counts by its length.
    pub path: String,
    /// Least.
    #[serde(default)]
    pub min: Option<f64>,
    /// Most.
    #[serde(default)]
    pub max: Option<f64>,
    /// True: the sum over all alerts that match otherwise, not each alert's own number.
    #[serde(default)]
    pub total: bool,
}

/// What the looks of a world must show, or no correlator could say what is expected. Judged with the truth at hand.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// So many crossings of one scripted hull were seen at both ends.
    #[serde(default)]
    pub legs: Option<usize>,
    /// Of all scripted hulls together, not of one.
    #[serde(default)]
    pub total: bool,
    /// So many scripted stays at the site were seen dark at least once.
    #[serde(default)]
    pub dark_stays: Option<usize>,
    /// Each of these scripted hulls was seen dark at the site, at least once between `from` and `to`.
    #[serde(default)]
    pub dark: Vec<Name>,
}
