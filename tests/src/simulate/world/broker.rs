//! The broker: passes on, holds, forgets.

use super::{Happens, World};
use crate::simulate::broker::{ConnectionId, Message};

impl World<'_> {
    pub(super) fn at_broker(&mut self, connection: ConnectionId, message: Message) {
        if !self.broker.is_up || !self.broker.connections.contains_key(&connection) {
            self.sometimes.saw("message for a dead connection");
            return;
        }
        if self.overheard.len() < 200 {
            self.overheard.push(message.clone());
        }
        if self.central.is_up() {
            self.carry(Happens::AtCentral(message));
        } else if !self.broker.hold(message) {
            self.sometimes.saw("broker queue overflowed");
        }
    }

    pub(super) fn deliver_held(&mut self) {
        if self.broker.is_up && self.central.is_up() {
            while let Some(message) = self.broker.queue.pop_front() {
                self.carry(Happens::AtCentral(message));
            }
        }
    }
}
