//! Pauses after wrong passwords, by name and address, and by name alone so that many addresses do not help.
//!
//! The first failures cost nothing; from then on each doubles the pause, up to a quarter of an hour. A right password clears its own
//! address only: who guesses from elsewhere goes on waiting.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use quaywatch_protocol::contract::time::UnixMs;

/// Failures from one address that cost nothing.
const FREE_PER_ADDRESS: u32 = 5;
/// Failures for one name from all addresses that cost nothing.
const FREE_PER_NAME: u32 = 50;
/// First pause, ms.
const PAUSE_MIN_MS: i64 = 1_000;
/// Longest pause, ms.
const PAUSE_MAX_MS: i64 = 15 * 60_000;
/// Without a failure for so long, ms, all is forgotten.
const FORGET_MS: i64 = 60 * 60_000;
/// Names and addresses remembered; beyond, the one that failed longest ago is forgotten.
const REMEMBERED_MAX: usize = 10_000;

type Key = (String, Option<IpAddr>);

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    last_ms: i64,
}

/// Remembers failed logins.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<Key, Failures>>);

impl Throttle {
    /// How long to wait before the next try, ms; 0: not at all.
    #[must_use]
    pub fn wait_ms(&self, name: &str, from: IpAddr, now: UnixMs) -> i64 {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys(name, from)
            .iter()
            .map(|(key, free)| map.get(key).map_or(0, |failures| failures.wait_ms(*free, now)))
            .max()
            .unwrap_or(0)
    }

    /// Notes a failure.
    pub fn failed(&self, name: &str, from: IpAddr, now: UnixMs) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in keys(name, from) {
            if map.len() >= REMEMBERED_MAX && !map.contains_key(&key) {
                let oldest = map
                    .iter()
                    .min_by_key(|(_, failures)| failures.last_ms)
                    .map(|(key, _)| key.clone());
                if let Some(oldest) = oldest {
                    map.remove(&oldest);
                }
            }
            let failures = map.entry(key).or_default();
            if now.0.saturating_sub(failures.last_ms) > FORGET_MS {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last_ms = now.0;
        }
    }

    /// Forgets an address that knew the password.
    pub fn succeeded(&self, name: &str, from: IpAddr) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.remove(&(name.to_lowercase(), Some(from)));
    }
}

impl Failures {
    fn wait_ms(self, free: u32, now: UnixMs) -> i64 {
        let Some(over) = self.count.checked_sub(free) else {
            return 0;
        };
        let pause = PAUSE_MIN_MS.saturating_mul(1 << over.min(20)).min(PAUSE_MAX_MS);
        self.last_ms
            .saturating_add(pause)
            .saturating_sub(now.0)
            .clamp(0, PAUSE_MAX_MS)
    }
}

fn keys(name: &str, from: IpAddr) -> [(Key, u32); 2] {
    let name: String = name.to_lowercase().chars().take(super::NAME_CHARS_MAX).collect();
    [
        ((name.clone(), Some(from)), FREE_PER_ADDRESS),
        ((name, None), FREE_PER_NAME),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn the_sixth_wrong_password_waits_and_the_pauses_double_to_a_quarter_of_an_hour() {
        let (throttle, mut now) = (Throttle::default(), UnixMs(1_000_000_000_000));
        for _ in 0..5 {
            assert_eq!(throttle.wait_ms("ana", HERE, now), 0);
            throttle.failed("ana", HERE, now);
        }
        let mut before = 0;
        for _ in 0..20 {
            let wait = throttle.wait_ms("ANA", HERE, now);
            assert!(wait >= before && wait <= PAUSE_MAX_MS);
            before = wait;
            now = now.plus_ms(wait);
            assert_eq!(throttle.wait_ms("ana", HERE, now), 0, "after the pause");
            throttle.failed("ana", HERE, now);
        }
        assert_eq!(throttle.wait_ms("ana", HERE, now), PAUSE_MAX_MS);
        assert_eq!(throttle.wait_ms("ben", HERE, now), 0);
    }

    #[test]
    fn a_right_password_clears_its_own_address_and_no_other() {
        let (throttle, now) = (Throttle::default(), UnixMs(1_000_000_000_000));
        for from in [HERE, THERE] {
            (0..6).for_each(|_| throttle.failed("ana", from, now));
        }
        throttle.succeeded("ana", HERE);
        assert_eq!(throttle.wait_ms("ana", HERE, now), 0);
        assert!(throttle.wait_ms("ana", THERE, now) > 0);
    }

    #[test]
    fn many_addresses_do_not_help() {
        let (throttle, now) = (Throttle::default(), UnixMs(1_000_000_000_000));
        for each in 0..60 {
            throttle.failed("ana", IpAddr::from([10, 0, 1, each]), now);
        }
        assert!(throttle.wait_ms("ana", IpAddr::from([10, 9, 9, 9]), now) > 0);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let throttle = Throttle::default();
        for each in 0..12_000_i64 {
            throttle.failed(&format!("n{each}"), HERE, UnixMs(each));
        }
        assert!(throttle.0.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
