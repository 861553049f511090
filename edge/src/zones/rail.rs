//! Rolling stock along the tracks of one yard.
//!
//! Each track is straightened ([`super::strip`]); the bare track bed is the densest cluster of what lies along and beside the
//! yard's tracks ([`super::surface`]), and a station is occupied where it differs from the bed (or from the track's own empty
//! reference) by more than the bed's own spread, and by more than half of the strongest difference within a pixel: so that
//! an end lies where the cars end, not where their blur does. Light that leaks from the next track, and the shadow of cars on it, are
//! told from cars by where they come from.
//!
//! What a resolution can give: at 1 m and finer, cars and gaps; at 3 m, occupied metres per track and cars by mean length; at 10 m a
//! pixel spans two or three tracks, and only the yard's total means something: the standard errors say so.

mod doubt;
mod mark;

use quaywatch_protocol::contract::look::CarMix;

pub use doubt::is_shade_of;
use doubt::{drop_leaks, drop_shadows};
use mark::{OCCUPIED_SD, mark, runs};

use super::{
    local::{LocalZone, path_length_m},
    patch::{Metres, Patch, Signature},
    reference::{Reference, Unfit},
    strip::{self, Station},
    sun::Sun,
    surface::Surface,
    visible::Cover,
};

/// Mean length over couplers of four-axle freight cars, metres: tank cars 12.0, gondolas 13.9, box cars 14.7.
const CAR_PITCH_M: f64 = 13.6;
/// Standard deviation of the mean length between trains, metres: the mix is not known.
const CAR_PITCH_SD_M: f64 = 0.9;
/// Gap between coupled cars' bodies, metres: the body ends half of it before the coupler.
const CAR_GAP_M: f64 = 0.9;
/// Where the bed beside a track is looked at, metres from its centre line.
const BESIDE_M: [f64; 4] = [-6.5, -4.5, 4.5, 6.5];
/// Other tracks' rolling stock reaches this far from their centre lines, metres, without blur.
const TRACK_HALF_M: f64 = 2.2;
/// Weight of a sample beside the tracks when the bed is chosen: the bed is where the tracks are.
const BESIDE_WEIGHT: f32 = 0.25;

/// Rolling stock on one track.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackSeen {
    /// Position of the track among the zones given.
    pub zone: usize,
    /// Occupied metres.
    pub occupied_m: f64,
    /// Standard error, metres.
    pub occupied_sd_m: f64,
    /// Metres of the track that were visible.
    pub visible_m: f64,
    /// Metres of the whole track.
    pub length_m: f64,
    /// Estimated cars.
    pub cars: f64,
    /// Standard error.
    pub cars_sd: f64,
    /// Cars by kind, where the resolution allows.
    pub mix: CarMix,
    /// Occupied stretches, metres along the track.
    pub stretches: Vec<(f64, f64)>,
}

struct Track {
    zone: usize,
    length_m: f64,
    step_m: f64,
    stations: Vec<Station>,
    /// What each station looks like; `None` where it was not visible.
    seen: Vec<Option<Signature>>,
    /// Distance from the bed, standard deviations.
    differs: Vec<f32>,
    occupied: Vec<bool>,
}

/// What became of the tracks of one yard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct YardSeen {
    /// Each track that was laid out.
    pub tracks: Vec<TrackSeen>,
    /// The bare bed; `None` when too little was visible to know it.
    pub bed: Option<Surface>,
    /// Tracks (positions among the zones given) that by their references lie in a shadow: nothing is said of them.
    pub dimmed: Vec<usize>,
}

/// Measures the tracks among `zones` (those of one yard, lying in this patch). `reference` gives a track's own empty reference for the bed found.
#[must_use]
pub fn measure<'a>(
    patch: &Patch,
    cover: &[Cover],
    zones: &[(usize, &LocalZone)],
    sun: Option<&Sun>,
    reference: impl Fn(&LocalZone, &Surface) -> Option<&'a Reference>,
) -> YardSeen {
    let (mut tracks, laid): (Vec<Track>, Vec<&LocalZone>) = (zones.iter())
        .filter_map(|(index, zone)| Some((lay(patch, cover, *index, zone)?, *zone)))
        .unzip();
    let Some(bed) = bed_of(patch, cover, &tracks) else {
        return YardSeen {
            tracks: tracks.iter().map(unseen).collect(),
            ..YardSeen::default()
        };
    };
    let mut dimmed = Vec::new();
    let gsd_m = patch.frame().gsd_m();
    for (track, zone) in tracks.iter_mut().zip(laid) {
        let fit = reference(zone, &bed).map(|reference| reference.fit(gsd_m, &bed));
        if matches!(fit, Some(Err(Unfit::Dimmed))) {
            dimmed.push(track.zone);
        }
        let empty = fit.and_then(Result::ok);
        track.differs = (track.stations.iter().zip(&track.seen))
            .map(|(station, seen)| {
                let Some(seen) = seen else { return 0.0 };
                let from_bed = bed.distance(seen);
                // Only what always looks unlike the bed (a crossing, a bridge) is believed of a reference: a dull car that was missed
                // once looks a little unlike it, and must not be learnt as empty.
                empty
                    .and_then(|empty| empty.expected([station.along_m, 0.0], &bed))
                    .filter(|empty| bed.distance(&empty.mean) >= OCCUPIED_SD)
                    .map_or(from_bed, |empty| from_bed.min(empty.distance(seen)))
            })
            .collect();
    }
    mark(&mut tracks, gsd_m);
    drop_leaks(&mut tracks, gsd_m);
    if let Some(shadow) = sun.and_then(Sun::shadow_per_m) {
        drop_shadows(&mut tracks, &bed, shadow);
    }
    YardSeen {
        tracks: tracks.iter().map(|track| count(track, gsd_m)).collect(),
        bed: Some(bed),
        dimmed,
    }
}

fn lay(patch: &Patch, cover: &[Cover], zone: usize, local: &LocalZone) -> Option<Track> {
    let path = local.path()?;
    let length_m = path_length_m(path);
    let step_m = strip::step_m(patch.frame().gsd_m(), length_m);
    let stations = strip::stations(path, step_m);
    let seen = (stations.iter())
        .map(|station| {
            let index = patch.index_at(patch.frame().to_px(station.at_m))?;
            let clear = cover.get(index).is_some_and(|cover| cover.is_clear());
            if clear { strip::core(patch, station) } else { None }
        })
        .collect::<Vec<_>>();
    let seen = smooth(&seen, (patch.frame().gsd_m() / step_m / 2.0).round() as usize);
    Some(Track {
        zone,
        length_m,
        step_m,
        differs: vec![0.0; stations.len()],
        occupied: vec![false; stations.len()],
        stations,
        seen,
    })
}

/// Means over `radius` stations to either side: cars are longer than that, noise is not.
fn smooth(seen: &[Option<Signature>], radius: usize) -> Vec<Option<Signature>> {
    (0..seen.len())
        .map(|index| {
            let mut mean = (*seen.get(index)?)?;
            let near = seen
                .get(index.saturating_sub(radius)..(index + radius + 1).min(seen.len()))
                .unwrap_or_default();
            let count = near.iter().flatten().count().max(1) as f32;
            for (band, value) in mean.values_mut().iter_mut().enumerate() {
                let sum: f32 = near.iter().flatten().filter_map(|near| near.values().get(band)).sum();
                *value = sum / count;
            }
            Some(mean)
        })
        .collect()
}

fn bed_of(patch: &Patch, cover: &[Cover], tracks: &[Track]) -> Option<Surface> {
    let mut samples: Vec<(Signature, f32)> = Vec::new();
    for (index, track) in tracks.iter().enumerate() {
        samples.extend(track.seen.iter().flatten().map(|seen| (*seen, 1.0)));
        for station in track.stations.iter().step_by(3) {
            for offset_m in BESIDE_M {
                let at = station.aside(offset_m);
                let free = tracks.iter().enumerate().all(|(other, track)| {
                    other == index || track.nearest(at).is_none_or(|(_, away_m)| away_m > TRACK_HALF_M)
                });
                let clear = patch
                    .index_at(patch.frame().to_px(at))
                    .is_some_and(|pixel| cover.get(pixel).is_some_and(|cover| cover.is_clear()));
                if free
                    && clear
                    && let Some(sample) = patch.sample(at)
                {
                    samples.push((sample, BESIDE_WEIGHT));
                }
            }
        }
    }
    Surface::densest(&samples)
}

impl Track {
    /// The station nearest to a point, with its distance; `None` when the point is beyond the ends.
    fn nearest(&self, at: Metres) -> Option<(usize, f64)> {
        let mut best: Option<(usize, f64)> = None;
        // A coarse walk, then the steps around its best: tracks bend gently.
        let stride = 16;
        let away = |index: usize| {
            (self.stations.get(index)).map(|station| (station.at_m[0] - at[0]).hypot(station.at_m[1] - at[1]))
        };
        for index in (0..self.stations.len()).step_by(stride) {
            if let Some(away_m) = away(index)
                && best.is_none_or(|(_, least)| away_m < least)
            {
                best = Some((index, away_m));
            }
        }
        let (middle, _) = best?;
        for index in middle.saturating_sub(stride)..(middle + stride).min(self.stations.len()) {
            if let Some(away_m) = away(index)
                && best.is_none_or(|(_, least)| away_m < least)
            {
                best = Some((index, away_m));
            }
        }
        let (index, away_m) = best?;
        let station = self.stations.get(index)?;
        let (east, north) = (at[0] - station.at_m[0], at[1] - station.at_m[1]);
        let ahead_m = (east * station.across[1] - north * station.across[0]).abs();
        (ahead_m <= 2.0 * self.step_m).then_some((index, away_m))
    }

    /// Radius in stations of a distance in metres.
    fn reach(&self, metres: f64) -> usize {
        (metres / self.step_m).round().max(1.0) as usize
    }
}

fn count(track: &Track, gsd_m: f64) -> TrackSeen {
    let runs = runs(&track.occupied);
    let occupied_m: f64 = runs
        .iter()
        .map(|(start, end)| (end - start) as f64 * track.step_m)
        .fold(0.0, |sum, metres| sum + metres);
    // Couplers stick out of the bodies at both ends of a train.
    let over_couplers_m = occupied_m + runs.len() as f64 * CAR_GAP_M;
    let cars = over_couplers_m / CAR_PITCH_M;
    // Each end errs by about 0.4 pixel; what a pixel mixes from next tracks errs in proportion.
    let ends_sd_m = (2.0 * runs.len() as f64).sqrt() * 0.4 * gsd_m;
    let mixing = ((gsd_m / 5.0) - 0.5).clamp(0.02, 0.5);
    let occupied_sd_m = ends_sd_m
        .hypot(mixing * occupied_m)
        .max(if runs.is_empty() { gsd_m } else { 0.0 });
    let cars_sd = (occupied_sd_m / CAR_PITCH_M).hypot(cars * CAR_PITCH_SD_M / CAR_PITCH_M);
    let at = |index: usize| index as f64 * track.step_m;
    TrackSeen {
        zone: track.zone,
        occupied_m,
        occupied_sd_m,
        visible_m: (track.seen.iter().flatten().count() as f64 * track.step_m).min(track.length_m),
        length_m: track.length_m,
        cars,
        cars_sd,
        mix: CarMix::default(),
        stretches: runs.iter().map(|(start, end)| (at(*start), at(*end))).collect(),
    }
}

fn unseen(track: &Track) -> TrackSeen {
    TrackSeen {
        zone: track.zone,
        occupied_m: 0.0,
        occupied_sd_m: 0.0,
        visible_m: 0.0,
        length_m: track.length_m,
        cars: 0.0,
        cars_sd: 0.0,
        mix: CarMix::default(),
        stretches: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
