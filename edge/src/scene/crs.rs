//! Coordinate reference systems: from the code or the keys of a GeoTIFF to longitude and latitude (WGS 84) and back.
//!
//! Datums other than WGS 84 that agree with it to about a metre (ETRS89, NAD83, GDA94, JGD2000, ...) are taken as WGS 84; the rest
//! is refused rather than misplaced.

use std::fmt;

use proj4rs::{Proj, adaptors::transform_xy};

/// A coordinate reference system.
#[derive(Clone)]
pub struct Crs {
    name: String,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    /// Degrees of longitude and latitude.
    Geographic,
    /// Metres (or the unit that the definition names) on a projected plane.
    Projected { here: Box<Proj>, geographic: Box<Proj> },
}

impl fmt::Debug for Crs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Crs({})", self.name)
    }
}

impl PartialEq for Crs {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Crs {
    /// Longitude and latitude in degrees on WGS 84.
    #[must_use]
    pub fn geographic() -> Self {
        Self {
            name: "EPSG:4326".to_owned(),
            kind: Kind::Geographic,
        }
    }

    /// By EPSG code: WGS 84 and its kin, UTM (WGS 84, ETRS89, NAD83, JGD2011), Web Mercator, the polar and European grids.
    ///
    /// # Errors
    /// The code, when it is not known here.
    pub fn from_epsg(code: u32) -> Result<Self, String> {
        let name = format!("EPSG:{code}");
        let definition = match code {
            // WGS 84, ETRS89, NAD83, GDA94, GDA2020, JGD2000, JGD2011, SIRGAS 2000, CGCS2000
            4326 | 4258 | 4269 | 4283 | 7844 | 4612 | 6668 | 4674 | 4490 | 4979 => {
                return Ok(Self {
                    name,
                    kind: Kind::Geographic,
                });
            }
            3857 | 900_913 | 102_100 | 3785 => {
                "+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null"
                    .to_owned()
            }
            3395 => "+proj=merc +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m".to_owned(),
            32601..=32660 => format!("+proj=utm +zone={} +datum=WGS84 +units=m", code - 32600),
            32701..=32760 => format!("+proj=utm +zone={} +south +datum=WGS84 +units=m", code - 32700),
            25828..=25838 => format!("+proj=utm +zone={} +ellps=GRS80 +towgs84=0,0,0 +units=m", code - 25800),
            26901..=26923 => format!("+proj=utm +zone={} +ellps=GRS80 +towgs84=0,0,0 +units=m", code - 26900),
            6688..=6692 => format!(
                "+proj=utm +zone={} +ellps=GRS80 +towgs84=0,0,0 +units=m",
                code - 6688 + 51
            ),
            28348..=28358 => format!(
                "+proj=utm +zone={} +south +ellps=GRS80 +towgs84=0,0,0 +units=m",
                code - 28300
            ),
            3413 => "+proj=stere +lat_0=90 +lat_ts=70 +lon_0=-45 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m".to_owned(),
            3995 => "+proj=stere +lat_0=90 +lat_ts=71 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m".to_owned(),
            3031 => "+proj=stere +lat_0=-90 +lat_ts=-71 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m".to_owned(),
            3035 => "+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80 +towgs84=0,0,0 +units=m"
                .to_owned(),
            _ => return Err(format!("coordinate reference system {name} is not known here")),
        };
        Self::from_proj_string(&name, &definition)
    }

    /// By a proj string, as the keys of a user-defined system describe it.
    ///
    /// # Errors
    /// The definition and what is wrong with it.
    pub fn from_proj_string(name: &str, definition: &str) -> Result<Self, String> {
        let fail = |error: proj4rs::errors::Error| format!("{name} ({definition}) is no projection: {error:?}");
        let here = Proj::from_proj_string(definition).map_err(fail)?;
        if here.is_latlong() {
            return Ok(Self {
                name: name.to_owned(),
                kind: Kind::Geographic,
            });
        }
        let geographic = Proj::from_proj_string("+proj=longlat +datum=WGS84").map_err(fail)?;
        Ok(Self {
            name: name.to_owned(),
            kind: Kind::Projected {
                here: Box::new(here),
                geographic: Box::new(geographic),
            },
        })
    }

    /// Name, like `EPSG:32610`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True when its unit is the degree.
    #[must_use]
    pub const fn is_geographic(&self) -> bool {
        matches!(self.kind, Kind::Geographic)
    }

    /// Longitude and latitude in degrees of a point of this system; `None` where it has none.
    #[must_use]
    pub fn to_lonlat(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let (lon, lat) = match &self.kind {
            Kind::Geographic => (x, y),
            Kind::Projected { here, geographic } => {
                let (lon, lat) = transform_xy(here, geographic, x, y).ok()?;
                (lon.to_degrees(), lat.to_degrees())
            }
        };
        let lon = if lon > 180.0 { lon - 360.0 } else { lon };
        (lon.is_finite() && lat.is_finite() && (-90.0..=90.0).contains(&lat) && (-360.0..=360.0).contains(&lon))
            .then_some((lon, lat))
    }

    /// The point of this system at a longitude and latitude in degrees; `None` where it has none.
    #[must_use]
    pub fn from_lonlat(&self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        let (x, y) = match &self.kind {
            Kind::Geographic => (lon, lat),
            Kind::Projected { here, geographic } => {
                transform_xy(geographic, here, lon.to_radians(), lat.to_radians()).ok()?
            }
        };
        (x.is_finite() && y.is_finite()).then_some((x, y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_utm_point_lands_where_it_should() {
        // Karney's test set style check: the central meridian of zone 10 at the equator is 500 km east.
        let utm = Crs::from_epsg(32610).unwrap();
        let (lon, lat) = utm.to_lonlat(500_000.0, 0.0).unwrap();
        assert!((lon + 123.0).abs() < 1e-9 && lat.abs() < 1e-9, "{lon} {lat}");
        let (lon, lat) = utm.to_lonlat(557_050.0, 4_176_460.0).unwrap();
        assert!(
            (-122.36..-122.34).contains(&lon) && (37.72..37.75).contains(&lat),
            "{lon} {lat}"
        );
    }

    #[test]
    fn every_known_projection_goes_there_and_back() {
        for (code, lon, lat) in [
            (3857, 133.08, 42.75),
            (3395, 133.08, 42.75),
            (32653, 133.08, 42.75),
            (32753, 133.08, -42.75),
            (25832, 9.0, 54.0),
            (26910, -123.4, 37.8),
            (3413, -30.0, 72.0),
            (3031, 20.0, -70.0),
            (3035, 12.0, 50.0),
            (4326, 12.0, 50.0),
        ] {
            let crs = Crs::from_epsg(code).unwrap();
            let (x, y) = crs.from_lonlat(lon, lat).unwrap();
            let (lon_again, lat_again) = crs.to_lonlat(x, y).unwrap();
            assert!(
                (lon - lon_again).abs() < 1e-7 && (lat - lat_again).abs() < 1e-7,
                "EPSG:{code}: {lon_again} {lat_again}"
            );
        }
    }

    #[test]
    fn web_mercator_uses_the_sphere_and_wgs84_latitudes() {
        let crs = Crs::from_epsg(3857).unwrap();
        let (x, y) = crs.from_lonlat(-122.0, 37.0).unwrap();
        assert!(
            (x + 13_580_977.876_779).abs() < 1e-3 && (y - 4_439_106.787_250).abs() < 1e-3,
            "{x} {y}"
        );
    }

    #[test]
    fn an_unknown_code_is_refused_by_name() {
        assert!(Crs::from_epsg(9_999_999).unwrap_err().contains("EPSG:9999999"));
    }
}
