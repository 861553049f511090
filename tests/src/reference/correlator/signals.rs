//! Signals against their baselines, and the coincidence of one rule: dock, rail, tanker within seven days.

use quaywatch_protocol::contract::{
    look::Look,
    site::{Site, ZoneKind},
};

use super::{
    DAY,
    background::by_chance,
    calls::{Berths, Call, clear},
    rail::rail,
};

/// One signal, as an alert tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Kind.
    pub kind: &'static str,
    /// Zones.
    pub zone: String,
    /// What was seen.
    pub value: f64,
    /// Unit.
    pub unit: &'static str,
    /// What is usual.
    pub baseline: f64,
    /// Chance.
    pub p: f64,
    /// From.
    pub from: i64,
    /// To.
    pub to: i64,
    /// Rests on dark calls.
    pub dark: bool,
}

/// A signal that goes on, with the looks that speak for it.
#[derive(Clone, Debug)]
pub(super) struct Active {
    pub(super) signal: Signal,
    pub(super) looks: Vec<String>,
}

/// What was found, in the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Completed by the look at this time.
    pub completed: i64,
    /// Began between.
    pub onset: (i64, i64),
    /// Last look that belongs to it.
    pub last: i64,
    /// Its signals.
    pub signals: Vec<Signal>,
    /// Chance coincidences a year.
    pub expected: f64,
    /// Looks.
    pub evidence: Vec<String>,
    /// Product of the chances.
    pub joint: f64,
    /// The highest score it had.
    pub score: f64,
    /// Taken back, in part.
    pub contradicted: bool,
}

const KINDS: [&str; 3] = ["dock", "rail", "tanker"];
pub(super) const WINDOW: f64 = 7.0;
pub(super) const GUARD: f64 = 10.0;
pub(super) const SPAN: f64 = 1830.0;

/// Four significant digits.
pub fn four(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// Everything that the looks of one site say, in event order.
pub fn judge(site: &Site, looks: &[(i64, String, &Look)]) -> Option<Finding> {
    let mut berths = Berths::default();
    let mut active: [Option<Active>; 3] = [None, None, None];
    let mut running: Option<Finding> = None;
    let mut over: Option<Finding> = None;
    for (at, id, look) in looks {
        berths.apply(site, *at, id, look, looks);
        let (mut refreshed, mut taken_back) = (false, false);
        for (kind, name) in KINDS.iter().enumerate() {
            let reading = match *name {
                "rail" => rail(site, looks, *at, id, look),
                _ if !berths.changed => None,
                name => calls(site, &berths, looks, *at, name),
            };
            let Some(reading) = reading else { continue };
            match reading {
                Some(found) => {
                    refreshed = true;
                    let joins = active[kind]
                        .as_ref()
                        .is_some_and(|before| (found.signal.from - before.signal.to) as f64 <= WINDOW * DAY);
                    if joins {
                        join(active[kind].as_mut(), found);
                    } else {
                        active[kind] = Some(found);
                    }
                }
                None => {
                    let emptied = active[kind].as_ref().is_some_and(|active| {
                        let (from, to) = (active.signal.from, active.signal.to);
                        active.signal.dark
                            && !berths.counted().iter().any(|call| {
                                call.tanker() == (*name == "tanker")
                                    && call.dark()
                                    && call.first >= from
                                    && call.first <= to
                            })
                    });
                    if emptied {
                        active[kind] = None;
                        taken_back = true;
                    }
                }
            }
        }
        let parts: Vec<&Active> = active.iter().flatten().collect();
        let meet = parts.len() == 3 && {
            let latest = parts.iter().map(|part| part.signal.from).max().unwrap_or_default();
            let earliest = parts.iter().map(|part| part.signal.to).min().unwrap_or_default();
            (latest - earliest) as f64 <= WINDOW * DAY
        };
        if meet && refreshed {
            let expected = match &running {
                Some(running) => running.expected,
                None => by_chance(site, &berths, looks, *at),
            };
            if running.is_some() || expected <= 1.0 {
                running = Some(raised(*at, &parts, running.take(), four(expected)));
            }
        } else if !meet
            && taken_back
            && let Some(running) = running.as_mut()
        {
            running.contradicted = true;
        }
        if running
            .as_ref()
            .is_some_and(|running| (at - running.last) as f64 > 21.0 * DAY)
        {
            over = running.take();
        }
        if over
            .as_ref()
            .is_some_and(|over| ((at - over.last) as f64) > 100.0 * DAY)
        {
            over = None;
        }
    }
    running.or(over)
}

fn join(before: Option<&mut Active>, now: Active) {
    let Some(before) = before else { return };
    let (from, to) = (
        before.signal.from.min(now.signal.from),
        before.signal.to.max(now.signal.to),
    );
    for look in now.looks {
        if before.looks.len() < 40 && !before.looks.contains(&look) {
            before.looks.push(look);
        }
    }
    if now.signal.p <= before.signal.p {
        before.signal = now.signal;
    }
    before.signal.from = from;
    before.signal.to = to;
}

fn raised(at: i64, parts: &[&Active], before: Option<Finding>, expected: f64) -> Finding {
    let starts = || parts.iter().map(|part| part.signal.from);
    let joint: f64 = parts.iter().map(|part| part.signal.p.max(1e-12)).product();
    let mut evidence = before.as_ref().map_or_else(Vec::new, |before| before.evidence.clone());
    for look in parts.iter().flat_map(|part| &part.looks) {
        if evidence.len() < 200 && !evidence.contains(look) {
            evidence.push(look.clone());
        }
    }
    let onset = (starts().min().unwrap_or(at), starts().max().unwrap_or(at));
    Finding {
        completed: before.as_ref().map_or(at, |before| before.completed),
        onset: before.as_ref().map_or(onset, |before| before.onset),
        last: at,
        signals: parts.iter().map(|part| part.signal.clone()).collect(),
        expected: before.as_ref().map_or(expected, |before| before.expected),
        evidence,
        joint: four(joint),
        score: four((-joint.log10()).max(before.as_ref().map_or(0.0, |before| before.score))),
        contradicted: false,
    }
}

/// Credits of the looks of a group of zones of one kind: time, days.
pub(super) fn credits(site: &Site, looks: &[(i64, String, &Look)], kind: ZoneKind, reach_days: f64) -> Vec<(i64, f64)> {
    let zones: Vec<&str> = site
        .zones
        .iter()
        .filter(|zone| zone.kind == kind)
        .map(|zone| zone.id.as_str())
        .collect();
    let mut credits = Vec::new();
    let mut before: Option<i64> = None;
    for (at, _, look) in looks {
        let seen = zones.iter().filter(|zone| clear(look, zone)).count();
        if seen == 0 {
            continue;
        }
        let gap = before.map_or(f64::INFINITY, |before| (at - before) as f64 / DAY);
        credits.push((*at, gap.min(reach_days) * (seen as f64 / zones.len() as f64)));
        before = Some(*at);
    }
    credits
}

/// `None`: silent; `Some(None)`: as usual; otherwise unusual.
fn calls(
    site: &Site,
    berths: &Berths,
    looks: &[(i64, String, &Look)],
    at: i64,
    name: &'static str,
) -> Option<Option<Active>> {
    let tanker = name == "tanker";
    let kind = if tanker { ZoneKind::OilBerth } else { ZoneKind::Berth };
    let credits = credits(site, looks, kind, berths.reach_days(kind));
    let days_in = |from: i64, to: i64| -> f64 {
        credits
            .iter()
            .filter(|(at, _)| *at > from && *at <= to)
            .map(|(_, days)| days)
            .sum()
    };
    let (from, until) = (at - (WINDOW * DAY) as i64, at - (GUARD * DAY) as i64);
    let start = until - (SPAN * DAY) as i64;
    let all = berths.counted();
    let group: Vec<&Call> = all.into_iter().filter(|call| call.tanker() == tanker).collect();
    let window: Vec<&Call> = group
        .iter()
        .copied()
        .filter(|call| call.first > from && call.first <= at)
        .collect();
    let longest = window
        .iter()
        .filter(|call| call.dark())
        .map(|call| call.length().0)
        .fold(0.0, f64::max);
    let marks: [(bool, f64, f64, f64); 4] = [
        (true, 0.0, 0.0, 0.10),
        (true, 0.9, 0.0, 0.10),
        (true, 0.0, 0.8 * longest, 0.10),
        (false, 0.0, 0.0, 0.02),
    ];
    let first = credits
        .iter()
        .map(|(at, _)| *at)
        .find(|first| *first > start)
        .filter(|first| *first < until)?;
    let seen_looks = credits.iter().filter(|(at, _)| *at > start && *at <= until).count();
    if ((until - first) as f64 / DAY) < 28.0 || seen_looks < 12 {
        return None;
    }
    let watched = days_in(from, at).max(0.5);
    let mut best: Option<(f64, Active)> = None;
    for (dark, existence, length, bar) in marks {
        let has = |call: &&&Call| (call.dark() || !dark) && call.existence() >= existence && call.length().0 >= length;
        let before = group
            .iter()
            .filter(has)
            .filter(|call| call.first > first && call.first <= until)
            .count();
        let (shape, days) = (before as f64 + 0.5, days_in(first, until) + 10.0);
        let seen: Vec<&Call> = window.iter().filter(has).copied().collect();
        let (Some(begin), Some(end)) = (
            seen.iter().map(|call| call.first).min(),
            seen.iter().map(|call| call.last).max(),
        ) else {
            continue;
        };
        let p = tail(shape, days, watched, seen.len());
        if p > bar || best.as_ref().is_some_and(|(ratio, _)| *ratio <= p / bar) {
            continue;
        }
        let mut evidence: Vec<String> = Vec::new();
        for look in seen.iter().flat_map(|call| &call.looks) {
            if !evidence.contains(look) {
                evidence.push(look.clone());
            }
        }
        let mut zones: Vec<&str> = seen.iter().map(|call| call.zone.as_str()).collect();
        zones.sort_unstable();
        zones.dedup();
        let signal = Signal {
            kind: name,
            zone: zones.join("+"),
            value: seen.len() as f64,
            unit: if dark { "dark calls" } else { "calls" },
            baseline: four(shape / days * watched),
            p: four(p),
            from: begin,
            to: end,
            dark,
        };
        best = Some((
            p / bar,
            Active {
                signal,
                looks: evidence,
            },
        ));
    }
    Some(best.map(|(_, active)| active))
}

/// Probability of `count` or more under a Gamma rate: the terms from there on, each from the one before. (One less the terms below
/// would leave of a small probability nothing but what was rounded away.)
pub(super) fn tail(shape: f64, days: f64, watched: f64, count: usize) -> f64 {
    if count == 0 {
        return 1.0;
    }
    let mut term = (days / (days + watched)).powf(shape);
    let mut above = 0.0;
    let mut k = 0;
    while k < count || term > above * 1e-18 {
        if k >= count {
            above += term;
        }
        term *= (shape + k as f64) / (k as f64 + 1.0) * (watched / (days + watched));
        k += 1;
    }
    above.min(1.0)
}
