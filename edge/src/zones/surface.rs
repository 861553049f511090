//! What the ground looks like where nothing stands on it.
//!
//! Ballast, concrete and snow are alike from place to place; cars and containers are not. So the bare ground of a place is the
//! densest cluster of its signatures, whatever the season made of its colour. [`Surface::densest`] finds it by the distance to
//! the k-th neighbour (Loftsgaarden and Quesenberry 1965) from seeds spread over the samples, then trims.

use super::patch::Signature;

/// Share of the samples that the densest cluster holds at least: ground covered further than this is not recognised.
const CLUSTER_SHARE: f64 = 0.15;
/// Samples looked at; more are thinned evenly.
const SAMPLES_MAX: usize = 1_500;
/// Seeds tried.
const SEEDS_MAX: usize = 150;
/// Fewer samples than this say nothing.
const SAMPLES_MIN: usize = 12;
/// Trimming rounds; the cluster settles in three or four.
const TRIM_ROUNDS: usize = 6;
/// Trim at this many standard errors.
const TRIM_SD: f32 = 2.5;
/// Standard deviation of a normal distribution over that of the same cut at [`TRIM_SD`]: trimming makes deviations look smaller.
const TRIM_BIAS: f32 = 1.05;
/// Smallest standard deviation of a band, reflectance: rounding and residual noise of calibrated scenes.
const SD_MIN: f32 = 0.0025;
/// Smallest standard deviation as a share of the value.
const SD_SHARE_MIN: f32 = 0.02;

/// The look of bare ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surface {
    /// Mean of each band.
    pub mean: Signature,
    /// Standard deviation of each band.
    pub sd: Signature,
    /// Share of the samples that belong to it.
    pub share: f64,
}

impl Surface {
    /// The densest cluster of the samples; `None` when there are too few. Each sample has a weight: how much it counts in
    /// the choice of the cluster.
    #[must_use]
    pub fn densest(samples: &[(Signature, f32)]) -> Option<Self> {
        let step = samples.len().div_ceil(SAMPLES_MAX).max(1);
        let thin: Vec<(Signature, f32)> = samples.iter().copied().step_by(step).collect();
        if thin.len() < SAMPLES_MIN {
            return None;
        }
        let scale = scale_of(&thin);
        let wanted: f32 = thin.iter().map(|(_, weight)| weight).sum::<f32>() * CLUSTER_SHARE as f32;
        let mut best: Option<(f32, Signature)> = None;
        for (seed, _) in thin.iter().step_by(thin.len().div_ceil(SEEDS_MAX).max(1)) {
            let radius = radius_of(seed, &thin, &scale, wanted);
            if best.is_none_or(|(least, _)| radius < least) {
                best = Some((radius, *seed));
            }
        }
        let (radius, seed) = best?;
        let core: Vec<Signature> = (thin.iter())
            .filter(|(sample, _)| apart(sample, &seed, &scale) <= radius)
            .map(|(sample, _)| *sample)
            .collect();
        let mut surface = Self::fit(&core, thin.len());
        // The core is the cluster's middle: widen to its whole before trimming down.
        for value in surface.sd.values_mut() {
            *value *= 2.0;
        }
        for _ in 0..TRIM_ROUNDS {
            let members: Vec<Signature> = (thin.iter())
                .filter(|(sample, _)| surface.worst_band(sample) <= TRIM_SD)
                .map(|(sample, _)| *sample)
                .collect();
            if members.len() < SAMPLES_MIN / 2 {
                break;
            }
            surface = Self::fit(&members, thin.len());
        }
        Some(surface)
    }

    /// Distance of a signature from the surface in standard deviations, root mean square over the bands.
    #[must_use]
    pub fn distance(&self, sample: &Signature) -> f32 {
        let sum: f32 = self.deviations(sample).map(|deviation| deviation * deviation).sum();
        (sum / self.mean.values().len().max(1) as f32).sqrt()
    }

    /// Difference of a signature from the surface in standard deviations of each band.
    #[must_use]
    pub fn deviation(&self, sample: &Signature) -> Signature {
        let mut out = *sample;
        for (value, deviation) in out.values_mut().iter_mut().zip(self.deviations(sample)) {
            *value = deviation;
        }
        out
    }

    fn worst_band(&self, sample: &Signature) -> f32 {
        self.deviations(sample).map(f32::abs).fold(0.0, f32::max)
    }

    fn deviations<'a>(&'a self, sample: &'a Signature) -> impl Iterator<Item = f32> + 'a {
        (sample.values().iter())
            .zip(self.mean.values())
            .zip(self.sd.values())
            .map(|((value, mean), sd)| (value - mean) / sd)
    }

    fn fit(members: &[Signature], of: usize) -> Self {
        let bands = members.first().map_or(0, |member| member.values().len());
        let count = members.len().max(1) as f32;
        let mut mean = Signature::zeros(bands);
        for member in members {
            for (sum, value) in mean.values_mut().iter_mut().zip(member.values()) {
                *sum += value / count;
            }
        }
        let mut sd = Signature::zeros(bands);
        for member in members {
            for ((sum, value), mean) in sd.values_mut().iter_mut().zip(member.values()).zip(mean.values()) {
                *sum += (value - mean) * (value - mean) / count;
            }
        }
        for (sd, mean) in sd.values_mut().iter_mut().zip(mean.values()) {
            *sd = (sd.sqrt() * TRIM_BIAS).max(SD_MIN).max(mean.abs() * SD_SHARE_MIN);
        }
        Self {
            mean,
            sd,
            share: members.len() as f64 / of.max(1) as f64,
        }
    }
}

/// Typical size of each band: its mean magnitude.
fn scale_of(samples: &[(Signature, f32)]) -> Signature {
    let bands = samples.first().map_or(0, |(sample, _)| sample.values().len());
    let mut scale = Signature::zeros(bands);
    for (sample, _) in samples {
        for (sum, value) in scale.values_mut().iter_mut().zip(sample.values()) {
            *sum += value.abs() / samples.len() as f32;
        }
    }
    for value in scale.values_mut() {
        *value = value.max(SD_MIN);
    }
    scale
}

fn apart(a: &Signature, b: &Signature, scale: &Signature) -> f32 {
    (a.values().iter())
        .zip(b.values())
        .zip(scale.values())
        .map(|((a, b), scale)| ((a - b) / scale).powi(2))
        .sum::<f32>()
        .sqrt()
}

/// Radius round `seed` that holds samples of the weight `wanted`.
fn radius_of(seed: &Signature, samples: &[(Signature, f32)], scale: &Signature, wanted: f32) -> f32 {
    let mut near: Vec<(f32, f32)> = (samples.iter())
        .map(|(sample, weight)| (apart(seed, sample, scale), *weight))
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut sum = 0.0;
    for (distance, weight) in near {
        sum += weight;
        if sum >= wanted {
            return distance;
        }
    }
    f32::MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Values that repeat without a random source.
    fn wobble(index: usize, size: f32) -> f32 {
        ((index as f32 * 12.9898).sin() * 43_758.547).fract() * size
    }

    proptest! {
        #[test]
        fn bare_ground_is_found_though_most_of_it_is_covered(
            ground in 0.08f32..0.6, covered in 0.1f64..0.75,
        ) {
            let count = 600;
            let samples: Vec<_> = (0..count).map(|i| {
                let is_covered = (i as f64 * 0.618).fract() < covered;
                let base = if is_covered { 0.03 + 0.9 * wobble(i * 7, 1.0).abs() } else { ground };
                (Signature::of(&[base + wobble(i, 0.01), base * 1.1 + wobble(i + 9, 0.01), base * 1.2 + wobble(i + 5, 0.01)]), 1.0)
            }).collect();
            let surface = Surface::densest(&samples).unwrap();
            prop_assert!((surface.mean.values()[0] - ground).abs() < 0.05 + ground * 0.12, "{surface:?} {ground}");
        }
    }

    #[test]
    fn too_few_samples_say_nothing() {
        assert!(Surface::densest(&[(Signature::of(&[0.1]), 1.0); 5]).is_none());
    }

    #[test]
    fn the_ground_itself_is_near_and_paint_is_far() {
        let samples: Vec<_> = (0..200)
            .map(|i| (Signature::of(&[0.2 + wobble(i, 0.02), 0.22 + wobble(i + 3, 0.02)]), 1.0))
            .collect();
        let surface = Surface::densest(&samples).unwrap();
        assert!(surface.distance(&Signature::of(&[0.2, 0.22])) < 2.0);
        assert!(surface.distance(&Signature::of(&[0.5, 0.1])) > 5.0);
    }
}
