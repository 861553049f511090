//! Replay: stored looks through the real correlator. Pure: the same set of looks gives the same alerts, in any order, with any
//! duplicates.

pub mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use quaywatch_protocol::contract::{Look, UnixMs};

use crate::{
    alert::{Alert, AlertChange},
    correlate::{Counts, Engine, SiteBook, identity},
    rules::Rules,
};

/// What a replay gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Final states, by `opened_at`, then id.
    pub alerts: Vec<Alert>,
    /// What came in and what was wrong with it.
    pub counts: Counts,
    /// Sites that could not be judged at the end, and why.
    pub not_evaluable: Vec<(String, String)>,
}

/// Puts looks in the order in which they became known and drops exact repetitions.
///
/// Equal known times are ordered by identity; looks with one identity and one known time by their JSON text, so that even contradictory
/// copies have one order.
#[must_use]
pub fn ordered(looks: Vec<Look>) -> Vec<Look> {
    let mut keyed: Vec<(UnixMs, String, Look)> = looks
        .into_iter()
        .map(|look| (look.known_at(), identity(&look), look))
        .collect();
    keyed.sort_by(|a, b| {
        (a.0.cmp(&b.0)).then_with(|| a.1.cmp(&b.1)).then_with(|| {
            serde_json::to_string(&a.2)
                .unwrap_or_default()
                .cmp(&serde_json::to_string(&b.2).unwrap_or_default())
        })
    });
    keyed.dedup_by(|a, b| a.1 == b.1 && a.2 == b.2);
    keyed.into_iter().map(|(_, _, look)| look).collect()
}

/// Runs looks, in any order, and returns the final alerts; looks that became known after `until` are left out.
#[must_use]
pub fn run(book: Arc<SiteBook>, rules: Rules, looks: Vec<Look>, until: Option<UnixMs>) -> Outcome {
    watched(book, rules, looks, until, &mut |_, _, _| {})
}

/// As [`run`]; `watch` is called after each look with the engine, the look and what it changed.
#[must_use]
pub fn watched(
    book: Arc<SiteBook>,
    rules: Rules,
    looks: Vec<Look>,
    until: Option<UnixMs>,
    watch: &mut dyn FnMut(&Engine, &Look, &[AlertChange]),
) -> Outcome {
    let mut engine = Engine::new(book, rules);
    // The engine forgets alerts of years ago; a replay keeps every last state.
    let mut last: std::collections::BTreeMap<String, Arc<Alert>> = std::collections::BTreeMap::new();
    for look in ordered(looks) {
        if until.is_some_and(|until| look.known_at() > until) {
            break;
        }
        let changes = engine.apply(&look);
        watch(&engine, &look, &changes);
        for change in changes {
            let (AlertChange::Opened(alert) | AlertChange::Updated(alert) | AlertChange::Withdrawn(alert)) = change;
            last.insert(alert.id.clone(), alert);
        }
    }
    let mut alerts: Vec<Alert> = last.into_values().map(Arc::unwrap_or_clone).collect();
    alerts.sort_by(|a, b| a.opened_at.cmp(&b.opened_at).then_with(|| a.id.cmp(&b.id)));
    Outcome {
        alerts,
        counts: engine.counts().clone(),
        not_evaluable: engine.not_evaluable(),
    }
}
