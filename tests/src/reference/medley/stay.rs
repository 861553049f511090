//! Ships at the berths of a medley.

use quaywatch_protocol::contract::look::{Vessel, VesselClass};

use crate::{
    feed::chance::Chance,
    reference::sighting::{Eye, Hull},
};

const EYE: Eye = Eye {
    beam_spread: Some(0.06),
    confidence: [0.3, 1.0],
    classed: 0.8,
    mismatched: 0.08,
};

/// A hull at a berth, for a time.
#[derive(Clone)]
pub(super) struct Stay {
    pub(super) from: f64,
    pub(super) to: f64,
    /// Metres east and north of the zone's corner.
    place_m: [f64; 2],
    pub(super) hull: Hull,
    /// Share of its looks that match a transmission.
    heard: f64,
}

/// Ships that go to and fro between the ports, now and then dark.
pub(super) fn shuttles(days: f64, stays: &mut [Vec<Stay>; 2], chance: &mut Chance) {
    for _ in 0..chance.whole([0, 3]) {
        let ship = Stay::new("a-2", 0.0, chance);
        let (mut at, until) = (chance.between([0.0, days]), chance.between([0.2, 1.0]) * days);
        for leg in 0.. {
            if at > until {
                break;
            }
            let to = at + chance.between([0.5, 4.0]);
            let (port, zone) = [(0, "a-2"), (1, "quay")][leg % 2];
            stays[port].push(ship.again(at, to, zone));
            at = to + chance.between([0.3, 4.0]);
        }
    }
}

impl Stay {
    pub(super) fn new(zone: &'static str, from: f64, chance: &mut Chance) -> Self {
        let stay = if chance.yes(0.06) {
            chance.between([20.0, 120.0])
        } else {
            chance.between([0.3, 6.0])
        };
        Self {
            from,
            to: from + stay,
            place_m: [chance.between([0.0, 300.0]), chance.between([0.0, 400.0])],
            hull: Hull {
                zone,
                length_m: chance.between([28.0, 190.0]),
                class: [VesselClass::Cargo, VesselClass::Tanker, VesselClass::Vessel][chance.whole([0, 2]) as usize],
                mmsi: 273_000_000 + chance.whole([0, 9_999]),
            },
            heard: [0.02, 0.5, 1.0][chance.whole([0, 2]) as usize],
        }
    }

    /// The same ship at another time, at a berth of this or another port.
    pub(super) fn again(&self, from: f64, to: f64, zone: &'static str) -> Self {
        let mut stay = self.clone();
        (stay.from, stay.to, stay.hull.zone) = (from, to, zone);
        stay
    }

    pub(super) fn seen(&self, lon: f64, chance: &mut Chance) -> Vessel {
        let covered = chance.yes(0.92);
        let matched = covered && chance.yes(self.heard);
        let wander_m = if chance.yes(0.1) { 250.0 } else { 15.0 };
        let [east_m, north_m] = self.place_m.map(|at| at + wander_m * chance.normal());
        let place_deg = [42.0 + north_m / 111_000.0, lon + east_m / 82_500.0];
        EYE.sees(&self.hull, place_deg, covered.then_some(matched), chance)
    }
}
