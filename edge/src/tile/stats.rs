//! Brightness statistics of a scene (edge/model/FORMAT.md, "Statistics"): what a detector's normalisation needs.
//!
//! They come from a regular sub-sample: small scenes are read whole, of larger ones some rows (or tiles, in tiled files) spread evenly.

use crate::scene::{Band, Pixels, Scene, SceneError, SceneReader, Window};

/// Scenes of up to this many pixels are read whole.
const WHOLE_PX_MAX: u64 = 3_000_000;
/// Samples kept per band.
const SAMPLES_PER_BAND_MAX: usize = 1_000_000;
/// Windows read of a large scene, along each axis for tiled files, in all for stripped ones. Each costs a decoded tile of every band, which is most
/// of the time that a look at one site of a large scene takes.
const TILES_PER_AXIS: u32 = 6;
const STRIPS: u32 = 72;
/// Pixels of one window of the sub-sample.
const WINDOW_SIDE_PX_MAX: u32 = 192;

/// Which percentiles are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    /// Percentile that becomes `low`, 0..100.
    pub low: f64,
    /// Percentile that bounds the span, 0..100.
    pub high: f64,
    /// Smallest span, raw units.
    pub span_min: f64,
    /// Floor of the visible span of flat scenes.
    pub flat: FlatFloor,
}

/// Floor of the visible span of a flat scene: open water and little else, whose own faint contrast would be stretched until ships are one white blot.
/// The floor is the smaller of two: a share of the scene's brightest, and a multiple of its dark level. The default is no floor.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct FlatFloor {
    /// Percentile that counts as the brightest, 0..100.
    pub peak_percentile: f64,
    /// Share of it, less `low`.
    pub peak_share: f64,
    /// Multiple of the mean `low` of the visible bands.
    pub low_share: f64,
}

/// Statistics of one band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandStats {
    /// The band.
    pub band: Band,
    /// Its low percentile, raw units.
    pub low: f32,
    /// The span by which it is divided, raw units; visible bands share theirs.
    pub span: f32,
}

/// Statistics of a scene.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SceneStats {
    /// One entry a band that was sampled.
    pub bands: Vec<BandStats>,
    /// Valid pixels in the sub-sample.
    pub samples: usize,
}

impl SceneStats {
    /// The statistics of a band.
    #[must_use]
    pub fn of(&self, band: Band) -> Option<&BandStats> {
        self.bands.iter().find(|stats| stats.band == band)
    }

    /// Samples a scene.
    ///
    /// # Errors
    /// The file that cannot be read. A scene without a valid pixel gives no bands.
    pub fn sample(
        scene: &Scene,
        reader: &mut SceneReader,
        bands: &[Band],
        percentiles: Percentiles,
    ) -> Result<Self, SceneError> {
        let windows = windows(scene);
        let pixels: u64 = windows.iter().map(Window::pixels).sum();
        let step = (pixels as usize).div_ceil(SAMPLES_PER_BAND_MAX).max(1);
        // At once: what has grown step by step is not given back to the system when it goes.
        let count = (pixels as usize).div_ceil(step);
        let mut kept: Vec<Vec<f32>> = bands.iter().map(|_| Vec::with_capacity(count)).collect();
        let mut position = 0;
        let mut read = Pixels::default();
        for window in windows {
            reader.read_into(window, bands, &mut read)?;
            for (kept, plane) in kept.iter_mut().zip(&read.planes) {
                kept.extend(
                    plane
                        .iter()
                        .zip(&read.valid)
                        .enumerate()
                        .filter(|(index, (_, valid))| **valid && (position + index) % step == 0)
                        .map(|(_, (sample, _))| *sample),
                );
            }
            position += read.valid.len();
        }
        Ok(Self::from_samples(bands, &mut kept, percentiles))
    }

    /// From samples of valid pixels, one list a band.
    pub(crate) fn from_samples(bands: &[Band], kept: &mut [Vec<f32>], percentiles: Percentiles) -> Self {
        let samples = kept.first().map_or(0, Vec::len);
        if samples == 0 {
            return Self::default();
        }
        let lows: Vec<f32> = kept
            .iter_mut()
            .map(|values| percentile(values, percentiles.low))
            .collect();
        let visible = bands.iter().filter(|band| band.is_visible()).count();
        let mut pooled: Vec<f32> = Vec::with_capacity(visible * samples);
        for ((values, band), low) in kept.iter().zip(bands).zip(&lows) {
            if band.is_visible() {
                pooled.extend(values.iter().map(|value| value - low));
            }
        }
        let span_min = percentiles.span_min as f32;
        let visible = if pooled.is_empty() {
            span_min
        } else {
            let flat = percentiles.flat;
            let peak = f64::from(percentile(&mut pooled, flat.peak_percentile)) * flat.peak_share;
            let visible_lows = bands
                .iter()
                .zip(&lows)
                .filter(|(band, _)| band.is_visible())
                .map(|(_, low)| f64::from(*low));
            let dark = visible_lows.clone().sum::<f64>() / visible_lows.count().max(1) as f64 * flat.low_share;
            percentile(&mut pooled, percentiles.high)
                .max(span_min)
                .max(peak.min(dark) as f32)
        };
        let bands = bands
            .iter()
            .zip(kept)
            .zip(lows)
            .map(|((band, values), low)| BandStats {
                band: *band,
                low,
                span: if band.is_visible() {
                    visible
                } else {
                    (percentile(values, percentiles.high) - low).max(span_min)
                },
            })
            .collect();
        Self { bands, samples }
    }
}

fn windows(scene: &Scene) -> Vec<Window> {
    let (width, height) = (scene.grid.width, scene.grid.height);
    if u64::from(width) * u64::from(height) <= WHOLE_PX_MAX {
        // Read in slabs, so that the memory stays small.
        return (0..height)
            .step_by(256)
            .map(|y| Window::new(0, y, width, 256.min(height - y)))
            .collect();
    }
    if scene.is_stripped {
        return spread(height, STRIPS).map(|y| Window::new(0, y, width, 1)).collect();
    }
    let side = (
        scene.piece.0.min(WINDOW_SIDE_PX_MAX).min(width),
        scene.piece.1.min(WINDOW_SIDE_PX_MAX).min(height),
    );
    spread(height, TILES_PER_AXIS)
        .flat_map(|y| spread(width, TILES_PER_AXIS).map(move |x| (x, y)))
        .map(|(x, y)| {
            // Aligned to the file's own tiles: each window costs one decoded tile.
            let (x, y) = (x / scene.piece.0 * scene.piece.0, y / scene.piece.1 * scene.piece.1);
            Window::new(x, y, side.0.min(width - x), side.1.min(height - y))
        })
        .collect()
}

/// `count` positions spread evenly over `0..size`.
fn spread(size: u32, count: u32) -> impl Iterator<Item = u32> + Clone {
    let count = count.min(size);
    (0..count).map(move |index| ((u64::from(index) * 2 + 1) * u64::from(size) / (u64::from(count) * 2)) as u32)
}

/// Linear between order statistics, as numpy does it.
pub(crate) fn percentile(values: &mut [f32], percent: f64) -> f32 {
    let Some(last) = values.len().checked_sub(1) else {
        return 0.0;
    };
    let rank = percent / 100.0 * last as f64;
    let index = (rank.floor() as usize).min(last);
    let (_, low, above) = values.select_nth_unstable_by(index, f32::total_cmp);
    let low = *low;
    let next = above.iter().copied().fold(f32::INFINITY, f32::min);
    if next.is_finite() {
        (f64::from(low) + (f64::from(next) - f64::from(low)) * (rank - index as f64)) as f32
    } else {
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_order_statistics() {
        let mut values = [4.0, 1.0, 3.0, 2.0, 5.0];
        assert!((percentile(&mut values, 50.0) - 3.0).abs() < 1e-6);
        assert!((percentile(&mut values, 10.0) - 1.4).abs() < 1e-6);
        assert!((percentile(&mut values, 100.0) - 5.0).abs() < 1e-6);
        assert!(percentile(&mut [], 50.0).abs() < 1e-6);
    }

    #[test]
    fn visible_bands_share_one_span_and_near_infrared_has_its_own() {
        let mut kept = vec![
            (0..101_u8).map(f32::from).collect::<Vec<_>>(),
            (0..101_u8).map(|v| 50.0 + f32::from(v) * 2.0).collect(),
            vec![7.0; 101],
        ];
        let percentiles = Percentiles {
            low: 1.0,
            high: 98.0,
            span_min: 1.0,
            flat: FlatFloor::default(),
        };
        let stats = SceneStats::from_samples(&[Band::Green, Band::Red, Band::Nir], &mut kept, percentiles);
        assert!((stats.of(Band::Red).unwrap().low - 52.0).abs() < 1e-4);
        assert_eq!(stats.of(Band::Green).unwrap().span, stats.of(Band::Red).unwrap().span);
        assert!((stats.of(Band::Nir).unwrap().span - 1.0).abs() < 1e-6);
    }

    #[test]
    fn open_water_with_a_few_bright_ships_is_not_stretched_until_they_are_blots() {
        // Water of 40 to 60, and one pixel in a hundred of 250.
        let scene = || {
            vec![
                (0..10_000_u16)
                    .map(|index| {
                        if index % 100 == 0 {
                            250.0
                        } else {
                            40.0 + f32::from(index % 20)
                        }
                    })
                    .collect::<Vec<_>>(),
            ]
        };
        let flat = FlatFloor {
            peak_percentile: 99.9,
            peak_share: 0.35,
            low_share: 1.8,
        };
        let mut percentiles = Percentiles {
            low: 1.0,
            high: 98.0,
            span_min: 1.0,
            flat: FlatFloor::default(),
        };
        let plain = SceneStats::from_samples(&[Band::Green], &mut scene(), percentiles).bands[0];
        percentiles.flat = flat;
        let floored = SceneStats::from_samples(&[Band::Green], &mut scene(), percentiles).bands[0];
        assert!(
            plain.span < 20.5 && (floored.span - 72.0).abs() < 2.0,
            "{} {}",
            plain.span,
            floored.span
        );
        // The same ships over a scene with land, whose contrast is its own, change nothing.
        let mut land = vec![
            (0..10_000_u16)
                .map(|index| 40.0 + f32::from(index % 200))
                .collect::<Vec<_>>(),
        ];
        let span = SceneStats::from_samples(&[Band::Green], &mut land, percentiles).bands[0].span;
        assert!((span - 194.0).abs() < 2.0, "{span}");
    }
}
