//! A measured level over time (cars, square metres, aircraft), and where a value stands in a window of it.
//!
//! Samples are kept in event time. A window is a pair of positions that can move both ways, with the values inside kept
//! sorted: moving on by one sample costs one insertion and one removal, and going back after a late look is the same in reverse.

use std::collections::VecDeque;

/// One level series.
#[derive(Clone, Debug, Default)]
pub struct Series {
    samples: VecDeque<(i64, f64)>,
    low: usize,
    high: usize,
    sorted: Vec<f64>,
}

/// Where a value stands in a window.
#[derive(Clone, Copy, Debug, PartialEq)]
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
        let place = self.samples.partition_point(|(at, _)| *at <= at_ms);
        self.samples.insert(place, (at_ms, value));
        if place < self.low {
            self.low += 1;
            self.high += 1;
        } else if place < self.high {
            self.high += 1;
            self.add(value);
        }
    }

    /// Where `value` stands among the samples in (`from_ms`, `to_ms`].
    pub fn standing(&mut self, value: f64, from_ms: i64, to_ms: i64) -> Standing {
        self.seek(from_ms, to_ms);
        let count = self.sorted.len();
        let days = match (
            self.samples.get(self.low),
            self.high.checked_sub(1).and_then(|at| self.samples.get(at)),
        ) {
            (Some(first), Some(last)) if count > 0 => (last.0 - first.0) as f64 / 86_400_000.0,
            _ => 0.0,
        };
        let below = self.sorted.partition_point(|each| *each < value);
        let median = self.quantile(0.5);
        Standing {
            samples: count,
            days,
            median,
            max: self.sorted.last().copied().unwrap_or(0.0),
            spread: ((self.quantile(0.75) - self.quantile(0.25)) / 1.349).max((self.quantile(0.9) - median) / 1.2816),
            rank: 1 + count - below,
        }
    }

    /// The last `count` samples at or before `to_ms`, newest first.
    pub fn latest(&self, count: usize, to_ms: i64) -> impl Iterator<Item = (i64, f64)> + '_ {
        let end = self.samples.partition_point(|(at, _)| *at <= to_ms);
        self.samples.range(..end).rev().take(count).copied()
    }

    /// Quantile of the window: the value at position floor(q (n - 1) + 0.5).
    fn quantile(&self, q: f64) -> f64 {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted
            .get((q * last as f64 + 0.5) as usize)
            .copied()
            .unwrap_or(0.0)
    }

    fn seek(&mut self, from_ms: i64, to_ms: i64) {
        let low = self.samples.partition_point(|(at, _)| *at <= from_ms);
        let high = self.samples.partition_point(|(at, _)| *at <= to_ms).max(low);
        while self.high < high {
            self.add_at(self.high);
            self.high += 1;
        }
        while self.low > low {
            self.low -= 1;
            self.add_at(self.low);
        }
        while self.high > high {
            self.high -= 1;
            self.remove_at(self.high);
        }
        while self.low < low {
            self.remove_at(self.low);
            self.low += 1;
        }
    }

    fn add_at(&mut self, at: usize) {
        if let Some((_, value)) = self.samples.get(at).copied() {
            self.add(value);
        }
    }

    fn add(&mut self, value: f64) {
        let place = self.sorted.partition_point(|each| *each < value);
        self.sorted.insert(place, value);
    }

    fn remove_at(&mut self, at: usize) {
        if let Some((_, value)) = self.samples.get(at).copied() {
            let place = self.sorted.partition_point(|each| *each < value);
            if place < self.sorted.len() {
                self.sorted.remove(place);
            }
        }
    }

    /// Forgets samples at or before `until_ms`.
    pub fn forget(&mut self, until_ms: i64) {
        while self.samples.front().is_some_and(|(at, _)| *at <= until_ms) {
            if self.low == 0 && self.high > 0 {
                self.remove_at(0);
                self.high -= 1;
            } else if self.low > 0 {
                self.low -= 1;
                self.high -= 1;
            }
            self.samples.pop_front();
        }
    }

    /// Samples kept.
    pub fn len(&self) -> usize {
        self.samples.len()
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
                    prop_assert_eq!(moved.standing(f64::from(*value), *from, *to), fresh.standing(f64::from(*value), *from, *to));
                }
            }
            moved.forget(forget);
            let mut fresh = Series::default();
            for (at, value) in seen.iter().filter(|(at, _)| *at > forget) { fresh.insert(*at, *value); }
            prop_assert_eq!(moved.standing(10.0, forget, 100), fresh.standing(10.0, forget, 100));
        }
    }

    #[test]
    fn the_highest_of_twenty_days_has_rank_one() {
        let mut series = Series::default();
        for day in 0..20 {
            series.insert(day, f64::from(day as i32 % 5));
        }
        let standing = series.standing(9.0, -1, 100);
        assert_eq!((standing.rank, standing.samples), (1, 20));
        assert!(standing.z(9.0, 0.5) > 3.0);
    }
}
