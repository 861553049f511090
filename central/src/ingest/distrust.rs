//! What a station said while somebody else may have been speaking in its name.
//!
//! A revoked station or key is not believed from now on. What was stored before stays stored, for it is what was received; but when it is
//! known since when a key was in other hands, the registry says so (`distrust_from`, `distrust_until`), and everything received from that
//! station in that time no longer counts: the correlator is built without it, and alerts that rested on it are withdrawn or change. When
//! the lines are taken out of the registry it counts again. The time is that of receipt, which is central's own: a thief can date a look as he likes.

use std::collections::BTreeMap;

use quaywatch_protocol::contract::time::UnixMs;

/// Times in which stations are not to be believed, by station.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distrust(BTreeMap<String, Period>);

/// From an instant on, and up to another one (not included) where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub from: UnixMs,
    /// The first instant that is to be believed again.
    pub until: Option<UnixMs>,
}

impl Distrust {
    /// Adds a station's period; the last one given holds.
    pub fn add(&mut self, station: &str, period: Period) {
        self.0.insert(station.to_owned(), period);
    }

    /// True for what is not to count: received from this station at that time.
    #[must_use]
    pub fn covers(&self, station: &str, received_at: UnixMs) -> bool {
        self.0
            .get(station)
            .is_some_and(|period| received_at >= period.from && period.until.is_none_or(|until| received_at < until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_begins_with_its_first_instant_and_ends_before_its_last() {
        let mut distrust = Distrust::default();
        let period = Period {
            from: UnixMs(10),
            until: Some(UnixMs(20)),
        };
        distrust.add("gs-1", period);
        let covered: Vec<i64> = (8..22).filter(|at| distrust.covers("gs-1", UnixMs(*at))).collect();
        assert_eq!(covered, (10..20).collect::<Vec<_>>());
        assert!(!distrust.covers("gs-2", UnixMs(15)));
        distrust.add("gs-1", Period { until: None, ..period });
        assert!(distrust.covers("gs-1", UnixMs(i64::MAX)));
    }
}
