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
mod tests {
    use std::path::Path;

    use serde::Deserialize;

    use super::*;
    use crate::{
        scene::Grid,
        tile::{Placement, SceneStats},
    };

    #[derive(Deserialize)]
    struct Golden {
        tflite_sha256: String,
        input_sum: i64,
        tolerance_q: i32,
        samples: Vec<[i64; 5]>,
        vessels: Vec<Vessel>,
    }

    #[derive(Deserialize)]
    struct Vessel {
        x: f64,
        y: f64,
        length_px: f64,
        score: f64,
    }

    fn folder() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("model")
    }

    /// The tile that `edge/model/vessel/golden.py` describes, by integer arithmetic.
    fn synthetic_tile(side: usize) -> Vec<u8> {
        const HULLS: [(i64, i64, i64, i64, i64); 5] = [
            (150, 120, 40, 6, 0),
            (171, 300, 7, 30, 1),
            (80, 400, 12, 4, 0),
            (330, 201, 5, 24, 1),
            (300, 440, 9, 9, 0),
        ];
        let mut tile = Vec::new();
        for y in 0..side as i64 {
            for x in 0..side as i64 {
                for c in 0..4_i64 {
                    let mixed = (x as u64).wrapping_mul(73_856_093)
                        ^ (y as u64).wrapping_mul(19_349_663)
                        ^ (c as u64 + 1).wrapping_mul(83_492_791);
                    let noise = ((mixed & 0xffff_ffff) >> 13 & 7) as i64;
                    let is_land = !(x < 340 || y > 420);
                    let mut value = if is_land {
                        [110, 118, 126, 132][c as usize] + 6 * noise
                    } else {
                        [45, 42, 36, 14][c as usize] + noise
                    };
                    for (cx, cy, width, height, tone) in HULLS {
                        if (x - cx).abs() * 2 < width && (y - cy).abs() * 2 < height {
                            value = 150 + 30 * tone + 3 * noise;
                        }
                    }
                    tile.push(value as u8);
                }
            }
        }
        tile
    }

    #[test]
    fn the_network_says_here_what_it_says_in_the_reference() {
        let file = ModelFile::find(Some(&folder())).unwrap();
        let golden: Golden =
            serde_json::from_slice(&std::fs::read(folder().join("golden/tile.json")).unwrap()).unwrap();
        assert_eq!(golden.tflite_sha256, file.sha256, "golden vectors are of another model");
        let mut net = VesselNet::new(&file).unwrap();
        let side = net.plan.tile_px;
        let tile = synthetic_tile(side);
        assert_eq!(
            tile.iter().map(|value| i64::from(*value)).sum::<i64>(),
            golden.input_sum
        );
        let input: Vec<i8> = tile.iter().map(|value| (i16::from(*value) - 128) as i8).collect();
        let (mut heat, mut geom) = (Vec::new(), Vec::new());
        net.network.run(&input, &mut heat, &mut geom).unwrap();
        let cells = side / 2;
        for [output, row, column, channel, q] in golden.samples {
            let map = if output as usize == file.sidecar.outputs.heat.index {
                &heat
            } else {
                &geom
            };
            let here = i32::from(map[(row as usize * cells + column as usize) * 4 + channel as usize]);
            assert!(
                (here - q as i32).abs() <= golden.tolerance_q,
                "output {output} at {row},{column},{channel}: {here}, expected {q}"
            );
        }
        let core = Core {
            x0: 0,
            x1: side,
            y0: 0,
            y1: side,
        };
        let found = net
            .plan
            .overlap
            .suppress(net.decoder.candidates(&heat, &geom, cells, core));
        for expected in &golden.vessels {
            let near = found
                .iter()
                .find(|found| (found.x - expected.x).hypot(found.y - expected.y) < 2.0);
            let near =
                near.unwrap_or_else(|| panic!("nothing at {},{} (score {})", expected.x, expected.y, expected.score));
            assert!((near.length_px / expected.length_px - 1.0).abs() < 0.15);
        }
    }

    #[derive(Deserialize)]
    struct Normalise {
        shape: [usize; 2],
        raw: std::collections::BTreeMap<String, Vec<f32>>,
        low: std::collections::BTreeMap<String, f64>,
        span: std::collections::BTreeMap<String, f64>,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        scene_gsd_m: f64,
        gsd_m: f64,
        shape: [usize; 3],
        input: Vec<f32>,
    }

    /// Statistics, resampling, normalisation and the missing band, through a real file, a block and a tile.
    #[test]
    fn a_scene_becomes_the_input_that_the_reference_makes_of_it() {
        use tiff::encoder::{TiffEncoder, colortype::Gray16};

        use crate::{
            scene::{OpenHints, Scene},
            tile::{
                brick::Room,
                lattice::{Cell, Lattice},
                native::Scratch,
                supply::Supply,
            },
        };
        let golden: Normalise =
            serde_json::from_slice(&std::fs::read(folder().join("golden/normalise.json")).unwrap()).unwrap();
        let file = ModelFile::find(Some(&folder())).unwrap();
        let mut net = VesselNet::new(&file).unwrap();
        let place = tempfile::tempdir().unwrap();
        let (rows, columns) = (golden.shape[0] as u32, golden.shape[1] as u32);
        for (name, values) in &golden.raw {
            let out = std::fs::File::create(place.path().join(format!("{name}.tif"))).unwrap();
            let values: Vec<u16> = values.iter().map(|value| *value as u16).collect();
            TiffEncoder::new(out)
                .unwrap()
                .write_image::<Gray16>(columns, rows, &values)
                .unwrap();
        }
        for case in &golden.cases {
            let scene = Scene::open(
                place.path(),
                &OpenHints {
                    gsd_m: Some(case.scene_gsd_m),
                    ..OpenHints::default()
                },
            )
            .unwrap();
            let bands = scene.bands.clone();
            let mut reader = scene.reader().unwrap();
            let stats = SceneStats::sample(&scene, &mut reader, &bands, net.plan.percentiles).unwrap();
            for (name, low) in &golden.low {
                let stats = stats.of(Band::parse(name).unwrap()).unwrap();
                assert!((f64::from(stats.low) - low).abs() < 0.02, "{name}: {} {low}", stats.low);
                assert!(
                    (f64::from(stats.span) / golden.span[name] - 1.0).abs() < 1e-4,
                    "{name}: {}",
                    stats.span
                );
            }
            let lattice = Lattice::new(
                &scene.grid,
                Some(case.gsd_m),
                (case.scene_gsd_m, case.scene_gsd_m),
                net.plan.tile_px,
                32,
            );
            let cell = Cell { x: 0, y: 0 };
            let mut scratch = Scratch::default();
            let supply = Supply::new(&scene, &lattice, &bands, Room::new(1));
            supply
                .run(&mut reader, &[vec![cell]], |native| {
                    assert!(native.start(&lattice, bands.len(), &mut scratch));
                    for (index, band) in bands.iter().enumerate() {
                        native.cut(&lattice, index, stats.of(*band).unwrap().low, &mut scratch);
                    }
                    true
                })
                .unwrap();
            let side = net.plan.tile_px;
            net.prepare(&Tile {
                grid: &Grid::unreferenced(columns, rows, None),
                place: Placement {
                    x0_px: 0.0,
                    y0_px: 0.0,
                    step_x_px: 1.0,
                    step_y_px: 1.0,
                },
                width: side,
                height: side,
                bands: &bands,
                stats: &stats,
                planes: &scratch.planes,
                valid: &scratch.valid,
                core_x: (0.0, 1.0),
                core_y: (0.0, 1.0),
            });
            let [channels, height, width] = case.shape;
            assert_eq!(
                (lattice.x.size_out as usize, lattice.y.size_out as usize),
                (width, height)
            );
            for channel in 0..channels {
                for y in 0..height {
                    for x in 0..width {
                        let expected = case.input[(channel * height + y) * width + x];
                        let q = net.input[(y * side + x) * 4 + channel];
                        let value = (i32::from(q) - net.zero_point) as f32 * net.scale;
                        let tolerance = net.scale * 0.5 + 2e-4;
                        assert!(
                            (value - expected).abs() <= tolerance,
                            "gsd {} channel {channel} at {x},{y}: {value}, expected {expected}",
                            case.scene_gsd_m
                        );
                    }
                }
            }
            assert_eq!(
                i32::from(net.input[(height * side) * 4]),
                net.zero_point,
                "outside the scene the input is 0"
            );
        }
    }
}
