//! Reading a site file: every field, every shape, and what zones must not share.

use geo::{Geometry, Validation};
use serde_json::{Map, Value};

use super::{Site, SiteFault, Zone, ZoneKind, ZoneShape};
use crate::{ids::zone_tag, limits};

/// The site of a text, or every fault found.
pub(super) fn read(text: &str) -> Result<Site, Vec<SiteFault>> {
    let mut faults = Faults::default();
    let site = read_site(text, &mut faults);
    match site {
        Some(site) if faults.0.is_empty() => Ok(site),
        _ => Err(faults.0),
    }
}

#[derive(Default)]
struct Faults(Vec<SiteFault>);

impl Faults {
    fn add(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.0.push(SiteFault {
            place: place.into(),
            problem: problem.into(),
        });
    }
}

fn read_site(text: &str, faults: &mut Faults) -> Option<Site> {
    if text.len() > limits::SITE_FILE_BYTES_MAX {
        faults.add("file", format!("is larger than {} bytes", limits::SITE_FILE_BYTES_MAX));
        return None;
    }
    let root: Value = match serde_json::from_str(text) {
        Ok(root) => root,
        Err(error) => {
            faults.add(format!("line {}", error.line()), format!("is not JSON: {error}"));
            return None;
        }
    };
    let id = root.get("site").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !limits::is_name(&id, limits::SITE_ID_BYTES_MAX) {
        faults.add("`site`", name_problem(&id, limits::SITE_ID_BYTES_MAX));
    }
    let name = root.get("name").and_then(Value::as_str).unwrap_or(&id).to_owned();
    if root.get("type").and_then(Value::as_str) != Some("FeatureCollection") {
        faults.add(
            "`type`",
            "must be \"FeatureCollection\": one collection a site, one feature a zone",
        );
    }
    let Some(features) = root.get("features").and_then(Value::as_array) else {
        faults.add("`features`", "is missing: expected a list with one feature a zone");
        return None;
    };
    if features.is_empty() || features.len() > limits::ZONES_PER_SITE_MAX {
        faults.add(
            "`features`",
            format!(
                "has {} zones: expected 1 to {}",
                features.len(),
                limits::ZONES_PER_SITE_MAX
            ),
        );
    }
    let mut zones: Vec<Zone> = Vec::new();
    for (index, feature) in features.iter().enumerate().take(limits::ZONES_PER_SITE_MAX) {
        if let Some(zone) = read_zone(index, feature, faults) {
            check_against(&zones, &zone, index, faults);
            zones.push(zone);
        }
    }
    Some(Site { id, name, zones })
}

fn check_against(zones: &[Zone], zone: &Zone, index: usize, faults: &mut Faults) {
    for other in zones {
        let place = || format!("feature {index} (zone `{}`)", zone.id);
        if other.id == zone.id {
            let both_tracks = other.kind == ZoneKind::RailTrack && zone.kind == ZoneKind::RailTrack;
            if !both_tracks || other.track == zone.track {
                faults.add(
                    place(),
                    "the same zone and track id stands twice: ids are unique within a site",
                );
            }
        } else if zone_tag(&other.id) == zone_tag(&zone.id) {
            faults.add(
                place(),
                format!(
                    "has the same short tag on the wire as `{}`: rename one of the two",
                    other.id
                ),
            );
        }
    }
}

fn read_zone(index: usize, feature: &Value, faults: &mut Faults) -> Option<Zone> {
    let none = Map::new();
    let properties = feature.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let id = properties
        .get("zone")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let place = |field: &str| {
        if id.is_empty() {
            format!("feature {index} {field}")
        } else {
            format!("feature {index} (zone `{id}`) {field}")
        }
    };
    let before = faults.0.len();
    if !limits::is_name(&id, limits::ZONE_ID_BYTES_MAX) {
        faults.add(place("`properties.zone`"), name_problem(&id, limits::ZONE_ID_BYTES_MAX));
    }
    let kind_name = properties.get("kind").and_then(Value::as_str).unwrap_or_default();
    let kind = ZoneKind::ALL.into_iter().find(|kind| kind.name() == kind_name);
    if kind.is_none() {
        let known: Vec<_> = ZoneKind::ALL.iter().map(|kind| kind.name()).collect();
        faults.add(
            place("`properties.kind`"),
            format!("is `{kind_name}`: expected one of {}", known.join(", ")),
        );
    }
    let bearing_deg = number(properties, "bearing_deg", 0.0..=360.0, &place, faults).map(|deg| deg % 180.0);
    let capacity_cars = number(properties, "capacity_cars", 1.0..=100_000.0, &place, faults).map(|cars| cars as u32);
    let shape = kind.and_then(|kind| read_shape(kind, feature, &place, faults));
    let text = |key: &str| properties.get(key).and_then(Value::as_str).map(str::to_owned);
    if faults.0.len() > before {
        return None;
    }
    Some(Zone {
        id: id.clone(),
        kind: kind?,
        track: text("track").unwrap_or_default(),
        shape: shape?,
        bearing_deg,
        capacity_cars,
        side: text("side"),
    })
}

fn read_shape(
    kind: ZoneKind,
    feature: &Value,
    place: &impl Fn(&str) -> String,
    faults: &mut Faults,
) -> Option<ZoneShape> {
    let field = "`geometry`";
    let geometry = feature.get("geometry").cloned().unwrap_or(Value::Null);
    if geometry.get("coordinates").is_some_and(has_short_position) {
        faults.add(
            place("`geometry.coordinates`"),
            "has a position of fewer than two numbers: expected longitude and latitude",
        );
        return None;
    }
    let geometry = serde_json::from_value::<geojson::Geometry>(geometry)
        .map_err(|error| error.to_string())
        .and_then(|geometry| geo::Geometry::<f64>::try_from(geometry).map_err(|error| error.to_string()))
        .map_err(|error| faults.add(place(field), format!("is not a GeoJSON geometry: {error}")))
        .ok()?;
    let shape = match (kind, geometry) {
        (ZoneKind::RailTrack, Geometry::LineString(line)) => ZoneShape::Track(line),
        (ZoneKind::RailTrack, _) => {
            faults.add(place(field), "must be a LineString along the track's centre line");
            return None;
        }
        (_, Geometry::Polygon(area)) => ZoneShape::Area(area),
        _ => {
            faults.add(
                place(field),
                format!("must be a Polygon for the kind `{}`", kind.name()),
            );
            return None;
        }
    };
    check_shape(&shape, place, faults);
    Some(shape)
}

/// True when a list that holds no lists has fewer than two members: the conversion of the library takes the first two without asking.
fn has_short_position(coordinates: &Value) -> bool {
    let Value::Array(members) = coordinates else {
        return false;
    };
    if members.iter().any(Value::is_array) {
        members.iter().any(has_short_position)
    } else {
        members.len() < 2
    }
}

fn check_shape(shape: &ZoneShape, place: &impl Fn(&str) -> String, faults: &mut Faults) {
    use geo::CoordsIter;
    let field = "`geometry.coordinates`";
    let geometry = shape.geometry();
    if geometry.coords_count() > limits::ZONE_VERTICES_MAX {
        faults.add(
            place(field),
            format!("have more than {} points", limits::ZONE_VERTICES_MAX),
        );
        return;
    }
    if let Some(bad) = geometry
        .coords_iter()
        .find(|at| !(-180.0..=180.0).contains(&at.x) || !(-90.0..=90.0).contains(&at.y))
    {
        faults.add(
            place(field),
            format!(
                "hold [{}, {}]: expected longitude -180..180, latitude -90..90, in degrees",
                bad.x, bad.y
            ),
        );
        return;
    }
    match shape {
        ZoneShape::Track(line) if line.0.len() < 2 => {
            faults.add(place(field), "need at least two points: a track is a line");
        }
        ZoneShape::Track(_) => {}
        ZoneShape::Area(area) => {
            for problem in area.validation_errors() {
                faults.add(place(field), format!("do not make a simple polygon: {problem}"));
            }
        }
    }
}

fn number(
    properties: &Map<String, Value>,
    key: &str,
    range: std::ops::RangeInclusive<f64>,
    place: &impl Fn(&str) -> String,
    faults: &mut Faults,
) -> Option<f64> {
    let value = properties.get(key).filter(|value| !value.is_null())?;
    let number = value.as_f64().filter(|number| range.contains(number));
    if number.is_none() {
        let (low, high) = (range.start(), range.end());
        faults.add(
            place(&format!("`properties.{key}`")),
            format!("is {value}: expected a number from {low} to {high}"),
        );
    }
    number
}

fn name_problem(name: &str, bytes_max: usize) -> String {
    format!("is `{name}`: expected 1 to {bytes_max} characters of a-z, A-Z, 0-9, `-`, `_`, `.`")
}
