//! A look as JSON: one line of a JSON Lines file, the form that other people's scripts read and write.
//!
//! The binary form on the wire ([`crate::look`]) carries the same content; [`super::convert`] goes between the two. Unknown
//! fields are ignored, so that a newer writer does not stop an older reader. A zone that is listed with nothing in it was
//! looked at and empty; a zone that is not listed was not looked at.

use serde::{Deserialize, Serialize};

use super::time::UnixMs;

/// Everything one scene says about one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Station that made the look.
    pub station: String,
    /// Spool generation of the station; absent in hand-written files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    /// Position in the epoch, from 1, without gaps; absent in hand-written files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Scene identifier, unique within a station.
    pub scene: String,
    /// Site the look is about.
    pub site: String,
    /// When the scene was acquired.
    pub acquired_at: UnixMs,
    /// When central received the look (or the station finished it, in files); absent: taken as `acquired_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<UnixMs>,
    /// What took the scene.
    pub sensor: Sensor,
    /// Zones that were looked at.
    #[serde(default)]
    pub zones: Vec<ZoneSeen>,
    /// Vessels found.
    #[serde(default)]
    pub vessels: Vec<Vessel>,
    /// Rolling stock, one entry a track.
    #[serde(default)]
    pub rail: Vec<RailSeen>,
    /// Containers and other stacks, one entry a zone.
    #[serde(default)]
    pub stacks: Vec<StackSeen>,
    /// Aircraft, one entry an airfield zone.
    #[serde(default)]
    pub aircraft: Vec<AircraftSeen>,
}

impl Look {
    /// When central may first have known of this look.
    #[must_use]
    pub fn known_at(&self) -> UnixMs {
        self.received_at.unwrap_or(self.acquired_at)
    }
}

/// What took a scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensor {
    /// Name, like `PlanetScope` or `Sentinel-2`.
    pub name: String,
    /// Optical or radar.
    pub kind: SensorKind,
    /// Ground sample distance in metres.
    pub gsd_m: f64,
}

/// Kind of sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SensorKind {
    /// Sunlight reflected: clouds and night hide the ground.
    Optical,
    /// Synthetic-aperture radar: sees through cloud.
    Sar,
}

/// How much of a zone a scene showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ZoneSeen {
    /// Zone id.
    pub zone: String,
    /// Share of the zone seen clearly, 0..=1.
    pub visible: f64,
    /// What hid the rest, as shares of the zone; absent when the station does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Hidden>,
}

/// What hid parts of a zone, as shares of the zone, 0..=1 each.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Hidden {
    /// Cloud.
    pub cloud: f64,
    /// Cloud shadow.
    pub shadow: f64,
    /// Haze too thick to see through.
    pub haze: f64,
    /// Sun glint.
    pub glint: f64,
    /// No data, or outside the scene.
    pub nodata: f64,
}

/// A vessel in a look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vessel {
    /// Zone it lies in; null for a vessel near the site but in no zone.
    #[serde(default)]
    pub zone: Option<String>,
    /// Latitude of the hull's centre, degrees, WGS 84.
    pub lat: f64,
    /// Longitude of the hull's centre, degrees, WGS 84.
    pub lon: f64,
    /// Standard error of the position, metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position_sd_m: Option<f64>,
    /// Length over all, metres.
    pub length_m: f64,
    /// Standard error of the length, metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_sd_m: Option<f64>,
    /// Beam, metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beam_m: Option<f64>,
    /// Standard error of the beam, metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beam_sd_m: Option<f64>,
    /// Axis of the hull, degrees clockwise from north, 0..180.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading_deg: Option<f64>,
    /// Standard error of the axis, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading_sd_deg: Option<f64>,
    /// Probability that this is a vessel, 0..=1.
    pub confidence: f64,
    /// What kind of vessel.
    #[serde(default)]
    pub class: VesselClass,
    /// What radio said.
    #[serde(default)]
    pub ais: Ais,
    /// Identity by radio, with [`Ais::Matched`].
    #[serde(default)]
    pub mmsi: Option<u32>,
    /// What radio and image disagree about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ais_flags: Vec<AisFlag>,
}

/// Kind of vessel; an unknown name reads as [`VesselClass::Vessel`], so that nothing is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", from = "String")]
pub enum VesselClass {
    /// Nothing better is known.
    #[default]
    Vessel,
    /// Dry cargo, general.
    Cargo,
    /// Container ship.
    Container,
    /// Bulk carrier.
    Bulk,
    /// Tanker.
    Tanker,
    /// Passenger ship or ferry.
    Passenger,
    /// Fishing vessel.
    Fishing,
    /// Tug, pilot, other service craft.
    Service,
    /// Naval vessel.
    Naval,
    /// Small boat.
    Boat,
}

impl VesselClass {
    /// All classes, in wire order.
    pub const ALL: [Self; 10] = [
        Self::Vessel,
        Self::Cargo,
        Self::Container,
        Self::Bulk,
        Self::Tanker,
        Self::Passenger,
        Self::Fishing,
        Self::Service,
        Self::Naval,
        Self::Boat,
    ];

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vessel => "vessel",
            Self::Cargo => "cargo",
            Self::Container => "container",
            Self::Bulk => "bulk",
            Self::Tanker => "tanker",
            Self::Passenger => "passenger",
            Self::Fishing => "fishing",
            Self::Service => "service",
            Self::Naval => "naval",
            Self::Boat => "boat",
        }
    }
}

impl From<String> for VesselClass {
    fn from(name: String) -> Self {
        match name.as_str() {
            "ferry" => Self::Passenger,
            "tug" | "pilot" => Self::Service,
            other => Self::ALL
                .into_iter()
                .find(|class| class.name() == other)
                .unwrap_or_default(),
        }
    }
}

/// What radio said about a vessel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ais {
    /// Nobody could have heard it: no claim.
    #[default]
    Uncovered,
    /// Reception at that place and time is proven, and nothing there matches.
    Dark,
    /// A transmission matches; the identity is in `mmsi`.
    Matched,
}

/// A disagreement between radio and image, or within the radio track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AisFlag {
    /// The announced type does not fit what was seen.
    TypeMismatch,
    /// The announced length does not fit what was measured.
    LengthMismatch,
    /// The announced position is far from the hull.
    PositionMismatch,
    /// The track jumps or moves faster than a ship can.
    ImpossibleTrack,
}

/// Rolling stock on one track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RailSeen {
    /// Zone id.
    pub zone: String,
    /// Track within the zone.
    #[serde(default)]
    pub track: String,
    /// Metres of the track with rolling stock on them.
    pub occupied_m: f64,
    /// Standard error of the occupied metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupied_sd_m: Option<f64>,
    /// Metres of the track that were visible.
    pub length_m: f64,
    /// Estimated number of cars.
    #[serde(default)]
    pub cars: u32,
    /// Standard error of the number of cars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cars_sd: Option<f64>,
    /// Cars by kind, where the resolution allows; the rest is unknown.
    #[serde(default, skip_serializing_if = "CarMix::is_unknown")]
    pub mix: CarMix,
}

/// Cars by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CarMix {
    /// Tank cars.
    pub tank: u32,
    /// Box cars.
    #[serde(rename = "box")]
    pub boxcar: u32,
    /// Flat, ore and other open cars.
    pub open: u32,
    /// Locomotives.
    pub locomotive: u32,
}

impl CarMix {
    /// True when no kind is known of any car.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// Stacks in one zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackSeen {
    /// Zone id.
    pub zone: String,
    /// Ground covered, square metres.
    pub area_m2: f64,
    /// Standard error of the area, square metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_sd_m2: Option<f64>,
    /// Longest straight row, metres.
    #[serde(default)]
    pub row_m: f64,
}

/// Aircraft on one airfield zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AircraftSeen {
    /// Zone id.
    pub zone: String,
    /// How many stand there.
    pub count: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = r#"{"station":"gs-vlad-1","epoch":1,"seq":42,"scene":"20240313_013000_ps","site":"vostochny",
 "acquired_at":"2024-03-13T01:30:00Z","received_at":"2024-03-13T01:37:10Z",
 "sensor":{"name":"PlanetScope","kind":"optical","gsd_m":3.0},
 "zones":[{"zone":"oil-berth","visible":0.97},{"zone":"pier-1","visible":1.0},{"zone":"yard","visible":0.9}],
 "vessels":[{"zone":"oil-berth","lat":42.7461,"lon":133.0792,"length_m":96.0,"length_sd_m":6.0,"beam_m":15.0,
             "heading_deg":41.0,"confidence":0.93,"class":"tanker","ais":"dark","mmsi":null}],
 "rail":[{"zone":"yard","track":"t1","occupied_m":520.0,"length_m":900.0,"cars":37}],
 "stacks":[{"zone":"apron","area_m2":2400.0,"row_m":100.0}],
 "aircraft":[]}"#;

    #[test]
    fn the_contracts_example_reads_and_survives_a_round_trip() {
        let look: Look = serde_json::from_str(CONTRACT).unwrap();
        assert_eq!(look.vessels[0].class, VesselClass::Tanker);
        assert_eq!(look.known_at(), UnixMs::parse("2024-03-13T01:37:10Z").unwrap());
        let again: Look = serde_json::from_str(&serde_json::to_string(&look).unwrap()).unwrap();
        assert_eq!(again, look);
    }

    #[test]
    fn a_class_that_is_not_known_reads_as_vessel() {
        let class: VesselClass = serde_json::from_str("\"submarine\"").unwrap();
        assert_eq!(class, VesselClass::Vessel);
    }

    #[test]
    fn unknown_fields_are_ignored_and_missing_lists_are_empty() {
        let text = r#"{"station":"s","scene":"x","site":"y","acquired_at":"2024-01-01T00:00:00Z","colour":"blue",
            "sensor":{"name":"n","kind":"sar","gsd_m":10}}"#;
        let look: Look = serde_json::from_str(text).unwrap();
        assert!(look.vessels.is_empty() && look.zones.is_empty() && look.seq.is_none());
    }
}
