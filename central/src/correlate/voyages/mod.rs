//! Voyages: a departure at one site and an arrival at another as the same hull.
//!
//! Every departure that could be this arrival (sizes within the gate, a crossing of feasible speed between the two time windows, dark
//! at either end) is a possible leg with a probability. Legs are chosen one-to-one with the greatest sum of log odds, and strung
//! into chains: the next leg begins with the call that the last one ended with, or with a hull like it at a site of the chain.

mod crossings;

use std::{collections::BTreeMap, sync::Arc};

use quaywatch_protocol::contract::{
    UnixMs,
    time::{DAY_MS, HOUR_MS},
};
use serde_json::{Map, json};

use self::crossings::{Crossings, share_out};
use super::{
    assign,
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
#[derive(Clone, Debug)]
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
    evidence: Vec<Arc<str>>,
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
    from: End,
    to: End,
    probability: f64,
}

/// Legs of one hull.
#[derive(Clone, Debug)]
struct Chain {
    subject: Arc<str>,
    legs: Vec<Leg>,
    /// Calls of the same hull that are no end of a leg.
    calls: Vec<End>,
    hull: Hull,
}

/// Voyages of one rule among all sites.
#[derive(Debug, Default)]
pub struct Voyages {
    ends: BTreeMap<usize, Vec<End>>,
    edges: BTreeMap<(Arc<str>, Arc<str>), Leg>,
    fixed: Vec<Chain>,
    fixed_ids: BTreeMap<Arc<str>, i64>,
    /// Dark calls that no leg holds and that no late look changes any more.
    loose: BTreeMap<Arc<str>, End>,
}

impl Voyages {
    /// Takes over the calls of a site that changed, and returns all chains as findings.
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
    ) -> Vec<Finding> {
        let ends: Vec<End> = (state.live.iter())
            .filter(|call| {
                call.kind.is_berth() && call.existence() >= EXISTENCE_MIN && call.hull.length().0 >= keys.size_min_m
            })
            .map(|call| End::of(site, call, rules))
            .collect();
        self.edges.retain(|_, leg| leg.from.site != site && leg.to.site != site);
        for (other, theirs) in &self.ends {
            if *other == site {
                continue;
            }
            let km = (book.at(site).zip(book.at(*other)))
                .and_then(|(a, b)| rules.route_km(&a.id, &b.id))
                .unwrap_or_else(|| keys.route_factor * book.great_circle_km(site, *other));
            if km > keys.distance_max_km {
                continue;
            }
            for ours in &ends {
                for their in theirs {
                    for (from, to) in [(ours, their), (their, ours)] {
                        if let Some(probability) = probability(from, to, km, rules, keys)
                            && probability >= keys.probability_min
                        {
                            let leg = Leg {
                                from: from.clone(),
                                to: to.clone(),
                                probability,
                            };
                            self.edges.insert((from.id.clone(), to.id.clone()), leg);
                        }
                    }
                }
            }
        }
        self.ends.insert(site, ends);
        self.fix(now_ms, rules, keys);
        let mut chains = self.fixed.clone();
        for leg in self.choose() {
            attach(&mut chains, leg, rules, keys);
        }
        let loose = (self.loose.values()).filter(|call| {
            !chains.iter().any(|chain| {
                chain
                    .legs
                    .iter()
                    .any(|leg| leg.to.id == call.id || leg.from.id == call.id)
            })
        });
        let others = share_out(&chains, loose, rules, keys);
        (chains.iter().zip(&others))
            .filter_map(|(chain, others)| finding(chain, chain.crossings(others), others, book, rules, rule))
            .collect()
    }

    /// The legs chosen among the possible ones, by arrival.
    fn choose(&self) -> Vec<Leg> {
        let mut lefts: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        let mut rights: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        let mut pairs = Vec::new();
        let mut legs = Vec::new();
        for ((from, to), leg) in &self.edges {
            let departed = format!("d{from}");
            if self.fixed_ids.contains_key(to) || self.fixed_ids.contains_key(departed.as_str()) {
                continue;
            }
            let next = lefts.len();
            let left = *lefts.entry(from).or_insert(next);
            let next = rights.len();
            let right = *rights.entry(to).or_insert(next);
            let odds = leg.probability / (1.0 - leg.probability).max(1e-9);
            pairs.push((left, right, odds.ln() + 0.1));
            legs.push(leg);
        }
        let mut chosen: Vec<Leg> = assign::best(&pairs)
            .into_iter()
            .filter_map(|at| legs.get(at).map(|leg| (*leg).clone()))
            .collect();
        chosen.sort_by(|a, b| a.to.arrival.1.cmp(&b.to.arrival.1).then(a.to.id.cmp(&b.to.id)));
        chosen
    }

    /// Fixes legs that no late look can change any more, and forgets old ones.
    fn fix(&mut self, now_ms: i64, rules: &Rules, keys: &VoyageRule) {
        let until = now_ms - (FIXED_AFTER_DAYS * DAY_MS as f64) as i64;
        for leg in self.choose().into_iter().filter(|leg| leg.to.arrival.1 <= until) {
            self.fixed_ids.insert(leg.to.id.clone(), leg.to.arrival.1);
            self.fixed_ids
                .insert(Arc::from(format!("d{}", leg.from.id)), leg.to.arrival.1);
            attach(&mut self.fixed, leg, rules, keys);
        }
        let settled = (self.ends.values().flatten())
            .filter(|end| end.dark && end.arrival.1 <= until && end.existence >= rules.calls.existence_min);
        for end in settled {
            self.loose.insert(end.id.clone(), end.clone());
        }
        let fixed_ids = &self.fixed_ids;
        self.loose.retain(|id, _| {
            let departed = format!("d{id}");
            !fixed_ids.contains_key(id) && !fixed_ids.contains_key(departed.as_str())
        });
        // No chain that begins now reaches back further: the call is the chain's that it fits, or nobody's.
        let kept = now_ms - (2.0 * keys.chain_gap_days * DAY_MS as f64) as i64;
        let old: Vec<End> = self.loose.values().filter(|end| end.last_ms <= kept).cloned().collect();
        if !old.is_empty() {
            self.loose.retain(|_, end| end.last_ms > kept);
            let lists = share_out(&self.fixed, old.iter(), rules, keys);
            let owned: Vec<Vec<End>> = lists
                .into_iter()
                .map(|list| list.into_iter().cloned().collect())
                .collect();
            for (chain, calls) in self.fixed.iter_mut().zip(owned) {
                chain.calls.extend(calls);
            }
        }
        let kept = now_ms - (CHAIN_KEPT_DAYS * DAY_MS as f64) as i64;
        self.fixed_ids.retain(|_, at| *at > kept);
        self.fixed
            .retain(|chain| chain.legs.last().is_some_and(|leg| leg.to.arrival.1 > kept));
    }

    /// Things held, for the test that memory is bounded.
    pub fn len(&self) -> usize {
        self.edges.len()
            + self.loose.len()
            + self.fixed_ids.len()
            + self.fixed.len()
            + self.ends.values().map(Vec::len).sum::<usize>()
    }
}

/// Probability that the departure and the arrival are one hull; `None` when they cannot be.
fn probability(from: &End, to: &End, km: f64, rules: &Rules, keys: &VoyageRule) -> Option<f64> {
    let (left_after, left_before) = from.departure?;
    if !from.departs || !to.arrives || !(from.dark || to.dark) {
        return None;
    }
    if let (Some(a), Some(b)) = (from.mmsi, to.mmsi)
        && a != b
    {
        return None;
    }
    let hours = |ms: i64| ms as f64 / HOUR_MS as f64;
    let fastest_h = SHORT_WAY * km / KM_PER_NM / keys.speed_max_kn;
    let slowest_h = km / KM_PER_NM / keys.speed_min_kn;
    let longest_h = hours(to.arrival.1 - left_after);
    let shortest_h = hours(to.arrival.0 - left_before);
    if longest_h < fastest_h || shortest_h > slowest_h + keys.wait_max_h || !from.hull.may_be(&to.hull, rules) {
        return None;
    }
    let late = (-(shortest_h - slowest_h).max(0.0) / PATIENCE_H).exp();
    let mixed = if from.heard != to.heard { MIXED_RADIO_RATIO } else { 1.0 };
    let one_hull = posterior(keys.prior, from.hull.likelihood_ratio(&to.hull) * late * mixed);
    Some(one_hull * from.existence.min(to.existence))
}

/// Puts a leg at the end of the chain it continues, or begins one.
fn attach(chains: &mut Vec<Chain>, leg: Leg, rules: &Rules, keys: &VoyageRule) {
    let gap_ms = (keys.chain_gap_days * DAY_MS as f64) as i64;
    let hull = leg.from.hull.joined(&leg.to.hull);
    let mut best: Option<(f64, usize)> = None;
    for (at, chain) in chains.iter().enumerate() {
        let Some(last) = chain.legs.last() else { continue };
        if last.to.id == leg.from.id {
            best = Some((f64::INFINITY, at));
            break;
        }
        let known = |site: usize| {
            chain
                .legs
                .iter()
                .any(|leg| leg.from.site == site || leg.to.site == site)
        };
        let after = leg.from.arrival.1 >= last.to.arrival.1 && leg.from.arrival.1 - last.to.arrival.1 <= gap_ms;
        if !after || !known(leg.from.site) || !chain.hull.may_be(&hull, rules) {
            continue;
        }
        let ratio = chain.hull.likelihood_ratio(&hull);
        if posterior(CHAIN_PRIOR, ratio) >= 0.5 && best.is_none_or(|(most, _)| ratio > most) {
            best = Some((ratio, at));
        }
    }
    match best.and_then(|(_, at)| chains.get_mut(at)) {
        Some(chain) => {
            chain.hull = chain.hull.joined(&hull);
            chain.legs.push(leg);
        }
        None => chains.push(Chain {
            subject: leg.to.id.clone(),
            legs: vec![leg],
            calls: Vec::new(),
            hull,
        }),
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
    crossings: Crossings,
    others: &[&End],
    book: &SiteBook,
    rules: &Rules,
    rule: usize,
) -> Option<Finding> {
    let (first, last) = (chain.legs.first()?, chain.legs.last()?);
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
    details.insert("legs".into(), json!(chain.legs.len()));
    let expected: f64 = chain.legs.iter().map(|leg| leg.probability).sum();
    details.insert("legs_expected".into(), json!(rounded(expected)));
    details.insert("crossings".into(), json!(crossings.all));
    details.insert("crossings_there".into(), json!(crossings.there));
    details.insert("other_calls".into(), json!(crossings.other_calls));
    let skipped = chain.legs.len().saturating_sub(LEGS_LISTED_MAX);
    let list: Vec<_> = chain.legs.iter().skip(skipped).map(|leg| leg_json(leg, book)).collect();
    details.insert("last_leg".into(), leg_json(last, book));
    details.insert("leg_list".into(), json!(list));
    let mut evidence = Vec::new();
    for leg in &chain.legs {
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
        value: chain.legs.len() as f64,
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
