//! Which zone a vessel lies in.
//!
//! A hull is a rectangle on its axis. It lies *alongside* a berth when its axis is along the berth's bearing and enough of the
//! hull is in the berth's area, or within reach of it; of two berths the one with the greater share of the hull has it. A
//! second hull tied to the first (double-banked) lies outside the area, so berths also take hulls that touch, along the same
//! axis, a hull already there. Every other vessel is in the anchorage that holds its centre, or in no zone.

use geo::{Contains, Distance, Euclidean, Point, Polygon};
use quaywatch_protocol::contract::site::ZoneKind;

use super::{
    local::{LocalZone, axes_apart_deg},
    patch::Metres,
};

/// Greatest angle between a hull alongside and the quay, degrees, beyond the error of the axis. Mooring lines hold a hull within
/// a few degrees; a measured axis at 3 m errs by up to ten.
const ALONGSIDE_DEG_MAX: f64 = 20.0;
/// Standard error of an axis when the detector gives none, degrees.
const AXIS_SD_DEG: f64 = 5.0;
/// Share of a hull within a berth's reach that makes it a hull of that berth.
const SHARE_MIN: f64 = 0.35;
/// How far outside a berth's area a hull may lie, metres: fenders, and areas drawn by hand.
const REACH_M: f64 = 6.0;
/// Hulls shorter than this have no axis worth comparing, metres: a few pixels.
const AXIS_LENGTH_MIN_M: f64 = 25.0;
/// Widest gap between two hulls tied together, metres.
const BANKED_GAP_MAX_M: f64 = 8.0;
/// Share of the shorter hull's length that lies beside the other when the two are tied together.
const BANKED_OVERLAP_MIN: f64 = 0.3;
/// Hulls tied one to another outward from a quay.
const BANKS_MAX: usize = 4;
/// Beam as a share of the length when it is not known: most merchant hulls have 1/7 to 1/5.
const BEAM_SHARE: f64 = 1.0 / 6.0;

/// A measured vessel in local metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hull {
    /// Centre.
    pub at_m: Metres,
    /// Standard error of the centre, metres.
    pub position_sd_m: f64,
    /// Length, metres.
    pub length_m: f64,
    /// Beam, metres.
    pub beam_m: Option<f64>,
    /// Axis, degrees clockwise from north, 0..180.
    pub axis_deg: Option<f64>,
    /// Standard error of the axis, degrees.
    pub axis_sd_deg: Option<f64>,
}

/// For each hull the position in `zones` of the zone it lies in.
#[must_use]
pub fn assign(hulls: &[Hull], zones: &[LocalZone]) -> Vec<Option<usize>> {
    let mut held: Vec<Option<usize>> = hulls.iter().map(|hull| berth_of(hull, zones)).collect();
    for _ in 1..BANKS_MAX {
        if !bank(hulls, zones, &mut held) {
            break;
        }
    }
    for (hull, zone) in hulls.iter().zip(&mut held) {
        if zone.is_none() {
            *zone = anchorage_of(hull, zones);
        }
    }
    held
}

fn berth_of(hull: &Hull, zones: &[LocalZone]) -> Option<usize> {
    (zones.iter().enumerate())
        .filter(|(_, zone)| zone.kind.is_berth() && lies_along(hull, zone.bearing_deg))
        .filter_map(|(index, zone)| {
            let area = zone.area()?;
            let share = hull.share_within(area, REACH_M.max(hull.position_sd_m));
            let away_m = Euclidean.distance(&Point::from((hull.at_m[0], hull.at_m[1])), area);
            (share >= SHARE_MIN).then_some((index, share, away_m))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.2.total_cmp(&a.2)).then(b.0.cmp(&a.0)))
        .map(|(index, ..)| index)
}

/// Gives hulls tied to a berthed hull that hull's berth; true when any was found.
fn bank(hulls: &[Hull], zones: &[LocalZone], held: &mut [Option<usize>]) -> bool {
    let berthed: Vec<(Hull, usize)> = (hulls.iter().zip(held.iter()))
        .filter_map(|(hull, zone)| zone.map(|zone| (*hull, zone)))
        .collect();
    let mut found = false;
    for (hull, zone) in hulls.iter().zip(held.iter_mut()).filter(|(_, zone)| zone.is_none()) {
        *zone = (berthed.iter())
            .filter(|(_, berth)| zones.get(*berth).is_some_and(|zone| lies_along(hull, zone.bearing_deg)))
            .find(|(other, _)| hull.is_tied_to(other))
            .map(|(_, berth)| *berth);
        found |= zone.is_some();
    }
    found
}

fn anchorage_of(hull: &Hull, zones: &[LocalZone]) -> Option<usize> {
    let centre = Point::from((hull.at_m[0], hull.at_m[1]));
    zones
        .iter()
        .position(|zone| zone.kind == ZoneKind::Anchorage && zone.area().is_some_and(|area| area.contains(&centre)))
}

fn lies_along(hull: &Hull, bearing_deg: Option<f64>) -> bool {
    match (hull.axis_deg, bearing_deg) {
        (Some(axis_deg), Some(bearing_deg)) if hull.length_m >= AXIS_LENGTH_MIN_M => {
            let sd_deg = hull.axis_sd_deg.unwrap_or(AXIS_SD_DEG);
            axes_apart_deg(axis_deg, bearing_deg) <= ALONGSIDE_DEG_MAX + sd_deg
        }
        _ => true,
    }
}

impl Hull {
    fn beam(&self) -> f64 {
        self.beam_m.unwrap_or(self.length_m * BEAM_SHARE)
    }

    /// Unit vector along the axis, east and north; north when the axis is not known.
    fn along(&self) -> Metres {
        let (sin, cos) = self.axis_deg.unwrap_or(0.0).to_radians().sin_cos();
        [sin, cos]
    }

    /// Share of the hull's rectangle within `reach_m` of an area, from points over it.
    fn share_within(&self, area: &Polygon<f64>, reach_m: f64) -> f64 {
        const ALONG: i32 = 10;
        const ACROSS: i32 = 2;
        let [sin, cos] = self.along();
        let (mut inside, mut all) = (0, 0);
        for i in -ALONG..=ALONG {
            for j in -ACROSS..=ACROSS {
                // An axis that is not known makes a hull of its beam alone.
                let length_m = if self.axis_deg.is_some() {
                    self.length_m
                } else {
                    self.beam()
                };
                let u = f64::from(i) / f64::from(2 * ALONG) * length_m;
                let v = f64::from(j) / f64::from(2 * ACROSS) * self.beam();
                let point = Point::from((self.at_m[0] + u * sin + v * cos, self.at_m[1] + u * cos - v * sin));
                all += 1;
                inside += i32::from(area.contains(&point) || Euclidean.distance(&point, area) <= reach_m);
            }
        }
        f64::from(inside) / f64::from(all)
    }

    fn is_tied_to(&self, other: &Self) -> bool {
        let [sin, cos] = other.along();
        let (east, north) = (self.at_m[0] - other.at_m[0], self.at_m[1] - other.at_m[1]);
        let (ahead_m, aside_m) = ((east * sin + north * cos).abs(), (east * cos - north * sin).abs());
        let parallel = self
            .axis_deg
            .zip(other.axis_deg)
            .is_none_or(|(a, b)| axes_apart_deg(a, b) <= ALONGSIDE_DEG_MAX + self.axis_sd_deg.unwrap_or(AXIS_SD_DEG));
        let touching_m = f64::midpoint(self.beam(), other.beam()) + BANKED_GAP_MAX_M + self.position_sd_m;
        let beside_m = f64::midpoint(self.length_m, other.length_m) - ahead_m;
        parallel && aside_m <= touching_m && beside_m >= BANKED_OVERLAP_MIN * self.length_m.min(other.length_m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zones::local::LocalShape;
    use proptest::prelude::*;

    fn zone(id: &str, kind: ZoneKind, west: f64, south: f64, east: f64, north: f64, bearing_deg: f64) -> LocalZone {
        LocalZone {
            id: id.to_owned(),
            kind,
            track: String::new(),
            shape: LocalShape::Area(geo::Rect::new((west, south), (east, north)).to_polygon()),
            bearing_deg: Some(bearing_deg),
        }
    }

    /// A quay along x = 0 going north, two berths of 200 m, and an anchorage in the east.
    fn harbour() -> Vec<LocalZone> {
        vec![
            zone("south", ZoneKind::Berth, 0.0, 0.0, 40.0, 200.0, 0.0),
            zone("north", ZoneKind::OilBerth, 0.0, 200.0, 40.0, 400.0, 0.0),
            zone("roads", ZoneKind::Anchorage, 500.0, 0.0, 2000.0, 2000.0, 0.0),
            zone("apron", ZoneKind::Apron, -100.0, 0.0, 0.0, 400.0, 0.0),
        ]
    }

    fn hull(east: f64, north: f64, length_m: f64, beam_m: f64, axis_deg: f64) -> Hull {
        Hull {
            at_m: [east, north],
            position_sd_m: 3.0,
            length_m,
            beam_m: Some(beam_m),
            axis_deg: Some(axis_deg),
            axis_sd_deg: Some(4.0),
        }
    }

    fn zones_of(hulls: &[Hull]) -> Vec<Option<&'static str>> {
        let names = ["south", "north", "roads", "apron"];
        assign(hulls, &harbour())
            .into_iter()
            .map(|zone| zone.map(|index| names[index]))
            .collect()
    }

    #[test]
    fn a_hull_along_the_quay_is_at_the_berth() {
        assert_eq!(zones_of(&[hull(12.0, 100.0, 96.0, 15.0, 2.0)]), [Some("south")]);
    }

    #[test]
    fn a_hull_over_two_berths_is_at_the_one_with_more_of_it() {
        assert_eq!(zones_of(&[hull(12.0, 220.0, 120.0, 18.0, 0.0)]), [Some("north")]);
        assert_eq!(zones_of(&[hull(12.0, 180.0, 120.0, 18.0, 0.0)]), [Some("south")]);
    }

    #[test]
    fn a_hull_that_crosses_the_berth_is_passing() {
        assert_eq!(zones_of(&[hull(25.0, 100.0, 96.0, 15.0, 60.0)]), [None]);
    }

    #[test]
    fn hulls_tied_outside_the_first_are_at_its_berth() {
        let row = [
            hull(12.0, 100.0, 100.0, 20.0, 0.0),
            hull(55.0, 105.0, 90.0, 16.0, 1.0),
            hull(34.0, 100.0, 100.0, 18.0, 179.0),
            hull(95.0, 105.0, 90.0, 16.0, 1.0),
        ];
        assert_eq!(zones_of(&row), [Some("south"), Some("south"), Some("south"), None]);
    }

    #[test]
    fn a_hull_in_the_roads_is_at_anchor_whatever_its_axis() {
        assert_eq!(zones_of(&[hull(800.0, 900.0, 150.0, 24.0, 77.0)]), [Some("roads")]);
    }

    #[test]
    fn nothing_lies_on_an_apron() {
        assert_eq!(zones_of(&[hull(-50.0, 100.0, 96.0, 15.0, 0.0)]), [None]);
    }

    proptest! {
        #[test]
        fn the_answer_does_not_depend_on_the_order_of_the_hulls(
            places in proptest::collection::vec((-20.0f64..120.0, -50.0f64..450.0, 20.0f64..200.0, 0.0f64..180.0), 1..8),
        ) {
            let hulls: Vec<Hull> = places.iter().map(|&(x, y, length, axis)| hull(x, y, length, length / 6.0, axis)).collect();
            let mut reversed = hulls.clone();
            reversed.reverse();
            let berthed = |found: Vec<Option<&'static str>>| found.into_iter().map(|zone| zone.is_some()).collect::<Vec<_>>();
            let mut back = berthed(zones_of(&reversed));
            back.reverse();
            prop_assert_eq!(berthed(zones_of(&hulls)), back);
        }
    }
}
