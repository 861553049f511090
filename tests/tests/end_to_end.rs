//! The whole product: rendered pixels, the real model, real processes, a real broker, a real database, one alert.
//!
//! Runs what a newcomer runs, `deploy/demo --headless`, with binaries that are built already: `QUAYWATCH_BIN_DIR` names their folder
//! (`deploy/test` sets it).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::{path::Path, process::Command};

#[test]
fn rendered_scenes_of_case_c6_become_the_headline_alert() {
    let Some(binaries) = std::env::var_os("QUAYWATCH_BIN_DIR") else {
        panic!("QUAYWATCH_BIN_DIR is not set: run this test by `deploy/test faults`");
    };
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(top.join("deploy/demo"))
        .arg("--headless")
        .env("QUAYWATCH_BIN_DIR", binaries)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let alert: serde_json::Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();

    assert_eq!(alert["kind"], "coincidence", "{alert}");
    assert_eq!(alert["site"], "vostochny", "{alert}");
    let kinds: Vec<_> = alert["signals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|signal| signal["kind"].clone())
        .collect();
    for kind in ["dock", "rail", "tanker"] {
        assert!(kinds.contains(&kind.into()), "no {kind} signal in {alert}");
    }
    // Evidence of the rendered part: looks of this run's epoch, by both stations' spools, from more than one scene.
    let evidence: Vec<&str> = alert["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|id| id.as_str())
        .collect();
    let from_pixels = evidence
        .iter()
        .filter(|id| id.split('/').nth(1).is_some_and(|epoch| epoch.len() > 3))
        .count();
    assert!(from_pixels >= 2, "fewer than two rendered looks in {evidence:?}");
    assert!(alert["text"].as_str().unwrap().len() > 80, "{alert}");
    assert!(alert["expected_false_per_site_year"].is_number(), "{alert}");
}
