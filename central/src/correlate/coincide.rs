//! Coincidence: signals of different kinds, each unusual for the site, within a window.
//!
//! In each look every signal kind of the rule that the look could see is read against its own baseline. An unusual reading gives
//! the signal an interval (from its first evidence to its last); readings that follow within the window extend it. When the
//! intervals of all kinds lie within the window of each other, the pattern is complete. How often chance does that is told from the site's
//! own past, judged again by today's bar: `background`.

use std::sync::Arc;

use quaywatch_protocol::contract::{UnixMs, time::DAY_MS};
use serde_json::{Map, json};

use super::{
    background::{Background, WATCHED_DAYS_MIN, group_of, marks},
    chance::rounded,
    finding::{Finding, add_evidence},
    levels::{LevelReading, read_gauge},
    site::{CallFact, Context, Group, SiteState},
    tally::Counted,
    traffic::{self, Past},
};
use crate::{
    alert::{Kind, Signal},
    rules::{Coincidence, Rules, SignalKind},
};

/// Evidence kept of one signal.
const SIGNAL_EVIDENCE: usize = 40;

/// A signal that is or was lately unusual.
#[derive(Clone, Debug)]
pub struct Active {
    pub signal: Signal,
    pub from_ms: i64,
    pub to_ms: i64,
    pub evidence: Vec<Arc<str>>,
    /// Rests on dark calls: may be taken back when AIS matches them later.
    dark: bool,
}

/// The signals of one coincidence rule at one site.
#[derive(Clone, Debug, Default)]
pub struct Meeting {
    active: [Option<Active>; SignalKind::ALL.len()],
}

/// What one kind reads in a look.
enum Reading {
    /// Not seen, or not enough history.
    Silent,
    /// As usual.
    Usual,
    /// Unusual.
    Unusual(Active),
}

/// Reads the signals and raises or continues the coincidence.
pub fn evaluate(
    state: &mut SiteState,
    context: &mut Context<'_>,
    rule: usize,
    keys: &Coincidence,
    kinds: &[SignalKind],
) {
    let window_ms = (keys.window_days * DAY_MS as f64) as i64;
    let mut refreshed = false;
    let mut taken_back = false;
    for kind in kinds {
        let reading = read(state, context, keys, *kind);
        let emptied = matches!(reading, Reading::Usual) && lost_its_calls(state, context, rule, *kind);
        if matches!(reading, Reading::Silent) || (matches!(reading, Reading::Usual) && !emptied) {
            continue;
        }
        let meeting = Arc::make_mut(state.meetings.entry(rule).or_default());
        let Some(slot) = meeting.active.get_mut(kind.index()) else {
            continue;
        };
        match reading {
            Reading::Silent => {}
            Reading::Usual => {
                *slot = None;
                taken_back = true;
            }
            Reading::Unusual(active) => {
                refreshed = true;
                match slot {
                    Some(before) if active.from_ms - before.to_ms <= window_ms => join(before, active),
                    _ => *slot = Some(active),
                }
            }
        }
    }
    let complete = (state.meetings.get(&rule))
        .filter(|_| refreshed || taken_back)
        .and_then(|meeting| met(meeting, kinds, window_ms));
    match complete {
        Some(parts) if refreshed => raise(state, context, rule, keys, kinds, parts),
        None if taken_back => state.episodes.contradict(
            rule,
            "",
            "a later look matched a vessel with an AIS transmission: one of the signals is as usual",
        ),
        _ => {}
    }
}

/// True when the signal rests on dark calls and none of them is dark any more: AIS matched them after all.
fn lost_its_calls(state: &SiteState, context: &Context<'_>, rule: usize, kind: SignalKind) -> bool {
    let active = (state.meetings.get(&rule)).and_then(|meeting| meeting.active.get(kind.index())?.as_ref());
    let Some(active) = active.filter(|active| active.dark) else {
        return false;
    };
    let Some(group) = group_of(kind) else { return false };
    !state
        .calls(context.facts, active.from_ms - 1, active.to_ms)
        .any(|call| group.has(call) && call.dark)
}

fn join(before: &mut Active, now: Active) {
    before.from_ms = before.from_ms.min(now.from_ms);
    before.to_ms = before.to_ms.max(now.to_ms);
    for look in now.evidence {
        if before.evidence.len() < SIGNAL_EVIDENCE && !before.evidence.contains(&look) {
            before.evidence.push(look);
        }
    }
    if now.signal.p <= before.signal.p {
        before.signal = now.signal;
        before.dark = now.dark;
    }
    before.signal.from = UnixMs(before.from_ms);
    before.signal.to = UnixMs(before.to_ms);
}

/// The signals, if their intervals lie within the window of each other.
fn met(meeting: &Meeting, kinds: &[SignalKind], window_ms: i64) -> Option<Vec<Active>> {
    let parts: Vec<Active> = kinds
        .iter()
        .map(|kind| meeting.active.get(kind.index())?.clone())
        .collect::<Option<_>>()?;
    let latest_from = parts.iter().map(|part| part.from_ms).max()?;
    let earliest_to = parts.iter().map(|part| part.to_ms).min()?;
    (latest_from - earliest_to <= window_ms).then_some(parts)
}

fn raise(
    state: &mut SiteState,
    context: &Context<'_>,
    rule: usize,
    keys: &Coincidence,
    kinds: &[SignalKind],
    parts: Vec<Active>,
) {
    let now = context.now();
    let running = state.episodes.get(rule, "").map(|episode| episode.finding.clone());
    let expected = match &running {
        Some(running) => running.expected_false,
        None => {
            let background = Background {
                plan: context.plan,
                rules: context.rules,
                facts: context.facts,
                state,
                now_ms: now,
            };
            let expected = background.expected_false(keys, kinds);
            if expected > keys.false_per_year_max {
                return;
            }
            rounded(expected)
        }
    };
    let from = parts.iter().map(|part| part.from_ms).min().unwrap_or(now);
    let last_from = parts.iter().map(|part| part.from_ms).max().unwrap_or(now);
    let joint: f64 = parts.iter().map(|part| part.signal.p.max(1e-12)).product();
    let onset = running.as_ref().map_or((from, last_from), |running| running.onset);
    let mut evidence = running
        .as_ref()
        .map_or_else(Vec::new, |running| running.evidence.clone());
    for part in &parts {
        add_evidence(&mut evidence, &part.evidence);
    }
    let mut details = Map::new();
    let peak = running
        .as_ref()
        .and_then(|running| running.details.get("score")?.as_f64())
        .unwrap_or(0.0);
    details.insert("window_days".into(), json!(rounded(keys.window_days)));
    details.insert("joint_p".into(), json!(rounded(joint)));
    details.insert("score".into(), json!(rounded((-joint.log10()).max(peak))));
    details.insert("from".into(), json!(UnixMs(onset.0)));
    details.insert("to".into(), json!(UnixMs(now)));
    let site = context.plan.id.clone();
    let finding = Finding {
        rule,
        kind: Kind::Coincidence,
        sites: vec![site.clone()],
        site,
        subject: Arc::from(""),
        completed_ms: now,
        onset,
        last_ms: now,
        severity: context.severity(rule),
        signals: parts.into_iter().map(|part| part.signal).collect(),
        expected_false: expected,
        evidence,
        details,
        contradicted: None,
    };
    state.episodes.put(finding, keys.cooldown_days);
}

/// Days after a site's first look from which signals are judged.
pub fn learning_days(rules: &Rules) -> f64 {
    rules.baseline.history_days_min + rules.baseline.guard_days
}

fn read(state: &SiteState, context: &mut Context<'_>, keys: &Coincidence, kind: SignalKind) -> Reading {
    let calls = match group_of(kind) {
        Some(group) => read_calls(state, context, keys, kind, group),
        None => Reading::Silent,
    };
    if matches!(calls, Reading::Unusual(_)) {
        return calls;
    }
    match (read_levels(context, keys, kind), calls) {
        (Reading::Silent, calls) => calls,
        (Reading::Usual, _) => Reading::Usual,
        (level, _) => level,
    }
}

/// Calls of the window: the dark ones (all; the sure ones; those as long as the longest), and all of them; the one that is the
/// more surprising against its own bar speaks.
fn read_calls(state: &SiteState, context: &Context<'_>, keys: &Coincidence, kind: SignalKind, group: Group) -> Reading {
    if !state.calls_changed {
        return Reading::Silent;
    }
    let from_ms = context.back(keys.window_days);
    let until = context.back(context.rules.baseline.guard_days.max(keys.window_days));
    let window_calls = || {
        state
            .calls(context.facts, from_ms, context.now())
            .filter(|call| group.has(call))
    };
    let largest_dark = window_calls()
        .filter(|call| call.dark)
        .map(|call| call.length.0)
        .fold(0.0, f64::max);
    let Some(past) = Past::of(state, context, group, until) else {
        return Reading::Silent;
    };
    if window_calls().next().is_none() {
        return Reading::Usual;
    }
    let watched = traffic::watched_days(state, context, group, from_ms).max(WATCHED_DAYS_MIN);
    let mut best: Option<(f64, Counted, f64, f64)> = None;
    for (counted, p_max) in marks(keys, largest_dark) {
        let seen = window_calls().filter(|call| counted.has(call, context.rules)).count();
        if seen == 0 {
            continue;
        }
        let base = past.baseline(state, context, counted);
        let p = base.rate.at_least(seen as u32, watched);
        // Both tests are made: relative to their own bars the more surprising one speaks.
        if p <= p_max && best.is_none_or(|(ratio, ..)| ratio > p / p_max) {
            best = Some((p / p_max, counted, p, base.rate.mean() * watched));
        }
    }
    let Some((_, counted, p, expected)) = best else {
        return Reading::Usual;
    };
    let seen: Vec<&Arc<CallFact>> = window_calls().filter(|call| counted.has(call, context.rules)).collect();
    let first = seen.iter().map(|call| call.first_ms).min().unwrap_or(from_ms);
    let last = seen.iter().map(|call| call.last_ms).max().unwrap_or(from_ms);
    let mut evidence = Vec::new();
    for call in &seen {
        add_evidence(&mut evidence, call.evidence.iter().take(2));
    }
    let mut zones: Vec<_> = seen.iter().map(|call| context.plan.zone_id(call.zone)).collect();
    zones.sort_unstable();
    zones.dedup();
    let dark = counted != Counted::All;
    let signal = Signal {
        kind: kind.name().to_owned(),
        zone: zones.join("+"),
        value: seen.len() as f64,
        unit: if dark { "dark calls" } else { "calls" }.to_owned(),
        baseline: rounded(expected),
        p: rounded(p),
        from: UnixMs(first),
        to: UnixMs(last),
        dark,
    };
    Reading::Unusual(Active {
        signal,
        from_ms: first,
        to_ms: last,
        evidence,
        dark,
    })
}

/// Levels of this look: cars, area, aircraft.
fn read_levels(context: &mut Context<'_>, keys: &Coincidence, kind: SignalKind) -> Reading {
    let mut best: Option<(f64, LevelReading)> = None;
    let mut judged = false;
    for gauge in 0..context.facts.gauges.len() {
        if context.facts.gauges.get(gauge).is_none_or(|gauge| gauge.kind != kind) {
            continue;
        }
        let Some(reading) = read_gauge(context, gauge, None) else {
            continue;
        };
        judged = true;
        let unusual = reading.z >= keys.level_z_min
            && reading.standing.p() <= keys.level_p_max.max(rank_floor(&reading.standing));
        if unusual && best.as_ref().is_none_or(|(z, _)| reading.z > *z) {
            best = Some((reading.z, reading));
        }
    }
    match best {
        Some((_, reading)) => Reading::Unusual(Active {
            from_ms: context.now(),
            to_ms: context.now(),
            evidence: vec![context.look.id().clone()],
            dark: false,
            signal: reading.signal(context, context.now(), context.now()),
        }),
        None if judged => Reading::Usual,
        None => Reading::Silent,
    }
}

/// The smallest p that so short a history can give: the highest of twelve looks has 1/13.
fn rank_floor(standing: &super::series::Standing) -> f64 {
    1.0 / (standing.samples + 1) as f64 + 1e-12
}
