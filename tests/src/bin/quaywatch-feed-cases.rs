//! Runs every documented case over many seeds and prints what came of it: success rate, opening, lead time; and in how many of the worlds the looks
//! show enough for it at all (column "possible": a judge who knows the truth could not do better).

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use quaywatch_tests::feed::{
    cases::{Case, Run, scripts, summarise},
    station::Noise,
};

/// Run the documented cases against the correlator.
#[derive(Debug, Parser)]
struct Args {
    /// Folder of case scripts.
    #[arg(long, default_value = "tests/scripts")]
    scripts: PathBuf,
    /// Rules file.
    #[arg(long, default_value = "deploy/rules/default.toml")]
    rules: PathBuf,
    /// Seeds of each case, from `--first-seed` on.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// Only scripts whose name contains this.
    #[arg(long)]
    case: Option<String>,
    /// How well the station sees.
    #[arg(long, value_enum, default_value = "station")]
    noise: Noise,
    /// Print every alert of every run as well.
    #[arg(long)]
    alerts: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("quaywatch-feed-cases: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<bool, String> {
    let found = scripts(&args.scripts).map_err(|error| format!("{}: {error}", args.scripts.display()))?;
    let mut all_held = true;
    println!(
        "{:<26} {:>9} {:>6} {:>9}  {:<20} {:>6}  demand",
        "case", "held", "needed", "possible", "opened (median)", "lead d"
    );
    for script in found {
        let case = Case::read(&script, &args.rules)?;
        if args
            .case
            .as_ref()
            .is_some_and(|only| !case.name().contains(only.as_str()))
        {
            continue;
        }
        let mut runs: Vec<Run> = Vec::new();
        for seed in args.first_seed..args.first_seed + args.seeds {
            let looks = match case.looks(seed, args.noise) {
                Ok(looks) => looks,
                // Two things that the script leaves to chance want one place: no such world, and no fault of the engine.
                Err(problem) => {
                    eprintln!("{} seed {seed}: left out: {problem}", case.name());
                    continue;
                }
            };
            let done = case.run(seed, looks)?;
            if args.alerts {
                for alert in &done.alerts {
                    println!("{} seed {seed}: {alert}", case.name());
                }
            }
            runs.push(done);
        }
        for line in summarise(&case, &runs) {
            let is_held = line.held as f64 >= line.demand.share_min * line.runs as f64;
            all_held &= is_held;
            println!(
                "{:<26} {:>4}/{:<4} {:>5.0}%{} {:>9} {:<20} {:>6}  {}",
                case.name(),
                line.held,
                line.runs,
                line.demand.share_min * 100.0,
                if is_held { ' ' } else { '!' },
                line.possible
                    .map(|count| format!("{count}/{}", line.runs))
                    .unwrap_or_default(),
                line.opened_median.map(|at| at.to_string()).unwrap_or_default(),
                line.lead_days.map(|days| format!("{days:.1}")).unwrap_or_default(),
                line.demand.text,
            );
        }
    }
    Ok(all_held)
}
