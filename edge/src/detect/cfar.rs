//! The radar detector: constant false-alarm rate over sea clutter, for detected Sentinel-1 style backscatter (amplitude or dB).
//!
//! Clutter around a pixel is taken as gamma distributed with two parameters, its own mean and its own shape, both measured in a ring around
//! a guard square: `shape = mean² / variance`. Texture (waves, wind) lowers the measured shape, which is what the K distribution models with a
//! third parameter; so heavy tails raise the threshold here too. The threshold is the gamma quantile of the false-alarm probability by Wilson and
//! Hilferty's approximation: `mean * (1 - 1 / (9 shape) + z / (3 sqrt(shape)))³`. Two passes: pixels found in the first are left out of the clutter of
//! the second. Land is told from sea by smoothed brightness (Otsu's threshold, where two classes stand well apart), in large groups only, and grown.
//!
//! Azimuth ambiguities are fainter copies of bright targets some kilometres away along the flight direction: [`Detector::finish`] drops candidates that lie there
//! and are far weaker than the target whose copy they would be.

use quaywatch_protocol::contract::look::VesselClass;

use super::{
    Candidate, DetectError, Detector, DetectorPlan, Modality,
    blobs::{Blob, blobs},
    clutter::{Clutter, land_mask},
};
use crate::{
    scene::Band,
    suppress::Overlap,
    tile::{FlatFloor, Percentiles, Tile},
};

/// Resolution at which it looks, metres: Sentinel-1's own.
const GSD_M: f64 = 10.0;
/// Normal quantile of a false-alarm probability of 1e-7 per pixel.
const QUANTILE: f64 = 5.2;
/// A pixel belongs to a target when it reaches this share of its threshold and touches one that passes it.
const GROW_SHARE: f64 = 0.5;
/// A hull's pixels are within 13 dB of its brightest: side lobes of strong targets, which draw crosses, are fainter.
const HULL_SHARE: f64 = 0.05;
/// Least pixels of a target: single bright pixels are speckle.
const PIXELS_MIN: usize = 3;
/// Longest and widest hull, pixels.
const LENGTH_PX_MAX: f64 = 45.0;
const BEAM_PX_MAX: f64 = 12.0;
/// Contrast over the threshold, dB, that gives a confidence of one half.
const CONTRAST_HALF_DB: f64 = 3.0;
/// Distance of azimuth ambiguities of Sentinel-1 in its wide swaths, metres.
const AMBIGUITY_M: (f64, f64) = (3_500.0, 6_000.0);
/// Least difference of contrast between a target and its copy, dB.
const AMBIGUITY_DB_MIN: f64 = 12.0;
/// Flight direction from north, degrees, of the near-polar orbit, either way; and the tolerance.
const AZIMUTH_DEG: [f64; 2] = [12.0, 168.0];
const AZIMUTH_TOLERANCE_DEG: f64 = 6.0;

/// The detector. It keeps nothing between tiles.
#[derive(Clone, Debug)]
pub struct RadarCfar {
    plan: DetectorPlan,
}

impl Default for RadarCfar {
    fn default() -> Self {
        Self {
            plan: DetectorPlan {
                modality: Modality::Radar,
                gsd_m: Some(GSD_M),
                scene_gsd_m: (0.5, 40.0),
                tile_px: 512,
                margin_px: 48,
                bands: vec![Band::Vv],
                percentiles: Percentiles {
                    low: 1.0,
                    high: 99.0,
                    span_min: 1e-6,
                    flat: FlatFloor::default(),
                },
                overlap: Overlap {
                    length_px_max: LENGTH_PX_MAX,
                    min_px: 3.0,
                    ..Overlap::default()
                },
                confidence_default: 0.5,
                may_skip: false,
            },
        }
    }
}

impl Detector for RadarCfar {
    fn name(&self) -> &str {
        "cfar"
    }

    fn plan(&self) -> &DetectorPlan {
        &self.plan
    }

    fn detect(&mut self, tile: &Tile<'_>) -> Result<Vec<Candidate>, DetectError> {
        let Some(plane) = tile.plane(Band::Vv) else {
            return Ok(Vec::new());
        };
        // Backscatter in dB has negative values, amplitudes have not.
        let is_db = tile.stats.of(Band::Vv).is_some_and(|stats| stats.low < 0.0);
        let power: Vec<f64> = plane
            .iter()
            .map(|value| {
                if is_db {
                    10_f64.powf(f64::from(*value) / 10.0)
                } else {
                    f64::from(*value) * f64::from(*value)
                }
            })
            .collect();
        let land = land_mask(&power, tile.valid, tile.width, tile.height);
        let sea: Vec<bool> = tile
            .valid
            .iter()
            .zip(&land)
            .map(|(valid, land)| *valid && !land)
            .collect();
        let first = thresholds(&power, &sea, tile);
        let found: Vec<bool> = passes(&power, &first, &sea, 1.0);
        // Second pass: targets and their skirts are no clutter.
        let clean: Vec<bool> = sea
            .iter()
            .zip(&passes(&power, &first, &sea, GROW_SHARE))
            .map(|(sea, bright)| *sea && !bright)
            .collect();
        let second = thresholds(&power, &clean, tile);
        let seeds: Vec<bool> = passes(&power, &second, &sea, 1.0)
            .iter()
            .zip(&found)
            .map(|(a, b)| *a || *b)
            .collect();
        let grown = passes(&power, &second, &sea, GROW_SHARE);
        Ok(blobs(&grown, tile.width, tile.height)
            .iter()
            .filter(|blob| blob.pixels.iter().any(|index| seeds.get(*index) == Some(&true)))
            .filter_map(|blob| candidate(blob, &power, &second))
            .collect())
    }

    fn finish(&self, candidates: Vec<Candidate>) -> Vec<Candidate> {
        let strong: Vec<Candidate> = candidates
            .iter()
            .copied()
            .filter(|candidate| contrast_db(candidate) > AMBIGUITY_DB_MIN)
            .collect();
        candidates
            .into_iter()
            .filter(|weak| !strong.iter().any(|strong| is_copy(strong, weak)))
            .collect()
    }
}

/// Threshold of each pixel, infinite where there is too little clutter to say.
fn thresholds(power: &[f64], sea: &[bool], tile: &Tile<'_>) -> Vec<f64> {
    let clutter = Clutter::new(power, sea, tile.width, tile.height);
    (0..power.len())
        .map(|index| {
            let Some((mean, variance)) = clutter.ring(index % tile.width, index / tile.width) else {
                return f64::INFINITY;
            };
            // Below half the approximation bends; calmer than 100 looks does not happen.
            let shape = (mean * mean / variance.max(f64::MIN_POSITIVE)).clamp(0.5, 100.0);
            let root = 1.0 - 1.0 / (9.0 * shape) + QUANTILE / (3.0 * shape.sqrt());
            mean * root.powi(3)
        })
        .collect()
}

fn passes(power: &[f64], thresholds: &[f64], sea: &[bool], share: f64) -> Vec<bool> {
    power
        .iter()
        .zip(thresholds)
        .zip(sea)
        .map(|((power, threshold), sea)| *sea && *power > threshold * share)
        .collect()
}

fn candidate(blob: &Blob, power: &[f64], thresholds: &[f64]) -> Option<Candidate> {
    let peak = blob
        .pixels
        .iter()
        .filter_map(|index| power.get(*index))
        .copied()
        .fold(0.0, f64::max);
    let blob = blob.above(power, peak * HULL_SHARE);
    let shape = blob.shape();
    if blob.pixels.len() < PIXELS_MIN || shape.length_px > LENGTH_PX_MAX || shape.beam_px > BEAM_PX_MAX {
        return None;
    }
    let ratio = blob
        .pixels
        .iter()
        .filter_map(|index| Some(power.get(*index)? / thresholds.get(*index)?))
        .fold(0.0, f64::max);
    let contrast_db = 10.0 * ratio.max(1.0).log10();
    Some(Candidate {
        x: shape.x,
        y: shape.y,
        length_px: shape.length_px,
        beam_px: shape.beam_px,
        angle_deg: shape.angle_deg,
        // Not calibrated: rises with contrast, one half at CONTRAST_HALF_DB.
        confidence: contrast_db / (contrast_db + CONTRAST_HALF_DB),
        class: VesselClass::Vessel,
        position_sd_px: 2.0,
        length_sd_px: 2.0 + 0.15 * shape.length_px,
        beam_sd_px: 2.0,
        angle_sd_deg: (90.0 / shape.length_px).min(45.0),
    })
}

/// The contrast that a confidence stands for.
fn contrast_db(candidate: &Candidate) -> f64 {
    CONTRAST_HALF_DB * candidate.confidence / (1.0 - candidate.confidence).max(1e-6)
}

/// True when `weak` lies where an ambiguity of `strong` would, and is weak enough to be one.
fn is_copy(strong: &Candidate, weak: &Candidate) -> bool {
    let (dx, dy) = (weak.x - strong.x, weak.y - strong.y);
    let distance_m = dx.hypot(dy) * GSD_M;
    let bearing = dx.atan2(-dy).to_degrees().rem_euclid(180.0);
    (AMBIGUITY_M.0..=AMBIGUITY_M.1).contains(&distance_m)
        && contrast_db(strong) - contrast_db(weak) >= AMBIGUITY_DB_MIN
        && AZIMUTH_DEG.iter().any(|azimuth| {
            let apart = (bearing - azimuth).abs();
            apart.min(180.0 - apart) <= AZIMUTH_TOLERANCE_DEG
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        scene::Grid,
        tile::{BandStats, Placement, SceneStats},
    };

    const SIDE: usize = 256;

    /// Four-look speckle (gamma, shape 4) from a mixed counter, in dB around `level_db`.
    fn speckle_db(index: usize, level_db: f64) -> f64 {
        let mut state = index as u64 + 1;
        let sum: f64 = (0..4)
            .map(|_| {
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
                -(((mixed ^ mixed >> 31) >> 11) as f64 / (1_u64 << 53) as f64)
                    .max(1e-12)
                    .ln()
            })
            .sum();
        level_db + 10.0 * (sum / 4.0).log10()
    }

    fn found(level: impl Fn(usize, usize) -> f64) -> Vec<Candidate> {
        let plane = (0..SIDE * SIDE)
            .map(|index| speckle_db(index, level(index % SIDE, index / SIDE)) as f32)
            .collect();
        let stats = SceneStats {
            bands: vec![BandStats {
                band: Band::Vv,
                low: -30.0,
                span: 30.0,
            }],
            samples: 1,
        };
        RadarCfar::default()
            .detect(&Tile {
                grid: &Grid::unreferenced(SIDE as u32, SIDE as u32, Some(10.0)),
                place: Placement {
                    x0_px: 0.0,
                    y0_px: 0.0,
                    step_x_px: 1.0,
                    step_y_px: 1.0,
                },
                width: SIDE,
                height: SIDE,
                bands: &[Band::Vv],
                stats: &stats,
                planes: &[plane],
                valid: &[true; SIDE * SIDE],
                core_x: (0.0, 256.0),
                core_y: (0.0, 256.0),
            })
            .unwrap()
    }

    #[test]
    fn speckle_alone_raises_no_alarm() {
        assert_eq!(found(|_, _| -22.0), vec![]);
    }

    #[test]
    fn a_ship_on_the_sea_is_found_and_land_is_not() {
        let hull = |x: usize, y: usize| (60..74).contains(&x) && (100..103).contains(&y);
        let ships = found(|x, y| {
            if x >= 180 {
                -8.0
            } else if hull(x, y) {
                0.0
            } else {
                -22.0
            }
        });
        assert_eq!(ships.len(), 1, "{ships:?}");
        let ship = ships[0];
        assert!(
            (ship.x - 67.0).abs() < 1.5 && (ship.y - 101.5).abs() < 1.5 && (ship.length_px - 14.0).abs() < 3.0,
            "{ship:?}"
        );
    }

    #[test]
    fn a_faint_copy_along_the_flight_direction_is_dropped_and_a_ship_elsewhere_is_kept() {
        let at = |x: f64, y: f64, contrast_db: f64| Candidate {
            x,
            y,
            length_px: 10.0,
            beam_px: 3.0,
            angle_deg: 0.0,
            confidence: contrast_db / (contrast_db + CONTRAST_HALF_DB),
            class: VesselClass::Vessel,
            position_sd_px: 1.0,
            length_sd_px: 1.0,
            beam_sd_px: 1.0,
            angle_sd_deg: 1.0,
        };
        let strong = at(1_000.0, 1_000.0, 25.0);
        let (sin, cos) = 12_f64.to_radians().sin_cos();
        let copy = at(1_000.0 + 480.0 * sin, 1_000.0 - 480.0 * cos, 5.0);
        let ship = at(1_480.0, 1_000.0, 5.0);
        assert_eq!(
            RadarCfar::default().finish(vec![strong, copy, ship]),
            vec![strong, ship]
        );
    }
}
