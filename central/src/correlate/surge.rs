//! Surges: more calls in a window than the berths' own past explains ([`super::traffic`]).

use super::{
    site::{Context, Group, SiteState},
    tally::Counted,
    traffic::{Baseline, Reading, YEAR_DAYS, baseline, baseline_end, calls_of, put, watched_days},
};
use crate::{alert::Kind, rules::Surge};

/// Fewest calls that are a surge.
const SURGE_CALLS_MIN: u32 = 3;

/// More calls than usual.
pub fn surge(state: &mut SiteState, context: &mut Context<'_>, rule: usize, keys: &Surge, groups: &[Group]) {
    if groups.is_empty() {
        return;
    }
    let from_ms = context.back(keys.window_days);
    let running = state.episodes.get(rule, "calls").map(|episode| episode.finding.clone());
    let tried = groups.len() as f64;
    let calls = calls_by_zone(state, context, from_ms);
    let mut best: Option<Reading> = None;
    for group in groups.iter().copied() {
        let observed = calls_of(&calls, group);
        if observed < SURGE_CALLS_MIN {
            continue;
        }
        let until = baseline_end(context, keys.window_days, running.as_deref());
        let Some(base) = baseline(state, context, group, until, Counted::Traffic) else {
            continue;
        };
        if base.days < keys.history_days_min {
            continue;
        }
        let watched = watched_days(state, context, group, from_ms);
        let days = keys.window_days;
        let passes = |reading: &Reading| {
            f64::from(observed) >= keys.ratio_min * reading.expected
                && reading.false_per_year <= keys.calls_false_per_year_max
        };
        let mut reading = rush(group, observed, from_ms, days, watched, base, tried);
        if passes(&reading) {
            let base = base.in_season(state, context, group, from_ms, until);
            reading = rush(group, observed, from_ms, days, watched, base, tried);
        }
        if passes(&reading) && best.as_ref().is_none_or(|best| reading.p < best.p) {
            best = Some(reading);
        }
    }
    if let Some(reading) = best {
        let severity = context.severity(rule);
        put(
            state,
            context,
            rule,
            Kind::Surge,
            severity,
            &reading,
            keys.cooldown_days,
            running.as_deref(),
        );
    }
}

/// So many calls against a rate.
fn rush(group: Group, observed: u32, from_ms: i64, days: f64, watched: f64, base: Baseline, tried: f64) -> Reading {
    let rate = base.rate_in_season();
    let expected = rate.mean() * watched;
    Reading {
        group,
        from_ms,
        observed,
        expected,
        p: rate.at_least(observed, watched),
        false_per_year: tried * YEAR_DAYS * (expected / days) * rate.pmf(observed.saturating_sub(1), watched),
        base,
    }
}

/// Calls of traffic first seen in (`from_ms`, now], by zone.
fn calls_by_zone(state: &SiteState, context: &Context<'_>, from_ms: i64) -> Vec<u32> {
    let mut calls = vec![0; context.plan.zones.len()];
    for call in state.calls(context.facts, from_ms, context.now()) {
        if let Some(count) = calls.get_mut(usize::from(call.zone))
            && Counted::Traffic.has(call, context.rules)
        {
            *count += 1;
        }
    }
    calls
}
