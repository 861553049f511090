//! Calls from looks, look by look.

use std::sync::Arc;

use quaywatch_protocol::contract::{
    Site,
    look::{Ais, VesselClass},
    time::{DAY_MS, HOUR_MS},
};

use super::{
    admit::{Seen, SiteLook},
    book::SiteBook,
    calls::{Call, track},
    exposure::Exposure,
};
use crate::rules::Rules;

/// A site of one berth.
const SITE: &str = r#"{"type":"FeatureCollection","site":"port","name":"Port","features":[{"type":"Feature",
    "properties":{"zone":"pier","kind":"berth"},"geometry":{"type":"Polygon",
    "coordinates":[[[130.0,42.0],[130.01,42.0],[130.01,42.01],[130.0,42.01],[130.0,42.0]]]}}]}"#;

struct Berth {
    book: SiteBook,
    live: Vec<Arc<Call>>,
    clear: Vec<Exposure>,
    rules: Rules,
    looks: u32,
    /// What the next looks take the vessels for.
    class: VesselClass,
    /// Where the next looks see them, metres north of the berth's edge.
    north_m: f64,
}

impl Berth {
    fn new() -> Self {
        Self {
            book: SiteBook::new([&Site::from_geojson(SITE).unwrap()]),
            live: Vec::new(),
            clear: vec![Exposure::default()],
            rules: Rules::from_toml(crate::rules::DEFAULT_TOML).unwrap(),
            looks: 0,
            class: VesselClass::Vessel,
            north_m: 0.0,
        }
    }

    fn at_oil_berth() -> Self {
        let site = Site::from_geojson(&SITE.replace("berth", "oil_berth")).unwrap();
        Self {
            book: SiteBook::new([&site]),
            ..Self::new()
        }
    }

    /// One look at hour `hour`, `visible` of the berth in sight, with hulls of these lengths.
    fn look(&mut self, hour: i64, visible: f32, lengths_m: &[f64]) {
        self.look_with_radio(hour, visible, lengths_m, Ais::Dark);
    }

    fn look_with_radio(&mut self, hour: i64, visible: f32, lengths_m: &[f64], ais: Ais) {
        self.looks += 1;
        let (class, lat_deg) = (self.class, 42.0 + self.north_m / 111_320.0);
        let seen = |length_m: &f64| Seen {
            zone: 0,
            lat_deg,
            lon_deg: 130.0,
            length_m: *length_m,
            length_sd_m: 5.0,
            beam: Some((length_m / 6.5, 2.0)),
            confidence: 0.8,
            class,
            ais,
            mmsi: None,
            mismatch: false,
        };
        let look = SiteLook {
            key: (hour * HOUR_MS, Arc::from(format!("look-{:03}", self.looks))),
            known_ms: hour * HOUR_MS,
            visible: vec![Some(visible)],
            vessels: lengths_m.iter().map(seen).collect(),
            levels: Vec::new(),
        };
        if look.clear(0, &self.rules) {
            self.clear[0].insert(look.at(), 1.0);
        }
        track(
            &mut self.live,
            &look,
            self.book.at(0).unwrap(),
            &self.clear,
            &self.rules,
            &mut 0,
        );
    }
}

#[test]
fn a_ship_that_stays_for_weeks_is_one_call() {
    let mut berth = Berth::new();
    for day in 0..30 {
        // Every fifth look the detector misses it.
        berth.look(day * 24, 1.0, if day % 5 == 3 { &[] } else { &[120.0] });
    }
    assert_eq!(berth.live.len(), 1);
    assert_eq!(berth.live[0].last_ms - berth.live[0].first_ms, 29 * DAY_MS);
}

#[test]
fn two_stations_at_one_moment_see_one_vessel() {
    let mut berth = Berth::new();
    berth.look(24, 1.0, &[120.0]);
    let once = berth.live[0].existence();
    berth.look(24, 1.0, &[124.0]);
    assert_eq!(berth.live.len(), 1);
    assert!(
        (berth.live[0].existence() - once).abs() < 1e-12,
        "one moment is one piece of evidence"
    );
}

#[test]
fn partial_visibility_is_not_departure() {
    let mut berth = Berth::new();
    berth.look(0, 1.0, &[120.0]);
    for day in 1..3 {
        berth.look(day * 24, 0.4, &[]);
    }
    assert!(berth.live[0].departure().is_none() && !berth.live[0].departed);
}

#[test]
fn arrival_and_departure_lie_between_two_clear_looks() {
    let mut berth = Berth::new();
    berth.look(0, 1.0, &[]);
    berth.look(24, 0.3, &[]);
    berth.look(48, 1.0, &[120.0]);
    berth.look(72, 0.3, &[]);
    berth.look(96, 1.0, &[]);
    let call = &berth.live[0];
    assert_eq!(call.arrival(&berth.rules), (0, 48 * HOUR_MS));
    assert_eq!(call.departure(), Some((48 * HOUR_MS, 96 * HOUR_MS)));
}

#[test]
fn two_hulls_of_different_size_are_two_calls() {
    let mut berth = Berth::new();
    berth.look(0, 1.0, &[120.0, 70.0]);
    berth.look(24, 1.0, &[72.0, 118.0]);
    assert_eq!(berth.live.len(), 2);
    assert!(berth.live.iter().all(|call| call.evidence.len() == 2));
}

#[test]
fn a_hull_seen_further_off_than_one_and_a_half_of_its_length_and_150_m_is_another() {
    // 300 m for a hull of 100 m.
    for (north_m, calls) in [(290.0, 1), (310.0, 2)] {
        let mut berth = Berth::new();
        berth.look(0, 1.0, &[100.0]);
        berth.north_m = north_m;
        berth.look(24, 1.0, &[100.0]);
        assert_eq!(berth.live.len(), calls, "{north_m} m");
    }
}

#[test]
fn a_zone_as_visible_as_the_bar_is_clear() {
    let mut berth = Berth::new();
    berth.look(0, 0.7, &[]);
    berth.look(24, 0.69, &[]);
    berth.look(48, 1.0, &[120.0]);
    assert_eq!(berth.live[0].arrival(&berth.rules), (0, 48 * HOUR_MS));
}

#[test]
fn a_dark_hull_where_one_that_transmits_was_gone_is_another_call() {
    let mut berth = Berth::new();
    berth.look_with_radio(0, 1.0, &[110.0], Ais::Matched);
    berth.look(30, 1.0, &[]);
    berth.look(60, 1.0, &[118.0]);
    assert_eq!(berth.live.len(), 2);
    assert!(berth.live[1].dark() && !berth.live[0].dark());
}

#[test]
fn a_transmission_heard_again_after_a_miss_is_still_the_same_call() {
    let mut berth = Berth::new();
    berth.look_with_radio(0, 1.0, &[110.0], Ais::Dark);
    berth.look(30, 1.0, &[]);
    berth.look_with_radio(60, 1.0, &[111.0], Ais::Matched);
    assert_eq!(berth.live.len(), 1);
    assert!(!berth.live[0].dark());
}

#[test]
fn one_wrong_class_makes_no_tanker_of_a_cargo_ship_where_tankers_have_a_berth_of_their_own() {
    let oil = r#"]]]}},{"type":"Feature","properties":{"zone":"zz-oil","kind":"oil_berth"},"geometry":{"type":"Polygon",
        "coordinates":[[[130.02,42.0],[130.03,42.0],[130.03,42.01],[130.02,42.01],[130.02,42.0]]]}}]}"#;
    let with_oil = Site::from_geojson(&SITE.replace("]]]}}]}", oil)).unwrap();
    for (book, at_once) in [
        (SiteBook::new([&with_oil]), false),
        (SiteBook::new([&Site::from_geojson(SITE).unwrap()]), true),
    ] {
        let mut berth = Berth { book, ..Berth::new() };
        berth.class = VesselClass::Tanker;
        berth.look(0, 1.0, &[100.0]);
        assert_eq!(berth.live[0].is_tanker(), at_once);
        berth.look(24, 1.0, &[100.0]);
        assert!(berth.live[0].is_tanker(), "two looks say so");
    }
}

#[test]
fn one_wrong_class_does_not_make_a_cargo_ship_of_a_tanker_at_an_oil_berth() {
    let mut berth = Berth::at_oil_berth();
    berth.look(0, 1.0, &[100.0]);
    assert!(berth.live[0].is_tanker());
    berth.class = VesselClass::Bulk;
    berth.look(24, 1.0, &[100.0]);
    assert!(berth.live[0].is_tanker());
    berth.look(48, 1.0, &[100.0]);
    assert!(!berth.live[0].is_tanker());
}
