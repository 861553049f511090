//! A measured level over time (cars, square metres, aircraft), and where a value stands in a window of it.
//!
//! Samples are kept in event time. A window is a pair of positions that can move both ways, with the values inside kept
//! sorted (in blocks): moving on by one sample takes one in and one out, and going back after a late look is the same in reverse. Who asks for
//! windows far apart in turn (before a running episode, and up to lately) has one each: none is moved to and fro.

use std::collections::VecDeque;

use super::{exposure::after, sorted::Sorted};

/// One level series.
#[derive(Clone, Debug, Default)]
pub struct Series {
    samples: VecDeque<(i64, f64)>,
    windows: [Window; Asks::ALL],
}

/// Who asks: each has a window of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A baseline that ends some weeks back.
    Far,
    /// A baseline that ends at the guard.
    Near,
    /// A baseline that ends before a running episode.
    Frozen,
}

impl Asks {
    const ALL: usize = 3;
}

/// Positions of the first sample inside and of the first beyond, and the values between in order.
#[derive(Clone, Debug, Default)]
struct Window {
    low: usize,
    high: usize,
    sorted: Sorted,
}

/// Where a value stands in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// Samples in the window.
    pub samples: usize,
    /// Days from the first of them to the last.
    pub days: f64,
    /// Median of the window.
    pub median: f64,
    /// Highest of the window.
    pub max: f64,
    /// Robust spread: the larger of the interquartile range / 1.349 and (90 % quantile - median) / 1.2816.
    pub spread: f64,
    /// 1 + samples that reach the value.
    pub rank: usize,
}

impl Standing {
    /// (value - median) / max(spread, floor).
    pub fn z(&self, value: f64, floor: f64) -> f64 {
        (value - self.median) / self.spread.max(floor).max(1e-9)
    }

    /// Probability of a value this high, by rank: rank / (samples + 1).
    pub fn p(&self) -> f64 {
        self.rank as f64 / (self.samples + 1) as f64
    }
}

impl Series {
    /// Adds a sample; late ones find their place.
    pub fn insert(&mut self, at_ms: i64, value: f64) {
        let place = after(&self.samples, |(at, _)| *at, at_ms);
        self.samples.insert(place, (at_ms, value));
        for window in &mut self.windows {
            if place < window.low {
                window.low += 1;
                window.high += 1;
            } else if place < window.high {
                window.high += 1;
                window.sorted.add(value);
            }
        }
    }

    /// Where `value` stands among the samples in (`from_ms`, `to_ms`].
    pub fn standing(&mut self, asks: Asks, value: f64, from_ms: i64, to_ms: i64) -> Standing {
        let Some(window) = self.windows.get_mut(asks as usize) else {
            return Standing::default();
        };
        window.seek(&self.samples, from_ms, to_ms);
        let count = window.sorted.len();
        let days = match (
            self.samples.get(window.low),
            window.high.checked_sub(1).and_then(|at| self.samples.get(at)),
        ) {
            (Some(first), Some(last)) if count > 0 => (last.0 - first.0) as f64 / 86_400_000.0,
            _ => 0.0,
        };
        let below = window.sorted.below(value);
        let median = window.quantile(0.5);
        let quartiles = window.quantile(0.75) - window.quantile(0.25);
        Standing {
            samples: count,
            days,
            median,
            max: window.sorted.last().unwrap_or(0.0),
            spread: (quartiles / 1.349).max((window.quantile(0.9) - median) / 1.2816),
            rank: 1 + count - below,
        }
    }

    /// The last `count` samples at or before `to_ms`, newest first.
    pub fn latest(&self, count: usize, to_ms: i64) -> impl Iterator<Item = (i64, f64)> + '_ {
        let end = after(&self.samples, |(at, _)| *at, to_ms);
        self.samples.range(..end).rev().take(count).copied()
    }

    /// Forgets samples at or before `until_ms`.
    pub fn forget(&mut self, until_ms: i64) {
        while self.samples.front().is_some_and(|(at, _)| *at <= until_ms) {
            let Some((_, value)) = self.samples.pop_front() else {
                return;
            };
            for window in &mut self.windows {
                if window.low > 0 {
                    window.low -= 1;
                    window.high -= 1;
                } else if window.high > 0 {
                    window.sorted.remove(value);
                    window.high -= 1;
                }
            }
        }
    }

    /// Samples kept.
    pub fn len(&self) -> usize {
        self.samples.len()
    }
}

impl Window {
    /// Quantile of the window: the value at position floor(q (n - 1) + 0.5).
    fn quantile(&self, q: f64) -> f64 {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted.get((q * last as f64 + 0.5) as usize).unwrap_or(0.0)
    }

    fn seek(&mut self, samples: &VecDeque<(i64, f64)>, from_ms: i64, to_ms: i64) {
        let low = after(samples, |(at, _)| *at, from_ms);
        let high = after(samples, |(at, _)| *at, to_ms).max(low);
        let value = |at: usize| samples.get(at).map_or(0.0, |(_, value)| *value);
        while self.high < high {
            self.sorted.add(value(self.high));
            self.high += 1;
        }
        while self.low > low {
            self.low -= 1;
            self.sorted.add(value(self.low));
        }
        while self.high > high {
            self.high -= 1;
            self.sorted.remove(value(self.high));
        }
        while self.low < low {
            self.sorted.remove(value(self.low));
            self.low += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_window_that_moved_anywhere_equals_one_built_afresh(
            samples in prop::collection::vec((0_i64..100, 0_u32..50), 1..60),
            windows in prop::collection::vec((0_i64..100, 0_i64..100, 0_u32..60), 1..20),
            forget in 0_i64..40,
        ) {
            let mut moved = Series::default();
            let mut seen: Vec<(i64, f64)> = Vec::new();
            for (index, (at, value)) in samples.iter().enumerate() {
                moved.insert(*at, f64::from(*value));
                seen.push((*at, f64::from(*value)));
                if let Some((from, to, value)) = windows.get(index % windows.len()) {
                    let mut fresh = Series::default();
                    for (at, value) in &seen { fresh.insert(*at, *value); }
                    let asks = [Asks::Far, Asks::Near, Asks::Frozen][index % 3];
                    let expected = fresh.standing(Asks::Far, f64::from(*value), *from, *to);
                    prop_assert_eq!(moved.standing(asks, f64::from(*value), *from, *to), expected);
                }
            }
            moved.forget(forget);
            let mut fresh = Series::default();
            for (at, value) in seen.iter().filter(|(at, _)| *at > forget) { fresh.insert(*at, *value); }
            for asks in [Asks::Far, Asks::Near, Asks::Frozen] {
                prop_assert_eq!(moved.standing(asks, 10.0, forget, 100), fresh.standing(Asks::Far, 10.0, forget, 100));
            }
        }
    }

    #[test]
    fn the_highest_of_twenty_days_has_rank_one() {
        let mut series = Series::default();
        for day in 0..20 {
            series.insert(day, f64::from(day as i32 % 5));
        }
        let standing = series.standing(Asks::Far, 9.0, -1, 100);
        assert_eq!((standing.rank, standing.samples), (1, 20));
        assert!(standing.z(9.0, 0.5) > 3.0);
    }
}
