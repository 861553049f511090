//! What chance does at a site: how often each signal of a rule would have come up in the site's own past, judged by today's bar.
//!
//! How often a signal *did* come up tells little of how often it will. The bar moves: after a year with many dark calls a single one is no longer
//! unusual, and the highest of twelve looks is soon the tenth of two hundred. So the past is judged again, each moment of it by the bar that holds
//! now, and the times in which a signal would have been unusual are put together as the rule does it. Where there is hardly any past, the
//! bar itself tells how often chance passes it.

use quaywatch_protocol::contract::time::DAY_MS;

use super::{
    book::SitePlan,
    chance::Rate,
    facts::Facts,
    levels::Gauge,
    site::{CallFact, Group, SiteState},
    tally::Counted,
    traffic::YEAR_DAYS,
};
use crate::rules::{Coincidence, Rules, SignalKind};

/// Times that the bar of calls itself stands for: a test that chance passes with probability p over windows of W days comes up p / W times a day, but
/// no more often than dark calls come.
const CALLS_PRIOR_TIMES: f64 = 2.0;
/// Times that a level is taken to have come up before there is a past, over [`LEVELS_PRIOR_DAYS`]: between what a normal tail (0.04 a year of
/// 180 looks beyond 3.5 deviations) and an exponential one (1.1) give.
const LEVELS_PRIOR_TIMES: f64 = 0.5;
const LEVELS_PRIOR_DAYS: f64 = YEAR_DAYS;
/// Share of the window that a signal of calls lasts until a site's own have told; counts like one time.
const LASTING_PRIOR_SHARE: f64 = 0.25;
/// Calls are as long as the longest from this share of its length.
const LIKE_LENGTH: f64 = 0.8;
/// Least exposure of a window, days.
pub const WATCHED_DAYS_MIN: f64 = 0.5;

/// The kinds of calls that are counted for a signal, each with its bar: the dark ones (all; the sure ones; those as long as the longest), and all
/// of them. False sightings are short and unsure, so the sure calls and the long ones are also judged among their own kind.
pub const fn marks(keys: &Coincidence, longest_dark_m: f64) -> [(Counted, f64); 4] {
    [
        (Counted::Dark, keys.dark_p_max),
        (Counted::SureDark, keys.dark_p_max),
        (Counted::LongDark(LIKE_LENGTH * longest_dark_m), keys.dark_p_max),
        (Counted::All, keys.calls_p_max),
    ]
}

/// The calls that a signal counts; none: it has levels only.
pub const fn group_of(kind: SignalKind) -> Option<Group> {
    match kind {
        SignalKind::Dock => Some(Group::Dock),
        SignalKind::Tanker => Some(Group::Tanker),
        SignalKind::Rail | SignalKind::Storage | SignalKind::Air => None,
    }
}

/// A site's past, and the moment from which it is looked back on.
#[derive(Clone, Copy)]
pub struct Background<'a> {
    pub plan: &'a SitePlan,
    pub rules: &'a Rules,
    pub facts: &'a Facts,
    pub state: &'a SiteState,
    pub now_ms: i64,
}

/// How often a signal comes up by chance, and how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Habit {
    per_day: f64,
    lasting_days: f64,
}

/// A time in which a signal would have been unusual: from, to.
type Up = (i64, i64);

impl Background<'_> {
    /// Expected coincidences a year by chance, each counted once however long it goes on.
    ///
    /// Signal i comes up r_i times a day and lasts d_i days in the mean. Two times of one signal are more than the window W apart, so it was up, or
    /// within W after it, for the share s_i = r_i (d_i + W) of the time. The last signal to come completes the pattern when each other one is up or
    /// was within W before: 365.25 times the sum over i of r_i times the product over the others of their shares. Those that come
    /// within the cooldown of one are one with it.
    pub fn expected_false(&self, keys: &Coincidence, kinds: &[SignalKind]) -> f64 {
        let signals: Vec<(f64, f64)> = (kinds.iter())
            .map(|kind| {
                let habit = self.habit(keys, *kind);
                let share = (habit.per_day * (keys.window_days + habit.lasting_days)).min(1.0);
                (habit.per_day, share)
            })
            .collect();
        let mut sum = 0.0;
        for (last, (rate, _)) in signals.iter().enumerate() {
            let others = signals.iter().enumerate().filter(|(at, _)| *at != last);
            sum += rate * others.map(|(_, (_, share))| share).product::<f64>();
        }
        let a_year = YEAR_DAYS * sum;
        a_year / (1.0 + a_year * keys.cooldown_days / YEAR_DAYS)
    }

    fn habit(&self, keys: &Coincidence, kind: SignalKind) -> Habit {
        let (mut ups, mut days) = (Vec::new(), 0.0_f64);
        let group = group_of(kind);
        let mut by_the_bar = keys.dark_p_max / keys.window_days;
        if let Some((calls, over, dark)) = group.and_then(|group| self.calls(keys, group)) {
            ups.extend(calls);
            days = days.max(over);
            by_the_bar = by_the_bar.min(dark);
        }
        for gauge in self.facts.gauges.iter().filter(|gauge| gauge.kind == kind) {
            if let Some((levels, over)) = self.levels(keys, gauge) {
                ups.extend(levels);
                days = days.max(over);
            }
        }
        let ups = joined(ups, keys.window_days);
        let times = ups.len() as f64;
        let lasted: f64 = ups.iter().map(|(from, to)| in_days(to - from)).sum();
        let (prior, prior_days, prior_lasting) = if group.is_some() {
            (
                CALLS_PRIOR_TIMES,
                CALLS_PRIOR_TIMES / by_the_bar,
                LASTING_PRIOR_SHARE * keys.window_days,
            )
        } else {
            (LEVELS_PRIOR_TIMES, LEVELS_PRIOR_DAYS, 0.0)
        };
        Habit {
            per_day: (times + prior) / (days + prior_days),
            lasting_days: (lasted + prior_lasting) / (times + 1.0),
        }
    }

    fn back(&self, days: f64) -> i64 {
        self.now_ms - (days * DAY_MS as f64) as i64
    }

    /// The times in which calls of a group would have been unusual, over how many days, and how many dark calls come a day; `None`: not enough
    /// history.
    fn calls(&self, keys: &Coincidence, group: Group) -> Option<(Vec<Up>, f64, f64)> {
        let base = &self.rules.baseline;
        let until = self.back(base.guard_days.max(keys.window_days));
        let from = until - (base.span_days * DAY_MS as f64) as i64;
        let exposure = self.facts.exposure(group)?;
        let first = exposure.first_after(from).filter(|first| *first < until)?;
        let days = in_days(until - first);
        if days < base.history_days_min || (exposure.looks(from, until) as f64) < base.clear_looks_min {
            return None;
        }
        let dwell = self.state.dwell_days(group, self.plan, self.rules);
        let watched = exposure.days(first, until, dwell) + base.prior_days;
        let mut past: Vec<&CallFact> = (self.state.calls(self.facts, first, until))
            .map(AsRef::as_ref)
            .filter(|call| group.has(call))
            .collect();
        past.sort_by_key(|call| call.first_ms);
        let held = |counted: Counted| past.iter().filter(|call| counted.has(call, self.rules)).count() as f64;
        let (all, dark, sure) = (held(Counted::All), held(Counted::Dark), held(Counted::SureDark));
        let calls_of = |counted: Counted| match counted {
            Counted::All => all,
            Counted::Dark => dark,
            Counted::SureDark => sure,
            other => held(other),
        };
        let window_ms = (keys.window_days * DAY_MS as f64) as i64;
        let (mut ups, mut low) = (Vec::new(), 0);
        for (high, moment) in past.iter().enumerate() {
            let at = moment.first_ms;
            while past.get(low).is_some_and(|call| call.first_ms <= at - window_ms) {
                low += 1;
            }
            let window = past.get(low..=high).unwrap_or_default();
            let in_window = exposure.days(at - window_ms, at, dwell).max(WATCHED_DAYS_MIN);
            let longest = (window.iter().filter(|call| call.dark)).map(|call| call.length.0);
            let mut best: Option<(f64, Up)> = None;
            for (counted, bar) in marks(keys, longest.fold(0.0, f64::max)) {
                let seen = || window.iter().filter(|call| counted.has(call, self.rules));
                let (count, up) = seen().fold((0, (i64::MAX, i64::MIN)), |(count, (from, to)), call| {
                    (count + 1, (from.min(call.first_ms), to.max(call.last_ms)))
                });
                if count == 0 {
                    continue;
                }
                let rate = Rate {
                    calls: calls_of(counted) + base.prior_calls,
                    days: watched,
                };
                let p = rate.at_least(count, in_window);
                if p <= bar && best.is_none_or(|(ratio, _)| p / bar < ratio) {
                    best = Some((p / bar, (up.0, up.1.min(at + window_ms))));
                }
            }
            ups.extend(best.map(|(_, up)| up));
        }
        let prior_days = CALLS_PRIOR_TIMES * keys.window_days / keys.dark_p_max;
        Some((ups, days, (dark + CALLS_PRIOR_TIMES) / (days + prior_days)))
    }

    /// The looks in which a level would have been unusual among all the others, and over how many days; `None`: not enough history.
    fn levels(&self, keys: &Coincidence, gauge: &Gauge) -> Option<(Vec<Up>, f64)> {
        let past = gauge.past(self.rules, self.now_ms)?;
        let count = past.sorted.len();
        let bar = keys.level_p_max.max(1.0 / count as f64 + 1e-12);
        let ups = past.samples.iter().filter(|(_, value)| {
            // Its rank among the others: itself, and those that reach it.
            let rank = count - past.sorted.partition_point(|other| other < value);
            (value - past.median) / past.spread >= keys.level_z_min && rank as f64 / count as f64 <= bar
        });
        let ups = ups.map(|(at, _)| (*at, *at)).collect();
        let days = in_days(past.samples.last()?.0 - past.samples.first()?.0);
        Some((ups, days))
    }
}

fn in_days(ms: i64) -> f64 {
    ms as f64 / DAY_MS as f64
}

/// Times that are within the window of each other are one.
fn joined(mut ups: Vec<Up>, window_days: f64) -> Vec<Up> {
    ups.sort_unstable();
    let mut all: Vec<Up> = Vec::with_capacity(ups.len());
    for (from, to) in ups {
        match all.last_mut() {
            Some(before) if in_days(from - before.1) <= window_days => before.1 = before.1.max(to),
            _ => all.push((from, to)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use quaywatch_protocol::contract::Site;

    use super::{super::book::SiteBook, *};
    use crate::rules::{DEFAULT_TOML, RuleKind};

    const PORT: &str = r#"{"type":"FeatureCollection","site":"port","name":"Port","features":[
        {"type":"Feature","properties":{"zone":"pier","kind":"berth"},"geometry":{"type":"Polygon",
         "coordinates":[[[130.0,42.0],[130.01,42.0],[130.01,42.01],[130.0,42.01],[130.0,42.0]]]}}]}"#;

    fn expected(change: impl Fn(&mut Coincidence)) -> f64 {
        let rules = Rules::from_toml(DEFAULT_TOML).unwrap();
        let book = SiteBook::new([&Site::from_geojson(PORT).unwrap()]);
        let plan = book.at(0).unwrap();
        let (mut keys, kinds) = (rules.rules.iter())
            .find_map(|rule| match &rule.kind {
                RuleKind::Coincidence(keys, kinds) => Some((*keys, kinds.clone())),
                _ => None,
            })
            .unwrap();
        change(&mut keys);
        let background = Background {
            plan,
            rules: &rules,
            facts: &Facts::new(plan),
            state: &SiteState::default(),
            now_ms: 0,
        };
        background.expected_false(&keys, &kinds)
    }

    #[test]
    fn without_a_past_the_bars_themselves_tell_how_often_chance_passes_them() {
        // Calls: r = 2 / 140 a day, d = 1.75, s = r (7 + 1.75) = 0.125. Rail: r = 0.5 / 365.25, s = 7 r.
        // 365.25 (2 x 0.0142857 x 0.125 x 0.0095825 + 0.00136893 x 0.125²) = 0.02031.
        assert!((expected(|_| ()) - 0.02031).abs() < 5e-5, "{}", expected(|_| ()));
        assert!(expected(|keys| keys.dark_p_max = 0.05) < 0.5 * expected(|_| ()));
    }

    #[test]
    fn no_more_alerts_are_expected_than_the_cooldown_leaves_room_for() {
        let often = expected(|keys| {
            keys.window_days = 90.0;
            keys.dark_p_max = 0.5;
            keys.cooldown_days = 365.0;
        });
        assert!(often > 0.3 && often < 365.25 / 365.0, "{often}");
    }

    #[test]
    fn times_within_the_window_of_each_other_are_one() {
        let day = DAY_MS;
        let ups = vec![(20 * day, 21 * day), (0, day), (8 * day, 8 * day), (2 * day, 3 * day)];
        assert_eq!(joined(ups, 7.0), [(0, 8 * day), (20 * day, 21 * day)]);
    }
}
