//! Simulated clocks: true time moves with the agenda; each machine's wall clock errs in its own way.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use quaywatch_protocol::contract::time::UnixMs;

/// A wall clock that shows what it was last set to.
#[derive(Clone, Debug, Default)]
pub struct WallClock(Arc<AtomicI64>);

impl WallClock {
    /// Shows this from now on.
    pub fn set(&self, to: UnixMs) {
        self.0.store(to.0, Ordering::SeqCst);
    }
}

impl quaywatch_central::clock::Clock for WallClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::SeqCst))
    }
}

/// How a machine's clock errs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Error {
    /// Ahead of the truth by this, milliseconds.
    pub offset_ms: i64,
    /// Gains this much, parts per million.
    pub drift_ppm: i64,
    /// Says 1970.
    pub is_dead: bool,
}

impl Error {
    /// What a clock with this error shows, `elapsed_ms` after the simulation began at `start`.
    #[must_use]
    pub fn shows(&self, start: UnixMs, elapsed_ms: u64) -> UnixMs {
        let elapsed_ms = i64::try_from(elapsed_ms).unwrap_or(i64::MAX);
        if self.is_dead {
            return UnixMs(elapsed_ms);
        }
        start.plus_ms(elapsed_ms + self.offset_ms + elapsed_ms / 1_000_000 * self.drift_ppm)
    }
}
