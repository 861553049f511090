//! Voyages: a departure at one site and an arrival at another as the same hull.
//!
//! Every departure that could be this arrival (sizes within the gate, a crossing of feasible speed between the two time windows, dark
//! at either end) is a possible leg with a probability. Legs are chosen one-to-one with the greatest sum of log odds, and strung
//! into chains: the next leg begins with the call that the last one ended with, or with a hull like it at a site of the chain. Two calls alone are
//! often too unsure to be a leg; as calls of a chain, whose hull many looks have measured, they are one.

mod crossings;
mod graph;
mod reach;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quaywatch_protocol::contract::{
    UnixMs,
    time::{DAY_MS, HOUR_MS},
};
use serde_json::{Map, json};

use self::{crossings::share_out, graph::Graph};
use super::{
    book::SiteBook,
    calls::Call,
    chance::rounded,
    finding::{Finding, add_evidence},
    hull::{Hull, posterior},
    site::SiteState,
};
use crate::{
    alert::{Kind, Severity, Signal},
    rules::{Rules, VoyageRule},
};

/// Probability, before looking at sizes, that the next dark hull at a site of a chain is the chain's.
const CHAIN_PRIOR: f64 = 0.8;
/// An end of a leg may be as unsure as this: the other end speaks for it.
const EXISTENCE_MIN: f64 = 0.5;
/// Kilometres in a nautical mile.
const KM_PER_NM: f64 = 1.852;
/// Beyond the slowest crossing a voyage becomes less likely by this constant, hours.
const PATIENCE_H: f64 = 24.0;
/// How much less likely it is one hull when one end was dark and the other transmitted.
const MIXED_RADIO_RATIO: f64 = 0.3;
/// Shortest way that is believed, share of the distance: zones lie off the sites' middles.
const SHORT_WAY: f64 = 0.85;
/// Days after its arrival that a leg is fixed: longer than the lateness limit.
const FIXED_AFTER_DAYS: f64 = 10.0;
/// Days after its last leg that a chain is forgotten here (its alert remains).
const CHAIN_KEPT_DAYS: f64 = 400.0;
/// Legs listed in one alert.
const LEGS_LISTED_MAX: usize = 100;

/// One end of a possible leg.
#[derive(Clone, Debug, PartialEq)]
struct End {
    site: usize,
    id: Arc<str>,
    hull: Hull,
    arrival: (i64, i64),
    departure: Option<(i64, i64)>,
    last_ms: i64,
    existence: f64,
    dark: bool,
    heard: bool,
    mmsi: Option<u32>,
    tanker: bool,
    evidence: Arc<[Arc<str>]>,
    arrives: bool,
    departs: bool,
}

impl End {
    fn of(site: usize, call: &Call, rules: &Rules) -> Self {
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
struct Leg {
    from: Arc<End>,
    to: Arc<End>,
    probability: f64,
}

impl Leg {
    /// True when it is made of the very same ends.
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.from, &other.from)
            && Arc::ptr_eq(&self.to, &other.to)
            && self.probability.to_bits() == other.probability.to_bits()
    }
}

/// Legs of one hull.
#[derive(Clone, Debug)]
struct Chain {
    subject: Arc<str>,
    legs: Vec<Leg>,
    /// Calls of the same hull that are no end of a leg.
    calls: Vec<Arc<End>>,
    hull: Hull,
    /// From its first arrival to its last sighting.
    span: (i64, i64),
}

impl Chain {
    fn begin(leg: Leg, hull: Hull) -> Self {
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

    fn push(&mut self, leg: Leg) {
        for end in [&leg.from, &leg.to] {
            self.span = (self.span.0.min(end.arrival.1), self.span.1.max(end.last_ms));
        }
        self.legs.push(leg);
    }

    /// True when it tells the same as another.
    fn is(&self, other: &Self) -> bool {
        self.legs.len() == other.legs.len()
            && self.legs.iter().zip(&other.legs).all(|(a, b)| a.is(b))
            && are(&self.calls, &other.calls)
    }
}

/// True when two lists hold the very same ends.
fn are(a: &[Arc<End>], b: &[Arc<End>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

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

/// Probability that the departure and the arrival are one hull; `None` when they cannot be.
fn probability(from: &End, to: &End, km: f64, rules: &Rules, keys: &VoyageRule) -> Option<f64> {
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
fn in_time(from: &End, to: &End, km: f64, keys: &VoyageRule) -> Option<f64> {
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

/// Puts a leg at the end of the chain it continues, or begins one.
fn attach(chains: &mut Vec<Arc<Chain>>, leg: Leg, rules: &Rules, keys: &VoyageRule) {
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

fn leg_json(leg: &Leg, book: &SiteBook) -> serde_json::Value {
    let name = |site: usize| book.at(site).map_or("", |plan| plan.id.as_str());
    let (left_after, left_before) = leg.from.departure.unwrap_or_default();
    json!({
        "from": name(leg.from.site),
        "to": name(leg.to.site),
        "departed": {"earliest": UnixMs(left_after), "latest": UnixMs(left_before)},
        "arrived": {"earliest": UnixMs(leg.to.arrival.0.max(left_after)), "latest": UnixMs(leg.to.arrival.1)},
        "probability": rounded(leg.probability),
    })
}

fn finding(
    chain: &Chain,
    others: &[Arc<End>],
    book: &SiteBook,
    rules: &Rules,
    rule: usize,
    keys: &VoyageRule,
) -> Option<Finding> {
    let crossings = chain.crossings(others);
    let mut legs = chain.legs.clone();
    legs.extend(chain.legs_between(others, book, rules, keys));
    legs.sort_by(|a, b| a.to.arrival.1.cmp(&b.to.arrival.1).then(a.to.id.cmp(&b.to.id)));
    let (first, last) = (chain.legs.first()?, legs.last()?);
    let mut sites: Vec<usize> = Vec::new();
    for site in chain.legs.iter().flat_map(|leg| [leg.from.site, leg.to.site]) {
        if !sites.contains(&site) {
            sites.push(site);
        }
    }
    let name = |site: usize| book.at(site).map_or_else(String::new, |plan| plan.id.clone());
    let rule_of = rules.rules.get(rule)?;
    if !sites.iter().any(|site| rule_of.watches(&name(*site))) {
        return None;
    }
    let (length, sd) = chain.hull.length();
    let first_json = leg_json(first, book);
    let mut details = Map::new();
    for key in ["from", "to", "departed", "arrived"] {
        details.insert(key.into(), first_json.get(key).cloned().unwrap_or_default());
    }
    details.insert("length_m".into(), json!(rounded(length)));
    details.insert("length_sd_m".into(), json!(rounded(sd)));
    if let Some((beam, _)) = chain.hull.beam() {
        details.insert("beam_m".into(), json!(rounded(beam)));
    }
    details.insert("legs".into(), json!(legs.len()));
    let expected: f64 = legs.iter().map(|leg| leg.probability).sum();
    details.insert("legs_expected".into(), json!(rounded(expected)));
    details.insert("crossings".into(), json!(crossings.all));
    details.insert("crossings_there".into(), json!(crossings.there));
    details.insert("other_calls".into(), json!(crossings.other_calls));
    let skipped = legs.len().saturating_sub(LEGS_LISTED_MAX);
    let list: Vec<_> = legs.iter().skip(skipped).map(|leg| leg_json(leg, book)).collect();
    details.insert("last_leg".into(), leg_json(last, book));
    details.insert("leg_list".into(), json!(list));
    let mut evidence = Vec::new();
    for leg in &legs {
        add_evidence(&mut evidence, leg.from.evidence.last());
        add_evidence(&mut evidence, leg.to.evidence.first());
    }
    for call in others {
        add_evidence(&mut evidence, call.evidence.first());
    }
    let (left_after, left_before) = first.from.departure.unwrap_or_default();
    let none_true: f64 = chain.legs.iter().map(|leg| 1.0 - leg.probability).product();
    let signal = Signal {
        kind: if first.to.tanker { "tanker" } else { "dock" }.to_owned(),
        zone: format!("{}+{}", name(first.from.site), name(first.to.site)),
        value: legs.len() as f64,
        unit: "legs".to_owned(),
        baseline: 0.0,
        p: rounded(none_true),
        from: UnixMs(left_after),
        to: UnixMs(last.to.arrival.1),
        dark: true,
    };
    Some(Finding {
        rule,
        kind: Kind::Voyage,
        site: name(first.to.site),
        sites: sites.into_iter().map(name).collect(),
        subject: chain.subject.clone(),
        completed_ms: first.to.arrival.1,
        onset: (left_after, left_before),
        last_ms: last.to.arrival.1,
        severity: rule_of.severity.max(Severity::Watch),
        signals: vec![signal],
        expected_false: rounded(
            none_true * 365.25 / ((last.to.arrival.1 - left_after) as f64 / DAY_MS as f64).max(30.0),
        ),
        evidence,
        details,
        contradicted: None,
    })
}
