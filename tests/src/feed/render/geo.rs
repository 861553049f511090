//! Where a rendered scene lies: UTM, with an anchor near the site so that metres stay small.
//!
//! Everything in the renderer is in metres east and north of the anchor (grid metres, not ground metres: the UTM scale and
//! the convergence of the meridians come in with the projected points, not by approximation). Projected points are rounded
//! to whole millimetres: the projection's trigonometry is the platform's and may differ in its last bit.

use geo::Point;
use proj4rs::{Proj, transform::transform};
use thiserror::Error;

use super::math::{P, p};

/// Step to which the anchor is rounded, metres: pixel edges of every sensor used fall on it (3 m and 10 m).
const ANCHOR_STEP_M: f64 = 30.0;

/// Why a place cannot be projected.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("longitude {lon}, latitude {lat} cannot be put on UTM zone {zone}: {reason}")]
pub struct GeoError {
    lon: f64,
    lat: f64,
    zone: u8,
    reason: String,
}

/// A UTM zone with an anchor.
#[derive(Debug)]
pub struct Ground {
    /// UTM zone, 1..=60.
    pub zone: u8,
    /// True south of the equator.
    pub south: bool,
    /// Easting and northing of the anchor, metres.
    pub anchor_m: P,
    degrees: Proj,
    utm: Proj,
}

impl Ground {
    /// The zone and the anchor for scenes around a place (longitude and latitude in degrees).
    ///
    /// # Errors
    /// When the place is outside what UTM can show.
    pub fn around(place: Point<f64>) -> Result<Self, GeoError> {
        let zone = (((place.x() + 180.0) / 6.0).floor() as i32).clamp(0, 59) as u8 + 1;
        let south = place.y() < 0.0;
        let fault = |reason: String| GeoError {
            lon: place.x(),
            lat: place.y(),
            zone,
            reason,
        };
        if !(-80.0..=84.0).contains(&place.y()) || !(-180.0..=180.0).contains(&place.x()) {
            return Err(fault("expected latitude -80 to 84, longitude -180 to 180".to_owned()));
        }
        let text = format!(
            "+proj=utm +zone={zone} {}+datum=WGS84 +units=m +no_defs",
            if south { "+south " } else { "" }
        );
        let utm = Proj::from_proj_string(&text).map_err(|error| fault(error.to_string()))?;
        let degrees =
            Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs").map_err(|error| fault(error.to_string()))?;
        let mut ground = Self {
            zone,
            south,
            anchor_m: P::default(),
            degrees,
            utm,
        };
        let middle = ground.to_m(place)?;
        let step = |x: f64| (x / ANCHOR_STEP_M).floor() * ANCHOR_STEP_M;
        ground.anchor_m = p(step(middle.x), step(middle.y));
        Ok(ground)
    }

    /// Longitude and latitude (degrees) to metres from the anchor, in whole millimetres.
    ///
    /// # Errors
    /// When the projection refuses the point.
    pub fn to_m(&self, place: Point<f64>) -> Result<P, GeoError> {
        let mut at = (place.x().to_radians(), place.y().to_radians(), 0.0);
        transform(&self.degrees, &self.utm, &mut at).map_err(|error| GeoError {
            lon: place.x(),
            lat: place.y(),
            zone: self.zone,
            reason: error.to_string(),
        })?;
        let millimetres = |x: f64| (x * 1_000.0).round() / 1_000.0;
        Ok(p(
            millimetres(at.0 - self.anchor_m.x),
            millimetres(at.1 - self.anchor_m.y),
        ))
    }

    /// Metres from the anchor to longitude and latitude in degrees.
    ///
    /// # Errors
    /// When the projection refuses the point.
    pub fn to_lonlat(&self, at: P) -> Result<Point<f64>, GeoError> {
        let mut there = (at.x + self.anchor_m.x, at.y + self.anchor_m.y, 0.0);
        transform(&self.utm, &self.degrees, &mut there).map_err(|error| GeoError {
            lon: at.x,
            lat: at.y,
            zone: self.zone,
            reason: error.to_string(),
        })?;
        Ok(Point::new(there.0.to_degrees(), there.1.to_degrees()))
    }

    /// EPSG code of the projected system (WGS 84 / UTM).
    #[must_use]
    pub fn epsg(&self) -> u16 {
        (if self.south { 32_700 } else { 32_600 }) + u16::from(self.zone)
    }
}

/// The pixel grid of a scene on the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// North-western corner of the first pixel, metres from the anchor.
    pub corner: P,
    /// Edge of a pixel, metres.
    pub gsd_m: f64,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Grid {
    /// The smallest grid of whole pixels around the bounds (west, south, east, north in metres from the anchor).
    #[must_use]
    pub fn covering(bounds: [f64; 4], gsd_m: f64) -> Self {
        let (west, south) = ((bounds[0] / gsd_m).floor(), (bounds[1] / gsd_m).floor());
        let (east, north) = ((bounds[2] / gsd_m).ceil(), (bounds[3] / gsd_m).ceil());
        Self {
            corner: p(west * gsd_m, north * gsd_m),
            gsd_m,
            width: (east - west) as usize,
            height: (north - south) as usize,
        }
    }

    /// Column and row of a point, in pixels; pixel i spans i to i + 1.
    #[must_use]
    pub fn to_px(&self, at: P) -> (f64, f64) {
        ((at.x - self.corner.x) / self.gsd_m, (self.corner.y - at.y) / self.gsd_m)
    }

    /// Middle of a pixel, metres from the anchor.
    #[must_use]
    pub fn middle_m(&self, column: usize, row: usize) -> P {
        p(
            self.corner.x + (column as f64 + 0.5) * self.gsd_m,
            self.corner.y - (row as f64 + 0.5) * self.gsd_m,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_comes_back_to_where_it_was() {
        for (lon, lat) in [(133.08, 42.75), (130.29, 42.23), (40.13, 45.87), (-43.2, -22.9)] {
            let ground = Ground::around(Point::new(lon, lat)).unwrap();
            let at = ground.to_m(Point::new(lon + 0.02, lat - 0.01)).unwrap();
            let back = ground.to_lonlat(at).unwrap();
            assert!(
                (back.x() - lon - 0.02).abs() < 2e-8 && (back.y() - lat + 0.01).abs() < 2e-8,
                "{back:?}"
            );
        }
    }

    #[test]
    fn the_zone_and_code_are_the_worlds() {
        assert_eq!(Ground::around(Point::new(133.08, 42.75)).unwrap().epsg(), 32_653);
        assert_eq!(Ground::around(Point::new(-43.2, -22.9)).unwrap().epsg(), 32_723);
        assert!(Ground::around(Point::new(10.0, 88.0)).is_err());
    }

    #[test]
    fn pixels_and_metres_agree() {
        let grid = Grid::covering([-100.0, -50.0, 200.0, 70.0], 3.0);
        let (column, row) = grid.to_px(grid.middle_m(7, 9));
        assert!((column - 7.5).abs() < 1e-9 && (row - 9.5).abs() < 1e-9);
        assert_eq!((grid.width, grid.height), (101, 41));
    }
}
