//! `check-config`: every fault of a configuration and of the files that it names, or what every key means.

use std::path::{Path, PathBuf};

use super::{Exit, complain};
use crate::config::{Config, Fault, explain};

/// Command line of `check-config`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", required_unless_present = "explain")]
    config: Option<PathBuf>,
    /// Print every key with its meaning, default and an example, as a configuration file
    #[arg(long)]
    explain: bool,
}

/// Checks, or explains.
pub(super) fn run(args: &Args) -> Exit {
    let (false, Some(file)) = (args.explain, &args.config) else {
        print!("{}", explain::explain());
        return Exit::Done;
    };
    match Config::read(file) {
        Ok(config) => {
            let (place, station, sites) = (file.display(), config.station, config.sites.len());
            println!("{place}: fit to run station {station} with {sites} sites");
            Exit::Done
        }
        Err(faults) => {
            list(file, &faults);
            Exit::Usage
        }
    }
}

/// Prints every fault.
pub(super) fn list(file: &Path, faults: &[Fault]) {
    complain(format_args!(
        "{} cannot be used, {} fault(s):",
        file.display(),
        faults.len()
    ));
    for fault in faults {
        eprintln!("  {fault}");
    }
}
