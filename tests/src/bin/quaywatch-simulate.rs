//! Runs seeds of the deterministic simulation: many at once, or one with every step told.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use clap::Parser;
use quaywatch_tests::simulate::{self, Broken, Options, feed::Feed, sometimes::Sometimes};

/// Broken seeds that are told in full; the rest is counted.
const TOLD_MAX: usize = 20;

/// Simulate stations, broker and central under faults, and check the promises.
#[derive(Debug, Parser)]
struct Args {
    /// Folder of the project.
    #[arg(long, default_value = ".")]
    top: PathBuf,
    /// Run this one seed and tell every step.
    #[arg(long)]
    seed: Option<u64>,
    /// Seeds to run, from `--first-seed` on.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// Simulated hours of scenes and faults.
    #[arg(long, default_value_t = 24)]
    hours: u32,
    /// Seeds at once.
    #[arg(long, default_value_t = 2)]
    jobs: u32,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("quaywatch-simulate: {problem}");
            ExitCode::from(2)
        }
    }
}

/// The command that repeats a seed.
fn again(seed: u64, hours: u32) -> String {
    format!("cargo run --release --bin quaywatch-simulate -- --seed {seed} --hours {hours}")
}

fn run(args: &Args) -> Result<usize, String> {
    let feed = Feed::load(&args.top)?;
    let options = |seed, trace| Options {
        seed,
        hours: args.hours,
        trace,
    };
    if let Some(seed) = args.seed {
        return match simulate::run(&feed, options(seed, true)) {
            Ok(sometimes) => {
                print!("{sometimes}");
                Ok(0)
            }
            Err(broken) => {
                println!("seed {seed}: {broken}");
                Ok(1)
            }
        };
    }
    let began = Instant::now();
    let next = AtomicU64::new(args.first_seed);
    let end = args.first_seed + args.seeds;
    let results: Mutex<(Sometimes, Vec<(u64, Broken)>)> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let outcome = simulate::run(&feed, options(seed, false));
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    match outcome {
                        Ok(sometimes) => results.0.add(&sometimes),
                        Err(broken) => {
                            eprintln!("seed {seed}: {broken}\n  again: {}", again(seed, args.hours));
                            results.1.push((seed, broken));
                        }
                    }
                }
            });
        }
    });
    let (sometimes, mut broken) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    print!("{sometimes}");
    broken.sort_by_key(|(seed, _)| *seed);
    println!(
        "{} seeds of {} h in {:.1} s, {} broken",
        args.seeds,
        args.hours,
        began.elapsed().as_secs_f64(),
        broken.len()
    );
    for (seed, what) in broken.iter().take(TOLD_MAX) {
        println!("seed {seed}: {what}\n  again: {}", again(*seed, args.hours));
    }
    for never in sometimes.never() {
        println!("never occurred: {never}");
    }
    Ok(broken.len())
}
