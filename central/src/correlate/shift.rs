//! A hull that changes berth within a call.
//!
//! A call that begins at one berth shortly after the same hull was last seen at another, where it is now missing, continues
//! that call. It is linked so that it is not counted as a second call; when the hull is dark, it is an alert.

use std::sync::Arc;

use quaywatch_protocol::contract::{UnixMs, time::HOUR_MS};
use serde_json::{Map, json};

use super::{
    calls::{Call, edit},
    chance::rounded,
    finding::{Finding, add_evidence},
    hull::posterior,
    site::{Context, SiteState},
};
use crate::{
    alert::{Kind, Signal},
    rules::{RuleKind, Shift},
};

/// Hours between two sightings beyond which a shift becomes less likely, by this constant.
const PATIENCE_H: f64 = 24.0;
/// Days a shift alert takes corrections.
const COOLDOWN_DAYS: f64 = 10.0;

/// Probability that `later` is the same hull as `earlier`, moved; `None` when it cannot be.
fn probability(earlier: &Call, later: &Call, keys: &Shift, context: &Context<'_>) -> Option<f64> {
    let gap_h = (later.first_ms - earlier.last_ms) as f64 / HOUR_MS as f64;
    let gone = earlier.missed_ms.is_some();
    let fits = earlier.zone != later.zone
        && earlier.kind.is_berth()
        && later.kind.is_berth()
        && gone
        && gap_h > 0.0
        && gap_h <= keys.gap_h_max
        && earlier.hull.length().0 >= keys.size_min_m
        && earlier.exists(context.rules)
        && later.exists(context.rules);
    if !fits || !earlier.hull.may_be(&later.hull, context.rules) {
        return None;
    }
    if let (Some(a), Some(b)) = (earlier.mmsi, later.mmsi) {
        return (a == b).then_some(1.0);
    }
    let late = ((gap_h - PATIENCE_H).max(0.0) / PATIENCE_H).exp();
    Some(posterior(keys.prior, earlier.hull.likelihood_ratio(&later.hull) / late))
}

/// Links calls that begun lately with calls they continue, surest first, one to one.
pub fn link(live: &mut [Arc<Call>], context: &mut Context<'_>) {
    let keys = (context.rules.rules.iter()).find_map(|rule| match &rule.kind {
        RuleKind::Shift(keys) if rule.watches(&context.plan.id) => Some(*keys),
        _ => None,
    });
    let Some(keys) = keys else { return };
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (to, later) in live.iter().enumerate().filter(|(_, call)| call.shifted_from.is_none()) {
        if !later.kind.is_berth() || context.now() - later.first_ms > (keys.gap_h_max * HOUR_MS as f64) as i64 {
            continue;
        }
        for (from, earlier) in live.iter().enumerate().filter(|(_, call)| call.shifted_to.is_none()) {
            if let Some(probability) = probability(earlier, later, &keys, context)
                && probability >= keys.probability_min
            {
                pairs.push((probability, from, to));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    for (_, from, to) in pairs {
        let ids = live
            .get(from)
            .zip(live.get(to))
            .filter(|(a, b)| a.shifted_to.is_none() && b.shifted_from.is_none());
        let Some((from_id, to_id)) = ids.map(|(a, b)| (a.id.clone(), b.id.clone())) else {
            continue;
        };
        let edits = &mut context.facts.edits;
        if let Some(earlier) = live.get_mut(from).map(|call| edit(call, edits)) {
            earlier.shifted_to = Some(to_id);
            earlier.departed = true;
        }
        if let Some(later) = live.get_mut(to).map(|call| edit(call, edits)) {
            later.shifted_from = Some(from_id);
        }
    }
}

/// An alert for each dark hull that shifted.
pub fn evaluate(state: &mut SiteState, context: &mut Context<'_>, rule: usize, keys: &Shift) {
    if !state.calls_changed {
        return;
    }
    let pairs: Vec<(Arc<Call>, Arc<Call>)> = (state.live.iter())
        .filter_map(|later| {
            let from = later.shifted_from.as_ref()?;
            let earlier = state.live.iter().find(|call| call.id == *from)?;
            Some((earlier.clone(), later.clone()))
        })
        .collect();
    for (earlier, later) in pairs {
        // Only looks that saw the hull lately say anything new; the calls themselves stay for weeks.
        if context.now() - later.last_ms > (keys.gap_h_max * HOUR_MS as f64) as i64 {
            continue;
        }
        let running = state
            .episodes
            .get(rule, &later.id)
            .map(|episode| episode.finding.clone());
        let heard = !(earlier.dark() || later.dark());
        if heard {
            state.episodes.contradict(
                rule,
                &later.id,
                "a later look matched the hull with an AIS transmission",
            );
            continue;
        }
        put(state, context, rule, keys, &earlier, &later, running.as_deref());
    }
}

fn put(
    state: &mut SiteState,
    context: &Context<'_>,
    rule: usize,
    keys: &Shift,
    earlier: &Call,
    later: &Call,
    running: Option<&Finding>,
) {
    let probability = running
        .and_then(|running| running.details.get("probability")?.as_f64())
        .or_else(|| probability(earlier, later, keys, context))
        .unwrap_or(keys.probability_min);
    let (length, sd) = earlier.hull.joined(&later.hull).length();
    let (from_zone, to_zone) = (context.plan.zone_id(earlier.zone), context.plan.zone_id(later.zone));
    let mut details = Map::new();
    details.insert("from_zone".into(), json!(from_zone));
    details.insert("to_zone".into(), json!(to_zone));
    details.insert("length_m".into(), json!(rounded(length)));
    details.insert("length_sd_m".into(), json!(rounded(sd)));
    details.insert("probability".into(), json!(rounded(probability)));
    details.insert("last_seen_at_first".into(), json!(UnixMs(earlier.last_ms)));
    details.insert("first_seen_at_second".into(), json!(UnixMs(later.first_ms)));
    details.insert("departed".into(), json!(later.departed));
    let mut evidence = Vec::new();
    add_evidence(&mut evidence, earlier.evidence.iter().chain(later.evidence.iter()));
    add_evidence(&mut evidence, [context.look.id()]);
    if let Some(running) = running {
        let mut all = running.evidence.clone();
        add_evidence(&mut all, later.evidence.iter());
        evidence = all;
    }
    let signal = Signal {
        kind: if later.is_tanker() { "tanker" } else { "dock" }.to_owned(),
        zone: format!("{from_zone}+{to_zone}"),
        value: 1.0,
        unit: "shift".to_owned(),
        baseline: 0.0,
        p: rounded(1.0 - probability),
        from: UnixMs(earlier.first_ms),
        to: UnixMs(later.last_ms),
        dark: true,
    };
    let site = context.plan.id.clone();
    let finding = Finding {
        rule,
        kind: Kind::Shift,
        sites: vec![site.clone()],
        site,
        subject: later.id.clone(),
        completed_ms: context.now(),
        onset: (earlier.last_ms, later.first_ms),
        last_ms: later
            .last_ms
            .max(running.map_or(context.now(), |running| running.last_ms)),
        severity: context.severity(rule),
        signals: vec![signal],
        expected_false: expected_false(state, context, earlier),
        evidence,
        details,
        contradicted: None,
    };
    state.episodes.put(finding, COOLDOWN_DAYS);
}

/// Shifts a year that chance would feign: arrivals a day at other berths, times departures, times the share of hulls that look alike.
fn expected_false(state: &SiteState, context: &Context<'_>, earlier: &Call) -> f64 {
    let days = (context.facts.first_ms).map_or(1.0, |first| ((context.now() - first) as f64 / 86_400_000.0).max(30.0));
    let from = context.facts.first_ms.unwrap_or(context.now());
    let dark = state
        .calls(context.facts, from, context.now())
        .filter(|call| call.dark)
        .count() as f64;
    let alike = (2.0 * earlier.hull.length().1 * 0.01).min(1.0);
    rounded(365.25 * (dark / days).powi(2) * alike)
}
