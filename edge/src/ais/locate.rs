//! Where a vessel was at the time of acquisition: between two positions by interpolation, beyond the last by dead reckoning, each
//! with its uncertainty. What is located is the middle of the hull, not the antenna.

use quaywatch_protocol::contract::time::UnixMs;

use super::tracks::{Fix, Track};

/// A position further than this from the acquisition says nothing, milliseconds, for a vessel that moves.
const MOVING_AGE_MAX_MS: i64 = 20 * 60_000;
/// The same for one that lies still.
const STILL_AGE_MAX_MS: i64 = 3 * 3_600_000;
/// Below this a vessel lies still, knots.
const STILL_KN: f64 = 0.7;
/// Standard error of a transmitted position, metres: satellite navigation, antenna, receiver clock.
const FIX_SD_M: f64 = 15.0;
/// Standard error of the middle of a hull whose antenna's place is not known, metres.
const ANTENNA_SD_M: f64 = 40.0;
/// Share of the way made that interpolation errs by.
const INTERPOLATION_SHARE: f64 = 0.08;
/// Share of the way made that dead reckoning errs by.
const RECKONING_SHARE: f64 = 0.25;
/// Metres a moored or anchored vessel may shift in a second's age: swinging round an anchor fills its circle within the hour.
const DRIFT_MPS: f64 = 0.03;
/// Metres per second of a knot.
const KNOT_MPS: f64 = 0.514_444;
/// Metres in one degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// A vessel at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Located {
    /// Longitude and latitude of the hull's middle, degrees.
    pub lonlat: (f64, f64),
    /// Standard error, metres.
    pub sd_m: f64,
}

/// Where the vessel was at an instant; `None` when nothing it said is near enough in time.
#[must_use]
pub fn locate(track: &Track, at: UnixMs) -> Option<Located> {
    let place = track.fixes.partition_point(|fix| fix.at <= at);
    let before = place
        .checked_sub(1)
        .and_then(|before| track.fixes.get(before))
        .filter(|fix| is_fresh(fix, at));
    let after = track.fixes.get(place).filter(|fix| is_fresh(fix, at));
    let (lonlat, sd_m, heading_deg) = match (before, after) {
        (Some(a), Some(b)) => between(a, b, at),
        (Some(fix), None) | (None, Some(fix)) => reckoned(fix, at),
        (None, None) => return None,
    };
    Some(middle_of(track, lonlat, sd_m, heading_deg))
}

fn is_fresh(fix: &Fix, at: UnixMs) -> bool {
    let still = fix.said.speed_kn.is_some_and(|speed| speed < STILL_KN);
    (at.0 - fix.at.0).abs() <= if still { STILL_AGE_MAX_MS } else { MOVING_AGE_MAX_MS }
}

fn between(a: &Fix, b: &Fix, at: UnixMs) -> ((f64, f64), f64, Option<f64>) {
    let span_ms = (b.at.0 - a.at.0).max(1) as f64;
    let share = (at.0 - a.at.0) as f64 / span_ms;
    // Across the date line the short way.
    let dlon = (b.said.lon - a.said.lon + 540.0).rem_euclid(360.0) - 180.0;
    let lon = (a.said.lon + share * dlon + 540.0).rem_euclid(360.0) - 180.0;
    let lat = a.said.lat + share * (b.said.lat - a.said.lat);
    let away_s = (at.0 - a.at.0).min(b.at.0 - at.0) as f64 / 1_000.0;
    let speed_mps = a.said.speed_kn.unwrap_or(0.0).max(b.said.speed_kn.unwrap_or(0.0)) * KNOT_MPS;
    let sd_m = FIX_SD_M.hypot(INTERPOLATION_SHARE * speed_mps * away_s + DRIFT_MPS * away_s.min(3_600.0));
    let near = if share < 0.5 { a } else { b };
    ((lon, lat), sd_m, near.said.heading_deg)
}

fn reckoned(fix: &Fix, at: UnixMs) -> ((f64, f64), f64, Option<f64>) {
    let age_s = (at.0 - fix.at.0) as f64 / 1_000.0;
    let speed_mps = fix.said.speed_kn.unwrap_or(0.0) * KNOT_MPS;
    let (sin, cos) = fix.said.course_deg.unwrap_or(0.0).to_radians().sin_cos();
    let way_m = if fix.said.course_deg.is_some() {
        speed_mps * age_s
    } else {
        0.0
    };
    let lonlat = moved((fix.said.lon, fix.said.lat), way_m * sin, way_m * cos);
    let unknown = if fix.said.course_deg.is_some() {
        RECKONING_SHARE
    } else {
        1.0
    };
    let age_s = age_s.abs();
    let sd_m = FIX_SD_M.hypot(unknown * speed_mps * age_s + DRIFT_MPS * age_s.min(3_600.0));
    (lonlat, sd_m, fix.said.heading_deg)
}

/// From the antenna to the middle of the hull, as far as the vessel said where its antenna is.
fn middle_of(track: &Track, lonlat: (f64, f64), sd_m: f64, heading_deg: Option<f64>) -> Located {
    let said = track
        .particulars
        .as_ref()
        .and_then(|said| Some((said.antenna_m?, said.length_m?, said.beam_m.unwrap_or(0.0))));
    let Some(((bow_m, port_m), length_m, beam_m)) = said else {
        return Located {
            lonlat,
            sd_m: sd_m.hypot(ANTENNA_SD_M),
        };
    };
    let (ahead_m, right_m) = (bow_m - length_m / 2.0, beam_m / 2.0 - port_m);
    match heading_deg {
        Some(heading) => {
            let (sin, cos) = heading.to_radians().sin_cos();
            let (east_m, north_m) = (ahead_m * sin + right_m * cos, ahead_m * cos - right_m * sin);
            Located {
                lonlat: moved(lonlat, east_m, north_m),
                sd_m,
            }
        }
        None => Located {
            lonlat,
            sd_m: sd_m.hypot(ahead_m),
        },
    }
}

fn moved((lon, lat): (f64, f64), east_m: f64, north_m: f64) -> (f64, f64) {
    let cos = lat.to_radians().cos().max(0.01);
    (lon + east_m / (DEGREE_M * cos), lat + north_m / DEGREE_M)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ais::{
        decode::{Heard, Kinematics, Particulars},
        tracks::{Tracks, apart_m},
    };

    fn track(fixes: &[(i64, f64, f64, f64, f64)]) -> Tracks {
        let mut tracks = Tracks::default();
        for &(second, lon, lat, speed, course) in fixes {
            let said = Kinematics {
                mmsi: 1,
                lon,
                lat,
                speed_kn: Some(speed),
                course_deg: Some(course),
                heading_deg: Some(course),
                status: 0,
            };
            tracks.take(UnixMs(second * 1_000), Heard::Position(said));
        }
        tracks
    }

    fn at(tracks: &Tracks, second: i64) -> Option<Located> {
        locate(tracks.iter().next().unwrap().1, UnixMs(second * 1_000))
    }

    #[test]
    fn between_two_positions_lies_the_way_made() {
        let found = at(
            &track(&[(0, 133.0, 42.7, 10.0, 90.0), (120, 133.01, 42.7, 10.0, 90.0)]),
            60,
        )
        .unwrap();
        assert!(
            (found.lonlat.0 - 133.005).abs() < 1e-6 && found.sd_m < 80.0,
            "{found:?}"
        );
    }

    #[test]
    fn dead_reckoning_goes_on_and_grows_unsure() {
        let tracks = track(&[(0, 133.0, 42.7, 10.0, 0.0)]);
        let found = at(&tracks, 300).unwrap();
        let way_m = apart_m((133.0, 42.7), found.lonlat);
        assert!((way_m - 10.0 * KNOT_MPS * 300.0).abs() < 20.0, "{way_m}");
        assert!(found.sd_m > 200.0 && at(&tracks, 30).unwrap().sd_m < 100.0);
        assert_eq!(at(&tracks, 3_600), None);
    }

    #[test]
    fn the_antenna_is_not_the_middle_of_the_hull() {
        let mut tracks = track(&[(0, 133.0, 42.7, 0.0, 90.0)]);
        let said = Particulars {
            mmsi: 1,
            length_m: Some(200.0),
            beam_m: Some(30.0),
            antenna_m: Some((170.0, 15.0)),
            ..Particulars::default()
        };
        tracks.take(UnixMs(0), Heard::Static(said));
        let found = at(&tracks, 0).unwrap();
        let ahead_m = apart_m((133.0, 42.7), found.lonlat);
        assert!((ahead_m - 70.0).abs() < 0.5 && found.lonlat.0 > 133.0, "{found:?}");
    }

    #[test]
    fn across_the_date_line_the_short_way_is_taken() {
        let found = at(
            &track(&[(0, 179.99, 10.0, 10.0, 90.0), (400, -179.99, 10.0, 10.0, 90.0)]),
            200,
        )
        .unwrap();
        assert!(found.lonlat.0.abs() > 179.999, "{found:?}");
    }
}
