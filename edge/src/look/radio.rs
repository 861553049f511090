//! The seam between a look and whoever listens to the radio.

use quaywatch_protocol::contract::{
    look::{Ais, AisFlag, VesselClass},
    time::UnixMs,
};

/// A measured vessel, as far as radio needs to know it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeenVessel {
    /// Longitude of the hull's centre, degrees.
    pub lon: f64,
    /// Latitude of the hull's centre, degrees.
    pub lat: f64,
    /// Standard error of the position, metres.
    pub position_sd_m: f64,
    /// Length, metres.
    pub length_m: f64,
    /// Standard error of the length, metres.
    pub length_sd_m: f64,
    /// Class by the image.
    pub class: VesselClass,
}

/// What radio says about one vessel.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RadioSaid {
    /// Matched, dark, or no claim.
    pub ais: Ais,
    /// Identity, when matched or when a flag is about one.
    pub mmsi: Option<u32>,
    /// Disagreements.
    pub flags: Vec<AisFlag>,
}

/// Somebody who listened.
pub trait Radio {
    /// For each vessel what radio says about it at the time of acquisition, in the same order.
    fn said(&self, at: UnixMs, vessels: &[SeenVessel]) -> Vec<RadioSaid>;
}

/// Nobody listened: no claim about any vessel.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRadio;

impl Radio for NoRadio {
    fn said(&self, _at: UnixMs, vessels: &[SeenVessel]) -> Vec<RadioSaid> {
        vec![RadioSaid::default(); vessels.len()]
    }
}
