//! Crossings that nobody saw whole: calls of a chain's hull whose other end was hidden.
//!
//! A leg needs both ends in sight. Under clouds a shuttle is often seen at one end only; but a hull that is at A again without
//! having stayed there has been away and come back, and one that is at B now has crossed. So the sightings of a chain's hull are put in
//! a row, and the crossings between them are counted: one where the site changed, two (there and back) where it did not.

use std::sync::Arc;

use super::{
    chain::{CHAIN_PRIOR, Chain},
    leg::{End, Leg, in_time},
};
use crate::{
    correlate::{book::SiteBook, hull::posterior},
    rules::{Rules, VoyageRule},
};
use quaywatch_protocol::contract::time::DAY_MS;

/// A hull that is seen again at the same site within this time may never have left: no crossing, days.
const STAYED_DAYS: i64 = 4;

/// How often the hull of a chain crossed, at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Crossings {
    /// All.
    pub all: usize,
    /// In the direction of the chain's first leg.
    pub there: usize,
    /// Calls of the hull beside those of the legs.
    pub other_calls: usize,
}

/// Puts each call that no leg holds to the chain whose hull it is most likely; one list a chain, in the order of time.
pub(super) fn share_out<'a>(
    chains: &[Arc<Chain>],
    calls: impl Iterator<Item = &'a Arc<End>>,
    rules: &Rules,
    keys: &VoyageRule,
) -> Vec<Vec<&'a Arc<End>>> {
    let mut lists: Vec<Vec<&Arc<End>>> = vec![Vec::new(); chains.len()];
    let mut ordered: Vec<&Arc<End>> = calls.collect();
    ordered.sort_by(|a, b| a.arrival.1.cmp(&b.arrival.1).then(a.id.cmp(&b.id)));
    for call in ordered {
        let mut best: Option<(f64, usize)> = None;
        for (at, chain) in chains.iter().enumerate() {
            if !chain.is_near(call, keys) {
                continue;
            }
            let free = lists
                .get(at)
                .is_some_and(|list| list.iter().all(|other| apart(other, call)));
            if !free || !chain.may_hold(call, rules) {
                continue;
            }
            let ratio = chain.hull.likelihood_ratio(&call.hull);
            if posterior(CHAIN_PRIOR, ratio) >= 0.5 && best.is_none_or(|(most, _)| ratio > most) {
                best = Some((ratio, at));
            }
        }
        if let Some(list) = best.and_then(|(_, at)| lists.get_mut(at)) {
            list.push(call);
        }
    }
    lists
}

/// One hull is not in two places at once.
const fn apart(a: &End, b: &End) -> bool {
    a.last_ms < b.arrival.1 || b.last_ms < a.arrival.1
}

impl Chain {
    /// True when the call is near the chain in time.
    fn is_near(&self, call: &End, keys: &VoyageRule) -> bool {
        let gap_ms = (keys.chain_gap_days * DAY_MS as f64) as i64;
        call.last_ms >= self.span.0 - gap_ms && call.arrival.1 <= self.span.1 + gap_ms
    }

    /// True when the call may be of this chain's hull: at one of its sites, not while it was elsewhere.
    fn may_hold(&self, call: &End, rules: &Rules) -> bool {
        let ends = || self.legs.iter().flat_map(|leg| [&leg.from, &leg.to]);
        ends().any(|end| end.site == call.site)
            && ends().chain(&self.calls).all(|end| end.id != call.id)
            && self.calls.iter().all(|other| apart(other, call))
            && (self.legs.iter()).all(|leg| call.last_ms < leg.from.arrival.1 || call.arrival.1 > leg.to.last_ms)
            && self.hull.may_be(&call.hull, rules)
    }

    /// Calls of the hull in the order of time: those of the legs and these others.
    fn sightings<'a>(&'a self, others: &'a [Arc<End>]) -> Vec<&'a Arc<End>> {
        let legs = self.legs.iter().flat_map(|leg| [&leg.from, &leg.to]);
        let mut sightings: Vec<&Arc<End>> = legs.chain(&self.calls).chain(others).collect();
        sightings.sort_by(|a, b| a.arrival.1.cmp(&b.arrival.1).then(a.id.cmp(&b.id)));
        sightings.dedup_by(|a, b| a.id == b.id);
        sightings
    }

    /// Legs between calls that are the hull's, though the two alone were too unsure to be one: next to each other in time, at different
    /// sites, in time for a crossing. As likely as both calls are of this hull, which all its looks together have measured.
    pub(super) fn legs_between(
        &self,
        others: &[Arc<End>],
        book: &SiteBook,
        rules: &Rules,
        keys: &VoyageRule,
    ) -> Vec<Leg> {
        let is_it = |end: &End| posterior(CHAIN_PRIOR, self.hull.likelihood_ratio(&end.hull));
        let mut found = Vec::new();
        for pair in self.sightings(others).windows(2) {
            let [from, to] = pair else { continue };
            let is_known = self.legs.iter().any(|leg| leg.from.id == from.id || leg.to.id == to.id);
            if from.site == to.site || is_known {
                continue;
            }
            let (Some(here), Some(there)) = (book.at(from.site), book.at(to.site)) else {
                continue;
            };
            let by_air = || keys.route_factor * book.great_circle_km(from.site, to.site);
            let km = rules.route_km(&here.id, &there.id).unwrap_or_else(by_air);
            let Some(in_time) = in_time(from, to, km, keys) else {
                continue;
            };
            let probability = is_it(from) * is_it(to) * in_time * from.existence.min(to.existence);
            if probability >= keys.probability_min {
                found.push(Leg {
                    from: (*from).clone(),
                    to: (*to).clone(),
                    probability,
                });
            }
        }
        found
    }

    /// Crossings between the sightings of the hull: those of the legs and these others.
    pub(super) fn crossings(&self, others: &[Arc<End>]) -> Crossings {
        let sightings = self.sightings(others);
        let mut found = Crossings {
            other_calls: self.calls.len() + others.len(),
            ..Crossings::default()
        };
        let target = self.legs.first().map(|leg| leg.to.site);
        for pair in sightings.windows(2) {
            let [before, after] = pair else { continue };
            if before.site != after.site {
                found.all += 1;
                found.there += usize::from(Some(after.site) == target);
            } else if after.arrival.1 - before.last_ms > STAYED_DAYS * DAY_MS {
                found.all += 2;
                found.there += 1;
            }
        }
        found
    }
}
