//! Between a look as JSON ([`super::look`]) and a look on the wire ([`crate::look`]).
//!
//! Going out, numbers are rounded to the wire's steps, and vessels beyond the limit are left out, least sure first, and
//! counted. Coming in, zone and track tags are looked up in the site; a tag that the site does not have keeps its place under
//! the name `?xxxx`, so that nothing is lost while site files differ.

mod ashore;
mod sensor;
mod steps;
mod vessel;

use heapless::Vec as Bounded;
use thiserror::Error;

use self::{
    ashore::{pack_rail, pack_stack, unpack_rail},
    sensor::{pack_sensor, unpack_sensor},
    steps::{decimetres_u16, half_percents, share},
    vessel::{flag_bits, origin_of, pack_vessel, surest, unpack_vessel},
};
use super::{
    look::{AircraftSeen, Ais, Hidden, Look, StackSeen, ZoneSeen},
    site::Site,
    time::UnixMs,
};
use crate::{
    ids::{EventId, SceneId, SiteId, zone_tag},
    look as wire,
    packed::{Ms48, U16},
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

fn zone_name(site: Option<&Site>, tag: u16) -> String {
    site.and_then(|site| site.zones.iter().find(|zone| zone_tag(&zone.id) == tag))
        .map_or_else(|| unknown_name(tag), |zone| zone.id.clone())
}

fn unknown_name(tag: u16) -> String {
    format!("?{tag:04x}")
}
