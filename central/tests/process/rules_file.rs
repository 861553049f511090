//! Other rules in the file while central runs.

use std::{fs, path::PathBuf, process::Command};

use serde_json::{Value, json};

use crate::{
    external,
    harness::{Central, Mosquitto, World},
    station::Station,
};

/// A slowdown of calls only: says nothing about the looks of [`dark_tankers`].
const OTHER_RULES: &str = "[[rule]]\nid = \"fewer\"\nkind = \"slowdown\"\n";

/// A dark tanker every fourth day, gone in between, for forty days.
fn dark_tankers() -> String {
    let day = |day: u32| {
        let at = format!("2024-{:02}-{:02}T01:30:00Z", 1 + day / 28, 1 + day % 28);
        let vessel = json!({"zone": "oil-berth", "lat": 42.7461, "lon": 133.0792, "length_m": 96.0, "confidence": 0.93,
            "class": "tanker", "ais": "dark"});
        let vessels = if day.is_multiple_of(4) {
            vec![vessel]
        } else {
            Vec::new()
        };
        json!({"station": "gs-1", "scene": format!("s{day}"), "site": "vostochny", "acquired_at": at, "received_at": at,
            "sensor": {"name": "PlanetScope", "kind": "optical", "gsd_m": 3.0},
            "zones": [{"zone": "oil-berth", "visible": 1.0}], "vessels": vessels})
        .to_string()
            + "\n"
    };
    (0..40).map(day).collect()
}

/// A world with those looks in its store and these rules in its file.
fn with_looks(rules: &str, station: &Station, broker: &str) -> (World, PathBuf) {
    let world = World::new(&[station]);
    let at = |name: &str| world.folder.path().join(name);
    let config = world.configure(broker);
    fs::write(at("rules.toml"), rules).unwrap();
    fs::write(at("looks.jsonl"), dark_tankers()).unwrap();
    let imported = Command::new(env!("CARGO_BIN_EXE_quaywatch-central"))
        .args(["import", "--config"])
        .arg(&config)
        .arg("--looks")
        .arg(at("looks.jsonl"))
        .output()
        .unwrap();
    assert!(
        imported.status.success(),
        "{}",
        String::from_utf8_lossy(&imported.stderr)
    );
    (world, config)
}

fn until_logged(central: &Central, what: &str) {
    assert!(central.log.iter().any(|line| line.contains(what)), "{what}");
}

/// Ids and what the correlator says of each: not when it was stored.
fn alerts(central: &Central) -> Vec<Value> {
    let list = central.get("/api/v1/alerts?limit=500");
    let alerts = list["alerts"].as_array().unwrap();
    let of_the_correlator = |row: &Value| {
        let keys = [
            "id",
            "rule",
            "kind",
            "site",
            "opened_at",
            "updated_at",
            "onset",
            "severity",
            "signals",
            "text",
            "evidence",
            "details",
        ];
        Value::Object(keys.iter().map(|key| ((*key).to_owned(), row[*key].clone())).collect())
    };
    let mut told: Vec<Value> = alerts.iter().map(of_the_correlator).collect();
    assert!(told.iter().all(|alert| alert["evidence"].is_array()), "{told:?}");
    told.sort_by_key(|alert| alert["id"].to_string());
    told
}

fn hang_up(central: &Central) {
    let sent = Command::new("kill").args(["-HUP", &central.pid().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn rules_changed_in_the_file_hold_without_a_restart_as_if_central_had_begun_with_them() {
    let (mosquitto, station) = (Mosquitto::start(), Station::new("gs-1", 1));
    let broker = external(mosquitto.port);
    let default = include_str!("../../../deploy/rules/default.toml");
    let (world, config) = with_looks(OTHER_RULES, &station, &broker);
    let central = Central::start(&config);
    assert_eq!(alerts(&central), Vec::<Value>::new());
    // No signal: the file is found to have changed, and to rest.
    fs::write(world.folder.path().join("rules.toml"), default).unwrap();
    until_logged(&central, "rules file read again and put in force");
    let told = alerts(&central);
    assert!(told.iter().any(|alert| alert["kind"] == "dark_count"), "{told:?}");
    let rules = central.get("/api/v1/rules");
    assert_eq!(rules["source"], "file");
    assert_eq!(rules["text"], default);

    let (_other, config) = with_looks(default, &station, &broker);
    let begun = Central::start(&config);
    assert_eq!(alerts(&begun), told);
    assert_eq!(begun.terminate(), Some(0));
    assert_eq!(central.terminate(), Some(0));
}

#[test]
fn a_faulty_rules_file_changes_nothing_and_is_told_until_it_is_mended() {
    let (mosquitto, station) = (Mosquitto::start(), Station::new("gs-1", 1));
    let default = include_str!("../../../deploy/rules/default.toml");
    let (world, config) = with_looks(default, &station, &external(mosquitto.port));
    let file = world.folder.path().join("rules.toml");
    let central = Central::start(&config);
    let before = alerts(&central);
    let faulty = default
        .replace("misses_to_depart = 2", "misses_to_depart = -2")
        .replace("window_days = 7", "windw_days = 7");
    fs::write(&file, &faulty).unwrap();
    hang_up(&central);
    until_logged(&central, "rules file not taken over");
    until_logged(&central, "rules file not taken over");
    let health = central.get("/api/v1/health");
    let refused = &health["rules_file_refused"];
    assert_eq!(refused["faults"], 2, "{refused}");
    let first = refused["first"].to_string();
    assert!(
        first.contains("misses_to_depart") && first.contains("windw_days"),
        "{first}"
    );
    assert_eq!(&central.get("/api/v1/rules")["file_refused"], refused);
    assert_eq!(central.get("/api/v1/rules")["text"], default);
    assert!(central.text("/metrics").contains("quaywatch_rules_faults_total 1\n"));
    assert_eq!(alerts(&central), before);
    // Mended, it says what is in force already.
    fs::write(&file, default).unwrap();
    hang_up(&central);
    until_logged(&central, "rules file is as it was");
    assert_eq!(central.get("/api/v1/health")["rules_file_refused"], Value::Null);
    assert_eq!(central.terminate(), Some(0));
}
