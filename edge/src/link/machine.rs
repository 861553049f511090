//! The link's logic, pure: no clock, no socket, no randomness of its own.
//!
//! The driver tells it what happened and asks [`Machine::next`] what to do until the answer is to wait. Times are milliseconds
//! of the monotonic clock.
//!
//! Invariants: at most `window_events` events are on the way; within a connection they go out in order of their numbers, each
//! resend starting over right after the last acked one; nothing is sent before the ack topic is subscribed; a connection on which
//! nothing is heard, or which takes nothing any more, is given up.

use std::collections::VecDeque;

use super::backoff::Backoff;

/// Wait for a connection, with its TLS and its CONNACK.
pub const CONNECT_WAIT_MS: u64 = 15_000;
/// Wait for the subscription to be confirmed.
pub const SUBSCRIBE_WAIT_MS: u64 = 10_000;
/// Wait for an ack to move before the window is sent again: a commit and two hops take well under a second; doubles up to
/// [`ACK_WAIT_MAX_MS`] while nothing moves.
pub const ACK_WAIT_MS: u64 = 10_000;
/// Longest wait for an ack to move.
pub const ACK_WAIT_MAX_MS: u64 = 60_000;
/// A client that has taken nothing for this long while it should have is wedged.
pub const CHOKED_WAIT_MS: u64 = 30_000;
/// A connection that lasted this long was a good one: the next wait is the shortest again.
pub const GOOD_CONNECTION_MS: u64 = 30_000;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open a connection.
    Connect,
    /// Drop the connection, for this reason.
    Close(&'static str),
    /// Send up to `count` events after number `after`, then call [`Machine::sent`].
    Send {
        /// The last one sent.
        after: u64,
        /// How many fit.
        count: usize,
        /// Those up to this number have been sent before on this or an earlier connection.
        again_through: u64,
    },
    /// Nothing until this time, unless something happens.
    Wait(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not connected, and not before this time.
    Resting {
        until_ms: u64,
    },
    Connecting {
        since_ms: u64,
    },
    Subscribing {
        since_ms: u64,
    },
    Online {
        since_ms: u64,
    },
}

/// The link's state.
#[derive(Clone, Debug)]
pub struct Machine {
    window_events: usize,
    /// A connection on which nothing was heard for this long is dead: one and a half keep-alives.
    silence_ms: u64,
    phase: Phase,
    backoff: Backoff,
    acked_through: u64,
    /// Numbers on the way on this connection, in order.
    on_the_way: VecDeque<u64>,
    /// Highest number ever handed to a connection: what is at or below is a resend.
    sent_once_through: u64,
    /// False once the spool had nothing more.
    more: bool,
    heard_at_ms: u64,
    choked_since_ms: Option<u64>,
    ack_wait_ms: u64,
    ack_due_ms: u64,
    ack_timeouts: u64,
}

impl Machine {
    /// A link that is not connected; `acked_through` is the spool's.
    #[must_use]
    pub fn new(window_events: usize, keep_alive_ms: u64, acked_through: u64) -> Self {
        Self {
            window_events: window_events.max(1),
            silence_ms: keep_alive_ms + keep_alive_ms / 2,
            phase: Phase::Resting { until_ms: 0 },
            backoff: Backoff::default(),
            acked_through,
            on_the_way: VecDeque::new(),
            sent_once_through: acked_through,
            more: true,
            heard_at_ms: 0,
            choked_since_ms: None,
            ack_wait_ms: ACK_WAIT_MS,
            ack_due_ms: 0,
            ack_timeouts: 0,
        }
    }

    /// True while events may flow.
    #[must_use]
    pub const fn is_online(&self) -> bool {
        matches!(self.phase, Phase::Online { .. })
    }

    /// How often the window was sent again because no ack moved.
    #[must_use]
    pub const fn ack_timeouts(&self) -> u64 {
        self.ack_timeouts
    }

    /// Events on the way.
    #[must_use]
    pub fn on_the_way(&self) -> usize {
        self.on_the_way.len()
    }

    /// What to do now. Call it again after doing it, until it says to wait.
    pub fn next(&mut self, now_ms: u64, random: f64) -> Action {
        match self.phase {
            Phase::Resting { until_ms } if now_ms < until_ms => Action::Wait(until_ms),
            Phase::Resting { .. } => {
                self.phase = Phase::Connecting { since_ms: now_ms };
                Action::Connect
            }
            Phase::Connecting { since_ms } => {
                self.patient(now_ms, since_ms + CONNECT_WAIT_MS, random, "no answer to CONNECT")
            }
            Phase::Subscribing { since_ms } => {
                self.patient(now_ms, since_ms + SUBSCRIBE_WAIT_MS, random, "no answer to SUBSCRIBE")
            }
            Phase::Online { .. } => self.online(now_ms, random),
        }
    }

    fn patient(&mut self, now_ms: u64, until_ms: u64, random: f64, reason: &'static str) -> Action {
        if now_ms < until_ms {
            return Action::Wait(until_ms);
        }
        self.lost(now_ms, random);
        Action::Close(reason)
    }

    fn online(&mut self, now_ms: u64, random: f64) -> Action {
        let silent_at = self.heard_at_ms + self.silence_ms;
        let choked_at = self.choked_since_ms.map_or(u64::MAX, |since| since + CHOKED_WAIT_MS);
        if now_ms >= silent_at {
            self.lost(now_ms, random);
            return Action::Close("nothing heard from the broker");
        }
        if now_ms >= choked_at {
            self.lost(now_ms, random);
            return Action::Close("the broker takes nothing more");
        }
        if !self.on_the_way.is_empty() && now_ms >= self.ack_due_ms {
            self.ack_timeouts += 1;
            self.ack_wait_ms = (self.ack_wait_ms * 2).min(ACK_WAIT_MAX_MS);
            self.begin_again();
        }
        let room = self.window_events.saturating_sub(self.on_the_way.len());
        if self.more && room > 0 && self.choked_since_ms.is_none() {
            return Action::Send {
                after: self.on_the_way.back().copied().unwrap_or(self.acked_through),
                count: room,
                again_through: self.sent_once_through,
            };
        }
        let ack_due = if self.on_the_way.is_empty() {
            u64::MAX
        } else {
            self.ack_due_ms
        };
        Action::Wait(silent_at.min(choked_at).min(ack_due))
    }

    /// Everything unacked is to be sent again, from the first.
    fn begin_again(&mut self) {
        self.on_the_way.clear();
        self.more = true;
    }

    /// These numbers were handed to the connection. `exhausted`: the spool had no more; `choked`: the client takes no more.
    pub fn sent(&mut self, now_ms: u64, numbers: impl IntoIterator<Item = u64>, exhausted: bool, choked: bool) {
        let was_empty = self.on_the_way.is_empty();
        for number in numbers {
            self.sent_once_through = self.sent_once_through.max(number);
            self.on_the_way.push_back(number);
        }
        debug_assert!(self.on_the_way.len() <= self.window_events);
        if was_empty {
            self.ack_due_ms = now_ms + self.ack_wait_ms;
        }
        self.more = !exhausted;
        if choked && self.choked_since_ms.is_none() {
            self.choked_since_ms = Some(now_ms);
        }
    }

    /// The client took something: it is not choked.
    pub const fn drained(&mut self) {
        self.choked_since_ms = None;
    }

    /// The spool has something new.
    pub const fn spooled(&mut self) {
        self.more = true;
    }

    /// The broker answered CONNECT.
    pub fn connected(&mut self, now_ms: u64) {
        if matches!(self.phase, Phase::Connecting { .. }) {
            self.phase = Phase::Subscribing { since_ms: now_ms };
        }
    }

    /// The broker confirmed the subscription of the ack topic.
    pub fn subscribed(&mut self, now_ms: u64) {
        if matches!(self.phase, Phase::Subscribing { .. }) {
            self.phase = Phase::Online { since_ms: now_ms };
            self.heard_at_ms = now_ms;
            self.choked_since_ms = None;
            self.begin_again();
        }
    }

    /// Anything came from the broker.
    pub const fn heard(&mut self, now_ms: u64) {
        self.heard_at_ms = now_ms;
    }

    /// The spool has removed everything up to `through`.
    pub fn acked(&mut self, now_ms: u64, through: u64) {
        if through <= self.acked_through {
            return;
        }
        self.acked_through = through;
        self.sent_once_through = self.sent_once_through.max(through);
        while self.on_the_way.front().is_some_and(|number| *number <= through) {
            self.on_the_way.pop_front();
        }
        self.ack_wait_ms = ACK_WAIT_MS;
        self.ack_due_ms = now_ms + self.ack_wait_ms;
        self.backoff.reset();
        self.more = true;
    }

    /// The spool began a new epoch: no number of the old one means anything.
    pub fn renumbered(&mut self) {
        self.acked_through = 0;
        self.sent_once_through = 0;
        self.begin_again();
    }

    /// The connection is gone.
    pub fn lost(&mut self, now_ms: u64, random: f64) {
        if let Phase::Online { since_ms } = self.phase
            && now_ms.saturating_sub(since_ms) >= GOOD_CONNECTION_MS
        {
            self.backoff.reset();
        }
        let until_ms = now_ms + self.backoff.next_ms(random);
        self.phase = Phase::Resting { until_ms };
        self.choked_since_ms = None;
        self.begin_again();
    }
}

#[cfg(test)]
mod tests;
