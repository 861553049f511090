//! Time enters here and nowhere else.

use std::{
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use quaywatch_protocol::contract::time::UnixMs;

use crate::config::Exercise;

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

/// A clock that starts at a given time and runs at a given rate: for exercises.
#[derive(Clone, Copy, Debug)]
pub struct ExerciseClock {
    exercise: Exercise,
    started: Instant,
}

impl ExerciseClock {
    /// Starts the exercise now.
    #[must_use]
    pub fn new(exercise: Exercise) -> Self {
        Self {
            exercise,
            started: Instant::now(),
        }
    }
}

impl Clock for ExerciseClock {
    fn now(&self) -> UnixMs {
        let elapsed_ms = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.exercise
            .start
            .plus_ms(elapsed_ms.saturating_mul(self.exercise.rate))
    }
}

/// The clock that a configuration asks for.
#[must_use]
pub fn of(exercise: Option<Exercise>) -> Arc<dyn Clock> {
    match exercise {
        Some(exercise) => Arc::new(ExerciseClock::new(exercise)),
        None => Arc::new(SystemClock),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exercise_clock_starts_where_it_is_told_and_never_runs_slower_than_its_rate() {
        let start = UnixMs::parse("2024-03-06T00:00:00Z").unwrap();
        let clock = ExerciseClock::new(Exercise { start, rate: 1_000_000 });
        let (first, began) = (clock.now(), Instant::now());
        assert!(first >= start);
        while clock.now() < first.plus_ms(1_000_000) {
            assert!(
                began.elapsed().as_secs() < 10,
                "a second of the exercise takes a microsecond"
            );
        }
    }
}
