//! Counts and sums of dark calls: how many in a period, how much they carried in a year.
//!
//! Radio fails now and then: a few honest vessels look dark. So both rules ask whether there are more dark calls among those whose
//! radio could be judged than that failure share explains (binomial).

use std::sync::Arc;

use quaywatch_protocol::contract::{UnixMs, time::DAY_MS};
use serde_json::{Map, Value, json};

use super::{
    chance::{binomial_at_least, rounded},
    finding::{EVIDENCE_MAX, Finding, add_evidence},
    site::{CallFact, Context, Group, SiteState},
    tally::Judged,
    traffic::watched_days,
};
use crate::{
    alert::{Kind, Severity, Signal},
    ledger::{Carried, Unseen, total},
    rules::{DarkCount, Ledger, LedgerEntry},
};

/// Least share of the time that is believed to have been watched: from less nothing is extrapolated.
const WATCHED_SHARE_MIN: f64 = 0.25;

/// What a count or sum was last made of: it is made anew when one of its calls changed, and once a day.
#[derive(Clone, Debug, Default)]
pub struct Summed {
    day: i64,
    judged: u32,
    calls: Vec<Arc<CallFact>>,
}

impl Summed {
    /// True when nothing has changed since; otherwise remembers what it is made of now.
    fn again(state: &mut SiteState, context: &Context<'_>, rule: usize, judged: u32, calls: &[Arc<CallFact>]) -> bool {
        let day = context.now().div_euclid(DAY_MS);
        let before = state.summed.get(&rule);
        let same = before.is_some_and(|before| {
            before.day == day
                && before.judged == judged
                && before.calls.len() == calls.len()
                && before.calls.iter().zip(calls).all(|(a, b)| Arc::ptr_eq(a, b))
        });
        if !same {
            let calls = calls.to_vec();
            state.summed.insert(rule, Arc::new(Self { day, judged, calls }));
        }
        same
    }
}

/// Dark calls at a site in a sliding period; the episode counts all since the first of them.
pub fn count(state: &mut SiteState, context: &mut Context<'_>, rule: usize, keys: &DarkCount, steps: &[f64]) {
    if !state.calls_changed {
        return;
    }
    let period_from = context.back(keys.period_days);
    let all = Judged {
        tankers: false,
        size_min_m: keys.size_min_m,
    };
    let (dark, judged) = state.radio(context, all, period_from);
    let p = binomial_at_least(dark, judged, keys.radio_failure_share);
    let first_step = steps.first().copied().unwrap_or(1.0);
    let reached = f64::from(dark) >= first_step && p <= keys.p_max;
    let running = state.episodes.get(rule, "dark").map(|episode| episode.finding.clone());
    if !reached {
        let recent = running.as_ref().is_some_and(|running| running.onset.0 > period_from);
        if recent {
            state.episodes.contradict(
                rule,
                "dark",
                "later looks matched some of the calls with AIS transmissions",
            );
        }
        return;
    }
    let from = running
        .as_ref()
        .map_or(period_from, |running| running.onset.1 - 1)
        .min(period_from);
    let calls: Vec<Arc<CallFact>> = state
        .calls(context.facts, from, context.now())
        .filter(|call| call.dark && all.has(call))
        .cloned()
        .collect();
    if Summed::again(state, context, rule, judged, &calls) {
        return;
    }
    let (Some(first), Some(last)) = (calls.first(), calls.iter().max_by_key(|call| call.first_ms)) else {
        return;
    };
    let total = calls.len() as u32;
    let step = steps
        .iter()
        .copied()
        .rfind(|step| f64::from(total) >= *step)
        .unwrap_or(first_step);
    let mut details = Map::new();
    details.insert("count".into(), json!(total));
    details.insert("from".into(), json!(UnixMs(first.first_ms)));
    details.insert("to".into(), json!(UnixMs(last.last_ms)));
    details.insert("threshold".into(), json!(rounded(step)));
    details.insert("in_period".into(), json!(dark));
    details.insert("period_days".into(), json!(rounded(keys.period_days)));
    details.insert("calls_with_radio_judged".into(), json!(judged));
    details.insert("p".into(), json!(rounded(p)));
    details.insert("calls".into(), call_list(&calls, context));
    let base = context.severity(rule);
    let severity = if steps.get(2).is_some_and(|high| f64::from(total) >= *high) {
        base.max(Severity::Critical)
    } else {
        base
    };
    let signal = Signal {
        kind: "dock".to_owned(),
        zone: zones_of(&calls, context),
        value: f64::from(total),
        unit: "dark calls".to_owned(),
        baseline: rounded(keys.radio_failure_share * f64::from(judged)),
        p: rounded(p),
        from: UnixMs(first.first_ms),
        to: UnixMs(last.last_ms),
        dark: true,
    };
    let finding = Finding {
        subject: Arc::from("dark"),
        onset: (first.arrival.0, first.first_ms),
        severity,
        signals: vec![signal],
        expected_false: rounded(periods_per_year(keys.period_days) * p),
        details,
        ..blank(context, rule, Kind::DarkCount, &calls)
    };
    state.episodes.put(finding, keys.period_days);
}

fn periods_per_year(days: f64) -> f64 {
    365.25 / days
}

/// What dark tankers carried in the calendar year of the look, against the cap.
pub fn ledger(
    state: &mut SiteState,
    context: &mut Context<'_>,
    rule: usize,
    keys: &Ledger,
    shares: &[f64],
    entries: &[LedgerEntry],
) {
    if !state.calls_changed {
        return;
    }
    let (year, from) = year_of(context.now());
    let subject = format!("oil:{year}");
    let tankers = Judged {
        tankers: true,
        size_min_m: keys.size_min_m,
    };
    let (dark, judged) = state.radio(context, tankers, from - 1);
    let p = binomial_at_least(dark, judged, keys.radio_failure_share);
    let contradict = |state: &mut SiteState| {
        if state.episodes.get(rule, &subject).is_some() {
            state.episodes.contradict(
                rule,
                &subject,
                "later looks matched some of the calls with AIS transmissions",
            );
        }
    };
    if f64::from(dark) < keys.calls_min || p > keys.p_max {
        contradict(state);
        state.summed.remove(&rule);
        return;
    }
    let calls: Vec<Arc<CallFact>> = state
        .calls(context.facts, from - 1, context.now())
        .filter(|call| call.dark && tankers.has(call))
        .cloned()
        .collect();
    if Summed::again(state, context, rule, judged, &calls) {
        return;
    }
    let known = entries
        .iter()
        .filter(|entry| entry.site == context.plan.id && entry.year == year);
    let sum = known.clone().fold((0.0, 0.0), |sum, entry| {
        (sum.0 + entry.quantity, sum.1 + entry.sd.powi(2))
    });
    let carried = calls.iter().map(|call| Carried {
        existence: call.existence,
        length: call.length,
    });
    let unseen = unseen(state, context, &calls);
    let quantity = total(carried, unseen, sum, &context.rules.tanker_volume);
    let share = quantity.mean / keys.cap;
    // With more looks less is thought to have gone unseen; a step that was passed stays passed.
    let passed = (state.episodes.get(rule, &subject))
        .and_then(|episode| episode.finding.details.get("threshold")?.as_f64())
        .unwrap_or(0.0);
    let reached = shares.iter().copied().rfind(|step| share.max(passed) >= *step);
    let Some(step) = reached else {
        contradict(state);
        return;
    };
    let Some(first) = calls.first() else { return };
    let last = calls.iter().map(|call| call.last_ms).max().unwrap_or(first.last_ms);
    let mut details = Map::new();
    details.insert("quantity".into(), json!(rounded(quantity.mean)));
    details.insert("unit".into(), json!("bbl"));
    details.insert("cap".into(), json!(rounded(keys.cap)));
    details.insert("share".into(), json!(rounded(share)));
    details.insert(
        "interval".into(),
        json!({"low": rounded(quantity.low), "high": rounded(quantity.high), "level": 0.9}),
    );
    details.insert("threshold".into(), json!(rounded(step)));
    details.insert("year".into(), json!(year));
    details.insert("tanker_calls".into(), json!(calls.len()));
    details.insert("unseen_calls".into(), json!(rounded(unseen.calls)));
    details.insert("from".into(), json!(UnixMs(first.first_ms)));
    details.insert("to".into(), json!(UnixMs(last)));
    details.insert("calls".into(), call_list(&calls, context));
    let sources: Vec<_> = known
        .map(|entry| json!({"quantity": rounded(entry.quantity), "sd": rounded(entry.sd), "source": entry.source}))
        .collect();
    details.insert("entries".into(), json!(sources));
    let base = context.severity(rule);
    let severity = if share >= 1.0 { Severity::Critical } else { base };
    let signal = Signal {
        kind: "tanker".to_owned(),
        zone: zones_of(&calls, context),
        value: f64::from(dark),
        unit: "dark calls".to_owned(),
        baseline: rounded(keys.radio_failure_share * f64::from(judged)),
        p: rounded(p),
        from: UnixMs(first.first_ms),
        to: UnixMs(last),
        dark: true,
    };
    let finding = Finding {
        subject: Arc::from(subject.as_str()),
        onset: (first.arrival.0, first.first_ms),
        severity,
        signals: vec![signal],
        expected_false: rounded(p),
        details,
        ..blank(context, rule, Kind::Ledger, &calls)
    };
    state.episodes.put(finding, 366.0);
}

/// Calls that no clear look caught, since the first that one did.
///
/// A share of the time was watched, and a look shows what is there with some probability: with c the product of both each call was seen with
/// probability c, so n that were seen stand for n (1 - c) / c that were not, with the variance of a negative binomial, n (1 - c) / c^2.
fn unseen(state: &SiteState, context: &Context<'_>, calls: &[Arc<CallFact>]) -> Unseen {
    let Some(first) = calls.first() else {
        return Unseen::default();
    };
    let dwell = state.dwell_days(Group::Tanker, context.plan, context.rules);
    let from = first.first_ms - (dwell * DAY_MS as f64) as i64;
    let days = (context.now() - from) as f64 / DAY_MS as f64;
    let watched = watched_days(state, context, Group::Tanker, from) / days;
    let share = (watched.min(1.0) * state.sighting_share()).clamp(WATCHED_SHARE_MIN, 1.0);
    let seen = calls.len() as f64;
    Unseen {
        calls: seen * (1.0 - share) / share,
        variance: seen * (1.0 - share) / share.powi(2),
    }
}

pub(super) fn tally<'a>(calls: impl Iterator<Item = &'a Arc<CallFact>>) -> (u32, u32) {
    calls.fold((0, 0), |(dark, judged), call| {
        (dark + u32::from(call.dark), judged + u32::from(call.radio))
    })
}

fn zones_of(calls: &[Arc<CallFact>], context: &Context<'_>) -> String {
    let mut zones: Vec<_> = calls.iter().map(|call| call.zone).collect();
    zones.sort_unstable();
    zones.dedup();
    let names: Vec<_> = zones.iter().map(|zone| context.plan.zone_id(*zone)).collect();
    names.join("+")
}

fn call_list(calls: &[Arc<CallFact>], context: &Context<'_>) -> Value {
    let told = |call: &Arc<CallFact>| {
        // A call is told by every look that changes one of them, and seldom changes itself.
        let told = call.told.get_or_init(|| {
            json!({
                "zone": context.plan.zone_id(call.zone),
                "arrived": {"earliest": UnixMs(call.arrival.0), "latest": UnixMs(call.arrival.1)},
                "last_seen": UnixMs(call.last_ms),
                "length_m": rounded(call.length.0),
                "probability": rounded(call.existence),
                "evidence": call.evidence.first().map(ToString::to_string),
            })
        });
        told.clone()
    };
    Value::Array(calls.iter().take(EVIDENCE_MAX).map(told).collect())
}

fn blank(context: &Context<'_>, rule: usize, kind: Kind, calls: &[Arc<CallFact>]) -> Finding {
    let mut evidence = Vec::new();
    for call in calls {
        add_evidence(&mut evidence, call.evidence.iter().take(2));
    }
    add_evidence(&mut evidence, [context.look.id()]);
    let site = context.plan.id.clone();
    Finding {
        rule,
        kind,
        sites: vec![site.clone()],
        site,
        subject: Arc::from(""),
        completed_ms: context.now(),
        onset: (context.now(), context.now()),
        last_ms: context.now(),
        severity: Severity::Warning,
        signals: Vec::new(),
        expected_false: 0.0,
        evidence,
        details: Map::new(),
        contradicted: None,
    }
}

/// The calendar year (UTC) of an instant, and its first instant. Days to civil dates after Hinnant, "chrono-compatible low-level date
/// algorithms".
pub(super) fn year_of(at_ms: i64) -> (i16, i64) {
    let days = at_ms.div_euclid(DAY_MS) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Years of this calendar begin in March: January and February (from day 306) belong to the next civil year.
    let year = year_of_era + era * 400 + i64::from(day_of_year >= 306);
    let before = year - 1;
    let first = 365 * before + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) - 719_162;
    (year as i16, first * DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_begin_on_the_first_of_january() {
        for (text, year, first) in [
            ("2024-03-13T01:30:00Z", 2024, "2024-01-01T00:00:00Z"),
            ("2024-01-01T00:00:00Z", 2024, "2024-01-01T00:00:00Z"),
            ("2023-12-31T23:59:59Z", 2023, "2023-01-01T00:00:00Z"),
            ("2024-02-29T12:00:00Z", 2024, "2024-01-01T00:00:00Z"),
            ("2100-03-01T00:00:00Z", 2100, "2100-01-01T00:00:00Z"),
        ] {
            let at = UnixMs::parse(text).unwrap();
            assert_eq!(year_of(at.0), (year, UnixMs::parse(first).unwrap().0), "{text}");
        }
    }
}
