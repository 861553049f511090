//! The correlator, by brute force: after every look everything is computed again from the whole set of looks.
//!
//! Written from `docs/CORRELATION.md` (sections 1 to 5), without the engine's code and without its means: no checkpoints, no
//! rolling back, no running sums, no sorted windows. It knows one rule, a coincidence of dock, rail and tanker with the default figures, and
//! no shifts. Slow: the square of the number of looks, and more.

#![allow(clippy::indexing_slicing, reason = "a reference is short and is run by tests only")]

pub mod background;
pub mod calls;
pub mod histories;
pub mod rail;
pub mod signals;

use std::collections::BTreeMap;

use quaywatch_protocol::contract::{look::Look, site::Site, time::UnixMs};
use serde_json::{Value, json};

use self::signals::{Finding, four, judge};

/// Milliseconds in a day.
pub const DAY: f64 = 86_400_000.0;
/// Milliseconds in an hour.
pub const HOUR: f64 = 3_600_000.0;

/// Rules under which the engine must agree with this reference: its one rule, and defaults.
pub const RULES: &str = "[[rule]]\nid = \"meet\"\nkind = \"coincidence\"\nseverity = \"critical\"\n\
    signals = [\"dock\", \"rail\", \"tanker\"]\nwindow_days = 7\n";

/// An alert so far.
struct Alert {
    opened: i64,
    found: Finding,
    withdrawn: bool,
}

/// The alerts of a set of looks, as JSON without ids, texts and times of the last change; in the order of opening, then site.
#[must_use]
pub fn alerts(sites: &[Site], looks: &[Look]) -> Vec<Value> {
    let mut known: Vec<(i64, String, String, &Look)> = looks
        .iter()
        .map(|look| {
            (
                look.known_at().0,
                identity(look),
                serde_json::to_string(look).unwrap_or_default(),
                look,
            )
        })
        .collect();
    known.sort_by(|a, b| (a.0, &a.1, &a.2).cmp(&(b.0, &b.1, &b.2)));
    let mut seen: Vec<String> = Vec::new();
    let mut sets: BTreeMap<&str, Vec<(i64, String, &Look)>> = BTreeMap::new();
    let mut alerts: BTreeMap<&str, Vec<Alert>> = BTreeMap::new();
    for (at, id, _, look) in known {
        let Some(site) = sites.iter().find(|site| site.id == look.site) else {
            continue;
        };
        let early_s = (look.acquired_at.0 - at) as f64 / 1000.0;
        let late_h = (at - look.acquired_at.0) as f64 / HOUR;
        if early_s > 300.0 || late_h > 72.0 || seen.contains(&id) {
            continue;
        }
        seen.push(id.clone());
        let set = sets.entry(&site.id).or_default();
        let event = look.acquired_at.0.min(at);
        let is_late = set
            .last()
            .is_some_and(|(newest, last, _)| (event, &id) < (*newest, last));
        set.push((event, id, look));
        set.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let found = judge(site, set);
        let raised = alerts.entry(&site.id).or_default();
        match (found, raised.last_mut()) {
            (Some(found), Some(last)) if (found.onset.1 - last.found.last) as f64 <= 90.0 * DAY => {
                last.withdrawn &= last.found == found;
                last.found = found;
            }
            (Some(found), _) if !found.contradicted => raised.push(Alert {
                opened: at,
                found,
                withdrawn: false,
            }),
            (None, Some(last)) if is_late && (at - last.found.completed) as f64 <= 74.0 * HOUR => last.withdrawn = true,
            _ => {}
        }
    }
    let mut all: Vec<(i64, Value)> = Vec::new();
    for (site, raised) in &alerts {
        all.extend(raised.iter().map(|alert| (alert.opened, told(site, alert))));
    }
    all.sort_by_key(|(opened, _)| *opened);
    all.into_iter().map(|(_, alert)| alert).collect()
}

fn identity(look: &Look) -> String {
    match (look.epoch, look.seq) {
        (Some(epoch), Some(seq)) => format!("{}/{epoch}/{seq}", look.station),
        _ => format!("{}/{}/{}", look.station, look.scene, look.site),
    }
}

fn told(site: &str, alert: &Alert) -> Value {
    let Alert {
        opened,
        found,
        withdrawn,
    } = alert;
    let signals: Vec<Value> = found
        .signals
        .iter()
        .map(|signal| {
            let mut told = json!({
                "kind": signal.kind, "zone": signal.zone, "value": signal.value, "unit": signal.unit,
                "baseline": signal.baseline, "p": signal.p, "from": UnixMs(signal.from), "to": UnixMs(signal.to),
            });
            if signal.dark {
                told["dark"] = json!(true);
            }
            told
        })
        .collect();
    let severity = match (withdrawn, found.contradicted) {
        (true, _) => "info",
        (false, true) => "watch",
        (false, false) => "critical",
    };
    json!({
        "rule": "meet", "kind": "coincidence", "site": site, "sites": [site],
        "opened_at": UnixMs(*opened),
        "onset": {"earliest": UnixMs(found.onset.0), "latest": UnixMs(found.onset.1)},
        "state": if *withdrawn { "closed" } else { "open" },
        "severity": severity,
        "signals": signals,
        "expected_false_per_site_year": found.expected,
        "evidence": found.evidence,
        "joint_p": found.joint, "score": four(found.score),
        "from": UnixMs(found.onset.0), "to": UnixMs(found.last),
    })
}

/// An engine's alert in the form of this reference: without id, text, reasons and the time of the last change.
#[must_use]
pub fn comparable(alert: &Value) -> Value {
    let mut out = serde_json::Map::new();
    for key in [
        "rule",
        "kind",
        "site",
        "sites",
        "opened_at",
        "onset",
        "state",
        "severity",
        "signals",
        "expected_false_per_site_year",
        "evidence",
    ] {
        out.insert(key.into(), alert.get(key).cloned().unwrap_or_default());
    }
    for key in ["joint_p", "score", "from", "to"] {
        let found = alert.get("details").and_then(|details| details.get(key)).cloned();
        out.insert(key.into(), found.unwrap_or_default());
    }
    Value::Object(out)
}
