//! Golden bytes: fixtures are added to and never edited. A change that alters one is a new version of the protocol.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use quaywatch_protocol::{
    ack::Ack,
    codec,
    contract::convert,
    envelope,
    event::{Chip, Event, Gap, GapReason, Started},
    ids::{EventId, StationId, VersionName},
    sign,
};
use support::{busy_look, golden_key, site};

fn id(seq: u64) -> EventId {
    EventId {
        station: StationId::new("gs-vlad-1").unwrap(),
        epoch: 2_206_441,
        seq,
    }
}

/// Every golden envelope: file name and bytes as today's code makes them.
fn made_today() -> Vec<(&'static str, Vec<u8>)> {
    let look = Event::Look(convert::to_wire(&busy_look()).unwrap());
    let empty = {
        let mut look = busy_look();
        look.vessels.clear();
        Event::Look(convert::to_wire(&look).unwrap())
    };
    let full = Event::Look(convert::to_wire(&everything_look()).unwrap());
    let gap = Event::Gap(Gap {
        first_seq: 300,
        last_seq: 70_000,
        looks_lost: 12,
        reason: GapReason::SpoolFull,
    });
    let chip = Event::Chip(Chip {
        look_seq: 42,
        vessel: 0,
        jpeg: heapless::Vec::from_slice(&[0xff, 0xd8, 0xff, 0xd9]).unwrap(),
    });
    let started = Event::Started(Started {
        software: VersionName::new("0.1.0").unwrap(),
        model_sha256_head: [1, 2, 3, 4, 5, 6, 7, 8],
    });
    let seal = |seq, event: &Event| sign::seal_event(&id(seq), event, 1, &golden_key()).unwrap().to_vec();
    vec![
        ("look-busy.bin", seal(42, &look)),
        ("look-empty.bin", seal(43, &empty)),
        ("look-everything.bin", seal(44, &full)),
        ("gap.bin", seal(70_000, &gap)),
        ("chip.bin", seal(45, &chip)),
        ("started.bin", seal(1, &started)),
        (
            "ack.bin",
            Ack { through: id(42) }.seal(3, &golden_key()).unwrap().to_vec(),
        ),
    ]
}

/// A look that uses every field there is.
fn everything_look() -> quaywatch_protocol::contract::Look {
    use quaywatch_protocol::contract::look::{AircraftSeen, Ais, AisFlag, CarMix, Hidden, RailSeen, StackSeen};
    let mut look = busy_look();
    look.sensor.name = "KompSat-3".into();
    look.zones[3].hidden = Some(Hidden {
        cloud: 0.1,
        shadow: 0.01,
        haze: 0.005,
        glint: 0.0,
        nodata: 0.005,
    });
    look.vessels[2].ais = Ais::Matched;
    look.vessels[2].mmsi = Some(273_456_789);
    look.vessels[2].ais_flags = vec![AisFlag::TypeMismatch, AisFlag::ImpossibleTrack];
    look.vessels[3].heading_deg = None;
    look.vessels[3].heading_sd_deg = None;
    look.vessels[4].beam_m = None;
    look.rail.push(RailSeen {
        zone: "yard".into(),
        track: "t1".into(),
        occupied_m: 520.0,
        occupied_sd_m: Some(16.0),
        length_m: 900.0,
        cars: 37,
        cars_sd: Some(2.0),
        mix: CarMix {
            tank: 20,
            boxcar: 4,
            open: 12,
            locomotive: 1,
        },
    });
    look.stacks.push(StackSeen {
        zone: "apron".into(),
        area_m2: 2400.0,
        area_sd_m2: Some(180.0),
        row_m: 100.0,
    });
    look.aircraft.push(AircraftSeen {
        zone: "apron".into(),
        count: 3,
    });
    look
}

fn golden_folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[test]
fn todays_code_makes_the_golden_bytes() {
    for (name, bytes) in made_today() {
        let path = golden_folder().join(name);
        if !path.exists() && std::env::var_os("ADD_GOLDEN").is_some() {
            std::fs::write(&path, &bytes).unwrap();
        }
        let golden = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(bytes, golden, "{name} differs: never edit a golden file, add a version");
    }
}

#[test]
fn golden_events_open_verify_and_decode() {
    for entry in std::fs::read_dir(golden_folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "bin") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let opened = envelope::open(&bytes).unwrap();
        sign::verify(&opened, &golden_key().verifying_key()).unwrap();
        if opened.header.kind == envelope::Kind::Event {
            codec::decode(opened.payload).unwrap();
        }
    }
}

#[test]
fn a_look_comes_back_from_the_wire_as_it_went_out() {
    for look in [busy_look(), everything_look()] {
        let wire = convert::to_wire(&look).unwrap();
        let back = convert::from_wire(&id(42), &wire, Some(&site()), None);
        let difference = difference(
            &serde_json::to_value(&look).unwrap(),
            &serde_json::to_value(&back).unwrap(),
            "",
        );
        assert_eq!(difference, None);
    }
}

/// First place where two JSON values differ by more than the wire's rounding.
fn difference(a: &serde_json::Value, b: &serde_json::Value, at: &str) -> Option<String> {
    use serde_json::Value::{Array, Number, Object};
    match (a, b) {
        (Number(x), Number(y)) => {
            let (x, y) = (x.as_f64().unwrap(), y.as_f64().unwrap());
            let tolerance = if at.ends_with("lat") || at.ends_with("lon") {
                1e-7
            } else {
                0.051
            };
            ((x - y).abs() > tolerance).then(|| format!("{at}: {x} and {y}"))
        }
        (Array(x), Array(y)) if x.len() == y.len() => x
            .iter()
            .zip(y)
            .enumerate()
            .find_map(|(index, (x, y))| difference(x, y, &format!("{at}/{index}"))),
        (Object(x), Object(y)) => {
            let keys: std::collections::BTreeSet<_> = x.keys().chain(y.keys()).collect();
            keys.into_iter().find_map(|key| match (x.get(key), y.get(key)) {
                (Some(x), Some(y)) => difference(x, y, &format!("{at}/{key}")),
                (x, y) => Some(format!("{at}/{key}: {x:?} and {y:?}")),
            })
        }
        (x, y) => (x != y).then(|| format!("{at}: {x} and {y}")),
    }
}

#[test]
fn a_look_with_ten_vessels_fits_256_bytes_before_its_signature() {
    let look = Event::Look(convert::to_wire(&busy_look()).unwrap());
    let sealed = sign::seal_event(&id(42), &look, 1, &golden_key()).unwrap();
    let before_signature = sealed.len() - envelope::SIGNATURE_BYTES;
    assert!(before_signature <= 256, "{before_signature} bytes");
}
