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

use quaywatch_protocol::contract::look::CarMix;

use super::{
    local::{LocalZone, path_length_m},
    patch::{Metres, Patch, Signature},
    reference::Reference,
    strip::{self, CAR_WIDTH_M, Station},
    sun::Sun,
    surface::Surface,
    visible::Cover,
};

/// A station this many standard deviations from the bed may be occupied.
const OCCUPIED_SD: f32 = 3.2;
/// Share of the strongest difference near by at which an end lies.
const HALF: f32 = 0.5;
/// Gaps up to this are couplings and blur, metres.
const COUPLING_MAX_M: f64 = 5.0;
/// Shortest stretch that can be rolling stock, metres: the shortest freight cars have 12 m over couplers.
const STOCK_MIN_M: f64 = 8.0;
/// Shortest stretch believed beside what is hidden, metres: three cars.
const VEILED_MIN_M: f64 = 40.0;
/// Mean length over couplers of four-axle freight cars, metres: tank cars 12.0, gondolas 13.9, box cars 14.7.
const CAR_PITCH_M: f64 = 13.6;
/// Standard deviation of the mean length between trains, metres: the mix is not known.
const CAR_PITCH_SD_M: f64 = 0.9;
/// Gap between coupled cars' bodies, metres: the body ends half of it before the coupler.
const CAR_GAP_M: f64 = 0.9;
/// Height of rolling stock, metres.
const CAR_HEIGHT_M: f64 = 4.2;
/// Where the bed beside a track is looked at, metres from its centre line.
const BESIDE_M: [f64; 4] = [-6.5, -4.5, 4.5, 6.5];
/// Other tracks' rolling stock reaches this far from their centre lines, metres, without blur.
const TRACK_HALF_M: f64 = 2.2;
/// Weight of a sample beside the tracks when the bed is chosen: the bed is where the tracks are.
const BESIDE_WEIGHT: f32 = 0.25;
/// How far pixels blur, as a standard deviation in pixels: optics and resampling of the usual products.
const BLUR_PX: f64 = 0.6;

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

/// Measures the tracks among `zones` (those of one yard, lying in this patch), and gives the bare bed it found. `reference` gives a track's own empty reference.
#[must_use]
pub fn measure<'a>(
    patch: &Patch,
    cover: &[Cover],
    zones: &[(usize, &LocalZone)],
    sun: Option<&Sun>,
    reference: impl Fn(&LocalZone) -> Option<&'a Reference>,
) -> (Vec<TrackSeen>, Option<Surface>) {
    let (mut tracks, laid): (Vec<Track>, Vec<&LocalZone>) = (zones.iter())
        .filter_map(|(index, zone)| Some((lay(patch, cover, *index, zone)?, *zone)))
        .unzip();
    let Some(bed) = bed_of(patch, cover, &tracks) else {
        return (tracks.iter().map(unseen).collect(), None);
    };
    let gsd_m = patch.frame().gsd_m();
    for (track, zone) in tracks.iter_mut().zip(laid) {
        let empty = reference(zone).and_then(|reference| reference.fit(gsd_m, &bed).ok());
        track.differs = (track.stations.iter().zip(&track.seen))
            .map(|(station, seen)| {
                let Some(seen) = seen else { return 0.0 };
                let from_bed = bed.distance(seen);
                empty
                    .and_then(|empty| empty.distance([station.along_m, 0.0], seen, &bed))
                    .map_or(from_bed, |from_empty| from_bed.min(from_empty))
            })
            .collect();
    }
    mark(&mut tracks, gsd_m);
    drop_leaks(&mut tracks, gsd_m);
    if let Some(shadow) = sun.and_then(Sun::shadow_per_m) {
        drop_shadows(&mut tracks, &bed, shadow);
    }
    (tracks.iter().map(|track| count(track, gsd_m)).collect(), Some(bed))
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

/// Marks stations that differ enough, ends each run where the cars end, and closes couplings.
fn mark(tracks: &mut [Track], gsd_m: f64) {
    for track in tracks {
        track.occupied = track.differs.iter().map(|differs| *differs >= OCCUPIED_SD).collect();
        let reach = track.reach(1.5 * gsd_m);
        for (start, end) in runs(&track.occupied) {
            // Blur carries an end outward by up to a pixel: it lies where half of the difference is reached.
            let inward = reach.min((end - start) / 2);
            let blurred = |index: usize, from: usize, to: usize| {
                let near = track.differs.get(from..to).unwrap_or_default();
                let peak = near.iter().copied().fold(0.0, f32::max);
                track.differs.get(index).is_some_and(|differs| *differs < HALF * peak)
            };
            let head = (start..start + inward)
                .take_while(|index| blurred(*index, start, start + inward))
                .count();
            let tail = (end - inward..end)
                .rev()
                .take_while(|index| blurred(*index, end - inward, end))
                .count();
            fill(&mut track.occupied, start, start + head, false);
            fill(&mut track.occupied, end - tail, end, false);
        }
        close(track);
    }
}

/// Closes gaps that are couplings, and drops what is too short to be rolling stock.
fn close(track: &mut Track) {
    let runs = runs(&track.occupied);
    for pair in runs.windows(2) {
        let [(_, end), (start, _)] = pair else { continue };
        let all_seen = track
            .seen
            .get(*end..*start)
            .is_some_and(|gap| gap.iter().all(Option::is_some));
        if all_seen && (start - end) as f64 * track.step_m <= COUPLING_MAX_M {
            fill(&mut track.occupied, *end, *start, true);
        }
    }
    let runs = self::runs(&track.occupied);
    for (start, end) in runs {
        // Beside what is hidden, thin cloud and its shade look like something: a short stretch there is not believed.
        let hidden = |index: Option<usize>| {
            index
                .and_then(|index| track.seen.get(index))
                .is_some_and(Option::is_none)
        };
        let beside_hidden = hidden(start.checked_sub(1)) || hidden(Some(end));
        if beside_hidden && ((end - start) as f64) * track.step_m < VEILED_MIN_M {
            fill(&mut track.occupied, start, end, false);
        }
        if ((end - start) as f64) * track.step_m < STOCK_MIN_M {
            fill(&mut track.occupied, start, end, false);
        }
    }
}

fn fill(marks: &mut [bool], start: usize, end: usize, to: bool) {
    if let Some(part) = marks.get_mut(start..end) {
        part.fill(to);
    }
}

/// Half-open runs of true.
fn runs(marks: &[bool]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for (index, marked) in marks.iter().chain([&false]).enumerate() {
        match (marked, start) {
            (true, None) => start = Some(index),
            (false, Some(from)) => {
                found.push((from, index));
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// Unmarks stations whose difference is what a brighter neighbour leaks into them.
fn drop_leaks(tracks: &mut [Track], gsd_m: f64) {
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

/// Unmarks stations that are evenly darker than the bed and lie in the shadow of cars on another track.
fn drop_shadows(tracks: &mut [Track], bed: &Surface, shadow_per_m: Metres) {
    let mut dropped: Vec<Vec<usize>> = Vec::with_capacity(tracks.len());
    for (this, track) in tracks.iter().enumerate() {
        let mut shaded = Vec::new();
        for (index, station) in track.stations.iter().enumerate() {
            let occupied = track.occupied.get(index).copied().unwrap_or(false);
            let Some(Some(seen)) = track.seen.get(index).filter(|_| occupied) else {
                continue;
            };
            if !is_shade_of(seen, bed) {
                continue;
            }
            let from_cars = (1..=4).any(|quarter| {
                let height_m = CAR_HEIGHT_M * f64::from(quarter) / 4.0;
                let foot = [
                    station.at_m[0] - shadow_per_m[0] * height_m,
                    station.at_m[1] - shadow_per_m[1] * height_m,
                ];
                tracks
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != this)
                    .any(|(_, other)| {
                        other.nearest(foot).is_some_and(|(near, away_m)| {
                            let caster = other.seen.get(near).copied().flatten();
                            away_m <= CAR_WIDTH_M
                                && other.occupied.get(near).copied().unwrap_or(false)
                                && caster.is_some_and(|caster| !is_shade_of(&caster, bed))
                        })
                    })
            });
            if from_cars {
                shaded.push(index);
            }
        }
        dropped.push(shaded);
    }
    unmark(tracks, &dropped);
}

/// True for a signature that is the surface's in less light: every band at 20 to 85 % of it, all by about the same share.
#[must_use]
pub fn is_shade_of(seen: &Signature, surface: &Surface) -> bool {
    let ratios: Vec<f32> = (seen.values().iter().zip(surface.mean.values()))
        .map(|(value, mean)| value / mean.max(f32::EPSILON))
        .collect();
    let (least, most) = ratios.iter().fold((f32::MAX, 0.0_f32), |(least, most), ratio| {
        (least.min(*ratio), most.max(*ratio))
    });
    (0.2..=0.85).contains(&least) && most <= 0.9 && most - least <= 0.2
}

fn unmark(tracks: &mut [Track], dropped: &[Vec<usize>]) {
    for (track, indices) in tracks.iter_mut().zip(dropped) {
        for index in indices {
            fill(&mut track.occupied, *index, index + 1, false);
        }
        close(track);
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
mod tests {
    use super::*;
    use crate::zones::paint::{self, BLUE, Canvas, GRASS, RUST, SNOW, WHITE};
    use proptest::prelude::*;

    const LENGTH_M: f64 = 600.0;
    const SPACING_M: f64 = 5.0;

    /// A yard of three tracks going east; `trains` are (track, start, cars).
    fn yard(gsd_m: f64, ballast: paint::Colour, trains: &[(usize, f64, usize)]) -> Canvas {
        let mut canvas = Canvas::new(LENGTH_M + 40.0, 120.0, gsd_m, GRASS);
        canvas.bar([320.0, 60.0], 90.0, LENGTH_M + 60.0, 24.0, ballast);
        for (number, &(track, start_m, cars)) in trains.iter().enumerate() {
            for car in 0..cars {
                let colour = [RUST, WHITE, BLUE, paint::CONCRETE.map(|band| band * 1.6)][(car / 3 + number) % 4];
                let middle = 20.0 + start_m + (car as f64 + 0.5) * CAR_PITCH_M;
                canvas.bar(
                    [middle, north(track)],
                    90.0,
                    CAR_PITCH_M - CAR_GAP_M,
                    CAR_WIDTH_M,
                    colour,
                );
            }
        }
        canvas
    }

    fn north(track: usize) -> f64 {
        60.0 + (track as f64 - 1.0) * SPACING_M
    }

    fn seen(canvas: &Canvas) -> Vec<TrackSeen> {
        let patch = canvas.expose(5);
        let zones: Vec<LocalZone> = (0..3)
            .map(|track| {
                paint::track(
                    &format!("t{track}"),
                    [20.0, north(track)],
                    [20.0 + LENGTH_M, north(track)],
                )
            })
            .collect();
        let members: Vec<_> = zones.iter().enumerate().collect();
        let cover = vec![Cover::Clear; patch.valid().len()];
        measure(&patch, &cover, &members, None, |_| None).0
    }

    #[test]
    fn an_empty_yard_is_seen_empty_along_its_whole_length() {
        for track in seen(&yard(3.0, paint::BALLAST, &[])) {
            assert!(track.occupied_m < 1.0, "{track:?}");
            assert!((track.visible_m - LENGTH_M).abs() < 2.0, "{track:?}");
        }
    }

    #[test]
    fn cars_on_one_track_do_not_fill_the_next() {
        let found = seen(&yard(3.0, paint::BALLAST, &[(1, 100.0, 20)]));
        let expected = 20.0 * CAR_PITCH_M;
        assert!((found[1].occupied_m - expected).abs() < 0.06 * expected, "{found:?}");
        assert!((found[1].cars - 20.0).abs() < 1.5, "{found:?}");
        assert!(found[0].occupied_m < 30.0 && found[2].occupied_m < 30.0, "{found:?}");
    }

    #[test]
    fn a_yard_under_snow_is_not_full() {
        let found = seen(&yard(3.0, SNOW, &[(0, 50.0, 12)]));
        assert!((found[0].occupied_m - 12.0 * CAR_PITCH_M).abs() < 20.0, "{found:?}");
        assert!(found[2].occupied_m < 20.0, "{found:?}");
    }

    #[test]
    fn what_is_hidden_is_neither_empty_nor_occupied() {
        let patch = yard(3.0, paint::BALLAST, &[(1, 100.0, 20)]).expose(5);
        let zones = [paint::track("t", [20.0, north(1)], [20.0 + LENGTH_M, north(1)])];
        let members: Vec<_> = zones.iter().enumerate().collect();
        let half = patch.width() / 2;
        let cover: Vec<Cover> = (0..patch.valid().len())
            .map(|index| {
                if index % patch.width() > half {
                    Cover::Cloud
                } else {
                    Cover::Clear
                }
            })
            .collect();
        let found = measure(&patch, &cover, &members, None, |_| None).0;
        assert!((found[0].visible_m - LENGTH_M / 2.0).abs() < 6.0, "{found:?}");
        assert!((found[0].occupied_m - 200.0).abs() < 12.0, "{found:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn occupied_metres_follow_the_cars(cars in 3usize..35, start in 10.0f64..90.0, other in 0usize..12) {
            let found = seen(&yard(3.0, paint::BALLAST, &[(0, start, cars), (2, 30.0, other)]));
            let expected = cars as f64 * CAR_PITCH_M;
            prop_assert!((found[0].occupied_m - expected).abs() < 0.1 * expected + 6.0, "{} {expected}", found[0].occupied_m);
        }
    }
}
