//! How much of a patch can be seen: what each pixel shows, the ground or something in between.
//!
//! Optical: a cloud is bright and white in every band, smooth inside, wide, and has soft edges; a roof, a quay or a snowy field
//! is bright and white too, but ends within a pixel or two or has texture. A cloud's shadow is the cloud moved along the sun's
//! rays by a height that makes the ground there darkest. Haze lifts the darkest pixels of a block. Glint is water as bright in
//! near infrared as in the visible, with texture. Radar sees through all of it: only missing data hides the ground.
//! Thresholds are reflectances (0..1) of surface or top-of-atmosphere products alike, so they are kept wide.

use super::{
    blocks::{Blocks, erode, grow},
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
/// Haze: the darkest pixels of a block are brighter than this in blue and in near infrared.
const HAZE_DARKEST: f32 = 0.22;
/// Haze: contrast left in a block, as standard deviation over mean.
const HAZE_CONTRAST: f32 = 0.06;
/// Side of a block for haze, metres.
const HAZE_BLOCK_M: f64 = 240.0;

/// What each pixel of a patch shows, row by row.
#[must_use]
pub fn cover(patch: &Patch, sun: Option<&Sun>) -> Vec<Cover> {
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
        let shadow = shadows(patch, &brightness, &cover, per_m);
        paint(&mut cover, &shadow, Cover::Shadow);
    }
    let haze = hazy(patch, &brightness, &cover);
    paint(&mut cover, &haze, Cover::Haze);
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
    let near = grow(&smooth, width, height, edge_px);
    // Beyond the core, cloud goes on as long as it brightens what it covers.
    let background = darker_half(brightness, patch.valid(), &near);
    (near.iter().zip(brightness))
        .map(|(near, bright)| *near && *bright > background + 0.5 * (CLOUD_BRIGHT - background).max(0.05))
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
    let mut clear: Vec<f32> = (brightness.iter().zip(valid).zip(near_cloud))
        .filter(|((_, valid), near)| **valid && !**near)
        .map(|((bright, _), _)| *bright)
        .step_by(7)
        .collect();
    if clear.is_empty() {
        return 0.1;
    }
    let middle = clear.len() / 2;
    *clear.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// The clouds moved along the sun's rays by the height that finds the darkest ground; nothing when no height finds darkness.
fn shadows(patch: &Patch, brightness: &[f32], cover: &[Cover], per_m: [f64; 2]) -> Vec<bool> {
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
mod tests {
    use super::*;
    use crate::zones::paint::{CLOUD, CONCRETE, Canvas, Colour, GRASS, SNOW, noise};

    fn share(cover: &[Cover], what: Cover) -> f64 {
        cover.iter().filter(|cover| **cover == what).count() as f64 / cover.len() as f64
    }

    /// A shore: grass in the north, water in the south, a concrete quay between, with houses.
    fn shore() -> Canvas {
        let mut canvas = Canvas::new(900.0, 900.0, 3.0, GRASS);
        canvas.paint(|at, _| (at[1] < 400.0).then_some([0.05, 0.06, 0.04, 0.015]));
        canvas.paint(|at, _| (400.0..480.0).contains(&at[1]).then_some(CONCRETE));
        for house in 0..24 {
            let at = [
                40.0 + 37.0 * f64::from(house),
                540.0 + 12.0 * f64::from(house % 7) * 3.0,
            ];
            canvas.bar(at, 90.0, 24.0, 14.0, [0.33, 0.35, 0.36, 0.37]);
        }
        canvas
    }

    fn mix(a: Colour, b: Colour, share: f32) -> Colour {
        let mut out = a;
        for (out, b) in out.iter_mut().zip(b) {
            *out += (b - *out) * share;
        }
        out
    }

    /// A round cloud with a soft edge of 60 m.
    fn cloud(canvas: &mut Canvas, middle: [f64; 2], radius_m: f64) {
        canvas.paint(|at, ground| {
            let away = (at[0] - middle[0]).hypot(at[1] - middle[1]);
            let opacity = (((radius_m - away) / 60.0) + 0.5).clamp(0.0, 1.0) as f32;
            (opacity > 0.0).then(|| mix(ground, CLOUD, opacity))
        });
    }

    #[test]
    fn a_clear_harbour_is_clear_though_roofs_are_white() {
        let cover = cover(&shore().expose(1), None);
        assert!(share(&cover, Cover::Clear) > 0.99, "{}", share(&cover, Cover::Cloud));
    }

    #[test]
    fn a_cloud_hides_land_and_water_alike() {
        let mut canvas = shore();
        cloud(&mut canvas, [450.0, 430.0], 200.0);
        let found = share(&cover(&canvas.expose(1), None), Cover::Cloud);
        let truth = std::f64::consts::PI * 200.0 * 200.0 / (900.0 * 900.0);
        assert!((found - truth).abs() < 0.04, "{found} {truth}");
    }

    #[test]
    fn snow_on_the_land_is_not_cloud() {
        let mut canvas = shore();
        canvas.paint(|at, ground| (at[1] > 400.0).then(|| mix(ground, SNOW, 0.85)));
        // Streets and trodden ground.
        for street in 0..16 {
            canvas.bar(
                [450.0, 430.0 + 30.0 * f64::from(street)],
                90.0,
                900.0,
                6.0,
                [0.3, 0.31, 0.31, 0.3],
            );
            canvas.bar(
                [28.0 + 56.0 * f64::from(street), 650.0],
                0.0,
                500.0,
                6.0,
                [0.3, 0.31, 0.31, 0.3],
            );
        }
        let cover = cover(&canvas.expose(1), None);
        assert!(share(&cover, Cover::Cloud) < 0.05, "{}", share(&cover, Cover::Cloud));
    }

    #[test]
    fn thick_haze_over_everything_hides_everything() {
        let mut canvas = shore();
        canvas.paint(|at, ground| {
            let veil = [0.42, 0.40, 0.38, 0.36].map(|band| band + 0.001 * noise(at[0] as usize));
            Some(mix(ground, veil, 0.93))
        });
        let cover = cover(&canvas.expose(1), None);
        assert!(share(&cover, Cover::Clear) < 0.2, "{}", share(&cover, Cover::Clear));
    }

    #[test]
    fn a_shadow_lies_where_the_sun_throws_it() {
        let mut canvas = shore();
        // A sun in the south at 45 degrees, a cloud at 300 m: the shadow lies 300 m north of it.
        canvas
            .paint(|at, ground| ((at[0] - 450.0).hypot(at[1] - 650.0) < 130.0).then(|| ground.map(|band| band * 0.45)));
        cloud(&mut canvas, [450.0, 350.0], 130.0);
        let sun = Sun {
            elevation_deg: 45.0,
            azimuth_deg: 180.0,
        };
        let found = share(&cover(&canvas.expose(1), Some(&sun)), Cover::Shadow);
        assert!((found - 0.065).abs() < 0.03, "{found}");
    }
}
