//! How long a zone was watched: the exposure that makes counts comparable under clouds.
//!
//! A call of dwell D is seen by a clear look at t when the vessel arrived in (t - D, t]. So a look adds the time since the
//! clear look before it, at most D: daily looks add a day each, a look after three weeks of cloud adds D. Running sums are kept for a
//! few dwell times, so that the exposure between two instants is two searches. Most of them ask for lately, or for the beginning: a search
//! begins at the nearer end and doubles its steps, so what it costs follows from how far back is asked and not from how long the history is.

use std::collections::VecDeque;

use quaywatch_protocol::contract::time::DAY_MS;

/// Dwell times for which sums are kept, days: what lies between takes the nearest by ratio.
const DWELLS_DAYS: [f64; 6] = [0.125, 0.35, 1.0, 2.0, 4.0, 8.0];
/// Where the nearest by ratio changes from one dwell time to the next: the square roots of the products of neighbours, days.
const BETWEEN_DAYS: [f64; 5] = [
    0.209_165_006_633_519,
    0.591_607_978_309_961_6,
    std::f64::consts::SQRT_2,
    2.0 * std::f64::consts::SQRT_2,
    4.0 * std::f64::consts::SQRT_2,
];

/// What a look is credited with at most, days, for calls of about `dwell_days`.
pub fn credit_days(dwell_days: f64) -> f64 {
    DWELLS_DAYS.get(nearest(dwell_days)).copied().unwrap_or(f64::INFINITY)
}

/// The clear looks of a time: the first of them, how many they are, and the exposure after the first, days.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    pub first_ms: i64,
    pub looks: usize,
    pub days: f64,
}

/// Clear looks of one zone or group of zones, in event time.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    /// When each was.
    at_ms: VecDeque<i64>,
    looks: VecDeque<Clear>,
}

#[derive(Clone, Copy, Debug)]
struct Clear {
    share: f64,
    /// Exposure from the beginning up to and with this look, days, by dwell.
    sums: [f64; DWELLS_DAYS.len()],
}

impl Exposure {
    /// Adds a clear look that saw `share` of the group; late ones find their place.
    pub fn insert(&mut self, at_ms: i64, share: f64) {
        let place = self.after(at_ms);
        let look = Clear {
            share,
            sums: [0.0; DWELLS_DAYS.len()],
        };
        if place == self.at_ms.len() {
            self.at_ms.push_back(at_ms);
            self.looks.push_back(look);
        } else {
            self.at_ms.insert(place, at_ms);
            self.looks.insert(place, look);
        }
        self.sum_from(place);
    }

    fn sum_from(&mut self, place: usize) {
        let before = place.checked_sub(1);
        let mut last = before.and_then(|at| Some((*self.at_ms.get(at)?, self.looks.get(at)?.sums)));
        for (at_ms, look) in self.at_ms.range(place..).zip(self.looks.range_mut(place..)) {
            let (gap, sums) = last.map_or((f64::INFINITY, [0.0; DWELLS_DAYS.len()]), |(before_ms, sums)| {
                ((at_ms - before_ms) as f64 / DAY_MS as f64, sums)
            });
            for ((into, sum), dwell) in look.sums.iter_mut().zip(sums).zip(DWELLS_DAYS) {
                *into = sum + gap.min(dwell) * look.share;
            }
            last = Some((*at_ms, look.sums));
        }
    }

    /// Position of the first look after an instant.
    fn after(&self, at_ms: i64) -> usize {
        after(&self.at_ms, |at| *at, at_ms)
    }

    /// Exposure in (`from_ms`, `to_ms`], days, for calls of about `dwell_days`.
    pub fn days(&self, from_ms: i64, to_ms: i64, dwell_days: f64) -> f64 {
        let slot = nearest(dwell_days);
        let sum = |until: i64| {
            let at = self.after(until);
            at.checked_sub(1)
                .and_then(|at| self.looks.get(at))
                .and_then(|look| look.sums.get(slot).copied())
                .unwrap_or_else(|| self.base(slot))
        };
        (sum(to_ms) - sum(from_ms)).max(0.0)
    }

    /// The clear looks in (`from_ms`, `to_ms`]; `None` where there is none.
    pub fn watched(&self, from_ms: i64, to_ms: i64, dwell_days: f64) -> Option<Watched> {
        let (low, high) = (self.after(from_ms), self.after(to_ms));
        let first_ms = self.at_ms.get(low).copied().filter(|_| low < high)?;
        let slot = nearest(dwell_days);
        let sum = |at: usize| self.looks.get(at).and_then(|look| look.sums.get(slot).copied());
        // Looks of the same moment as the first are no time after it.
        let same = self.at_ms.range(low..high).take_while(|at| **at == first_ms).count();
        let days = sum(high - 1).unwrap_or(0.0) - sum(low + same - 1).unwrap_or(0.0);
        Some(Watched {
            first_ms,
            looks: high - low,
            days: days.max(0.0),
        })
    }

    /// What was summed up before the first look that is still kept.
    fn base(&self, slot: usize) -> f64 {
        let Some(first) = self.looks.front() else { return 0.0 };
        let dwell = DWELLS_DAYS.get(slot).copied().unwrap_or(1.0);
        first
            .sums
            .get(slot)
            .map_or(0.0, |sum| (sum - dwell * first.share).max(0.0))
    }

    /// Clear looks in (`from_ms`, `to_ms`].
    pub fn looks(&self, from_ms: i64, to_ms: i64) -> usize {
        self.after(to_ms).saturating_sub(self.after(from_ms))
    }

    /// First clear look after `from_ms`.
    pub fn first_after(&self, from_ms: i64) -> Option<i64> {
        self.at_ms.get(self.after(from_ms)).copied()
    }

    /// Last clear look at or before `to_ms`.
    pub fn last_until(&self, to_ms: i64) -> Option<i64> {
        let at = self.after(to_ms).checked_sub(1)?;
        self.at_ms.get(at).copied()
    }

    /// Forgets looks at or before `until_ms`; the sums stay right.
    pub fn forget(&mut self, until_ms: i64) {
        while self.at_ms.front().is_some_and(|at| *at <= until_ms) {
            self.at_ms.pop_front();
            self.looks.pop_front();
        }
    }

    /// Looks kept.
    pub fn len(&self) -> usize {
        self.looks.len()
    }
}

/// Position of the first of these, which are in the order of time, that is after an instant: sought from the nearer end with doubling steps.
pub fn after<T>(all: &VecDeque<T>, time_ms: impl Fn(&T) -> i64, at_ms: i64) -> usize {
    let is_after = |at: usize| all.get(at).is_none_or(|each| time_ms(each) > at_ms);
    let (Some(first), Some(last)) = (all.front().map(&time_ms), all.back().map(&time_ms)) else {
        return 0;
    };
    if last <= at_ms {
        return all.len();
    }
    if first > at_ms {
        return 0;
    }
    // What is sought lies in (low, high]: `low` is not after the instant, `high` is.
    let (mut low, mut high, mut step) = (0, all.len() - 1, 1);
    if at_ms - first < last - at_ms {
        while low + step < high {
            if is_after(low + step) {
                high = low + step;
                break;
            }
            low += step;
            step *= 2;
        }
    } else {
        while high > low + step {
            if !is_after(high - step) {
                low = high - step;
                break;
            }
            high -= step;
            step *= 2;
        }
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_after(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

fn nearest(dwell_days: f64) -> usize {
    BETWEEN_DAYS.iter().filter(|between| dwell_days > **between).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_wherever_it_is_asked_for() {
        let times: VecDeque<i64> = [1, 1, 2, 5, 5, 5, 9, 40, 41, 41, 60].into();
        for at_ms in 0..62 {
            let expected = times.iter().filter(|each| **each <= at_ms).count();
            assert_eq!(after(&times, |each| *each, at_ms), expected, "{at_ms}");
        }
    }

    #[test]
    fn a_dwell_time_takes_the_nearest_by_ratio() {
        for hundredths in 1..1_500 {
            let dwell = f64::from(hundredths) / 100.0 + 1e-5;
            let off = |slot: usize| (DWELLS_DAYS[slot].ln() - dwell.ln()).abs();
            let best = (0..DWELLS_DAYS.len())
                .min_by(|a, b| off(*a).total_cmp(&off(*b)))
                .unwrap();
            assert_eq!(nearest(dwell), best, "{dwell}");
        }
    }

    #[test]
    fn three_weeks_of_cloud_add_one_dwell_and_not_three_weeks() {
        let mut exposure = Exposure::default();
        for day in (0..10).chain(31..40) {
            exposure.insert(day * DAY_MS, 1.0);
        }
        assert!((exposure.days(0, 9 * DAY_MS, 2.0) - 9.0).abs() < 1e-9);
        assert!((exposure.days(9 * DAY_MS, 31 * DAY_MS, 2.0) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_late_look_gives_the_same_sums_as_one_in_time() {
        let (mut late, mut timely) = (Exposure::default(), Exposure::default());
        for day in [1, 2, 5, 3, 8] {
            late.insert(day * DAY_MS, 1.0);
        }
        for day in [1, 2, 3, 5, 8] {
            timely.insert(day * DAY_MS, 1.0);
        }
        assert_eq!(
            late.days(DAY_MS, 8 * DAY_MS, 1.0).to_bits(),
            timely.days(DAY_MS, 8 * DAY_MS, 1.0).to_bits()
        );
    }

    /// What a look adds, from its definition: the time since the look before it, at most the dwell time, by the share it saw.
    fn plainly(looks: &[(i64, f64)], from_ms: i64, to_ms: i64, dwell_days: f64) -> f64 {
        let mut days = 0.0;
        for (at, (at_ms, share)) in looks.iter().enumerate() {
            let since = at
                .checked_sub(1)
                .map_or(f64::INFINITY, |before| (at_ms - looks[before].0) as f64 / DAY_MS as f64);
            if *at_ms > from_ms && *at_ms <= to_ms {
                days += since.min(dwell_days) * share;
            }
        }
        days
    }

    #[test]
    fn between_any_two_instants_it_is_what_the_looks_between_them_add_also_after_old_looks_are_forgotten() {
        let mut looks: Vec<(i64, f64)> = (0..40_i64)
            .map(|number| {
                let at_ms = number * DAY_MS + (number * number % 7) * DAY_MS / 3;
                (at_ms, [1.0, 0.5, 0.25][number as usize % 3])
            })
            .collect();
        looks.sort_by_key(|(at_ms, _)| *at_ms);
        let mut whole = Exposure::default();
        for (at_ms, share) in &looks {
            whole.insert(*at_ms, *share);
        }
        let mut shortened = whole.clone();
        shortened.forget(looks[14].0);
        for dwell in DWELLS_DAYS {
            for from in -1..45 {
                for to in from..45 {
                    let (from_ms, to_ms) = (from * DAY_MS, to * DAY_MS);
                    let expected = plainly(&looks, from_ms, to_ms, dwell);
                    assert!(
                        (whole.days(from_ms, to_ms, dwell) - expected).abs() < 1e-9,
                        "{dwell} {from} {to}"
                    );
                    if from_ms >= looks[15].0 {
                        assert!(
                            (shortened.days(from_ms, to_ms, dwell) - expected).abs() < 1e-9,
                            "{dwell} {from} {to}"
                        );
                    } else {
                        // What is forgotten was never: the first look that is kept counts as a first look does.
                        let kept = plainly(&looks[15..], from_ms, to_ms, dwell);
                        assert!(
                            (shortened.days(from_ms, to_ms, dwell) - kept).abs() < 1e-9,
                            "{dwell} {from} {to}"
                        );
                    }
                }
            }
        }
    }
}
