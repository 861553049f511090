//! Voyages: a departure at one site and an arrival at another as the same hull.
//!
//! Every departure that could be this arrival (sizes within the gate, a crossing of feasible speed between the two time windows, dark
//! at either end) is a possible leg with a probability. Legs are chosen one-to-one with the greatest sum of log odds, and strung
//! into chains: the next leg begins with the call that the last one ended with, or with a hull like it at a site of the chain. Two calls alone are
//! often too unsure to be a leg; as calls of a chain, whose hull many looks have measured, they are one.

mod chain;
mod crossings;
mod graph;
mod leg;
mod reach;
mod told;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quaywatch_protocol::contract::time::DAY_MS;

use self::{
    chain::{Chain, are, attach},
    crossings::share_out,
    graph::Graph,
    leg::End,
    told::finding,
};
use super::{book::SiteBook, finding::Finding, site::SiteState};
use crate::rules::{Rules, VoyageRule};

/// An end of a leg may be as unsure as this: the other end speaks for it.
const EXISTENCE_MIN: f64 = 0.5;
/// Days after its arrival that a leg is fixed: longer than the lateness limit.
const FIXED_AFTER_DAYS: f64 = 10.0;
/// Days after its last leg that a chain is forgotten here (its alert remains).
const CHAIN_KEPT_DAYS: f64 = 400.0;

/// What was last told of a chain.
#[derive(Debug)]
struct Told {
    chain: Arc<Chain>,
    others: Vec<Arc<End>>,
    finding: Option<Arc<Finding>>,
}

/// Voyages of one rule among all sites.
#[derive(Debug, Default)]
pub struct Voyages {
    graph: Graph,
    fixed: Vec<Arc<Chain>>,
    /// Dark calls that no leg holds and that no late look changes any more.
    loose: BTreeMap<Arc<str>, Arc<End>>,
    /// Last sighting of the first of them to be forgotten.
    loose_oldest_ms: Option<i64>,
    /// Dark calls that a late look may still change, by arrival.
    pending: BTreeMap<(i64, Arc<str>), Arc<End>>,
    told: BTreeMap<Arc<str>, Told>,
    forgot_day: i64,
}

impl Voyages {
    /// Takes over the calls of a site that changed; true when [`Self::findings`] may have changed.
    #[allow(
        clippy::too_many_arguments,
        reason = "the whole of what a chain depends on, each named"
    )]
    pub fn update(
        &mut self,
        site: usize,
        state: &SiteState,
        now_ms: i64,
        book: &SiteBook,
        rules: &Rules,
        rule: usize,
        keys: &VoyageRule,
    ) -> bool {
        let calls = (state.live.iter()).filter(|call| {
            call.kind.is_berth() && call.existence() >= EXISTENCE_MIN && call.hull.length().0 >= keys.size_min_m
        });
        let changed = self.graph.update(site, calls, book, rules, keys);
        for end in &changed.before {
            self.pending.remove(&(end.arrival.1, end.id.clone()));
        }
        let counted = |end: &&Arc<End>| end.dark && end.existence >= rules.calls.existence_min;
        for end in changed.ends.iter().filter(counted) {
            self.pending.insert((end.arrival.1, end.id.clone()), end.clone());
        }
        let fixed = self.fix(now_ms, rules, keys);
        if changed.legs || fixed {
            self.tell(book, rules, rule, keys);
        }
        changed.legs || fixed
    }

    /// All chains.
    pub fn findings(&self) -> impl Iterator<Item = &Arc<Finding>> {
        self.told.values().filter_map(|told| told.finding.as_ref())
    }

    /// Puts legs and loose calls together, and tells of the chains that changed.
    fn tell(&mut self, book: &SiteBook, rules: &Rules, rule: usize, keys: &VoyageRule) {
        let mut chains = self.fixed.clone();
        let mut held: BTreeSet<&Arc<str>> = BTreeSet::new();
        for leg in self.graph.chosen() {
            held.extend([&leg.from.id, &leg.to.id]);
            attach(&mut chains, leg.clone(), rules, keys);
        }
        let loose = self.loose.values().filter(|call| !held.contains(&call.id));
        let lists = share_out(&chains, loose, rules, keys);
        let mut told = BTreeMap::new();
        for (chain, others) in chains.into_iter().zip(lists) {
            let others: Vec<Arc<End>> = others.into_iter().cloned().collect();
            let before = self.told.remove(&chain.subject);
            let same = before.filter(|before| {
                (Arc::ptr_eq(&before.chain, &chain) || before.chain.is(&chain)) && are(&before.others, &others)
            });
            let now = same.unwrap_or_else(|| Told {
                finding: finding(&chain, &others, book, rules, rule, keys).map(Arc::new),
                chain: chain.clone(),
                others,
            });
            told.insert(chain.subject.clone(), now);
        }
        self.told = told;
    }

    /// Fixes legs that no late look can change any more, and forgets old ones; true when anything changed.
    fn fix(&mut self, now_ms: i64, rules: &Rules, keys: &VoyageRule) -> bool {
        let back = |days: f64| now_ms - (days * DAY_MS as f64) as i64;
        let until = back(FIXED_AFTER_DAYS);
        let mut changed = false;
        for leg in self.graph.take_fixed(until) {
            self.loose.remove(&leg.from.id);
            self.loose.remove(&leg.to.id);
            attach(&mut self.fixed, leg, rules, keys);
            changed = true;
        }
        while self.pending.first_key_value().is_some_and(|((at, _), _)| *at <= until) {
            let Some((_, end)) = self.pending.pop_first() else {
                break;
            };
            if !self.graph.is_fixed(&end.id) {
                let oldest = self
                    .loose_oldest_ms
                    .map_or(end.last_ms, |oldest| oldest.min(end.last_ms));
                self.loose_oldest_ms = Some(oldest);
                self.loose.insert(end.id.clone(), end);
                changed = true;
            }
        }
        // No chain that begins now reaches back further: the call is the chain's that it fits, or nobody's.
        let kept = back(2.0 * keys.chain_gap_days);
        if self.loose_oldest_ms.is_some_and(|oldest| oldest <= kept) {
            let (stay, old): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.loose)
                .into_iter()
                .partition(|(_, end)| end.last_ms > kept);
            self.loose = stay;
            self.loose_oldest_ms = self.loose.values().map(|end| end.last_ms).min();
            let lists = share_out(&self.fixed, old.values(), rules, keys);
            let owned: Vec<Vec<Arc<End>>> = (lists.into_iter())
                .map(|list| list.into_iter().cloned().collect())
                .collect();
            for (chain, calls) in self.fixed.iter_mut().zip(owned) {
                if !calls.is_empty() {
                    Arc::make_mut(chain).calls.extend(calls);
                }
            }
            changed |= !old.is_empty();
        }
        let today = now_ms.div_euclid(DAY_MS);
        if today != self.forgot_day {
            self.forgot_day = today;
            let kept = back(CHAIN_KEPT_DAYS);
            self.graph.forget(kept);
            let before = self.fixed.len();
            self.fixed
                .retain(|chain| chain.legs.last().is_some_and(|leg| leg.to.arrival.1 > kept));
            changed |= self.fixed.len() != before;
        }
        changed
    }

    /// Things held, for the test that memory is bounded.
    pub fn len(&self) -> usize {
        self.graph.len() + self.loose.len() + self.pending.len() + self.fixed.len()
    }
}
