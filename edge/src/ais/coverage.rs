//! Was anybody able to hear a ship here, then?
//!
//! Silence is evidence only where others were heard. Reception at a place and time is proven when at least
//! [`WITNESSES_MIN`] other vessels (or shore stations) within [`WITNESS_REACH_M`] were heard around that time, without a silence longer than a
//! moored ship's reporting interval on either side; or when the place lies in an area that the station's coverage model calls
//! covered and the receiver heard anything at all around that time.

use std::str::FromStr;

use quaywatch_protocol::contract::time::UnixMs;
use serde::{Deserialize, Serialize};

use super::{
    locate::locate,
    tracks::{Tracks, apart_m},
};

/// Other vessels that prove reception.
pub const WITNESSES_MIN: usize = 2;
/// How near a witness must be, metres: a third of a shore receiver's usual reach.
pub const WITNESS_REACH_M: f64 = 15_000.0;
/// How near in time a witness must have been heard before and after, milliseconds: a moored ship sends every three minutes.
pub const WITNESS_SLACK_MS: i64 = 200_000;

/// An area in which the station's operator has measured reception.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageArea {
    /// Longitude of its centre, degrees.
    pub lon: f64,
    /// Latitude of its centre, degrees.
    pub lat: f64,
    /// Radius, metres.
    pub radius_m: f64,
}

impl FromStr for CoverageArea {
    type Err = String;

    /// Reads `longitude,latitude,metres`.
    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
        match numbers.as_slice() {
            [lon, lat, radius_m] if lon.abs() <= 180.0 && lat.abs() <= 90.0 && *radius_m > 0.0 => Ok(Self {
                lon: *lon,
                lat: *lat,
                radius_m: *radius_m,
            }),
            _ => Err(format!(
                "`{text}`: expected longitude, latitude in degrees and a radius in metres, like 133.08,42.75,40000"
            )),
        }
    }
}

/// The station's coverage model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Areas in which reception is known to be good.
    #[serde(default)]
    pub areas: Vec<CoverageArea>,
}

/// True when a ship at `place` (longitude, latitude in degrees) would have been heard at `at`. `except` is not a witness.
#[must_use]
pub fn is_proven(tracks: &Tracks, model: &Coverage, place: (f64, f64), at: UnixMs, except: Option<u32>) -> bool {
    let mut anything = false;
    let mut witnesses = 0;
    for (mmsi, track) in tracks.iter() {
        if Some(mmsi) == except || !track.was_heard(at, WITNESS_SLACK_MS) {
            continue;
        }
        anything = true;
        // A track that jumps is somebody's invention, and proves nothing about where it says it is.
        let is_near = track.jumped_at.is_none()
            && locate(track, at).is_some_and(|found| apart_m(found.lonlat, place) <= WITNESS_REACH_M);
        witnesses += usize::from(is_near);
    }
    for (heard_at, lonlat) in tracks.shore() {
        if (heard_at.0 - at.0).abs() <= WITNESS_SLACK_MS {
            anything = true;
            witnesses += usize::from(apart_m(lonlat, place) <= WITNESS_REACH_M);
        }
    }
    let in_model = || {
        model
            .areas
            .iter()
            .any(|area| apart_m((area.lon, area.lat), place) <= area.radius_m)
    };
    witnesses >= WITNESSES_MIN || (anything && in_model())
}
