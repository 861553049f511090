//! What a station tells of a hull that it sees: what made-up histories of every kind have in common.

use quaywatch_protocol::contract::look::{Ais, AisFlag, Vessel, VesselClass};

use crate::feed::chance::Chance;

/// Share of the hulls whose length is told with its error.
const WITH_LENGTH_SD: f64 = 0.7;
/// Share of the hulls whose beam is told.
const WITH_BEAM: f64 = 0.8;
const LENGTH_SPREAD: f64 = 0.05;
const LENGTHS_PER_BEAM: f64 = 6.5;

/// A ship, and where it lies.
#[derive(Clone)]
pub(super) struct Hull {
    pub(super) zone: &'static str,
    pub(super) length_m: f64,
    pub(super) class: VesselClass,
    pub(super) mmsi: u32,
}

/// How well a station sees.
pub(super) struct Eye {
    /// Relative error of the beam; none where it follows from the true length.
    pub(super) beam_spread: Option<f64>,
    pub(super) confidence: [f64; 2],
    /// Share of the hulls whose class is told.
    pub(super) classed: f64,
    /// Share of the matched hulls that lie elsewhere than they say.
    pub(super) mismatched: f64,
}

impl Eye {
    /// A hull seen at a latitude and longitude; `matched` says whether it was heard, and is none where nothing could be.
    pub(super) fn sees(&self, hull: &Hull, [lat, lon]: [f64; 2], matched: Option<bool>, chance: &mut Chance) -> Vessel {
        let length_m = hull.length_m * (1.0 + LENGTH_SPREAD * chance.normal());
        let length_sd_m = chance.yes(WITH_LENGTH_SD).then_some(5.0);
        let has_beam = chance.yes(WITH_BEAM);
        let beam_error = self.beam_spread.map_or(0.0, |spread| spread * chance.normal());
        Vessel {
            zone: Some(hull.zone.to_owned()),
            lat,
            lon,
            position_sd_m: None,
            length_m,
            length_sd_m,
            beam_m: has_beam.then_some(hull.length_m / LENGTHS_PER_BEAM * (1.0 + beam_error)),
            beam_sd_m: None,
            heading_deg: None,
            heading_sd_deg: None,
            confidence: chance.between(self.confidence),
            class: if chance.yes(self.classed) {
                hull.class
            } else {
                VesselClass::Vessel
            },
            ais: match matched {
                None => Ais::Uncovered,
                Some(true) => Ais::Matched,
                Some(false) => Ais::Dark,
            },
            mmsi: (matched == Some(true)).then_some(hull.mmsi),
            ais_flags: if matched == Some(true) && chance.yes(self.mismatched) {
                vec![AisFlag::PositionMismatch]
            } else {
                Vec::new()
            },
        }
    }
}
