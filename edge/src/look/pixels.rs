//! From a window of a scene to a patch in reflectance.

use crate::{
    scene::{Band, Pixels, Scene, SceneError, SceneReader, Window},
    zones::patch::{BANDS_MAX, Frame, Patch, Plane, Role},
};

use super::plan::Part;

/// Rows are read in bands of at most this many pixels, so that a window in coarse pixels needs no memory for the fine ones.
const STRIP_PIXELS_MAX: u64 = 2_000_000;
/// Numbers per unit reflectance in 16-bit products of surface or top-of-atmosphere reflectance (Sentinel-2, PlanetScope, Landsat
/// after scaling).
const REFLECTANCE_16BIT: f32 = 10_000.0;
/// What a full 8-bit picture stands for: visual products are stretched so that bright concrete is nearly white, and only cloud is quite so.
const REFLECTANCE_8BIT_FULL: f32 = 0.36;
/// Scale of products stretched over all of 16 bits.
const REFLECTANCE_STRETCHED: f32 = 65_535.0;
/// Share of the samples that decides which scale a scene has.
const SCALE_QUANTILE: f64 = 0.98;
/// Rows that decide it.
const SCALE_ROWS: u32 = 256;

/// Reads one part of a plan. `scale` is that of [`scale_of_part`].
///
/// # Errors
/// What the scene says about a damaged file.
pub fn read(
    scene: &Scene,
    reader: &mut SceneReader,
    part: &Part,
    frame: &Frame,
    scale: f32,
) -> Result<Option<Patch>, SceneError> {
    let bands = bands_of(scene);
    let step = part.step.max(1);
    let (width, height) = (
        (part.window.width / step) as usize,
        (part.window.height / step) as usize,
    );
    if width == 0 || height == 0 || bands.is_empty() {
        return Ok(None);
    }
    let mut planes = vec![vec![0.0_f32; width * height]; bands.len()];
    let mut valid = vec![true; width * height];
    let strip_rows = ((STRIP_PIXELS_MAX / u64::from(part.window.width.max(1))) as u32 / step).max(1) * step;
    let used_rows = height as u32 * step;
    let mut top = 0;
    while top < used_rows {
        let rows = strip_rows.min(used_rows - top);
        let window = Window::new(part.window.x, part.window.y + top, part.window.width, rows);
        let pixels = reader.read(window, &bands)?;
        average(
            &pixels,
            step as usize,
            (top / step) as usize,
            width,
            &mut planes,
            &mut valid,
        );
        top += rows;
    }
    let share = scale / (step * step) as f32;
    let planes = (bands.iter().zip(planes))
        .map(|(band, mut values)| {
            for value in &mut values {
                *value *= share;
            }
            Plane {
                role: role_of(*band),
                values,
            }
        })
        .collect();
    let frame = frame.window(f64::from(part.window.x), f64::from(part.window.y), f64::from(step));
    Ok(Patch::new(width, height, planes, valid, frame))
}

/// Adds the samples of a strip into coarse pixels; one fine pixel without data spoils its coarse one.
fn average(pixels: &Pixels, step: usize, first_row: usize, width: usize, planes: &mut [Vec<f32>], valid: &mut [bool]) {
    let columns = pixels.window.width as usize;
    for row in 0..pixels.window.height as usize {
        for column in 0..width * step {
            let from = row * columns + column;
            let to = (first_row + row / step) * width + column / step;
            for (plane, source) in planes.iter_mut().zip(&pixels.planes) {
                if let (Some(sum), Some(value)) = (plane.get_mut(to), source.get(from)) {
                    *sum += value;
                }
            }
            if let Some(valid) = valid.get_mut(to) {
                *valid &= pixels.valid.get(from).copied().unwrap_or(false);
            }
        }
    }
}

/// The bands that signatures are made of.
#[must_use]
pub fn bands_of(scene: &Scene) -> Vec<Band> {
    scene.bands.iter().copied().take(BANDS_MAX).collect()
}

const fn role_of(band: Band) -> Role {
    match band {
        Band::Blue => Role::Blue,
        Band::Green => Role::Green,
        Band::Red => Role::Red,
        Band::Nir => Role::Nir,
        Band::Vv | Band::Vh => Role::Radar,
    }
}

/// The scale of a scene, from a few rows in the middle of a part.
///
/// # Errors
/// What the scene says about a damaged file.
pub fn scale_of_part(scene: &Scene, reader: &mut SceneReader, part: &Part) -> Result<f32, SceneError> {
    let rows = part.window.height.min(SCALE_ROWS);
    let top = part.window.y + (part.window.height - rows) / 2;
    let window = Window::new(part.window.x, top, part.window.width, rows);
    Ok(scale_of(scene, &reader.read(window, &bands_of(scene))?))
}

/// Reflectance per number of a scene, by what its samples look like: fractions are reflectance already, small whole numbers a
/// visual picture, large ones reflectance times 10,000, and very large ones a stretched product.
fn scale_of(scene: &Scene, samples: &Pixels) -> f32 {
    if scene.is_radar() {
        return 1.0;
    }
    let mut values: Vec<f32> = (samples.planes.iter())
        .flat_map(|plane| plane.iter().zip(&samples.valid).step_by(5))
        .filter(|(_, valid)| **valid)
        .map(|(value, _)| *value)
        .collect();
    if values.is_empty() {
        return 1.0 / REFLECTANCE_16BIT;
    }
    let place = ((values.len() - 1) as f64 * SCALE_QUANTILE) as usize;
    let high = *values.select_nth_unstable_by(place, f32::total_cmp).1;
    match high {
        _ if high <= 2.0 => 1.0,
        _ if high <= 255.0 => REFLECTANCE_8BIT_FULL / 255.0,
        _ if high <= 20_000.0 => 1.0 / REFLECTANCE_16BIT,
        _ => 1.0 / REFLECTANCE_STRETCHED,
    }
}
