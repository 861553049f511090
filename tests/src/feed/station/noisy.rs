//! The look of a station as stations are: it misses, invents and mismeasures at the rates of [`super::rates`].

use geo::{Coord, Point};
use quaywatch_protocol::contract::{
    look::{Ais, CarMix, Look, RailSeen, SensorKind, StackSeen, Vessel, VesselClass, ZoneSeen},
    site::ZoneKind,
};

use super::{
    perfect::{count_of, rounded, vessel_seen},
    rates,
    sight::{Hides, hides},
};
use crate::feed::{
    chance::Chance,
    place::Place,
    schedule::Pass,
    script::CarKind,
    truth::{RadioTruth, SceneTruth, VesselTruth},
};

/// How far from the site's centre a false vessel in no zone may lie, metres.
const ELSEWHERE_M: f64 = 2_000.0;

/// The look of a perfect station, with a real station's errors.
#[must_use]
pub fn look(place: &Place, truth: &SceneTruth, pass: &Pass, perfect: Look, seed: u64) -> Look {
    let mut chance = Chance::new(seed, &["look", &pass.station, &pass.site, &pass.scene]);
    let shift = Coord {
        x: rates::SCENE_SHIFT_SD_M * chance.normal(),
        y: rates::SCENE_SHIFT_SD_M * chance.normal(),
    };
    let mut errors = Errors {
        place,
        truth,
        seed,
        shift,
        chance,
    };
    let zones: Vec<ZoneSeen> = perfect.zones.iter().map(|zone| errors.zone(zone)).collect();
    let mut vessels: Vec<Vessel> = truth
        .vessels
        .iter()
        .filter_map(|vessel| errors.vessel(vessel))
        .collect();
    vessels.extend(errors.false_vessels(&zones));
    let rail = perfect.rail.iter().map(|track| errors.rail(track)).collect();
    let stacks = perfect.stacks.iter().map(|stack| errors.stack(stack)).collect();
    Look {
        zones,
        vessels,
        rail,
        stacks,
        ..perfect
    }
}

struct Errors<'a> {
    place: &'a Place,
    truth: &'a SceneTruth,
    seed: u64,
    shift: Coord<f64>,
    chance: Chance,
}

impl Errors<'_> {
    fn gsd_m(&self) -> f64 {
        self.truth.sensor.gsd_m
    }

    fn zone(&mut self, zone: &ZoneSeen) -> ZoneSeen {
        let partly = zone.visible > 0.0 && zone.visible < 1.0;
        let error = rates::VISIBLE_SD * self.chance.normal();
        ZoneSeen {
            visible: if partly {
                rounded((zone.visible + error).clamp(0.0, 1.0), 2)
            } else {
                zone.visible
            },
            ..zone.clone()
        }
    }

    /// What becomes of a true vessel: `None` when it is missed.
    fn vessel(&mut self, vessel: &VesselTruth) -> Option<Vessel> {
        let at = self.place.frame.to_m(vessel.centre);
        if hides(self.truth, at) != Hides::Nothing || !self.detects(vessel) {
            return None;
        }
        let px = self.gsd_m();
        let length_sd = (rates::LENGTH_SD.0 * px).hypot(rates::LENGTH_SD.1 * vessel.length_m);
        let beam_sd = (rates::BEAM_SD.0 * px).hypot(rates::BEAM_SD.1 * vessel.beam_m);
        let axis_sd = rates::AXIS_SD.0 + rates::AXIS_SD.1 * px / vessel.length_m;
        let centre_sd = rates::CENTRE_SD_PX * px;
        let length_m = (vessel.length_m + length_sd * self.chance.normal()).max(2.0 * px);
        let beam_m = (vessel.beam_m + beam_sd * self.chance.normal()).clamp(px * 0.7, length_m);
        let axis_deg = (vessel.axis_deg + axis_sd * self.chance.normal()).rem_euclid(180.0);
        let moved = Coord {
            x: at.x + self.shift.x + centre_sd * self.chance.normal(),
            y: at.y + self.shift.y + centre_sd * self.chance.normal(),
        };
        let seen = self.place.frame.to_lonlat(moved);
        let exact = vessel_seen(vessel, self.truth.ais_covered);
        let (ais, mmsi) = self.radio(&exact, vessel);
        Some(Vessel {
            lat: rounded(seen.y(), 6),
            lon: rounded(seen.x(), 6),
            position_sd_m: Some(rounded(centre_sd.hypot(rates::SCENE_SHIFT_SD_M), 1)),
            length_m: rounded(length_m, 1),
            length_sd_m: Some(rounded(length_sd, 1)),
            beam_m: Some(rounded(beam_m, 1)),
            beam_sd_m: Some(rounded(beam_sd, 1)),
            heading_deg: Some(rounded(axis_deg, 1) % 180.0),
            heading_sd_deg: Some(rounded(axis_sd, 1)),
            confidence: rounded(0.55 + 0.43 * self.chance.unit().sqrt(), 3),
            class: self.class(vessel.class),
            ais,
            mmsi,
            ais_flags: if ais == Ais::Matched {
                exact.ais_flags
            } else {
                Vec::new()
            },
            zone: exact.zone,
        })
    }

    fn detects(&mut self, vessel: &VesselTruth) -> bool {
        let at_berth = (vessel.zone.as_ref())
            .and_then(|zone| self.place.site.zone(zone))
            .is_some_and(|zone| zone.kind.is_berth());
        let open = match self.truth.sensor.kind {
            SensorKind::Sar => rates::RADAR_RECALL,
            SensorKind::Optical => rates::recall(vessel.length_m / self.gsd_m()),
        };
        let recall = (open * if at_berth { rates::BERTH_RECALL_FACTOR } else { 1.0 }).clamp(1e-6, 1.0 - 1e-6);
        let hull = Chance::new(self.seed, &["hard-to-see", &vessel.id]).normal() * rates::HULL_EFFECT_SD;
        let logit = (recall / (1.0 - recall)).ln() + hull;
        self.chance.yes(1.0 / (1.0 + (-logit).exp()))
    }

    fn radio(&mut self, exact: &Vessel, vessel: &VesselTruth) -> (Ais, Option<u32>) {
        let slip = self.chance.unit();
        match (exact.ais, vessel.radio) {
            (Ais::Matched, RadioTruth::Transmitting { spoofed: false, .. }) if slip < rates::FALSE_DARK => {
                (Ais::Dark, None)
            }
            (Ais::Dark, _) if slip < rates::FALSE_MATCH => {
                (Ais::Matched, Some(273_000_000 + self.chance.whole([0, 999_999])))
            }
            (ais, _) => (ais, exact.mmsi),
        }
    }

    fn class(&mut self, class: VesselClass) -> VesselClass {
        let named = if self.gsd_m() <= 5.0 {
            rates::CLASS_NAMED.0
        } else {
            rates::CLASS_NAMED.1
        };
        if !self.chance.yes(named) {
            VesselClass::Vessel
        } else if self.chance.yes(rates::CLASS_WRONG) {
            let others = [
                VesselClass::Cargo,
                VesselClass::Bulk,
                VesselClass::Tanker,
                VesselClass::Container,
            ];
            others[self.chance.whole([0, 3]) as usize]
        } else {
            class
        }
    }

    fn false_vessels(&mut self, zones: &[ZoneSeen]) -> Vec<Vessel> {
        let cover = self.truth.sky.cover;
        let broken = 1.0 + 4.0 * (rates::FALSE_CLOUD_FACTOR - 1.0) * cover * (1.0 - cover);
        let clear = zones.iter().map(|zone| zone.visible).sum::<f64>() / zones.len().max(1) as f64;
        let count = self.chance.poisson(rates::FALSE_PER_LOOK * broken * clear);
        (0..count).filter_map(|_| self.false_vessel(zones)).collect()
    }

    fn false_vessel(&mut self, zones: &[ZoneSeen]) -> Option<Vessel> {
        let kind = self.chance.weighted(&rates::FALSE_WHERE)?;
        let candidates: Vec<&str> = zones
            .iter()
            .filter(|seen| seen.visible > 0.0)
            .filter(|seen| {
                let found = self.place.site.zone(&seen.zone);
                found.is_some_and(|zone| {
                    if kind == 0 {
                        zone.kind.is_berth()
                    } else {
                        zone.kind == ZoneKind::Anchorage
                    }
                })
            })
            .map(|seen| seen.zone.as_str())
            .collect();
        let (zone, at) = if kind < 2 {
            let pick = self.chance.whole([0, candidates.len().max(1) as u32 - 1]) as usize;
            let zone = *candidates.get(pick)?;
            let rectangle = self.place.rectangle(self.place.site.zone(zone)?)?;
            let along = rectangle.along * (rectangle.half_length_m * self.chance.between([-0.9, 0.9]));
            let across = rectangle.across * (rectangle.half_width_m * self.chance.between([0.0, 0.9]));
            (Some(zone.to_owned()), rectangle.middle + along + across)
        } else {
            let reach = [-ELSEWHERE_M, ELSEWHERE_M];
            (
                None,
                Coord {
                    x: self.chance.between(reach),
                    y: self.chance.between(reach),
                },
            )
        };
        if hides(self.truth, at) != Hides::Nothing {
            return None;
        }
        let length_m = self.chance.between(rates::FALSE_LENGTH_M).max(3.0 * self.gsd_m());
        let seen: Point<f64> = self.place.frame.to_lonlat(at);
        Some(Vessel {
            zone,
            lat: rounded(seen.y(), 6),
            lon: rounded(seen.x(), 6),
            position_sd_m: Some(rounded(
                (rates::CENTRE_SD_PX * self.gsd_m()).hypot(rates::SCENE_SHIFT_SD_M),
                1,
            )),
            length_m: rounded(length_m, 1),
            length_sd_m: Some(rounded(
                (rates::LENGTH_SD.0 * self.gsd_m()).hypot(rates::LENGTH_SD.1 * length_m),
                1,
            )),
            beam_m: Some(rounded(
                (length_m / self.chance.between([2.5, 6.0])).max(self.gsd_m()),
                1,
            )),
            beam_sd_m: Some(rounded(rates::BEAM_SD.0 * self.gsd_m(), 1)),
            heading_deg: Some(rounded(self.chance.between([0.0, 179.9]), 1)),
            heading_sd_deg: Some(rounded(
                rates::AXIS_SD.0 + rates::AXIS_SD.1 * self.gsd_m() / length_m,
                1,
            )),
            confidence: rounded(rates::CONFIDENCE_MIN + 0.4 * self.chance.unit().powi(2), 3),
            class: VesselClass::Vessel,
            // Nothing there transmits: in coverage a false vessel is a dark one.
            ais: if self.truth.ais_covered {
                Ais::Dark
            } else {
                Ais::Uncovered
            },
            mmsi: None,
            ais_flags: Vec::new(),
        })
    }

    fn rail(&mut self, track: &RailSeen) -> RailSeen {
        let coarse = (self.gsd_m() / 3.0).max(1.0);
        let occupied_sd = (rates::RAIL_SD.0 * coarse * track.occupied_m).hypot(rates::RAIL_SD.1 * coarse);
        let cars_sd = (rates::CARS_SD * coarse * f64::from(track.cars)).hypot(0.5 * coarse);
        let occupied_m = (track.occupied_m + occupied_sd * self.chance.normal()).clamp(0.0, track.length_m.max(0.0));
        // What is too short for a car is not reported as one.
        let reported_m = if occupied_m < 10.0 { 0.0 } else { occupied_m };
        let cars = if reported_m > 0.0 {
            (f64::from(track.cars) + cars_sd * self.chance.normal())
                .round()
                .max(1.0) as u32
        } else {
            0
        };
        RailSeen {
            occupied_m: rounded(reported_m, 1),
            occupied_sd_m: Some(rounded(occupied_sd, 1)),
            cars,
            cars_sd: Some(rounded(cars_sd, 1)),
            mix: self.mix(&track.mix, cars),
            ..track.clone()
        }
    }

    fn mix(&mut self, mix: &CarMix, cars: u32) -> CarMix {
        let mut told = CarMix::default();
        if self.gsd_m() > rates::MIX.0 || cars == 0 {
            return told;
        }
        let mut left = cars;
        for (kind, count) in [
            (CarKind::Tank, mix.tank),
            (CarKind::Box, mix.boxcar),
            (CarKind::Open, mix.open),
            (CarKind::Locomotive, mix.locomotive),
        ] {
            let seen = (0..count).filter(|_| self.chance.yes(rates::MIX.1)).count() as u32;
            *count_of(&mut told, kind) = seen.min(left);
            left -= seen.min(left);
        }
        told
    }

    fn stack(&mut self, stack: &StackSeen) -> StackSeen {
        let coarse = (self.gsd_m() / 3.0).max(1.0);
        let area_sd = (rates::STACK_SD.0 * coarse * stack.area_m2).hypot(rates::STACK_SD.1 * coarse);
        let area_m2 = (stack.area_m2 + area_sd * self.chance.normal()).max(0.0);
        let row_m = stack.row_m + rates::ROW_SD_PX * self.gsd_m() * self.chance.normal();
        StackSeen {
            area_m2: rounded(area_m2, 1),
            area_sd_m2: Some(rounded(area_sd, 1)),
            row_m: if stack.row_m > 0.0 {
                rounded(row_m.max(0.0), 1)
            } else {
                0.0
            },
            ..stack.clone()
        }
    }
}
