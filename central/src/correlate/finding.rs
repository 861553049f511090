//! What a rule found at a site: everything an alert is made of, before it has an id and a life.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::alert::{Kind, Severity, Signal};

/// Looks listed as evidence of one alert: the newest give way last. Twenty dark calls with four looks each fit.
pub const EVIDENCE_MAX: usize = 200;

/// A finding. Findings of one rule and subject that overlap in time are one alert.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Position of the rule in the rules file.
    pub rule: usize,
    pub kind: Kind,
    pub site: String,
    pub sites: Vec<String>,
    /// What within the site: `calls`, `rail`, a zone, a year, a chain.
    pub subject: Arc<str>,
    /// Event time of the look that completed the pattern.
    pub completed_ms: i64,
    /// Between which instants it began, event time.
    pub onset: (i64, i64),
    /// Event time of the last look that belongs to it.
    pub last_ms: i64,
    pub severity: Severity,
    pub signals: Vec<Signal>,
    pub expected_false: f64,
    pub evidence: Vec<Arc<str>>,
    pub details: Map<String, Value>,
    /// Why it no longer holds, once later evidence contradicts it.
    pub contradicted: Option<String>,
}

/// Adds evidence, without doubles, within the limit.
pub fn add_evidence<'a>(into: &mut Vec<Arc<str>>, looks: impl IntoIterator<Item = &'a Arc<str>>) {
    for look in looks {
        if into.len() >= EVIDENCE_MAX {
            return;
        }
        if !into.contains(look) {
            into.push(look.clone());
        }
    }
}
