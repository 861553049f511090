//! What one patch says about its zones: a pure function from pixels to entries of a look.

use quaywatch_protocol::contract::{
    look::{RailSeen, StackSeen},
    site::ZoneKind,
    time::UnixMs,
};

use super::shares::{Shares, shares_of};
use crate::zones::{
    local::{LocalZone, path_length_m},
    patch::{Metres, Patch},
    rail::{self, TrackSeen},
    reference::{GroundKind, Reference, Unfit},
    stacks::{self, Measured, StacksSeen},
    strip,
    sun::Sun,
    surface::Surface,
    visible::{self, Cover},
};

/// A track of which less than this was visible is not reported, metres: less than two cars.
const TRACK_VISIBLE_MIN_M: f64 = 25.0;
/// An area of which less than this share was visible has no stacks reported.
const AREA_VISIBLE_MIN: f64 = 0.05;
/// A zone of which less than this share was visible teaches its reference nothing: the rest of it is thin cloud.
const LEARN_VISIBLE_MIN: f64 = 0.8;
/// Lines along a track that are certainly land, metres from its centre line.
const SHOULDERS_M: [f64; 5] = [-6.0, -3.0, 0.0, 3.0, 6.0];
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
    /// References that do not belong to this picture, by zone position: they were begun anew.
    pub misfits: Vec<(usize, Unfit)>,
    /// What each pixel of the patch shows.
    pub cover: Vec<Cover>,
}

impl Observed {
    /// All that was clear of a zone lies in a shadow.
    fn dim(&mut self, zone: usize) {
        for (_, shares) in self.zones.iter_mut().filter(|(index, _)| *index == zone) {
            shares.dim();
        }
    }

    fn is_clear(&self, zone: usize) -> bool {
        self.zones
            .iter()
            .any(|(index, shares)| *index == zone && shares.visible() >= LEARN_VISIBLE_MIN)
    }
}

/// The empty references of a site's zones.
pub trait References {
    /// The reference of a zone at this pixel size on this kind of ground, if there is one.
    fn find(&self, zone: &LocalZone, gsd_m: f64, ground: GroundKind) -> Option<&Reference>;
}

/// No references yet.
impl References for () {
    fn find(&self, _zone: &LocalZone, _gsd_m: f64, _ground: GroundKind) -> Option<&Reference> {
        None
    }
}

/// What is taken up about each zone of a patch.
struct Eyes<'a> {
    patch: &'a Patch,
    cover: Vec<Cover>,
    at: UnixMs,
    sun: Option<&'a Sun>,
    references: &'a dyn References,
    gsd_m: f64,
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
    let known = known(patch, members.iter().filter_map(|index| zones.get(*index)));
    let eyes = Eyes {
        patch,
        cover: visible::cover(patch, sun, &known),
        at,
        sun,
        references,
        gsd_m: patch.frame().gsd_m(),
    };
    let mut observed = Observed::default();
    let mut yards: Vec<(&str, Vec<(usize, &LocalZone)>)> = Vec::new();
    for &index in members {
        let Some(zone) = zones.get(index).filter(|zone| looks_at(patch, zone.kind)) else {
            continue;
        };
        let shares = shares_of(patch, &eyes.cover, zone);
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
                eyes.area(index, zone, &mut observed);
            }
            _ => {}
        }
    }
    for (_, tracks) in yards {
        eyes.yard(&tracks, &mut observed);
    }
    observed.cover = eyes.cover;
    observed
}

impl<'a> Eyes<'a> {
    fn find(&self, zone: &LocalZone, ground: &Surface) -> Option<&'a Reference> {
        (self.references.find(zone, self.gsd_m, GroundKind::of(ground)))
            .filter(|reference| is_laid_over(reference, zone))
    }

    fn area(&self, index: usize, zone: &LocalZone, observed: &mut Observed) {
        match stacks::measure(self.patch, &self.cover, zone, self.sun, |ground| {
            self.find(zone, ground)
        }) {
            Measured::Unknown => {}
            Measured::Dimmed(pavement) => {
                observed.dim(index);
                if let Some(known) = self.find(zone, &pavement) {
                    observed.learnt.push((index, drifted(known, &pavement)));
                }
            }
            Measured::Seen(seen, pavement) => {
                if observed.is_clear(index) {
                    let known = self.known(index, zone, &pavement, observed);
                    let learnt = match known {
                        Known::Drifted(reference) => reference,
                        Known::Fits(reference) => self.learn_area(zone, &seen, &pavement, Some(reference)),
                        Known::Nothing => self.learn_area(zone, &seen, &pavement, None),
                    };
                    observed.learnt.push((index, learnt));
                }
                observed.stacks.push((index, seen));
            }
        }
    }

    fn yard(&self, tracks: &[(usize, &LocalZone)], observed: &mut Observed) {
        let seen = rail::measure(self.patch, &self.cover, tracks, self.sun, |zone, bed| {
            self.find(zone, bed)
        });
        for track in seen.tracks {
            let zone = tracks
                .iter()
                .find(|(index, _)| *index == track.zone)
                .map(|(_, zone)| *zone);
            let dimmed = seen.dimmed.contains(&track.zone);
            if dimmed {
                observed.dim(track.zone);
            }
            if let (Some(zone), Some(bed)) = (zone, &seen.bed) {
                if dimmed {
                    observed
                        .learnt
                        .extend(self.find(zone, bed).map(|known| (track.zone, drifted(known, bed))));
                } else if observed.is_clear(track.zone) {
                    let learnt = match self.known(track.zone, zone, bed, observed) {
                        Known::Drifted(reference) => reference,
                        Known::Fits(reference) => self.learn_track(zone, &track, bed, Some(reference)),
                        Known::Nothing => self.learn_track(zone, &track, bed, None),
                    };
                    observed.learnt.push((track.zone, learnt));
                }
            }
            if !dimmed && track.visible_m >= TRACK_VISIBLE_MIN_M {
                observed.tracks.push(track);
            }
        }
    }

    /// The reference to learn on; one that was made for another picture is told and made anew.
    fn known(&self, index: usize, zone: &LocalZone, ground: &Surface, observed: &mut Observed) -> Known<'a> {
        let Some(known) = self.references.find(zone, self.gsd_m, GroundKind::of(ground)) else {
            return Known::Nothing;
        };
        if !is_laid_over(known, zone) {
            observed.misfits.push((index, Unfit::Shape));
            return Known::Nothing;
        }
        match known.fit(self.gsd_m, ground) {
            Ok(_) => Known::Fits(known),
            Err(Unfit::Ground | Unfit::Dimmed) => Known::Drifted(drifted(known, ground)),
            Err(unfit @ (Unfit::Resolution | Unfit::Bands | Unfit::Shape)) => {
                observed.misfits.push((index, unfit));
                Known::Nothing
            }
            Err(Unfit::Empty) => Known::Nothing,
        }
    }
}

fn is_laid_over(reference: &Reference, zone: &LocalZone) -> bool {
    match zone.path() {
        Some(path) => reference.is_for_track(path_length_m(path)),
        None => reference.is_for_area(&zone.bounds()),
    }
}

/// What there is to learn on.
enum Known<'a> {
    /// A reference that answers for this look.
    Fits(&'a Reference),
    /// One that does not, for its ground was another: it took note.
    Drifted(Reference),
    /// None.
    Nothing,
}

fn drifted(known: &Reference, ground: &Surface) -> Reference {
    let mut reference = known.clone();
    reference.drift(ground);
    reference
}

/// What the zones themselves say about a patch: where there is land for certain, and where water.
fn known<'a>(patch: &Patch, zones: impl Iterator<Item = &'a LocalZone>) -> visible::Known {
    let mut known = visible::Known {
        land: vec![false; patch.valid().len()],
        sea: vec![false; patch.valid().len()],
    };
    for zone in zones {
        let marks = match zone.kind {
            ZoneKind::Berth | ZoneKind::OilBerth | ZoneKind::Anchorage => &mut known.sea,
            _ => &mut known.land,
        };
        let pixels = match (zone.area(), zone.path()) {
            (Some(area), _) => stacks::pixels_of(patch, area, zone),
            (None, Some(path)) => beside_track(patch, path),
            (None, None) => Vec::new(),
        };
        for index in pixels {
            if let Some(mark) = marks.get_mut(index) {
                *mark = true;
            }
        }
    }
    known
}

/// The pixels of a track and its shoulders.
fn beside_track(patch: &Patch, path: &[Metres]) -> Vec<usize> {
    let step_m = strip::step_m(patch.frame().gsd_m(), path_length_m(path));
    (strip::stations(path, step_m).iter())
        .flat_map(|station| SHOULDERS_M.map(|offset_m| patch.index_at(patch.frame().to_px(station.aside(offset_m)))))
        .flatten()
        .collect()
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

impl Eyes<'_> {
    fn learn_track(&self, zone: &LocalZone, seen: &TrackSeen, bed: &Surface, known: Option<&Reference>) -> Reference {
        let (patch, gsd_m) = (self.patch, self.gsd_m);
        let mut reference = known
            .cloned()
            .unwrap_or_else(|| Reference::for_track(seen.length_m, gsd_m, bed.mean.values().len()));
        let path = zone.path().unwrap_or_default();
        let places = (strip::stations(path, strip::step_m(gsd_m, seen.length_m)).into_iter()).filter_map(|station| {
            let index = patch.index_at(patch.frame().to_px(station.at_m))?;
            self.cover.get(index).filter(|cover| cover.is_clear())?;
            let signature = strip::core(patch, &station)?;
            // Beside a train the bed is in its light and shade.
            let near =
                |(from, to): &(f64, f64)| station.along_m > from - 2.0 * gsd_m && station.along_m < to + 2.0 * gsd_m;
            Some(([station.along_m, 0.0], signature, !seen.stretches.iter().any(near)))
        });
        reference.learn(bed, self.at, places);
        reference
    }

    fn learn_area(
        &self,
        zone: &LocalZone,
        seen: &StacksSeen,
        pavement: &Surface,
        known: Option<&Reference>,
    ) -> Reference {
        let patch = self.patch;
        let mut reference = known
            .cloned()
            .unwrap_or_else(|| Reference::for_area(&zone.bounds(), self.gsd_m, pavement.mean.values().len()));
        let pixels = zone
            .area()
            .map(|area| stacks::pixels_of(patch, area, zone))
            .unwrap_or_default();
        let places = (pixels.into_iter())
            .filter(|index| self.cover.get(*index).is_some_and(|cover| cover.is_clear()))
            .map(|index| {
                let place: Metres = stacks::centre(patch, index);
                let is_empty = seen.pixels.binary_search(&index).is_err();
                (place, patch.signature(index), is_empty)
            });
        reference.learn(pavement, self.at, places);
        reference
    }
}
