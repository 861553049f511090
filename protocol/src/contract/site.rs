//! A watched site and its zones, from GeoJSON.
//!
//! One FeatureCollection a site: top-level `site` (id) and `name`; each feature a zone with `properties.zone` (id),
//! `properties.kind`, a Polygon (for `rail_track` a LineString), and optionally `bearing_deg`, `capacity_cars`, `side`,
//! `track`. Reading ([`read`]) collects every fault of a file before it answers, each with the zone and the field.

mod read;

use geo::{BoundingRect, Centroid, Geometry, LineString, Point, Polygon};
use thiserror::Error;

/// What a zone is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneKind {
    /// A quay or pier side where ships lie.
    Berth,
    /// A berth where oil is loaded or discharged.
    OilBerth,
    /// Where ships wait.
    Anchorage,
    /// Where containers and goods stand near a berth.
    Apron,
    /// A railway track.
    RailTrack,
    /// A depot: stacks, revetments.
    Storage,
    /// Where aircraft park.
    Airfield,
}

impl ZoneKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Berth,
        Self::OilBerth,
        Self::Anchorage,
        Self::Apron,
        Self::RailTrack,
        Self::Storage,
        Self::Airfield,
    ];

    /// The name in GeoJSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Berth => "berth",
            Self::OilBerth => "oil_berth",
            Self::Anchorage => "anchorage",
            Self::Apron => "apron",
            Self::RailTrack => "rail_track",
            Self::Storage => "storage",
            Self::Airfield => "airfield",
        }
    }

    /// True where vessels lie alongside: calls happen here.
    #[must_use]
    pub const fn is_berth(self) -> bool {
        matches!(self, Self::Berth | Self::OilBerth)
    }
}

/// Where a zone is, in longitude and latitude (degrees, WGS 84; x is longitude).
#[derive(Clone, Debug, PartialEq)]
pub enum ZoneShape {
    /// An area.
    Area(Polygon<f64>),
    /// The centre line of a track.
    Track(LineString<f64>),
}

/// One zone of a site.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Id, unique within the site (several tracks may share a yard's id and differ in `track`).
    pub id: String,
    /// What it is for.
    pub kind: ZoneKind,
    /// Track id within a yard; empty when the zone has one track or none.
    pub track: String,
    /// Where it is.
    pub shape: ZoneShape,
    /// Direction of the quay line, degrees clockwise from north, 0..180.
    pub bearing_deg: Option<f64>,
    /// Cars a track holds.
    pub capacity_cars: Option<u32>,
    /// Which side of a pier, free text (`inner`, `outer`).
    pub side: Option<String>,
}

/// A watched place.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Id, unique among sites.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Its zones, in the order of the file.
    pub zones: Vec<Zone>,
}

/// One fault of a site file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct SiteFault {
    /// The field, with the feature's number and zone id.
    pub place: String,
    /// What was wrong and what was expected.
    pub problem: String,
}

impl Site {
    /// Reads one site from GeoJSON text.
    ///
    /// # Errors
    /// Every fault found, not only the first.
    pub fn from_geojson(text: &str) -> Result<Self, Vec<SiteFault>> {
        read::read(text)
    }

    /// The zone with this id (the first, where several tracks share it).
    #[must_use]
    pub fn zone(&self, id: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.id == id)
    }

    /// Middle of the zones' bounding box: longitude and latitude in degrees.
    #[must_use]
    pub fn centre(&self) -> Point<f64> {
        let all: geo::GeometryCollection<f64> = self.zones.iter().map(|zone| zone.shape.geometry()).collect();
        all.bounding_rect()
            .map(|bounds| Point(bounds.center()))
            .unwrap_or_default()
    }
}

impl ZoneShape {
    /// The shape as a geometry of the `geo` crate.
    #[must_use]
    pub fn geometry(&self) -> Geometry<f64> {
        match self {
            Self::Area(area) => Geometry::Polygon(area.clone()),
            Self::Track(line) => Geometry::LineString(line.clone()),
        }
    }

    /// Centre, longitude and latitude in degrees.
    #[must_use]
    pub fn centroid(&self) -> Point<f64> {
        match self {
            Self::Area(area) => area.centroid(),
            Self::Track(line) => line.centroid(),
        }
        .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
