//! The pre-screen: is there anything in a tile worth an inference?
//!
//! Two kinds of tile are skipped. *Land*: hardly a pixel is water (NDWI, green against near infrared, above 0), so there is no place for a vessel.
//! *Empty sea*: everything is water, and no pixel stands out from its neighbourhood, in green or near infrared, by more than some standard deviations. Both rules lean
//! to looking: a tile with a shore is always looked at.

use crate::{scene::Band, tile::Tile};

/// Share of water pixels below which a tile is land: 0.1 % of a 2.6 km tile is 0.7 hectares.
const LAND_WATER_SHARE_MAX: f64 = 0.001;
/// Share of pixels that may fail to be water in an empty sea; the anomaly rule decides about those.
const SEA_WATER_SHARE_MIN: f64 = 0.999;
/// Standard deviations of its cell by which a pixel stands out.
const ANOMALY_SIGMAS: f64 = 5.5;
/// Side of the cells whose own level and noise count, pixels: 0.6 to 1 km, over which glint and haze are even.
const CELL_PX: usize = 128;
/// Side of the blocks of a cell, pixels. A cell's level and noise are medians over its blocks: a hull, or some, in it would pass for noise otherwise, because
/// what fills a thirtieth of a cell lies at most 5.4 of the cell's own deviations from its mean.
const BLOCK_PX: usize = 16;

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
    let mut blocks = Vec::with_capacity((CELL_PX / BLOCK_PX).pow(2));
    let cells = |size: usize| (0..size).step_by(CELL_PX);
    cells(tile.height).any(|top| {
        cells(tile.width).any(|left| {
            blocks.clear();
            let (bottom, right) = ((top + CELL_PX).min(tile.height), (left + CELL_PX).min(tile.width));
            for top in (top..bottom).step_by(BLOCK_PX) {
                blocks.extend(
                    (left..right)
                        .step_by(BLOCK_PX)
                        .filter_map(|left| block(tile, plane, left, top)),
                );
            }
            stands_out(&blocks)
        })
    })
}

/// What the valid pixels of a block are.
#[derive(Clone, Copy)]
struct Block {
    mean: f64,
    variance: f64,
    low: f64,
    high: f64,
}

/// True when a block reaches further from the cell's level than its noise explains: that within its blocks and that between them.
fn stands_out(blocks: &[Block]) -> bool {
    let level = median(blocks.iter().map(|block| block.mean));
    let within = median(blocks.iter().map(|block| block.variance));
    let between = MAD_TO_SIGMA * median(blocks.iter().map(|block| (block.mean - level).abs()));
    let reach = ANOMALY_SIGMAS * (within + between * between).sqrt();
    blocks
        .iter()
        .any(|block| block.high - level > reach || level - block.low > reach)
}

/// Standard deviations in the median absolute deviation of a normal distribution.
const MAD_TO_SIGMA: f64 = 1.4826;

/// The upper one of two; 0 of nothing.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    let middle = values.len() / 2;
    if middle >= values.len() {
        return 0.0;
    }
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// A block's pixels; `None` with fewer than two valid ones. Sums in lanes, so that the compiler can take several samples at a time; deviations from the block's
/// first sample, so that they keep their digits.
fn block(tile: &Tile<'_>, plane: &[f32], left: usize, top: usize) -> Option<Block> {
    let rows = (top..(top + BLOCK_PX).min(tile.height)).filter_map(|y| {
        let range = y * tile.width + left..y * tile.width + (left + BLOCK_PX).min(tile.width);
        Some((plane.get(range.clone())?, tile.valid.get(range)?))
    });
    let zero = rows.clone().find_map(|(samples, valid)| {
        let first = valid.iter().position(|valid| *valid)?;
        samples.get(first).copied()
    })?;
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
        return None;
    }
    let (mean, zero) = (sum / count, f64::from(zero));
    Some(Block {
        mean: zero + mean,
        variance: (squares / count - mean * mean).max(0.0),
        low: zero + f64::from(low),
        high: zero + f64::from(high),
    })
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
        verdict_of(128, green, nir)
    }

    fn verdict_of(side: usize, green: impl Fn(usize, usize) -> f32, nir: impl Fn(usize, usize) -> f32) -> Verdict {
        let plane = |value: &dyn Fn(usize, usize) -> f32, salt: usize| -> Vec<f32> {
            (0..side * side)
                .map(|index| value(index % side, index / side) + noise(index + salt) * 0.1)
                .collect()
        };
        let planes = vec![plane(&green, 0), plane(&nir, 1 << 20)];
        let valid = vec![true; side * side];
        judge(&Tile {
            grid: &Grid::unreferenced(side as u32, side as u32, None),
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
            core_x: (0.0, side as f64),
            core_y: (0.0, side as f64),
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

    #[test]
    fn long_even_hulls_are_looked_at_however_many_lie_there() {
        // 200 by 32 m and more at 8 m: too few pixels to be a shore, too many to stand out of a cell's plain deviation.
        for (hulls, length) in [(1, 25), (1, 50), (2, 40), (4, 12)] {
            let hull = |x: usize, y: usize| {
                let (row, off) = (y.wrapping_sub(270) / 14, y.wrapping_sub(270) % 14);
                let is_hull = (265..265 + length).contains(&x) && y >= 270 && row < hulls && off < 4;
                if is_hull { 800.0 } else { 300.0 }
            };
            assert_eq!(
                verdict_of(512, |_, _| 900.0, hull),
                Verdict::Look,
                "{hulls} of {length} px"
            );
        }
    }

    #[test]
    fn haze_that_thickens_over_a_tile_leaves_an_empty_sea() {
        assert_eq!(
            verdict_of(512, |x, _| 900.0 + x as f32 * 0.2, |x, y| 300.0 + (x + y) as f32 * 0.05),
            Verdict::EmptySea
        );
    }
}
