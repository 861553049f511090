//! A detector that finds what a test told it to find.

use super::{Candidate, DetectError, Detector, DetectorPlan, Modality};
use crate::{
    scene::Band,
    suppress::Overlap,
    tile::{FlatFloor, Percentiles, Tile},
};

/// Finds the scripted vessels, given in *scene* pixels, in whichever tile has them in its core.
#[derive(Clone, Debug)]
pub struct ScriptedDetector {
    plan: DetectorPlan,
    vessels: Vec<Candidate>,
}

impl ScriptedDetector {
    /// A detector at the scene's own resolution that finds `vessels` (positions and sizes in scene pixels).
    #[must_use]
    pub fn new(vessels: Vec<Candidate>) -> Self {
        Self::with_plan(
            DetectorPlan {
                modality: Modality::Optical,
                gsd_m: None,
                scene_gsd_m: (0.1, 100.0),
                tile_px: 256,
                margin_px: 32,
                bands: vec![Band::Blue, Band::Green, Band::Red, Band::Nir],
                percentiles: Percentiles {
                    low: 1.0,
                    high: 98.0,
                    span_min: 1.0,
                    flat: FlatFloor::default(),
                },
                overlap: Overlap::default(),
                confidence_default: 0.0,
                may_skip: false,
            },
            vessels,
        )
    }

    /// The same with a plan of the test's choice.
    #[must_use]
    pub const fn with_plan(plan: DetectorPlan, vessels: Vec<Candidate>) -> Self {
        Self { plan, vessels }
    }
}

impl Detector for ScriptedDetector {
    fn name(&self) -> &str {
        "scripted"
    }

    fn plan(&self) -> &DetectorPlan {
        &self.plan
    }

    fn detect(&mut self, tile: &Tile<'_>) -> Result<Vec<Candidate>, DetectError> {
        let scale = (tile.place.step_x_px * tile.place.step_y_px).sqrt();
        Ok(self
            .vessels
            .iter()
            .filter_map(|vessel| {
                let (x, y) = tile.place.from_scene(vessel.x, vessel.y);
                tile.in_core(x, y).then_some(Candidate {
                    x,
                    y,
                    length_px: vessel.length_px / scale,
                    beam_px: vessel.beam_px / scale,
                    position_sd_px: vessel.position_sd_px / scale,
                    length_sd_px: vessel.length_sd_px / scale,
                    beam_sd_px: vessel.beam_sd_px / scale,
                    ..*vessel
                })
            })
            .collect())
    }
}
