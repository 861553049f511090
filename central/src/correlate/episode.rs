//! Episodes: a rule's finding about one subject, from the look that completed it until nothing has confirmed it for a while.
//!
//! This is what makes one alert of a steady state: each look updates the episode, none opens a second one. An episode that is over is
//! kept as long as its alert may be re-opened: when a late look changes what came after it, the alert goes back to what it said, and
//! only an alert without any episode is withdrawn.

use std::{collections::BTreeMap, sync::Arc};

use quaywatch_protocol::contract::time::DAY_MS;

use super::finding::Finding;

/// Days after its last evidence within which the same finding re-opens its alert instead of raising another.
pub const REOPEN_DAYS: i64 = 90;
/// Days an episode that is over is kept: as long as it may re-open, and the longest lateness limit.
const OVER_KEPT_DAYS: i64 = REOPEN_DAYS + 10;

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
pub struct Episodes {
    running: BTreeMap<EpisodeKey, Episode>,
    over: BTreeMap<EpisodeKey, Arc<Finding>>,
    /// True when a finding changed since [`Self::begin_look`].
    changed: bool,
}

impl Episodes {
    /// A look begins: nothing has changed yet.
    pub fn begin_look(&mut self) {
        self.changed = false;
    }

    /// True when a finding began, went on or was contradicted since [`Self::begin_look`].
    pub const fn changed(&self) -> bool {
        self.changed
    }

    /// The running episode. There are few at a time: looking through them costs less than a key.
    pub fn get(&self, rule: usize, subject: &str) -> Option<&Episode> {
        let mut running = self.running.iter();
        let found = running.find(|((of, about), _)| *of == rule && **about == *subject);
        found.map(|(_, episode)| episode)
    }

    /// Begins or continues an episode. `change` gets the finding so far, if there is one.
    pub fn put(&mut self, finding: Finding, cooldown_days: f64) {
        let key = (finding.rule, finding.subject.clone());
        let mut finding = finding;
        if let Some(before) = self.running.get(&key) {
            finding.completed_ms = before.finding.completed_ms;
        }
        let finding = Arc::new(finding);
        self.changed = true;
        self.running.insert(key, Episode { finding, cooldown_days });
    }

    /// Marks the running episode as contradicted.
    pub fn contradict(&mut self, rule: usize, subject: &str, reason: &str) {
        if let Some(episode) = self.running.get_mut(&(rule, Arc::from(subject)))
            && episode.finding.contradicted.is_none()
        {
            Arc::make_mut(&mut episode.finding).contradicted = Some(reason.to_owned());
            self.changed = true;
        }
    }

    /// Ends what has not been confirmed for its cooldown, and forgets what ended long ago.
    pub fn end_stale(&mut self, now_ms: i64) {
        let over = &mut self.over;
        self.running.retain(|key, episode| {
            let days = now_ms.saturating_sub(episode.finding.last_ms) as f64 / DAY_MS as f64;
            if days > episode.cooldown_days {
                over.insert(key.clone(), episode.finding.clone());
                return false;
            }
            true
        });
        let kept_from = now_ms - OVER_KEPT_DAYS * DAY_MS;
        over.retain(|_, finding| finding.last_ms >= kept_from);
    }

    /// What was found last by rule and subject, running or over, in the order of rules and subjects.
    pub fn findings(&self) -> Vec<Arc<Finding>> {
        let over = self.over.iter().filter(|(key, _)| !self.running.contains_key(key));
        let running = self.running.iter().map(|(key, episode)| (key, &episode.finding));
        let mut all: Vec<_> = running.chain(over).collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        all.into_iter().map(|(_, finding)| finding.clone()).collect()
    }

    /// Episodes held, for the test that memory is bounded.
    pub fn len(&self) -> usize {
        self.running.len() + self.over.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Kind, Severity};

    const COOLDOWN_DAYS: f64 = 30.0;

    fn seen_last(day: i64) -> Finding {
        Finding {
            rule: 1,
            kind: Kind::Surge,
            site: "a".to_owned(),
            sites: vec!["a".to_owned()],
            subject: Arc::from("yard"),
            completed_ms: day * DAY_MS,
            onset: (0, 0),
            last_ms: day * DAY_MS,
            severity: Severity::Watch,
            signals: Vec::new(),
            expected_false: 0.1,
            evidence: Vec::new(),
            details: serde_json::Map::default(),
            contradicted: None,
        }
    }

    #[test]
    fn an_episode_is_over_after_its_cooldown_and_forgotten_when_it_can_no_longer_be_opened_again() {
        let mut episodes = Episodes::default();
        episodes.put(seen_last(1_000), COOLDOWN_DAYS);
        episodes.end_stale(1_030 * DAY_MS);
        assert!(episodes.get(1, "yard").is_some());
        episodes.end_stale(1_030 * DAY_MS + 1);
        assert!(episodes.get(1, "yard").is_none());
        for (now_ms, held) in [(1_100 * DAY_MS, 1), (1_100 * DAY_MS + 1, 0)] {
            episodes.end_stale(now_ms);
            assert_eq!((episodes.len(), episodes.findings().len()), (held, held), "{now_ms}");
        }
    }

    #[test]
    fn what_goes_on_keeps_when_it_was_complete_and_hides_the_episode_before() {
        let mut episodes = Episodes::default();
        episodes.put(seen_last(10), COOLDOWN_DAYS);
        episodes.end_stale(50 * DAY_MS);
        episodes.put(seen_last(60), COOLDOWN_DAYS);
        episodes.put(seen_last(70), COOLDOWN_DAYS);
        let found = episodes.findings();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].completed_ms, found[0].last_ms), (60 * DAY_MS, 70 * DAY_MS));
    }

    #[test]
    fn only_its_own_rule_and_subject_contradict_an_episode_and_the_first_reason_stays() {
        let mut episodes = Episodes::default();
        episodes.put(seen_last(10), COOLDOWN_DAYS);
        episodes.begin_look();
        episodes.contradict(2, "yard", "another rule");
        episodes.contradict(1, "pier", "another subject");
        assert!(!episodes.changed());
        episodes.contradict(1, "yard", "empty after all");
        assert!(episodes.changed());
        episodes.contradict(1, "yard", "said again");
        let episode = episodes.get(1, "yard").unwrap();
        assert_eq!(episode.finding.contradicted.as_deref(), Some("empty after all"));
    }
}
