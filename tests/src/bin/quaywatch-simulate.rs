//! Runs seeds of the deterministic simulation: many at once, or one with every step told.

use std::{path::PathBuf, process::ExitCode, time::Instant};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use quaywatch_tests::simulate::{
    self, Options,
    feed::Feed,
    many::{Outcome, again, run_many},
};

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
    let seeds: Vec<u64> = (args.first_seed..args.first_seed.saturating_add(args.seeds)).collect();
    let bar = ProgressBar::new(args.seeds).with_style(style()?);
    let Outcome { sometimes, broken } = run_many(&feed, &seeds, args.hours, args.jobs as usize, |seed, broken| {
        if let Some(broken) = broken {
            bar.suspend(|| eprintln!("seed {seed}: {broken}\n  again: {}", again(seed, args.hours)));
        }
        bar.inc(1);
    });
    bar.finish_and_clear();
    print!("{sometimes}");
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

/// Hidden by the library when standard error is no terminal.
fn style() -> Result<ProgressStyle, String> {
    ProgressStyle::with_template("{bar:30} {pos} of {len} seeds, {per_sec}, {eta} left")
        .map_err(|error| error.to_string())
}
