//! The seam between the agent and what turns a scene into looks.

use std::path::Path;

use quaywatch_protocol::contract::Look;
use thiserror::Error;

use super::lessons::Lesson;

/// Turns one scene into looks. Called on a thread that may block; one scene at a time.
pub trait Processor: Send + Sync {
    /// The first eight bytes of the model's SHA-256; zero without a model.
    fn model_sha256_head(&self) -> [u8; 8];

    /// Looks at the scene.
    ///
    /// # Errors
    /// Whose fault it was: the scene's or the station's.
    fn process(&self, scene: &Path) -> Result<Processed, ProcessError>;
}

/// What a scene gave.
#[derive(Debug, Default)]
pub struct Processed {
    /// A look for each site that the scene shows.
    pub looks: Vec<Look>,
    /// Pictures of vessels, surest first.
    pub chips: Vec<SceneChip>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// What became of the references of empty zones so far.
    pub references: ReferenceCounts,
    /// What the looks taught them: to be kept when the looks are accepted.
    pub lessons: Vec<Lesson>,
}

/// What became of the references of empty zones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReferenceCounts {
    /// Taught by these looks, and on the disk.
    pub learnt: u64,
    /// Set aside as damaged, or of another picture: begun anew.
    pub anew: u64,
    /// Not begun, or not read, because of a limit.
    pub refused: u64,
    /// Could not be read or written.
    pub faults: u64,
}

/// A picture of a vessel.
#[derive(Clone, Debug)]
pub struct SceneChip {
    /// Position of its look in [`Processed::looks`].
    pub look: usize,
    /// Position of the vessel in that look.
    pub vessel: usize,
    /// JPEG bytes.
    pub jpeg: Vec<u8>,
}

/// Why a scene gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProcessError {
    /// The scene cannot be read: it goes to quarantine with this reason.
    #[error("{0}")]
    Scene(String),
    /// The station cannot work: the scene stays and is tried again.
    #[error("{0}")]
    Station(String),
}
