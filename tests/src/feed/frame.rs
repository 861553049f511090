//! A site's flat frame: metres east and north of a point near it.
//!
//! Scales are those of the WGS 84 ellipsoid at the origin's latitude (radii of curvature in the meridian and the prime
//! vertical). Within 10 km of the origin a length is right to about 0.1 %.

use geo::{Coord, Point};

/// WGS 84 semi-major axis, metres.
const EQUATOR_RADIUS_M: f64 = 6_378_137.0;
/// WGS 84 first eccentricity squared.
const ECCENTRICITY_SQ: f64 = 0.006_694_379_990_14;

/// A flat frame around an origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Origin: longitude and latitude in degrees.
    pub origin: Point<f64>,
    /// Metres in one degree of longitude at the origin.
    pub east_m_per_deg: f64,
    /// Metres in one degree of latitude at the origin.
    pub north_m_per_deg: f64,
}

impl Frame {
    /// The frame around `origin` (longitude, latitude in degrees).
    #[must_use]
    pub fn around(origin: Point<f64>) -> Self {
        let latitude = origin.y().to_radians();
        let flattening = 1.0 - ECCENTRICITY_SQ * latitude.sin().powi(2);
        let prime_vertical_m = EQUATOR_RADIUS_M / flattening.sqrt();
        let meridian_m = prime_vertical_m * (1.0 - ECCENTRICITY_SQ) / flattening;
        Self {
            origin,
            east_m_per_deg: (prime_vertical_m * latitude.cos()).to_radians(),
            north_m_per_deg: meridian_m.to_radians(),
        }
    }

    /// Longitude and latitude (degrees) to metres east (x) and north (y).
    #[must_use]
    pub fn to_m(&self, at: Point<f64>) -> Coord<f64> {
        Coord {
            x: (at.x() - self.origin.x()) * self.east_m_per_deg,
            y: (at.y() - self.origin.y()) * self.north_m_per_deg,
        }
    }

    /// Metres east (x) and north (y) to longitude and latitude in degrees.
    #[must_use]
    pub fn to_lonlat(&self, at: Coord<f64>) -> Point<f64> {
        Point::new(
            self.origin.x() + at.x / self.east_m_per_deg,
            self.origin.y() + at.y / self.north_m_per_deg,
        )
    }
}

/// The unit vector (east, north) of a bearing in degrees clockwise from north.
#[must_use]
pub fn direction(bearing_deg: f64) -> Coord<f64> {
    let (sine, cosine) = bearing_deg.to_radians().sin_cos();
    Coord { x: sine, y: cosine }
}

/// The bearing of a vector, degrees clockwise from north, 0..180 (an axis has no front).
#[must_use]
pub fn axis_deg(vector: Coord<f64>) -> f64 {
    vector.x.atan2(vector.y).to_degrees().rem_euclid(180.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Distance, Geodesic};

    #[test]
    fn a_kilometre_in_the_frame_is_a_geodesic_kilometre() {
        for latitude in [0.0, 38.7, 45.9, -60.0] {
            let frame = Frame::around(Point::new(133.0, latitude));
            for bearing in [0.0, 41.0, 90.0, 200.0] {
                let along = direction(bearing) * 1_000.0;
                let metres = Geodesic.distance(frame.origin, frame.to_lonlat(along));
                assert!((metres - 1_000.0).abs() < 0.2, "{latitude} {bearing} {metres}");
                assert!((frame.to_m(frame.to_lonlat(along)).x - along.x).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn an_axis_has_no_front() {
        assert!((axis_deg(direction(221.0)) - 41.0).abs() < 1e-9);
    }
}
