//! Behaviour of the correlator through replay: small scripted histories, and any order of any history.

mod any_order;
mod calls_and_voyages;
mod coincidence;
mod event_time;
mod exposure;

use std::sync::Arc;

use proptest::prelude::*;
use quaywatch_protocol::contract::{
    Look, Site, UnixMs,
    look::{Ais, RailSeen, Sensor, SensorKind, StackSeen, Vessel, VesselClass, ZoneSeen},
    time::{DAY_MS, HOUR_MS},
};

use super::*;
use crate::alert::{Kind, Severity, State};

const START: i64 = 1_690_000_000_000;

fn site(id: &str, lon: f64) -> Site {
    let square = |zone: &str, kind: &str, at: f64| {
        let (west, east) = (lon + at, lon + at + 0.004);
        format!(
            r#"{{"type":"Feature","properties":{{"zone":"{zone}","kind":"{kind}"}},"geometry":{{"type":"Polygon",
            "coordinates":[[[{west},42.0],[{east},42.0],[{east},42.004],[{west},42.004],[{west},42.0]]]}}}}"#
        )
    };
    let track = format!(
        r#"{{"type":"Feature","properties":{{"zone":"yard","kind":"rail_track"}},
        "geometry":{{"type":"LineString","coordinates":[[{lon},42.01],[{},42.01]]}}}}"#,
        lon + 0.01
    );
    let zones = [
        square("pier", "berth", 0.0),
        square("pier-2", "berth", 0.005),
        square("oil", "oil_berth", 0.010),
        square("apron", "apron", 0.015),
        track,
    ];
    let text = format!(
        r#"{{"type":"FeatureCollection","site":"{id}","name":"Port {id}","features":[{}]}}"#,
        zones.join(",")
    );
    Site::from_geojson(&text).unwrap()
}

fn book() -> Arc<SiteBook> {
    Arc::new(SiteBook::new(&[site("a", 130.0), site("b", 132.0)]))
}

fn rules() -> Rules {
    Rules::from_toml(crate::rules::DEFAULT_TOML).unwrap()
}

fn look(site: &str, day: f64) -> Look {
    let at = START + (day * DAY_MS as f64) as i64;
    let zone = |zone: &str| ZoneSeen {
        zone: zone.to_owned(),
        visible: 1.0,
        hidden: None,
    };
    // Ordinary levels that vary a little from day to day.
    let wobble = (day * 7.3).sin();
    Look {
        station: "gs-1".to_owned(),
        epoch: None,
        seq: None,
        scene: format!("{site}-{day:.3}"),
        site: site.to_owned(),
        acquired_at: UnixMs(at),
        received_at: Some(UnixMs(at + 420_000)),
        sensor: Sensor {
            name: "PlanetScope".to_owned(),
            kind: SensorKind::Optical,
            gsd_m: 3.0,
        },
        zones: ["pier", "pier-2", "oil", "apron", "yard"].map(zone).into(),
        vessels: Vec::new(),
        rail: vec![RailSeen {
            zone: "yard".to_owned(),
            track: String::new(),
            occupied_m: 140.0 + 28.0 * wobble,
            occupied_sd_m: None,
            length_m: 900.0,
            cars: (10.0 + 2.0 * wobble) as u32,
            cars_sd: None,
            mix: Default::default(),
        }],
        stacks: vec![StackSeen {
            zone: "apron".to_owned(),
            area_m2: 800.0 + 80.0 * wobble,
            area_sd_m2: None,
            row_m: 40.0,
        }],
        aircraft: Vec::new(),
    }
}

fn vessel(zone: &str, length_m: f64, ais: Ais) -> Vessel {
    Vessel {
        zone: Some(zone.to_owned()),
        lat: 42.002,
        lon: 130.002,
        position_sd_m: None,
        length_m,
        length_sd_m: Some(5.0),
        beam_m: Some(length_m / 6.5),
        beam_sd_m: None,
        heading_deg: Some(41.0),
        heading_sd_deg: None,
        confidence: 0.93,
        class: VesselClass::Vessel,
        ais,
        mmsi: (ais == Ais::Matched).then_some(273_000_001),
        ais_flags: Vec::new(),
    }
}

fn quiet(site: &str, days: i32) -> Vec<Look> {
    (0..days).map(|day| look(site, f64::from(day))).collect()
}

fn at(looks: &mut [Look], day: i32) -> &mut Look {
    let scene_day = START + i64::from(day) * DAY_MS;
    looks.iter_mut().find(|look| look.acquired_at.0 == scene_day).unwrap()
}

/// A tanker on day 120, trains on day 122, a ship on day 123.
fn meeting(days: i32) -> Vec<Look> {
    let mut looks = quiet("a", days);
    at(&mut looks, 120).vessels.push(vessel("oil", 96.0, Ais::Dark));
    at(&mut looks, 122).rail[0].cars = 60;
    at(&mut looks, 122).rail[0].occupied_m = 840.0;
    at(&mut looks, 123).vessels.push(vessel("pier", 123.0, Ais::Dark));
    looks
}

fn of_kind(outcome: &Outcome, kind: Kind) -> Vec<&Alert> {
    outcome
        .alerts
        .iter()
        .filter(|alert| alert.kind == kind && alert.state == State::Open)
        .collect()
}

fn replay(looks: Vec<Look>) -> Outcome {
    run(book(), rules(), looks, None)
}

fn bytes(outcome: &Outcome) -> String {
    outcome
        .alerts
        .iter()
        .map(|alert| serde_json::to_string(alert).unwrap() + "\n")
        .collect()
}
