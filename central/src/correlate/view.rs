//! What the correlator knows of a site, for people to look at: calls with their intervals, levels and weekly calls against their own
//! history, ledgers. Read only; alerts never come from here.

use std::sync::Arc;

use quaywatch_protocol::contract::{UnixMs, ZoneKind, time::DAY_MS};
use serde::Serialize;

use super::{
    book::SitePlan,
    chance::rounded,
    dark::{tally, year_of},
    history::History,
    site::{CallFact, Group},
};
use crate::{
    ledger::{Carried, NINETY_PERCENT_SD, Unseen, total},
    rules::{RuleKind, Rules},
};

/// Calls in one answer: the newest.
pub const CALLS_MAX: usize = 500;
/// Points of one history in one answer: the newest.
pub const POINTS_MAX: usize = 400;
/// Weeks of calls that make a history.
const WEEKS: i64 = 52;
/// Longest stay that is looked for before a time, days.
const STAY_DAYS_MAX: i64 = 200;
/// Ends of what is usual: shares of the history that lie below.
const LOW_SHARE: f64 = 0.05;
const HIGH_SHARE: f64 = 0.95;

/// A question about a site.
#[derive(Clone, Debug)]
pub struct SiteAsk {
    /// Site.
    pub site: String,
    /// Calls that touch the time from here.
    pub from: UnixMs,
    /// To here.
    pub to: UnixMs,
    /// What counts as today.
    pub now: UnixMs,
}

/// Between which instants something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    /// Not before.
    pub earliest: UnixMs,
    /// Not after.
    pub latest: UnixMs,
}

/// A vessel's stay at a berth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallView {
    /// Zone.
    pub zone: String,
    /// Kind of the zone.
    pub kind: &'static str,
    /// When it came.
    pub arrived: Range,
    /// When it left; none while it is there or may be.
    pub departed: Option<Range>,
    /// First look that showed it.
    pub first_seen: UnixMs,
    /// Last look that showed it.
    pub last_seen: UnixMs,
    /// Length, metres.
    pub length_m: f64,
    /// Its standard error.
    pub length_sd_m: f64,
    /// Class.
    pub class: &'static str,
    /// Counted with tankers.
    pub tanker: bool,
    /// Dark.
    pub dark: bool,
    /// Identity by radio.
    pub mmsi: Option<u32>,
    /// Probability that it is a vessel at all.
    pub existence: f64,
    /// First and last looks.
    pub looks: Vec<String>,
}

/// A value in time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// When.
    pub at: UnixMs,
    /// How much.
    pub value: f64,
}

/// A quantity against its own history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BaselineView {
    /// Kind of signal: dock, tanker, rail, storage, air.
    pub signal: &'static str,
    /// Zone, or zones joined by `+`.
    pub zone: String,
    /// Unit.
    pub unit: &'static str,
    /// Newest value.
    pub value: f64,
    /// When it was seen.
    pub at: UnixMs,
    /// Median of the history.
    pub median: f64,
    /// 5 % point.
    pub low: f64,
    /// 95 % point.
    pub high: f64,
    /// Samples in the history.
    pub samples: usize,
    /// Newest points, oldest first.
    pub history: Vec<Point>,
}

/// What an analyst knows from elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntryView {
    /// Quantity.
    pub quantity: f64,
    /// Standard error.
    pub sd: f64,
    /// Where from.
    pub source: String,
}

/// A sum against a cap, this year.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LedgerView {
    /// Rule.
    pub rule: String,
    /// Year.
    pub year: i16,
    /// Sum: dark tankers' calls and known entries.
    pub quantity: f64,
    /// Its standard error.
    pub sd: f64,
    /// Its 90 % interval.
    pub interval: (f64, f64),
    /// Unit.
    pub unit: &'static str,
    /// Cap.
    pub cap: f64,
    /// Share of the cap.
    pub share: f64,
    /// Dark calls of tankers in it.
    pub calls: usize,
    /// Tanker calls whose radio could be judged.
    pub judged: u32,
    /// What is known from elsewhere.
    pub entries: Vec<EntryView>,
}

/// Everything about a site.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SiteView {
    /// Calls, newest first.
    pub calls: Vec<CallView>,
    /// Calls left out.
    pub calls_left_out: usize,
    /// Quantities.
    pub baselines: Vec<BaselineView>,
    /// Ledgers.
    pub ledger: Vec<LedgerView>,
    /// Why it cannot be judged; none: it can.
    pub why_not: Option<String>,
}

pub(super) fn of(plan: &SitePlan, history: &History, rules: &Rules, ask: &SiteAsk) -> SiteView {
    let since = ask.from.0.saturating_sub(STAY_DAYS_MAX * DAY_MS);
    let mut calls: Vec<&Arc<CallFact>> = history
        .head
        .calls(&history.facts, since, ask.to.0)
        .filter(|call| call.departure.map_or(call.last_ms, |(_, gone)| gone) >= ask.from.0)
        .collect();
    calls.sort_by_key(|call| std::cmp::Reverse((call.first_ms, call.zone)));
    let mut baselines = weekly(plan, history, ask);
    baselines.extend(levels(history, rules, ask));
    SiteView {
        calls_left_out: calls.len().saturating_sub(CALLS_MAX),
        calls: calls.iter().take(CALLS_MAX).map(|call| call_view(call, plan)).collect(),
        baselines,
        ledger: ledgers(plan, history, rules, ask),
        why_not: None,
    }
}

fn call_view(call: &CallFact, plan: &SitePlan) -> CallView {
    let range = |(earliest, latest): (i64, i64)| Range {
        earliest: UnixMs(earliest),
        latest: UnixMs(latest),
    };
    CallView {
        zone: plan.zone_id(call.zone).to_owned(),
        kind: plan.kind(call.zone).map_or("", ZoneKind::name),
        arrived: range(call.arrival),
        departed: call.departure.map(range),
        first_seen: UnixMs(call.first_ms),
        last_seen: UnixMs(call.last_ms),
        length_m: rounded(call.length.0),
        length_sd_m: rounded(call.length.1),
        class: call.class.name(),
        tanker: call.tanker,
        dark: call.dark,
        mmsi: call.mmsi,
        existence: rounded(call.existence),
        looks: call.evidence.iter().map(ToString::to_string).collect(),
    }
}

/// Calls in each of the last weeks: dock and tanker.
fn weekly(plan: &SitePlan, history: &History, ask: &SiteAsk) -> Vec<BaselineView> {
    let week_ms = 7 * DAY_MS;
    [
        (Group::Dock, "dock", ZoneKind::Berth),
        (Group::Tanker, "tanker", ZoneKind::OilBerth),
    ]
    .into_iter()
    .filter_map(|(group, signal, kind)| {
        let zones: Vec<&str> = plan
            .zones
            .iter()
            .filter(|zone| zone.kind == kind)
            .map(|zone| zone.id.as_str())
            .collect();
        let exposure = history.facts.exposure(group)?;
        // A week without a clear look says nothing, and is left out.
        let points: Vec<Point> = (0..WEEKS)
            .rev()
            .map(|back| (ask.now.0 - (back + 1) * week_ms, ask.now.0 - back * week_ms))
            .filter(|(from, to)| exposure.looks(*from, *to) > 0)
            .map(|(from, to)| Point {
                at: UnixMs(to),
                value: history
                    .head
                    .calls(&history.facts, from, to)
                    .filter(|call| group.has(call))
                    .count() as f64,
            })
            .collect();
        baseline(signal, zones.join("+"), "calls a week", points, 1)
    })
    .collect()
}

fn levels(history: &History, rules: &Rules, ask: &SiteAsk) -> Vec<BaselineView> {
    let guard_ms = (rules.baseline.guard_days * DAY_MS as f64) as i64;
    history
        .facts
        .gauges
        .iter()
        .filter_map(|gauge| {
            let mut points: Vec<Point> = gauge
                .series
                .latest(POINTS_MAX, ask.now.0)
                .map(|(at, value)| Point {
                    at: UnixMs(at),
                    value: rounded(value),
                })
                .collect();
            points.reverse();
            let newest = points.last()?.at.0;
            let guarded = points.iter().filter(|point| point.at.0 > newest - guard_ms).count();
            baseline(
                gauge.kind.name(),
                gauge.name.to_string(),
                gauge.measure.unit(),
                points,
                guarded,
            )
        })
        .collect()
}

/// The last `guarded` points are no part of what they are judged by, unless there is nothing else.
fn baseline(
    signal: &'static str,
    zone: String,
    unit: &'static str,
    points: Vec<Point>,
    guarded: usize,
) -> Option<BaselineView> {
    let newest = *points.last()?;
    let before = points.len().saturating_sub(guarded);
    let judged = if before == 0 { points.len() } else { before };
    let mut sorted: Vec<f64> = points.iter().take(judged).map(|point| point.value).collect();
    sorted.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let last = sorted.len().saturating_sub(1) as f64;
        sorted.get((share * last + 0.5) as usize).copied().unwrap_or(0.0)
    };
    Some(BaselineView {
        signal,
        zone,
        unit,
        value: newest.value,
        at: newest.at,
        median: quantile(0.5),
        low: quantile(LOW_SHARE),
        high: quantile(HIGH_SHARE),
        samples: judged,
        history: points,
    })
}

/// Sums of the calls that were seen, whether or not they reach a share that alerts; the rules' own sums allow for unseen calls too.
fn ledgers(plan: &SitePlan, history: &History, rules: &Rules, ask: &SiteAsk) -> Vec<LedgerView> {
    let (year, from) = year_of(ask.now.0);
    rules
        .rules
        .iter()
        .filter(|rule| rule.watches(&plan.id))
        .filter_map(|rule| {
            let RuleKind::Ledger(keys, _, entries) = &rule.kind else {
                return None;
            };
            let of_year = || {
                history
                    .head
                    .calls(&history.facts, from - 1, ask.now.0)
                    .filter(|call| call.tanker && call.length.0 >= keys.size_min_m)
            };
            let (dark, judged) = tally(of_year());
            let known: Vec<_> = entries
                .iter()
                .filter(|entry| entry.site == plan.id && entry.year == year)
                .collect();
            if dark == 0 && known.is_empty() {
                return None;
            }
            let sum = known.iter().fold((0.0, 0.0), |sum, entry| {
                (sum.0 + entry.quantity, sum.1 + entry.sd.powi(2))
            });
            let carried = of_year().filter(|call| call.dark).map(|call| Carried {
                existence: call.existence,
                length: call.length,
            });
            let quantity = total(carried, Unseen::default(), sum, &rules.tanker_volume);
            Some(LedgerView {
                rule: rule.id.clone(),
                year,
                quantity: rounded(quantity.mean),
                sd: rounded((quantity.high - quantity.mean) / NINETY_PERCENT_SD),
                interval: (rounded(quantity.low), rounded(quantity.high)),
                unit: "bbl",
                cap: rounded(keys.cap),
                share: rounded(quantity.mean / keys.cap),
                calls: dark as usize,
                judged,
                entries: known
                    .into_iter()
                    .map(|entry| EntryView {
                        quantity: rounded(entry.quantity),
                        sd: rounded(entry.sd),
                        source: entry.source.clone(),
                    })
                    .collect(),
            })
        })
        .collect()
}
