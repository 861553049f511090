//! The optical vessel detector: normalisation, the int8 network, and its maps read as vessels (edge/model/FORMAT.md).

use super::{
    Candidate, DetectError, Detector, DetectorPlan, Modality,
    heatmap::{Core, Decoder},
    interpreter::Network,
    model_file::ModelFile,
};
use crate::{
    scene::Band,
    suppress::Overlap,
    tile::{FlatFloor, Percentiles, Tile},
};

/// The network's channels, in order.
const CHANNELS: [Band; 4] = [Band::Blue, Band::Green, Band::Red, Band::Nir];

/// A network with its memory. It belongs to one thread.
pub struct VesselNet {
    plan: DetectorPlan,
    name: String,
    network: Network,
    decoder: Decoder,
    clip: f32,
    scale: f32,
    zero_point: i32,
    input: Vec<i8>,
    heat: Vec<i8>,
    geom: Vec<i8>,
}

impl VesselNet {
    /// Loads an interpreter for a checked model.
    ///
    /// # Errors
    /// When the model's tensors are not what its sidecar says, or the library refuses it.
    pub fn new(file: &ModelFile) -> Result<Self, DetectError> {
        let sidecar = &file.sidecar;
        let (input, decode) = (&sidecar.input, &sidecar.decode);
        Ok(Self {
            plan: DetectorPlan {
                modality: Modality::Optical,
                gsd_m: Some(input.gsd_m),
                scene_gsd_m: (input.scene_gsd_m_min, input.scene_gsd_m_max),
                tile_px: input.tile_px,
                margin_px: sidecar.margin_px,
                bands: CHANNELS.to_vec(),
                percentiles: Percentiles {
                    low: sidecar.normalise.low_percentile,
                    high: sidecar.normalise.high_percentile,
                    span_min: sidecar.normalise.span_min,
                    flat: FlatFloor {
                        peak_percentile: sidecar.normalise.flat_peak_percentile,
                        peak_share: sidecar.normalise.flat_peak_share,
                        low_share: sidecar.normalise.flat_low_share,
                    },
                },
                overlap: Overlap {
                    along: decode.suppress_along,
                    across: decode.suppress_across,
                    min_px: decode.suppress_min_px,
                    length_px_max: decode.length_px_max,
                },
                confidence_default: sidecar.threshold.confidence,
                may_skip: true,
            },
            name: format!("{} {}", sidecar.name, sidecar.version),
            network: Network::new(file)?,
            decoder: Decoder::new(sidecar),
            clip: input.clip,
            scale: input.scale,
            zero_point: input.zero_point,
            input: Vec::new(),
            heat: Vec::new(),
            geom: Vec::new(),
        })
    }

    /// Fills the network's input: `clip(sqrt(max(0, (raw - low) / span)), 0, clip)`, a missing visible band as the mean of the others (or near infrared where
    /// there is none), missing near infrared as 0; quantised, and 0 outside the scene.
    fn prepare(&mut self, tile: &Tile<'_>) {
        let (inverse, zero_point, clip) = (1.0 / self.scale, self.zero_point, self.clip);
        let quantise = |value: f32| ((value * inverse + 0.5) as i32 + zero_point).clamp(-128, 127) as i8;
        let bands = CHANNELS.map(|band| Some((tile.plane(band)?, tile.stats.of(band)?)));
        let pixels = tile.width * tile.height;
        self.input.clear();
        self.input.resize(pixels * CHANNELS.len(), 0);
        let mut normal = [[0.0_f32; PIECE_PX]; CHANNELS.len()];
        let mut quantised = [[0_i8; PIECE_PX]; CHANNELS.len()];
        for (piece, out) in self.input.chunks_mut(PIECE_PX * CHANNELS.len()).enumerate() {
            let (from, count) = (piece * PIECE_PX, out.len() / CHANNELS.len());
            for (band, normal) in bands.iter().zip(&mut normal) {
                let Some((plane, stats)) = band else { continue };
                let (low, share) = (stats.low, 1.0 / stats.span);
                let raw = plane.get(from..from + count).unwrap_or_default();
                for (slot, raw) in normal.iter_mut().zip(raw) {
                    *slot = ((raw - low) * share).max(0.0).sqrt().min(clip);
                }
            }
            stand_in(&bands.map(|band| band.is_some()), &mut normal);
            for (normal, quantised) in normal.iter().zip(&mut quantised) {
                for (slot, value) in quantised.iter_mut().zip(normal) {
                    *slot = quantise(*value);
                }
            }
            let [blue, green, red, nir] = &quantised;
            let (pixels, _) = out.as_chunks_mut::<{ CHANNELS.len() }>();
            for ((((pixel, blue), green), red), nir) in pixels.iter_mut().zip(blue).zip(green).zip(red).zip(nir) {
                *pixel = [*blue, *green, *red, *nir];
            }
        }
    }
}

/// Pixels that are normalised together: their four channels fit the first cache.
const PIECE_PX: usize = 512;

/// Fills the channels of missing bands from those that are there.
fn stand_in(is_there: &[bool; CHANNELS.len()], normal: &mut [[f32; PIECE_PX]; CHANNELS.len()]) {
    let [blue, green, red, _] = *is_there;
    let visible = usize::from(blue) + usize::from(green) + usize::from(red);
    if visible == 3 {
        return;
    }
    let mut grey = [0.0; PIECE_PX];
    if visible == 0 {
        let [_, _, _, nir] = normal;
        grey = *nir;
    } else {
        let share = 1.0 / visible as f32;
        for (plane, _) in normal.iter().take(3).zip(is_there).filter(|(_, is_there)| **is_there) {
            for (slot, value) in grey.iter_mut().zip(plane) {
                *slot += value;
            }
        }
        for slot in &mut grey {
            *slot *= share;
        }
    }
    for (plane, _) in normal
        .iter_mut()
        .take(3)
        .zip(is_there)
        .filter(|(_, is_there)| !**is_there)
    {
        *plane = grey;
    }
}

impl Detector for VesselNet {
    fn name(&self) -> &str {
        &self.name
    }

    fn plan(&self) -> &DetectorPlan {
        &self.plan
    }

    fn infer_alone(&mut self) -> Result<bool, DetectError> {
        let side = self.plan.tile_px;
        self.input
            .resize(side * side * CHANNELS.len(), self.zero_point.clamp(-128, 127) as i8);
        self.network.run(&self.input, &mut self.heat, &mut self.geom)?;
        Ok(true)
    }

    fn detect(&mut self, tile: &Tile<'_>) -> Result<Vec<Candidate>, DetectError> {
        self.prepare(tile);
        self.network.run(&self.input, &mut self.heat, &mut self.geom)?;
        let core = Core {
            x0: tile.core_x.0 as usize,
            x1: tile.core_x.1 as usize,
            y0: tile.core_y.0 as usize,
            y1: tile.core_y.1 as usize,
        };
        Ok(self
            .decoder
            .candidates(&self.heat, &self.geom, self.plan.tile_px / 2, core))
    }
}

#[cfg(test)]
mod tests;
