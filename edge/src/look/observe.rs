//! What one patch says about its zones: a pure function from pixels to entries of a look.

use quaywatch_protocol::contract::{
    look::{Hidden, RailSeen, StackSeen, ZoneSeen},
    site::ZoneKind,
    time::UnixMs,
};

use crate::zones::{
    local::{LocalZone, path_length_m},
    patch::{Metres, Patch},
    rail::{self, TrackSeen},
    reference::Reference,
    stacks::{self, StacksSeen},
    strip,
    sun::Sun,
    surface::Surface,
    visible::{self, Cover},
};

/// A track of which less than this was visible is not reported, metres: less than two cars.
const TRACK_VISIBLE_MIN_M: f64 = 25.0;
/// An area of which less than this share was visible has no stacks reported.
const AREA_VISIBLE_MIN: f64 = 0.05;
/// A zone of which less than this share lies on the scene was not looked at.
const ON_SCENE_MIN: f64 = 0.005;

/// What one patch says.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Zones that the patch shows, by position.
    pub zones: Vec<(usize, Shares)>,
    /// Tracks.
    pub tracks: Vec<TrackSeen>,
    /// Stacks, by zone position.
    pub stacks: Vec<(usize, StacksSeen)>,
    /// What was learnt, by zone position.
    pub learnt: Vec<(usize, Reference)>,
    /// What each pixel of the patch shows.
    pub cover: Vec<Cover>,
}

/// How much of a zone was seen and what hid the rest, in whatever unit the zone is counted in (pixels or stations).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    clear: f64,
    cloud: f64,
    shadow: f64,
    haze: f64,
    glint: f64,
    nodata: f64,
}

/// The empty references of a site's zones.
pub trait References {
    /// The reference of a zone at this pixel size, if there is one.
    fn find(&self, zone: &LocalZone, gsd_m: f64) -> Option<&Reference>;
}

/// No references yet.
impl References for () {
    fn find(&self, _zone: &LocalZone, _gsd_m: f64) -> Option<&Reference> {
        None
    }
}

/// Observes the zones at `members` (positions in `zones`) on a patch.
#[must_use]
pub fn observe(
    patch: &Patch,
    zones: &[LocalZone],
    members: &[usize],
    at: UnixMs,
    sun: Option<&Sun>,
    references: &dyn References,
) -> Observed {
    let cover = visible::cover(patch, sun);
    let gsd_m = patch.frame().gsd_m();
    let mut observed = Observed::default();
    let mut yards: Vec<(&str, Vec<(usize, &LocalZone)>)> = Vec::new();
    for &index in members {
        let Some(zone) = zones.get(index).filter(|zone| looks_at(patch, zone.kind)) else {
            continue;
        };
        let shares = shares_of(patch, &cover, zone);
        if shares.on_scene() < ON_SCENE_MIN {
            continue;
        }
        observed.zones.push((index, shares));
        match zone.kind {
            ZoneKind::RailTrack => match yards.iter_mut().find(|(id, _)| *id == zone.id) {
                Some((_, tracks)) => tracks.push((index, zone)),
                None => yards.push((&zone.id, vec![(index, zone)])),
            },
            ZoneKind::Apron | ZoneKind::Storage if shares.visible() >= AREA_VISIBLE_MIN => {
                let reference = references.find(zone, gsd_m);
                if let Some((seen, pavement)) = stacks::measure(patch, &cover, zone, sun, reference) {
                    observed
                        .learnt
                        .push((index, learn_area(patch, &cover, zone, &seen, &pavement, at, reference)));
                    observed.stacks.push((index, seen));
                }
            }
            _ => {}
        }
    }
    for (_, tracks) in yards {
        let (seen, bed) = rail::measure(patch, &cover, &tracks, sun, |zone| references.find(zone, gsd_m));
        for track in seen {
            let zone = tracks
                .iter()
                .find(|(index, _)| *index == track.zone)
                .map(|(_, zone)| *zone);
            if let (Some(zone), Some(bed)) = (zone, &bed) {
                let reference = references.find(zone, gsd_m);
                observed
                    .learnt
                    .push((track.zone, learn_track(patch, &cover, zone, &track, bed, at, reference)));
            }
            if track.visible_m >= TRACK_VISIBLE_MIN_M {
                observed.tracks.push(track);
            }
        }
    }
    observed.cover = cover;
    observed
}

/// True for zones that can be judged on this patch. A zone that is listed in a look was looked at: rolling stock and stacks are
/// not told in radar, and nothing here finds aircraft yet.
fn looks_at(patch: &Patch, kind: ZoneKind) -> bool {
    match kind {
        ZoneKind::Berth | ZoneKind::OilBerth | ZoneKind::Anchorage => true,
        ZoneKind::RailTrack | ZoneKind::Apron | ZoneKind::Storage => !patch.is_radar(),
        ZoneKind::Airfield => false,
    }
}

fn shares_of(patch: &Patch, cover: &[Cover], zone: &LocalZone) -> Shares {
    let frame = patch.frame();
    let mut shares = Shares::default();
    if let Some(area) = zone.area() {
        use geo::Area;
        let pixels = stacks::pixels_of(patch, area, zone);
        for index in &pixels {
            shares.add(cover.get(*index).copied().unwrap_or(Cover::NoData), 1.0);
        }
        // What the patch does not reach lies outside the scene; a pixel's worth is rounding.
        let off_scene = area.unsigned_area() / frame.pixel_area_m2() - pixels.len() as f64;
        if off_scene > 0.02 * pixels.len() as f64 + 2.0 {
            shares.add(Cover::NoData, off_scene);
        }
    } else if let Some(path) = zone.path() {
        for station in strip::stations(path, strip::step_m(frame.gsd_m(), path_length_m(path))) {
            let index = patch.index_at(frame.to_px(station.at_m));
            shares.add(
                index
                    .and_then(|index| cover.get(index).copied())
                    .unwrap_or(Cover::NoData),
                1.0,
            );
        }
    }
    shares
}

impl Shares {
    fn add(&mut self, cover: Cover, weight: f64) {
        let slot = match cover {
            Cover::Clear => &mut self.clear,
            Cover::Cloud => &mut self.cloud,
            Cover::Shadow => &mut self.shadow,
            Cover::Haze => &mut self.haze,
            Cover::Glint => &mut self.glint,
            Cover::NoData => &mut self.nodata,
        };
        *slot += weight;
    }

    /// Adds what another zone (a track of the same yard) has.
    pub fn join(&mut self, other: &Self) {
        self.clear += other.clear;
        self.cloud += other.cloud;
        self.shadow += other.shadow;
        self.haze += other.haze;
        self.glint += other.glint;
        self.nodata += other.nodata;
    }

    fn total(&self) -> f64 {
        (self.clear + self.cloud + self.shadow + self.haze + self.glint + self.nodata).max(f64::EPSILON)
    }

    /// Share seen clearly.
    #[must_use]
    pub fn visible(&self) -> f64 {
        self.clear / self.total()
    }

    fn on_scene(&self) -> f64 {
        1.0 - self.nodata / self.total()
    }

    /// As an entry of a look.
    #[must_use]
    pub fn entry(&self, zone: &str) -> ZoneSeen {
        let share = |part: f64| round_to(part / self.total(), 1000.0);
        let hidden = Hidden {
            cloud: share(self.cloud),
            shadow: share(self.shadow),
            haze: share(self.haze),
            glint: share(self.glint),
            nodata: share(self.nodata),
        };
        ZoneSeen {
            zone: zone.to_owned(),
            visible: share(self.clear),
            hidden: (hidden != Hidden::default()).then_some(hidden),
        }
    }
}

/// A track as an entry of a look.
#[must_use]
pub fn rail_entry(zone: &LocalZone, seen: &TrackSeen) -> RailSeen {
    RailSeen {
        zone: zone.id.clone(),
        track: zone.track.clone(),
        occupied_m: round_to(seen.occupied_m, 10.0),
        occupied_sd_m: Some(round_to(seen.occupied_sd_m, 10.0)),
        length_m: round_to(seen.visible_m, 10.0),
        cars: seen.cars.round() as u32,
        cars_sd: Some(round_to(seen.cars_sd, 10.0)),
        mix: seen.mix,
    }
}

/// Stacks as an entry of a look.
#[must_use]
pub fn stack_entry(zone: &LocalZone, seen: &StacksSeen) -> StackSeen {
    StackSeen {
        zone: zone.id.clone(),
        area_m2: round_to(seen.area_m2, 1.0),
        area_sd_m2: Some(round_to(seen.area_sd_m2, 1.0)),
        row_m: round_to(seen.row_m, 10.0),
    }
}

pub(super) fn round_to(value: f64, per_unit: f64) -> f64 {
    (value * per_unit).round() / per_unit
}

fn learn_track(
    patch: &Patch,
    cover: &[Cover],
    zone: &LocalZone,
    seen: &TrackSeen,
    bed: &Surface,
    at: UnixMs,
    known: Option<&Reference>,
) -> Reference {
    let gsd_m = patch.frame().gsd_m();
    let mut reference = known
        .cloned()
        .unwrap_or_else(|| Reference::for_track(seen.length_m, gsd_m, bed.mean.values().len()));
    let path = zone.path().unwrap_or_default();
    let places = (strip::stations(path, strip::step_m(gsd_m, seen.length_m)).into_iter()).filter_map(|station| {
        let index = patch.index_at(patch.frame().to_px(station.at_m))?;
        cover.get(index).filter(|cover| cover.is_clear())?;
        let signature = strip::core(patch, &station)?;
        // Beside a train the bed is in its light and shade.
        let near = |(from, to): &(f64, f64)| station.along_m > from - 2.0 * gsd_m && station.along_m < to + 2.0 * gsd_m;
        Some(([station.along_m, 0.0], signature, !seen.stretches.iter().any(near)))
    });
    reference.learn(bed, at, places);
    reference
}

fn learn_area(
    patch: &Patch,
    cover: &[Cover],
    zone: &LocalZone,
    seen: &StacksSeen,
    pavement: &Surface,
    at: UnixMs,
    known: Option<&Reference>,
) -> Reference {
    let gsd_m = patch.frame().gsd_m();
    let mut reference = known
        .cloned()
        .unwrap_or_else(|| Reference::for_area(&zone.bounds(), gsd_m, pavement.mean.values().len()));
    let pixels = zone
        .area()
        .map(|area| stacks::pixels_of(patch, area, zone))
        .unwrap_or_default();
    let places = (pixels.into_iter())
        .filter(|index| cover.get(*index).is_some_and(|cover| cover.is_clear()))
        .map(|index| {
            let place: Metres = stacks::centre(patch, index);
            (
                place,
                patch.signature(index),
                seen.pixels.binary_search(&index).is_err(),
            )
        });
    reference.learn(pavement, at, places);
    reference
}
