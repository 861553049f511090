use super::*;

fn with_zone(zone: &str) -> String {
    format!(r#"{{"type":"FeatureCollection","site":"s","name":"S","features":[{zone}]}}"#)
}

fn faults_of(text: &str) -> String {
    Site::from_geojson(text)
        .unwrap_err()
        .iter()
        .map(|fault| format!("{fault}\n"))
        .collect()
}

const SQUARE: &str = r#"{"type":"Feature","properties":{"zone":"pier","kind":"berth","bearing_deg":221},
    "geometry":{"type":"Polygon","coordinates":[[[0,0],[0.01,0],[0.01,0.01],[0,0.01],[0,0]]]}}"#;

#[test]
fn a_good_site_reads_and_its_bearing_is_an_axis() {
    let site = Site::from_geojson(&with_zone(SQUARE)).unwrap();
    assert_eq!(site.zones[0].bearing_deg, Some(41.0));
    assert_eq!(site.zone("pier").unwrap().kind, ZoneKind::Berth);
}

#[test]
fn a_position_without_numbers_is_named_and_never_taken_apart() {
    for bad in ["[]", "[0.01]"] {
        let faults = faults_of(&with_zone(&SQUARE.replacen("[0.01,0]", bad, 1)));
        assert!(
            faults.contains("zone `pier`") && faults.contains("fewer than two numbers"),
            "{faults}"
        );
    }
}

#[test]
fn a_self_crossing_polygon_is_named_with_its_zone() {
    let crossed = SQUARE.replace("[0.01,0],[0.01,0.01],[0,0.01]", "[0.01,0.01],[0.01,0],[0,0.01]");
    let faults = faults_of(&with_zone(&crossed));
    assert!(
        faults.contains("zone `pier`") && faults.contains("simple polygon"),
        "{faults}"
    );
}

#[test]
fn every_fault_is_told_at_once() {
    let text = r#"{"type":"FeatureCollection","site":"bad id","features":[
        {"type":"Feature","properties":{"zone":"a","kind":"bert"},"geometry":null},
        {"type":"Feature","properties":{"zone":"b","kind":"rail_track","capacity_cars":"many"},
         "geometry":{"type":"LineString","coordinates":[[0,0]]}},
        {"type":"Feature","properties":{"zone":"c","kind":"apron"},
         "geometry":{"type":"Polygon","coordinates":[[[200,0],[201,0],[201,1],[200,0]]]}}]}"#;
    let faults = faults_of(text);
    for expected in [
        "`site`",
        "`properties.kind` is",
        "rail_track",
        "`properties.capacity_cars`",
        "zone `c`",
        "[200, 0]",
    ] {
        assert!(
            faults.replace(": is", " is").contains(expected),
            "{expected} in:\n{faults}"
        );
    }
}

#[test]
fn two_tracks_may_share_a_yard_but_not_a_track_id() {
    let track = |id: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"zone":"yard","kind":"rail_track","track":"{id}"}},
            "geometry":{{"type":"LineString","coordinates":[[0,0],[0.01,0]]}}}}"#
        )
    };
    assert!(Site::from_geojson(&with_zone(&format!("{},{}", track("t1"), track("t2")))).is_ok());
    assert!(faults_of(&with_zone(&format!("{},{}", track("t1"), track("t1")))).contains("stands twice"));
}

#[test]
fn text_that_is_not_json_names_the_line() {
    assert!(faults_of("{\n\"type\": oops}").starts_with("line 2"));
}
