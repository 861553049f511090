//! What happens when: an ordered queue, first come first served within a millisecond.

use std::collections::BTreeMap;

/// Events by time; never goes back.
#[derive(Debug)]
pub struct Agenda<E> {
    now_ms: u64,
    order: u64,
    queue: BTreeMap<(u64, u64), E>,
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Self {
            now_ms: 0,
            order: 0,
            queue: BTreeMap::new(),
        }
    }
}

impl<E> Agenda<E> {
    /// Milliseconds since the simulation began.
    #[must_use]
    pub const fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Enters something for later.
    pub fn after(&mut self, delay_ms: u64, what: E) {
        self.order += 1;
        self.queue.insert((self.now_ms + delay_ms, self.order), what);
    }

    /// The next thing not later than `until_ms`; time moves to it.
    pub fn next(&mut self, until_ms: u64) -> Option<E> {
        let entry = self.queue.first_entry()?;
        let (at_ms, _) = *entry.key();
        if at_ms > until_ms {
            return None;
        }
        self.now_ms = at_ms;
        Some(entry.remove())
    }
}
