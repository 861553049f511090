//! The pre-screen: is there anything in a tile worth an inference?
//!
//! Two kinds of tile are skipped. *Land*: hardly a pixel is water (NDWI, green against near infrared, above 0), so there is no place for a vessel.
//! *Empty sea*: everything is water, and no pixel stands out from its neighbourhood, in green or near infrared, by more than some standard deviations. Both rules lean
//! to looking: a tile with a shore is always looked at.

use crate::{scene::Band, tile::Tile};

/// Share of water pixels below which a tile is land: 0.1 % of a 4 km tile is 1.6 hectares.
const LAND_WATER_SHARE_MAX: f64 = 0.001;
/// Share of pixels that may fail to be water in an empty sea; the anomaly rule decides about those.
const SEA_WATER_SHARE_MIN: f64 = 0.999;
/// Standard deviations of its cell by which a pixel stands out.
const ANOMALY_SIGMAS: f64 = 5.5;
/// Side of the cells whose own mean and deviation count, pixels: 0.5 km at 8 m, over which glint and haze are even.
const CELL_PX: usize = 64;

/// The bands that it looks at.
pub(crate) const BANDS: [Band; 2] = [Band::Green, Band::Nir];

/// What a tile is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Look at it.
    Look,
    /// No water.
    Land,
    /// Water without anything on it.
    EmptySea,
}

/// Judges a tile. Without both green and near infrared there is no water mask, and everything is looked at.
pub(crate) fn judge(tile: &Tile<'_>) -> Verdict {
    let (Some(green), Some(nir)) = (tile.plane(Band::Green), tile.plane(Band::Nir)) else {
        return Verdict::Look;
    };
    let (mut seen, mut water) = (0_u32, 0_u32);
    for ((green, nir), valid) in green.iter().zip(nir).zip(tile.valid) {
        seen += u32::from(*valid);
        water += u32::from(*valid & (green > nir));
    }
    let share = f64::from(water) / f64::from(seen.max(1));
    if share < LAND_WATER_SHARE_MAX {
        return Verdict::Land;
    }
    if share >= SEA_WATER_SHARE_MIN && !has_anomaly(tile, green) && !has_anomaly(tile, nir) {
        return Verdict::EmptySea;
    }
    Verdict::Look
}

/// True when a pixel of the plane stands out of its cell.
fn has_anomaly(tile: &Tile<'_>, plane: &[f32]) -> bool {
    let cells = |size: usize| (0..size).step_by(CELL_PX);
    cells(tile.height).any(|top| cells(tile.width).any(|left| stands_out(tile, plane, left, top)))
}

/// Sums in lanes, so that the compiler can take several samples at a time; deviations from the cell's first sample, so that they keep their digits.
fn stands_out(tile: &Tile<'_>, plane: &[f32], left: usize, top: usize) -> bool {
    let rows = (top..(top + CELL_PX).min(tile.height)).filter_map(|y| {
        let range = y * tile.width + left..y * tile.width + (left + CELL_PX).min(tile.width);
        Some((plane.get(range.clone())?, tile.valid.get(range)?))
    });
    let Some(zero) = rows.clone().find_map(|(samples, valid)| {
        let first = valid.iter().position(|valid| *valid)?;
        samples.get(first).copied()
    }) else {
        return false;
    };
    let mut lanes = [Lane::default(); LANES];
    for (samples, valid) in rows {
        for (samples, valid) in samples.chunks(LANES).zip(valid.chunks(LANES)) {
            for ((lane, sample), valid) in lanes.iter_mut().zip(samples).zip(valid) {
                let value = if *valid { sample - zero } else { 0.0 };
                lane.count += if *valid { 1.0 } else { 0.0 };
                lane.sum += value;
                lane.squares += value * value;
                lane.low = lane.low.min(value);
                lane.high = lane.high.max(value);
            }
        }
    }
    let (mut count, mut sum, mut squares, mut low, mut high) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f32, 0.0_f32);
    for lane in lanes {
        count += f64::from(lane.count);
        sum += f64::from(lane.sum);
        squares += f64::from(lane.squares);
        (low, high) = (low.min(lane.low), high.max(lane.high));
    }
    if count < 2.0 {
        return false;
    }
    let mean = sum / count;
    let reach = ANOMALY_SIGMAS * (squares / count - mean * mean).max(0.0).sqrt();
    f64::from(high) - mean > reach || mean - f64::from(low) > reach
}

/// Samples that are taken at a time.
const LANES: usize = 8;

#[derive(Clone, Copy, Default)]
struct Lane {
    count: f32,
    sum: f32,
    squares: f32,
    low: f32,
    high: f32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        scene::Grid,
        tile::{Placement, SceneStats},
    };

    fn noise(index: usize) -> f32 {
        // Sum of four bytes of a mixed counter: nearly normal, sd about 148.
        let mixed = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (0..4).map(|byte| (mixed >> (8 * byte + 7) & 0xff) as f32).sum()
    }

    fn verdict(green: impl Fn(usize, usize) -> f32, nir: impl Fn(usize, usize) -> f32) -> Verdict {
        let side = 128;
        let plane = |value: &dyn Fn(usize, usize) -> f32, salt: usize| -> Vec<f32> {
            (0..side * side)
                .map(|index| value(index % side, index / side) + noise(index + salt) * 0.1)
                .collect()
        };
        let planes = vec![plane(&green, 0), plane(&nir, 1 << 20)];
        let valid = vec![true; side * side];
        judge(&Tile {
            grid: &Grid::unreferenced(128, 128, None),
            place: Placement {
                x0_px: 0.0,
                y0_px: 0.0,
                step_x_px: 1.0,
                step_y_px: 1.0,
            },
            width: side,
            height: side,
            bands: &[Band::Green, Band::Nir],
            stats: &SceneStats::default(),
            planes: &planes,
            valid: &valid,
            core_x: (0.0, 128.0),
            core_y: (0.0, 128.0),
        })
    }

    #[test]
    fn rough_sea_is_empty_land_is_land_and_a_shore_is_looked_at() {
        assert_eq!(verdict(|_, _| 900.0, |_, _| 300.0), Verdict::EmptySea);
        assert_eq!(verdict(|_, _| 900.0, |_, _| 2_500.0), Verdict::Land);
        assert_eq!(
            verdict(|_, _| 900.0, |x, _| if x < 30 { 300.0 } else { 2_500.0 }),
            Verdict::Look
        );
    }

    #[test]
    fn a_small_boat_on_the_sea_is_looked_at() {
        let boat = |x: usize, y: usize| {
            if (40..42).contains(&x) && y == 70 {
                1_000.0
            } else {
                300.0
            }
        };
        assert_eq!(verdict(|_, _| 900.0, boat), Verdict::Look);
    }
}
