//! Measures how well kinds of railway cars can be told at a pixel size, on rendered trains of known kinds: a command, not a test.
//!
//! ```text
//! cargo run --release --example measure_kinds -- --script tests/scripts/FILE.toml --gsd 3
//! ```
//!
//! It is an upper bound on what a look could say: each car's place and length are taken from the truth, only cars in clear view count, and the
//! classifier (the seven nearest neighbours in standardised features, the car's own scene left out) has seen cars drawn with the same paints.
//! Features of a car: its mean signature against the bare bed, as logarithms of ratios, the spread of its brightness along itself, and that of its
//! brightest and darkest fifth. Printed are the confusions, the mean over the kinds of the share found, and how far counts by kind of a whole scene
//! would be off.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use quaywatch_edge::{
    look::{LookMade, LookRequest, NoRadio, make_look},
    scene::{OpenHints, Scene},
    zones::{patch::Patch, strip, surface::Surface},
};
use quaywatch_protocol::contract::look::SensorKind;
use quaywatch_tests::feed::{
    render::{RenderOptions, render_scene, write_geotiff},
    script::CarKind,
    station::sight::{Hides, hides},
    truth::SceneTruth,
    world::World,
};

/// Neighbours asked.
const NEIGHBOURS: usize = 7;
/// Places along a car that are sampled, as shares of its length: the couplings are left out.
const PLACES: [f64; 5] = [0.2, 0.35, 0.5, 0.65, 0.8];
/// Features of a car.
const FEATURES: usize = 7;
/// The kinds, in the order of the table.
const KINDS: [(CarKind, &str); 4] = [
    (CarKind::Tank, "tank"),
    (CarKind::Box, "box"),
    (CarKind::Open, "open"),
    (CarKind::Locomotive, "locomotive"),
];

/// Draws scenes, samples their cars, and asks which kind each is.
#[derive(Debug, Parser)]
struct Arguments {
    /// Script of the ground truth.
    #[arg(long)]
    script: PathBuf,
    /// Site to draw.
    #[arg(long, default_value = "vostochny")]
    site: String,
    /// Scenes to draw, spread evenly over the script.
    #[arg(long, default_value_t = 40)]
    draws: usize,
    /// Pixel size in metres.
    #[arg(long, default_value_t = 3.0)]
    gsd: f64,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// One car in one scene.
struct Sample {
    draw: usize,
    kind: usize,
    features: [f64; FEATURES],
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("measure_kinds: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let world = World::load(&arguments.script, arguments.seed).map_err(|error| error.to_string())?;
    let place = (world.places.get(&arguments.site)).ok_or("the site is not in the script")?;
    let mut passes = world.passes();
    passes.retain(|pass| pass.site == arguments.site && pass.sensor.kind == SensorKind::Optical);
    let path = std::env::temp_dir().join(format!("quaywatch-kinds-{}.tif", std::process::id()));
    let mut samples = Vec::new();
    let step = (passes.len() / arguments.draws.max(1)).max(1);
    for (draw, pass) in passes.iter().step_by(step).enumerate() {
        let mut sensor = pass.sensor.clone();
        sensor.gsd_m = arguments.gsd;
        let Some(truth) = world.scene_truth(&pass.site, pass.at, &sensor) else {
            continue;
        };
        if truth.trains.is_empty() || truth.sky.cover > 0.6 || truth.sky.haze > 0.3 {
            continue;
        }
        let raster = render_scene(place, &truth, &RenderOptions::default()).map_err(|error| error.to_string())?;
        write_geotiff(&path, &raster).map_err(|error| error.to_string())?;
        let mut scene = Scene::open(&path, &OpenHints::default()).map_err(|error| error.to_string())?;
        scene.acquired_at = Some(pass.at);
        let mut reader = scene.reader().map_err(|error| error.to_string())?;
        let request = LookRequest {
            station: "measure",
            scene: &scene,
            site: &place.site,
            detections: &[],
            references: &(),
            radio: &NoRadio,
        };
        if let Some(made) = make_look(&request, &mut reader).map_err(|error| error.to_string())? {
            take(draw, &made, &truth, place, &mut samples);
        }
    }
    std::fs::remove_file(&path).map_err(|error| error.to_string())?;
    report(arguments.gsd, &samples);
    Ok(())
}

/// The cars of one scene that are in clear view.
fn take(
    draw: usize,
    made: &LookMade,
    truth: &SceneTruth,
    place: &quaywatch_tests::feed::place::Place,
    samples: &mut Vec<Sample>,
) {
    let Some(plan) = &made.evidence.plan else { return };
    for train in &truth.trains {
        let zone = (plan.zones.iter()).find(|zone| zone.id == train.zone && zone.track == train.track);
        let Some((path, line)) = zone.and_then(|zone| zone.path()).zip(
            place
                .tracks(&train.zone, Some(&train.track))
                .into_iter()
                .next()
                .map(|(_, line)| line),
        ) else {
            continue;
        };
        let stations = strip::stations(path, 0.5);
        for (patch, _) in &made.evidence.parts {
            let bare: Vec<_> = (stations.iter().step_by(4))
                .flat_map(|station| [-4.5, 4.5].map(|aside_m| patch.sample(station.aside(aside_m))))
                .flatten()
                .map(|sample| (sample, 1.0))
                .collect();
            let Some(bed) = Surface::densest(&bare) else { continue };
            for car in &train.cars {
                use geo::{Euclidean, InterpolatableLine as _, Length as _};
                let middle = (car.start_m + car.length_m / 2.0) / Euclidean.length(&line);
                let is_clear = (line.point_at_ratio_from_start(&Euclidean, middle))
                    .is_some_and(|at| hides(truth, at.into()) == Hides::Nothing);
                let kind = KINDS.iter().position(|(kind, _)| *kind == car.kind);
                if let (true, Some(kind), Some(features)) = (
                    is_clear,
                    kind,
                    features(patch, &stations, &bed, car.start_m, car.length_m),
                ) {
                    samples.push(Sample { draw, kind, features });
                }
            }
        }
    }
}

fn features(
    patch: &Patch,
    stations: &[strip::Station],
    bed: &Surface,
    start_m: f64,
    length_m: f64,
) -> Option<[f64; FEATURES]> {
    let mut features = [0.0; FEATURES];
    let mut bright = Vec::new();
    for share in PLACES {
        let station = stations.get(((start_m + share * length_m) / 0.5) as usize)?;
        let seen = strip::core(patch, station)?;
        for ((feature, value), mean) in features.iter_mut().zip(seen.values()).zip(bed.mean.values()) {
            *feature += f64::from((value / mean.max(1e-4)).max(0.02).ln()) / PLACES.len() as f64;
        }
        bright.push(f64::from(seen.mean() / bed.mean.mean().max(1e-4)));
    }
    let mean = bright.iter().sum::<f64>() / bright.len() as f64;
    features[4] = (bright.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / bright.len() as f64).sqrt() / mean;
    features[5] = bright.iter().copied().fold(0.0, f64::max);
    features[6] = bright.iter().copied().fold(f64::MAX, f64::min);
    Some(features)
}

fn report(gsd_m: f64, samples: &[Sample]) {
    let scale: Vec<(f64, f64)> = (0..FEATURES)
        .map(|index| {
            let values: Vec<f64> = samples.iter().map(|sample| sample.features[index]).collect();
            let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
            let sd =
                (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len().max(1) as f64).sqrt();
            (mean, sd.max(1e-9))
        })
        .collect();
    let apart = |a: &Sample, b: &Sample| -> f64 {
        (a.features.iter().zip(&b.features).zip(&scale))
            .map(|((a, b), (_, sd))| ((a - b) / sd).powi(2))
            .sum()
    };
    let mut table = [[0_usize; KINDS.len()]; KINDS.len()];
    let mut told = Vec::with_capacity(samples.len());
    for sample in samples {
        let mut near: Vec<(f64, usize)> = (samples.iter())
            .filter(|other| other.draw != sample.draw)
            .map(|other| (apart(sample, other), other.kind))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        let votes = |kind: usize| near.iter().take(NEIGHBOURS).filter(|(_, other)| *other == kind).count();
        let best = (0..KINDS.len()).max_by_key(|kind| votes(*kind)).unwrap_or(0);
        table[sample.kind][best] += 1;
        told.push((sample.draw, sample.kind, best));
    }
    println!(
        "{} cars at {gsd_m} m; rows: what it is, columns: what it is told to be",
        samples.len()
    );
    println!(
        "{:>12} {:>7} {:>7} {:>7} {:>11}  found",
        "", "tank", "box", "open", "locomotive"
    );
    let mut shares = Vec::new();
    for ((_, name), row) in KINDS.iter().zip(&table) {
        let all: usize = row.iter().sum();
        let right = KINDS
            .iter()
            .zip(row)
            .find(|((_, other), _)| other == name)
            .map_or(0, |(_, count)| *count);
        let share = right as f64 / all.max(1) as f64;
        if all > 0 {
            shares.push(share);
        }
        println!(
            "{name:>12} {:>7} {:>7} {:>7} {:>11}  {:.0} %",
            row[0],
            row[1],
            row[2],
            row[3],
            100.0 * share
        );
    }
    let common = table.iter().map(|row| row.iter().sum::<usize>()).max().unwrap_or(0);
    println!(
        "right: {:.0} % of cars (always the commonest: {:.0} %), mean over the kinds {:.0} %",
        100.0 * (0..KINDS.len()).map(|kind| table[kind][kind]).sum::<usize>() as f64 / samples.len().max(1) as f64,
        100.0 * common as f64 / samples.len().max(1) as f64,
        100.0 * shares.iter().sum::<f64>() / shares.len().max(1) as f64
    );
    for (index, (_, name)) in KINDS.iter().enumerate() {
        let mut errors = Vec::new();
        let mut draws: Vec<usize> = told.iter().map(|(draw, ..)| *draw).collect();
        draws.dedup();
        for draw in draws {
            let count = |of: fn(&(usize, usize, usize)) -> usize| {
                told.iter().filter(|each| each.0 == draw && of(each) == index).count() as f64
            };
            let (is, said) = (count(|each| each.1), count(|each| each.2));
            if is > 0.0 {
                errors.push((said - is).abs() / is);
            }
        }
        errors.sort_by(f64::total_cmp);
        let median = errors.get(errors.len() / 2).copied().unwrap_or(f64::NAN);
        println!(
            "{name:>12}: count in a scene off by {:.0} % (median of {} scenes)",
            100.0 * median,
            errors.len()
        );
    }
}
