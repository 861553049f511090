//! When a scene is finished: nothing of it changed for a number of looks. Pure.

use std::collections::HashMap;

use super::Group;

/// Remembers what the folder looked like.
#[derive(Debug)]
pub struct Tracker {
    stable_polls: u32,
    seen: HashMap<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    signature: (u64, i64, usize),
    /// Looks in a row with this signature, after the first.
    unchanged: u32,
    /// It was dealt with and nothing changed since.
    settled: bool,
}

impl Tracker {
    /// A scene is finished after `stable_polls` looks without a change.
    #[must_use]
    pub fn new(stable_polls: u32) -> Self {
        Self {
            stable_polls: stable_polls.max(1),
            seen: HashMap::new(),
        }
    }

    /// Takes one look; returns the scenes that are finished, in the order given. What is gone is forgotten.
    pub fn look(&mut self, groups: Vec<Group>) -> Vec<Group> {
        let mut seen = HashMap::with_capacity(groups.len());
        let mut finished = Vec::new();
        for group in groups {
            let mut entry = Seen {
                signature: group.signature,
                unchanged: 0,
                settled: false,
            };
            if let Some(before) = self.seen.remove(&group.name)
                && before.signature == group.signature
            {
                entry.unchanged = before.unchanged.saturating_add(1);
                entry.settled = before.settled;
            }
            let is_stable = group.marked_done || entry.unchanged >= self.stable_polls;
            seen.insert(group.name.clone(), entry);
            let settled = seen.get(&group.name).is_some_and(|entry| entry.settled);
            if is_stable && !group.incomplete && !settled {
                finished.push(group);
            }
        }
        self.seen = seen;
        finished
    }

    /// The scene was dealt with: it is not finished again unless it changes.
    pub fn settle(&mut self, name: &str) {
        if let Some(entry) = self.seen.get_mut(name) {
            entry.settled = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(bytes: u64) -> Group {
        Group {
            name: "a.tif".to_owned(),
            sidecars: Vec::new(),
            bytes,
            signature: (bytes, 0, 0),
            marked_done: false,
            incomplete: false,
        }
    }

    #[test]
    fn a_growing_file_is_not_finished_until_it_stops() {
        let mut tracker = Tracker::new(2);
        for bytes in [10, 20, 20, 30] {
            assert!(tracker.look(vec![scene(bytes)]).is_empty());
        }
        assert!(tracker.look(vec![scene(30)]).is_empty());
        assert_eq!(tracker.look(vec![scene(30)]).len(), 1);
    }

    #[test]
    fn a_mark_finishes_it_at_once_but_not_while_something_is_missing() {
        let mut tracker = Tracker::new(5);
        let mut marked = scene(10);
        marked.marked_done = true;
        assert_eq!(tracker.look(vec![marked.clone()]).len(), 1);
        marked.incomplete = true;
        assert!(tracker.look(vec![marked]).is_empty());
    }

    #[test]
    fn what_is_settled_comes_back_only_when_it_changes() {
        let mut tracker = Tracker::new(1);
        tracker.look(vec![scene(10)]);
        assert_eq!(tracker.look(vec![scene(10)]).len(), 1);
        tracker.settle("a.tif");
        assert!(tracker.look(vec![scene(10)]).is_empty());
        assert!(tracker.look(vec![scene(11)]).is_empty());
        assert_eq!(tracker.look(vec![scene(11)]).len(), 1);
    }
}
