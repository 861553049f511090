//! Arithmetic that gives the same bits on every machine.
//!
//! The standard library's sine, cosine and exponential come from the platform and differ in the last bit; a rendered scene
//! must not. Everything here is built of addition, multiplication, division and square root, which IEEE 754 rounds alike
//! everywhere, and of integer hashing.

/// A point or a vector in metres: x east, y north, from the site's anchor.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct P {
    /// East, metres.
    pub x: f64,
    /// North, metres.
    pub y: f64,
}

/// Short for [`P`] from its parts.
#[must_use]
pub const fn p(x: f64, y: f64) -> P {
    P { x, y }
}

impl std::ops::Add for P {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        p(self.x + other.x, self.y + other.y)
    }
}

impl std::ops::Sub for P {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        p(self.x - other.x, self.y - other.y)
    }
}

impl std::ops::Mul<f64> for P {
    type Output = Self;
    fn mul(self, by: f64) -> Self {
        p(self.x * by, self.y * by)
    }
}

impl P {
    /// Scalar product.
    #[must_use]
    pub fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y
    }

    /// Signed area of the parallelogram: positive when `other` is to the left.
    #[must_use]
    pub fn cross(self, other: Self) -> f64 {
        self.x * other.y - self.y * other.x
    }

    /// Length, metres.
    #[must_use]
    pub fn norm(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// The vector of length one in this direction; east for the zero vector.
    #[must_use]
    pub fn unit(self) -> Self {
        let norm = self.norm();
        if norm > 0.0 { self * (1.0 / norm) } else { p(1.0, 0.0) }
    }

    /// Turned left by a quarter turn.
    #[must_use]
    pub const fn left(self) -> Self {
        p(-self.y, self.x)
    }
}

/// Unit vector of a compass direction, degrees clockwise from north.
#[must_use]
pub fn compass(deg: f64) -> P {
    p(sin_deg(deg), sin_deg(deg + 90.0))
}

/// Sine of an angle in degrees, to about 1e-15.
#[must_use]
pub fn sin_deg(deg: f64) -> f64 {
    let turn = deg / 360.0;
    let turn = turn - turn.floor();
    // Fold into -90..=90 degrees, where the series converges fast.
    let folded = if turn > 0.75 {
        turn - 1.0
    } else if turn > 0.25 {
        0.5 - turn
    } else {
        turn
    };
    let x = folded * std::f64::consts::TAU;
    let square = x * x;
    let mut term = x;
    let mut sum = x;
    for step in 1..12 {
        let k = f64::from(2 * step);
        term *= -square / (k * (k + 1.0));
        sum += term;
    }
    sum
}

/// e to the power of `x`, for x from about -40 to 0.
#[must_use]
pub fn exp_negative(x: f64) -> f64 {
    let small = x / 1024.0;
    let mut result = 1.0 + small * (1.0 + small * (0.5 + small * (1.0 / 6.0 + small / 24.0)));
    for _ in 0..10 {
        result *= result;
    }
    result
}

/// Smooth step from 0 at `low` to 1 at `high`.
#[must_use]
pub fn smooth(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Blend of two numbers.
#[must_use]
pub fn mix(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}

/// A well mixed hash of a seed and two whole numbers.
#[must_use]
pub fn hash2(seed: u32, x: i32, y: i32) -> u32 {
    let mut h = seed ^ (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77).rotate_left(15);
    h ^= h >> 16;
    h = h.wrapping_mul(0x7feb_352d);
    h ^= h >> 15;
    h = h.wrapping_mul(0x846c_a68b);
    h ^ (h >> 16)
}

/// A seed for a purpose, from the scene's or the site's seed.
#[must_use]
pub fn derive(seed: u64, purpose: &str) -> u32 {
    let mut h = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in purpose.bytes() {
        h = (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    h ^= h >> 29;
    h = h.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (h >> 32) as u32
}

/// A hash as a number from 0 up to 1.
#[must_use]
pub fn unit(hash: u32) -> f32 {
    (hash >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// A stream of random numbers for laying things out.
#[derive(Clone, Debug)]
pub struct Dice {
    seed: u32,
    drawn: i32,
}

impl Dice {
    /// The stream of a seed and a purpose.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self {
            seed: derive(seed, purpose),
            drawn: 0,
        }
    }

    /// A whole random number.
    pub fn raw(&mut self) -> u32 {
        self.drawn = self.drawn.wrapping_add(1);
        hash2(self.seed, self.drawn, 0x51ed)
    }

    /// A number from 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        f64::from(unit(self.raw()))
    }

    /// A number from `low` up to `high`.
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the things, by equal chance; `None` only of an empty list.
    pub fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let index = (self.unit() * things.len() as f64) as usize;
        things.get(index.min(things.len().saturating_sub(1)))
    }
}

fn floor_i32(x: f32) -> i32 {
    let cut = x as i32;
    cut - i32::from((cut as f32) > x)
}

/// Smooth noise with one bump a unit, -1..=1, mean 0.
#[must_use]
pub fn noise(seed: u32, x: f32, y: f32) -> f32 {
    let (column, row) = (floor_i32(x), floor_i32(y));
    let (u, v) = (x - column as f32, y - row as f32);
    let (u, v) = (u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v));
    let corner = |dx: i32, dy: i32| unit(hash2(seed, column.wrapping_add(dx), row.wrapping_add(dy)));
    let low = mix(corner(0, 0), corner(1, 0), u);
    let high = mix(corner(0, 1), corner(1, 1), u);
    2.0 * mix(low, high, v) - 1.0
}

/// Noise of several scales, each half as wide and `gain` times as strong as the one before, turned against it so that no
/// lattice shows; about -1..=1.
#[must_use]
pub fn fbm(seed: u32, x: f32, y: f32, octaves: u32, gain: f32) -> f32 {
    let (mut x, mut y, mut strength, mut sum, mut total) = (x, y, 1.0, 0.0, 0.0);
    for octave in 0..octaves {
        sum += strength * noise(seed.wrapping_add(octave.wrapping_mul(0x9e37_79b9)), x, y);
        total += strength;
        strength *= gain;
        (x, y) = (1.6 * x - 1.2 * y + 17.3, 1.2 * x + 1.6 * y - 9.1);
    }
    sum / total
}

/// A bell-shaped random number of mean 0 and deviation 1 for a place (the sum of four uniform ones).
#[must_use]
pub fn bell(seed: u32, x: i32, y: i32) -> f32 {
    let (one, two) = (hash2(seed, x, y), hash2(seed ^ 0x5bd1_e995, x, y));
    let sum = (one & 0xffff) + (one >> 16) + (two & 0xffff) + (two >> 16);
    (sum as f32 / 65_535.0 - 2.0) * 1.732_050_8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sine_agrees_with_the_library() {
        for deg in -800..800 {
            let deg = f64::from(deg) + 0.37;
            assert!((sin_deg(deg) - deg.to_radians().sin()).abs() < 1e-12, "{deg}");
        }
        for x in 0..300 {
            let x = -f64::from(x) / 10.0;
            assert!((exp_negative(x) - x.exp()).abs() < 1e-9, "{x}");
        }
    }

    #[test]
    fn north_east_south_west() {
        let near = |got: P, x: f64, y: f64| assert!((got - p(x, y)).norm() < 1e-12, "{got:?}");
        near(compass(0.0), 0.0, 1.0);
        near(compass(90.0), 1.0, 0.0);
        near(compass(180.0), 0.0, -1.0);
        near(compass(270.0), -1.0, 0.0);
    }

    #[test]
    fn noise_has_no_bias_and_stays_in_its_range() {
        let values: Vec<f32> = (0..40_000)
            .map(|i| {
                fbm(
                    7,
                    (i % 200) as f32 * 0.37 - 30.0,
                    (i / 200) as f32 * 0.41 - 30.0,
                    4,
                    0.5,
                )
            })
            .collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.05, "{mean}");
        assert!(values.iter().all(|value| value.abs() <= 1.0));
        let bells: Vec<f32> = (0..40_000).map(|i| bell(3, i % 200, i / 200)).collect();
        let variance = bells.iter().map(|b| b * b).sum::<f32>() / bells.len() as f32;
        assert!((variance - 1.0).abs() < 0.03, "{variance}");
    }
}
