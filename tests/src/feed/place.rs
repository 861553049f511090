//! A place: a site's zones, its scenery, and where in a zone things stand.
//!
//! Scenery is what is there and is not watched: land, piers, roofs, oil tanks, cranes, roads, trees. It comes from
//! `scenery/SITE.geojson`, one FeatureCollection whose features carry `properties.kind`. The renderer draws it; the world
//! needs it to know on which side of a berth the quay lies.

use geo::{BoundingRect, Contains, Coord, LineString, MapCoords, Point, Polygon};
use quaywatch_protocol::contract::site::{Site, Zone, ZoneKind, ZoneShape};
use serde::Deserialize;

use super::frame::{Frame, direction};

/// Kinds of scenery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SceneryKind {
    /// Natural ground; everything that is no land and no pier is water.
    Land,
    /// Concrete: piers, quays, paved yards.
    Pier,
    /// A building's roof.
    Roof,
    /// An oil tank (its outline).
    Tank,
    /// A quay crane (its footprint).
    Crane,
    /// A road.
    Road,
    /// Trees.
    Trees,
}

/// One piece of scenery.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenery {
    /// What it is.
    pub kind: SceneryKind,
    /// Outline, longitude and latitude.
    pub outline: Polygon<f64>,
}

/// An oriented rectangle around a zone, in the site's frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Box2 {
    /// Middle, metres.
    pub middle: Coord<f64>,
    /// Unit vector along the bearing.
    pub along: Coord<f64>,
    /// Unit vector to the quay (berths whose quay is known), otherwise to the right of `along`.
    pub across: Coord<f64>,
    /// Half length, metres.
    pub half_length_m: f64,
    /// Half width, metres.
    pub half_width_m: f64,
    /// True when `across` points at a quay.
    pub has_quay: bool,
}

/// A site with everything around it.
#[derive(Clone, Debug)]
pub struct Place {
    /// The site as every program reads it.
    pub site: Site,
    /// What else is there.
    pub scenery: Vec<Scenery>,
    /// Metres around the site's centre.
    pub frame: Frame,
}

/// How far outside a berth's edge the quay is looked for, metres.
const QUAY_PROBE_M: f64 = 6.0;

impl Place {
    /// A place.
    #[must_use]
    pub fn new(site: Site, scenery: Vec<Scenery>) -> Self {
        let frame = Frame::around(site.centre());
        Self { site, scenery, frame }
    }

    /// Reads scenery from GeoJSON text.
    ///
    /// # Errors
    /// What was wrong, with the feature's number.
    pub fn read_scenery(text: &str) -> Result<Vec<Scenery>, String> {
        #[derive(Deserialize)]
        struct File {
            features: Vec<Feature>,
        }
        #[derive(Deserialize)]
        struct Feature {
            properties: Properties,
            geometry: Geometry,
        }
        #[derive(Deserialize)]
        struct Properties {
            kind: SceneryKind,
        }
        #[derive(Deserialize)]
        struct Geometry {
            coordinates: Vec<Vec<[f64; 2]>>,
        }
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let ring = |points: &Vec<[f64; 2]>| points.iter().map(|[x, y]| (*x, *y)).collect::<LineString<f64>>();
        file.features
            .iter()
            .enumerate()
            .map(|(index, feature)| {
                let mut rings = feature.geometry.coordinates.iter().map(ring);
                let outer = rings.next().ok_or_else(|| format!("feature {index} has no outline"))?;
                Ok(Scenery {
                    kind: feature.properties.kind,
                    outline: Polygon::new(outer, rings.collect()),
                })
            })
            .collect()
    }

    /// True where a point of the frame is land or pier.
    #[must_use]
    pub fn is_dry(&self, at: Coord<f64>) -> bool {
        let point = self.frame.to_lonlat(at);
        self.scenery
            .iter()
            .filter(|piece| matches!(piece.kind, SceneryKind::Land | SceneryKind::Pier))
            .any(|piece| piece.outline.contains(&point))
    }

    /// The tracks of a zone (or the one track named), in the order of the file: track id and line in metres.
    #[must_use]
    pub fn tracks(&self, zone: &str, track: Option<&str>) -> Vec<(String, LineString<f64>)> {
        self.site
            .zones
            .iter()
            .filter(|each| each.id == zone && track.is_none_or(|track| each.track == track))
            .filter_map(|each| match &each.shape {
                ZoneShape::Track(line) => Some((
                    each.track.clone(),
                    line.map_coords(|at| self.frame.to_m(Point::from(at))),
                )),
                ZoneShape::Area(_) => None,
            })
            .collect()
    }

    /// A zone's area in metres; `None` for tracks.
    #[must_use]
    pub fn area_m(&self, zone: &Zone) -> Option<Polygon<f64>> {
        match &zone.shape {
            ZoneShape::Area(area) => Some(area.map_coords(|at| self.frame.to_m(Point::from(at)))),
            ZoneShape::Track(_) => None,
        }
    }

    /// The rectangle around a zone along its bearing (without one: along its longer side, east or north).
    #[must_use]
    pub fn rectangle(&self, zone: &Zone) -> Option<Box2> {
        let area = self.area_m(zone)?;
        let bearing_deg = zone.bearing_deg.unwrap_or_else(|| {
            let bounds = area.bounding_rect();
            bounds.map_or(0.0, |bounds| if bounds.width() > bounds.height() { 90.0 } else { 0.0 })
        });
        let along = direction(bearing_deg);
        let across = direction(bearing_deg + 90.0);
        let span = |axis: Coord<f64>| {
            let places = area.exterior().0.iter().map(|at| at.x * axis.x + at.y * axis.y);
            places.fold((f64::MAX, f64::MIN), |(low, high), place| {
                (low.min(place), high.max(place))
            })
        };
        let (low, high) = span(along);
        let (left, right) = span(across);
        let mut rectangle = Box2 {
            middle: along * ((low + high) / 2.0) + across * ((left + right) / 2.0),
            along,
            across,
            half_length_m: (high - low) / 2.0,
            half_width_m: (right - left) / 2.0,
            has_quay: false,
        };
        if zone.kind.is_berth() {
            let probe = across * (rectangle.half_width_m + QUAY_PROBE_M);
            if self.is_dry(rectangle.middle + probe) {
                rectangle.has_quay = true;
            } else if self.is_dry(rectangle.middle - probe) {
                rectangle.has_quay = true;
                rectangle.across = across * -1.0;
            }
        }
        Some(rectangle)
    }

    /// True for zones in which stacks are looked for.
    #[must_use]
    pub const fn holds_stacks(kind: ZoneKind) -> bool {
        matches!(kind, ZoneKind::Apron | ZoneKind::Storage)
    }
}

/// Something long that has room for things one after the other: a quay, a track, a lane of stacks.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Length, metres.
    pub length_m: f64,
    taken: Vec<Taken>,
}

#[derive(Clone, Copy, Debug)]
struct Taken {
    from_ms: i64,
    to_ms: i64,
    start_m: f64,
    end_m: f64,
}

impl Line {
    /// An empty line.
    #[must_use]
    pub const fn new(length_m: f64) -> Self {
        Self {
            length_m,
            taken: Vec::new(),
        }
    }

    /// Takes a stretch whatever is there.
    pub fn take(&mut self, from_ms: i64, to_ms: i64, start_m: f64, length_m: f64) {
        self.taken.push(Taken {
            from_ms,
            to_ms,
            start_m,
            end_m: start_m + length_m,
        });
    }

    /// The longest free stretch during a time, with `gap_m` kept to each neighbour, metres.
    #[must_use]
    pub fn room_m(&self, from_ms: i64, to_ms: i64, gap_m: f64) -> f64 {
        self.longest_gap(from_ms, to_ms, gap_m).1
    }

    /// Finds room of `length_m`, with `gap_m` to each neighbour, for the whole time; `where_in_gap` (0..=1) chooses the
    /// place in the longest free gap. Takes it and returns its start.
    pub fn fit(&mut self, from_ms: i64, to_ms: i64, length_m: f64, gap_m: f64, where_in_gap: f64) -> Option<f64> {
        let (start, room) = self.longest_gap(from_ms, to_ms, gap_m);
        if room < length_m {
            return None;
        }
        let start = start + (room - length_m) * where_in_gap.clamp(0.0, 1.0);
        self.take(from_ms, to_ms, start, length_m);
        Some(start)
    }

    /// Start and length of the longest free stretch.
    fn longest_gap(&self, from_ms: i64, to_ms: i64, gap_m: f64) -> (f64, f64) {
        let mut present: Vec<(f64, f64)> = self
            .taken
            .iter()
            .filter(|taken| taken.from_ms < to_ms && from_ms < taken.to_ms)
            .map(|taken| (taken.start_m - gap_m, taken.end_m + gap_m))
            .collect();
        present.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut free_from, mut best) = (0.0_f64, (0.0, 0.0));
        for (start, end) in present.into_iter().chain([(self.length_m, self.length_m)]) {
            if start - free_from > best.1 {
                best = (free_from, start - free_from);
            }
            free_from = free_from.max(end);
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_that_are_there_at_the_same_time_do_not_overlap() {
        let mut quay = Line::new(200.0);
        let first = quay.fit(0, 10, 90.0, 5.0, 0.0).unwrap();
        let second = quay.fit(5, 15, 90.0, 5.0, 1.0).unwrap();
        assert!(second >= first + 95.0, "{first} {second}");
        assert!(quay.fit(5, 8, 90.0, 5.0, 0.5).is_none());
        assert!(quay.fit(15, 20, 190.0, 5.0, 0.5).is_some());
    }
}
