//! The correlator's engine against its brute-force reference, on random histories that arrive in every order.

use std::{process::ExitCode, sync::Arc};

use clap::Parser;
use quaywatch_tests::reference::correlator::histories::sites;
use quaywatch_tests::reference::engine::{Book, agree};

/// Compare the engine with the reference; exits 1 at the first history on which they differ, and says which.
#[derive(Debug, Parser)]
struct Args {
    /// Histories
    #[arg(long, default_value_t = 10_000)]
    histories: u64,
    /// Seed of the first
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok((alerts, with_alerts, closed)) => {
            println!(
                "{} histories, the same alerts: {alerts} in {with_alerts} of them, {closed} withdrawn or downgraded",
                args.histories
            );
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("quaywatch-feed-histories: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(usize, usize, usize), String> {
    let sites = sites()?;
    let book = Arc::new(Book::new(&sites));
    let (mut alerts, mut with_alerts, mut closed) = (0, 0, 0);
    for seed in args.first_seed..args.first_seed.saturating_add(args.histories) {
        let found = agree(&sites, &book, seed)?;
        alerts += found.len();
        with_alerts += usize::from(!found.is_empty());
        closed += found.iter().filter(|alert| alert["severity"] != "critical").count();
        if seed % 1_000 == 0 {
            eprintln!("seed {seed}: {alerts} alerts so far");
        }
    }
    Ok((alerts, with_alerts, closed))
}
