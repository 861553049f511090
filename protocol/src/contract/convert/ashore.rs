//! What stands ashore: cars on tracks, goods in stacks.

use super::{
    steps::{decimetres_u16, decimetres_u32},
    unknown_name,
};
use crate::{
    contract::{
        look::{CarMix, RailSeen, StackSeen},
        site::Site,
    },
    ids::zone_tag,
    look as wire,
    packed::{SdCode, U16},
};

pub(super) fn pack_rail(track: &RailSeen, zone: u8) -> wire::RailSeen {
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

pub(super) fn unpack_rail(track: &wire::RailSeen, zone: Option<String>, site: Option<&Site>) -> RailSeen {
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

pub(super) fn pack_stack(stack: &StackSeen, zone: u8) -> wire::StackSeen {
    wire::StackSeen {
        zone,
        area_tenth_m2: decimetres_u32(stack.area_m2),
        area_sd_m2: stack
            .area_sd_m2
            .map_or(0, |sd| sd.round().clamp(1.0, f64::from(u16::MAX)) as u16),
        row_dm: decimetres_u16(stack.row_m),
    }
}
