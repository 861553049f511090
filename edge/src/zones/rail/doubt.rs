//! What looks like rolling stock and is none: light that leaks from the cars on the next track, and their shadow.

use crate::zones::{
    patch::{Metres, Signature},
    strip::{CAR_WIDTH_M, Station},
    surface::Surface,
};

use super::{
    Track,
    mark::{OCCUPIED_SD, close, fill, runs},
};

/// Height of rolling stock, metres.
const CAR_HEIGHT_M: f64 = 4.2;
/// Shade has at least and at most this share of the light.
const SHADE_RATIO: [f32; 2] = [0.12, 0.9];
/// How much more of the blue than of the infrared shade keeps at most, as a share of the light.
const SHADE_SPREAD: f32 = 0.38;
/// What noise adds to such a share.
const SHADE_NOISE: f32 = 0.05;
/// Share of a stretch that must lie in the shade of the next track's cars for all of it to be no more than that.
const SHADED_RUN_SHARE: f64 = 0.7;
/// How far pixels blur, as a standard deviation in pixels: optics and resampling of the usual products.
const BLUR_PX: f64 = 0.6;

/// Unmarks stations whose difference is what a brighter neighbour leaks into them.
pub(super) fn drop_leaks(tracks: &mut [Track], gsd_m: f64) {
    let blur_m = BLUR_PX * gsd_m;
    let mut dropped: Vec<Vec<usize>> = Vec::with_capacity(tracks.len());
    for (this, track) in tracks.iter().enumerate() {
        let mut leaks = Vec::new();
        for (index, station) in track.stations.iter().enumerate() {
            if !track.occupied.get(index).copied().unwrap_or(false) {
                continue;
            }
            let own = track.differs.get(index).copied().unwrap_or(0.0);
            let leaked = tracks
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != this)
                .any(|(_, other)| {
                    let Some((near, away_m)) = other.nearest(station.at_m) else {
                        return false;
                    };
                    // Share of a car's light that falls on a line `away_m` aside: its edge is half a width nearer.
                    let edge = ((away_m - CAR_WIDTH_M / 2.0).max(0.0)) / (blur_m * std::f64::consts::SQRT_2);
                    let share = (0.6 * (-edge * edge).exp()) as f32;
                    other.occupied.get(near).copied().unwrap_or(false)
                        && other
                            .differs
                            .get(near)
                            .is_some_and(|differs| own < differs * share + OCCUPIED_SD / 2.0)
                });
            if leaked {
                leaks.push(index);
            }
        }
        dropped.push(leaks);
    }
    unmark(tracks, &dropped);
}

/// Unmarks stations that are evenly darker than the bed and lie in the shadow of cars on another track. Tracks are taken from the sun's side
/// on: what stands on the first is no shadow, and what throws a shadow on the next is known by then.
pub(super) fn drop_shadows(tracks: &mut [Track], bed: &Surface, shadow_per_m: Metres) {
    let leeward = |track: &Track| {
        let middle = track
            .stations
            .get(track.stations.len() / 2)
            .map_or([0.0; 2], |station| station.at_m);
        middle[0] * shadow_per_m[0] + middle[1] * shadow_per_m[1]
    };
    let mut order: Vec<usize> = (0..tracks.len()).collect();
    order.sort_by(|a, b| {
        let of = |index: &usize| tracks.get(*index).map_or(0.0, leeward);
        of(a).total_cmp(&of(b))
    });
    for this in order {
        let mut shaded = shaded_stations(tracks, this, bed, shadow_per_m);
        let Some(track) = tracks.get_mut(this) else { continue };
        // A stretch of which most is shade is shade: beside the cars that throw it, their own light mixes in.
        for (start, end) in runs(&track.occupied) {
            let inside = shaded.iter().filter(|index| (start..end).contains(index)).count();
            if inside as f64 >= SHADED_RUN_SHARE * (end - start) as f64 {
                shaded.extend(start..end);
            }
        }
        for index in shaded {
            fill(&mut track.occupied, index, index + 1, false);
        }
        close(track);
    }
}

/// Stations of one track that look like shade and have cars on another track between them and the sun.
fn shaded_stations(tracks: &[Track], this: usize, bed: &Surface, shadow_per_m: Metres) -> Vec<usize> {
    let Some(track) = tracks.get(this) else {
        return Vec::new();
    };
    let others = || {
        tracks
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != this)
            .map(|(_, other)| other)
    };
    let is_cast = |station: &Station| {
        (1..=4).any(|quarter| {
            let height_m = CAR_HEIGHT_M * f64::from(quarter) / 4.0;
            let foot = [
                station.at_m[0] - shadow_per_m[0] * height_m,
                station.at_m[1] - shadow_per_m[1] * height_m,
            ];
            others().any(|other| {
                other.nearest(foot).is_some_and(|(near, away_m)| {
                    away_m <= CAR_WIDTH_M && other.occupied.get(near).copied().unwrap_or(false)
                })
            })
        })
    };
    (track.stations.iter().zip(&track.seen).zip(&track.occupied).enumerate())
        .filter(|(_, ((station, seen), occupied))| {
            **occupied && seen.is_some_and(|seen| is_shade_of(&seen, bed)) && is_cast(station)
        })
        .map(|(index, _)| index)
        .collect()
}

/// True for a signature that is the surface's in less light: what the sky alone lights is darker in every band, in the blue least. Bands are
/// taken from blue to infrared, as patches have them.
#[must_use]
pub fn is_shade_of(seen: &Signature, surface: &Surface) -> bool {
    let ratios: Vec<f32> = (seen.values().iter().zip(surface.mean.values()))
        .map(|(value, mean)| value / mean.max(f32::EPSILON))
        .collect();
    let (least, most) = ratios.iter().fold((f32::MAX, 0.0_f32), |(least, most), ratio| {
        (least.min(*ratio), most.max(*ratio))
    });
    let turns_blue = match ratios.as_slice() {
        [blue, _, _, nir] => *nir <= blue + SHADE_NOISE && most - least <= SHADE_SPREAD,
        _ => most - least <= SHADE_SPREAD / 2.0,
    };
    (SHADE_RATIO[0]..=SHADE_RATIO[1] - SHADE_NOISE).contains(&least) && most <= SHADE_RATIO[1] && turns_blue
}

fn unmark(tracks: &mut [Track], dropped: &[Vec<usize>]) {
    for (track, indices) in tracks.iter_mut().zip(dropped) {
        for index in indices {
            fill(&mut track.occupied, *index, index + 1, false);
        }
        close(track);
    }
}
