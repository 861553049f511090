//! How much of a patch can be seen: what each pixel shows, the ground or something in between.
//!
//! Optical: a cloud is bright and white in every band, smooth inside, wide, and has soft edges; a roof, a quay or a snowy field
//! is bright and white too, but ends within a pixel or two or has texture. A cloud's shadow is the cloud moved along the sun's
//! rays by a height that makes the ground there darkest, or land that lies in the light of the sky alone ([`shade`]). Haze lifts the
//! darkest pixels of a block. Glint is water as bright in near infrared as in the visible. Radar sees through all of it: only missing
//! data hides the ground.
//! Thresholds are reflectances (0..1) of surface or top-of-atmosphere products alike, so they are kept wide.

mod shade;

use super::{
    blocks::{Blocks, erode, grow, keep_pieces},
    patch::{Patch, Role},
    sun::Sun,
};

/// What a pixel shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Cover {
    /// The ground.
    #[default]
    Clear,
    /// Cloud.
    Cloud,
    /// Cloud shadow.
    Shadow,
    /// Haze too thick to see through.
    Haze,
    /// Sun glint.
    Glint,
    /// No data, or outside the scene.
    NoData,
}

impl Cover {
    /// True when the ground is seen.
    #[must_use]
    pub fn is_clear(self) -> bool {
        self == Self::Clear
    }
}

/// Mean visible reflectance from which a pixel may be cloud.
const CLOUD_BRIGHT: f32 = 0.30;
/// Greatest spread of the visible bands, as a share of their mean, for white.
const CLOUD_SPREAD: f32 = 0.22;
/// Near infrared of a cloud as a share of the visible: snow melts to less, plants reach more.
const CLOUD_NIR: [f32; 2] = [0.6, 1.5];
/// Half-size of the square that must be bright and white all over, metres: quays, roofs and rows are narrower.
const CLOUD_CORE_M: f64 = 18.0;
/// How far cloud reaches beyond its core, metres: the core's own half-size and the thin edge.
const CLOUD_EDGE_M: f64 = 48.0;
/// Side of the squares whose smoothness is judged, metres: streets, tracks and roofs show in one of them even under snow.
const CLOUD_BLOCK_M: f64 = 90.0;
/// Step between neighbours, as a share of the brightness, that nine tenths of a cloud's inside stay below.
const CLOUD_TEXTURE: f32 = 0.06;
/// A cloud over ground as bright as snow covers at least this, square metres: smooth fields under snow are smaller.
const CLOUD_OVER_SNOW_MIN_M2: f64 = 40_000.0;
/// Ground from this visible reflectance on is snow, or as bright.
const SNOW_BRIGHT: f32 = 0.25;
/// Glint: near infrared of water from which a hull is not told from it, reflectance.
const GLINT_NIR: f32 = 0.12;
/// Glint: near infrared as a share of the visible; the sun's own light has no colour, decks, quays and plants do.
const GLINT_TILT: [f32; 2] = [0.75, 1.15];
/// Glint: side of the squares that are judged, metres: longer than hulls are wide.
const GLINT_BLOCK_M: f64 = 120.0;
/// Glint: share of a square that must glitter.
const GLINT_SHARE: f64 = 0.8;
/// Haze: the darkest pixels of a block are brighter than this in blue and in near infrared.
const HAZE_DARKEST: f32 = 0.22;
/// Haze: contrast left in a block, as standard deviation over mean.
const HAZE_CONTRAST: f32 = 0.06;
/// Side of a block for haze, metres.
const HAZE_BLOCK_M: f64 = 240.0;

/// What is known of a patch beforehand, by pixel; empty where nothing is.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Tracks, aprons, storage areas: certainly land.
    pub land: Vec<bool>,
    /// Berths and anchorages: water, and what floats on it.
    pub sea: Vec<bool>,
}

/// What each pixel of a patch shows, row by row.
#[must_use]
pub fn cover(patch: &Patch, sun: Option<&Sun>, known: &Known) -> Vec<Cover> {
    let mut cover: Vec<Cover> = patch
        .valid()
        .iter()
        .map(|valid| if *valid { Cover::Clear } else { Cover::NoData })
        .collect();
    if patch.is_radar() {
        return cover;
    }
    let brightness = brightness(patch);
    let cloud = clouds(patch, &brightness);
    paint(&mut cover, &cloud, Cover::Cloud);
    if let Some(per_m) = sun.and_then(Sun::shadow_per_m) {
        let shadow = shade::cast(patch, &brightness, &cover, per_m);
        paint(&mut cover, &shadow, Cover::Shadow);
    }
    let shadow = shade::on_land(patch, &cover, &known.land);
    paint(&mut cover, &shadow, Cover::Shadow);
    let haze = hazy(patch, &brightness, &cover);
    paint(&mut cover, &haze, Cover::Haze);
    let glint = glitters(patch, &brightness, &cover, &known.sea);
    paint(&mut cover, &glint, Cover::Glint);
    cover
}

fn paint(cover: &mut [Cover], mask: &[bool], what: Cover) {
    for (cover, masked) in cover.iter_mut().zip(mask) {
        if *masked && *cover == Cover::Clear {
            *cover = what;
        }
    }
}

/// Mean of the visible bands (of all bands where there are none).
fn brightness(patch: &Patch) -> Vec<f32> {
    let visible: Vec<&[f32]> = [Role::Blue, Role::Green, Role::Red]
        .iter()
        .filter_map(|role| patch.plane(*role))
        .collect();
    let planes: Vec<&[f32]> = if visible.is_empty() {
        patch.planes().iter().map(|plane| plane.values.as_slice()).collect()
    } else {
        visible
    };
    let count = planes.len().max(1) as f32;
    (0..patch.valid().len())
        .map(|index| {
            planes
                .iter()
                .map(|plane| plane.get(index).copied().unwrap_or(0.0))
                .sum::<f32>()
                / count
        })
        .collect()
}

fn clouds(patch: &Patch, brightness: &[f32]) -> Vec<bool> {
    let (width, height, gsd_m) = (patch.width(), patch.height(), patch.frame().gsd_m());
    let visible: Vec<&[f32]> = [Role::Blue, Role::Green, Role::Red]
        .iter()
        .filter_map(|role| patch.plane(*role))
        .collect();
    let nir = patch.plane(Role::Nir);
    let at = |plane: &[f32], index: usize| plane.get(index).copied().unwrap_or(0.0);
    let white: Vec<bool> = (0..width * height)
        .map(|index| {
            let mean = at(brightness, index);
            let (least, most) = visible.iter().fold((f32::MAX, f32::MIN), |(least, most), plane| {
                (least.min(at(plane, index)), most.max(at(plane, index)))
            });
            let nir_fits =
                nir.is_none_or(|nir| (CLOUD_NIR[0]..=CLOUD_NIR[1]).contains(&(at(nir, index) / mean.max(1e-6))));
            let spread_fits = visible.len() < 2 || most - least <= CLOUD_SPREAD * mean;
            patch.valid().get(index).copied().unwrap_or(false) && mean >= CLOUD_BRIGHT && spread_fits && nir_fits
        })
        .collect();
    if !white.contains(&true) {
        return white;
    }
    // Wide: erosion by the core's half-size leaves only what no quay or roof reaches.
    let core_px = (CLOUD_CORE_M / gsd_m).round().max(1.0) as usize;
    let core = erode(&white, width, height, core_px);
    let block_px = (CLOUD_BLOCK_M / gsd_m).round().max(4.0) as usize;
    let smooth = Blocks::new(width, height, block_px).keep(&core, |pixels| is_smooth(brightness, width, pixels));
    let edge_px = core_px + (CLOUD_EDGE_M / gsd_m).round() as usize;
    let background = darker_half(brightness, patch.valid(), &grow(&smooth, width, height, edge_px));
    let smooth = if background < SNOW_BRIGHT {
        smooth
    } else {
        let whole_px = (CLOUD_OVER_SNOW_MIN_M2 / patch.frame().pixel_area_m2()) as usize;
        keep_pieces(&smooth, width, height, |pixels, at_edge| pixels >= whole_px || at_edge)
    };
    let near = grow(&smooth, width, height, edge_px);
    // Beyond the core, cloud goes on as long as it hides more than half of what it covers.
    let thick = median_of(
        brightness
            .iter()
            .zip(&smooth)
            .filter(|(_, core)| **core)
            .map(|(bright, _)| *bright),
    );
    let half = f32::midpoint(background, thick.unwrap_or(CLOUD_BRIGHT)).max(0.5 * CLOUD_BRIGHT);
    (near.iter().zip(brightness))
        .map(|(near, bright)| *near && *bright > half)
        .zip(&smooth)
        .map(|(grown, core)| grown || *core)
        .collect()
}

/// True when neighbours in these pixels differ little: a cloud's inside.
fn is_smooth(brightness: &[f32], width: usize, pixels: &[usize]) -> bool {
    let mut steps: Vec<f32> = (pixels.iter())
        .filter_map(|&index| {
            let here = *brightness.get(index)?;
            let right = *brightness.get(index + 1)?;
            let below = *brightness.get(index + width)?;
            Some(((here - right).abs() + (here - below).abs()) / (2.0 * here.max(1e-6)))
        })
        .collect();
    if steps.is_empty() {
        return false;
    }
    let place = steps.len() * 9 / 10;
    *steps.select_nth_unstable_by(place, f32::total_cmp).1 <= CLOUD_TEXTURE
}

/// Brightness that half of the clear pixels stay below.
fn darker_half(brightness: &[f32], valid: &[bool], near_cloud: &[bool]) -> f32 {
    let clear = (brightness.iter().zip(valid).zip(near_cloud))
        .filter(|((_, valid), near)| **valid && !**near)
        .map(|((bright, _), _)| *bright)
        .step_by(7);
    median_of(clear).unwrap_or(0.1)
}

fn median_of(values: impl Iterator<Item = f32>) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// Blocks of water that mirror the sun.
fn glitters(patch: &Patch, brightness: &[f32], cover: &[Cover], sea: &[bool]) -> Vec<bool> {
    let Some(nir) = patch.plane(Role::Nir) else {
        return vec![false; cover.len()];
    };
    let (width, height) = (patch.width(), patch.height());
    let clear: Vec<bool> = (cover.iter().enumerate())
        .map(|(index, cover)| cover.is_clear() && sea.get(index).copied().unwrap_or(false))
        .collect();
    let side_px = (GLINT_BLOCK_M / patch.frame().gsd_m()).round().max(6.0) as usize;
    Blocks::new(width, height, side_px).keep(&clear, |pixels| {
        let glittering = (pixels.iter())
            .filter_map(|index| Some((*nir.get(*index)?, *brightness.get(*index)?)))
            .filter(|(nir, bright)| {
                *nir >= GLINT_NIR && (GLINT_TILT[0]..=GLINT_TILT[1]).contains(&(nir / bright.max(1e-4)))
            })
            .count();
        glittering as f64 >= GLINT_SHARE * pixels.len() as f64
    })
}

/// Blocks in which even the darkest pixels are bright and little contrast is left.
fn hazy(patch: &Patch, brightness: &[f32], cover: &[Cover]) -> Vec<bool> {
    let (width, height) = (patch.width(), patch.height());
    let side_px = (HAZE_BLOCK_M / patch.frame().gsd_m()).round().max(8.0) as usize;
    let nir = patch.plane(Role::Nir);
    let clear: Vec<bool> = cover.iter().map(|cover| cover.is_clear()).collect();
    Blocks::new(width, height, side_px).keep(&clear, |pixels| {
        if pixels.len() < 64 {
            return false;
        }
        let low = |plane: &[f32]| {
            let mut values: Vec<f32> = pixels.iter().filter_map(|index| plane.get(*index).copied()).collect();
            let place = values.len() / 20;
            if values.is_empty() {
                0.0
            } else {
                *values.select_nth_unstable_by(place, f32::total_cmp).1
            }
        };
        let count = pixels.len() as f32;
        let values = || pixels.iter().filter_map(|index| brightness.get(*index));
        let mean = values().sum::<f32>() / count;
        let sd = (values().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt();
        low(brightness) > HAZE_DARKEST && nir.is_none_or(|nir| low(nir) > HAZE_DARKEST) && sd < HAZE_CONTRAST * mean
    })
}

#[cfg(test)]
mod tests;
