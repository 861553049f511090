//! Possible legs and the choice among them, kept up to date end by end.
//!
//! A look changes a few calls of one site. Only the legs of those calls are tried again, and only the parts of the graph that hang together
//! with them are chosen again: what a look costs does not grow with the voyages elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    leg::{End, Leg, probability},
    reach::Reach,
};
use crate::{
    correlate::{assign, book::SiteBook, calls::Call},
    rules::{Rules, VoyageRule},
};

/// Legs kept of one departure, and of one arrival, when its call changes: the likeliest. With so many to choose from none is told apart.
const LEGS_PER_END_MAX: usize = 16;
/// Legs chosen together at most. In a larger part of the graph only the calls that changed choose, surest first, among what is free.
const PART_LEGS_MAX: usize = 600;
/// What even an unlikely leg is worth, so that two are better than one, log odds.
const LEG_BONUS: f64 = 0.1;

/// A call as the end of a leg, and the version of the call that it was made of.
#[derive(Clone, Debug)]
struct Known {
    version: u64,
    end: Arc<End>,
    /// Among the calls of its site; taken back while the calls of a new look are gone through.
    there: bool,
}

/// What changed among the ends of a site.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// Legs may have changed.
    pub legs: bool,
    /// Ends that are new or say something else.
    pub ends: Vec<Arc<End>>,
    /// What stood there before: changed or gone.
    pub before: Vec<Arc<End>>,
}

/// Ends of all sites and the legs between them.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// By site.
    ends: Vec<Vec<Known>>,
    /// By site: it holds a dark end. A leg needs one.
    dark: Vec<bool>,
    reach: Reach,
    /// By departing call and arriving call.
    edges: BTreeMap<(Arc<str>, Arc<str>), Leg>,
    /// The same, by arriving call and departing call.
    back: BTreeSet<(Arc<str>, Arc<str>)>,
    /// Chosen legs by arrival and arriving call.
    chosen: BTreeMap<(i64, Arc<str>), Leg>,
    /// Place in `chosen` by departing call and by arriving call.
    chosen_from: BTreeMap<Arc<str>, (i64, Arc<str>)>,
    chosen_to: BTreeMap<Arc<str>, (i64, Arc<str>)>,
    /// Departures and arrivals that are used up for good, with the arrival of their leg.
    fixed_from: BTreeMap<Arc<str>, i64>,
    fixed_to: BTreeMap<Arc<str>, i64>,
}

impl Graph {
    /// Takes over the calls of a site.
    pub fn update<'a>(
        &mut self,
        site: usize,
        calls: impl Iterator<Item = &'a Arc<Call>>,
        book: &SiteBook,
        rules: &Rules,
        keys: &VoyageRule,
    ) -> Changed {
        self.ends.resize_with(book.sites.len(), Vec::new);
        self.dark.resize(book.sites.len(), false);
        let mut old = self.ends.get_mut(site).map(std::mem::take).unwrap_or_default();
        let mut now = Vec::with_capacity(old.len() + 1);
        let mut changed = Changed::default();
        for call in calls {
            // Calls stay in their order: the one before is nearly always in the same place.
            let is_it = |known: &Known| Arc::ptr_eq(&known.end.id, &call.id) || known.end.id == call.id;
            let place = (old.iter().skip(now.len()).position(is_it).map(|at| at + now.len()))
                .or_else(|| old.iter().position(is_it));
            let before = place.and_then(|at| old.get_mut(at));
            let end = match before {
                Some(before) => {
                    before.there = false;
                    if before.version == call.version {
                        before.end.clone()
                    } else {
                        let end = Arc::new(End::of(site, call, rules));
                        if *before.end == *end {
                            before.end.clone()
                        } else {
                            changed.ends.push(end.clone());
                            changed.before.push(before.end.clone());
                            end
                        }
                    }
                }
                None => {
                    let end = Arc::new(End::of(site, call, rules));
                    changed.ends.push(end.clone());
                    end
                }
            };
            now.push(Known {
                version: call.version,
                end,
                there: true,
            });
        }
        changed
            .before
            .extend(old.into_iter().filter(|gone| gone.there).map(|gone| gone.end));
        if let (Some(ends), Some(dark)) = (self.ends.get_mut(site), self.dark.get_mut(site)) {
            *dark = now.iter().any(|known| known.end.dark);
            *ends = now;
        }
        let mut touched: BTreeSet<Arc<str>> = BTreeSet::new();
        for end in &changed.before {
            self.cut(&end.id, &mut touched);
        }
        self.connect(site, &changed.ends, &mut touched, book, rules, keys);
        if !touched.is_empty() {
            self.choose(touched);
            changed.legs = true;
        }
        changed
    }

    /// Removes all edges of a call; `touched` gets it and its neighbours.
    fn cut(&mut self, id: &Arc<str>, touched: &mut BTreeSet<Arc<str>>) {
        for key in self.edges_of(id) {
            self.remove(&key);
            touched.extend([key.0, key.1]);
        }
    }

    fn edges_of(&self, id: &Arc<str>) -> Vec<(Arc<str>, Arc<str>)> {
        if self.edges.is_empty() {
            return Vec::new();
        }
        let low = (id.clone(), Arc::from(""));
        let departs = self.edges.range(low.clone()..).map(|(key, _)| key);
        let departs = departs.take_while(|(from, _)| from == id).cloned();
        let arrives = self.back.range(low..).take_while(|(to, _)| to == id);
        departs
            .chain(arrives.map(|(to, from)| (from.clone(), to.clone())))
            .collect()
    }

    fn remove(&mut self, key: &(Arc<str>, Arc<str>)) {
        self.edges.remove(key);
        self.back.remove(&(key.1.clone(), key.0.clone()));
    }

    /// Tries legs between these ends of a site and the ends of all others in reach.
    fn connect(
        &mut self,
        site: usize,
        ends: &[Arc<End>],
        touched: &mut BTreeSet<Arc<str>>,
        book: &SiteBook,
        rules: &Rules,
        keys: &VoyageRule,
    ) {
        if ends.is_empty() {
            return;
        }
        let any_dark = ends.iter().any(|end| end.dark);
        let mut legs: Vec<Leg> = Vec::new();
        for (other, km) in self.reach.of(site, book, rules, keys).iter().copied() {
            let (Some(theirs), Some(dark)) = (self.ends.get(other), self.dark.get(other)) else {
                continue;
            };
            if !any_dark && !dark {
                continue;
            }
            for ours in ends {
                for their in theirs
                    .iter()
                    .map(|known| &known.end)
                    .filter(|their| ours.dark || their.dark)
                {
                    for (from, to) in [(ours, their), (their, ours)] {
                        // Nearly no pair is possible: what is used up is looked for last.
                        let used = || self.fixed_from.contains_key(&from.id) || self.fixed_to.contains_key(&to.id);
                        if let Some(probability) = probability(from, to, km, rules, keys)
                            && probability >= keys.probability_min
                            && !used()
                        {
                            legs.push(Leg {
                                from: from.clone(),
                                to: to.clone(),
                                probability,
                            });
                        }
                    }
                }
            }
        }
        for leg in likeliest(legs) {
            touched.extend([leg.from.id.clone(), leg.to.id.clone()]);
            self.back.insert((leg.to.id.clone(), leg.from.id.clone()));
            self.edges.insert((leg.from.id.clone(), leg.to.id.clone()), leg);
        }
    }

    /// Chooses again among the edges that hang together with these calls.
    fn choose(&mut self, touched: BTreeSet<Arc<str>>) {
        let mut part: BTreeSet<(Arc<str>, Arc<str>)> = BTreeSet::new();
        let seeds = touched;
        let mut visited = seeds.clone();
        let mut open: Vec<Arc<str>> = seeds.iter().cloned().collect();
        while let Some(id) = open.pop() {
            if part.len() > PART_LEGS_MAX {
                return self.choose_nearby(&seeds);
            }
            for key in self.edges_of(&id) {
                for next in [&key.0, &key.1] {
                    if visited.insert(next.clone()) {
                        open.push(next.clone());
                    }
                }
                part.insert(key);
            }
        }
        for id in &visited {
            for key in [self.chosen_from.remove(id), self.chosen_to.remove(id)]
                .into_iter()
                .flatten()
            {
                if let Some(leg) = self.chosen.remove(&key) {
                    self.chosen_from.remove(&leg.from.id);
                    self.chosen_to.remove(&leg.to.id);
                }
            }
        }
        let mut lefts: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        let mut rights: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        let (mut pairs, mut legs) = (Vec::new(), Vec::new());
        for key in &part {
            let Some(leg) = self.edges.get(key) else { continue };
            let next = lefts.len();
            let left = *lefts.entry(&key.0).or_insert(next);
            let next = rights.len();
            let right = *rights.entry(&key.1).or_insert(next);
            let odds = leg.probability / (1.0 - leg.probability).max(1e-9);
            pairs.push((left, right, odds.ln() + LEG_BONUS));
            legs.push(leg.clone());
        }
        for at in assign::best(&pairs) {
            if let Some(leg) = legs.get(at) {
                self.take(leg);
            }
        }
    }

    fn take(&mut self, leg: &Leg) {
        let key = (leg.to.arrival.1, leg.to.id.clone());
        self.chosen_from.insert(leg.from.id.clone(), key.clone());
        self.chosen_to.insert(leg.to.id.clone(), key.clone());
        self.chosen.insert(key, leg.clone());
    }

    /// Chooses for these calls alone: their legs are given up, and the surest taken whose ends are free.
    fn choose_nearby(&mut self, ids: &BTreeSet<Arc<str>>) {
        let mut near: Vec<Leg> = Vec::new();
        for id in ids {
            for place in [self.chosen_from.get(id), self.chosen_to.get(id)]
                .into_iter()
                .flatten()
                .cloned()
                .collect::<Vec<_>>()
            {
                if let Some(leg) = self.chosen.remove(&place) {
                    self.chosen_from.remove(&leg.from.id);
                    self.chosen_to.remove(&leg.to.id);
                }
            }
        }
        for key in ids.iter().flat_map(|id| self.edges_of(id)).collect::<BTreeSet<_>>() {
            near.extend(self.edges.get(&key).cloned());
        }
        near.sort_by(surest_first);
        for leg in &near {
            if !self.chosen_from.contains_key(&leg.from.id) && !self.chosen_to.contains_key(&leg.to.id) {
                self.take(leg);
            }
        }
    }

    /// The chosen legs, by arrival.
    pub fn chosen(&self) -> impl Iterator<Item = &Leg> {
        self.chosen.values()
    }

    /// Takes out the chosen legs that arrived until an instant; their ends are used up for good.
    pub fn take_fixed(&mut self, until_ms: i64) -> Vec<Leg> {
        let mut fixed = Vec::new();
        while self
            .chosen
            .first_key_value()
            .is_some_and(|((at, _), _)| *at <= until_ms)
        {
            let Some((_, leg)) = self.chosen.pop_first() else { break };
            self.chosen_from.remove(&leg.from.id);
            self.chosen_to.remove(&leg.to.id);
            self.fixed_from.insert(leg.from.id.clone(), leg.to.arrival.1);
            self.fixed_to.insert(leg.to.id.clone(), leg.to.arrival.1);
            // What the two ends could also have been: the rest of the choice stays the best without them.
            for key in self
                .edges_of(&leg.from.id)
                .into_iter()
                .filter(|key| key.0 == leg.from.id)
            {
                self.remove(&key);
            }
            for key in self.edges_of(&leg.to.id).into_iter().filter(|key| key.1 == leg.to.id) {
                self.remove(&key);
            }
            fixed.push(leg);
        }
        fixed
    }

    /// True when a fixed leg begins or ends with this call.
    pub fn is_fixed(&self, id: &Arc<str>) -> bool {
        self.fixed_from.contains_key(id) || self.fixed_to.contains_key(id)
    }

    /// Forgets ends of legs that arrived at or before an instant.
    pub fn forget(&mut self, until_ms: i64) {
        self.fixed_from.retain(|_, at| *at > until_ms);
        self.fixed_to.retain(|_, at| *at > until_ms);
    }

    /// Things held, for the test that memory is bounded.
    pub fn len(&self) -> usize {
        self.edges.len() + self.fixed_from.len() + self.fixed_to.len() + self.ends.iter().map(Vec::len).sum::<usize>()
    }
}

fn surest_first(a: &Leg, b: &Leg) -> std::cmp::Ordering {
    (b.probability.total_cmp(&a.probability))
        .then_with(|| a.from.id.cmp(&b.from.id))
        .then_with(|| a.to.id.cmp(&b.to.id))
}

/// The likeliest legs of each departure and each arrival.
fn likeliest(mut legs: Vec<Leg>) -> Vec<Leg> {
    if legs.len() <= LEGS_PER_END_MAX {
        return legs;
    }
    legs.sort_by(surest_first);
    let mut of: BTreeMap<(bool, Arc<str>), usize> = BTreeMap::new();
    legs.retain(|leg| {
        let ends = [(true, leg.from.id.clone()), (false, leg.to.id.clone())];
        if ends
            .iter()
            .any(|end| of.get(end).is_some_and(|legs| *legs >= LEGS_PER_END_MAX))
        {
            return false;
        }
        for end in ends {
            *of.entry(end).or_default() += 1;
        }
        true
    });
    legs
}

#[cfg(test)]
mod tests;
