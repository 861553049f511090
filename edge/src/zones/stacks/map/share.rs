//! How much of an edge pixel is covered.
//!
//! Blur is linear: an edge pixel of which a third is covered differs from bare ground by a third of what the pixel further in differs by.
//! So each edge pixel counts by its difference as a share of its inner neighbour's, also just beyond the edge, where the blur goes. A row
//! so narrow that no pixel of it is wholly covered would come out too wide by what its inner pixels lack: [`peak`] puts that right. On the
//! side away from the sun an edge pixel is a mixture with shade, not with pavement, and is taken apart as such.

use super::{AROUND, Map};
use crate::zones::patch::Signature;

/// Difference of a stack from shade, standard deviations of the pavement in each band, from which on a mixture of the two can be taken apart.
const SHADE_APART_SD: f32 = 2.0;
/// Share of a shaded pixel beside a stack that is covered, where it cannot be told: marked as shade are those that are covered by less than
/// about two thirds.
const SHADED_EDGE_SHARE: f64 = 0.33;
/// How far an edge blurs, as a standard deviation in pixels: optics, resampling and the pixel's own width.
const BLUR_PX: f64 = 0.6;
/// Most that a pixel beyond the edge may be covered, and least that noise may take from it.
const BEYOND: [f64; 2] = [-0.1, 0.5];

impl Map<'_> {
    /// How much of a pixel where a stack ends in shade is covered: where it lies between the stack's look and that of shade. Open where the two
    /// look alike, or shade alone is nowhere to be seen.
    fn share_in_shade(&self, index: usize, inner: usize) -> Option<f64> {
        let of = |index: usize| self.pavement.deviation(&self.patch.signature(index));
        let shade = self.shade?;
        let (part, whole) = (minus(&of(index), &shade), minus(&of(inner), &shade));
        let apart_min = SHADE_APART_SD * SHADE_APART_SD * whole.values().len() as f32;
        (dot(&whole, &whole) >= apart_min).then(|| part_of(&part, &whole).clamp(0.0, 1.0))
    }

    /// How much of a pixel is covered, and, beyond an edge, of how much the blur of that edge speaks.
    pub(super) fn share(&self, index: usize) -> f64 {
        let covered = self.is_covered(Some(index));
        let (mut dx, mut dy) = (0_i64, 0_i64);
        let (mut away_count, mut shaded_count) = (0, 0);
        for ((x, y), near) in AROUND.iter().zip(self.around(index)) {
            let away = if covered {
                self.is_bare(near)
            } else {
                self.is_covered(near)
            };
            if away {
                away_count += 1;
                shaded_count += u32::from(covered && near.is_some_and(|near| self.is_shaded(near)));
                let sign = if covered { -1 } else { 1 };
                (dx, dy) = (dx + sign * x, dy + sign * y);
            }
        }
        if (dx, dy) == (0, 0) {
            return f64::from(u8::from(covered));
        }
        // The nearest of the eight directions.
        let turn = (dy as f64).atan2(dx as f64);
        let inner = self.near(index, (turn.cos().round() as i64, turn.sin().round() as i64));
        let Some(inner) = inner.filter(|inner| self.is_covered(Some(*inner))) else {
            return f64::from(u8::from(covered));
        };
        if !covered && self.is_shaded(index) {
            return self.share_in_shade(index, inner).unwrap_or(SHADED_EDGE_SHARE);
        }
        let part = part_of(&self.deviation(index), &self.deviation(inner));
        if covered {
            // An edge towards shade is a mixture with shade.
            (self.share_in_shade(index, inner))
                .filter(|_| 2 * shaded_count >= away_count)
                .unwrap_or(part)
                .clamp(0.0, 1.0)
        } else {
            part.clamp(BEYOND[0], BEYOND[1])
        }
    }

    fn deviation(&self, index: usize) -> Signature {
        self.ground(index).deviation(&self.patch.signature(index))
    }
}

/// The share of `whole` that `part` is, along the direction of `whole`.
fn part_of(part: &Signature, whole: &Signature) -> f64 {
    f64::from(dot(part, whole) / dot(whole, whole).max(f32::EPSILON))
}

fn dot(a: &Signature, b: &Signature) -> f32 {
    a.values().iter().zip(b.values()).map(|(a, b)| a * b).sum()
}

fn minus(a: &Signature, b: &Signature) -> Signature {
    let mut difference = *a;
    for (value, other) in difference.values_mut().iter_mut().zip(b.values()) {
        *value -= other;
    }
    difference
}

/// How much of its innermost pixels a row of this width covers, on average over where it lies among the pixels.
pub(super) fn peak(width_px: f64) -> f64 {
    const OFFSETS: [f64; 5] = [0.05, 0.15, 0.25, 0.35, 0.45];
    let half = width_px.max(0.5) / 2.0;
    let share = |offset: f64| normal((half - offset) / BLUR_PX) + normal((half + offset) / BLUR_PX) - 1.0;
    OFFSETS.into_iter().map(share).sum::<f64>() / OFFSETS.len() as f64
}

/// Standard normal distribution function, to 0.02: the logistic approximation.
fn normal(z: f64) -> f64 {
    1.0 / (1.0 + (-1.702 * z).exp())
}
