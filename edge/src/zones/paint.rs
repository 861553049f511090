//! Paints small patches with known truth, for the tests of this stage.

use super::{
    local::{LocalShape, LocalZone},
    patch::{Frame, Metres, Patch, Plane, Role},
};
use quaywatch_protocol::contract::site::ZoneKind;

/// Blue, green, red, near infrared.
pub type Colour = [f32; 4];

pub const BALLAST: Colour = [0.088, 0.099, 0.110, 0.140];
pub const CONCRETE: Colour = [0.130, 0.158, 0.178, 0.212];
pub const GRASS: Colour = [0.036, 0.066, 0.050, 0.300];
pub const SNOW: Colour = [0.700, 0.710, 0.700, 0.640];
pub const CLOUD: Colour = [0.640, 0.650, 0.640, 0.620];
pub const RUST: Colour = [0.060, 0.068, 0.140, 0.175];
pub const WHITE: Colour = [0.390, 0.420, 0.430, 0.430];
pub const BLUE: Colour = [0.160, 0.110, 0.062, 0.130];

/// Fine cells along a pixel's side.
const FINE: usize = 4;

/// A canvas in metres: `width × height`, its south-west corner at the origin.
pub struct Canvas {
    gsd_m: f64,
    columns: usize,
    rows: usize,
    cells: Vec<Colour>,
    pub sigma_px: f64,
    pub noise: f32,
}

impl Canvas {
    pub fn new(width_m: f64, height_m: f64, gsd_m: f64, ground: Colour) -> Self {
        let (columns, rows) = (
            (width_m / gsd_m).round() as usize * FINE,
            (height_m / gsd_m).round() as usize * FINE,
        );
        Self {
            gsd_m,
            columns,
            rows,
            cells: vec![ground; columns * rows],
            sigma_px: 0.5,
            noise: 0.01,
        }
    }

    /// Paints where `colour` gives one.
    pub fn paint(&mut self, colour: impl Fn(Metres, Colour) -> Option<Colour>) {
        let fine_m = self.gsd_m / FINE as f64;
        for row in 0..self.rows {
            for column in 0..self.columns {
                let at = [
                    (column as f64 + 0.5) * fine_m,
                    (self.rows as f64 - row as f64 - 0.5) * fine_m,
                ];
                let cell = &mut self.cells[row * self.columns + column];
                if let Some(new) = colour(at, *cell) {
                    *cell = new;
                }
            }
        }
    }

    /// An oriented rectangle by its middle, bearing, length and width.
    pub fn bar(&mut self, middle: Metres, bearing_deg: f64, length_m: f64, width_m: f64, colour: Colour) {
        let (sin, cos) = bearing_deg.to_radians().sin_cos();
        self.paint(|at, _| {
            let (east, north) = (at[0] - middle[0], at[1] - middle[1]);
            let (along, across) = (east * sin + north * cos, east * cos - north * sin);
            (along.abs() <= length_m / 2.0 && across.abs() <= width_m / 2.0).then_some(colour)
        });
    }

    /// Pixels: the cells' means, blurred, with noise that repeats.
    pub fn expose(&self, seed: usize) -> Patch {
        let (width, height) = (self.columns / FINE, self.rows / FINE);
        let sigma = self.sigma_px * FINE as f64;
        let reach = (3.0 * sigma).ceil() as i64 + FINE as i64;
        let weight = |cells: f64| (-(cells / sigma).powi(2) / 2.0).exp();
        let kernel: Vec<f32> = (-reach..=reach)
            .map(|offset| {
                (0..FINE)
                    .map(|cell| weight(offset as f64 - (cell as f64 - (FINE as f64 - 1.0) / 2.0)))
                    .sum::<f64>() as f32
            })
            .collect();
        let total: f32 = kernel.iter().sum();
        let blur = |get: &dyn Fn(i64) -> Colour, centre: i64| {
            let mut sum = [0.0_f32; 4];
            for (offset, weight) in (-reach..=reach).zip(&kernel) {
                let value = get(centre + offset);
                for band in 0..4 {
                    sum[band] += value[band] * weight / total;
                }
            }
            sum
        };
        let clamp = |value: i64, most: usize| value.clamp(0, most as i64 - 1) as usize;
        let mut across = vec![[0.0_f32; 4]; width * self.rows];
        for row in 0..self.rows {
            for x in 0..width {
                let centre = (x * FINE + FINE / 2) as i64;
                across[row * width + x] = blur(
                    &|column| self.cells[row * self.columns + clamp(column, self.columns)],
                    centre,
                );
            }
        }
        let mut planes = vec![vec![0.0_f32; width * height]; 4];
        for y in 0..height {
            for x in 0..width {
                let centre = (y * FINE + FINE / 2) as i64;
                let value = blur(&|row| across[clamp(row, self.rows) * width + x], centre);
                for (band, plane) in planes.iter_mut().enumerate() {
                    let grain = noise(seed * 31 + (y * width + x) * 4 + band) * self.noise;
                    plane[y * width + x] =
                        value[band] * (1.0 + grain) + noise(seed * 7 + y * width + x + band * 977) * 0.002;
                }
            }
        }
        let roles = [Role::Blue, Role::Green, Role::Red, Role::Nir];
        let planes = roles
            .into_iter()
            .zip(planes)
            .map(|(role, values)| Plane { role, values })
            .collect();
        let frame = Frame::north_up([0.0, height as f64 * self.gsd_m], self.gsd_m);
        Patch::new(width, height, planes, vec![true; width * height], frame).unwrap()
    }
}

/// About normal, from a hash: the same everywhere.
pub fn noise(seed: usize) -> f32 {
    let unit = |salt: u64| {
        let mut x = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt;
        x ^= x >> 30;
        x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^= x >> 27;
        x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 40) as f32 / (1 << 24) as f32
    };
    (unit(1) + unit(2) + unit(3) + unit(4) - 2.0) * 1.732
}

pub fn track(id: &str, from: Metres, to: Metres) -> LocalZone {
    LocalZone {
        id: "yard".to_owned(),
        kind: ZoneKind::RailTrack,
        track: id.to_owned(),
        shape: LocalShape::Track(vec![from, to]),
        bearing_deg: None,
    }
}

pub fn area(id: &str, kind: ZoneKind, west: f64, south: f64, east: f64, north: f64) -> LocalZone {
    LocalZone {
        id: id.to_owned(),
        kind,
        track: String::new(),
        shape: LocalShape::Area(geo::Rect::new((west, south), (east, north)).to_polygon()),
        bearing_deg: None,
    }
}
