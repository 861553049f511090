//! The engine beside the reference: one history, several ways to arrive.

use std::sync::Arc;

pub use quaywatch_central::correlate::SiteBook as Book;
use quaywatch_central::{alert::Alert, correlate::Engine, replay, rules::Rules};
use quaywatch_protocol::contract::{look::Look, site::Site};
use serde_json::Value;

use super::correlator::{self, RULES, comparable, histories::history};
use crate::feed::{chance::Chance, station::disorder};

/// The alerts of a history, when engine and reference agree on them, and the engine with itself however the looks arrive.
///
/// # Errors
/// The seed, and both answers.
pub fn agree(sites: &[Site], book: &Arc<Book>, seed: u64) -> Result<Vec<Value>, String> {
    let looks = history(seed);
    let wanted = equal(sites, book, &looks).map_err(|problem| format!("seed {seed}: {problem}"))?;
    steady(book, &rules()?, &looks, seed)?;
    Ok(wanted)
}

/// How many alerts the engine raises of some looks, when it raises the same however they arrive.
///
/// # Errors
/// The seed, and what made a difference.
pub fn steady(book: &Arc<Book>, rules: &Rules, looks: &[Look], seed: u64) -> Result<usize, String> {
    let replayed = |looks: Vec<Look>| lines(&replay::run(Arc::clone(book), rules.clone(), looks, None).alerts);
    let once = replayed(looks.to_vec())?;
    let mixed = disorder::shuffled(&disorder::duplicated(looks, 0.3, seed), seed);
    if replayed(mixed)? != once {
        return Err(format!("seed {seed}: another order and duplicates gave other bytes"));
    }
    if restarted(book, rules, looks, seed)? != once {
        return Err(format!("seed {seed}: a restart and batches gave other bytes"));
    }
    Ok(once.len())
}

fn rules() -> Result<Rules, String> {
    Rules::from_toml(RULES).map_err(|faults| format!("{faults:?}"))
}

/// The alerts of a set of looks under the reference's rule, when engine and reference agree on them.
///
/// # Errors
/// Both answers.
pub fn equal(sites: &[Site], book: &Arc<Book>, looks: &[Look]) -> Result<Vec<Value>, String> {
    let wanted = correlator::alerts(sites, looks);
    let found = lines(&replay::run(Arc::clone(book), rules()?, looks.to_vec(), None).alerts)?;
    let mut ours: Vec<Value> = found.iter().map(|(_, alert)| comparable(alert)).collect();
    ours.sort_by_key(order);
    let mut sorted = wanted.clone();
    sorted.sort_by_key(order);
    if ours != sorted {
        return Err(format!(
            "the engine says\n{}\nthe reference says\n{}",
            text(&ours),
            text(&sorted)
        ));
    }
    Ok(wanted)
}

/// Looks in the order in which they became known, in batches; now and then the engine is lost and made again from what was stored.
fn restarted(book: &Arc<Book>, rules: &Rules, looks: &[Look], seed: u64) -> Result<Vec<(String, Value)>, String> {
    let mut chance = Chance::new(seed, &["restarts"]);
    let stored = replay::ordered(looks.to_vec());
    let mut engine = Engine::new(Arc::clone(book), rules.clone());
    let mut applied = 0;
    while applied < stored.len() {
        let batch = chance.whole([1, 40]) as usize;
        for look in stored.iter().skip(applied).take(batch) {
            engine.apply(look);
        }
        applied += batch;
        if chance.yes(0.3) {
            engine = Engine::new(Arc::clone(book), rules.clone());
            for look in stored.iter().take(applied) {
                engine.apply(look);
            }
        }
    }
    lines(&engine.alerts())
}

fn lines(alerts: &[Alert]) -> Result<Vec<(String, Value)>, String> {
    let line = |alert: &Alert| -> Result<(String, Value), serde_json::Error> {
        Ok((serde_json::to_string(alert)?, serde_json::to_value(alert)?))
    };
    alerts
        .iter()
        .map(|alert| line(alert).map_err(|error| error.to_string()))
        .collect()
}

fn order(alert: &Value) -> (String, String) {
    (alert["opened_at"].to_string(), alert["site"].to_string())
}

fn text(alerts: &[Value]) -> String {
    alerts.iter().map(|alert| format!("  {alert}\n")).collect()
}
