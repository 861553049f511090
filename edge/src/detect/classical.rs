//! The classical baseline: water mask, local contrast, shape filter. It is what the trained network is measured against.
//!
//! A pixel is water where green exceeds near infrared (NDWI above 0). A pixel stands out where its near infrared (or, without it, its visible
//! brightness) is well above the median of the water around it. Connected groups of such pixels that touch water on most of their rim, and are as long and
//! narrow as hulls are, become vessels, measured by their second moments.

use quaywatch_protocol::contract::look::VesselClass;

use super::{
    Candidate, DetectError, Detector, DetectorPlan, Modality,
    blobs::{Blob, blobs},
};
use crate::{
    scene::Band,
    suppress::Overlap,
    tile::{FlatFloor, Percentiles, Tile},
};

/// Side of the neighbourhood whose water gives level and spread, pixels.
const CELL_PX: usize = 32;
/// Spreads (robust standard deviations) above the water's level.
const CONTRAST_SIGMAS: f32 = 6.0;
/// Least contrast as a share of the band's span: quiet water has next to no spread.
const CONTRAST_SPAN_MIN: f32 = 0.06;
/// Share of a group's rim that must be water.
const RIM_WATER_SHARE_MIN: f64 = 0.6;
/// Length of hulls, pixels of 10 m.
const LENGTH_PX: (f64, f64) = (2.0, 45.0);
/// Widest hull, pixels.
const BEAM_PX_MAX: f64 = 8.0;
/// Share of the box that a hull fills.
const FILL_MIN: f64 = 0.35;

/// The detector. It keeps nothing between tiles.
#[derive(Clone, Debug)]
pub struct Classical {
    plan: DetectorPlan,
}

impl Default for Classical {
    fn default() -> Self {
        Self {
            plan: DetectorPlan {
                modality: Modality::Optical,
                gsd_m: Some(10.0),
                scene_gsd_m: (1.0, 12.5),
                tile_px: 512,
                margin_px: 32,
                bands: vec![Band::Blue, Band::Green, Band::Red, Band::Nir],
                percentiles: Percentiles {
                    low: 1.0,
                    high: 98.0,
                    span_min: 1.0,
                    flat: FlatFloor::default(),
                },
                overlap: Overlap::default(),
                confidence_default: 0.5,
                may_skip: true,
            },
        }
    }
}

impl Detector for Classical {
    fn name(&self) -> &str {
        "classical"
    }

    fn plan(&self) -> &DetectorPlan {
        &self.plan
    }

    fn detect(&mut self, tile: &Tile<'_>) -> Result<Vec<Candidate>, DetectError> {
        let Some(green) = tile
            .plane(Band::Green)
            .or_else(|| tile.plane(Band::Blue))
            .or_else(|| tile.plane(Band::Red))
        else {
            return Ok(Vec::new());
        };
        let (bright, band) = tile
            .plane(Band::Nir)
            .map_or((green, Band::Green), |nir| (nir, Band::Nir));
        let span = tile.stats.of(band).map_or(1.0, |stats| stats.span);
        let low = tile.stats.of(band).map_or(0.0, |stats| stats.low);
        let is_water: Vec<bool> = if band == Band::Nir {
            green
                .iter()
                .zip(bright)
                .zip(tile.valid)
                .map(|((green, nir), valid)| *valid && green > nir)
                .collect()
        } else {
            // Without near infrared: the darker part of the scene.
            green
                .iter()
                .zip(tile.valid)
                .map(|(green, valid)| *valid && green - low < 0.25 * span)
                .collect()
        };
        let contrast = contrasts(tile, bright, &is_water, CONTRAST_SPAN_MIN * span);
        let stands_out: Vec<bool> = contrast.iter().map(|contrast| *contrast > 1.0).collect();
        Ok(blobs(&stands_out, tile.width, tile.height)
            .iter()
            .filter_map(|blob| candidate(blob, &contrast, &is_water, tile))
            .collect())
    }
}

/// Contrast to the water around, in units of the threshold; 0 where there is no water near.
fn contrasts(tile: &Tile<'_>, bright: &[f32], is_water: &[bool], contrast_min: f32) -> Vec<f32> {
    let mut out = vec![0.0; bright.len()];
    for top in (0..tile.height).step_by(CELL_PX) {
        for left in (0..tile.width).step_by(CELL_PX) {
            // Water of the cell and half a cell around it.
            let (y0, y1) = (
                top.saturating_sub(CELL_PX / 2),
                (top + CELL_PX * 3 / 2).min(tile.height),
            );
            let (x0, x1) = (
                left.saturating_sub(CELL_PX / 2),
                (left + CELL_PX * 3 / 2).min(tile.width),
            );
            let mut water: Vec<f32> = (y0..y1)
                .flat_map(|y| (x0..x1).map(move |x| y * tile.width + x))
                .filter(|index| is_water.get(*index).copied().unwrap_or(false))
                .filter_map(|index| bright.get(index).copied())
                .collect();
            if water.len() < 24 {
                continue;
            }
            let middle = water.len() / 2;
            let level = *water.select_nth_unstable_by(middle, f32::total_cmp).1;
            let mut spread: Vec<f32> = water.iter().map(|value| (value - level).abs()).collect();
            // 1.4826 median absolute deviations are a standard deviation of normal noise.
            let sigma = 1.4826 * *spread.select_nth_unstable_by(middle, f32::total_cmp).1;
            let threshold = (CONTRAST_SIGMAS * sigma).max(contrast_min);
            for y in top..(top + CELL_PX).min(tile.height) {
                for x in left..(left + CELL_PX).min(tile.width) {
                    let index = y * tile.width + x;
                    if let (Some(slot), Some(value), Some(true)) =
                        (out.get_mut(index), bright.get(index), tile.valid.get(index))
                    {
                        *slot = (value - level) / threshold;
                    }
                }
            }
        }
    }
    out
}

fn candidate(blob: &Blob, contrast: &[f32], is_water: &[bool], tile: &Tile<'_>) -> Option<Candidate> {
    let shape = blob.shape();
    let fill = blob.pixels.len() as f64 / (shape.length_px * shape.beam_px).max(1.0);
    if !(LENGTH_PX.0..=LENGTH_PX.1).contains(&shape.length_px) || shape.beam_px > BEAM_PX_MAX || fill < FILL_MIN {
        return None;
    }
    let rim = blob.rim(tile.width, tile.height);
    let wet = rim
        .iter()
        .filter(|index| is_water.get(**index).copied().unwrap_or(false))
        .count() as f64
        / rim.len().max(1) as f64;
    if wet < RIM_WATER_SHARE_MIN {
        return None;
    }
    let peak = blob
        .pixels
        .iter()
        .filter_map(|index| contrast.get(*index))
        .copied()
        .fold(0.0_f32, f32::max);
    Some(Candidate {
        x: shape.x,
        y: shape.y,
        length_px: shape.length_px,
        beam_px: shape.beam_px,
        angle_deg: shape.angle_deg,
        // Not calibrated: rises with contrast and with water all around.
        confidence: (wet * f64::from(peak) / (f64::from(peak) + 1.0)).clamp(0.0, 1.0),
        class: VesselClass::Vessel,
        position_sd_px: 1.0,
        length_sd_px: 1.5 + 0.1 * shape.length_px,
        beam_sd_px: 1.0,
        angle_sd_deg: (60.0 / shape.length_px).min(45.0),
    })
}
