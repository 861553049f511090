//! Zones in local metres: where a site's polygons and tracks lie in the frame of the pixels.
//!
//! Zones come in longitude and latitude; the caller says where those are in local metres. A zone that cannot be used there
//! (a track shorter than a step, a point that does not project) becomes a [`ZoneFault`] and the others go on.

use geo::{BoundingRect, MinimumRotatedRect};
use quaywatch_protocol::contract::site::{Site, Zone, ZoneKind, ZoneShape};
use thiserror::Error;

use super::patch::{Frame, Metres};

/// Shortest track that can be straightened, metres: two pixels of the coarsest sensor used for rail.
pub const TRACK_LENGTH_MIN_M: f64 = 20.0;
/// Longest extent of one zone, metres: a site is a port, not a country.
pub const ZONE_EXTENT_MAX_M: f64 = 50_000.0;

/// A zone in local metres.
#[derive(Clone, Debug)]
pub struct LocalZone {
    /// Zone id.
    pub id: String,
    /// What it is for.
    pub kind: ZoneKind,
    /// Track id within a yard; empty otherwise.
    pub track: String,
    /// Where it is.
    pub shape: LocalShape,
    /// Direction of the quay line, degrees clockwise from north, 0..180: the site's, or that of the area's long side.
    pub bearing_deg: Option<f64>,
}

/// A shape in local metres.
#[derive(Clone, Debug)]
pub enum LocalShape {
    /// An area.
    Area(geo::Polygon<f64>),
    /// The centre line of a track.
    Track(Vec<Metres>),
}

/// Why a zone was left out of a look.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("zone `{zone}`: {problem}")]
pub struct ZoneFault {
    /// The zone, with its track.
    pub zone: String,
    /// What was wrong and what was expected.
    pub problem: String,
}

/// The zones of a site in local metres, and those that could not be placed. `place` maps longitude and latitude to local metres.
pub fn localise(site: &Site, place: impl Fn(f64, f64) -> Option<Metres>) -> (Vec<LocalZone>, Vec<ZoneFault>) {
    let mut zones = Vec::with_capacity(site.zones.len());
    let mut faults = Vec::new();
    for zone in &site.zones {
        match localise_one(zone, &place) {
            Ok(local) => zones.push(local),
            Err(problem) => faults.push(ZoneFault {
                zone: full_name(&zone.id, &zone.track),
                problem,
            }),
        }
    }
    (zones, faults)
}

/// Zone id, with the track after a slash where there is one.
#[must_use]
pub fn full_name(id: &str, track: &str) -> String {
    if track.is_empty() {
        id.to_owned()
    } else {
        format!("{id}/{track}")
    }
}

fn localise_one(zone: &Zone, place: &impl Fn(f64, f64) -> Option<Metres>) -> Result<LocalZone, String> {
    let place_all = |line: &geo::LineString<f64>| -> Result<Vec<Metres>, String> {
        line.0
            .iter()
            .map(|at| {
                place(at.x, at.y)
                    .filter(|local| local.iter().all(|metres| metres.is_finite()))
                    .ok_or_else(|| format!("the point [{}, {}] does not project into the scene's grid", at.x, at.y))
            })
            .collect()
    };
    let ring = |line: &geo::LineString<f64>| -> Result<geo::LineString<f64>, String> {
        Ok(place_all(line)?
            .into_iter()
            .map(|at| geo::coord! { x: at[0], y: at[1] })
            .collect())
    };
    let shape = match &zone.shape {
        ZoneShape::Area(area) => {
            let holes = area.interiors().iter().map(ring).collect::<Result<Vec<_>, _>>()?;
            LocalShape::Area(geo::Polygon::new(ring(area.exterior())?, holes))
        }
        ZoneShape::Track(line) => {
            let mut points = place_all(line)?;
            points.dedup();
            let length_m = path_length_m(&points);
            if points.len() < 2 || length_m < TRACK_LENGTH_MIN_M {
                return Err(format!(
                    "the track is {length_m:.0} m long with {} distinct points: expected a line of at least {TRACK_LENGTH_MIN_M} m",
                    points.len()
                ));
            }
            LocalShape::Track(points)
        }
    };
    let local = LocalZone {
        id: zone.id.clone(),
        kind: zone.kind,
        track: zone.track.clone(),
        bearing_deg: zone.bearing_deg.or_else(|| long_side_bearing(&shape)),
        shape,
    };
    let bounds = local.bounds();
    let extent_m = (bounds.max[0] - bounds.min[0]).max(bounds.max[1] - bounds.min[1]);
    if extent_m > ZONE_EXTENT_MAX_M {
        return Err(format!(
            "is {extent_m:.0} m across: expected at most {ZONE_EXTENT_MAX_M} m"
        ));
    }
    Ok(local)
}

/// A box in local metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// West and south ends.
    pub min: Metres,
    /// East and north ends.
    pub max: Metres,
}

impl Bounds {
    /// The box, `margin_m` wider on each side.
    #[must_use]
    pub fn grown(self, margin_m: f64) -> Self {
        Self {
            min: self.min.map(|metres| metres - margin_m),
            max: self.max.map(|metres| metres + margin_m),
        }
    }

    /// The box of pixels `[left, top, right, bottom]` that covers it in `frame`, not clipped.
    #[must_use]
    pub fn in_pixels(&self, frame: &Frame) -> [f64; 4] {
        let corners = [
            self.min,
            self.max,
            [self.min[0], self.max[1]],
            [self.max[0], self.min[1]],
        ]
        .map(|corner| frame.to_px(corner));
        let mut pixels = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        for [x, y] in corners {
            pixels = [pixels[0].min(x), pixels[1].min(y), pixels[2].max(x), pixels[3].max(y)];
        }
        pixels
    }
}

impl LocalZone {
    /// Zone id, with the track after a slash where there is one.
    #[must_use]
    pub fn full_name(&self) -> String {
        full_name(&self.id, &self.track)
    }

    /// The area; `None` for a track.
    #[must_use]
    pub const fn area(&self) -> Option<&geo::Polygon<f64>> {
        match &self.shape {
            LocalShape::Area(area) => Some(area),
            LocalShape::Track(_) => None,
        }
    }

    /// The centre line; `None` for an area.
    #[must_use]
    pub fn path(&self) -> Option<&[Metres]> {
        match &self.shape {
            LocalShape::Area(_) => None,
            LocalShape::Track(points) => Some(points),
        }
    }

    /// Bounding box.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let rect = match &self.shape {
            LocalShape::Area(area) => area.bounding_rect(),
            LocalShape::Track(points) => {
                let line: geo::LineString<f64> = points.iter().map(|at| geo::coord! { x: at[0], y: at[1] }).collect();
                line.bounding_rect()
            }
        };
        rect.map_or(
            Bounds {
                min: [0.0; 2],
                max: [0.0; 2],
            },
            |rect| Bounds {
                min: [rect.min().x, rect.min().y],
                max: [rect.max().x, rect.max().y],
            },
        )
    }
}

/// Length of a path, metres.
#[must_use]
pub fn path_length_m(points: &[Metres]) -> f64 {
    points
        .windows(2)
        .map(|pair| match pair {
            [a, b] => (b[0] - a[0]).hypot(b[1] - a[1]),
            _ => 0.0,
        })
        .sum()
}

/// Direction of the long side of an area's smallest rectangle, degrees clockwise from north, 0..180.
fn long_side_bearing(shape: &LocalShape) -> Option<f64> {
    let LocalShape::Area(area) = shape else { return None };
    let rectangle = area.minimum_rotated_rect()?;
    let longest = rectangle.exterior().lines().max_by(|a, b| {
        let length = |line: &geo::Line<f64>| line.dx().hypot(line.dy());
        length(a).total_cmp(&length(b))
    })?;
    Some(axis_deg([longest.dx(), longest.dy()]))
}

/// Axis of a vector (east, north), degrees clockwise from north, 0..180.
#[must_use]
pub fn axis_deg(vector: Metres) -> f64 {
    vector[0].atan2(vector[1]).to_degrees().rem_euclid(180.0)
}

/// Angle between two axes, degrees, 0..=90.
#[must_use]
pub fn axes_apart_deg(a_deg: f64, b_deg: f64) -> f64 {
    let apart = (a_deg - b_deg).rem_euclid(180.0);
    apart.min(180.0 - apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(features: &str) -> Site {
        Site::from_geojson(&format!(
            r#"{{"type":"FeatureCollection","site":"s","name":"S","features":[{features}]}}"#
        ))
        .unwrap()
    }

    #[test]
    fn a_track_of_one_place_is_a_fault_and_the_others_go_on() {
        let site = site(
            r#"{"type":"Feature","properties":{"zone":"yard","kind":"rail_track","track":"t1"},
                "geometry":{"type":"LineString","coordinates":[[0,0],[0,0]]}},
               {"type":"Feature","properties":{"zone":"pier","kind":"berth"},
                "geometry":{"type":"Polygon","coordinates":[[[0,0],[0.01,0],[0.01,0.001],[0,0.001],[0,0]]]}}"#,
        );
        let (zones, faults) = localise(&site, |lon, lat| Some([lon * 111_000.0, lat * 111_000.0]));
        assert_eq!(zones.len(), 1);
        assert_eq!(zones[0].bearing_deg.map(f64::round), Some(90.0));
        assert!(faults[0].to_string().contains("yard/t1"), "{}", faults[0]);
    }

    #[test]
    fn axes_are_compared_without_direction() {
        assert!((axes_apart_deg(179.0, 2.0) - 3.0).abs() < 1e-9);
        assert!((axes_apart_deg(10.0, 100.0) - 90.0).abs() < 1e-9);
        assert!((axis_deg([-1.0, -1.0]) - 45.0).abs() < 1e-9);
    }
}
