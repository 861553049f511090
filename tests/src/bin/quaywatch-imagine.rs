//! Renders imagined harbours with their truth: material for measuring a detector and for training one.

use std::{fs, path::PathBuf, process::ExitCode, time::Instant};

use clap::Parser;
use geo::Point;
use quaywatch_tests::feed::render::{
    draw,
    geo::{Grid, Ground},
    geotiff::{write_geotiff, write_quicklook},
    imagine,
    sensor::Optics,
    truth,
};

/// Renders imagined harbours: `NAME.tif`, `NAME.json` with the truth, and `NAME.png` to look at.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder to write to.
    #[arg(long)]
    out: PathBuf,
    /// Seed of the first harbour; the next ones follow.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Harbours to render.
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// Pixel size in metres: 3 is rendered as PlanetScope, 10 as Sentinel-2.
    #[arg(long, default_value_t = 3.0)]
    gsd: f64,
    /// Edge of the scene in metres.
    #[arg(long, default_value_t = 5_100.0)]
    extent: f64,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("quaywatch-imagine: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    fs::create_dir_all(&arguments.out).map_err(|error| format!("{}: {error}", arguments.out.display()))?;
    let sensor = if arguments.gsd < 5.5 {
        "PlanetScope"
    } else {
        "Sentinel-2"
    };
    let half = arguments.extent / 2.0;
    for seed in arguments.first..arguments.first.saturating_add(arguments.count) {
        let world = imagine::place(seed);
        let moment = imagine::moment(&world, seed ^ 0x5eed);
        let ground = Ground::around(Point::new(9.0, world.latitude_deg)).map_err(|error| error.to_string())?;
        let grid = Grid::covering([-half, -half, half, half], arguments.gsd);
        let started = Instant::now();
        let raster = draw(&ground, &world, &moment, grid, Optics::of(sensor, arguments.gsd));
        let drawn = started.elapsed();
        let stem = arguments.out.join(format!("harbour-{seed:04}-{}m", arguments.gsd));
        write_geotiff(&stem.with_extension("tif"), &raster).map_err(|error| error.to_string())?;
        write_quicklook(&stem.with_extension("png"), &raster).map_err(|error| error.to_string())?;
        let text = serde_json::to_string_pretty(&truth::of(&ground, &world, &moment, &grid, sensor))
            .map_err(|error| error.to_string())?;
        let path = stem.with_extension("json");
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        eprintln!(
            "{} drawn in {drawn:.2?}, written in {:.2?}",
            path.display(),
            started.elapsed() - drawn
        );
    }
    Ok(())
}
