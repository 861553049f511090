//! Figures, on request: `cargo nextest run --release -p quaywatch-edge --run-ignored only -E 'test(measured)' --no-capture`.

use std::time::Instant;

use super::{NOW, batch, station};
use crate::spool::{DirHome, Limits, Spool};

const ACCEPTS: u64 = 2_000;
const STORED: u64 = 20_000;

#[test]
#[ignore = "a measurement, not a test"]
fn measured_accepts_per_second_and_opening() {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let home = DirHome::new(folder.path()).unwrap();
    let mut spool = Spool::open(&home, &station(), Limits::default(), NOW).unwrap().0;
    let began = Instant::now();
    for number in 1..=ACCEPTS {
        spool.accept(&batch([number]), NOW).unwrap();
    }
    let per_s = ACCEPTS as f64 / began.elapsed().as_secs_f64();
    println!("accepted one by one, each flushed: {per_s:.0} events/s");
    let began = Instant::now();
    for number in 0..STORED / 50 {
        spool.accept(&batch(number * 50 + 1..=number * 50 + 50), NOW).unwrap();
    }
    let per_s = STORED as f64 / began.elapsed().as_secs_f64();
    println!("accepted 50 at a time, each batch flushed: {per_s:.0} events/s");
    drop(spool);
    let began = Instant::now();
    let mut spool = Spool::open(&home, &station(), Limits::default(), NOW).unwrap().0;
    let took_ms = began.elapsed().as_secs_f64() * 1e3;
    let usage = spool.standing().unwrap().usage;
    println!(
        "opened with {} events, {} bytes, all checked: {took_ms:.0} ms",
        usage.events, usage.bytes
    );
}
