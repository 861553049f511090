//! A small piece of a scene in memory: what the zone tests look at.
//!
//! A patch is planar (`f32`, one plane a band, reflectance 0..1 for optical bands), says which pixels hold data, and knows
//! where it lies: [`Frame`] is an affine map between pixels and *local metres*, east and north of the site's origin. Pixel
//! `(0, 0)` spans `0.0..1.0` in both directions, so its centre is at `(0.5, 0.5)`.

/// A position in local metres: east, north.
pub type Metres = [f64; 2];

/// What a plane holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Blue, about 490 nm.
    Blue,
    /// Green, about 560 nm.
    Green,
    /// Red, about 665 nm.
    Red,
    /// Near infrared, about 840 nm.
    Nir,
    /// Panchromatic, or an optical band of unknown colour.
    Pan,
    /// Radar backscatter, linear amplitude.
    Radar,
}

/// Affine map between pixels of a patch and local metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Local metres of the outer corner of pixel (0, 0).
    pub origin_m: Metres,
    /// Local metres for one pixel to the right.
    pub column_m: Metres,
    /// Local metres for one pixel down.
    pub row_m: Metres,
}

impl Frame {
    /// North-up frame with square pixels of `gsd_m` whose outer upper left corner is at `origin_m`.
    #[must_use]
    pub const fn north_up(origin_m: Metres, gsd_m: f64) -> Self {
        Self {
            origin_m,
            column_m: [gsd_m, 0.0],
            row_m: [0.0, -gsd_m],
        }
    }

    /// Local metres of a pixel position.
    #[must_use]
    pub fn to_local(&self, x_px: f64, y_px: f64) -> Metres {
        [
            self.origin_m[0] + self.column_m[0] * x_px + self.row_m[0] * y_px,
            self.origin_m[1] + self.column_m[1] * x_px + self.row_m[1] * y_px,
        ]
    }

    /// Pixel position of local metres; not finite when the frame is degenerate.
    #[must_use]
    pub fn to_px(&self, at: Metres) -> [f64; 2] {
        let (dx, dy) = (at[0] - self.origin_m[0], at[1] - self.origin_m[1]);
        let determinant = self.signed_pixel_area_m2();
        [
            (dx * self.row_m[1] - dy * self.row_m[0]) / determinant,
            (dy * self.column_m[0] - dx * self.column_m[1]) / determinant,
        ]
    }

    /// Ground covered by one pixel, square metres.
    #[must_use]
    pub fn pixel_area_m2(&self) -> f64 {
        self.signed_pixel_area_m2().abs()
    }

    /// Side of a square of the pixel's area, metres.
    #[must_use]
    pub fn gsd_m(&self) -> f64 {
        self.pixel_area_m2().sqrt()
    }

    /// The same frame for a window whose upper left pixel is `(x_px, y_px)`, each window pixel `step` pixels wide.
    #[must_use]
    pub fn window(&self, x_px: f64, y_px: f64, step: f64) -> Self {
        Self {
            origin_m: self.to_local(x_px, y_px),
            column_m: self.column_m.map(|metres| metres * step),
            row_m: self.row_m.map(|metres| metres * step),
        }
    }

    fn signed_pixel_area_m2(&self) -> f64 {
        self.column_m[0] * self.row_m[1] - self.column_m[1] * self.row_m[0]
    }
}

/// One band.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// What it holds.
    pub role: Role,
    /// `width × height` values, row by row.
    pub values: Vec<f32>,
}

/// A piece of a scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    width: usize,
    height: usize,
    planes: Vec<Plane>,
    valid: Vec<bool>,
    frame: Frame,
}

impl Patch {
    /// A patch, or `None` when a plane or the validity map does not have `width × height` values, or there is no plane.
    #[must_use]
    pub fn new(width: usize, height: usize, planes: Vec<Plane>, valid: Vec<bool>, frame: Frame) -> Option<Self> {
        let pixels = width.checked_mul(height)?;
        let fits = !planes.is_empty() && planes.iter().all(|plane| plane.values.len() == pixels);
        (fits && valid.len() == pixels && frame.pixel_area_m2() > 0.0).then_some(Self {
            width,
            height,
            planes,
            valid,
            frame,
        })
    }

    /// Columns.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Where it lies.
    #[must_use]
    pub const fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The bands.
    #[must_use]
    pub fn planes(&self) -> &[Plane] {
        &self.planes
    }

    /// True for each pixel that holds data.
    #[must_use]
    pub fn valid(&self) -> &[bool] {
        &self.valid
    }

    /// The band with this role.
    #[must_use]
    pub fn plane(&self, role: Role) -> Option<&[f32]> {
        self.planes
            .iter()
            .find(|plane| plane.role == role)
            .map(|plane| plane.values.as_slice())
    }

    /// True when the patch comes from a radar.
    #[must_use]
    pub fn is_radar(&self) -> bool {
        self.planes.iter().all(|plane| plane.role == Role::Radar)
    }

    /// Index of the pixel that holds a pixel position, when it lies inside.
    #[must_use]
    pub fn index_at(&self, px: [f64; 2]) -> Option<usize> {
        let inside = px[0] >= 0.0 && px[1] >= 0.0 && px[0] < self.width as f64 && px[1] < self.height as f64;
        inside.then(|| px[1] as usize * self.width + px[0] as usize)
    }

    /// Values of all bands at a pixel.
    #[must_use]
    pub fn signature(&self, index: usize) -> Signature {
        let mut signature = Signature::default();
        for plane in self.planes.iter().take(BANDS_MAX) {
            signature.push(plane.values.get(index).copied().unwrap_or(0.0));
        }
        signature
    }

    /// Values of all bands at a position, bilinear between pixel centres; `None` outside, or where a pixel lacks data.
    #[must_use]
    pub fn sample(&self, at: Metres) -> Option<Signature> {
        let px = self.frame.to_px(at);
        let (x, y) = (px[0] - 0.5, px[1] - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy) = ((x - left) as f32, (y - top) as f32);
        let mut signature = Signature::zeros(self.planes.len().min(BANDS_MAX));
        for (dx, dy, weight) in [
            (0.0, 0.0, (1.0 - fx) * (1.0 - fy)),
            (1.0, 0.0, fx * (1.0 - fy)),
            (0.0, 1.0, (1.0 - fx) * fy),
            (1.0, 1.0, fx * fy),
        ] {
            if weight <= f32::EPSILON {
                continue;
            }
            let index = self.index_at([left + dx + 0.5, top + dy + 0.5])?;
            if !self.valid.get(index).copied().unwrap_or(false) {
                return None;
            }
            for (value, plane) in signature.values_mut().iter_mut().zip(&self.planes) {
                *value += weight * plane.values.get(index).copied().unwrap_or(0.0);
            }
        }
        Some(signature)
    }
}

/// Bands that a signature holds; scenes with more are read by their first four visible and near infrared ones.
pub const BANDS_MAX: usize = 4;

/// Values of up to [`BANDS_MAX`] bands at one place.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Signature {
    values: [f32; BANDS_MAX],
    bands: u8,
}

impl Signature {
    /// All zero, for `bands` bands.
    #[must_use]
    pub fn zeros(bands: usize) -> Self {
        Self {
            values: [0.0; BANDS_MAX],
            bands: bands.min(BANDS_MAX) as u8,
        }
    }

    /// From values, of which the first [`BANDS_MAX`] count.
    #[must_use]
    pub fn of(values: &[f32]) -> Self {
        let mut signature = Self::default();
        for value in values.iter().take(BANDS_MAX) {
            signature.push(*value);
        }
        signature
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        self.values.get(..usize::from(self.bands)).unwrap_or_default()
    }

    /// The values, to change.
    pub fn values_mut(&mut self) -> &mut [f32] {
        self.values.get_mut(..usize::from(self.bands)).unwrap_or_default()
    }

    /// Mean over the bands.
    #[must_use]
    pub fn mean(&self) -> f32 {
        self.values().iter().sum::<f32>() / f32::from(self.bands.max(1))
    }

    fn push(&mut self, value: f32) {
        if let Some(slot) = self.values.get_mut(usize::from(self.bands)) {
            *slot = value;
            self.bands += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_frame_goes_there_and_back(
            east in -1e4..1e4, north in -1e4..1e4, turn in -3.1f64..3.1, gsd in 0.3f64..30.0, x in -500f64..500.0, y in -500f64..500.0,
        ) {
            let (sin, cos) = turn.sin_cos();
            let frame = Frame { origin_m: [east, north], column_m: [gsd * cos, gsd * sin], row_m: [gsd * sin, -gsd * cos] };
            let back = frame.to_px(frame.to_local(x, y));
            prop_assert!((back[0] - x).abs() < 1e-6 && (back[1] - y).abs() < 1e-6);
            prop_assert!((frame.gsd_m() - gsd).abs() < 1e-9);
        }

        #[test]
        fn a_linear_ramp_is_sampled_exactly(x in 0.5f64..7.5, y in 0.5f64..5.5) {
            let values = (0..48).map(|i| (i % 8) as f32 * 2.0 + (i / 8) as f32 * 3.0).collect();
            let patch = Patch::new(8, 6, vec![Plane { role: Role::Red, values }], vec![true; 48], Frame::north_up([0.0, 0.0], 1.0)).unwrap();
            let found = patch.sample([x, -y]).unwrap().values()[0];
            let expected = (x - 0.5) * 2.0 + (y - 0.5) * 3.0;
            prop_assert!((f64::from(found) - expected).abs() < 1e-3, "{found} {expected}");
        }
    }

    #[test]
    fn a_sample_beside_missing_data_is_missing() {
        let mut valid = vec![true; 9];
        valid[4] = false;
        let plane = Plane {
            role: Role::Red,
            values: vec![1.0; 9],
        };
        let patch = Patch::new(3, 3, vec![plane], valid, Frame::north_up([0.0, 0.0], 1.0)).unwrap();
        assert!(patch.sample([1.0, -1.0]).is_none());
        assert!(patch.sample([0.5, -0.5]).is_some());
        assert!(patch.sample([9.0, -0.5]).is_none());
    }

    #[test]
    fn a_plane_of_the_wrong_size_makes_no_patch() {
        let plane = Plane {
            role: Role::Red,
            values: vec![0.0; 5],
        };
        assert!(Patch::new(3, 2, vec![plane], vec![true; 6], Frame::north_up([0.0, 0.0], 1.0)).is_none());
    }
}
