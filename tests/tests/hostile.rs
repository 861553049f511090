//! Hostile bytes against every reader: the committed corpus, then mutations. No panic, and bounded memory and time for each input.
//!
//! `QUAYWATCH_MUTATIONS` sets how many a target, `QUAYWATCH_MUTATION_SEED` which ones, `QUAYWATCH_TARGET` picks one. One test, so that what
//! an input takes of the memory is its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use peak_alloc::PeakAlloc;
use quaywatch_tests::hostile::{Target, inputs, mutate::Mutator, targets};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MUTATIONS: u64 = 20_000;
/// An input takes milliseconds; this is a hang, on the slowest machine.
const SECONDS_MAX: u64 = 20;

/// What the worst inputs of a target took.
#[derive(Default)]
struct Worst {
    memory_bytes: usize,
    time: Duration,
}

fn try_one(target: &Target, bytes: &[u8], worst: &mut Worst) -> Result<(), String> {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let began = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.read)(bytes)));
    let time = began.elapsed();
    let memory_bytes = MEMORY.peak_usage().saturating_sub(before);
    worst.time = worst.time.max(time);
    worst.memory_bytes = worst.memory_bytes.max(memory_bytes);
    if outcome.is_err() {
        return Err("panics".to_owned());
    }
    if memory_bytes > target.memory_bytes_max {
        return Err(format!(
            "takes {memory_bytes} bytes of memory: at most {}",
            target.memory_bytes_max
        ));
    }
    if time > Duration::from_secs(SECONDS_MAX) {
        return Err(format!("takes {time:?}"));
    }
    Ok(())
}

/// Puts an input where it can be looked at, and says where.
fn kept(target: &Target, bytes: &[u8]) -> PathBuf {
    let folder = std::env::temp_dir().join("quaywatch-hostile");
    std::fs::create_dir_all(&folder).unwrap();
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    let file = folder.join(format!("{}-{hash:016x}", target.name));
    std::fs::write(&file, bytes).unwrap();
    file
}

fn number(name: &str, without: u64) -> u64 {
    std::env::var(name).map_or(without, |text| text.parse().unwrap())
}

#[test]
fn no_bytes_make_a_reader_panic_or_take_more_than_its_share() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mutations, seed) = (
        number("QUAYWATCH_MUTATIONS", MUTATIONS),
        number("QUAYWATCH_MUTATION_SEED", 1),
    );
    let only = std::env::var("QUAYWATCH_TARGET").ok();
    let mut bad = Vec::new();
    for target in &targets::ALL {
        if only.as_ref().is_some_and(|only| only != target.name) {
            continue;
        }
        let inputs = inputs(&top, target).unwrap();
        assert!(!inputs.is_empty(), "{} has no seed", target.name);
        let mut worst = Worst::default();
        let mut mutator = Mutator::new(seed, target.input_bytes_max);
        let began = Instant::now();
        let mut tell = |what: String, bytes: &[u8]| {
            let file = kept(target, bytes);
            bad.push(format!("{}: {what}: {}", target.name, file.display()));
        };
        for bytes in &inputs {
            if let Err(what) = try_one(target, bytes, &mut worst) {
                tell(what, bytes);
            }
        }
        for _ in 0..mutations {
            let bytes = mutator.next(&inputs);
            if let Err(what) = try_one(target, &bytes, &mut worst) {
                tell(what, &bytes);
                break;
            }
        }
        println!(
            "{:15} {:7} mutations in {:6.1} s; the worst took {:8.1} KiB and {:6.1} ms",
            target.name,
            mutations,
            began.elapsed().as_secs_f64(),
            worst.memory_bytes as f64 / 1024.0,
            worst.time.as_secs_f64() * 1000.0
        );
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
