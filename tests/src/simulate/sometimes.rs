//! Counts of what occurred: a fault that never happens proves nothing.

use std::{collections::BTreeMap, fmt};

/// Everything that must occur somewhere in a run of enough seeds.
pub const MUST_OCCUR: [&str; 34] = [
    "message lost",
    "message doubled",
    "message overtaken",
    "message cut off",
    "broker killed with queue",
    "broker kept its queue",
    "broker gone without a word",
    "broker queue overflowed",
    "station killed",
    "station lost power",
    "station died in the middle of a write",
    "station died before it put the scene away",
    "flush failed",
    "station disk full",
    "spool rotted",
    "old spool put back",
    "spool found again",
    "spool set aside",
    "spool full",
    "scene known from before the crash",
    "clock stepped",
    "clock dead",
    "epoch refused by a dead clock",
    "window sent again",
    "event sent again",
    "ack of another epoch",
    "ack ahead of the spool",
    "central killed before its commit",
    "central died in its commit",
    "central killed before its acks",
    "central clock stepped",
    "hostile message refused",
    "alert raised by what the stations sent",
    "alert of the second implementation",
];

/// Counts by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sometimes(BTreeMap<&'static str, u64>);

impl Sometimes {
    /// It occurred.
    pub fn saw(&mut self, what: &'static str) {
        self.saw_many(what, 1);
    }

    /// It occurred this often.
    pub fn saw_many(&mut self, what: &'static str, count: u64) {
        if count > 0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    /// How often it occurred.
    #[must_use]
    pub fn count(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// Adds another run's counts.
    pub fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            self.saw_many(what, *count);
        }
    }

    /// What must occur and did not.
    #[must_use]
    pub fn never(&self) -> Vec<&'static str> {
        MUST_OCCUR.into_iter().filter(|what| self.count(what) == 0).collect()
    }
}

impl fmt::Display for Sometimes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in &self.0 {
            writeln!(out, "{count:>10}  {what}")?;
        }
        Ok(())
    }
}
