//! Time enters here and nowhere else.

use std::time::{SystemTime, UNIX_EPOCH};

use quaywatch_protocol::contract::time::UnixMs;

/// A clock. Tests and the simulator bring their own.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> UnixMs;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the one place where time enters")]
    fn now(&self) -> UnixMs {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMs(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}
