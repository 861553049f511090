//! Seeded randomness: one independent stream for each thing that varies.
//!
//! A stream is named by the world's seed and a path of labels (`["weather", "rason"]`), so that adding a vessel to a script
//! does not change the clouds. The generator is ChaCha with 8 rounds: portable, the same bytes on every machine.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One named random stream.
#[derive(Clone, Debug)]
pub struct Chance(ChaCha8Rng);

/// A 64-bit number from a seed and labels: FNV-1a over the labels, finished by the SplitMix64 mixer.
#[must_use]
pub fn seed_of(seed: u64, labels: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for label in labels {
        for byte in label.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    mix(hash)
}

/// SplitMix64's finishing step: every input bit reaches every output bit.
#[must_use]
pub const fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Chance {
    /// The stream of `seed` named by `labels`.
    #[must_use]
    pub fn new(seed: u64, labels: &[&str]) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed_of(seed, labels)))
    }

    /// Uniform in `0..1`.
    pub fn unit(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// Uniform between two bounds.
    pub fn between(&mut self, [low, high]: [f64; 2]) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number between two bounds, both included.
    pub fn whole(&mut self, [low, high]: [u32; 2]) -> u32 {
        if high <= low {
            return low;
        }
        low + (self.unit() * f64::from(high - low + 1)) as u32
    }

    /// True with probability `p`.
    pub fn yes(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Standard normal (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -(1.0 - self.unit()).ln() * mean
    }

    /// Poisson with this mean, by counting exponential gaps; for means up to some hundreds.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let mut count = 0;
        let mut spent = self.exponential(1.0);
        while spent < mean {
            count += 1;
            spent += self.exponential(1.0);
        }
        count
    }

    /// Position of one of the weights, chosen in proportion; `None` when none is positive.
    pub fn weighted(&mut self, weights: &[f64]) -> Option<usize> {
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let mut left = self.unit() * total;
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return Some(index);
            }
        }
        weights.iter().rposition(|weight| *weight > 0.0)
    }

    /// Shuffles in place (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.0.random_range(0..=last));
        }
    }
}

/// Standard normal quantile (Acklam's rational approximation, relative error below 1.2e-9).
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
    ];
    const C: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] = [
        0.007_784_695_709_041_462,
        0.322_467_129_070_039_8,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
    ];
    let p = p.clamp(1e-12, 1.0 - 1e-12);
    let horner = |factors: &[f64], x: f64| factors.iter().fold(0.0, |sum, factor| sum * x + factor);
    let tail = |q: f64| horner(&C, q) / (horner(&D, q) * q + 1.0);
    if p < 0.02425 {
        tail((-2.0 * p.ln()).sqrt())
    } else if p > 1.0 - 0.02425 {
        -tail((-2.0 * (1.0 - p).ln()).sqrt())
    } else {
        let q = p - 0.5;
        let r = q * q;
        horner(&A, r) * q / (horner(&B, r) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_seed_and_labels() {
        let first = |seed, labels: &[&str]| Chance::new(seed, labels).unit();
        assert_eq!(first(1, &["a", "b"]).to_bits(), first(1, &["a", "b"]).to_bits());
        assert_ne!(first(1, &["a", "b"]).to_bits(), first(1, &["ab"]).to_bits());
        assert_ne!(first(1, &["a"]).to_bits(), first(2, &["a"]).to_bits());
    }

    #[test]
    fn draws_have_the_moments_they_claim() {
        let mut chance = Chance::new(7, &["moments"]);
        let draws: Vec<f64> = (0..20_000).map(|_| chance.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        let counted = (0..5_000).map(|_| f64::from(chance.poisson(3.0))).sum::<f64>() / 5_000.0;
        assert!((counted - 3.0).abs() < 0.12, "{counted}");
    }

    #[test]
    fn the_normal_quantile_meets_known_values() {
        for (p, z) in [(0.5, 0.0), (0.975, 1.959_964), (0.01, -2.326_348), (0.999, 3.090_232)] {
            assert!((normal_quantile(p) - z).abs() < 1e-5, "{p}");
        }
    }
}
