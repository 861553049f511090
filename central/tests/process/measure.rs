//! Figures, not checks: `cargo nextest run -p quaywatch-central --run-ignored only --no-capture measure`.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::{
    external,
    harness::{Central, Mosquitto, World},
    station::{Connected, Station, look},
};

const EVENTS: u64 = 20_000;
/// Sent and not acknowledged, as a station's own window would have it.
const WINDOW: u64 = 1_000;

#[test]
#[ignore = "prints figures of this machine"]
fn measure_signed_looks_per_second_from_publish_to_ack() {
    let (mosquitto, station) = (Mosquitto::start(), Station::new("gs-1", 1));
    let world = World::new(&[&station]);
    let central = Central::start(&world.configure(&external(mosquitto.port)));
    let mut connected = Connected::to(mosquitto.port, &station, &world.central_public);
    connected.deliver(&station, 1);
    let sealed: Vec<_> = (2..=EVENTS)
        .map(|seq| (seq, station.sealed(seq, &look(seq % 5_000))))
        .collect();
    let began = Instant::now();
    let (mut sent, mut through) = (1, 1);
    while through < EVENTS {
        while sent < EVENTS && sent - through < WINDOW {
            let (seq, bytes) = &sealed[usize::try_from(sent - 1).unwrap()];
            connected.publish("quaywatch/1/event/gs-1", bytes.clone());
            sent = *seq;
        }
        match connected.next_ack(Duration::from_secs(3)) {
            Some(seq) => through = through.max(seq),
            // A broker that dropped some: go back to what is not acknowledged, as a station does.
            None => sent = through,
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let status = fs::read_to_string(format!("/proc/{}/status", central.pid())).unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    println!(
        "{EVENTS} looks in {seconds:.1} s: {:.0} a second, publish to ack; central {peak}",
        EVENTS as f64 / seconds
    );
}
