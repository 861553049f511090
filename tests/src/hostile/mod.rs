//! Hostile bytes against every reader of the product: the targets, and what is tried on them.
//!
//! A target takes any bytes and must come back: with a value or with an error, without a panic, within bounds of time and memory.
//! `tests/tests/hostile.rs` feeds them seeds, the committed corpus and pseudo-random mutations of both, with the stable toolchain, in
//! `deploy/test fuzz`. `deploy/fuzz` gives the same targets to libFuzzer, which is guided by coverage (`tests/fuzz`).
//!
//! Seeds are good inputs that other tests hold too (golden envelopes, picture fixtures, shipped sites and rules). The corpus,
//! `tests/corpus/<target>/`, holds inputs that once did harm or reach far into a reader.

mod api;
pub mod mutate;
pub mod targets;

use std::path::Path;

/// A reader that takes bytes from outside.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Bytes that it may be given at once, as its caller limits them; longer inputs are cut.
    pub input_bytes_max: usize,
    /// Memory that one input may take, bytes.
    pub memory_bytes_max: usize,
    /// Files of good inputs, from the top of the tree.
    pub seeds: &'static [&'static str],
    /// Reads.
    pub read: fn(&[u8]),
}

/// The seeds and the corpus of a target, in the order of their names.
///
/// # Errors
/// The file that cannot be read.
pub fn inputs(top: &Path, target: &Target) -> Result<Vec<Vec<u8>>, String> {
    let mut files: Vec<_> = target.seeds.iter().map(|name| top.join(name)).collect();
    let corpus = top.join("tests/corpus").join(target.name);
    if corpus.is_dir() {
        let listing = std::fs::read_dir(&corpus).map_err(|error| format!("{}: {error}", corpus.display()))?;
        let mut found: Vec<_> = listing
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_file())
            .collect();
        found.sort();
        files.extend(found);
    }
    files
        .iter()
        .map(|file| std::fs::read(file).map_err(|error| format!("{}: {error}", file.display())))
        .collect()
}
