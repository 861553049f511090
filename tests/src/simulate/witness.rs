//! Stands outside the system and writes down what was promised: what was accepted, committed, acknowledged.

use std::collections::{BTreeMap, BTreeSet};

/// What one station was promised.
#[derive(Clone, Debug, Default)]
pub struct Promised {
    /// Looks that its spool accepted, by scene and site.
    pub accepted: BTreeSet<(String, String)>,
    /// Looks that were tried and may or may not be in the spool.
    pub tried: BTreeSet<(String, String)>,
    /// Looks known to be committed at central.
    pub committed: BTreeSet<(String, String)>,
    /// Accepted, not known to be committed, when a disk was lost.
    pub excused: BTreeSet<(String, String)>,
    /// How often the station lost its spool.
    pub disks_lost: u64,
    /// Highest number that central acknowledged, by epoch.
    pub acked: BTreeMap<u32, u64>,
}

impl Promised {
    /// The spool is gone with everything that central does not have.
    pub fn lose_disk(&mut self) {
        self.disks_lost += 1;
        self.excused.extend(self.accepted.difference(&self.committed).cloned());
    }

    /// Central has said so.
    pub fn ack(&mut self, epoch: u32, seq: u64) {
        let highest = self.acked.entry(epoch).or_default();
        *highest = seq.max(*highest);
    }
}
