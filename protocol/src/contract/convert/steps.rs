//! Numbers in the steps of the wire.

use crate::look as wire;

pub(super) fn half_percents(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * f64::from(wire::VISIBLE_STEPS)).round() as u8
}

pub(super) fn share(half_percents: u8) -> f64 {
    f64::from(half_percents.min(wire::VISIBLE_STEPS)) / f64::from(wire::VISIBLE_STEPS)
}

pub(super) fn decimetres_u16(metres: f64) -> u16 {
    (metres * 10.0).round() as u16
}

pub(super) fn decimetres_u32(metres: f64) -> u32 {
    (metres * 10.0).round() as u32
}
