//! Where the sun stands, so that shadows are known for what they are.
//!
//! The low-precision formulas of the Astronomical Almanac (section C): about 0.01 degree between 1950 and 2050, and a shadow's
//! direction needs a degree.

use quaywatch_protocol::contract::time::UnixMs;

use super::patch::Metres;

/// 2000-01-01T12:00:00Z, Unix milliseconds.
const J2000_MS: i64 = 946_728_000_000;
/// Milliseconds in a day.
const DAY_MS: f64 = 86_400_000.0;
/// Below this elevation a scene has no shadows to speak of, degrees: everything is one.
const ELEVATION_MIN_DEG: f64 = 3.0;

/// The sun over a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sun {
    /// Height over the horizon, degrees.
    pub elevation_deg: f64,
    /// Direction, degrees clockwise from north.
    pub azimuth_deg: f64,
}

impl Sun {
    /// The sun at an instant over a longitude and latitude in degrees.
    #[must_use]
    pub fn over(lon_deg: f64, lat_deg: f64, at: UnixMs) -> Self {
        let days = (at.0 - J2000_MS) as f64 / DAY_MS;
        let anomaly = (357.528 + 0.985_600_3 * days).to_radians();
        let mean_longitude_deg = 280.460 + 0.985_647_4 * days;
        let ecliptic = (mean_longitude_deg + 1.915 * anomaly.sin() + 0.020 * (2.0 * anomaly).sin()).to_radians();
        let tilt = (23.439 - 0.000_000_4 * days).to_radians();
        let ascension = (tilt.cos() * ecliptic.sin()).atan2(ecliptic.cos());
        let declination = (tilt.sin() * ecliptic.sin()).asin();
        let sidereal_deg = 280.460_618_37 + 360.985_647_366_29 * days;
        let hour = (sidereal_deg + lon_deg).to_radians() - ascension;
        let latitude = lat_deg.to_radians();
        let height = latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * hour.cos();
        let azimuth = (-hour.sin()).atan2(latitude.cos() * declination.tan() - latitude.sin() * hour.cos());
        Self {
            elevation_deg: height.asin().to_degrees(),
            azimuth_deg: azimuth.to_degrees().rem_euclid(360.0),
        }
    }

    /// Where the shadow of a point one metre high falls, east and north of its foot; `None` when the sun is too low.
    #[must_use]
    pub fn shadow_per_m(&self) -> Option<Metres> {
        if self.elevation_deg < ELEVATION_MIN_DEG {
            return None;
        }
        let reach = 1.0 / self.elevation_deg.to_radians().tan();
        let (sin, cos) = self.azimuth_deg.to_radians().sin_cos();
        Some([-sin * reach, -cos * reach])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noon_in_vladivostok_has_the_sun_in_the_south() {
        let sun = Sun::over(133.08, 42.75, UnixMs::parse("2024-03-20T03:14:00Z").unwrap());
        assert!((sun.azimuth_deg - 180.0).abs() < 2.0, "{sun:?}");
        assert!((sun.elevation_deg - 47.2).abs() < 0.5, "{sun:?}");
        let [east, north] = sun.shadow_per_m().unwrap();
        assert!(north > 0.8 && east.abs() < 0.05);
    }

    #[test]
    fn a_night_has_no_shadows() {
        assert!(
            Sun::over(133.08, 42.75, UnixMs::parse("2024-03-20T15:14:00Z").unwrap())
                .shadow_per_m()
                .is_none()
        );
    }
}
