//! How long to wait before the next attempt: doubling, with jitter, so that a fleet does not come back all at once.

/// Wait before the second attempt, before jitter.
pub const BACKOFF_FIRST_MS: u64 = 500;
/// Longest wait, before jitter: a broker that is back is found within a minute and a half.
pub const BACKOFF_MAX_MS: u64 = 60_000;

/// Doubling wait.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The next wait. `random` is in `0.0..1.0` and spreads the wait over 50 to 150 % of its nominal length.
    pub fn next_ms(&mut self, random: f64) -> u64 {
        let doubled = BACKOFF_FIRST_MS.saturating_mul(1_u64.checked_shl(self.attempts).unwrap_or(u64::MAX));
        let nominal_ms = doubled.min(BACKOFF_MAX_MS);
        self.attempts = self.attempts.saturating_add(1).min(32);
        (nominal_ms as f64 * (0.5 + random.clamp(0.0, 1.0))) as u64
    }

    /// Begins at the shortest wait again.
    pub const fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_a_limit_and_jitter_spreads_it() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..40).map(|_| backoff.next_ms(0.5)).collect();
        assert_eq!(waits[..4], [500, 1_000, 2_000, 4_000]);
        assert_eq!(waits[39], BACKOFF_MAX_MS);
        assert_eq!(backoff.next_ms(0.0), BACKOFF_MAX_MS / 2);
        backoff.reset();
        assert_eq!(backoff.next_ms(1.0), 750);
    }
}
