//! A port of a medley: its zones, the ships that call, and the looks at it.

use quaywatch_protocol::contract::{
    look::{AircraftSeen, Look, RailSeen, Sensor, SensorKind, StackSeen, ZoneSeen},
    site::Site,
    time::{HOUR_MS, UnixMs},
};

use super::{level::Level, stay::Stay};
use crate::feed::chance::Chance;

const START_MS: i64 = 1_690_000_000_000;
/// Days from one extreme of a port's season to the next.
const HALF_YEAR_DAYS: f64 = 182.6;
/// Zones of the first port: what they are, and which side of pier a. The second has one berth, and no oil.
pub(super) const ZONES_A: [(&str, &str, &str); 8] = [
    ("a-1", "berth", "inner"),
    ("a-2", "berth", "outer"),
    ("b-1", "berth", ""),
    ("oil", "oil_berth", ""),
    ("roads", "anchorage", ""),
    ("apron", "storage", ""),
    ("field", "airfield", ""),
    ("yard", "rail_track", ""),
];
pub(super) const ZONES_B: [(&str, &str, &str); 3] = [
    ("quay", "berth", ""),
    ("apron", "storage", ""),
    ("yard", "rail_track", ""),
];
pub(super) struct Port {
    pub(super) id: &'static str,
    pub(super) lon: f64,
    pub(super) zones: &'static [(&'static str, &'static str, &'static str)],
}

impl Port {
    pub(super) fn site(&self) -> Result<Site, String> {
        let feature = |(index, (zone, kind, side)): (usize, &(&str, &str, &str))| {
            let (west, north) = (self.lon + 0.005 * index as f64, 42.006);
            let east = west + 0.004;
            let side = if side.is_empty() {
                String::new()
            } else {
                format!(r#","side":"{side}""#)
            };
            let shape = if *kind == "rail_track" {
                format!(r#"{{"type":"LineString","coordinates":[[{west},42.0],[{east},42.0]]}}"#)
            } else {
                format!(
                    r#"{{"type":"Polygon","coordinates":[[[{west},42.0],[{east},42.0],[{east},{north}],[{west},{north}],[{west},42.0]]]}}"#
                )
            };
            format!(r#"{{"type":"Feature","properties":{{"zone":"{zone}","kind":"{kind}"{side}}},"geometry":{shape}}}"#)
        };
        let features: Vec<String> = self.zones.iter().enumerate().map(feature).collect();
        let text = format!(
            r#"{{"type":"FeatureCollection","site":"{id}","name":"Port {id}","features":[{}]}}"#,
            features.join(","),
            id = self.id,
        );
        Site::from_geojson(&text).map_err(|faults| format!("{faults:?}"))
    }

    /// Ships that come by chance: more in one season than in the other, few in a lull, and some that shift berth.
    pub(super) fn traffic(&self, days: f64, stays: &mut Vec<Stay>, chance: &mut Chance) {
        let berths: Vec<&'static str> = (self.zones.iter())
            .filter(|(_, kind, _)| ["berth", "oil_berth", "anchorage"].contains(kind))
            .map(|(zone, ..)| *zone)
            .collect();
        let (rate, season) = (chance.between([0.08, 0.5]), chance.between([0.0, 0.9]));
        let lull_from = chance.between([0.4 * days, days]);
        let lull = lull_from..lull_from + chance.between([10.0, 60.0]);
        // A lull of the port, of its pier, or of one berth.
        let (how, one) = (chance.whole([0, 2]), chance.whole([0, berths.len() as u32 - 1]));
        let is_quiet = |zone: &str| match how {
            0 => true,
            1 => zone.starts_with("a-"),
            _ => berths.get(one as usize) == Some(&zone),
        };
        let mut at = 0.0;
        while at < days {
            at += chance.exponential(1.0 / rate);
            let kept = 1.0 + season * (std::f64::consts::PI * at / HALF_YEAR_DAYS).sin();
            let zone = berths[chance.whole([0, berths.len() as u32 - 1]) as usize];
            if !chance.yes(kept / (1.0 + season)) || (lull.contains(&at) && is_quiet(zone) && chance.yes(0.9)) {
                continue;
            }
            let stay = Stay::new(zone, at, chance);
            if chance.yes(0.15) {
                let from = stay.to + chance.between([0.1, 3.0]);
                let to = from + chance.between([0.5, 5.0]);
                let zone = berths[chance.whole([0, berths.len() as u32 - 1]) as usize];
                stays.push(stay.again(from, to, zone));
            }
            stays.push(stay);
        }
    }

    pub(super) fn looks(&self, days: f64, stays: &[Stay], chance: &mut Chance) -> Vec<Look> {
        let per_day = chance.between([0.5, 1.2]);
        let [cars, area, aircraft] =
            [[8.0, 40.0], [300.0, 3_000.0], [3.0, 12.0]].map(|usual| Level::new(usual, days, chance));
        let (mut looks, mut at): (Vec<Look>, f64) = (Vec::new(), 0.0);
        while at < days {
            // Satellites come at one time of the day, and others at any.
            at = if chance.yes(0.7) {
                at.floor() + chance.exponential(1.0 / per_day).round().max(1.0)
            } else {
                at + chance.exponential(1.0 / per_day)
            };
            let mut look = self.empty(looks.len() as u64, at, chance);
            for stay in stays.iter().filter(|stay| (stay.from..stay.to).contains(&at)) {
                let visible = look.zones.iter().find(|zone| zone.zone == stay.hull.zone);
                if visible.is_some_and(|zone| chance.yes(0.9 * zone.visible)) {
                    look.vessels.push(stay.seen(self.lon, chance));
                }
            }
            let [cars, area, aircraft] = [&cars, &area, &aircraft].map(|level| level.at(at, chance));
            for (zone, kind, _) in self.zones {
                let zone = (*zone).to_owned();
                match *kind {
                    "rail_track" => look.rail.push(rail(zone, cars)),
                    "storage" => look.stacks.push(StackSeen {
                        zone,
                        area_m2: area,
                        area_sd_m2: None,
                        row_m: area / 12.0,
                    }),
                    "airfield" => look.aircraft.push(AircraftSeen {
                        zone,
                        count: aircraft as u32,
                    }),
                    _ => {}
                }
            }
            if chance.yes(0.02) {
                // A contradictory copy, known later.
                let mut copy = look.clone();
                copy.vessels.clear();
                copy.received_at = copy.received_at.map(|at| at.plus_ms(HOUR_MS));
                looks.push(copy);
            }
            looks.push(look);
        }
        looks
    }

    fn empty(&self, seq: u64, day: f64, chance: &mut Chance) -> Look {
        let acquired_ms = START_MS + (day * 24.0).floor() as i64 * HOUR_MS;
        let late_h = if chance.yes(0.06) { chance.whole([0, 76]) } else { 0 };
        let overcast = chance.yes(0.2);
        let zones = self.zones.iter().map(|(zone, ..)| ZoneSeen {
            zone: (*zone).to_owned(),
            visible: if overcast || chance.yes(0.05) {
                chance.between([0.0, 1.0])
            } else {
                1.0
            },
            hidden: None,
        });
        Look {
            station: if seq.is_multiple_of(3) { "gs-2" } else { "gs-1" }.to_owned(),
            epoch: Some(if self.id == "a" { 1 } else { 2 }),
            seq: Some(seq),
            scene: format!("{}-{seq}", self.id),
            site: self.id.to_owned(),
            acquired_at: UnixMs(acquired_ms),
            received_at: Some(UnixMs(acquired_ms + i64::from(late_h) * HOUR_MS)),
            sensor: Sensor {
                name: "PlanetScope".to_owned(),
                kind: SensorKind::Optical,
                gsd_m: 3.0,
            },
            zones: zones.collect(),
            vessels: Vec::new(),
            rail: Vec::new(),
            stacks: Vec::new(),
            aircraft: Vec::new(),
        }
    }
}

fn rail(zone: String, cars: f64) -> RailSeen {
    RailSeen {
        zone,
        track: String::new(),
        occupied_m: 14.0 * cars,
        occupied_sd_m: None,
        length_m: 1_500.0,
        cars: cars as u32,
        cars_sd: None,
        mix: Default::default(),
    }
}
