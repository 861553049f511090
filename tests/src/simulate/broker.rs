//! A broker as bad as brokers are: it forgets, drops, doubles, and dies without a word.

use std::collections::{BTreeMap, VecDeque};

/// A connection of a station to the broker; numbers are never used twice.
pub type ConnectionId = u64;

/// A message for central.
#[derive(Clone, Debug)]
pub struct Message {
    /// Topic.
    pub topic: String,
    /// Payload.
    pub bytes: Vec<u8>,
}

/// The broker.
#[derive(Debug, Default)]
pub struct Broker {
    /// False while it is dead.
    pub is_up: bool,
    /// Stations' connections, and whether they subscribed to their acks.
    pub connections: BTreeMap<ConnectionId, (usize, bool)>,
    /// What waits for central.
    pub queue: VecDeque<Message>,
    /// How much may wait.
    pub queue_max: usize,
}

impl Broker {
    /// Takes a message for central; false when it was dropped.
    pub fn hold(&mut self, message: Message) -> bool {
        if self.queue.len() >= self.queue_max {
            return false;
        }
        self.queue.push_back(message);
        true
    }

    /// The connection on which a station hears its acks.
    #[must_use]
    pub fn subscribed(&self, station: usize) -> Option<ConnectionId> {
        let newest = self.connections.iter().rev();
        newest
            .filter(|(_, (of, is_subscribed))| *of == station && *is_subscribed)
            .map(|(id, _)| *id)
            .next()
    }
}
