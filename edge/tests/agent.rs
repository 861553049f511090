//! The agent as a process of its own, a real broker (mosquitto), and a central that commits and acks.
//!
//! The agent under test is this very test binary, started again with the ignored test [`agent_process`]: the whole of
//! `app::run` with a scripted processor, so that these tests are about what happens between the scenes folder and central, and
//! can be killed at any moment. They need `mosquitto` (Debian's package) and fail, not skip, without it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::{
    fs,
    time::{Duration, Instant},
};

use quaywatch_protocol::event::{Event, GapReason};
use support::{Bench, SmallDisk, agent, central::FakeCentral, certificates, mosquitto::Mosquitto, until};

/// How often a test does its fault: more where a command asks for it.
fn times(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// The agent, when this binary is started as one; see [`agent`].
#[test]
#[ignore = "not a test: the process that the tests start"]
fn agent_process() {
    agent::main();
}

#[test]
fn a_scene_reaches_central_is_acked_and_leaves_the_spool() {
    let broker = Mosquitto::start();
    let central = FakeCentral::start(broker.port);
    let mut bench = Bench::new(broker.port);
    bench.start();
    bench.drop_scene("first");
    until("the look is stored", || central.scenes().contains("first"));
    until("the scene is put away", || {
        bench.scenes().join("done/first.tif").exists()
    });
    until("health says that nothing waits", || {
        let state = central.state(&bench.station);
        state["state"] == "online" && state["spool"]["acked_through"] == 2 && state["spool"]["events"] == 0
    });
    assert!(matches!(central.event(1), Some(Event::Started(_))));
    assert!(bench.stop().success());
    until("the farewell is retained", || {
        central.state(&bench.station)["state"] == "offline"
    });
}

#[test]
fn the_last_will_tells_of_an_agent_that_was_killed() {
    let broker = Mosquitto::start();
    let central = FakeCentral::start(broker.port);
    let mut bench = Bench::new(broker.port);
    bench.start();
    until("it is online", || central.state(&bench.station)["state"] == "online");
    bench.kill();
    until("the last will is retained", || {
        central.state(&bench.station)["state"] == "offline"
    });
}

#[test]
fn what_was_accepted_without_a_broker_arrives_when_there_is_one() {
    let port = support::free_port();
    let mut bench = Bench::new(port);
    bench.start();
    for number in 0..20 {
        bench.drop_scene(&format!("s{number}"));
    }
    until("all are accepted", || bench.done() == 20);
    let broker = Mosquitto::start_at(port);
    let central = FakeCentral::start(broker.port);
    until("all arrive", || central.scenes().len() == 20);
    central.assert_no_holes();
}

#[test]
fn a_broker_that_dies_with_its_memory_loses_nothing() {
    let mut broker = Mosquitto::start();
    let central = FakeCentral::start(broker.port);
    let mut bench = Bench::new(broker.port);
    bench.start();
    let rounds = times("QUAYWATCH_AMNESIAS", 5);
    for round in 0..rounds {
        for number in 0..8 {
            bench.drop_scene(&format!("r{round}-{number}"));
        }
        // With traffic on the way: some of it is in the broker and nowhere else on the network.
        until("some of the round arrived", || central.scenes().len() > round * 8);
        broker.kill();
        broker = Mosquitto::start_at(broker.port);
    }
    until("all arrive", || central.scenes().len() == rounds * 8);
    central.assert_no_holes();
}

#[test]
fn an_agent_killed_at_random_points_loses_nothing_and_doubles_nothing() {
    let kills = times("QUAYWATCH_KILLS", 12);
    let broker = Mosquitto::start();
    let central = FakeCentral::start(broker.port);
    let mut bench = Bench::new(broker.port);
    let mut random = support::Random::new(0x51_57);
    let mut dropped = 0;
    for _ in 0..kills {
        bench.start();
        for _ in 0..3 {
            bench.drop_scene(&format!("k{dropped}"));
            dropped += 1;
        }
        // Anywhere in its life: before it is up, while it accepts, while it sends, while it is acked. The moment is the fault
        // that is injected, not a wait for something.
        std::thread::sleep(Duration::from_millis(random.below(1_200)));
        bench.kill();
    }
    bench.start();
    until("all arrive", || central.scenes().len() == dropped);
    until("nothing waits", || {
        central.state(&bench.station)["spool"]["events"] == 0
    });
    central.assert_no_holes();
    // A scene gave one look, under one number, whatever was killed.
    assert_eq!(central.looks(), dropped);
    assert_eq!(bench.done(), dropped);
}

/// How long a restart takes is told (`--nocapture`), not judged: machines differ.
#[test]
fn an_agent_that_was_killed_says_that_it_is_back() {
    let broker = Mosquitto::start();
    let central = FakeCentral::start(broker.port);
    let mut bench = Bench::new(broker.port);
    let restarts = times("QUAYWATCH_KILLS", 3).min(20);
    let mut slowest = Duration::ZERO;
    for restart in 0..=restarts {
        let began = Instant::now();
        bench.start();
        until("it is online", || central.state(&bench.station)["state"] == "online");
        if restart > 0 {
            slowest = slowest.max(began.elapsed());
        }
        for number in 0..5 {
            bench.drop_scene(&format!("r{restart}-{number}"));
        }
        until("one is accepted", || bench.done() > restart * 5);
        bench.kill();
        until("the last will is told", || {
            central.state(&bench.station)["state"] == "offline"
        });
    }
    println!(
        "{restarts} restarts with events in the spool, until central heard of it: the slowest took {} ms",
        slowest.as_millis()
    );
    bench.start();
    until("all arrive", || central.scenes().len() == (restarts + 1) * 5);
}

#[test]
#[ignore = "mounts a small tmpfs, which only root may: deploy/kills runs it"]
fn a_disk_that_fills_up_again_and_again_loses_nothing() {
    for cycle in 0..times("QUAYWATCH_DISK_FULLS", 2) {
        let broker = Mosquitto::start();
        let central = FakeCentral::start(broker.port);
        let mut bench = Bench::new(broker.port);
        // A new one each time: the file of a spool that was large keeps its size, and has room within for long.
        let disk = SmallDisk::mount(&bench.folder().join("data"));
        bench.start();
        bench.drop_scene("before");
        until("it arrives", || central.scenes().len() == 1);
        disk.fill();
        let (mut scenes, looks_each) = (0, 20);
        until("the agent meets the full disk and ends", || {
            if scenes < 400 {
                let looks = (0..looks_each).map(|look| format!("look c{cycle}-{scenes}-{look}\n"));
                bench.drop_file(&format!("c{cycle}-{scenes}.tif"), &looks.collect::<String>());
                scenes += 1;
            }
            bench.has_ended()
        });
        // Each scene stayed where it was until the spool had it.
        let dropped = 1 + scenes * looks_each;
        disk.make_room();
        bench.start();
        until("all arrive", || central.scenes().len() == dropped);
        until("nothing waits", || {
            central.state(&bench.station)["spool"]["events"] == 0
        });
        central.assert_no_holes();
        assert_eq!(central.looks(), dropped);
    }
}

#[test]
fn a_central_that_is_away_gets_everything_when_it_is_back() {
    let broker = Mosquitto::start();
    let mut bench = Bench::new(broker.port);
    bench.start();
    for number in 0..10 {
        bench.drop_scene(&format!("s{number}"));
    }
    until("all are accepted", || bench.done() == 10);
    let central = FakeCentral::start(broker.port);
    // Everything was handed to a broker without a subscriber: only sending it again brings it here.
    until("all arrive", || central.scenes().len() == 10);
    central.assert_no_holes();
}

#[test]
fn acks_that_central_did_not_sign_remove_nothing() {
    let broker = Mosquitto::start();
    let mut bench = Bench::new(broker.port);
    let forger = FakeCentral::start_with_key(broker.port, [99; 32]);
    bench.start();
    bench.drop_scene("a");
    until("the forger has seen and acked it", || forger.scenes().contains("a"));
    until("the forged acks were counted", || {
        forger.state(&bench.station)["counters"]["acks_refused"].as_u64() >= Some(2)
    });
    let state = forger.state(&bench.station);
    assert_eq!(
        (
            state["spool"]["acked_through"].as_u64(),
            state["spool"]["events"].as_u64()
        ),
        (Some(0), Some(2))
    );
}

#[test]
fn a_broken_scene_goes_to_quarantine_and_the_next_one_is_processed() {
    let broker = Mosquitto::start();
    let central = FakeCentral::start(broker.port);
    let mut bench = Bench::new(broker.port);
    bench.start();
    bench.drop_file("bad.tif", "broken: no raster");
    bench.drop_file("worse.tif", "panic");
    bench.drop_file("half.tif.part", "look half");
    bench.drop_scene("good");
    until("the good one arrives", || central.scenes().contains("good"));
    let quarantine = bench.scenes().join("quarantine");
    until("both bad ones are in quarantine", || {
        quarantine.join("bad.tif.reason.txt").exists() && quarantine.join("worse.tif.reason.txt").exists()
    });
    assert_eq!(
        fs::read_to_string(quarantine.join("bad.tif.reason.txt")).unwrap(),
        "no raster\n"
    );
    assert!(bench.scenes().join("half.tif.part").exists());
    assert_eq!(central.scenes().len(), 1);
}

#[test]
fn a_folder_that_vanishes_is_waited_for() {
    let broker = Mosquitto::start();
    let central = FakeCentral::start(broker.port);
    let mut bench = Bench::new(broker.port);
    bench.start();
    bench.drop_scene("before");
    until("it arrives", || central.scenes().contains("before"));
    let elsewhere = bench.folder().join("elsewhere");
    fs::rename(bench.scenes(), &elsewhere).unwrap();
    until("it is reported", || {
        central.state(&bench.station)["counters"]["folder_faults"].as_u64() > Some(0)
    });
    fs::rename(&elsewhere, bench.scenes()).unwrap();
    bench.drop_scene("after");
    until("it goes on", || central.scenes().contains("after"));
}

#[test]
fn the_same_scene_twice_is_one_look_and_another_of_its_name_is_told() {
    let broker = Mosquitto::start();
    let central = FakeCentral::start(broker.port);
    let mut bench = Bench::new(broker.port);
    bench.start();
    bench.drop_scene("s");
    until("it is put away", || bench.scenes().join("done/s.tif").exists());
    bench.drop_scene("s");
    until("it is put away again", || bench.scenes().join("done/2-s.tif").exists());
    bench.drop_file("s.tif", "look s\nlook s\n");
    until("the other one is told", || {
        bench.scenes().join("quarantine/s.tif.reason.txt").exists()
    });
    assert_eq!(central.looks(), 1);
}

#[test]
fn a_spool_that_is_lost_is_told_as_a_gap_in_a_new_epoch() {
    let broker = Mosquitto::start();
    let central = FakeCentral::start(broker.port);
    let mut bench = Bench::new(broker.port);
    bench.start();
    bench.drop_scene("before");
    until("it arrives", || central.scenes().contains("before"));
    bench.kill();
    fs::write(bench.folder().join("data/spool.redb"), "rotten").unwrap();
    bench.start();
    bench.drop_scene("after");
    until("it goes on", || central.scenes().contains("after"));
    assert_eq!(central.epochs().len(), 2);
    let gaps = central.gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].reason, gaps[0].first_seq), (GapReason::SpoolLost, 1));
}

#[test]
fn with_mutual_tls_only_a_station_with_its_certificate_gets_through() {
    let folder = tempfile::tempdir().unwrap();
    certificates::make(folder.path());
    let (port, tls_port) = (support::free_port(), support::free_port());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let listener = format!(
        "listener {tls_port} 127.0.0.1\ncafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\n",
        at("ca.pem"),
        at("broker.pem"),
        at("broker.key")
    );
    let broker = Mosquitto::start_with(port, &listener);
    let central = FakeCentral::start(broker.port);
    let only_ca = format!(
        "broker.url = \"mqtts://localhost:{tls_port}\"\nbroker.ca_file = \"{}\"",
        at("ca.pem")
    );

    let mut stranger = Bench::with_broker(&only_ca);
    stranger.start();
    stranger.drop_scene("stranger");
    until("the stranger is refused", || {
        stranger.log().matches("not connected").count() > 1
    });
    assert!(central.scenes().is_empty());
    drop(stranger);

    let certificate = format!(
        "{only_ca}\nbroker.cert_file = \"{}\"\nbroker.cert_key_file = \"{}\"",
        at("station.pem"),
        at("station.key")
    );
    let mut bench = Bench::with_broker(&certificate);
    bench.start();
    bench.drop_scene("ours");
    until("it arrives", || central.scenes().contains("ours"));
}
