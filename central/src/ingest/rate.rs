//! How many events a second a station may send: a token bucket each, in integer thousandths. Pure: the time is passed in.

use std::collections::BTreeMap;

use quaywatch_protocol::{contract::time::UnixMs, ids::StationId};

/// One token, in thousandths: a bucket gains `per_s` thousandths each millisecond.
const TOKEN: i64 = 1_000;

/// A bucket of tokens.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    per_s: i64,
    burst: i64,
    level: i64,
    at: UnixMs,
}

impl Bucket {
    /// A full bucket that fills by `per_s` a second up to `burst`.
    #[must_use]
    pub fn new(per_s: u32, burst: u32, now: UnixMs) -> Self {
        let burst = i64::from(burst) * TOKEN;
        Self {
            per_s: i64::from(per_s),
            burst,
            level: burst,
            at: now,
        }
    }

    /// Takes one token; false when none is left. A clock that steps back gives nothing.
    pub fn take(&mut self, now: UnixMs) -> bool {
        let passed_ms = (now.0 - self.at.0).max(0);
        self.level = self
            .level
            .saturating_add(passed_ms.saturating_mul(self.per_s))
            .min(self.burst);
        self.at = now;
        if self.level < TOKEN {
            return false;
        }
        self.level -= TOKEN;
        true
    }
}

/// The buckets of all stations. Only registered stations reach it, so it has at most as many entries as the registry had.
#[derive(Clone, Debug)]
pub struct Rates {
    per_s: u32,
    burst: u32,
    buckets: BTreeMap<StationId, Bucket>,
}

impl Rates {
    /// Buckets that fill by `per_s` events a second up to `burst`.
    #[must_use]
    pub const fn new(per_s: u32, burst: u32) -> Self {
        Self {
            per_s,
            burst,
            buckets: BTreeMap::new(),
        }
    }

    /// Takes one event's worth; false when the station has none left.
    pub fn take(&mut self, station: &StationId, now: UnixMs) -> bool {
        let full = Bucket::new(self.per_s, self.burst, now);
        self.buckets.entry(station.clone()).or_insert(full).take(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_long_run_rate_and_one_station_never_costs_another() {
        let mut rates = Rates::new(10, 5);
        let (a, b) = (StationId::new("a").unwrap(), StationId::new("b").unwrap());
        let taken = (0..20).filter(|_| rates.take(&a, UnixMs(0))).count();
        assert_eq!(taken, 5);
        assert!(rates.take(&b, UnixMs(0)));
        let later = (1..=1_000).filter(|ms| rates.take(&a, UnixMs(*ms))).count();
        assert_eq!(later, 10);
    }

    #[test]
    fn a_clock_that_steps_back_gives_and_takes_nothing() {
        let mut rates = Rates::new(1, 1);
        let a = StationId::new("a").unwrap();
        assert!(rates.take(&a, UnixMs(10_000)));
        assert!(!rates.take(&a, UnixMs(0)));
        assert!(rates.take(&a, UnixMs(1_000)));
    }
}
