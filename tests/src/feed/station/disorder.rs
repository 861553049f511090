//! What the way from station to central does to a feed: duplicates, another order, delays, a clock that is wrong.
//!
//! Each transform is a function of its own, seeded; none changes what the looks say of the ground.

use quaywatch_protocol::contract::{look::Look, time::HOUR_MS};

use crate::feed::chance::Chance;

/// Every look once, and a share of them twice or more, at the end.
#[must_use]
pub fn duplicated(looks: &[Look], share: f64, seed: u64) -> Vec<Look> {
    let mut chance = Chance::new(seed, &["duplicates"]);
    let mut all = looks.to_vec();
    for look in looks {
        while chance.yes(share) {
            all.push(look.clone());
        }
    }
    all
}

/// Another order.
#[must_use]
pub fn shuffled(looks: &[Look], seed: u64) -> Vec<Look> {
    let mut all = looks.to_vec();
    Chance::new(seed, &["order"]).shuffle(&mut all);
    all
}

/// A share of the looks received later, by up to `hours_max`; in the order of the new receive times.
#[must_use]
pub fn delayed(looks: &[Look], share: f64, hours_max: f64, seed: u64) -> Vec<Look> {
    let mut chance = Chance::new(seed, &["delays"]);
    let mut all = looks.to_vec();
    for look in &mut all {
        if chance.yes(share) {
            let late_ms = (chance.between([0.0, hours_max]) * HOUR_MS as f64) as i64;
            look.received_at = Some(look.known_at().plus_ms(late_ms));
        }
    }
    all.sort_by_key(Look::known_at);
    all
}

/// One station's clock ahead by `skew_ms` (behind when negative): its acquisition times are off, the receive times are not.
#[must_use]
pub fn skewed(looks: &[Look], station: &str, skew_ms: i64) -> Vec<Look> {
    let mut all = looks.to_vec();
    for look in all.iter_mut().filter(|look| look.station == station) {
        look.received_at = Some(look.known_at());
        look.acquired_at = look.acquired_at.plus_ms(skew_ms);
    }
    all
}
