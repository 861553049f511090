//! Evidence pictures: a small JPEG around each of the surest vessels in a zone.

use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};
use quaywatch_protocol::{contract::Look, limits::CHIP_BYTES_MAX};

use super::processor::SceneChip;
use crate::scene::{Band, Pixels, Scene, SceneReader, Window};

/// Columns and rows of a picture: a 280 m ship at 3 m a pixel, with its berth.
const CHIP_PX: u32 = 96;
/// JPEG qualities tried until the picture is small enough.
const QUALITIES: [u8; 4] = [85, 70, 50, 30];
/// Shares of the samples that are drawn black and white: a few bright roofs do not darken the ship.
const STRETCH: (f64, f64) = (0.02, 0.98);

/// Pictures of the vessels in zones, surest first, at most `count_max`. One that cannot be made is left out: a picture is a
/// help, and the look is what counts.
pub(super) fn of_looks(scene: &Scene, reader: &mut SceneReader, looks: &[Look], count_max: usize) -> Vec<SceneChip> {
    let mut vessels: Vec<(usize, usize, f64, (f64, f64))> = Vec::new();
    for (look, each) in looks.iter().enumerate() {
        for (vessel, seen) in each.vessels.iter().enumerate().filter(|(_, seen)| seen.zone.is_some()) {
            vessels.push((look, vessel, seen.confidence, (seen.lon, seen.lat)));
        }
    }
    vessels.sort_by(|a, b| b.2.total_cmp(&a.2));
    let bands = shown_bands(scene);
    let picture = |reader: &mut SceneReader, (lon, lat): (f64, f64)| {
        let (px, py) = scene.grid.lonlat_to_px(lon, lat)?;
        let window = around(px, py, scene.grid.width, scene.grid.height)?;
        let pixels = reader.read(window, &bands).ok()?;
        encode(&pixels, &bands)
    };
    vessels
        .into_iter()
        .take(count_max)
        .filter_map(|(look, vessel, _, place)| {
            let jpeg = picture(reader, place)?;
            Some(SceneChip { look, vessel, jpeg })
        })
        .collect()
}

/// The bands drawn as red, green and blue; a scene that lacks one is drawn in grey.
fn shown_bands(scene: &Scene) -> Vec<Band> {
    let colour = [Band::Red, Band::Green, Band::Blue];
    if colour.iter().all(|band| scene.bands.contains(band)) {
        return colour.to_vec();
    }
    scene.bands.first().copied().into_iter().collect()
}

fn around(px: f64, py: f64, width: u32, height: u32) -> Option<Window> {
    let inside = |at: f64, length: u32| at >= 0.0 && at < f64::from(length);
    if !inside(px, width) || !inside(py, height) {
        return None;
    }
    let (columns, rows) = (CHIP_PX.min(width), CHIP_PX.min(height));
    let x = (px as u32).saturating_sub(columns / 2).min(width - columns);
    let y = (py as u32).saturating_sub(rows / 2).min(height - rows);
    Some(Window::new(x, y, columns, rows))
}

fn encode(pixels: &Pixels, bands: &[Band]) -> Option<Vec<u8>> {
    let planes: Vec<Vec<u8>> = bands
        .iter()
        .map(|band| stretched(pixels.plane(*band)?, &pixels.valid))
        .collect::<Option<_>>()?;
    let colour = if planes.len() == 3 {
        ExtendedColorType::Rgb8
    } else {
        ExtendedColorType::L8
    };
    let count = planes.first()?.len();
    let samples: Vec<u8> = (0..count)
        .flat_map(|index| planes.iter().filter_map(move |plane| plane.get(index).copied()))
        .collect();
    QUALITIES.iter().find_map(|quality| {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, *quality)
            .encode(&samples, pixels.window.width, pixels.window.height, colour)
            .ok()?;
        (jpeg.len() <= CHIP_BYTES_MAX).then_some(jpeg)
    })
}

/// Samples as 0..=255 between two of their own percentiles.
fn stretched(plane: &[f32], valid: &[bool]) -> Option<Vec<u8>> {
    let mut sorted: Vec<f32> = plane
        .iter()
        .zip(valid)
        .filter_map(|(sample, valid)| (*valid && sample.is_finite()).then_some(*sample))
        .collect();
    sorted.sort_by(f32::total_cmp);
    let at = |share: f64| {
        sorted
            .get((share * sorted.len().saturating_sub(1) as f64) as usize)
            .copied()
    };
    let (low, high) = (at(STRETCH.0)?, at(STRETCH.1)?);
    let span = (high - low).max(f32::MIN_POSITIVE);
    Some(
        plane
            .iter()
            .map(|sample| ((sample - low) / span * 255.0).clamp(0.0, 255.0) as u8)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_stays_inside_the_scene_and_a_point_outside_has_none() {
        assert_eq!(around(5.0, 499.0, 1_000, 500), Some(Window::new(0, 404, 96, 96)));
        assert_eq!(around(20.0, 20.0, 40, 30), Some(Window::new(0, 0, 40, 30)));
        assert_eq!(around(-1.0, 5.0, 100, 100), None);
        assert_eq!(around(f64::NAN, 5.0, 100, 100), None);
    }

    #[test]
    fn even_noise_becomes_a_jpeg_that_an_event_can_carry() {
        let mut state = 1_u32;
        let mut noise = || {
            (0..CHIP_PX * CHIP_PX)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 16) as f32
                })
                .collect::<Vec<f32>>()
        };
        let bands = vec![Band::Red, Band::Green, Band::Blue];
        let pixels = Pixels {
            window: Window::new(0, 0, CHIP_PX, CHIP_PX),
            bands: bands.clone(),
            planes: vec![noise(), noise(), noise()],
            valid: vec![true; (CHIP_PX * CHIP_PX) as usize],
        };
        let jpeg = encode(&pixels, &bands).unwrap();
        assert!(jpeg.len() <= CHIP_BYTES_MAX && jpeg.starts_with(&[0xff, 0xd8]));
        assert_eq!(image::load_from_memory(&jpeg).unwrap().width(), CHIP_PX);
    }

    #[test]
    fn a_window_without_data_has_no_picture() {
        assert_eq!(stretched(&[1.0, 2.0], &[false, false]), None);
    }
}
