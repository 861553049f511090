//! Time as the agent sees it: passed in everywhere, so that a simulator can stop, step and kill it.
//!
//! Two clocks, because they answer two questions. *What time is it* ([`Clock::now`]) is the wall clock: it may step, drift or be
//! dead, and is used only for what a person reads and for the epoch of a new spool. *How long has it been*
//! ([`Clock::monotonic_ms`]) never goes back, and is what every time-out, back-off and interval counts in.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Instant,
};

use quaywatch_protocol::contract::UnixMs;

/// 2020-01-01T00:00:00Z: minutes since then make a spool's epoch.
pub const EPOCH_ZERO: UnixMs = UnixMs(1_577_836_800_000);
const MINUTE_MS: i64 = 60_000;

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// Wall clock, UTC. May step in either direction.
    fn now(&self) -> UnixMs;
    /// Milliseconds since some fixed moment of this process; never decreases.
    fn monotonic_ms(&self) -> u64;
}

/// Minutes since 2020-01-01, or `None` when the clock says an earlier time or one that 32 bits do not hold: such a clock is
/// dead, and an epoch taken from it could have been used before.
#[must_use]
pub fn minutes_since_2020(now: UnixMs) -> Option<u32> {
    let minutes = now.0.checked_sub(EPOCH_ZERO.0)?.div_euclid(MINUTE_MS);
    u32::try_from(minutes).ok().filter(|minutes| *minutes > 0)
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Starts counting now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place where wall-clock time enters")]
    fn now(&self) -> UnixMs {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A clock before 1970 is as dead as one at 1970.
        UnixMs(since_1970.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A clock that is moved by hand.
#[derive(Debug)]
pub struct ManualClock {
    wall_ms: AtomicI64,
    monotonic_ms: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub const fn at(now: UnixMs) -> Self {
        Self {
            wall_ms: AtomicI64::new(now.0),
            monotonic_ms: AtomicU64::new(0),
        }
    }

    /// Lets time pass on both clocks.
    pub fn advance_ms(&self, elapsed_ms: u32) {
        self.wall_ms.fetch_add(i64::from(elapsed_ms), Ordering::SeqCst);
        self.monotonic_ms.fetch_add(u64::from(elapsed_ms), Ordering::SeqCst);
    }

    /// Steps the wall clock alone, as a time server or a dead battery does.
    pub fn step_to(&self, now: UnixMs) {
        self.wall_ms.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.wall_ms.load(Ordering::SeqCst))
    }

    fn monotonic_ms(&self) -> u64 {
        self.monotonic_ms.load(Ordering::SeqCst)
    }
}

/// Watches the wall clock against the monotonic one, so that steps are seen and told.
#[derive(Debug)]
pub struct StepWatch {
    wall: UnixMs,
    monotonic_ms: u64,
}

/// A difference smaller than this between the two clocks is drift or scheduling, not a step.
pub const CLOCK_STEP_MS: i64 = 2_000;

impl StepWatch {
    /// Starts watching.
    #[must_use]
    pub fn new(clock: &dyn Clock) -> Self {
        Self {
            wall: clock.now(),
            monotonic_ms: clock.monotonic_ms(),
        }
    }

    /// Milliseconds by which the wall clock stepped since the last call, when it did.
    pub fn step_ms(&mut self, clock: &dyn Clock) -> Option<i64> {
        let (wall, monotonic_ms) = (clock.now(), clock.monotonic_ms());
        let elapsed_ms = i64::try_from(monotonic_ms - self.monotonic_ms).unwrap_or(i64::MAX);
        let step_ms = wall.0.saturating_sub(self.wall.0).saturating_sub(elapsed_ms);
        (self.wall, self.monotonic_ms) = (wall, monotonic_ms);
        (step_ms.abs() >= CLOCK_STEP_MS).then_some(step_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_counts_minutes_since_2020() {
        assert_eq!(minutes_since_2020(EPOCH_ZERO.plus_ms(59_999)), None);
        assert_eq!(minutes_since_2020(EPOCH_ZERO.plus_ms(120_000)), Some(2));
    }

    #[test]
    fn a_dead_clock_gives_no_epoch() {
        assert_eq!(minutes_since_2020(UnixMs(0)), None);
        assert_eq!(minutes_since_2020(UnixMs(i64::MIN)), None);
        assert_eq!(minutes_since_2020(UnixMs(i64::MAX)), None);
    }

    #[test]
    fn a_step_is_seen_and_passing_time_is_not() {
        let clock = ManualClock::at(EPOCH_ZERO);
        let mut watch = StepWatch::new(&clock);
        clock.advance_ms(3_600_000);
        assert_eq!(watch.step_ms(&clock), None);
        clock.step_to(EPOCH_ZERO);
        assert_eq!(watch.step_ms(&clock), Some(-3_600_000));
        assert_eq!(watch.step_ms(&clock), None);
    }
}
