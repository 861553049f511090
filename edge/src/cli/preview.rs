//! A picture of a scene with what was found in it: stretched colours, oriented boxes, confidences, a scale bar.

use std::path::Path;

use image::{Rgb, RgbImage};

use crate::{
    detect::Detection,
    scene::{Band, Pixels, Scene, SceneError, SceneErrorKind, Window},
};

/// Longest side of a picture, pixels; larger scenes are reduced.
const SIDE_PX_MAX: u32 = 2_400;
/// Small scenes are enlarged, so that boats can be seen.
const ENLARGE_MAX: u32 = 3;
/// Percentiles that become black and white.
const STRETCH: (f64, f64) = (1.0, 99.0);
/// Share of the picture's width that the scale bar takes at most.
const BAR_SHARE_MAX: f64 = 0.25;
/// Distance of the box from the hull, picture pixels.
const BOX_GAP_PX: f64 = 2.5;

const INK: Rgb<u8> = Rgb([255, 255, 255]);
const SHADE: Rgb<u8> = Rgb([0, 0, 0]);

/// 3 by 5 glyphs, a row a number, most significant bit left.
const GLYPHS: [(char, [u8; 5]); 13] = [
    ('0', [7, 5, 5, 5, 7]),
    ('1', [2, 6, 2, 2, 7]),
    ('2', [7, 1, 7, 4, 7]),
    ('3', [7, 1, 7, 1, 7]),
    ('4', [5, 5, 7, 1, 1]),
    ('5', [7, 4, 7, 1, 7]),
    ('6', [7, 4, 7, 5, 7]),
    ('7', [7, 1, 2, 2, 2]),
    ('8', [7, 5, 7, 5, 7]),
    ('9', [7, 5, 7, 1, 7]),
    ('.', [0, 0, 0, 0, 2]),
    ('k', [4, 5, 6, 5, 5]),
    ('m', [0, 7, 7, 5, 5]),
];

/// Draws the picture and writes it.
///
/// # Errors
/// The scene that cannot be read, or the picture that cannot be written.
pub(super) fn draw(scene: &Scene, vessels: &[Detection], file: &Path) -> Result<(), SceneError> {
    let longest = scene.grid.width.max(scene.grid.height);
    let reduce = longest.div_ceil(SIDE_PX_MAX);
    let enlarge = (SIDE_PX_MAX / 2 / longest).clamp(1, ENLARGE_MAX);
    let mut picture = background(scene, reduce, enlarge)?;
    let scale = f64::from(enlarge) / f64::from(reduce);
    // Weakest first, so that the surest lie on top.
    for vessel in vessels.iter().rev() {
        outline(&mut picture, vessel, scale);
    }
    scale_bar(&mut picture, scene, scale);
    let part = file.with_extension("png.part");
    let failed = |error: String| SceneError::new(file, SceneErrorKind::Io, error, "a place for the preview");
    picture
        .save_with_format(&part, image::ImageFormat::Png)
        .map_err(|error| failed(error.to_string()))?;
    std::fs::rename(&part, file).map_err(|error| failed(error.to_string()))
}

/// Red, green, blue; or one band in grey.
fn channels(scene: &Scene) -> Vec<Band> {
    let colour = [Band::Red, Band::Green, Band::Blue];
    if colour.iter().all(|band| scene.bands.contains(band)) {
        colour.to_vec()
    } else {
        scene.bands.iter().copied().take(1).collect()
    }
}

fn background(scene: &Scene, reduce: u32, enlarge: u32) -> Result<RgbImage, SceneError> {
    let bands = channels(scene);
    let (width, height) = (scene.grid.width.div_ceil(reduce), scene.grid.height.div_ceil(reduce));
    let mut reader = scene.reader()?;
    let mut planes: Vec<Vec<f32>> = vec![Vec::with_capacity((width * height) as usize); bands.len()];
    let mut seen = Vec::with_capacity((width * height) as usize);
    for row in 0..height {
        let top = row * reduce;
        let read = reader.read(
            Window::new(0, top, scene.grid.width, reduce.min(scene.grid.height - top)),
            &bands,
        )?;
        mean_row(&read, reduce, width, &mut planes, &mut seen);
    }
    let stretches: Vec<(f32, f32)> = planes.iter().map(|plane| stretch(plane, &seen)).collect();
    let level = |channel: usize, index: usize| -> u8 {
        let channel = channel.min(planes.len().saturating_sub(1));
        let (Some(plane), Some((low, high))) = (planes.get(channel), stretches.get(channel)) else {
            return 0;
        };
        let value = plane
            .get(index)
            .map_or(0.0, |value| (value - low) / (high - low).max(f32::MIN_POSITIVE));
        (value.clamp(0.0, 1.0).powf(0.7) * 255.0) as u8
    };
    Ok(RgbImage::from_fn(width * enlarge, height * enlarge, |x, y| {
        let index = (y / enlarge * width + x / enlarge) as usize;
        if seen.get(index) == Some(&true) {
            Rgb([level(0, index), level(1, index), level(2, index)])
        } else {
            Rgb([30, 30, 34])
        }
    }))
}

fn mean_row(read: &Pixels, reduce: u32, width: u32, planes: &mut [Vec<f32>], seen: &mut Vec<bool>) {
    let stride = read.window.width as usize;
    for column in 0..width as usize {
        let from = column * reduce as usize;
        let to = (from + reduce as usize).min(stride);
        let inside = || (0..read.window.height as usize).flat_map(move |y| (from..to).map(move |x| y * stride + x));
        let valid: Vec<usize> = inside().filter(|index| read.valid.get(*index) == Some(&true)).collect();
        seen.push(!valid.is_empty());
        for (out, plane) in planes.iter_mut().zip(&read.planes) {
            let sum: f32 = valid.iter().filter_map(|index| plane.get(*index)).sum();
            out.push(sum / valid.len().max(1) as f32);
        }
    }
}

fn stretch(plane: &[f32], seen: &[bool]) -> (f32, f32) {
    let mut values: Vec<f32> = plane
        .iter()
        .zip(seen)
        .filter(|(_, seen)| **seen)
        .map(|(value, _)| *value)
        .collect();
    values.sort_by(f32::total_cmp);
    let at = |percent: f64| {
        values
            .get((percent / 100.0 * values.len().saturating_sub(1) as f64) as usize)
            .copied()
            .unwrap_or(0.0)
    };
    (at(STRETCH.0), at(STRETCH.1))
}

/// Red for unsure to green for sure.
fn colour(confidence: f64) -> Rgb<u8> {
    let share = confidence.clamp(0.0, 1.0);
    Rgb([(255.0 * (1.0 - share).sqrt()) as u8, (120.0 + 135.0 * share) as u8, 60])
}

fn outline(picture: &mut RgbImage, vessel: &Detection, scale: f64) {
    let [stern, bow] = vessel.ends_px.map(|(x, y)| (x * scale, y * scale));
    let (dx, dy) = (bow.0 - stern.0, bow.1 - stern.1);
    let length = dx.hypot(dy).max(1.0);
    let (ux, uy) = (dx / length, dy / length);
    let (half, side) = (length / 2.0 + BOX_GAP_PX, vessel.beam_px * scale / 2.0 + BOX_GAP_PX);
    let centre = ((stern.0 + bow.0) / 2.0, (stern.1 + bow.1) / 2.0);
    let corner = |a: f64, b: f64| {
        (
            centre.0 + ux * a * half - uy * b * side,
            centre.1 + uy * a * half + ux * b * side,
        )
    };
    let corners = [
        corner(1.0, 1.0),
        corner(-1.0, 1.0),
        corner(-1.0, -1.0),
        corner(1.0, -1.0),
    ];
    let ink = colour(vessel.confidence);
    for (from, to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
        line(picture, *from, *to, ink);
    }
    let right = corners.iter().map(|(x, _)| *x).fold(f64::MIN, f64::max);
    let top = corners.iter().map(|(_, y)| *y).fold(f64::MAX, f64::min);
    write(
        picture,
        right + 3.0,
        top,
        &format!("{:.0}", vessel.confidence * 100.0),
        ink,
        2,
    );
}

fn dot(picture: &mut RgbImage, x: f64, y: f64, ink: Rgb<u8>) {
    if x >= 0.0 && y >= 0.0 && x < f64::from(picture.width()) && y < f64::from(picture.height()) {
        picture.put_pixel(x as u32, y as u32, ink);
    }
}

fn line(picture: &mut RgbImage, from: (f64, f64), to: (f64, f64), ink: Rgb<u8>) {
    let steps = ((to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil() as u32).clamp(1, 4 * SIDE_PX_MAX);
    for step in 0..=steps {
        let share = f64::from(step) / f64::from(steps);
        dot(
            picture,
            from.0 + (to.0 - from.0) * share,
            from.1 + (to.1 - from.1) * share,
            ink,
        );
    }
}

fn write(picture: &mut RgbImage, x: f64, y: f64, text: &str, ink: Rgb<u8>, size: u32) {
    let mut left = x;
    for letter in text.chars() {
        let Some((_, rows)) = GLYPHS.iter().find(|(glyph, _)| *glyph == letter) else {
            left += f64::from(2 * size);
            continue;
        };
        for pass in [SHADE, ink] {
            let shift = if pass == SHADE { 1.0 } else { 0.0 };
            for (row, bits) in rows.iter().enumerate() {
                for column in (0..3_u32).filter(|column| bits >> (2 - column) & 1 == 1) {
                    for (dx, dy) in (0..size).flat_map(|dx| (0..size).map(move |dy| (dx, dy))) {
                        let px = left + f64::from(column * size + dx) + shift;
                        dot(picture, px, y + f64::from(row as u32 * size + dy) + shift, pass);
                    }
                }
            }
        }
        left += f64::from(4 * size);
    }
}

/// A bar of 1, 2 or 5 times a power of ten metres, by the pixel size in the middle of the scene.
fn scale_bar(picture: &mut RgbImage, scene: &Scene, scale: f64) {
    let Some((across, _)) = scene.grid.gsd_mid_m() else {
        return;
    };
    let metres_per_px = across / scale;
    let room_m = f64::from(picture.width()) * BAR_SHARE_MAX * metres_per_px;
    let Some(bar_m) = (0..6)
        .rev()
        .flat_map(|power| [5.0, 2.0, 1.0].map(|step| step * 10_f64.powi(power)))
        .find(|bar| *bar <= room_m)
    else {
        return;
    };
    let bar_px = bar_m / metres_per_px;
    let (left, bottom) = (12.0, f64::from(picture.height()) - 14.0);
    for row in 0..5 {
        let ink = if row == 0 || row == 4 { SHADE } else { INK };
        line(
            picture,
            (left, bottom + f64::from(row)),
            (left + bar_px, bottom + f64::from(row)),
            ink,
        );
    }
    let text = if bar_m >= 1_000.0 {
        format!("{} km", bar_m / 1_000.0)
    } else {
        format!("{bar_m} m")
    };
    write(picture, left, bottom - 16.0, &text, INK, 2);
}
