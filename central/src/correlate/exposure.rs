//! How long a zone was watched: the exposure that makes counts comparable under clouds.
//!
//! A call of dwell D is seen by a clear look at t when the vessel arrived in (t - D, t]. So a look adds the time since the
//! clear look before it, at most D: daily looks add a day each, a look after three weeks of cloud adds D. Running sums are kept for a
//! few dwell times, so that the exposure between two instants is two binary searches.

use std::collections::VecDeque;

use quaywatch_protocol::contract::time::DAY_MS;

/// Dwell times for which sums are kept, days: what lies between takes the nearest by ratio.
const DWELLS_DAYS: [f64; 6] = [0.125, 0.35, 1.0, 2.0, 4.0, 8.0];

/// Clear looks of one zone or group of zones, in event time.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    looks: VecDeque<Clear>,
}

#[derive(Clone, Copy, Debug)]
struct Clear {
    at_ms: i64,
    share: f64,
    /// Exposure from the beginning up to and with this look, days, by dwell.
    sums: [f64; DWELLS_DAYS.len()],
}

impl Exposure {
    /// Adds a clear look that saw `share` of the group; late ones find their place.
    pub fn insert(&mut self, at_ms: i64, share: f64) {
        let place = self.looks.partition_point(|look| look.at_ms <= at_ms);
        self.looks.insert(
            place,
            Clear {
                at_ms,
                share,
                sums: [0.0; DWELLS_DAYS.len()],
            },
        );
        self.sum_from(place);
    }

    fn sum_from(&mut self, place: usize) {
        let mut before = place.checked_sub(1).and_then(|at| self.looks.get(at)).copied();
        for look in self.looks.range_mut(place..) {
            for (slot, dwell) in DWELLS_DAYS.iter().enumerate() {
                let gap = before.map_or(f64::INFINITY, |before| {
                    (look.at_ms - before.at_ms) as f64 / DAY_MS as f64
                });
                let sum = before.and_then(|before| before.sums.get(slot).copied()).unwrap_or(0.0);
                if let Some(into) = look.sums.get_mut(slot) {
                    *into = sum + gap.min(*dwell) * look.share;
                }
            }
            before = Some(*look);
        }
    }

    /// Exposure in (`from_ms`, `to_ms`], days, for calls of about `dwell_days`.
    pub fn days(&self, from_ms: i64, to_ms: i64, dwell_days: f64) -> f64 {
        let slot = nearest(dwell_days);
        let sum = |until: i64| {
            let at = self.looks.partition_point(|look| look.at_ms <= until);
            at.checked_sub(1)
                .and_then(|at| self.looks.get(at))
                .and_then(|look| look.sums.get(slot).copied())
                .unwrap_or_else(|| self.base(slot))
        };
        (sum(to_ms) - sum(from_ms)).max(0.0)
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
        let until = |at: i64| self.looks.partition_point(|look| look.at_ms <= at);
        until(to_ms).saturating_sub(until(from_ms))
    }

    /// First clear look after `from_ms`.
    pub fn first_after(&self, from_ms: i64) -> Option<i64> {
        self.looks
            .get(self.looks.partition_point(|look| look.at_ms <= from_ms))
            .map(|look| look.at_ms)
    }

    /// Last clear look at or before `to_ms`.
    pub fn last_until(&self, to_ms: i64) -> Option<i64> {
        let at = self.looks.partition_point(|look| look.at_ms <= to_ms);
        at.checked_sub(1)
            .and_then(|at| self.looks.get(at))
            .map(|look| look.at_ms)
    }

    /// Forgets looks at or before `until_ms`; the sums stay right.
    pub fn forget(&mut self, until_ms: i64) {
        while self.looks.front().is_some_and(|look| look.at_ms <= until_ms) {
            self.looks.pop_front();
        }
    }

    /// Looks kept.
    pub fn len(&self) -> usize {
        self.looks.len()
    }
}

fn nearest(dwell_days: f64) -> usize {
    let wanted = dwell_days.max(0.01).ln();
    let mut best = (0, f64::INFINITY);
    for (slot, dwell) in DWELLS_DAYS.iter().enumerate() {
        let off = (dwell.ln() - wanted).abs();
        if off < best.1 {
            best = (slot, off);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
