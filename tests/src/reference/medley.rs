//! Medleys: small random histories in which everything happens that any rule speaks of, under rules that are drawn, too.
//!
//! The documented cases are long and plain: each rule speaks at the times that its case is about, far from its bars. Here two ports have
//! seasons, lulls, shuttles between them, ships that lie for months and ships that shift berth, trains, aircraft and stacks that come and go
//! by amounts around the bars, clouds, late looks and contradictory copies; and the bars lie where such things pass and fail them alike: times
//! are whole hours, many of them at one time of the day, and bars are whole days and hours, so that what lies just on a bar is there, too. What
//! the correlator says of it is not judged as true: it is kept (`tests/told/medley.txt`), so that a change of what is said shows.

use quaywatch_central::rules::Rules;
use quaywatch_protocol::contract::{
    look::{AircraftSeen, Ais, AisFlag, Look, RailSeen, Sensor, SensorKind, StackSeen, Vessel, VesselClass, ZoneSeen},
    site::Site,
    time::{HOUR_MS, UnixMs},
};

use crate::feed::chance::Chance;

const START_MS: i64 = 1_690_000_000_000;
/// Days from one extreme of a port's season to the next.
const HALF_YEAR_DAYS: f64 = 182.6;
/// Zones of the first port: what they are, and which side of pier a. The second has one berth, and no oil.
const ZONES_A: [(&str, &str, &str); 8] = [
    ("a-1", "berth", "inner"),
    ("a-2", "berth", "outer"),
    ("b-1", "berth", ""),
    ("oil", "oil_berth", ""),
    ("roads", "anchorage", ""),
    ("apron", "storage", ""),
    ("field", "airfield", ""),
    ("yard", "rail_track", ""),
];
const ZONES_B: [(&str, &str, &str); 3] = [
    ("quay", "berth", ""),
    ("apron", "storage", ""),
    ("yard", "rail_track", ""),
];
const PORTS: [Port; 2] = [
    Port {
        id: "a",
        lon: 130.0,
        zones: &ZONES_A,
    },
    Port {
        id: "b",
        lon: 132.0,
        zones: &ZONES_B,
    },
];

struct Port {
    id: &'static str,
    lon: f64,
    zones: &'static [(&'static str, &'static str, &'static str)],
}

/// The two ports, 160 km apart.
///
/// # Errors
/// What is wrong with the sites: nothing.
pub fn sites() -> Result<Vec<Site>, String> {
    PORTS.iter().map(Port::site).collect()
}

/// Rules of every kind, whose bars are drawn around what the history of the same seed does.
///
/// # Errors
/// What is wrong with the rules: nothing.
pub fn rules(seed: u64) -> Result<Rules, String> {
    let mut chance = Chance::new(seed, &["medley", "rules"]);
    let mut between = |low: f64, high: f64| chance.between([low, high]);
    let mut text = format!(
        "[baseline]\nhistory_days_min = {:.0}\nclear_looks_min = {:.0}\nguard_days = {:.0}\nspan_days = {:.0}\n[calls]\nclear_visible = {:.2}\nrejoin_h = {:.0}\n",
        between(14.0, 40.0),
        between(6.0, 14.0),
        between(5.0, 12.0),
        between(80.0, 400.0),
        between(0.5, 0.8),
        between(30.0, 90.0),
    );
    let rules = [
        (
            "coincidence",
            format!(
                "signals = [\"dock\", \"rail\"]\nwindow_days = {:.0}\nfalse_per_year_max = {:.1}\ncooldown_days = {:.0}",
                between(4.0, 12.0),
                between(2.0, 40.0),
                between(5.0, 25.0)
            ),
        ),
        (
            "coincidence",
            format!(
                "signals = [\"dock\", \"storage\"]\nwindow_days = {:.0}\nfalse_per_year_max = 50.0\nlevel_z_min = {:.1}",
                between(4.0, 12.0),
                between(2.0, 4.0)
            ),
        ),
        (
            "surge",
            format!(
                "window_days = {:.0}\nratio_min = {:.2}\ncalls_false_per_year_max = {:.2}\nhistory_days_min = {:.0}\nlevel_z_min = {:.1}\nlevel_over_max = {:.2}\ncooldown_days = {:.0}",
                between(10.0, 30.0),
                between(1.2, 1.8),
                between(0.3, 4.0),
                between(25.0, 60.0),
                between(2.5, 5.0),
                between(1.05, 1.4),
                between(5.0, 40.0)
            ),
        ),
        (
            "slowdown",
            format!(
                "window_min_days = {:.0}\nexpected_min = {:.1}\nratio_max = {:.2}\nfalse_per_year_max = {:.1}\nberth_false_per_year_max = {:.1}\nhistory_days_min = {:.0}\ncooldown_days = {:.0}",
                between(8.0, 20.0),
                between(1.0, 3.0),
                between(0.3, 0.7),
                between(2.0, 9.0),
                between(0.5, 5.0),
                between(30.0, 60.0),
                between(5.0, 40.0)
            ),
        ),
        (
            "voyage",
            format!(
                "speed_min_kn = {:.1}\nsize_min_m = {:.0}\nprobability_min = {:.2}\nchain_gap_days = {:.0}",
                between(2.0, 6.0),
                between(30.0, 70.0),
                between(0.2, 0.5),
                between(10.0, 40.0)
            ),
        ),
        (
            "shift",
            format!(
                "gap_h_max = {:.0}\nsize_min_m = {:.0}\nprobability_min = {:.2}",
                between(30.0, 90.0),
                between(30.0, 70.0),
                between(0.3, 0.6)
            ),
        ),
        (
            "dark_count",
            format!(
                "counts = [2, 4, 8]\nperiod_days = {:.0}\np_max = {:.3}",
                between(30.0, 90.0),
                between(0.01, 0.3)
            ),
        ),
        (
            "ledger",
            format!(
                "cap = {:.0}\nshares = [0.25, 0.5, 1.0]\ncalls_min = 2\np_max = {:.3}",
                between(100_000.0, 900_000.0),
                between(0.01, 0.3)
            ),
        ),
        (
            "growth",
            format!(
                "z_min = {:.1}\nhistory_days_min = {:.0}\nover_max = {:.2}\nratio_min = {:.2}\narea_min_m2 = {:.0}\nlooks_min = {:.0}\ncooldown_days = {:.0}",
                between(1.5, 4.0),
                between(20.0, 60.0),
                between(1.02, 1.3),
                between(1.05, 1.3),
                between(50.0, 500.0),
                between(1.0, 3.4),
                between(5.0, 40.0)
            ),
        ),
    ];
    for (at, (kind, keys)) in rules.iter().enumerate() {
        text.push_str(&format!(
            "[[rule]]\nid = \"{kind}-{at}\"\nkind = \"{kind}\"\nseverity = \"watch\"\n{keys}\n"
        ));
    }
    Rules::from_toml(&text).map_err(|faults| format!("{faults:?}"))
}

/// The looks of a medley, in no order.
#[must_use]
pub fn looks(seed: u64) -> Vec<Look> {
    let mut chance = Chance::new(seed, &["medley"]);
    let days = chance.between([120.0, 420.0]);
    let mut stays = [Vec::new(), Vec::new()];
    for (port, stays) in PORTS.iter().zip(&mut stays) {
        port.traffic(days, stays, &mut chance);
    }
    shuttles(days, &mut stays, &mut chance);
    let mut looks = Vec::new();
    for (port, stays) in PORTS.iter().zip(&stays) {
        looks.extend(port.looks(days, stays, &mut chance));
    }
    chance.shuffle(&mut looks);
    looks
}

/// A hull at a berth, for a time.
#[derive(Clone)]
struct Stay {
    from: f64,
    to: f64,
    zone: &'static str,
    /// Metres east and north of the zone's corner.
    place_m: [f64; 2],
    length_m: f64,
    class: VesselClass,
    mmsi: u32,
    /// Share of its looks that match a transmission.
    heard: f64,
}

/// Ships that go to and fro between the ports, now and then dark.
fn shuttles(days: f64, stays: &mut [Vec<Stay>; 2], chance: &mut Chance) {
    for _ in 0..chance.whole([0, 3]) {
        let hull = Stay::new("a-2", 0.0, chance);
        let (mut at, until) = (chance.between([0.0, days]), chance.between([0.2, 1.0]) * days);
        for leg in 0.. {
            if at > until {
                break;
            }
            let to = at + chance.between([0.5, 4.0]);
            let (port, zone) = [(0, "a-2"), (1, "quay")][leg % 2];
            stays[port].push(Stay {
                from: at,
                to,
                zone,
                ..hull.clone()
            });
            at = to + chance.between([0.3, 4.0]);
        }
    }
}

impl Stay {
    fn new(zone: &'static str, from: f64, chance: &mut Chance) -> Self {
        let stay = if chance.yes(0.06) {
            chance.between([20.0, 120.0])
        } else {
            chance.between([0.3, 6.0])
        };
        Self {
            from,
            to: from + stay,
            zone,
            place_m: [chance.between([0.0, 300.0]), chance.between([0.0, 400.0])],
            length_m: chance.between([28.0, 190.0]),
            class: [VesselClass::Cargo, VesselClass::Tanker, VesselClass::Vessel][chance.whole([0, 2]) as usize],
            mmsi: 273_000_000 + chance.whole([0, 9_999]),
            heard: [0.02, 0.5, 1.0][chance.whole([0, 2]) as usize],
        }
    }

    fn seen(&self, lon: f64, chance: &mut Chance) -> Vessel {
        let covered = chance.yes(0.92);
        let matched = covered && chance.yes(self.heard);
        let wander_m = if chance.yes(0.1) { 250.0 } else { 15.0 };
        let [east_m, north_m] = self.place_m.map(|at| at + wander_m * chance.normal());
        Vessel {
            zone: Some(self.zone.to_owned()),
            lat: 42.0 + north_m / 111_000.0,
            lon: lon + east_m / 82_500.0,
            position_sd_m: None,
            length_m: self.length_m * (1.0 + 0.05 * chance.normal()),
            length_sd_m: chance.yes(0.7).then_some(5.0),
            beam_m: chance
                .yes(0.8)
                .then_some(self.length_m / 6.5 * (1.0 + 0.06 * chance.normal())),
            beam_sd_m: None,
            heading_deg: None,
            heading_sd_deg: None,
            confidence: chance.between([0.3, 1.0]),
            class: if chance.yes(0.8) {
                self.class
            } else {
                VesselClass::Vessel
            },
            ais: match (covered, matched) {
                (false, _) => Ais::Uncovered,
                (true, true) => Ais::Matched,
                (true, false) => Ais::Dark,
            },
            mmsi: matched.then_some(self.mmsi),
            ais_flags: if matched && chance.yes(0.08) {
                vec![AisFlag::PositionMismatch]
            } else {
                Vec::new()
            },
        }
    }
}

/// A quantity that wavers, drifts, and now and then stands higher for some days.
struct Level {
    usual: f64,
    spread: f64,
    raised: Vec<(f64, f64, f64)>,
}

impl Level {
    fn new(usual: [f64; 2], days: f64, chance: &mut Chance) -> Self {
        let usual = chance.between(usual);
        let raised = (0..chance.whole([1, 4]))
            .map(|_| {
                let from = chance.between([0.2 * days, days]);
                (
                    from,
                    from + chance.between([1.0, 20.0]),
                    usual * chance.between([0.2, 1.6]),
                )
            })
            .collect();
        Self {
            usual,
            spread: usual * chance.between([0.02, 0.12]),
            raised,
        }
    }

    fn at(&self, day: f64, chance: &mut Chance) -> f64 {
        let raised = self.raised.iter().filter(|(from, to, _)| (*from..*to).contains(&day));
        (self.usual + self.spread * chance.normal() + raised.map(|(.., by)| by).sum::<f64>()).max(0.0)
    }
}

impl Port {
    fn site(&self) -> Result<Site, String> {
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
    fn traffic(&self, days: f64, stays: &mut Vec<Stay>, chance: &mut Chance) {
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
                stays.push(Stay {
                    from,
                    to: from + chance.between([0.5, 5.0]),
                    zone: berths[chance.whole([0, berths.len() as u32 - 1]) as usize],
                    ..stay.clone()
                });
            }
            stays.push(stay);
        }
    }

    fn looks(&self, days: f64, stays: &[Stay], chance: &mut Chance) -> Vec<Look> {
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
                let visible = look.zones.iter().find(|zone| zone.zone == stay.zone);
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
