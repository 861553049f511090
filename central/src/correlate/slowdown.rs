//! Slowdowns of calls, given how long the berths were watched and how regular the calls are. Baselines are those of [`super::traffic`].

use quaywatch_protocol::contract::time::DAY_MS;

use super::{
    book::ZoneIx,
    chance::Rate,
    exposure::credit_days,
    finding::Finding,
    site::{Context, Group, SiteState},
    tally::Counted,
    traffic::{Baseline, Reading, YEAR_DAYS, baseline, baseline_end, calls_of, put},
};
use crate::{
    alert::{Kind, Severity},
    rules::Slowdown,
};

/// Calls a baseline must hold before fewer than usual can be said.
const SLOWDOWN_CALLS_MIN: u32 = 6;
/// Most recent calls tried as the start of a slowdown.
const SLOWDOWN_CALLS_TRIED: usize = 12;

/// Fewer calls than usual, given the looks that were clear enough to see one.
pub fn slowdown(state: &mut SiteState, context: &mut Context<'_>, rule: usize, keys: &Slowdown, groups: &[Group]) {
    let today = context.now().div_euclid(DAY_MS);
    if groups.is_empty() || today == state.slowdown_day {
        return;
    }
    state.slowdown_day = today;
    let singles = groups.iter().filter(|group| matches!(group, Group::Zone(_))).count();
    let berths = context.plan.zones.iter().filter(|zone| zone.kind.is_berth()).count();
    let running = state.episodes.get(rule, "calls").map(|episode| episode.finding.clone());
    let calls = traffic_since(state, context, context.back(keys.window_max_days));
    let by_zone = Lately::by_zone(&calls, context.plan.zones.len());
    let live = live_by_zone(state, context, latest_end(context, keys));
    let mut best: Option<Reading> = None;
    for group in groups.iter().copied() {
        // One berth of several: with many tries a chance lull somewhere is no news.
        let (tried, bar) = if matches!(group, Group::Zone(_)) && berths > 1 {
            (singles as f64, keys.berth_false_per_year_max)
        } else {
            (1.0, keys.false_per_year_max)
        };
        // Nearly all periods are none: not even at the most calls a day that the baseline of any of them could hold.
        let dwell = state.dwell_days(group, context.plan, context.rules);
        let most = most_a_day(
            context,
            (group, dwell),
            calls_of(&live, group),
            keys,
            running.as_deref(),
        );
        let watched_days = |from_ms: i64| {
            let exposure = context.facts.exposure(group);
            exposure.map_or(0.0, |exposure| exposure.days(from_ms, context.now(), dwell))
        };
        let credit_days = credit_days(dwell);
        let is_none = |watched_most_days: f64, observed: u32| {
            let expected_most = most * watched_most_days;
            expected_most < keys.expected_min || f64::from(observed) > keys.ratio_max * expected_most
        };
        let lately = match group {
            Group::Zone(ix) => by_zone.get(usize::from(ix)).copied().unwrap_or_default(),
            _ => Lately::of(calls.iter().filter(|(_, zone)| group.has_zone(*zone))),
        };
        for (observed, from_ms) in lately.periods(context, keys) {
            // No more was watched than the days that went by, and what the first look of them is credited with.
            let by_days = (context.now() - from_ms) as f64 / DAY_MS as f64 + 1.01 * credit_days;
            if is_none(by_days, observed) || is_none(watched_days(from_ms), observed) {
                continue;
            }
            let days = (context.now() - from_ms) as f64 / DAY_MS as f64;
            let until = baseline_end(context, days, running.as_deref());
            let Some(base) = baseline(state, context, group, until, Counted::Traffic) else {
                continue;
            };
            if base.calls < SLOWDOWN_CALLS_MIN || base.days < keys.history_days_min {
                continue;
            }
            let watched = watched_days(from_ms);
            let passes = |reading: &Reading| {
                reading.expected >= keys.expected_min
                    && f64::from(observed) <= keys.ratio_max * reading.expected
                    && reading.p <= keys.p_max
                    && reading.false_per_year <= bar
            };
            let mut reading = lull(group, observed, from_ms, days, watched, base, tried);
            // What the season explains is no news; it makes none of what is none without it.
            if passes(&reading) {
                let base = base.in_season(state, context, group, from_ms, until);
                reading = lull(group, observed, from_ms, days, watched, base, tried);
            }
            if passes(&reading)
                && best
                    .as_ref()
                    .is_none_or(|best| reading.false_per_year < best.false_per_year)
            {
                best = Some(reading);
            }
        }
    }
    if let Some(reading) = best {
        let severity = if reading.false_per_year <= keys.warning_false_per_year {
            Severity::Warning
        } else {
            Severity::Watch
        };
        put(
            state,
            context,
            rule,
            Kind::Slowdown,
            severity,
            &reading,
            keys.cooldown_days,
            running.as_deref(),
        );
    }
}

/// The latest end of a baseline that a slowdown of this look is judged by.
fn latest_end(context: &Context<'_>, keys: &Slowdown) -> i64 {
    context.back(keys.window_min_days.max(context.rules.baseline.guard_days))
}

/// Live calls of traffic first seen at or before an instant, by zone.
fn live_by_zone(state: &SiteState, context: &Context<'_>, until_ms: i64) -> Vec<u32> {
    let mut calls = vec![0; context.plan.zones.len()];
    for call in state.live_facts.iter().filter(|call| call.first_ms <= until_ms) {
        if let Some(count) = calls.get_mut(usize::from(call.zone))
            && Counted::Traffic.has(call, context.rules)
        {
            *count += 1;
        }
    }
    calls
}

/// More calls a day than any baseline that a slowdown of this look is judged by: all calls until the latest end of one, over the days watched
/// until the earliest.
fn most_a_day(
    context: &Context<'_>,
    (group, dwell_days): (Group, f64),
    live: u32,
    keys: &Slowdown,
    running: Option<&Finding>,
) -> f64 {
    let base = &context.rules.baseline;
    let latest = latest_end(context, keys);
    let earliest = baseline_end(context, keys.window_max_days + 1.0, running);
    let Some(exposure) = context.facts.exposure(group) else {
        return 0.0;
    };
    let past = context.facts.tallies.gaps(group, Counted::Traffic, i64::MIN, latest);
    let calls = f64::from(past.calls + live) + base.prior_calls;
    let from = latest - (base.span_days * DAY_MS as f64) as i64;
    let watched = (exposure.first_after(from).filter(|first| *first < earliest))
        .map_or(0.0, |first| exposure.days(first, earliest, dwell_days));
    calls / (watched + base.prior_days)
}

/// So few calls against a rate. Calls of regularity s come as every s-th event of a Poisson process of s times the rate: k or fewer calls are
/// (k + 1) s - 1 or fewer events. All groups that were tried share in the rate of chance lulls.
fn lull(group: Group, observed: u32, from_ms: i64, days: f64, watched: f64, base: Baseline, tried: f64) -> Reading {
    let rate = base.rate_in_season();
    let expected = rate.mean() * watched;
    let regularity = thinned(base.regularity(), (watched / days) / (base.rate.days / base.days));
    let events = Rate {
        calls: rate.calls * regularity,
        days: rate.days,
    };
    let few = ((f64::from(observed) + 1.0) * regularity - 1.0).floor().max(0.0) as u32;
    Reading {
        group,
        from_ms,
        observed,
        expected,
        p: events.at_most(few, watched),
        false_per_year: tried * YEAR_DAYS * (events.mean() * watched / days) * events.pmf(few, watched),
        base,
    }
}

/// Regularity of calls of which fewer are seen, a share of those that made the baseline: what clouds leave out at random leaves gaps of chance.
/// Counts of a thinned process have the index of dispersion 1 - share (1 - index); at a share of 0 they are random.
fn thinned(regularity: f64, share: f64) -> f64 {
    1.0 / (1.0 - share.clamp(0.0, 1.0) * (1.0 - 1.0 / regularity))
}

/// Calls of traffic first seen in (`from_ms`, now], the latest first: when, and where.
fn traffic_since(state: &SiteState, context: &Context<'_>, from_ms: i64) -> Vec<(i64, ZoneIx)> {
    let mut calls: Vec<(i64, ZoneIx)> = (state.calls(context.facts, from_ms, context.now()))
        .filter(|call| Counted::Traffic.has(call, context.rules))
        .map(|call| (call.first_ms, call.zone))
        .collect();
    calls.sort_unstable_by(|a, b| b.cmp(a));
    calls
}

/// When the last calls of a group began, the latest first, as many as are tried.
#[derive(Clone, Copy, Default)]
struct Lately {
    firsts_ms: [i64; SLOWDOWN_CALLS_TRIED],
    calls: usize,
}

impl Lately {
    fn of<'a>(calls: impl Iterator<Item = &'a (i64, ZoneIx)>) -> Self {
        let mut lately = Self::default();
        for ((first_ms, _), slot) in calls.zip(&mut lately.firsts_ms) {
            *slot = *first_ms;
            lately.calls += 1;
        }
        lately
    }

    /// Of each zone, in one go.
    fn by_zone(calls: &[(i64, ZoneIx)], zones: usize) -> Vec<Self> {
        let mut by_zone = vec![Self::default(); zones];
        for (first_ms, zone) in calls {
            if let Some(lately) = by_zone.get_mut(usize::from(*zone))
                && let Some(slot) = lately.firsts_ms.get_mut(lately.calls)
            {
                *slot = *first_ms;
                lately.calls += 1;
            }
        }
        by_zone
    }

    /// Periods that end now and begin just after one of the last calls, or with the longest when it holds few: (calls in it, its beginning).
    fn periods(self, context: &Context<'_>, keys: &Slowdown) -> impl Iterator<Item = (u32, i64)> {
        let (shortest, longest) = (context.back(keys.window_min_days), context.back(keys.window_max_days));
        let whole = (self.calls < SLOWDOWN_CALLS_TRIED).then_some((self.calls as u32, longest));
        (self.firsts_ms.into_iter().take(self.calls).enumerate())
            .filter(move |(_, first_ms)| *first_ms <= shortest)
            .map(|(count, first_ms)| (count as u32, first_ms))
            .chain(whole)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use quaywatch_protocol::contract::{Look, Site, UnixMs};
    use serde_json::json;

    use super::*;
    use crate::{
        alert::AlertChange,
        correlate::{Engine, SiteBook},
        rules::{DEFAULT_TOML, Rules},
    };

    const SITE: &str = r#"{"type":"FeatureCollection","site":"port","name":"Port","features":[{"type":"Feature",
        "properties":{"zone":"pier","kind":"berth"},"geometry":{"type":"Polygon",
        "coordinates":[[[130.0,42.0],[130.04,42.0],[130.04,42.01],[130.0,42.01],[130.0,42.0]]]}}]}"#;

    /// Lengths that differ from ship to ship.
    fn length_m(ship: i64) -> f64 {
        60.0 + 12.0 * (ship % 10) as f64
    }

    /// The look of a day, with ships of these lengths, 300 m apart.
    fn look(day: i64, lengths_m: &[f64]) -> Look {
        let at = UnixMs(1_700_000_000_000 + day * DAY_MS);
        let vessels: Vec<_> = (lengths_m.iter().enumerate())
            .map(|(place, length_m)| {
                json!({"zone": "pier", "lat": 42.002, "lon": 130.001 + 0.0037 * place as f64, "length_m": length_m,
                    "length_sd_m": 2.0, "confidence": 0.95, "class": "cargo", "ais": "dark"})
            })
            .collect();
        serde_json::from_value(
            json!({"station": "gs", "epoch": 1, "seq": day, "scene": format!("s-{day}"), "site": "port",
            "acquired_at": at.to_string(), "received_at": at.to_string(),
            "sensor": {"name": "PlanetScope", "kind": "optical", "gsd_m": 3.0},
            "zones": [{"zone": "pier", "visible": 1.0}], "vessels": vessels}),
        )
        .unwrap()
    }

    #[test]
    fn a_lull_is_told_where_every_ship_of_before_still_lies() {
        let site = Site::from_geojson(SITE).unwrap();
        let mut engine = Engine::new(
            Arc::new(SiteBook::new([&site])),
            Rules::from_toml(DEFAULT_TOML).unwrap(),
        );
        // One every eight days, and none from day 80 on.
        let opened = (0..160).find(|day| {
            let lengths: Vec<f64> = (0..=(day / 8).min(9)).map(length_m).collect();
            is_lull(&engine.apply(&look(*day, &lengths)))
        });
        assert!(opened.is_some_and(|day| day > 90), "{opened:?}");
    }

    fn is_lull(changes: &[AlertChange]) -> bool {
        changes.iter().any(|change| change.alert().kind == Kind::Slowdown)
    }

    /// Days of lulls of a port that ships call at for a day each: 44 a year, seven times as many in summer as in winter.
    fn lulls_of_a_summer_port(days: i64, last_call: i64) -> Vec<i64> {
        let site = Site::from_geojson(SITE).unwrap();
        let mut engine = Engine::new(
            Arc::new(SiteBook::new([&site])),
            Rules::from_toml(DEFAULT_TOML).unwrap(),
        );
        let (mut due, mut ships) = (0.0, 0);
        let mut lulls = Vec::new();
        for day in 0..days {
            due += 0.12 * (1.0 + 0.75 * (std::f64::consts::TAU * day as f64 / 365.25).cos());
            let mut lengths = Vec::new();
            if due >= 1.0 && day < last_call {
                (due, ships) = (due - 1.0, ships + 1);
                lengths.push(length_m(ships));
            }
            if is_lull(&engine.apply(&look(day, &lengths))) {
                lulls.push(day);
            }
        }
        lulls
    }

    #[test]
    fn a_winter_like_those_of_two_years_before_is_no_lull() {
        let lulls = lulls_of_a_summer_port(1_400, 1_400);
        assert!(
            lulls.iter().any(|day| *day < 730),
            "the first winters are not known to be winters: {lulls:?}"
        );
        assert!(lulls.iter().all(|day| *day < 1_000), "{lulls:?}");
        let lulls = lulls_of_a_summer_port(1_500, 1_400);
        assert!(
            lulls.iter().any(|day| *day >= 1_400),
            "a summer without ships: {lulls:?}"
        );
    }

    #[test]
    fn of_regular_calls_a_few_seen_at_random_are_random() {
        assert!((thinned(4.0, 1.0) - 4.0).abs() < 1e-12);
        assert!((thinned(4.0, 0.0) - 1.0).abs() < 1e-12);
        // Index of dispersion 1/4; half of them: 1 - (1 - 1/4) / 2 = 5/8.
        assert!((thinned(4.0, 0.5) - 1.6).abs() < 1e-12);
        assert!((thinned(1.0, 0.5) - 1.0).abs() < 1e-12);
        assert!((thinned(3.0, 7.0) - 3.0).abs() < 1e-12);
    }
}
