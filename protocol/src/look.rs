//! A look on the wire: everything one scene says about one site, in a few hundred bytes.
//!
//! Positions are offsets of 1e-7 degree from an origin that the look carries in hundredths of a degree, so that a look can
//! be read without the site's file; zones are two-byte tags ([`crate::ids::zone_tag`]), and everything found names its zone by
//! position in the look's own list of zones. Lengths are in decimetres, shares and confidences in steps named at the field.

use heapless::Vec;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{SceneId, SensorName, SiteId},
    limits,
    packed::{I24, Ms48, U16},
};

/// Zone number of a vessel in no zone.
pub const NO_ZONE: u8 = 63;
/// Steps of [`ZoneSeen::visible`]: half percents.
pub const VISIBLE_STEPS: u8 = 200;

/// Everything one scene says about one site. The receive time is central's to write, so it does not travel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Scene id, unique within the station.
    pub scene: SceneId,
    /// Site id.
    pub site: SiteId,
    /// When the scene was acquired.
    pub acquired_at: Ms48,
    /// What took it.
    pub sensor: Sensor,
    /// Ground sample distance, decimetres.
    pub gsd_dm: U16,
    /// Zones looked at; others refer to them by position.
    pub zones: Vec<ZoneSeen, { limits::ZONES_PER_SITE_MAX }>,
    /// What hid parts of zones; zones wholly visible have none.
    pub hidden: Vec<Hidden, { limits::ZONES_PER_SITE_MAX }>,
    /// Origin of positions.
    pub origin: Origin,
    /// Vessels found.
    pub vessels: Vec<Vessel, { limits::VESSELS_PER_LOOK_MAX }>,
    /// What radio said of some of the vessels.
    pub radio: Vec<Radio, { limits::VESSELS_PER_LOOK_MAX }>,
    /// Vessels beyond the limit that were left out, least sure first.
    pub vessels_left_out: u16,
    /// Rolling stock.
    pub rail: Vec<RailSeen, { limits::TRACKS_PER_LOOK_MAX }>,
    /// Stacks.
    pub stacks: Vec<StackSeen, { limits::STACKS_PER_LOOK_MAX }>,
    /// Aircraft.
    pub aircraft: Vec<AircraftSeen, { limits::AIRFIELDS_PER_LOOK_MAX }>,
}

/// What took the scene. Codes are added at the end and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sensor {
    /// Another optical sensor.
    Optical(SensorName),
    /// Another radar.
    Sar(SensorName),
    /// PlanetScope, optical, about 3 m.
    PlanetScope,
    /// SkySat, optical, about 0.5 m.
    SkySat,
    /// Sentinel-2, optical, 10 m.
    Sentinel2,
    /// Sentinel-1, radar, 10 m.
    Sentinel1,
    /// RapidEye, optical, 5 m.
    RapidEye,
    /// Landsat, optical, 15 or 30 m.
    Landsat,
}

/// A zone that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneSeen {
    /// Tag of the zone's id.
    pub tag: U16,
    /// Share seen clearly, in half percents (0..=[`VISIBLE_STEPS`]).
    pub visible: u8,
}

/// What hid parts of a zone, in half percents of the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    /// Position in [`Look::zones`].
    pub zone: u8,
    /// Cloud.
    pub cloud: u8,
    /// Cloud shadow.
    pub shadow: u8,
    /// Haze.
    pub haze: u8,
    /// Sun glint.
    pub glint: u8,
    /// No data or off scene.
    pub nodata: u8,
}

/// Origin of the positions in a look, in hundredths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// Latitude in hundredths of a degree, as a signed 16-bit number.
    pub lat_cdeg: U16,
    /// Longitude in hundredths of a degree, as a signed 16-bit number.
    pub lon_cdeg: U16,
}

/// A vessel: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vessel {
    /// Zone and confidence: see [`ZoneConfidence`].
    pub zone_confidence: ZoneConfidence,
    /// Latitude from the origin, 1e-7 degree.
    pub lat_e7: I24,
    /// Longitude from the origin, 1e-7 degree.
    pub lon_e7: I24,
    /// Length, decimetres.
    pub length_dm: U16,
    /// Beam, decimetres; 0 when not known.
    pub beam_dm: U16,
    /// Axis, in steps of 180/256 degree clockwise from north.
    pub axis: u8,
    /// Standard errors of length (low half) and beam (high half), metres: [`crate::packed::SdCode`].
    pub size_sd: u8,
    /// Standard errors of position in metres (low half) and axis in degrees (high half; 15: the axis is not known).
    pub place_sd: u8,
    /// Class code (low half, position in `VesselClass::ALL`) and radio state (high half: 0 uncovered, 1 dark, 2 matched).
    pub class_ais: u8,
}

/// Where a vessel lies and how sure it is, in two bytes: the low ten bits are the probability that this is a vessel, in permille;
/// the high six bits are its position in [`Look::zones`], or [`NO_ZONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneConfidence(U16);

impl ZoneConfidence {
    /// Packs; what is above its range is taken as the largest value.
    #[must_use]
    pub fn new(zone: u8, confidence_permille: u16) -> Self {
        Self(U16::new(
            (u16::from(zone.min(NO_ZONE)) << 10) | confidence_permille.min(1000),
        ))
    }

    /// Position in [`Look::zones`], or [`NO_ZONE`].
    #[must_use]
    pub const fn zone(self) -> u8 {
        (self.0.get() >> 10) as u8
    }

    /// Probability that this is a vessel, permille.
    #[must_use]
    pub const fn confidence_permille(self) -> u16 {
        self.0.get() & 0x03ff
    }
}

/// What radio said of one vessel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Radio {
    /// Position in [`Look::vessels`].
    pub vessel: u8,
    /// Identity, or 0.
    pub mmsi: u32,
    /// Disagreements, one bit each: type, length, position, impossible track.
    pub flags: u8,
}

/// Rolling stock on one track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RailSeen {
    /// Position in [`Look::zones`].
    pub zone: u8,
    /// Tag of the track's id.
    pub track_tag: U16,
    /// Occupied, decimetres.
    pub occupied_dm: u32,
    /// Standard error of the occupied length in metres and of the cars, four bits each.
    pub sd: u8,
    /// Visible, decimetres.
    pub length_dm: u32,
    /// Cars.
    pub cars: u16,
    /// Tank, box, open cars, locomotives among them.
    pub mix: [u16; 4],
}

/// Stacks in one zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackSeen {
    /// Position in [`Look::zones`].
    pub zone: u8,
    /// Ground covered, tenths of a square metre.
    pub area_tenth_m2: u32,
    /// Standard error of the area, square metres.
    pub area_sd_m2: u16,
    /// Longest row, decimetres.
    pub row_dm: u16,
}

/// Aircraft in one zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AircraftSeen {
    /// Position in [`Look::zones`].
    pub zone: u8,
    /// How many.
    pub count: u16,
}
