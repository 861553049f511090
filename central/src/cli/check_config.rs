//! `check-config`: every fault of a configuration and of the files that it names.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use quaywatch_protocol::keyfile;

use super::CliError;
use crate::{
    api,
    app::{Loaded, outside::Access},
    clock,
    config::{Config, Fault, keys},
    correlate::{Engine, SiteBook},
    ingest::registry::Registry,
    notify::{self, file::Plan},
    rules_file,
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
    let loaded = load(file)?;
    println!(
        "{}: fit to run with {} sites and {} stations",
        file.display(),
        loaded.sites.len(),
        loaded.registry.len()
    );
    Ok(())
}

/// Reads a configuration and everything that it names.
///
/// # Errors
/// [`CliError::Usage`] with every fault of every file.
pub fn load(file: &Path) -> Result<Loaded<Engine>, CliError> {
    let config = Config::read(file).map_err(|faults| listed(file, &faults))?;
    let exercise = config.exercise;
    let mut faults = Vec::new();
    let sites = keep(Sites::read_folder(&config.sites), &mut faults);
    let registry = keep(Registry::read(&config.stations), &mut faults);
    let rules_read = keep(rules_file::read(&config.rules), &mut faults);
    if let (Some(sites), Some((_, text))) = (&sites, &rules_read) {
        faults.extend(rules_file::unfit(&config.rules, text, sites));
    }
    let key = keyfile::read_signing(&config.key_file).map_err(|problem| vec![fault(&config.key_file, problem)]);
    let key = keep(key, &mut faults);
    let access = keep(Access::read(&config.broker), &mut faults);
    let notify = config
        .notify
        .file
        .as_ref()
        .map_or_else(|| Ok(Plan::default()), |file| notify::file::read(file));
    let notify = keep(notify, &mut faults);
    if let Some((cert, key)) = &config.http.tls {
        let tls = api::listen::read_tls(cert, key);
        let place = config.http.listen.to_string();
        faults.extend(tls.err().map(|problem| Fault { place, problem }));
    }
    match (sites, registry, rules_read, key, access, notify) {
        (Some(sites), Some(registry), Some((rules, rules_text)), Some(key), Some(access), Some(notify))
            if faults.is_empty() =>
        {
            Ok(Loaded {
                correlator: Engine::new(
                    Arc::new(SiteBook::new(sites.iter().map(|file| &file.site))),
                    rules.clone(),
                ),
                rules,
                rules_text,
                notify,
                config,
                sites,
                registry,
                key,
                access,
                clock: clock::of(exercise),
            })
        }
        _ => Err(listed(file, &faults)),
    }
}

fn keep<T>(read: Result<T, Vec<Fault>>, faults: &mut Vec<Fault>) -> Option<T> {
    read.map_err(|found| faults.extend(found)).ok()
}

fn fault(file: &Path, problem: String) -> Fault {
    Fault {
        place: file.display().to_string(),
        problem,
    }
}

/// One error of many faults.
#[must_use]
pub fn listed(file: &Path, faults: &[Fault]) -> CliError {
    let mut text = format!("{} cannot be used, {} fault(s):", file.display(), faults.len());
    for fault in faults {
        text.push_str(&format!("\n  {fault}"));
    }
    CliError::Usage(text)
}
