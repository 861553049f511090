//! Detectors: from a tile to vessels.
//!
//! A [`Detector`] sees one tile at its own resolution and answers with [`Candidate`]s in tile pixels; `measure` turns those into
//! [`Detection`]s on the ground, and `suppress` keeps one of each. Detectors are synchronous and belong to one thread each.

mod blobs;
mod cfar;
mod classical;
mod clutter;
mod detection;
mod detector;
mod error;
mod heatmap;
mod interpreter;
mod model_file;
mod outcome;
mod pool;
mod prescreen;
mod run;
mod scripted;
mod suit;
mod vessel_net;

pub use cfar::RadarCfar;
pub use classical::Classical;
pub use detection::{Candidate, Detection};
pub use detector::{Detector, DetectorPlan, Modality};
pub use error::DetectError;
pub use model_file::{ModelFile, Sidecar};
pub use outcome::{Detected, Progress, Skip, SkippedTile};
pub use pool::{DetectorPool, THREADS_MAX};
pub use run::{DetectOptions, detect_scene};
pub use scripted::ScriptedDetector;
pub use vessel_net::VesselNet;
