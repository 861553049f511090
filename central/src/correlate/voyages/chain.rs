//! A chain: legs of one hull, strung together.

use std::sync::Arc;

use quaywatch_protocol::contract::time::DAY_MS;

use super::leg::{End, Leg};
use crate::{
    correlate::hull::{Hull, posterior},
    rules::{Rules, VoyageRule},
};

/// Probability, before looking at sizes, that the next dark hull at a site of a chain is the chain's.
pub(super) const CHAIN_PRIOR: f64 = 0.8;

/// Legs of one hull.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) subject: Arc<str>,
    pub(super) legs: Vec<Leg>,
    /// Calls of the same hull that are no end of a leg.
    pub(super) calls: Vec<Arc<End>>,
    pub(super) hull: Hull,
    /// From its first arrival to its last sighting.
    pub(super) span: (i64, i64),
}

impl Chain {
    pub(super) fn begin(leg: Leg, hull: Hull) -> Self {
        let mut chain = Self {
            subject: leg.to.id.clone(),
            legs: Vec::with_capacity(1),
            calls: Vec::new(),
            hull,
            span: (i64::MAX, i64::MIN),
        };
        chain.push(leg);
        chain
    }

    pub(super) fn push(&mut self, leg: Leg) {
        for end in [&leg.from, &leg.to] {
            self.span = (self.span.0.min(end.arrival.1), self.span.1.max(end.last_ms));
        }
        self.legs.push(leg);
    }

    /// True when it tells the same as another.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.legs.len() == other.legs.len()
            && self.legs.iter().zip(&other.legs).all(|(a, b)| a.is(b))
            && are(&self.calls, &other.calls)
    }
}

/// True when two lists hold the very same ends.
pub(super) fn are(a: &[Arc<End>], b: &[Arc<End>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

/// Puts a leg at the end of the chain it continues, or begins one.
pub(super) fn attach(chains: &mut Vec<Arc<Chain>>, leg: Leg, rules: &Rules, keys: &VoyageRule) {
    let gap_ms = (keys.chain_gap_days * DAY_MS as f64) as i64;
    let hull = leg.from.hull.joined(&leg.to.hull);
    let mut best: Option<(f64, usize)> = None;
    for (at, chain) in chains.iter().enumerate() {
        let Some(last) = chain.legs.last() else { continue };
        if last.to.id == leg.from.id {
            best = Some((f64::INFINITY, at));
            break;
        }
        let after = leg.from.arrival.1 >= last.to.arrival.1 && leg.from.arrival.1 - last.to.arrival.1 <= gap_ms;
        let site = leg.from.site;
        let known = |leg: &Leg| leg.from.site == site || leg.to.site == site;
        if !after || !chain.legs.iter().any(known) || !chain.hull.may_be(&hull, rules) {
            continue;
        }
        let ratio = chain.hull.likelihood_ratio(&hull);
        if posterior(CHAIN_PRIOR, ratio) >= 0.5 && best.is_none_or(|(most, _)| ratio > most) {
            best = Some((ratio, at));
        }
    }
    match best.and_then(|(_, at)| chains.get_mut(at)) {
        Some(chain) => {
            let chain = Arc::make_mut(chain);
            chain.hull = chain.hull.joined(&hull);
            chain.push(leg);
        }
        None => chains.push(Arc::new(Chain::begin(leg, hull))),
    }
}
