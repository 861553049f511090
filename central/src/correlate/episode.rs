//! Episodes: a rule's finding about one subject, from the look that completed it until nothing has confirmed it for a while.
//!
//! This is what makes one alert of a steady state: each look updates the episode, none opens a second one.

use std::{collections::BTreeMap, sync::Arc};

use quaywatch_protocol::contract::time::DAY_MS;

use super::finding::Finding;

/// Rule and subject.
pub type EpisodeKey = (usize, Arc<str>);

/// An episode of a site.
#[derive(Clone, Debug)]
pub struct Episode {
    /// What was found, as of the last look that confirmed it.
    pub finding: Arc<Finding>,
    /// Days without confirmation after which it is over.
    pub cooldown_days: f64,
}

/// The episodes of a site, by rule and subject.
#[derive(Clone, Debug, Default)]
pub struct Episodes(BTreeMap<EpisodeKey, Episode>);

impl Episodes {
    /// The running episode.
    pub fn get(&self, rule: usize, subject: &str) -> Option<&Episode> {
        self.0.get(&(rule, Arc::from(subject)))
    }

    /// Begins or continues an episode. `change` gets the finding so far, if there is one.
    pub fn put(&mut self, finding: Finding, cooldown_days: f64) {
        let key = (finding.rule, finding.subject.clone());
        let mut finding = finding;
        if let Some(before) = self.0.get(&key) {
            finding.completed_ms = before.finding.completed_ms;
        }
        self.0.insert(
            key,
            Episode {
                finding: Arc::new(finding),
                cooldown_days,
            },
        );
    }

    /// Marks the running episode as contradicted.
    pub fn contradict(&mut self, rule: usize, subject: &str, reason: &str) {
        if let Some(episode) = self.0.get_mut(&(rule, Arc::from(subject)))
            && episode.finding.contradicted.is_none()
        {
            Arc::make_mut(&mut episode.finding).contradicted = Some(reason.to_owned());
        }
    }

    /// Ends what has not been confirmed for its cooldown.
    pub fn end_stale(&mut self, now_ms: i64) {
        self.0.retain(|_, episode| {
            let days = now_ms.saturating_sub(episode.finding.last_ms) as f64 / DAY_MS as f64;
            days <= episode.cooldown_days
        });
    }

    /// All, in the order of rules and subjects.
    pub fn iter(&self) -> impl Iterator<Item = &Episode> {
        self.0.values()
    }
}
