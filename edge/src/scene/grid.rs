//! A scene's grid: its size in pixels and where each pixel lies on Earth.
//!
//! Pixel coordinates are continuous: (0, 0) is the outer corner of the first pixel, (0.5, 0.5) its centre, `x` to the right and
//! `y` down. Distances and directions are geodesic on WGS 84, because a pixel of a map projection is not what its file says on
//! the ground: a Web-Mercator pixel of "10 m" at 42 degrees north is 7.4 m.

use geo::{Bearing, Destination, Distance, Geodesic, Point};

use super::{Crs, TiePoints};

/// Size and georeference.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Where the pixels lie.
    pub georef: Georef,
}

/// Where pixels lie.
#[derive(Clone, Debug, PartialEq)]
pub enum Georef {
    /// Nowhere known; the pixel size in metres where a person gave one. "Up" then stands for north.
    None {
        /// Pixel size in metres.
        gsd_m: Option<f64>,
    },
    /// On a plane of a reference system, by an affine transform.
    Affine {
        /// Pixels to the plane.
        transform: Affine,
        /// The plane.
        crs: Crs,
    },
    /// By tie points in longitude and latitude.
    TiePoints(TiePoints),
}

/// `x = x0 + xx * px + xy * py`, `y = y0 + yx * px + yy * py`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// `x` of the outer corner of the first pixel.
    pub x0: f64,
    /// `y` of the outer corner of the first pixel.
    pub y0: f64,
    /// `x` per column.
    pub xx: f64,
    /// `x` per row.
    pub xy: f64,
    /// `y` per column.
    pub yx: f64,
    /// `y` per row.
    pub yy: f64,
}

impl Affine {
    /// North up: corner and pixel size.
    #[must_use]
    pub const fn north_up(x0: f64, y0: f64, width: f64, height: f64) -> Self {
        Self {
            x0,
            y0,
            xx: width,
            xy: 0.0,
            yx: 0.0,
            yy: -height,
        }
    }

    /// The point at a pixel position.
    #[must_use]
    pub fn apply(&self, px: f64, py: f64) -> (f64, f64) {
        (
            self.x0 + self.xx * px + self.xy * py,
            self.y0 + self.yx * px + self.yy * py,
        )
    }

    /// The pixel position of a point; `None` for a transform that squashes the plane.
    #[must_use]
    pub fn invert(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let determinant = self.xx * self.yy - self.xy * self.yx;
        if !determinant.is_finite() || determinant.abs() < f64::MIN_POSITIVE {
            return None;
        }
        let (dx, dy) = (x - self.x0, y - self.y0);
        Some((
            (dx * self.yy - dy * self.xy) / determinant,
            (dy * self.xx - dx * self.yx) / determinant,
        ))
    }
}

/// Distance and direction between two pixel positions, on the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// Distance, metres.
    pub distance_m: f64,
    /// Direction, degrees clockwise from north, 0..360.
    pub bearing_deg: f64,
}

impl Grid {
    /// A grid without georeference.
    #[must_use]
    pub const fn unreferenced(width: u32, height: u32, gsd_m: Option<f64>) -> Self {
        Self {
            width,
            height,
            georef: Georef::None { gsd_m },
        }
    }

    /// True when pixels have a longitude and latitude.
    #[must_use]
    pub const fn is_referenced(&self) -> bool {
        !matches!(self.georef, Georef::None { .. })
    }

    /// The whole scene as a window.
    #[must_use]
    pub const fn window(&self) -> super::Window {
        super::Window::new(0, 0, self.width, self.height)
    }

    /// Longitude and latitude (WGS 84, degrees) of a pixel position; positions outside the scene are extrapolated.
    #[must_use]
    pub fn px_to_lonlat(&self, px: f64, py: f64) -> Option<(f64, f64)> {
        match &self.georef {
            Georef::None { .. } => None,
            Georef::Affine { transform, crs } => {
                let (x, y) = transform.apply(px, py);
                crs.to_lonlat(x, y)
            }
            Georef::TiePoints(ties) => ties.to_lonlat(px, py),
        }
    }

    /// Pixel position of a longitude and latitude (WGS 84, degrees); it may lie outside the scene.
    #[must_use]
    pub fn lonlat_to_px(&self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        match &self.georef {
            Georef::None { .. } => None,
            Georef::Affine { transform, crs } => {
                let (x, y) = crs.from_lonlat(lon, lat)?;
                transform.invert(x, y)
            }
            Georef::TiePoints(ties) => ties.from_lonlat(lon, lat),
        }
    }

    /// Distance and direction from one pixel position to another. Without georeference: by the pixel size, "up" being north.
    #[must_use]
    pub fn leg(&self, from: (f64, f64), to: (f64, f64)) -> Option<Leg> {
        if let Georef::None { gsd_m } = self.georef {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            return Some(Leg {
                distance_m: dx.hypot(dy) * gsd_m?,
                bearing_deg: dx.atan2(-dy).to_degrees().rem_euclid(360.0),
            });
        }
        let from = Point::from(self.px_to_lonlat(from.0, from.1)?);
        let to = Point::from(self.px_to_lonlat(to.0, to.1)?);
        Some(Leg {
            distance_m: Geodesic.distance(from, to),
            bearing_deg: Geodesic.bearing(from, to).rem_euclid(360.0),
        })
    }

    /// Size of the pixel at a position on the ground: metres along its row and along its column.
    #[must_use]
    pub fn gsd_m(&self, px: f64, py: f64) -> Option<(f64, f64)> {
        let across = self.leg((px - 0.5, py), (px + 0.5, py))?.distance_m;
        let down = self.leg((px, py - 0.5), (px, py + 0.5))?.distance_m;
        (across > 0.0 && down > 0.0).then_some((across, down))
    }

    /// Size of the pixel in the middle of the scene, metres along its row and along its column.
    #[must_use]
    pub fn gsd_mid_m(&self) -> Option<(f64, f64)> {
        self.gsd_m(f64::from(self.width) / 2.0, f64::from(self.height) / 2.0)
    }

    /// Pixel position at a distance in metres and a direction in degrees clockwise from north.
    #[must_use]
    pub fn offset(&self, from: (f64, f64), distance_m: f64, bearing_deg: f64) -> Option<(f64, f64)> {
        if let Georef::None { gsd_m } = self.georef {
            let (sin, cos) = bearing_deg.to_radians().sin_cos();
            let step_px = distance_m / gsd_m?;
            return Some((from.0 + sin * step_px, from.1 - cos * step_px));
        }
        let (lon, lat) = self.px_to_lonlat(from.0, from.1)?;
        let end = Geodesic.destination(Point::new(lon, lat), bearing_deg, distance_m);
        self.lonlat_to_px(end.x(), end.y())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(code: u32, lon: f64, lat: f64, size: f64) -> Grid {
        let crs = Crs::from_epsg(code).unwrap();
        let (x, y) = crs.from_lonlat(lon, lat).unwrap();
        let size = if crs.is_geographic() { size / 111_000.0 } else { size };
        Grid {
            width: 200,
            height: 100,
            georef: Georef::Affine {
                transform: Affine::north_up(x, y, size, size),
                crs,
            },
        }
    }

    #[test]
    fn a_web_mercator_pixel_of_ten_metres_is_shorter_on_the_ground() {
        let (across, down) = grid(3857, 133.0, 42.75, 10.0).gsd_mid_m().unwrap();
        let cos = 42.75_f64.to_radians().cos();
        assert!((across / (10.0 * cos) - 1.0).abs() < 0.005, "{across}");
        assert!((down / (10.0 * cos) - 1.0).abs() < 0.006, "{down}");
    }

    #[test]
    fn a_utm_pixel_keeps_its_size_within_the_scale_factor() {
        let (across, down) = grid(32653, 133.0, 42.75, 3.0).gsd_mid_m().unwrap();
        assert!(
            (across - 3.0).abs() < 0.003 && (down - 3.0).abs() < 0.003,
            "{across} {down}"
        );
    }

    #[test]
    fn a_geographic_pixel_is_narrower_than_high() {
        let (across, down) = grid(4326, 133.0, 60.0, 10.0).gsd_mid_m().unwrap();
        assert!((across / down - 0.5).abs() < 0.01, "{across} {down}");
    }

    #[test]
    fn a_rotated_grid_goes_there_and_back() {
        let mut rotated = grid(32653, 133.0, 42.75, 3.0);
        let Georef::Affine { transform, .. } = &mut rotated.georef else {
            unreachable!()
        };
        let (sin, cos) = 0.4_f64.sin_cos();
        (transform.xx, transform.xy, transform.yx, transform.yy) = (3.0 * cos, 3.0 * sin, 3.0 * sin, -3.0 * cos);
        let (lon, lat) = rotated.px_to_lonlat(150.25, 20.5).unwrap();
        let (px, py) = rotated.lonlat_to_px(lon, lat).unwrap();
        assert!((px - 150.25).abs() < 1e-6 && (py - 20.5).abs() < 1e-6);
        let leg = rotated.leg((10.0, 10.0), (10.0, 0.0)).unwrap();
        assert!(
            (leg.distance_m - 30.0).abs() < 0.05 && (leg.bearing_deg - (360.0 - 0.4_f64.to_degrees())).abs() < 2.0,
            "{leg:?}"
        );
    }

    #[test]
    fn an_offset_of_a_leg_ends_where_the_leg_ends() {
        let utm = grid(32653, 133.0, 42.75, 3.0);
        let leg = utm.leg((20.0, 30.0), (120.0, 80.0)).unwrap();
        let (px, py) = utm.offset((20.0, 30.0), leg.distance_m, leg.bearing_deg).unwrap();
        assert!((px - 120.0).abs() < 1e-5 && (py - 80.0).abs() < 1e-5, "{px} {py}");
    }

    #[test]
    fn an_unreferenced_grid_measures_by_the_given_pixel_size() {
        let plain = Grid::unreferenced(10, 10, Some(5.0));
        assert_eq!(plain.px_to_lonlat(1.0, 1.0), None);
        let leg = plain.leg((0.0, 0.0), (3.0, 4.0)).unwrap();
        assert!((leg.distance_m - 25.0).abs() < 1e-9);
        assert!(Grid::unreferenced(10, 10, None).gsd_mid_m().is_none());
    }
}
