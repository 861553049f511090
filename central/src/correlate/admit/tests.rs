//! What of a look is believed.

use quaywatch_protocol::contract::Site;
use serde_json::{Value, json};

use super::*;
use crate::correlate::book::SiteBook;

const SITE: &str = r#"{"type":"FeatureCollection","site":"port","name":"Port","features":[
    {"type":"Feature","properties":{"zone":"pier","kind":"berth"},
     "geometry":{"type":"Polygon","coordinates":[[[0,0],[0.01,0],[0.01,0.01],[0,0.01],[0,0]]]}},
    {"type":"Feature","properties":{"zone":"apron","kind":"storage"},
     "geometry":{"type":"Polygon","coordinates":[[[0.02,0],[0.03,0],[0.03,0.01],[0.02,0.01],[0.02,0]]]}},
    {"type":"Feature","properties":{"zone":"field","kind":"airfield"},
     "geometry":{"type":"Polygon","coordinates":[[[0.04,0],[0.05,0],[0.05,0.01],[0.04,0.01],[0.04,0]]]}},
    {"type":"Feature","properties":{"zone":"yard","kind":"rail_track"},
     "geometry":{"type":"LineString","coordinates":[[0,0.02],[0.01,0.02]]}}]}"#;

/// A look of one value of each sort, all good.
fn good() -> Value {
    json!({"station": "gs", "epoch": 1, "seq": 1, "scene": "s", "site": "port", "acquired_at": "2024-03-13T01:30:00Z",
        "sensor": {"name": "PlanetScope", "kind": "optical", "gsd_m": 3.0},
        "zones": [{"zone": "pier", "visible": 0.75}, {"zone": "yard", "visible": 1.0}],
        "vessels": [{"zone": "pier", "lat": 0.005, "lon": 0.005, "length_m": 100.0, "confidence": 0.9, "class": "cargo", "ais": "dark"}],
        "rail": [{"zone": "yard", "track": "", "occupied_m": 140.0, "length_m": 650.0, "cars": 0}],
        "stacks": [{"zone": "apron", "area_m2": 900.0, "row_m": 60.0}],
        "aircraft": [{"zone": "field", "count": 3}]})
}

fn compacted(look: &Value) -> (SiteLook, Counts) {
    let look: Look = serde_json::from_value(look.clone()).unwrap();
    let book = SiteBook::new([&Site::from_geojson(SITE).unwrap()]);
    let rules = Rules::from_toml(crate::rules::DEFAULT_TOML).unwrap();
    let (known_ms, mut counts) = (look.acquired_at.0, Counts::default());
    let out = compact(
        &look,
        Arc::from("gs/1/1"),
        known_ms,
        book.at(0).unwrap(),
        &rules,
        &mut counts,
    );
    (out, counts)
}

/// Values that a look is left with: shares in sight, vessels, zones with levels.
fn kept(look: &SiteLook) -> [usize; 3] {
    [
        look.visible.iter().flatten().count(),
        look.vessels.len(),
        look.levels.len(),
    ]
}

#[test]
fn a_good_look_is_taken_in_whole() {
    let (look, counts) = compacted(&good());
    assert_eq!((kept(&look), counts), ([2, 1, 3], Counts::default()));
    let level = |sum: fn(&Level) -> f64| look.levels.iter().map(|(_, level)| sum(level)).sum::<f64>();
    // 140 m of cars that nobody counted are ten.
    assert_eq!(level(|level| level.cars), 10.0);
    assert_eq!(level(|level| level.area_m2), 900.0);
    assert_eq!(level(|level| level.aircraft), 3.0);
}

#[test]
fn what_cannot_be_is_left_out_named_and_counted_and_the_rest_counts() {
    for (pointer, value, field, left) in [
        ("/zones/0/visible", json!(1.01), "zones.visible", [1, 1, 3]),
        ("/zones/0/visible", json!(-0.01), "zones.visible", [1, 1, 3]),
        ("/vessels/0/length_m", json!(0.0), "vessels.length_m", [2, 0, 3]),
        ("/vessels/0/length_m", json!(500.5), "vessels.length_m", [2, 0, 3]),
        ("/vessels/0/confidence", json!(1.5), "vessels.confidence", [2, 0, 3]),
        ("/vessels/0/lat", json!(90.5), "vessels.lat", [2, 0, 3]),
        ("/vessels/0/lon", json!(-180.5), "vessels.lat", [2, 0, 3]),
        ("/rail/0/occupied_m", json!(-1.0), "rail", [2, 1, 2]),
        ("/rail/0/length_m", json!(6e7), "rail", [2, 1, 2]),
        ("/rail/0/cars", json!(60_000_000), "rail", [2, 1, 2]),
        ("/stacks/0/area_m2", json!(-1.0), "stacks.area_m2", [2, 1, 2]),
        ("/stacks/0/row_m", json!(6e7), "stacks.area_m2", [2, 1, 2]),
    ] {
        let mut look = good();
        *look.pointer_mut(pointer).unwrap() = value;
        let (look, counts) = compacted(&look);
        assert_eq!(
            (kept(&look), counts.bad_value, counts.unknown_zone),
            (left, 1, 0),
            "{pointer}"
        );
        let named: Vec<_> = counts.faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(named, [field], "{pointer}");
    }
}

#[test]
fn a_zone_that_the_site_does_not_have_is_left_out_named_and_counted() {
    for (pointer, field, left) in [
        ("/zones/0/zone", "zones.zone", [1, 1, 3]),
        ("/vessels/0/zone", "vessels.zone", [2, 0, 3]),
        ("/rail/0/zone", "rail.zone", [2, 1, 2]),
        ("/stacks/0/zone", "stacks.zone", [2, 1, 2]),
        ("/aircraft/0/zone", "aircraft.zone", [2, 1, 2]),
    ] {
        let mut look = good();
        *look.pointer_mut(pointer).unwrap() = json!("moon");
        let (look, counts) = compacted(&look);
        assert_eq!(
            (kept(&look), counts.bad_value, counts.unknown_zone),
            (left, 0, 1),
            "{pointer}"
        );
        assert!(
            counts.faults[0].field == field && counts.faults[0].problem.contains("`moon`"),
            "{pointer}"
        );
    }
}

#[test]
fn of_two_shares_of_one_zone_the_smaller_counts() {
    let mut look = good();
    look["zones"][1] = json!({"zone": "pier", "visible": 0.25});
    let (look, _) = compacted(&look);
    assert_eq!(look.visible.iter().flatten().collect::<Vec<_>>(), [&0.25]);
}

/// A hull of 100 by 20 m, sure enough to count, with these standard errors.
fn hull(length_sd_m: Option<f64>, beam_sd_m: Option<f64>) -> Seen {
    let mut vessel: Vessel = serde_json::from_str(
        r#"{"zone":"pier","lat":42.0,"lon":130.0,"length_m":100.0,"beam_m":20.0,"confidence":1.0,"class":"vessel","ais":"dark"}"#,
    )
    .unwrap();
    (vessel.length_sd_m, vessel.beam_sd_m) = (length_sd_m, beam_sd_m);
    seen(&vessel, 0, &Rules::from_toml(crate::rules::DEFAULT_TOML).unwrap()).unwrap()
}

#[test]
fn a_measure_without_a_standard_error_gets_a_share_of_itself() {
    let rules = Rules::from_toml(crate::rules::DEFAULT_TOML).unwrap();
    let plain = hull(None, None);
    assert!((plain.length_sd_m - 100.0 * rules.calls.length_sd_share).abs() < 1e-9);
    assert_eq!(
        plain.beam.map(|(beam, sd)| (beam, (sd * 100.0).round())),
        Some((20.0, 240.0))
    );
    assert!(plain.confidence < 1.0);
}

#[test]
fn no_standard_error_is_believed_below_what_pixels_allow() {
    let rules = Rules::from_toml(crate::rules::DEFAULT_TOML).unwrap();
    for too_good in [Some(0.01), Some(f64::NAN), Some(-3.0)] {
        let sure = hull(too_good, too_good);
        assert!(sure.length_sd_m >= rules.calls.length_sd_min_m);
        assert!(sure.beam.unwrap().1 >= rules.calls.beam_sd_min_m);
    }
}

#[test]
fn what_is_too_small_or_too_unsure_is_no_vessel_and_no_fault() {
    let rules = Rules::from_toml(crate::rules::DEFAULT_TOML).unwrap();
    let (size_m, confidence) = (rules.calls.size_min_m, rules.calls.confidence_min);
    for (length_m, sure, vessels) in [
        (size_m, confidence, 1),
        (size_m - 0.1, confidence, 0),
        (size_m, confidence - 0.01, 0),
        (size_m + 50.0, confidence + 0.01, 1),
    ] {
        let mut look = good();
        look["vessels"][0]["length_m"] = json!(length_m);
        look["vessels"][0]["confidence"] = json!(sure);
        let (look, counts) = compacted(&look);
        assert_eq!(
            (kept(&look), counts),
            ([2, vessels, 3], Counts::default()),
            "{length_m} m, {sure}"
        );
    }
}

#[test]
fn a_beam_that_is_no_beam_is_left_out_and_a_transmitter_counts_only_where_it_matched() {
    for (beam_m, is_kept) in [
        (16.0, true),
        (0.0, false),
        (-3.0, false),
        (100.0, false),
        (140.0, false),
    ] {
        let mut look = good();
        look["vessels"][0]["beam_m"] = json!(beam_m);
        assert_eq!(compacted(&look).0.vessels[0].beam.is_some(), is_kept, "{beam_m} m");
    }
    for (ais, mmsi) in [("matched", Some(273_000_001)), ("dark", None), ("uncovered", None)] {
        let mut look = good();
        look["vessels"][0]["ais"] = json!(ais);
        look["vessels"][0]["mmsi"] = json!(273_000_001);
        assert_eq!(compacted(&look).0.vessels[0].mmsi, mmsi, "{ais}");
    }
}
