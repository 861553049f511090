//! `backtest`: years of looks through the correlator, and a report.

use std::{path::PathBuf, sync::Arc};

use clap::Parser;
use quaywatch_protocol::contract::UnixMs;

use super::{CliError, replay};
use crate::backtest;

/// Run years of looks through the correlator and write a report (one HTML page with its plots).
///
/// The report shows the alerts on a timeline, lead times to a publication date, alerts a site-year by kind beside what they stated, and each alert's
/// paragraph. Bad lines are named and skipped, as in `replay`. Exit codes as in `replay`.
#[derive(Debug, Parser)]
pub struct Args {
    /// Folder of site files (*.geojson)
    #[arg(long, value_name = "DIR")]
    sites: PathBuf,
    /// Rules file (TOML)
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// Files of looks; `-` is standard input
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    looks: Vec<PathBuf>,
    /// When the finding was published (RFC 3339): lead times are counted to it
    #[arg(long, value_name = "TIME", value_parser = UnixMs::parse)]
    published: Option<UnixMs>,
    /// Where the report goes
    #[arg(long, value_name = "FILE", default_value = "backtest.html")]
    report: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// What could not be read or written.
pub fn main(args: &Args) -> Result<(), CliError> {
    let (book, rules) = replay::read_world(&args.sites, &args.rules)?;
    let looks = replay::read_looks(&args.looks, false)?;
    let report = backtest::run(Arc::new(book), rules, looks, args.published);
    std::fs::write(&args.report, report.html())
        .map_err(|error| CliError::Failed(format!("{}: cannot be written: {error}", args.report.display())))?;
    eprintln!("{} alerts; report: {}", report.alerts().len(), args.report.display());
    Ok(())
}
