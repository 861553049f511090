//! Exports with hostile names: each form stays well-formed and says nothing that was not said.

use serde_json::json;

use super::*;
use crate::testing::SITE;

const HOSTILE: &str = "<script>alert(1)</script>\"'&]]>\u{0}\u{b}\r\n=cmd|' /C calc'!A0, \u{202e}";

fn sheet(name: &str) -> Sheet {
    let look: Look = serde_json::from_str(
        r#"{"station":"gs-1","epoch":1,"seq":7,"scene":"s","site":"vostochny","acquired_at":"2024-03-13T01:30:00Z",
        "sensor":{"name":"PlanetScope","kind":"optical","gsd_m":3.0},"zones":[{"zone":"oil-berth","visible":1.0}],
        "vessels":[{"zone":"oil-berth","lat":42.7461,"lon":133.0792,"length_m":96.0,"confidence":0.93,"class":"tanker","ais":"dark"}]}"#,
    )
    .unwrap();
    let mut site = Site::from_geojson(SITE).unwrap();
    site.name = name.to_owned();
    Sheet {
        alert: json!({
            "id": "dock-rail-tanker-vostochny-0a1b2c3d4e5f", "rule": name, "kind": "coincidence", "site": "vostochny", "sites": ["vostochny"],
            "opened_at": "2024-03-13T01:37:10Z", "updated_at": "2024-03-14T02:00:00.5Z",
            "onset": {"earliest": "2024-03-10T00:00:00Z", "latest": "2024-03-12T00:00:00Z"},
            "state": "open", "severity": "critical", "expected_false_per_site_year": 0.4, "text": name, "withdrawn": false,
            "signals": [{"kind": "tanker", "zone": "oil-berth", "value": 1, "unit": "calls", "baseline": 0.03, "p": 0.002,
                         "from": "2024-03-10T00:00:00Z", "to": "2024-03-13T01:30:00Z"},
                        {"kind": "rail", "zone": "yard", "value": 37, "unit": name, "baseline": -4.5, "p": 0.01}],
            "evidence": ["gs-1/1/7"], "details": {}, "history": [{"at": "2024-03-13T01:37:10Z", "what": "opened", "actor": name, "reason": "", "note": name}],
        }),
        site: Some(site),
        looks: vec![look],
        version: "0.1.0",
    }
}

#[test]
fn no_hostile_name_becomes_markup_or_a_control_character() {
    for format in Format::ALL {
        let text = write(format, &sheet(HOSTILE));
        // CSV has no escape for it, and is never shown as a page: see there.
        assert!(format == Format::Csv || !text.contains("<script>"), "{}", format.name());
        assert!(
            !text.chars().any(|each| each.is_control() && !"\n\r\t".contains(each)),
            "{}",
            format.name()
        );
    }
}

#[test]
fn a_hostile_name_comes_out_of_json_as_it_was() {
    let collection: Value = serde_json::from_str(&write(Format::GeoJson, &sheet(HOSTILE))).unwrap();
    assert_eq!(collection["features"][0]["properties"]["text"], HOSTILE);
    let bundle: Value = serde_json::from_str(&write(Format::Stix, &sheet(HOSTILE))).unwrap();
    let objects = bundle["objects"].as_array().unwrap();
    let incident = objects.iter().find(|each| each["type"] == "incident").unwrap();
    assert_eq!(incident["description"], HOSTILE);
}

#[test]
fn a_text_that_a_spreadsheet_would_compute_is_marked_as_text_and_numbers_stay_numbers() {
    for cell in ["=cmd", "+1", "+1+cmd", "-1", "-1+2", "@x", " =cmd", "＝cmd"] {
        let line = write(Format::Csv, &sheet(cell));
        assert!(line.contains(&format!(",'{cell},coincidence,")), "{line}");
    }
    assert!(
        write(Format::Csv, &sheet("x")).contains(",-4.5,"),
        "a negative number is no formula"
    );
}

#[test]
fn an_alert_of_a_site_that_is_no_longer_watched_is_exported_without_a_place() {
    let mut bare = sheet("x");
    bare.site = None;
    bare.looks.clear();
    for format in Format::ALL {
        assert!(!write(format, &bare).is_empty(), "{}", format.name());
    }
    let collection: Value = serde_json::from_str(&write(Format::GeoJson, &bare)).unwrap();
    assert_eq!(collection["features"][0]["geometry"], Value::Null);
}

/// Where the exports stand as they are meant to be.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/export/golden");

fn golden() -> impl Iterator<Item = (String, String)> {
    [("plain", "Vostochny"), ("hostile", HOSTILE)]
        .into_iter()
        .flat_map(|(kind, name)| {
            Format::ALL.map(|format| (format!("{kind}.{}", format.extension()), write(format, &sheet(name))))
        })
}

#[test]
fn exports_are_to_the_byte_those_that_the_validators_took() {
    for (file, text) in golden() {
        let kept = std::fs::read_to_string(format!("{GOLDEN}/{file}")).unwrap_or_default();
        assert!(
            kept == text,
            "{file} is not what is kept: where that is meant, `deploy/exports --write`\n{text}"
        );
    }
}

/// Writes the golden files anew, for the validators of the forms' own communities (`deploy/exports --write`).
#[test]
#[ignore = "writes files: EXPORTS=DIR cargo test --workspace --lib export:: -- --ignored"]
fn exports_for_validators() {
    let folder = std::path::PathBuf::from(std::env::var("EXPORTS").expect("EXPORTS names a folder"));
    std::fs::create_dir_all(&folder).unwrap();
    for (file, text) in golden() {
        std::fs::write(folder.join(file), text).unwrap();
    }
}
