//! Between a look as JSON ([`super::look`]) and a look on the wire ([`crate::look`]).
//!
//! Going out, numbers are rounded to the wire's steps, and vessels beyond the limit are left out, least sure first, and
//! counted. Coming in, zone and track tags are looked up in the site; a tag that the site does not have keeps its place under
//! the name `?xxxx`, so that nothing is lost while site files differ.

use heapless::Vec as Bounded;
use thiserror::Error;

use super::{
    look::{AircraftSeen, Ais, AisFlag, CarMix, Hidden, Look, RailSeen, Sensor, SensorKind, StackSeen, Vessel},
    look::{VesselClass, ZoneSeen},
    site::Site,
    time::UnixMs,
};
use crate::{
    ids::{EventId, SceneId, SensorName, SiteId, zone_tag},
    look as wire,
    packed::{I24, Ms48, SdCode, U16},
};

/// Why a look cannot travel.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("look of scene `{scene}`: `{field}` {problem}")]
pub struct ConvertError {
    /// Scene of the look.
    pub scene: String,
    /// Field of the JSON form.
    pub field: &'static str,
    /// What was wrong and what was expected.
    pub problem: String,
}

const AIS_FLAGS: [AisFlag; 4] = [
    AisFlag::TypeMismatch,
    AisFlag::LengthMismatch,
    AisFlag::PositionMismatch,
    AisFlag::ImpossibleTrack,
];
const AIS_STATES: [Ais; 3] = [Ais::Uncovered, Ais::Dark, Ais::Matched];
const AXIS_STEP_DEG: f64 = 180.0 / 256.0;
/// Code of the axis' standard error that says: the axis itself is not known.
const AXIS_UNKNOWN_SD_DEG: f64 = 1e9;
const DEGREE_E7: f64 = 1e7;

/// The wire form of a look.
///
/// # Errors
/// The first field that the wire cannot hold.
pub fn to_wire(look: &Look) -> Result<wire::Look, ConvertError> {
    let error = |field: &'static str, problem: String| ConvertError {
        scene: look.scene.clone(),
        field,
        problem,
    };
    let full = |field: &'static str| error(field, "has more entries than a look may carry".to_owned());
    let mut zones = Bounded::new();
    let mut hidden = Bounded::new();
    for (index, zone) in look.zones.iter().enumerate() {
        let seen = wire::ZoneSeen {
            tag: U16::new(zone_tag(&zone.zone)),
            visible: half_percents(zone.visible),
        };
        zones.push(seen).map_err(|_| full("zones"))?;
        if let Some(by) = zone.hidden {
            let entry = wire::Hidden {
                zone: index as u8,
                cloud: half_percents(by.cloud),
                shadow: half_percents(by.shadow),
                haze: half_percents(by.haze),
                glint: half_percents(by.glint),
                nodata: half_percents(by.nodata),
            };
            hidden.push(entry).map_err(|_| full("zones"))?;
        }
    }
    let zone_index = |field: &'static str, id: &str| {
        look.zones
            .iter()
            .position(|zone| zone.zone == id)
            .map(|index| index as u8)
            .ok_or_else(|| {
                error(
                    field,
                    format!("names zone `{id}`, which is not among the zones looked at"),
                )
            })
    };
    let origin = origin_of(look);
    let (kept, left_out) = surest(&look.vessels, crate::limits::VESSELS_PER_LOOK_MAX);
    let mut vessels = Bounded::new();
    let mut radio = Bounded::new();
    for vessel in kept {
        let zone = match &vessel.zone {
            Some(id) => zone_index("vessels.zone", id)?,
            None => wire::NO_ZONE,
        };
        let packed = pack_vessel(vessel, zone, origin).ok_or_else(|| {
            error(
                "vessels.lat",
                "is more than 0.8 degrees from the look's origin".to_owned(),
            )
        })?;
        if vessel.ais == Ais::Matched || !vessel.ais_flags.is_empty() {
            let entry = wire::Radio {
                vessel: vessels.len() as u8,
                mmsi: vessel.mmsi.unwrap_or(0),
                flags: flag_bits(&vessel.ais_flags),
            };
            radio.push(entry).map_err(|_| full("vessels"))?;
        }
        vessels.push(packed).map_err(|_| full("vessels"))?;
    }
    let mut rail = Bounded::new();
    for track in &look.rail {
        let zone = zone_index("rail.zone", &track.zone)?;
        rail.push(pack_rail(track, zone)).map_err(|_| full("rail"))?;
    }
    let mut stacks = Bounded::new();
    for stack in &look.stacks {
        let zone = zone_index("stacks.zone", &stack.zone)?;
        stacks.push(pack_stack(stack, zone)).map_err(|_| full("stacks"))?;
    }
    let mut aircraft = Bounded::new();
    for seen in &look.aircraft {
        let zone = zone_index("aircraft.zone", &seen.zone)?;
        let entry = wire::AircraftSeen {
            zone,
            count: seen.count.min(u32::from(u16::MAX)) as u16,
        };
        aircraft.push(entry).map_err(|_| full("aircraft"))?;
    }
    Ok(wire::Look {
        scene: SceneId::new(&look.scene).map_err(|e| error("scene", e.to_string()))?,
        site: SiteId::new(&look.site).map_err(|e| error("site", e.to_string()))?,
        acquired_at: Ms48::new(look.acquired_at.0).ok_or_else(|| {
            error(
                "acquired_at",
                format!("is {}: expected 1970 or later", look.acquired_at),
            )
        })?,
        sensor: pack_sensor(&look.sensor).map_err(|e| error("sensor.name", e))?,
        gsd_dm: U16::new(decimetres_u16(look.sensor.gsd_m)),
        zones,
        hidden,
        origin: wire::Origin {
            lat_cdeg: U16::new(origin.0 as u16),
            lon_cdeg: U16::new(origin.1 as u16),
        },
        vessels,
        radio,
        vessels_left_out: left_out,
        rail,
        stacks,
        aircraft,
    })
}

/// The JSON form of a look that came over the wire as `id`; `received_at` is central's clock.
#[must_use]
pub fn from_wire(id: &EventId, look: &wire::Look, site: Option<&Site>, received_at: Option<UnixMs>) -> Look {
    let zone_ids: Vec<String> = look.zones.iter().map(|zone| zone_name(site, zone.tag.get())).collect();
    let zone_at = |index: u8| zone_ids.get(usize::from(index)).cloned();
    let hidden_of = |index: usize| {
        look.hidden
            .iter()
            .find(|hidden| usize::from(hidden.zone) == index)
            .map(|by| Hidden {
                cloud: share(by.cloud),
                shadow: share(by.shadow),
                haze: share(by.haze),
                glint: share(by.glint),
                nodata: share(by.nodata),
            })
    };
    let origin = (look.origin.lat_cdeg.get() as i16, look.origin.lon_cdeg.get() as i16);
    Look {
        station: id.station.as_str().to_owned(),
        epoch: Some(id.epoch),
        seq: Some(id.seq),
        scene: look.scene.as_str().to_owned(),
        site: look.site.as_str().to_owned(),
        acquired_at: UnixMs(look.acquired_at.get()),
        received_at,
        sensor: unpack_sensor(&look.sensor, look.gsd_dm),
        zones: (look.zones.iter().enumerate())
            .map(|(index, zone)| ZoneSeen {
                zone: zone_ids.get(index).cloned().unwrap_or_default(),
                visible: share(zone.visible),
                hidden: hidden_of(index),
            })
            .collect(),
        vessels: (look.vessels.iter().enumerate())
            .map(|(index, vessel)| {
                let radio = look.radio.iter().find(|radio| usize::from(radio.vessel) == index);
                unpack_vessel(vessel, zone_at(vessel.zone_confidence.zone()), origin, radio)
            })
            .collect(),
        rail: look
            .rail
            .iter()
            .map(|track| unpack_rail(track, zone_at(track.zone), site))
            .collect(),
        stacks: (look.stacks.iter())
            .map(|stack| StackSeen {
                zone: zone_at(stack.zone).unwrap_or_default(),
                area_m2: f64::from(stack.area_tenth_m2) / 10.0,
                area_sd_m2: (stack.area_sd_m2 > 0).then(|| f64::from(stack.area_sd_m2)),
                row_m: f64::from(stack.row_dm) / 10.0,
            })
            .collect(),
        aircraft: (look.aircraft.iter())
            .map(|seen| AircraftSeen {
                zone: zone_at(seen.zone).unwrap_or_default(),
                count: u32::from(seen.count),
            })
            .collect(),
    }
}

/// Hundredths of a degree nearest to the middle of the vessels: latitude, longitude.
fn origin_of(look: &Look) -> (i16, i16) {
    let count = look.vessels.len().max(1) as f64;
    let lat = look.vessels.iter().map(|vessel| vessel.lat).sum::<f64>() / count;
    let lon = look.vessels.iter().map(|vessel| vessel.lon).sum::<f64>() / count;
    ((lat * 100.0).round() as i16, (lon * 100.0).round() as i16)
}

/// The `max` surest vessels in their order, and how many were left out.
fn surest(vessels: &[Vessel], max: usize) -> (Vec<&Vessel>, u16) {
    let mut order: Vec<usize> = (0..vessels.len()).collect();
    let confidence = |index: &usize| vessels.get(*index).map_or(0.0, |vessel| vessel.confidence);
    order.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)).then(a.cmp(b)));
    let left_out = order.len().saturating_sub(max).min(usize::from(u16::MAX)) as u16;
    order.truncate(max);
    order.sort_unstable();
    (order.iter().filter_map(|index| vessels.get(*index)).collect(), left_out)
}

fn pack_vessel(vessel: &Vessel, zone: u8, origin: (i16, i16)) -> Option<wire::Vessel> {
    let offset = |degrees: f64, origin_cdeg: i16| {
        let e7 = (degrees * DEGREE_E7).round() - f64::from(origin_cdeg) * (DEGREE_E7 / 100.0);
        if e7.is_finite() { I24::new(e7 as i32) } else { None }
    };
    let axis_sd = match vessel.heading_deg {
        Some(_) => vessel.heading_sd_deg.map(|sd| sd.min(30.0)),
        None => Some(AXIS_UNKNOWN_SD_DEG),
    };
    let class = VesselClass::ALL
        .iter()
        .position(|class| *class == vessel.class)
        .unwrap_or(0) as u8;
    let ais = AIS_STATES.iter().position(|state| *state == vessel.ais).unwrap_or(0) as u8;
    Some(wire::Vessel {
        zone_confidence: wire::ZoneConfidence::new(zone, (vessel.confidence.clamp(0.0, 1.0) * 1000.0).round() as u16),
        lat_e7: offset(vessel.lat, origin.0)?,
        lon_e7: offset(vessel.lon, origin.1)?,
        length_dm: U16::new(decimetres_u16(vessel.length_m)),
        beam_dm: U16::new(vessel.beam_m.map_or(0, decimetres_u16)),
        axis: (vessel.heading_deg.unwrap_or(0.0).rem_euclid(180.0) / AXIS_STEP_DEG).round() as u32 as u8,
        size_sd: SdCode::pair(SdCode::new(vessel.length_sd_m), SdCode::new(vessel.beam_sd_m)),
        place_sd: SdCode::pair(SdCode::new(vessel.position_sd_m), SdCode::new(axis_sd)),
        class_ais: class | (ais << 4),
    })
}

fn unpack_vessel(
    vessel: &wire::Vessel,
    zone: Option<String>,
    origin: (i16, i16),
    radio: Option<&wire::Radio>,
) -> Vessel {
    let degrees = |origin_cdeg: i16, offset: I24| {
        (f64::from(origin_cdeg) * (DEGREE_E7 / 100.0) + f64::from(offset.get())) / DEGREE_E7
    };
    let (length_sd, beam_sd) = SdCode::unpair(vessel.size_sd);
    let (position_sd, axis_sd) = SdCode::unpair(vessel.place_sd);
    let axis_known = axis_sd != SdCode::new(Some(AXIS_UNKNOWN_SD_DEG));
    let beam_dm = vessel.beam_dm.get();
    Vessel {
        zone,
        lat: degrees(origin.0, vessel.lat_e7),
        lon: degrees(origin.1, vessel.lon_e7),
        position_sd_m: position_sd.get(),
        length_m: f64::from(vessel.length_dm.get()) / 10.0,
        length_sd_m: length_sd.get(),
        beam_m: (beam_dm > 0).then(|| f64::from(beam_dm) / 10.0),
        beam_sd_m: beam_sd.get(),
        heading_deg: axis_known.then(|| f64::from(vessel.axis) * AXIS_STEP_DEG),
        heading_sd_deg: if axis_known { axis_sd.get() } else { None },
        confidence: f64::from(vessel.zone_confidence.confidence_permille()) / 1000.0,
        class: VesselClass::ALL
            .get(usize::from(vessel.class_ais & 0x0f))
            .copied()
            .unwrap_or_default(),
        ais: AIS_STATES
            .get(usize::from(vessel.class_ais >> 4))
            .copied()
            .unwrap_or_default(),
        mmsi: radio.map(|radio| radio.mmsi).filter(|mmsi| *mmsi != 0),
        ais_flags: radio.map_or_else(Vec::new, |radio| flags_of(radio.flags)),
    }
}

fn pack_rail(track: &RailSeen, zone: u8) -> wire::RailSeen {
    let small = |count: u32| count.min(u32::from(u16::MAX)) as u16;
    wire::RailSeen {
        zone,
        track_tag: U16::new(zone_tag(&track.track)),
        occupied_dm: decimetres_u32(track.occupied_m),
        sd: SdCode::pair(SdCode::new(track.occupied_sd_m), SdCode::new(track.cars_sd)),
        length_dm: decimetres_u32(track.length_m),
        cars: small(track.cars),
        mix: [
            small(track.mix.tank),
            small(track.mix.boxcar),
            small(track.mix.open),
            small(track.mix.locomotive),
        ],
    }
}

fn unpack_rail(track: &wire::RailSeen, zone: Option<String>, site: Option<&Site>) -> RailSeen {
    let (occupied_sd, cars_sd) = SdCode::unpair(track.sd);
    let [tank, boxcar, open, locomotive] = track.mix.map(u32::from);
    let tag = track.track_tag.get();
    let zone = zone.unwrap_or_default();
    let known = site.and_then(|site| {
        site.zones
            .iter()
            .find(|each| each.id == zone && zone_tag(&each.track) == tag)
    });
    RailSeen {
        zone,
        track: known.map_or_else(
            || {
                if tag == zone_tag("") {
                    String::new()
                } else {
                    unknown_name(tag)
                }
            },
            |zone| zone.track.clone(),
        ),
        occupied_m: f64::from(track.occupied_dm) / 10.0,
        occupied_sd_m: occupied_sd.get(),
        length_m: f64::from(track.length_dm) / 10.0,
        cars: u32::from(track.cars),
        cars_sd: cars_sd.get(),
        mix: CarMix {
            tank,
            boxcar,
            open,
            locomotive,
        },
    }
}

fn pack_stack(stack: &StackSeen, zone: u8) -> wire::StackSeen {
    wire::StackSeen {
        zone,
        area_tenth_m2: decimetres_u32(stack.area_m2),
        area_sd_m2: stack
            .area_sd_m2
            .map_or(0, |sd| sd.round().clamp(1.0, f64::from(u16::MAX)) as u16),
        row_dm: decimetres_u16(stack.row_m),
    }
}

fn pack_sensor(sensor: &Sensor) -> Result<wire::Sensor, String> {
    Ok(match (sensor.name.as_str(), sensor.kind) {
        ("PlanetScope", SensorKind::Optical) => wire::Sensor::PlanetScope,
        ("SkySat", SensorKind::Optical) => wire::Sensor::SkySat,
        ("Sentinel-2", SensorKind::Optical) => wire::Sensor::Sentinel2,
        ("Sentinel-1", SensorKind::Sar) => wire::Sensor::Sentinel1,
        ("RapidEye", SensorKind::Optical) => wire::Sensor::RapidEye,
        ("Landsat", SensorKind::Optical) => wire::Sensor::Landsat,
        (name, SensorKind::Optical) => wire::Sensor::Optical(SensorName::new(name).map_err(|e| e.to_string())?),
        (name, SensorKind::Sar) => wire::Sensor::Sar(SensorName::new(name).map_err(|e| e.to_string())?),
    })
}

fn unpack_sensor(sensor: &wire::Sensor, gsd_dm: U16) -> Sensor {
    let (name, kind) = match sensor {
        wire::Sensor::Optical(name) => (name.as_str(), SensorKind::Optical),
        wire::Sensor::Sar(name) => (name.as_str(), SensorKind::Sar),
        wire::Sensor::PlanetScope => ("PlanetScope", SensorKind::Optical),
        wire::Sensor::SkySat => ("SkySat", SensorKind::Optical),
        wire::Sensor::Sentinel2 => ("Sentinel-2", SensorKind::Optical),
        wire::Sensor::Sentinel1 => ("Sentinel-1", SensorKind::Sar),
        wire::Sensor::RapidEye => ("RapidEye", SensorKind::Optical),
        wire::Sensor::Landsat => ("Landsat", SensorKind::Optical),
    };
    Sensor {
        name: name.to_owned(),
        kind,
        gsd_m: f64::from(gsd_dm.get()) / 10.0,
    }
}

fn zone_name(site: Option<&Site>, tag: u16) -> String {
    site.and_then(|site| site.zones.iter().find(|zone| zone_tag(&zone.id) == tag))
        .map_or_else(|| unknown_name(tag), |zone| zone.id.clone())
}

fn unknown_name(tag: u16) -> String {
    format!("?{tag:04x}")
}

fn flag_bits(flags: &[AisFlag]) -> u8 {
    (AIS_FLAGS.iter().enumerate())
        .filter(|(_, flag)| flags.contains(flag))
        .map(|(bit, _)| 1 << bit)
        .sum()
}

fn flags_of(bits: u8) -> Vec<AisFlag> {
    (AIS_FLAGS.iter().enumerate())
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, flag)| *flag)
        .collect()
}

fn half_percents(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * f64::from(wire::VISIBLE_STEPS)).round() as u8
}

fn share(half_percents: u8) -> f64 {
    f64::from(half_percents.min(wire::VISIBLE_STEPS)) / f64::from(wire::VISIBLE_STEPS)
}

fn decimetres_u16(metres: f64) -> u16 {
    (metres * 10.0).round() as u16
}

fn decimetres_u32(metres: f64) -> u32 {
    (metres * 10.0).round() as u32
}
