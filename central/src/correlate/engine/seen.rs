//! Identities of the looks of the last days: a look counts once, and the first of two that differ counts.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, Hash, Hasher},
    sync::Arc,
};

use foldhash::fast::RandomState;
use quaywatch_protocol::contract::Look;

/// Identities seen lately, with a fingerprint of what the look said.
#[derive(Debug, Default)]
pub(super) struct Seen {
    prints: HashMap<Arc<str>, u64, RandomState>,
    /// Of fingerprints, which never leave this process.
    hashes: RandomState,
    order: VecDeque<(i64, Arc<str>)>,
}

impl Seen {
    /// `None`: not seen before; otherwise whether it said the same.
    pub fn before(&self, id: &str, look: &Look) -> Option<bool> {
        self.prints.get(id).map(|print| *print == self.fingerprint(look))
    }

    /// Remembers a look, and forgets what became known more than `kept_ms` ago: nothing so old is admitted any more.
    pub fn remember(&mut self, id: Arc<str>, look: &Look, now_ms: i64, kept_ms: i64) {
        self.prints.insert(id.clone(), self.fingerprint(look));
        self.order.push_back((now_ms, id));
        while self.order.front().is_some_and(|(at, _)| *at < now_ms - kept_ms) {
            if let Some((_, id)) = self.order.pop_front() {
                self.prints.remove(&id);
            }
        }
    }

    /// Identities held.
    pub fn len(&self) -> usize {
        self.prints.len()
    }

    /// Tells two looks with one identity apart.
    fn fingerprint(&self, look: &Look) -> u64 {
        let mut hash = self.hashes.build_hasher();
        (
            look.acquired_at.0,
            &look.scene,
            &look.site,
            look.zones.len(),
            look.rail.len(),
            look.stacks.len(),
        )
            .hash(&mut hash);
        for zone in &look.zones {
            (&zone.zone, zone.visible.to_bits()).hash(&mut hash);
        }
        for vessel in &look.vessels {
            (
                &vessel.zone,
                vessel.length_m.to_bits(),
                vessel.confidence.to_bits(),
                vessel.mmsi,
            )
                .hash(&mut hash);
        }
        hash.finish()
    }
}
