//! `check-config`: every fault of a configuration and of the files that it names.

use std::path::PathBuf;

use super::CliError;
use crate::{
    config::{Config, Fault, keys},
    ingest::registry::Registry,
    keyfile,
    sites::Sites,
};

/// Arguments of `check-config`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", required_unless_present = "explain")]
    config: Option<PathBuf>,
    /// Print every key with its meaning, default and an example, as a configuration file
    #[arg(long)]
    explain: bool,
}

/// Checks, or explains.
///
/// # Errors
/// [`CliError::Usage`] with every fault found.
pub fn main(args: &Args) -> Result<(), CliError> {
    if args.explain {
        print!("{}", keys::explain());
        return Ok(());
    }
    let Some(file) = &args.config else {
        return Err(CliError::Usage("--config is missing".to_owned()));
    };
    let config = Config::read(file).map_err(|faults| listed(file, &faults))?;
    let mut faults = Vec::new();
    let sites = Sites::read_folder(&config.sites).map_err(|found| faults.extend(found));
    let registry = Registry::read(&config.stations).map_err(|found| faults.extend(found));
    if let Err(error) = keyfile::read_signing(&config.key_file) {
        faults.push(Fault {
            place: config.key_file.display().to_string(),
            problem: error,
        });
    }
    if !faults.is_empty() {
        return Err(listed(file, &faults));
    }
    if let (Ok(sites), Ok(registry)) = (sites, registry) {
        println!(
            "{}: fit to run with {} sites and {} stations",
            file.display(),
            sites.len(),
            registry.len()
        );
    }
    Ok(())
}

/// One error of many faults.
#[must_use]
pub fn listed(file: &std::path::Path, faults: &[Fault]) -> CliError {
    let mut text = format!("{} cannot be used, {} fault(s):", file.display(), faults.len());
    for fault in faults {
        text.push_str(&format!("\n  {fault}"));
    }
    CliError::Usage(text)
}
