//! `replay`: stored looks through the real correlator, alerts as JSON Lines.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Parser;
use quaywatch_protocol::contract::{Look, UnixMs};

use super::CliError;
use crate::{
    alert::Alert,
    correlate::SiteBook,
    replay::{self, Outcome, read},
    rules::{Rules, read::RULES_BYTES_MAX},
    sites::Sites,
};

/// Bad lines and faults named on standard error; the rest is only counted.
const NAMED_MAX: u64 = 50;

/// Run stored looks through the correlator and print the resulting alerts, one JSON object a line.
///
/// Looks are JSON Lines, in any order and with duplicates; the same set of looks gives the same bytes. Alerts are final states, ordered by
/// `opened_at`, then `id`. A line that is no look is named on standard error with file and line, counted, and skipped; the
/// command then still exits 0. It exits 1 when a file cannot be read or no line of the input was a look, 2 when sites or rules have faults
/// (all are listed).
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
    /// Write the alerts here instead of standard output
    #[arg(long, value_name = "FILE")]
    alerts: Option<PathBuf>,
    /// Leave out looks that became known after this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = UnixMs::parse)]
    until: Option<UnixMs>,
    /// Say nothing on standard error but errors
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// What could not be read or written.
pub fn main(args: &Args) -> Result<(), CliError> {
    let (book, rules) = read_world(&args.sites, &args.rules)?;
    let looks = read_looks(&args.looks, args.quiet)?;
    let outcome = replay::run(Arc::new(book), rules, looks, args.until);
    if !args.quiet {
        report(&outcome);
    }
    write_alerts(&outcome.alerts, args.alerts.as_deref())
}

/// Reads sites and rules; all faults of both at once.
///
/// # Errors
/// Every fault, one a line.
pub fn read_world(sites: &Path, rules: &Path) -> Result<(SiteBook, Rules), CliError> {
    let mut faults: Vec<String> = Vec::new();
    let book = match Sites::read_folder(sites) {
        Ok(read) => Some(SiteBook::new(read.iter().map(|file| &file.site))),
        Err(found) => {
            faults.extend(found.iter().map(ToString::to_string));
            None
        }
    };
    let rules_read = match read_rules(rules) {
        Ok(read) => Some(read),
        Err(found) => {
            faults.extend(found);
            None
        }
    };
    match (book, rules_read) {
        (Some(book), Some(rules)) => Ok((book, rules)),
        _ => Err(CliError::Usage(faults.join("\n"))),
    }
}

fn read_rules(path: &Path) -> Result<Rules, Vec<String>> {
    let shown = path.display();
    let size = std::fs::metadata(path)
        .map_err(|error| vec![format!("{shown}: cannot be read: {error}")])?
        .len();
    if size > RULES_BYTES_MAX as u64 {
        return Err(vec![format!(
            "{shown}: has {size} bytes: expected at most {RULES_BYTES_MAX}"
        )]);
    }
    let text = std::fs::read_to_string(path).map_err(|error| vec![format!("{shown}: cannot be read: {error}")])?;
    Rules::from_toml(&text).map_err(|faults| faults.iter().map(|fault| format!("{shown}: {fault}")).collect())
}

/// Reads all looks of all files.
///
/// # Errors
/// A file that cannot be read; input without a single look.
pub fn read_looks(files: &[PathBuf], quiet: bool) -> Result<Vec<Look>, CliError> {
    let mut looks = Vec::new();
    let mut bad_lines: u64 = 0;
    let progress = io::stderr().is_terminal() && !quiet;
    for file in files {
        let shown = if file.as_os_str() == "-" {
            "standard input".to_owned()
        } else {
            file.display().to_string()
        };
        let mut note = |line: read::BadLine| {
            bad_lines += 1;
            if bad_lines <= NAMED_MAX {
                eprintln!("{shown}:{}: {}", line.line, line.problem);
            }
        };
        let done = if file.as_os_str() == "-" {
            read::looks(io::stdin().lock(), &mut looks, &mut note)
        } else {
            File::open(file)
                .and_then(|open| read::looks(BufReader::with_capacity(1 << 18, open), &mut looks, &mut note))
        };
        done.map_err(|error| CliError::Failed(format!("{shown}: cannot be read: {error}")))?;
        if progress {
            eprintln!("{shown}: {} looks so far", looks.len());
        }
    }
    if bad_lines > NAMED_MAX {
        eprintln!("... and {} more lines that are no looks", bad_lines - NAMED_MAX);
    }
    if bad_lines > 0 {
        eprintln!("{bad_lines} lines skipped, {} looks read", looks.len());
    }
    if looks.is_empty() && bad_lines > 0 {
        return Err(CliError::Failed(format!("none of the {bad_lines} lines is a look")));
    }
    Ok(looks)
}

fn report(outcome: &Outcome) {
    let counts = &outcome.counts;
    for fault in counts.faults.iter().take(NAMED_MAX as usize) {
        eprintln!("look {}: `{}` {}", fault.look, fault.field, fault.problem);
    }
    let faults = counts.future
        + counts.too_late
        + counts.unknown_site
        + counts.unknown_zone
        + counts.bad_value
        + counts.contradictions;
    if faults > NAMED_MAX {
        eprintln!("... {faults} faults in all");
    }
    eprintln!(
        "{} looks applied, {} duplicates ({} contradictory), {} of the future (quarantined), {} too late (listed), {} of unknown sites; {} unknown \
         zones, {} bad values; {} alerts",
        counts.applied,
        counts.duplicates,
        counts.contradictions,
        counts.future,
        counts.too_late,
        counts.unknown_site,
        counts.unknown_zone,
        counts.bad_value,
        outcome.alerts.len()
    );
    for (site, why) in &outcome.not_evaluable {
        eprintln!("site {site} is not evaluable at the end: {why}");
    }
}

fn write_alerts(alerts: &[Alert], path: Option<&Path>) -> Result<(), CliError> {
    let shown = path.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    let failed = |error: io::Error| CliError::Failed(format!("{shown}: cannot be written: {error}"));
    let mut out: Box<dyn Write> = match path {
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(failed)?)),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    };
    for alert in alerts {
        serde_json::to_writer(&mut out, alert).map_err(|error| failed(error.into()))?;
        out.write_all(b"\n").map_err(failed)?;
    }
    out.flush().map_err(failed)
}
