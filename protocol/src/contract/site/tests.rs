use super::*;
use crate::limits;

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

const TRACK: &str = r#"{"type":"Feature","properties":{"zone":"yard","kind":"rail_track"},
    "geometry":{"type":"LineString","coordinates":[[0,0],[0.01,0]]}}"#;

fn many_zones(count: usize) -> String {
    let zones: Vec<_> = (0..count)
        .map(|number| SQUARE.replace("\"pier\"", &format!("\"pier-{number}\"")))
        .collect();
    with_zone(&zones.join(","))
}

#[test]
fn a_site_has_from_one_to_sixty_three_zones() {
    assert_eq!(
        Site::from_geojson(&many_zones(limits::ZONES_PER_SITE_MAX))
            .unwrap()
            .zones
            .len(),
        63
    );
    for count in [0, 64] {
        let faults = faults_of(&many_zones(count));
        assert!(
            faults.contains(&format!("has {count} zones: expected 1 to 63")),
            "{faults}"
        );
    }
}

#[test]
fn a_file_may_be_as_long_as_the_limit_and_no_longer() {
    let mut text = with_zone(SQUARE);
    text.extend(std::iter::repeat_n(' ', limits::SITE_FILE_BYTES_MAX - text.len()));
    assert!(Site::from_geojson(&text).is_ok());
    text.push(' ');
    assert_eq!(faults_of(&text), "file: is larger than 8388608 bytes\n");
}

#[test]
fn a_zone_may_have_as_many_points_as_the_limit_and_no_more() {
    let circle = |points: usize| {
        let mut at: Vec<_> = (0..points - 1)
            .map(|step| {
                let angle = std::f64::consts::TAU * step as f64 / (points - 1) as f64;
                format!("[{},{}]", 0.01 * angle.cos(), 0.01 * angle.sin())
            })
            .collect();
        at.push(at[0].clone());
        SQUARE.replace(
            "[[0,0],[0.01,0],[0.01,0.01],[0,0.01],[0,0]]",
            &format!("[{}]", at.join(",")),
        )
    };
    assert!(Site::from_geojson(&with_zone(&circle(limits::ZONE_VERTICES_MAX))).is_ok());
    let faults = faults_of(&with_zone(&circle(limits::ZONE_VERTICES_MAX + 1)));
    assert!(faults.contains("have more than 2000 points"), "{faults}");
}

#[test]
fn each_kind_says_which_shape_it_wants_and_each_name_what_it_may_hold() {
    let polygon = r#"{"type":"Polygon","coordinates":[[[0,0],[0.01,0],[0.01,0.01],[0,0.01],[0,0]]]}"#;
    let line = r#"{"type":"LineString","coordinates":[[0,0],[0.01,0]]}"#;
    for (text, expected) in [
        (
            with_zone(&TRACK.replace(line, polygon)),
            "feature 0 (zone `yard`) `geometry`: must be a LineString along the track's centre line\n",
        ),
        (
            with_zone(&SQUARE.replace(polygon, line)),
            "feature 0 (zone `pier`) `geometry`: must be a Polygon for the kind `berth`\n",
        ),
        (
            with_zone(SQUARE).replace("\"s\"", "\"a b\""),
            "`site`: is `a b`: expected 1 to 24 characters of a-z, A-Z, 0-9, `-`, `_`, `.`\n",
        ),
        (
            with_zone(&SQUARE.replace("pier", "p/q")),
            "feature 0 (zone `p/q`) `properties.zone`: is `p/q`: expected 1 to 32 characters of a-z, A-Z, 0-9, `-`, `_`, `.`\n",
        ),
    ] {
        assert_eq!(faults_of(&text), expected);
    }
}

#[test]
fn vessels_call_at_berths_only() {
    let berths: Vec<_> = ZoneKind::ALL.into_iter().filter(|kind| kind.is_berth()).collect();
    assert_eq!(berths, [ZoneKind::Berth, ZoneKind::OilBerth]);
}
