//! How often chance would make the coincidence: the site's past, each moment of it judged by today's bar (section 5, "Expected false rate").

use quaywatch_protocol::contract::{
    look::Look,
    site::{Site, ZoneKind},
};

use super::{
    DAY,
    calls::{Berths, Call},
    rail::{middle, rail_past},
    signals::{GUARD, SPAN, WINDOW, credits, tail},
};

/// One signal: times a day, and the share of time in which it is up or was within the window.
struct Signal {
    rate: f64,
    near: f64,
}

/// When calls would have been unusual, over how many days, and how many dark ones came a day.
struct Past {
    ups: Vec<(i64, i64)>,
    days: f64,
    dark_a_day: f64,
}

impl Signal {
    /// From the times it would have been up, over some days; and what is known without any: times, days, days that they last.
    fn new(mut ups: Vec<(i64, i64)>, days: f64, prior: (f64, f64, f64)) -> Self {
        ups.sort_unstable();
        let (mut times, mut lasted) = (0.0, 0.0);
        let mut now: Option<(i64, i64)> = None;
        for (from, to) in ups {
            match now {
                Some((since, until)) if (from - until) as f64 <= WINDOW * DAY => now = Some((since, until.max(to))),
                _ => {
                    if let Some((since, until)) = now {
                        times += 1.0;
                        lasted += (until - since) as f64 / DAY;
                    }
                    now = Some((from, to));
                }
            }
        }
        if let Some((since, until)) = now {
            times += 1.0;
            lasted += (until - since) as f64 / DAY;
        }
        let rate = (times + prior.0) / (days + prior.1);
        let lasting = (lasted + prior.2) / (times + 1.0);
        Self {
            rate,
            near: (rate * (WINDOW + lasting)).min(1.0),
        }
    }
}

/// Chance coincidences a year at `at`.
pub fn by_chance(site: &Site, berths: &Berths, looks: &[(i64, String, &Look)], at: i64) -> f64 {
    let [dock, tanker] = [false, true].map(|tanker| {
        let past = calls(site, berths, looks, at, tanker).unwrap_or(Past {
            ups: Vec::new(),
            days: 0.0,
            dark_a_day: f64::INFINITY,
        });
        let most = f64::min(0.10 / WINDOW, past.dark_a_day);
        Signal::new(past.ups, past.days, (2.0, 2.0 / most, WINDOW / 4.0))
    });
    let (ups, days) = rail(site, looks, at).unwrap_or_default();
    let rail = Signal::new(ups, days, (0.5, 365.25, 0.0));
    let a_year = 365.25
        * (dock.rate * rail.near * tanker.near
            + rail.rate * dock.near * tanker.near
            + tanker.rate * dock.near * rail.near);
    a_year / (1.0 + a_year * 21.0 / 365.25)
}

/// The past of a group of calls.
fn calls(site: &Site, berths: &Berths, looks: &[(i64, String, &Look)], at: i64, tanker: bool) -> Option<Past> {
    let kind = if tanker { ZoneKind::OilBerth } else { ZoneKind::Berth };
    let credits = credits(site, looks, kind, berths.reach_days(kind));
    let watched = |from: i64, to: i64| -> f64 {
        let within = credits.iter().filter(|(at, _)| *at > from && *at <= to);
        within.map(|(_, days)| days).sum()
    };
    let until = at - (GUARD.max(WINDOW) * DAY) as i64;
    let start = until - (SPAN * DAY) as i64;
    let times = || {
        credits
            .iter()
            .map(|(at, _)| *at)
            .filter(|at| *at > start && *at <= until)
    };
    let first = times().next().filter(|first| *first < until)?;
    let days = (until - first) as f64 / DAY;
    if days < 28.0 || times().count() < 12 {
        return None;
    }
    let past: Vec<&Call> = (berths.counted().into_iter())
        .filter(|call| call.tanker() == tanker && call.first > first && call.first <= until)
        .collect();
    let mut ups = Vec::new();
    for moment in &past {
        let (from, to) = (moment.first - (WINDOW * DAY) as i64, moment.first);
        let window: Vec<&Call> = past
            .iter()
            .copied()
            .filter(|call| call.first > from && call.first <= to)
            .collect();
        let dark = window.iter().filter(|call| call.dark());
        let longest = dark.map(|call| call.length().0).fold(0.0, f64::max);
        let marks = [
            (true, 0.0, 0.0, 0.10),
            (true, 0.9, 0.0, 0.10),
            (true, 0.0, 0.8 * longest, 0.10),
            (false, 0.0, 0.0, 0.02),
        ];
        let mut best: Option<(f64, (i64, i64))> = None;
        for (dark, existence, length, bar) in marks {
            let has =
                |call: &&&Call| (call.dark() || !dark) && call.existence() >= existence && call.length().0 >= length;
            let seen: Vec<&&Call> = window.iter().filter(has).collect();
            let (Some(begin), Some(end)) = (
                seen.iter().map(|call| call.first).min(),
                seen.iter().map(|call| call.last).max(),
            ) else {
                continue;
            };
            let shape = past.iter().filter(has).count() as f64 + 0.5;
            let p = tail(
                shape,
                watched(first, until) + 10.0,
                watched(from, to).max(0.5),
                seen.len(),
            );
            if p <= bar && best.is_none_or(|(ratio, _)| p / bar < ratio) {
                best = Some((p / bar, (begin, end.min(to + (WINDOW * DAY) as i64))));
            }
        }
        ups.extend(best.map(|(_, up)| up));
    }
    let dark = past.iter().filter(|call| call.dark()).count() as f64;
    let dark_a_day = (dark + 2.0) / (days + 2.0 * WINDOW / 0.10);
    Some(Past { ups, days, dark_a_day })
}

/// When the yard would have been unusual, and over how many days.
fn rail(site: &Site, looks: &[(i64, String, &Look)], at: i64) -> Option<(Vec<(i64, i64)>, f64)> {
    let yard = site.zones.iter().find(|zone| zone.kind == ZoneKind::RailTrack)?;
    let samples = rail_past(&yard.id, looks, at)?;
    let (median, spread) = middle(&samples);
    let count = samples.len() as f64;
    let ups = samples.iter().enumerate().filter(|(index, (_, value))| {
        let others = samples.iter().enumerate().filter(|(other, _)| other != index);
        let rank = 1 + others.filter(|(_, (_, other))| other >= value).count();
        (value - median) / spread >= 3.5 && rank as f64 / count <= f64::max(0.02, 1.0 / count + 1e-12)
    });
    let ups = ups.map(|(_, (at, _))| (*at, *at)).collect();
    let days = (samples[samples.len() - 1].0 - samples[0].0) as f64 / DAY;
    Some((ups, days))
}
