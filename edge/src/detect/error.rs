//! What can go wrong between a scene and its detections.

use std::path::PathBuf;

use crate::scene::SceneError;

/// A detection run that could not be finished.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DetectError {
    /// The scene could not be read.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// The model or its sidecar is wrong.
    #[error("{path}: {what}; expected {expected}")]
    Model {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
        /// What was expected.
        expected: String,
    },
    /// The detector does not fit the scene: modality, bands or resolution.
    #[error("{scene}: {what}; expected {expected}")]
    Unsuited {
        /// The scene.
        scene: String,
        /// What the scene has.
        what: String,
        /// What the detector needs.
        expected: String,
    },
    /// The inference library failed.
    #[error("inference failed: {0}")]
    Inference(String),
    /// A worker thread died.
    #[error("a detection thread stopped: {0}")]
    Worker(String),
}
