//! Where the sun stands: the low-accuracy formulas of the Astronomical Almanac (about 0.01 degree between 1950 and 2050).

use geo::Point;
use quaywatch_protocol::contract::time::{DAY_MS, UnixMs};

/// The sun seen from a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sun {
    /// Above the horizon, degrees; negative at night.
    pub elevation_deg: f64,
    /// Clockwise from north, degrees, 0..360.
    pub azimuth_deg: f64,
}

/// 2000-01-01T12:00:00Z, the epoch of the formulas.
const J2000_MS: i64 = 946_728_000_000;

/// The sun at a time, from a place (longitude, latitude in degrees).
#[must_use]
pub fn sun_at(time: UnixMs, place: Point<f64>) -> Sun {
    let days = (time.0 - J2000_MS) as f64 / DAY_MS as f64;
    let mean_longitude = 280.460 + 0.985_647_4 * days;
    let anomaly = (357.528 + 0.985_600_3 * days).to_radians();
    let longitude = (mean_longitude + 1.915 * anomaly.sin() + 0.020 * (2.0 * anomaly).sin()).to_radians();
    let obliquity = (23.439 - 4e-7 * days).to_radians();
    let right_ascension = (obliquity.cos() * longitude.sin()).atan2(longitude.cos());
    let declination = (obliquity.sin() * longitude.sin()).asin();
    let sidereal_deg = 280.460_618_37 + 360.985_647_366_29 * days;
    let hour_angle = (sidereal_deg + place.x()).to_radians() - right_ascension;
    let latitude = place.y().to_radians();
    let elevation = (latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * hour_angle.cos()).asin();
    let azimuth = (-hour_angle.sin())
        .atan2(declination.tan() * latitude.cos() - latitude.sin() * hour_angle.cos())
        .to_degrees();
    Sun {
        elevation_deg: elevation.to_degrees(),
        azimuth_deg: azimuth.rem_euclid(360.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noon_at_the_equinox_stands_as_high_as_the_latitude_leaves() {
        let sun = sun_at(UnixMs::parse("2024-03-20T12:07:00Z").unwrap(), Point::new(0.0, 45.0));
        assert!((sun.elevation_deg - 45.0).abs() < 0.3, "{sun:?}");
        assert!((sun.azimuth_deg - 180.0).abs() < 1.0, "{sun:?}");
    }

    #[test]
    fn a_morning_in_vladivostok_has_the_sun_in_the_south_east() {
        let sun = sun_at(
            UnixMs::parse("2024-03-13T01:30:00Z").unwrap(),
            Point::new(133.08, 42.75),
        );
        assert!(sun.elevation_deg > 30.0 && sun.elevation_deg < 45.0, "{sun:?}");
        assert!(sun.azimuth_deg > 130.0 && sun.azimuth_deg < 170.0, "{sun:?}");
    }

    #[test]
    fn midnight_is_dark() {
        assert!(sun_at(UnixMs::parse("2024-06-21T00:00:00Z").unwrap(), Point::new(0.0, 40.0)).elevation_deg < -20.0);
    }
}
