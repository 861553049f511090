//! Shadows of clouds: where a cloud in the pixels throws one, and where ground that is known to be land lies in one whose cloud
//! nobody sees.
//!
//! What the sun does not reach is lit by the sky alone, which is dark, and blue: bare ground that reflects more in the near infrared than in
//! the blue turns the other way round in shade. Water, coal and tar are dark as well; water is told by where it lies (only the
//! site's tracks, aprons and storage areas are known to be land), coal and tar keep their colour. Cars and stacks throw shadows of a few metres: ground
//! lies in a cloud's shadow where most of what is near does.

use crate::zones::{
    blocks::Counts,
    patch::{Patch, Role},
    visible::Cover,
};

/// Heights of cloud bases tried for shadows, metres.
const CLOUD_HEIGHTS_M: [f64; 14] = [
    300.0, 450.0, 600.0, 750.0, 900.0, 1_050.0, 1_200.0, 1_400.0, 1_700.0, 2_000.0, 2_500.0, 3_000.0, 4_000.0, 6_000.0,
];
/// A shadow leaves at most this share of the light, on average over where it falls: water reflects the sky too.
const SHADOW_SHARE: f32 = 0.85;
/// Fewer pixels than this say nothing about a shadow.
const SHADOW_PIXELS_MIN: usize = 50;
/// Near infrared of water is less than this, reflectance.
const WATER_NIR_MAX: f32 = 0.07;
/// Brightness that counts at most, as a share of the usual.
const LIGHT_MAX: f32 = 1.6;
/// Near infrared reflectance that ground in the shade stays below.
const SHADE_NIR_MAX: f32 = 0.075;
/// Near infrared of dark ground in the shade, as a share of its blue; the darkest lit materials (coal, tar) have 1.25.
const SHADE_TILT_DARK: f32 = 1.1;
/// The same for ground of any brightness: lit snow has 0.9, blue paint 0.8.
const SHADE_TILT: f32 = 0.62;
/// Blue light that even clear air adds to the darkest pixels, reflectance: more than this is haze or an uncorrected product.
const AIR_BLUE: f32 = 0.03;
/// Most that is taken off for air, reflectance.
const AIR_BLUE_MAX: f32 = 0.12;
/// Half-size of the square in which most land must lie in the shade, metres: wider than a row of cars and its shadow.
const LAND_NEAR_M: f64 = 27.0;
/// Share of the land near by that must lie in the shade.
const LAND_SHARE: f64 = 0.6;
/// How far the shade of land speaks for the water beside it, metres: clouds are larger.
const WATER_NEAR_M: f64 = 150.0;
/// Share of the land near by that must lie in the shade for the water beside it to lie there, too.
const WATER_SHARE: f64 = 0.7;

/// The clouds moved along the sun's rays by the height that finds the darkest ground; nothing when no height finds darkness.
pub(super) fn cast(patch: &Patch, brightness: &[f32], cover: &[Cover], per_m: [f64; 2]) -> Vec<bool> {
    let nothing = vec![false; cover.len()];
    if !cover.contains(&Cover::Cloud) {
        return nothing;
    }
    let light = light(patch, brightness, cover);
    let mean = |moved: &[bool], of: bool| {
        let lit = moved.iter().zip(cover).zip(&light);
        let (sum, count) = lit
            .filter(|((moved, cover), _)| **moved == of && cover.is_clear())
            .fold((0.0_f64, 0_usize), |(sum, count), (_, light)| {
                (sum + f64::from(*light), count + 1)
            });
        (count >= SHADOW_PIXELS_MIN).then(|| (sum / count as f64) as f32)
    };
    let mut best: Option<(f32, Vec<bool>)> = None;
    for height_m in CLOUD_HEIGHTS_M {
        let moved = moved_clouds(patch, cover, per_m, height_m);
        let Some((inside, outside)) = mean(&moved, true).zip(mean(&moved, false)) else {
            continue;
        };
        let share = inside / outside.max(1e-6);
        if share < SHADOW_SHARE && best.as_ref().is_none_or(|(least, _)| share < *least) {
            best = Some((share, moved));
        }
    }
    best.map_or(nothing, |(_, moved)| moved)
}

/// Brightness of each pixel as a share of what is usual for its kind of surface, water or land, so that the two can be compared. One bright thing
/// counts no more than a little.
fn light(patch: &Patch, brightness: &[f32], cover: &[Cover]) -> Vec<f32> {
    let nir = patch.plane(Role::Nir);
    let is_water = |index: usize| {
        nir.and_then(|nir| nir.get(index))
            .is_some_and(|nir| *nir < WATER_NIR_MAX)
    };
    let usual = [false, true].map(|water| {
        let mut values: Vec<f32> = (brightness.iter().zip(cover).enumerate().step_by(5))
            .filter(|(index, (_, cover))| cover.is_clear() && is_water(*index) == water)
            .map(|(_, (bright, _))| *bright)
            .collect();
        let place = values.len() / 2;
        if values.is_empty() {
            1.0
        } else {
            values.select_nth_unstable_by(place, f32::total_cmp).1.max(1e-4)
        }
    });
    let [land, water] = usual;
    (brightness.iter().enumerate())
        .map(|(index, bright)| (bright / if is_water(index) { water } else { land }).min(LIGHT_MAX))
        .collect()
}

fn moved_clouds(patch: &Patch, cover: &[Cover], per_m: [f64; 2], height_m: f64) -> Vec<bool> {
    let frame = patch.frame();
    let start = frame.to_px([0.0, 0.0]);
    let end = frame.to_px([per_m[0] * height_m, per_m[1] * height_m]);
    let (dx, dy) = ((end[0] - start[0]).round() as i64, (end[1] - start[1]).round() as i64);
    let (width, height) = (patch.width() as i64, patch.height() as i64);
    (0..cover.len() as i64)
        .map(|index| {
            let (x, y) = (index % width - dx, index / width - dy);
            let inside = x >= 0 && y >= 0 && x < width && y < height;
            inside && cover.get((y * width + x) as usize) == Some(&Cover::Cloud)
        })
        .collect()
}

/// Land in the shade, and water beside such land; `land` says which pixels are known to be land. Nothing without blue and near infrared.
pub(super) fn on_land(patch: &Patch, cover: &[Cover], land: &[bool]) -> Vec<bool> {
    let nothing = vec![false; cover.len()];
    let (Some(blue), Some(nir)) = (patch.plane(Role::Blue), patch.plane(Role::Nir)) else {
        return nothing;
    };
    if !land.contains(&true) {
        return nothing;
    }
    let air = (darkest(blue, cover) - AIR_BLUE).clamp(0.0, AIR_BLUE_MAX);
    let clear_land: Vec<bool> = land
        .iter()
        .zip(cover)
        .map(|(land, cover)| *land && cover.is_clear())
        .collect();
    let shaded: Vec<bool> = (clear_land.iter().zip(blue).zip(nir))
        .map(|((land, blue), nir)| {
            let tilt = nir / (blue - air).max(1e-4);
            *land && (tilt < SHADE_TILT || (tilt < SHADE_TILT_DARK && *nir < SHADE_NIR_MAX))
        })
        .collect();
    if !shaded.contains(&true) {
        return nothing;
    }
    let (width, height) = (patch.width(), patch.height());
    let (all, dark) = (
        Counts::new(&clear_land, width, height),
        Counts::new(&shaded, width, height),
    );
    let pixels = |metres: f64| (metres / patch.frame().gsd_m()).round().max(1.0) as usize;
    let (near, far) = (pixels(LAND_NEAR_M), pixels(WATER_NEAR_M));
    (0..cover.len())
        .map(|index| {
            let (x, y) = (index % width, index / width);
            let is_land = land.get(index).copied().unwrap_or(false);
            let (reach, wanted) = if is_land {
                (near, LAND_SHARE)
            } else {
                (far, WATER_SHARE)
            };
            let of = all.around(x, y, reach);
            of > 0 && f64::from(dark.around(x, y, reach)) >= wanted * f64::from(of)
        })
        .collect()
}

/// The value that one in a hundred clear pixels stays below.
fn darkest(plane: &[f32], cover: &[Cover]) -> f32 {
    let mut values: Vec<f32> = (plane.iter().zip(cover).step_by(7))
        .filter(|(_, cover)| cover.is_clear())
        .map(|(value, _)| *value)
        .collect();
    if values.is_empty() {
        return 0.0;
    }
    let place = values.len() / 100;
    *values.select_nth_unstable_by(place, f32::total_cmp).1
}
