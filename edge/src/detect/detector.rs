//! What every detector is: a plan of how it wants to see a scene, and a function from a tile to candidates.

use super::{Candidate, DetectError};
use crate::{
    scene::Band,
    suppress::Overlap,
    tile::{Percentiles, Tile},
};

/// What kind of light a detector understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modality {
    /// Reflected sunlight.
    Optical,
    /// Radar backscatter.
    Radar,
}

/// How a detector wants to see a scene.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorPlan {
    /// What it understands.
    pub modality: Modality,
    /// Ground sample distance of its tiles, metres; `None`: the scene's own pixels.
    pub gsd_m: Option<f64>,
    /// Finest and coarsest ground sample distance of a scene that it accepts, metres.
    pub scene_gsd_m: (f64, f64),
    /// Columns and rows of a tile.
    pub tile_px: usize,
    /// Pixels at each edge of a tile that only give context.
    pub margin_px: usize,
    /// Bands that it uses; those that a scene lacks are left out of the tiles.
    pub bands: Vec<Band>,
    /// Brightness statistics that its normalisation needs.
    pub percentiles: Percentiles,
    /// When two candidates are one vessel.
    pub overlap: Overlap,
    /// Confidence from which a candidate is reported by default.
    pub confidence_default: f64,
    /// True when tiles of land or of empty sea may be skipped unseen.
    pub may_skip: bool,
}

/// A detector. It belongs to one thread; a pool has one for each.
pub trait Detector: Send {
    /// Name for reports.
    fn name(&self) -> &str;

    /// How it wants to see a scene.
    fn plan(&self) -> &DetectorPlan;

    /// Finds vessels in a tile; those centred in the margin may be left out.
    ///
    /// # Errors
    /// When the inference library fails or the tile is not of the planned shape.
    fn detect(&mut self, tile: &Tile<'_>) -> Result<Vec<Candidate>, DetectError>;

    /// Runs its inference alone, on whatever its input holds, for benchmarks. False: it has none.
    ///
    /// # Errors
    /// When the inference library fails.
    fn infer_alone(&mut self) -> Result<bool, DetectError> {
        Ok(false)
    }

    /// Judges all candidates of a scene together, in the pixels of the whole scene at the detector's resolution, before suppression.
    fn finish(&self, candidates: Vec<Candidate>) -> Vec<Candidate> {
        candidates
    }
}
