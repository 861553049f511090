//! Cloud as a field over the ground: the same function hides zones in a perfect look and whitens pixels in a rendered scene.
//!
//! Four octaves of value noise, standardised, above a threshold chosen so that the share `cover` of a large area is cloud.
//! The shadow is the same field moved along the sun's direction by the clouds' height.

use geo::Coord;

use super::{
    chance::{mix, normal_quantile},
    frame::direction,
    sun::Sun,
};

/// Size of the largest cells, metres: cumulus fields and stratus breaks have scales of kilometres.
const CELL_M: f64 = 2_600.0;
/// Octaves of noise, each half the size and half the strength.
const OCTAVES: u32 = 4;
/// Standard deviation of the octaves' sum around one half (measured over 10^6 points).
const NOISE_SD: f64 = 0.134;
/// Height of the cloud base, metres: sets how far shadows lie from clouds.
const BASE_HEIGHT_M: f64 = 1_200.0;
/// Rise of the standardised noise over which a cloud's edge goes from clear to opaque.
const EDGE_WIDTH: f64 = 0.12;
/// Lowest sun for which shadows are drawn, degrees: below, they would lie more than 10 km away.
const SHADOW_SUN_MIN_DEG: f64 = 7.0;

/// The sky over one scene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sky {
    /// Share of a large area under cloud, 0..=1.
    pub cover: f64,
    /// Haze: 0 none, 1 nothing can be seen.
    pub haze: f64,
    /// Seed of the field.
    pub seed: u64,
    /// Where shadows fall from their clouds, metres east and north.
    pub shadow_offset_m: Coord<f64>,
}

impl Sky {
    /// A sky with its shadow cast by `sun`.
    #[must_use]
    pub fn new(cover: f64, haze: f64, seed: u64, sun: Sun) -> Self {
        let elevation = sun.elevation_deg.max(SHADOW_SUN_MIN_DEG).to_radians();
        Self {
            cover: cover.clamp(0.0, 1.0),
            haze: haze.clamp(0.0, 1.0),
            seed,
            shadow_offset_m: direction(sun.azimuth_deg + 180.0) * (BASE_HEIGHT_M / elevation.tan()),
        }
    }

    /// Opacity of cloud over a point of the site's frame (metres east and north), 0 clear to 1 opaque.
    #[must_use]
    pub fn opacity(&self, at: Coord<f64>) -> f64 {
        if self.cover <= 0.0 {
            return 0.0;
        }
        if self.cover >= 1.0 {
            return 1.0;
        }
        let level = (fractal(at, self.seed) - 0.5) / NOISE_SD;
        ((level - normal_quantile(1.0 - self.cover)) / EDGE_WIDTH + 0.5).clamp(0.0, 1.0)
    }

    /// Darkness of cloud shadow on a point, 0 sunlit to 1.
    #[must_use]
    pub fn shadow(&self, at: Coord<f64>) -> f64 {
        self.opacity(at - self.shadow_offset_m)
    }
}

fn fractal(at: Coord<f64>, seed: u64) -> f64 {
    let (mut sum, mut strength, mut total, mut cell_m) = (0.0, 1.0, 0.0, CELL_M);
    for octave in 0..OCTAVES {
        sum += strength * value_noise(at.x / cell_m, at.y / cell_m, seed ^ mix(u64::from(octave) + 1));
        total += strength;
        strength *= 0.5;
        cell_m *= 0.5;
    }
    sum / total
}

fn value_noise(x: f64, y: f64, seed: u64) -> f64 {
    let (column, row) = (x.floor(), y.floor());
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(x - column), ease(y - row));
    let corner = |dx: i64, dy: i64| {
        let key = (column as i64 + dx) as u64;
        let hash = mix(seed ^ mix(key) ^ mix((row as i64 + dy) as u64).rotate_left(17));
        (hash >> 11) as f64 / (1_u64 << 53) as f64
    };
    let low = corner(0, 0) * (1.0 - u) + corner(1, 0) * u;
    let high = corner(0, 1) * (1.0 - u) + corner(1, 1) * u;
    low * (1.0 - v) + high * v
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sky(cover: f64, seed: u64) -> Sky {
        let sun = Sun {
            elevation_deg: 45.0,
            azimuth_deg: 180.0,
        };
        Sky::new(cover, 0.0, seed, sun)
    }

    #[test]
    fn the_cover_asked_for_is_the_cover_over_many_skies() {
        for cover in [0.1, 0.3, 0.5, 0.8] {
            let mut hidden = 0.0;
            for seed in 0..200 {
                let sky = sky(cover, mix(seed));
                for index in 0..100 {
                    let at = Coord {
                        x: f64::from(index % 10) * 1_931.0,
                        y: f64::from(index / 10) * 2_113.0,
                    };
                    hidden += sky.opacity(at) / 20_000.0;
                }
            }
            assert!((hidden - cover).abs() < 0.04, "asked {cover}, got {hidden}");
        }
    }

    #[test]
    fn a_shadow_lies_away_from_the_sun_by_the_height_of_the_cloud() {
        let sky = sky(0.4, 9);
        let at = Coord { x: 120.0, y: 40.0 };
        let moved = Coord {
            x: at.x,
            y: at.y + BASE_HEIGHT_M,
        };
        assert!((sky.opacity(at) - sky.shadow(moved)).abs() < 1e-9);
    }
}
