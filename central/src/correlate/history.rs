//! Event time of one site: looks in the order of acquisition, checkpoints, and rolling back for a late look.
//!
//! A look in order is folded in. A look that belongs before the newest restores the last checkpoint before it, and the looks after
//! that checkpoint are folded again. Looks and checkpoints are kept for the lateness limit and a little more: nothing older can arrive.

use std::sync::Arc;

use quaywatch_protocol::contract::time::HOUR_MS;

use super::{
    admit::{LookKey, SiteLook},
    book::SitePlan,
    facts::Facts,
    site::{Context, SiteState},
};
use crate::rules::Rules;

/// Event time between checkpoints, ms, and looks between them: a late look folds at most so much again beyond its own lateness. With looks once
/// a day a checkpoint at each would be more work than the looks.
const CHECKPOINT_EVERY_MS: i64 = 12 * HOUR_MS;
const CHECKPOINT_EVERY_LOOKS: usize = 12;
/// How much longer than the lateness limit looks and checkpoints are kept, ms: the clock tolerance, generously.
const MARGIN_MS: i64 = 2 * HOUR_MS;

/// A site's history.
#[derive(Debug)]
pub struct History {
    /// What is indexed by time.
    pub facts: Facts,
    /// The state after the newest look.
    pub head: SiteState,
    recent: Vec<Arc<SiteLook>>,
    checkpoints: Vec<(LookKey, SiteState)>,
    /// Looks folded since the last checkpoint.
    since_checkpoint: usize,
}

impl History {
    /// Nothing seen yet.
    pub fn new(plan: &SitePlan) -> Self {
        Self {
            facts: Facts::new(plan),
            head: SiteState::default(),
            recent: Vec::new(),
            checkpoints: vec![((i64::MIN, Arc::from("")), SiteState::default())],
            since_checkpoint: 0,
        }
    }

    /// Applies a look; true when it was late and the site was rolled back.
    pub fn apply(&mut self, look: Arc<SiteLook>, plan: &SitePlan, rules: &Rules) -> bool {
        self.facts.insert(&look, plan, rules);
        let place = self.recent.partition_point(|other| other.key < look.key);
        let late = place < self.recent.len();
        self.recent.insert(place, look.clone());
        if late {
            self.roll_back(&look.key, rules);
            let from = self.checkpoints.last().map(|(key, _)| key.clone());
            let again: Vec<_> = (self.recent.iter())
                .filter(|other| from.as_ref().is_none_or(|from| other.key > *from))
                .cloned()
                .collect();
            for each in again {
                self.fold(&each, plan, rules);
            }
            // Calls may have changed in any of these looks, not only in the last.
            self.head.calls_changed = true;
        } else {
            self.fold(&look, plan, rules);
        }
        self.prune(look.known_ms, rules);
        late
    }

    fn fold(&mut self, look: &Arc<SiteLook>, plan: &SitePlan, rules: &Rules) {
        let mut context = Context {
            plan,
            rules,
            facts: &mut self.facts,
            look,
        };
        self.head.fold(&mut context);
        self.since_checkpoint += 1;
        let due = self.since_checkpoint >= CHECKPOINT_EVERY_LOOKS
            && (self.checkpoints.last()).is_none_or(|(key, _)| look.at().saturating_sub(key.0) >= CHECKPOINT_EVERY_MS);
        if due {
            self.since_checkpoint = 0;
            self.checkpoints.push((look.key.clone(), self.head.clone()));
        }
    }

    fn roll_back(&mut self, key: &LookKey, rules: &Rules) {
        while self.checkpoints.len() > 1 && self.checkpoints.last().is_some_and(|(at, _)| at >= key) {
            self.checkpoints.pop();
        }
        self.since_checkpoint = 0;
        if let Some((at, state)) = self.checkpoints.last() {
            self.head = state.clone();
            self.facts.unsettle_after(at, rules);
        }
    }

    fn prune(&mut self, known_ms: i64, rules: &Rules) {
        let late_ms = (rules.time.lateness_h * HOUR_MS as f64) as i64;
        let floor = known_ms - late_ms - MARGIN_MS;
        let old = self
            .checkpoints
            .iter()
            .skip(1)
            .take_while(|(key, _)| key.0 < floor)
            .count();
        self.checkpoints.drain(..old);
        if let Some((first, _)) = self.checkpoints.first().filter(|_| old > 0) {
            let old = self.recent.partition_point(|look| look.key <= *first);
            self.recent.drain(..old);
        }
        let retention_ms = (rules.time.retention_days * 86_400_000.0) as i64;
        self.facts.forget(known_ms - retention_ms);
    }

    /// Event time of the newest look.
    pub fn newest_ms(&self) -> Option<i64> {
        self.recent
            .last()
            .map(|look| look.at())
            .or_else(|| self.checkpoints.last().map(|(key, _)| key.0))
    }

    /// Things held, for the test that memory is bounded.
    pub fn len(&self) -> usize {
        self.facts.len() + self.recent.len() + self.checkpoints.len() + self.head.live.len() + self.head.episodes.len()
    }
}
