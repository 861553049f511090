//! What can be wrong with a scene: which file, what was found, what was expected.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Kind of a [`SceneError`]; metrics count by it, a quarantine note carries its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SceneErrorKind {
    /// The file is absent or cannot be read.
    Io,
    /// No raster format that is known here.
    NotARaster,
    /// The file ends before its data does, or its data do not decode.
    Damaged,
    /// A declared size is beyond a limit.
    Limit,
    /// A real format, but a variant that is not read.
    Unsupported,
    /// A manifest or sidecar is wrong.
    Manifest,
    /// Bands are missing or do not fit together.
    Bands,
    /// The georeference is broken.
    Georeference,
    /// The caller asked for something outside the scene.
    Request,
}

impl SceneErrorKind {
    /// Stable name, for metrics and notes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::NotARaster => "not_a_raster",
            Self::Damaged => "damaged",
            Self::Limit => "limit",
            Self::Unsupported => "unsupported",
            Self::Manifest => "manifest",
            Self::Bands => "bands",
            Self::Georeference => "georeference",
            Self::Request => "request",
        }
    }
}

/// One thing wrong with one file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SceneError {
    /// The file.
    pub path: PathBuf,
    /// What kind of trouble.
    pub kind: SceneErrorKind,
    /// What was found.
    pub what: String,
    /// What was expected instead; empty when `what` says it all.
    pub expected: String,
}

impl fmt::Display for SceneError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.path.display(), self.what)?;
        if !self.expected.is_empty() {
            write!(out, "; expected {}", self.expected)?;
        }
        Ok(())
    }
}

impl SceneError {
    /// An error about `path`.
    pub fn new(path: &Path, kind: SceneErrorKind, what: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            path: path.to_path_buf(),
            kind,
            what: what.into(),
            expected: expected.into(),
        }
    }

    /// An error of the operating system about `path`.
    #[must_use]
    pub fn io(path: &Path, error: &io::Error) -> Self {
        let kind = if error.kind() == io::ErrorKind::UnexpectedEof {
            SceneErrorKind::Damaged
        } else {
            SceneErrorKind::Io
        };
        Self::new(path, kind, error.to_string(), "")
    }
}
