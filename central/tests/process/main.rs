//! The real binary with a real broker.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod enrol;
mod harness;
mod kills;
mod measure;
mod rules_file;
mod station;

use std::{fs, process::Command, time::Duration};

use harness::{Central, Mosquitto, World};
use station::{Connected, Station, look};

fn external(port: u16) -> String {
    format!("mode = \"external\"\naddress = \"127.0.0.1:{port}\"")
}

#[test]
fn a_signed_look_goes_in_is_stored_and_acknowledged_through_mosquitto() {
    let (mosquitto, station) = (Mosquitto::start(), Station::new("gs-1", 1));
    let world = World::new(&[&station]);
    let central = Central::start(&world.configure(&external(mosquitto.port)));
    Connected::to(mosquitto.port, &station, &world.central_public).deliver(&station, 3);
    let looks = central.get("/api/v1/looks");
    assert_eq!(looks["looks"].as_array().unwrap().len(), 3);
    assert_eq!(looks["looks"][0]["scene"], "s3");
    assert_eq!(
        central.get("/api/v1/looks/gs-1/1/1")["look"]["vessels"][0]["class"],
        "tanker"
    );
    assert_eq!(
        central.get("/api/v1/stations")["stations"][0]["epochs"][0]["through_seq"],
        3
    );
    assert_eq!(central.terminate(), Some(0));
}

#[cfg(feature = "embedded-broker")]
#[test]
fn a_signed_look_goes_in_is_stored_and_acknowledged_through_the_embedded_broker() {
    let station = Station::new("gs-1", 1);
    let world = World::new(&[&station]);
    let config = world.configure(&format!("listen = \"127.0.0.1:{}\"", harness::free_port()));
    let central = Central::start(&config);
    let mut connected = Connected::to(central.broker_port, &station, &world.central_public);
    connected.deliver(&station, 3);
    // Central ends the connection: its port stays in TIME_WAIT, and must be had again all the same.
    assert_eq!(central.terminate(), Some(0));
    let central = Central::start(&config);
    Connected::to(central.broker_port, &station, &world.central_public).deliver(&station, 5);
    assert_eq!(world.count("SELECT count(*) FROM event"), 5);
    assert_eq!(central.terminate(), Some(0));
}

#[test]
fn killed_at_any_point_between_receipt_and_ack_each_event_is_stored_exactly_once() {
    const EVENTS: u64 = 400;
    let (mosquitto, station) = (Mosquitto::start(), Station::new("gs-1", 1));
    let world = World::new(&[&station]);
    let config = world.configure(&external(mosquitto.port));
    let mut connected = Connected::to(mosquitto.port, &station, &world.central_public);
    let mut acknowledged = 0;
    // The kill comes with the n-th ack of a burst: at another point of receive, commit, acknowledge each time.
    for kill in 1..=5_u64 {
        let central = Central::start(&config);
        let mut acks = 0;
        while acks < kill && acknowledged < EVENTS {
            for seq in acknowledged + 1..=EVENTS.min(acknowledged + 40) {
                connected.send(&station, seq, &look(seq));
            }
            while let Some(through) = connected.next_ack(Duration::from_millis(700)) {
                acknowledged = acknowledged.max(through);
                acks += 1;
                if acks == kill {
                    break;
                }
            }
        }
        central.kill();
        let stored = world.count("SELECT count(*) FROM event");
        assert!(
            stored >= i64::try_from(acknowledged).unwrap(),
            "acknowledged {acknowledged}, stored {stored}"
        );
    }
    let central = Central::start(&config);
    connected.deliver(&station, EVENTS);
    assert_eq!(
        world.count("SELECT count(*) FROM event"),
        i64::try_from(EVENTS).unwrap()
    );
    assert_eq!(
        world.count("SELECT count(DISTINCT seq) FROM event"),
        i64::try_from(EVENTS).unwrap()
    );
    assert_eq!(central.terminate(), Some(0));
}

#[test]
fn hostile_messages_are_quarantined_and_stop_nothing() {
    let (mosquitto, station, stranger) = (Mosquitto::start(), Station::new("gs-1", 1), Station::new("gs-9", 9));
    let world = World::new(&[&station]);
    let central = Central::start(&world.configure(&external(mosquitto.port)));
    let mut connected = Connected::to(mosquitto.port, &station, &world.central_public);
    connected.deliver(&station, 1);
    let good = station.sealed(2, &look(2));
    let mut newer = good.clone();
    newer[2] = 200;
    let topic = "quaywatch/1/event/gs-1";
    connected.publish(topic, vec![0xff; 500]);
    connected.publish(topic, good[..30].to_vec());
    connected.publish(topic, newer);
    connected.publish(topic, vec![0x51; 20_000]);
    connected.publish("quaywatch/1/event/gs-2", good);
    connected.publish("quaywatch/1/event/gs-9", stranger.sealed(1, &look(1)));
    connected.deliver(&station, 2);
    let refused = central.get("/api/v1/quarantine");
    let mut reasons: Vec<_> = refused["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["reason"].as_str().unwrap())
        .collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            "not-an-envelope",
            "too-long",
            "truncated",
            "unknown-station",
            "unknown-version",
            "wrong-station"
        ]
    );
    let metrics = central.text("/metrics");
    for reason in reasons {
        assert!(
            metrics.contains(&format!("quaywatch_refused_total{{reason=\"{reason}\"}} 1")),
            "{reason}\n{metrics}"
        );
    }
}

#[test]
fn a_broker_that_dies_with_its_memory_loses_nothing() {
    let station = Station::new("gs-1", 1);
    let world = World::new(&[&station]);
    let mosquitto = Mosquitto::start();
    let central = Central::start(&world.configure(&external(mosquitto.port)));
    Connected::to(mosquitto.port, &station, &world.central_public).deliver(&station, 20);
    drop(mosquitto);
    // Another broker takes its place; central is told by a new start, as its address is another.
    let mosquitto = Mosquitto::start();
    assert_eq!(central.terminate(), Some(0));
    let _central = Central::start(&world.configure(&external(mosquitto.port)));
    Connected::to(mosquitto.port, &station, &world.central_public).deliver(&station, 40);
    assert_eq!(world.count("SELECT count(*) FROM event"), 40);
}

#[test]
fn a_revoked_station_is_no_longer_believed_without_a_restart() {
    let (mosquitto, station) = (Mosquitto::start(), Station::new("gs-1", 1));
    let world = World::new(&[&station]);
    let central = Central::start(&world.configure(&external(mosquitto.port)));
    let mut connected = Connected::to(mosquitto.port, &station, &world.central_public);
    connected.deliver(&station, 1);
    let revoked = station
        .entry()
        .replace("id = \"gs-1\"\n", "id = \"gs-1\"\nrevoked = true\n");
    fs::write(world.folder.path().join("stations.toml"), revoked).unwrap();
    let taken = central
        .log
        .iter()
        .find(|line| line.contains("station registry read again"));
    assert!(taken.is_some());
    connected.send(&station, 2, &look(2));
    let refused = central
        .log
        .iter()
        .find(|line| line.contains("message refused"))
        .unwrap();
    assert!(refused.contains("revoked"), "{refused}");
    assert_eq!(world.count("SELECT count(*) FROM event"), 1);
}

#[test]
fn a_faulty_configuration_is_told_in_full_and_ends_with_2() {
    let station = Station::new("gs-1", 1);
    let world = World::new(&[&station]);
    let config = world.configure("listn = \"127.0.0.1:1883\"");
    fs::write(world.folder.path().join("sites/bad.geojson"), "{").unwrap();
    for command in ["check-config", "run"] {
        let run = Command::new(env!("CARGO_BIN_EXE_quaywatch-central"))
            .args([command, "--config"])
            .arg(&config)
            .output()
            .unwrap();
        let told = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{told}");
        assert!(told.contains("did you mean `broker.listen`?"), "{told}");
    }
    let config = world.configure("mode = \"embedded\"");
    let run = Command::new(env!("CARGO_BIN_EXE_quaywatch-central"))
        .args(["check-config", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    assert!(String::from_utf8(run.stderr).unwrap().contains("bad.geojson"));
}
