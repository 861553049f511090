//! The rules file: read and judged as a whole, at the start and whenever it changed.

use std::path::Path;

use crate::{
    config::Fault,
    rules::{self, Rules, read::RULES_BYTES_MAX},
    sites::Sites,
};

/// Reads a rules file: the rules, and the text they were read from.
///
/// # Errors
/// Every fault of the file, by line and key.
pub fn read(file: &Path) -> Result<(Rules, String), Vec<Fault>> {
    let unread = |error: std::io::Error| vec![fault(file, format!("cannot be read: {error}"))];
    let length = std::fs::metadata(file).map_err(unread)?.len();
    if length > RULES_BYTES_MAX as u64 {
        return Err(vec![fault(
            file,
            format!("has {length} bytes: expected at most {RULES_BYTES_MAX}"),
        )]);
    }
    let text = std::fs::read_to_string(file).map_err(unread)?;
    match Rules::from_toml(&text) {
        Ok(rules) => Ok((rules, text)),
        Err(faults) => Err(faults.into_iter().map(|found| fault(file, found.to_string())).collect()),
    }
}

/// What of a rules file does not fit the watched sites.
#[must_use]
pub fn unfit(file: &Path, text: &str, sites: &Sites) -> Vec<Fault> {
    let watched: Vec<_> = sites.iter().map(|file| &file.site).collect();
    let found = rules::fit::unfit(text, &watched);
    found.into_iter().map(|found| fault(file, found.to_string())).collect()
}

fn fault(file: &Path, problem: String) -> Fault {
    Fault {
        place: file.display().to_string(),
        problem,
    }
}
