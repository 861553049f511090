//! Vessels, and what was heard of them.

use super::steps::decimetres_u16;
use crate::{
    contract::look::{Ais, AisFlag, Look, Vessel, VesselClass},
    look as wire,
    packed::{I24, SdCode, U16},
};

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

/// Hundredths of a degree nearest to the middle of the vessels: latitude, longitude.
pub(super) fn origin_of(look: &Look) -> (i16, i16) {
    let count = look.vessels.len().max(1) as f64;
    let lat = look.vessels.iter().map(|vessel| vessel.lat).sum::<f64>() / count;
    let lon = look.vessels.iter().map(|vessel| vessel.lon).sum::<f64>() / count;
    ((lat * 100.0).round() as i16, (lon * 100.0).round() as i16)
}

/// The `max` surest vessels in their order, and how many were left out.
pub(super) fn surest(vessels: &[Vessel], max: usize) -> (Vec<&Vessel>, u16) {
    let mut order: Vec<usize> = (0..vessels.len()).collect();
    let confidence = |index: &usize| vessels.get(*index).map_or(0.0, |vessel| vessel.confidence);
    order.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)).then(a.cmp(b)));
    let left_out = order.len().saturating_sub(max).min(usize::from(u16::MAX)) as u16;
    order.truncate(max);
    order.sort_unstable();
    (order.iter().filter_map(|index| vessels.get(*index)).collect(), left_out)
}

pub(super) fn pack_vessel(vessel: &Vessel, zone: u8, origin: (i16, i16)) -> Option<wire::Vessel> {
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

pub(super) fn unpack_vessel(
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

pub(super) fn flag_bits(flags: &[AisFlag]) -> u8 {
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
