//! A leg: a departure and an arrival, and how likely both are one hull.

use std::sync::Arc;

use quaywatch_protocol::contract::time::HOUR_MS;

use crate::{
    correlate::{
        calls::Call,
        hull::{Hull, posterior},
    },
    rules::{Rules, VoyageRule},
};

/// Kilometres in a nautical mile.
const KM_PER_NM: f64 = 1.852;
/// Beyond the slowest crossing a voyage becomes less likely by this constant, hours.
const PATIENCE_H: f64 = 24.0;
/// How much less likely it is one hull when one end was dark and the other transmitted.
const MIXED_RADIO_RATIO: f64 = 0.3;
/// Shortest way that is believed, share of the distance: zones lie off the sites' middles.
const SHORT_WAY: f64 = 0.85;

/// One end of a possible leg.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct End {
    pub(super) site: usize,
    pub(super) id: Arc<str>,
    pub(super) hull: Hull,
    pub(super) arrival: (i64, i64),
    pub(super) departure: Option<(i64, i64)>,
    pub(super) last_ms: i64,
    pub(super) existence: f64,
    pub(super) dark: bool,
    pub(super) heard: bool,
    pub(super) mmsi: Option<u32>,
    pub(super) tanker: bool,
    pub(super) evidence: Arc<[Arc<str>]>,
    pub(super) arrives: bool,
    pub(super) departs: bool,
}

impl End {
    pub(super) fn of(site: usize, call: &Call, rules: &Rules) -> Self {
        Self {
            site,
            id: call.id.clone(),
            hull: call.hull,
            arrival: call.arrival(rules),
            departure: call.departure(),
            last_ms: call.last_ms,
            existence: call.existence(),
            dark: call.dark(),
            heard: call.matched_looks > 0 || call.mismatch,
            mmsi: call.mmsi,
            tanker: call.is_tanker(),
            evidence: call.evidence.clone(),
            arrives: call.shifted_from.is_none(),
            departs: call.shifted_to.is_none(),
        }
    }
}

/// A leg.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub(super) from: Arc<End>,
    pub(super) to: Arc<End>,
    pub(super) probability: f64,
}

impl Leg {
    /// True when it is made of the very same ends.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.from, &other.from)
            && Arc::ptr_eq(&self.to, &other.to)
            && self.probability.to_bits() == other.probability.to_bits()
    }
}

/// Probability that the departure and the arrival are one hull; `None` when they cannot be.
pub(super) fn probability(from: &End, to: &End, km: f64, rules: &Rules, keys: &VoyageRule) -> Option<f64> {
    if !(from.dark || to.dark) || !from.hull.may_be(&to.hull, rules) {
        return None;
    }
    if let (Some(a), Some(b)) = (from.mmsi, to.mmsi)
        && a != b
    {
        return None;
    }
    let in_time = in_time(from, to, km, keys)?;
    let mixed = if from.heard != to.heard { MIXED_RADIO_RATIO } else { 1.0 };
    let one_hull = posterior(keys.prior, from.hull.likelihood_ratio(&to.hull) * in_time * mixed);
    Some(one_hull * from.existence.min(to.existence))
}

/// How well the two windows of time fit one crossing, 1 for any that the slowest hull would make; `None` when they cannot be one.
pub(super) fn in_time(from: &End, to: &End, km: f64, keys: &VoyageRule) -> Option<f64> {
    let (left_after, left_before) = from.departure?;
    if !from.departs || !to.arrives {
        return None;
    }
    let hours = |ms: i64| ms as f64 / HOUR_MS as f64;
    let fastest_h = SHORT_WAY * km / KM_PER_NM / keys.speed_max_kn;
    let slowest_h = km / KM_PER_NM / keys.speed_min_kn;
    let longest_h = hours(to.arrival.1 - left_after);
    let shortest_h = hours(to.arrival.0 - left_before);
    if longest_h < fastest_h || shortest_h > slowest_h + keys.wait_max_h {
        return None;
    }
    Some((-(shortest_h - slowest_h).max(0.0) / PATIENCE_H).exp())
}
