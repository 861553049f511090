//! Many seeds, some at once.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use super::{Broken, Options, feed::Feed, run, sometimes::Sometimes};

/// What a number of seeds came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What occurred, in all of them together.
    pub sometimes: Sometimes,
    /// Seeds that broke a promise, the lowest first.
    pub broken: Vec<(u64, Broken)>,
}

/// Runs `seeds`, `jobs` at once; `ended` is told of each as it ends, in no particular order.
pub fn run_many(
    feed: &Feed,
    seeds: &[u64],
    hours: u32,
    jobs: usize,
    ended: impl Fn(u64, Option<&Broken>) + Sync,
) -> Outcome {
    let next = AtomicUsize::new(0);
    let outcome: Mutex<Outcome> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = run(
                        feed,
                        Options {
                            seed,
                            hours,
                            trace: false,
                        },
                    );
                    ended(seed, result.as_ref().err());
                    let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
                    match result {
                        Ok(sometimes) => outcome.sometimes.add(&sometimes),
                        Err(broken) => outcome.broken.push((seed, broken)),
                    }
                }
            });
        }
    });
    let mut outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.broken.sort_by_key(|(seed, _)| *seed);
    outcome
}

/// The command that repeats a seed with every step told.
#[must_use]
pub fn again(seed: u64, hours: u32) -> String {
    format!("cargo run --release --bin quaywatch-simulate -- --seed {seed} --hours {hours}")
}
