//! The promises under simulated faults: stations, broker and central in one thread, one seed after the other.
//!
//! `QUAYWATCH_SEEDS` sets how many; `quaywatch-simulate --seeds 10000` is the long run, and repeats one seed with every step told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::path::PathBuf;

use quaywatch_tests::simulate::{
    Options,
    feed::Feed,
    many::{Outcome, again, run_many},
    run,
};

const SEEDS: u64 = 200;
const HOURS: u32 = 24;
const JOBS: usize = 2;

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn kept_seeds() -> Vec<u64> {
    let file = top().join("tests/simulation/kept-seeds.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines
        .filter_map(|line| line.split_whitespace().next())
        .map(|seed| seed.parse().unwrap())
        .collect()
}

#[test]
fn days_of_faults_break_no_promise() {
    let feed = Feed::load(&top()).unwrap();
    let count = std::env::var("QUAYWATCH_SEEDS").map_or(SEEDS, |text| text.parse().unwrap());
    let mut seeds: Vec<u64> = (1..=count).collect();
    seeds.extend(kept_seeds());
    let Outcome { sometimes, broken } = run_many(&feed, &seeds, HOURS, JOBS, |_, _| {});
    let broken: Vec<String> = (broken.iter())
        .map(|(seed, broken)| format!("seed {seed}: {broken}\n  again: {}", again(*seed, HOURS)))
        .collect();
    println!("{sometimes}");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    if count >= SEEDS {
        assert!(sometimes.never().is_empty(), "never occurred: {:?}", sometimes.never());
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let feed = Feed::load(&top()).unwrap();
    let options = Options {
        seed: 2,
        hours: 6,
        trace: false,
    };
    assert_eq!(run(&feed, options).unwrap(), run(&feed, options).unwrap());
}
