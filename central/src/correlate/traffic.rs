//! Baselines of calls, given how long the berths were watched; [`super::surge`] is about more calls than that, [`super::slowdown`] about fewer.
//!
//! The rate of a berth is its calls over its exposure before the window, as a Gamma distribution. A window holds so many
//! clear days; the number of calls in it is compared with what that rate gives for those days. So clouds lower what is expected along
//! with what is seen. How often chance alone would do this is told too: a sliding window of w days with rate r enters "k or
//! fewer" r P(N = k) times a day, and "k or more" r P(N = k - 1) times.

use std::sync::Arc;

use quaywatch_protocol::contract::{UnixMs, ZoneKind, time::DAY_MS};
use serde_json::{Map, json};

use super::{
    book::ZoneIx,
    chance::{Rate, rounded},
    finding::{Finding, add_evidence},
    season::{self, Season},
    site::{Context, Group, SiteState},
    tally::{Counted, Gaps},
};
use crate::alert::{Kind, Severity, Signal};

/// Days in a year, for rates.
pub const YEAR_DAYS: f64 = 365.25;
/// Gaps whose weight the assumption of random calls has.
const REGULARITY_PRIOR_GAPS: f64 = 10.0;
/// Most regular calls that are believed.
const REGULARITY_MAX: f64 = 4.0;

/// What a site's own history says about calls of a group.
#[derive(Clone, Copy, Debug)]
pub struct Baseline {
    /// The rate.
    pub rate: Rate,
    /// Calls in it.
    pub calls: u32,
    /// Days from its first clear look to its end.
    pub days: f64,
    /// How many times the rate calls come at the time of the year that is judged; 1 where the history shows no season.
    season: f64,
    gaps: Gaps,
}

impl Baseline {
    /// The rate at the time of the year that is judged.
    pub(super) fn rate_in_season(&self) -> Rate {
        Rate {
            calls: self.rate.calls,
            days: self.rate.days / self.season,
        }
    }

    /// The same with the season of the time since `from_ms`, where the history shows one.
    pub(super) fn in_season(
        self,
        state: &SiteState,
        context: &Context<'_>,
        group: Group,
        from_ms: i64,
        until_ms: i64,
    ) -> Self {
        if self.days < season::HISTORY_DAYS_MIN {
            return self;
        }
        let Some(exposure) = context.facts.exposure(group) else {
            return self;
        };
        let first_ms = until_ms - (self.days * DAY_MS as f64) as i64;
        let dwell = state.dwell_days(group, context.plan, context.rules);
        let calls: Vec<i64> = (state.calls(context.facts, first_ms, until_ms))
            .filter(|call| group.has(call) && Counted::Traffic.has(call, context.rules))
            .map(|call| call.first_ms)
            .collect();
        let season = Season::of(&calls, first_ms, until_ms, |from, until| {
            exposure.days(from, until, dwell)
        });
        Self {
            season: season.map_or(1.0, |season| season.factor(from_ms, context.now())),
            ..self
        }
    }

    /// How regular the calls are: 1 at random (Poisson), more where the gaps between calls are alike.
    pub(super) fn regularity(&self) -> f64 {
        regularity(&self.gaps)
    }
}

/// The history of a group that ends at an instant, where there is enough of it.
#[derive(Clone, Copy)]
pub struct Past {
    group: Group,
    /// The first clear look.
    first_ms: i64,
    until_ms: i64,
    watched_days: f64,
}

impl Past {
    /// `None`: not enough history.
    pub fn of(state: &SiteState, context: &Context<'_>, group: Group, until_ms: i64) -> Option<Self> {
        let keys = &context.rules.baseline;
        let from = until_ms - (keys.span_days * DAY_MS as f64) as i64;
        let dwell = state.dwell_days(group, context.plan, context.rules);
        let watched = context.facts.exposure(group)?.watched(from, until_ms, dwell)?;
        let days = (until_ms - watched.first_ms) as f64 / DAY_MS as f64;
        let enough = days >= keys.history_days_min && watched.looks as f64 >= keys.clear_looks_min;
        enough.then_some(Self {
            group,
            first_ms: watched.first_ms,
            until_ms,
            watched_days: watched.days,
        })
    }

    /// What it says about calls of one kind.
    pub fn baseline(&self, state: &SiteState, context: &Context<'_>, counted: Counted) -> Baseline {
        let keys = &context.rules.baseline;
        // The first look opens the history: what lay there already came at an unknown time, and is not counted.
        let (from_ms, until_ms) = (self.first_ms, self.until_ms);
        let mut gaps = context.facts.tallies.gaps(self.group, counted, from_ms, until_ms);
        for call in (state.live_facts.iter())
            .filter(|call| call.first_ms > from_ms && call.first_ms <= until_ms)
            .filter(|call| self.group.has(call) && counted.has(call, context.rules))
        {
            gaps.add(call.first_ms);
        }
        Baseline {
            rate: Rate {
                calls: f64::from(gaps.calls) + keys.prior_calls,
                days: self.watched_days + keys.prior_days,
            },
            calls: gaps.calls,
            days: (until_ms - from_ms) as f64 / DAY_MS as f64,
            season: 1.0,
            gaps,
        }
    }
}

/// The baseline of a group that ends at `until_ms`; `None`: not enough history.
pub(super) fn baseline(
    state: &SiteState,
    context: &Context<'_>,
    group: Group,
    until_ms: i64,
    counted: Counted,
) -> Option<Baseline> {
    Past::of(state, context, group, until_ms).map(|past| past.baseline(state, context, counted))
}

/// Squared mean over variance of the gaps (the shape of a Gamma distribution), drawn towards 1 as far as the gaps are few.
fn regularity(gaps: &Gaps) -> f64 {
    let (count, mean, square) = gaps.moments();
    if count < 4.0 {
        return 1.0;
    }
    let variance = (square - mean * mean).max(1e-3 * mean * mean + 1e-9);
    let shape = mean * mean / variance;
    (1.0 + (shape - 1.0) * count / (count + REGULARITY_PRIOR_GAPS)).clamp(1.0, REGULARITY_MAX)
}

/// Exposure of a group in (`from_ms`, now], days.
pub fn watched_days(state: &SiteState, context: &Context<'_>, group: Group, from_ms: i64) -> f64 {
    let dwell = state.dwell_days(group, context.plan, context.rules);
    context
        .facts
        .exposure(group)
        .map_or(0.0, |exposure| exposure.days(from_ms, context.now(), dwell))
}

/// The groups of berths that this look saw, each on its own and, with more than one, all together.
pub fn groups_seen(context: &Context<'_>) -> Vec<Group> {
    let berths = |seen: bool| {
        let zones = context.plan.zones.iter().enumerate();
        zones
            .filter(|(_, zone)| zone.kind.is_berth())
            .map(|(ix, _)| ix as ZoneIx)
            .filter(move |ix| !seen || context.look.clear(*ix, context.rules))
    };
    let mut groups: Vec<Group> = berths(true).map(Group::Zone).collect();
    for (at, (_, zones)) in context.plan.piers.iter().enumerate() {
        if zones.iter().all(|ix| *ix < 64 && groups.contains(&Group::Zone(*ix))) {
            groups.push(Group::pier(at, zones));
        }
    }
    let alone = berths(true).count();
    if berths(false).count() > 1 && alone == berths(false).count() {
        groups.push(Group::All);
    }
    groups
}

/// Name of a group for people and JSON.
pub fn group_zone(context: &Context<'_>, group: Group) -> String {
    let joined = |of: &dyn Fn(ZoneKind) -> bool| {
        let names: Vec<_> = (context.plan.zones.iter())
            .filter(|zone| of(zone.kind))
            .map(|zone| zone.id.as_str())
            .collect();
        names.join("+")
    };
    match group {
        Group::Zone(zone) => context.plan.zone_id(zone).to_owned(),
        Group::Pier(_, zones) => {
            let of = (0..64).filter(|ix| zones >> ix & 1 == 1);
            of.map(|ix| context.plan.zone_id(ix as ZoneIx))
                .collect::<Vec<_>>()
                .join("+")
        }
        Group::Dock => joined(&|kind| kind == ZoneKind::Berth),
        Group::Tanker => joined(&|kind| kind == ZoneKind::OilBerth),
        Group::All => joined(&ZoneKind::is_berth),
    }
}

/// One comparison of a window with its baseline.
pub(super) struct Reading {
    pub(super) group: Group,
    pub(super) from_ms: i64,
    pub(super) observed: u32,
    pub(super) expected: f64,
    pub(super) p: f64,
    pub(super) false_per_year: f64,
    pub(super) base: Baseline,
}

/// The end of the baseline: before the window and the guard, and before a running episode of at most a year.
pub(super) fn baseline_end(context: &Context<'_>, window_days: f64, running: Option<&Finding>) -> i64 {
    let until = context.back(window_days.max(context.rules.baseline.guard_days));
    running.map_or(until, |running| until.min(running.onset.0.max(context.back(YEAR_DAYS))))
}

/// Of calls by zone those of a group of zones.
pub(super) fn calls_of(by_zone: &[u32], group: Group) -> u32 {
    (by_zone.iter().enumerate())
        .filter(|(ix, _)| group.has_zone(*ix as ZoneIx))
        .map(|(_, calls)| calls)
        .sum()
}

#[allow(clippy::too_many_arguments)]
pub(super) fn put(
    state: &mut SiteState,
    context: &Context<'_>,
    rule: usize,
    kind: Kind,
    severity: Severity,
    reading: &Reading,
    cooldown_days: f64,
    running: Option<&Finding>,
) {
    let now = context.now();
    let exposure = context.facts.exposure(reading.group);
    let clear_looks = exposure.map_or(0, |exposure| exposure.looks(reading.from_ms, now));
    let mut details = Map::new();
    details.insert("of".into(), json!("calls"));
    details.insert("zone".into(), json!(group_zone(context, reading.group)));
    details.insert("observed".into(), json!(reading.observed));
    details.insert("expected".into(), json!(rounded(reading.expected)));
    details.insert("p".into(), json!(rounded(reading.p)));
    details.insert("clear_looks".into(), json!(clear_looks));
    details.insert("rank".into(), serde_json::Value::Null);
    details.insert(
        "days".into(),
        json!(rounded((now - reading.from_ms) as f64 / DAY_MS as f64)),
    );
    details.insert(
        "watched_days".into(),
        json!(rounded(watched_days(state, context, reading.group, reading.from_ms))),
    );
    details.insert("history_days".into(), json!(rounded(reading.base.days)));
    details.insert("history_calls".into(), json!(reading.base.calls));
    details.insert("regularity".into(), json!(rounded(reading.base.regularity())));
    if reading.base.season != 1.0 {
        details.insert("season".into(), json!(rounded(reading.base.season)));
    }
    details.insert("from".into(), json!(UnixMs(reading.from_ms)));
    details.insert("to".into(), json!(UnixMs(now)));
    let mut evidence = running.map_or_else(Vec::new, |running| running.evidence.clone());
    for call in state
        .calls(context.facts, reading.from_ms, now)
        .filter(|call| reading.group.has(call))
    {
        add_evidence(&mut evidence, call.evidence.iter().take(2));
    }
    add_evidence(&mut evidence, [context.look.id()]);
    let signal = Signal {
        kind: if matches!(reading.group, Group::Tanker) {
            "tanker"
        } else {
            "dock"
        }
        .to_owned(),
        zone: group_zone(context, reading.group),
        value: f64::from(reading.observed),
        unit: "calls".to_owned(),
        baseline: rounded(reading.expected),
        p: rounded(reading.p),
        from: UnixMs(reading.from_ms),
        to: UnixMs(now),
        dark: false,
    };
    let onset = running.map_or((reading.from_ms, now), |running| running.onset);
    let severity = running.map_or(severity, |running| severity.max(running.severity));
    let site = context.plan.id.clone();
    let finding = Finding {
        rule,
        kind,
        sites: vec![site.clone()],
        site,
        subject: Arc::from("calls"),
        completed_ms: now,
        onset,
        last_ms: now,
        severity,
        signals: vec![signal],
        expected_false: rounded(reading.false_per_year),
        evidence,
        details,
        contradicted: None,
    };
    state.episodes.put(finding, cooldown_days);
}
