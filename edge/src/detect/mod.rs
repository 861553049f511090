//! Detectors: from a tile to vessels.
//!
//! A [`Detector`] sees one tile at its own resolution and answers with [`Candidate`]s in tile pixels; `measure` turns those into
//! [`Detection`]s on the ground, and `suppress` keeps one of each. Detectors are synchronous and belong to one thread each.

mod detection;
mod detector;
mod error;
mod scripted;

pub use detection::{Candidate, Detection};
pub use detector::{Detector, DetectorPlan, Modality};
pub use error::DetectError;
pub use scripted::ScriptedDetector;
