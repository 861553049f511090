//! Separable triangle-filter resampling (edge/model/FORMAT.md, "Resampling").
//!
//! Output pixel i has its centre at input coordinate `c = (i + 0.5) * ratio - 0.5`, with `ratio` input pixels per output pixel; its value is
//! the mean of the input pixels j weighted by `max(0, 1 - |j - c| / max(1, ratio))` over the j that exist. So an enlargement is bilinear with
//! clamped edges, and a reduction is anti-aliased. Ratios within 0.1 % of one leave the pixels alone.

/// Ratios closer to one than this are one.
const IDENTITY_TOLERANCE: f64 = 1e-3;

/// One axis of a scene at a detector's resolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    /// Input pixels.
    pub size_in: u32,
    /// Output pixels.
    pub size_out: u32,
    /// Input pixels per output pixel; exactly 1 when nothing is resampled.
    pub ratio: f64,
}

impl Axis {
    /// An axis of `size_in` pixels of `gsd_in` metres, seen at `gsd_out` metres.
    pub(crate) fn new(size_in: u32, gsd_in: f64, gsd_out: f64) -> Self {
        let ratio = gsd_out / gsd_in;
        if (ratio - 1.0).abs() <= IDENTITY_TOLERANCE {
            return Self {
                size_in,
                size_out: size_in,
                ratio: 1.0,
            };
        }
        Self {
            size_in,
            size_out: ((f64::from(size_in) / ratio + 0.5).floor() as u32).max(1),
            ratio,
        }
    }

    fn is_identity(&self) -> bool {
        self.size_in == self.size_out && (self.ratio - 1.0).abs() < f64::EPSILON
    }

    fn support(&self) -> f64 {
        self.ratio.max(1.0)
    }

    /// The input pixels that the output pixels `from..to` need: first, and one past the last.
    pub(crate) fn needs(&self, from: u32, to: u32) -> (u32, u32) {
        let to = to.min(self.size_out);
        if self.is_identity() {
            return (from.min(to), to);
        }
        let centre = |index: u32| (f64::from(index) + 0.5) * self.ratio - 0.5;
        let first = (centre(from) - self.support()).floor().max(0.0) as u32;
        let last = (centre(to.saturating_sub(1)) + self.support()).ceil() as u32 + 1;
        (first.min(self.size_in), last.min(self.size_in))
    }

    /// Weights of the output pixels `from..to`.
    pub(crate) fn weights(&self, from: u32, to: u32, weights: &mut Weights) {
        let to = to.min(self.size_out);
        weights.firsts.clear();
        weights.taps.clear();
        weights.stride = 1;
        if self.is_identity() {
            weights.firsts.extend(from..to);
            weights.taps.resize(weights.firsts.len(), 1.0);
            return;
        }
        let support = self.support();
        weights.stride = (2.0 * support).ceil() as usize + 1;
        for index in from..to {
            let centre = (f64::from(index) + 0.5) * self.ratio - 0.5;
            let first = (centre - support).ceil().max(0.0) as u32;
            let weight = |tap: u32| {
                let input = first + tap;
                if input >= self.size_in {
                    return 0.0;
                }
                (1.0 - (f64::from(input) - centre).abs() / support).max(0.0)
            };
            let taps = 0..weights.stride as u32;
            let sum: f64 = taps.clone().map(weight).sum();
            weights.firsts.push(first);
            let share = |tap: u32| (weight(tap) / sum.max(f64::MIN_POSITIVE)) as f32;
            weights.taps.extend(taps.map(share));
        }
    }
}

/// Which input pixels make each output pixel, and how much of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Weights {
    /// First input pixel of each output pixel.
    pub firsts: Vec<u32>,
    /// `stride` weights per output pixel.
    pub taps: Vec<f32>,
    /// Weights per output pixel.
    pub stride: usize,
}

impl Weights {
    /// Applies the weights along a row whose first sample is input pixel `origin`.
    pub(crate) fn along_row(&self, row: &[f32], origin: u32, out: &mut [f32]) {
        let firsts = self
            .firsts
            .iter()
            .map(|first| row.get(first.saturating_sub(origin) as usize..).unwrap_or_default());
        match self.stride {
            1 => {
                let start = self.firsts.first().map_or(0, |first| first.saturating_sub(origin));
                for (slot, value) in out.iter_mut().zip(row.get(start as usize..).unwrap_or_default()) {
                    *slot = *value;
                }
            }
            // An enlargement, as of a 10 m scene: most of what is ever resampled.
            3 => {
                let (taps, _) = self.taps.as_chunks::<3>();
                for ((slot, [a, b, c]), inputs) in out.iter_mut().zip(taps).zip(firsts) {
                    *slot = match inputs {
                        [x, y, z, ..] => a * x + b * y + c * z,
                        [x, y] => a * x + b * y,
                        [x] => a * x,
                        [] => 0.0,
                    };
                }
            }
            stride => {
                for ((slot, taps), inputs) in out.iter_mut().zip(self.taps.chunks_exact(stride)).zip(firsts) {
                    *slot = taps.iter().zip(inputs).map(|(weight, value)| weight * value).sum();
                }
            }
        }
    }

    /// Adds up rows: output row `index` from rows of `width` samples whose first is input row `origin`.
    pub(crate) fn across_rows(&self, index: usize, rows: &[f32], width: usize, origin: u32, out: &mut [f32]) {
        let Some(first) = self.firsts.get(index) else {
            return out.fill(0.0);
        };
        let taps = self
            .taps
            .get(index * self.stride..(index + 1) * self.stride)
            .unwrap_or_default();
        let start = first.saturating_sub(origin) as usize * width;
        let mut parts = taps
            .iter()
            .zip(rows.get(start..).unwrap_or_default().chunks_exact(width.max(1)))
            .filter(|(weight, _)| **weight > 0.0);
        match parts.next() {
            Some((weight, row)) => out.iter_mut().zip(row).for_each(|(slot, value)| *slot = weight * value),
            None => out.fill(0.0),
        }
        for (weight, row) in parts {
            for (slot, value) in out.iter_mut().zip(row) {
                *slot += weight * value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(axis: &Axis, from: u32, to: u32) -> Weights {
        let mut weights = Weights::default();
        axis.weights(from, to, &mut weights);
        weights
    }

    fn resampled(row: &[f32], gsd_in: f64, gsd_out: f64) -> Vec<f32> {
        let axis = Axis::new(row.len() as u32, gsd_in, gsd_out);
        let mut out = vec![0.0; axis.size_out as usize];
        weights(&axis, 0, axis.size_out).along_row(row, 0, &mut out);
        out
    }

    #[test]
    fn a_level_stays_level_at_every_ratio() {
        for gsd_out in [0.7, 0.8, 1.0005, 1.3, 2.666_67, 8.0] {
            assert!(
                resampled(&[5.0; 40], 1.0, gsd_out)
                    .iter()
                    .all(|value| (value - 5.0).abs() < 1e-5),
                "{gsd_out}"
            );
        }
    }

    #[test]
    fn a_part_of_an_axis_is_the_same_as_the_whole() {
        let row: Vec<f32> = (0..200_u8).map(|x| f32::from(x).sin()).collect();
        for gsd_out in [0.8, 2.7] {
            let whole = resampled(&row, 1.0, gsd_out);
            let axis = Axis::new(200, 1.0, gsd_out);
            let (from, to) = (20, 60);
            let (first, last) = axis.needs(from, to);
            let mut part = vec![0.0; 40];
            weights(&axis, from, to).along_row(&row[first as usize..last as usize], first, &mut part);
            assert_eq!(part, whole[20..60]);
        }
    }

    #[test]
    fn rows_and_columns_are_weighted_alike() {
        let column: Vec<f32> = (0..50_u8).map(|x| f32::from(x * 3 % 17)).collect();
        let along = resampled(&column, 1.0, 1.7);
        let axis = Axis::new(50, 1.0, 1.7);
        let weights = weights(&axis, 0, axis.size_out);
        for (index, expected) in along.iter().enumerate() {
            let mut out = [0.0];
            weights.across_rows(index, &column, 1, 0, &mut out);
            assert!((out[0] - expected).abs() < 1e-5);
        }
    }
}
