//! Random small histories: two sites, some weeks, now and then a coincidence; and every way in which looks can arrive.

use quaywatch_protocol::contract::{
    look::{Look, RailSeen, Sensor, SensorKind, Vessel, VesselClass, ZoneSeen},
    site::Site,
    time::{HOUR_MS, UnixMs},
};

use super::{DAY, HOUR};
use crate::{
    feed::chance::Chance,
    reference::sighting::{Eye, Hull},
};

const START: i64 = 1_690_000_000_000;
const ZONES: [(&str, &str); 3] = [("pier-1", "berth"), ("pier-2", "berth"), ("oil", "oil_berth")];

const EYE: Eye = Eye {
    beam_spread: None,
    confidence: [0.2, 1.0],
    classed: 0.5,
    mismatched: 0.1,
};

/// Two ports, 160 km apart.
///
/// # Errors
/// What is wrong with the sites: nothing.
pub fn sites() -> Result<Vec<Site>, String> {
    [("a", 130.0), ("b", 132.0)]
        .into_iter()
        .map(|(id, lon)| site(id, lon))
        .collect()
}

fn site(id: &str, lon: f64) -> Result<Site, String> {
    let mut features: Vec<String> = Vec::new();
    for (index, (zone, kind)) in ZONES.iter().enumerate() {
        let (west, east) = (lon + 0.005 * index as f64, lon + 0.005 * index as f64 + 0.004);
        features.push(format!(
            r#"{{"type":"Feature","properties":{{"zone":"{zone}","kind":"{kind}"}},"geometry":{{"type":"Polygon","coordinates":[[[{west},42.0],[{east},42.0],[{east},42.004],[{west},42.004],[{west},42.0]]]}}}}"#
        ));
    }
    features.push(format!(
        r#"{{"type":"Feature","properties":{{"zone":"yard","kind":"rail_track"}},"geometry":{{"type":"LineString","coordinates":[[{lon},42.01],[{},42.01]]}}}}"#,
        lon + 0.01
    ));
    let text = format!(
        r#"{{"type":"FeatureCollection","site":"{id}","name":"Port {id}","features":[{}]}}"#,
        features.join(",")
    );
    Site::from_geojson(&text).map_err(|faults| format!("{faults:?}"))
}

/// A random history: looks as stations would send them, in no order, some late, some twice, some contradictory.
#[must_use]
pub fn history(seed: u64) -> Vec<Look> {
    let mut chance = Chance::new(seed, &["reference"]);
    let mut looks = Vec::new();
    let sites = if chance.yes(0.3) { 2 } else { 1 };
    for site in ["a", "b"].into_iter().take(sites) {
        looks.extend(of_site(site, &mut chance));
    }
    for index in 0..looks.len() {
        if chance.yes(0.04) {
            let mut copy: Look = looks[index].clone();
            if chance.yes(0.3) {
                // A contradictory copy: the one that is known first counts.
                copy.vessels.clear();
                copy.received_at = copy.received_at.map(|at| at.plus_ms(HOUR_MS));
            }
            looks.push(copy);
        }
    }
    chance.shuffle(&mut looks);
    looks
}

fn of_site(site: &str, chance: &mut Chance) -> Vec<Look> {
    let days = f64::from(chance.whole([50, 80]));
    let per_day = chance.between([0.8, 2.0]);
    let traffic = chance.between([0.005, 0.06]);
    let meets = chance.between([44.0, days - 2.0]);
    let (mut looks, mut ships): (Vec<Look>, Vec<Ship>) = (Vec::new(), Vec::new());
    let mut at = 0.0;
    while at < days {
        at += chance.exponential(1.0 / traffic);
        ships.push(Ship::new(at, chance));
    }
    // Now and then what makes a coincidence, near one day.
    let wanted = [chance.yes(0.9), chance.yes(0.9), chance.yes(0.9)];
    for zone in ["pier-1", "oil"] {
        if wanted[usize::from(zone == "oil")] {
            let mut ship = Ship::new(meets + chance.between([-4.0, 4.0]), chance);
            ship.hull.zone = zone;
            ship.hull.class = VesselClass::Vessel;
            ship.dark = true;
            ship.heard = if chance.yes(0.3) { 0.4 } else { 0.02 };
            ships.push(ship);
        }
    }
    let (rail_from, cars) = (meets + chance.between([-4.0, 4.0]), chance.between([8.0, 20.0]));
    let rail_to = rail_from + chance.between([1.0, 6.0]);
    let mut seq = 0;
    let mut at = 0.0;
    while at < days {
        at += chance.exponential(1.0 / per_day);
        let hidden = if chance.yes(0.15) { 0.5 } else { 1.0 };
        let train = wanted[2] && at >= rail_from && at < rail_to;
        let mut look = empty(site, seq, at, chance);
        for zone in &mut look.zones {
            zone.visible = if chance.yes(0.1) {
                chance.between([0.3, 1.0])
            } else {
                hidden
            };
        }
        look.rail[0].cars = (cars + 3.0 * chance.normal() + if train { 60.0 } else { 0.0 }).max(0.0) as u32;
        for ship in ships.iter().filter(|ship| at >= ship.from && at < ship.to) {
            if hidden > 0.7 && chance.yes(0.85) {
                look.vessels.push(ship.seen(site, chance));
            }
        }
        looks.push(look);
        seq += 1;
    }
    looks
}

fn empty(site: &str, seq: u64, day: f64, chance: &mut Chance) -> Look {
    let acquired = START + (day * DAY) as i64;
    let late_h = if chance.yes(0.08) {
        chance.between([0.0, 76.0])
    } else {
        0.1
    };
    let early = chance.yes(0.01);
    Look {
        station: if seq.is_multiple_of(3) { "gs-2" } else { "gs-1" }.to_owned(),
        epoch: Some(if site == "a" { 1 } else { 2 }),
        seq: Some(seq),
        scene: format!("{site}-{seq}"),
        site: site.to_owned(),
        acquired_at: UnixMs(acquired),
        received_at: Some(UnixMs(acquired + if early { -200_000 } else { (late_h * HOUR) as i64 })),
        sensor: Sensor {
            name: "PlanetScope".to_owned(),
            kind: SensorKind::Optical,
            gsd_m: 3.0,
        },
        zones: ZONES
            .iter()
            .map(|(zone, _)| *zone)
            .chain(["yard"])
            .map(|zone| ZoneSeen {
                zone: zone.to_owned(),
                visible: 1.0,
                hidden: None,
            })
            .collect(),
        vessels: Vec::new(),
        rail: vec![RailSeen {
            zone: "yard".to_owned(),
            track: String::new(),
            occupied_m: chance.between([0.0, 300.0]),
            occupied_sd_m: None,
            length_m: 900.0,
            cars: 0,
            cars_sd: None,
            mix: Default::default(),
        }],
        stacks: Vec::new(),
        aircraft: Vec::new(),
    }
}

/// A ship's stay.
struct Ship {
    from: f64,
    to: f64,
    hull: Hull,
    dark: bool,
    /// Share of its looks that match it although it is dark.
    heard: f64,
}

impl Ship {
    fn new(from: f64, chance: &mut Chance) -> Self {
        let to = from + chance.between([0.5, 5.0]);
        let zone = ZONES[chance.whole([0, 2]) as usize].0;
        let length_m = chance.between([28.0, 180.0]);
        let class = if chance.yes(0.3) {
            VesselClass::Tanker
        } else {
            VesselClass::Cargo
        };
        let dark = chance.yes(0.4);
        let mmsi = 273_000_000 + chance.whole([0, 9_999]);
        Self {
            from,
            to,
            hull: Hull {
                zone,
                length_m,
                class,
                mmsi,
            },
            dark,
            heard: 0.03,
        }
    }

    fn seen(&self, site: &str, chance: &mut Chance) -> Vessel {
        let covered = chance.yes(0.9);
        let matched = covered && (!self.dark || chance.yes(self.heard));
        let lat = 42.002 + chance.between([-0.0003, 0.0003]);
        let lon = if site == "a" { 130.002 } else { 132.002 };
        EYE.sees(&self.hull, [lat, lon], covered.then_some(matched), chance)
    }
}
