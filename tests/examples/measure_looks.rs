//! Measures what looks say of rendered scenes against what was drawn: a command, not a test.
//!
//! ```text
//! cargo run --release -p quaywatch-tests --example measure_looks -- --script tests/scripts/FILE.toml --draws 200
//! ```
//!
//! Scenes are drawn at the script's passes (cloud, snow, haze, season and sun as the script's weather has them), written as
//! GeoTIFF, read back, looked at as the agent does it, and compared zone by zone with a perfect station's look. The first quarter of the
//! script is the past in which the agent learnt its references (`--warm` looks of it, spread evenly; 0 is an agent without references);
//! the draws are spread evenly over the rest, and go on teaching. Vessels come from the truth with a station's errors, not from a detector:
//! what is measured is zones, not detection.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use clap::Parser;
use quaywatch_edge::{
    detect::Detection,
    look::{FolderReferences, LookRequest, NoRadio, make_look},
    scene::{OpenHints, Scene},
};
use quaywatch_protocol::contract::look::{Look, SensorKind};
use quaywatch_tests::feed::{
    chance::Chance,
    render::{RenderOptions, render_scene, write_geotiff, write_quicklook},
    schedule::Pass,
    station::{perfect, sight},
    truth::SceneTruth,
    world::World,
};

/// Points along each side of an area at which its true visible share is taken: with as few as a perfect station's look has, one point is
/// three parts in a hundred, and the truth would err by more than what is measured.
const VISIBLE_GRID: u32 = 48;
/// Metres between such points along a track.
const VISIBLE_STEP_M: f64 = 3.0;

/// Draws scenes, looks at them, compares.
#[derive(Debug, Parser)]
struct Arguments {
    /// Script of the ground truth.
    #[arg(long)]
    script: PathBuf,
    /// Site to draw.
    #[arg(long, default_value = "vostochny")]
    site: String,
    /// Scenes to draw.
    #[arg(long, default_value_t = 20)]
    draws: usize,
    /// Pixel size in metres; 3 is PlanetScope, 10 Sentinel-2.
    #[arg(long, default_value_t = 3.0)]
    gsd: f64,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Looks in the past that taught the references; 0 looks without any.
    #[arg(long, default_value_t = 60)]
    warm: usize,
    /// Folder for scenes and pictures of every draw; without it they are thrown away.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Print every draw.
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("measure_looks: {problem}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Figures {
    occupied: Vec<(f64, f64)>,
    cars: Vec<(f64, f64)>,
    area: Vec<(f64, f64)>,
    row: Vec<(f64, f64)>,
    visible: Vec<(f64, f64)>,
    berths_right: usize,
    berths: usize,
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let world = World::load(&arguments.script, arguments.seed).map_err(|error| error.to_string())?;
    let place = world
        .places
        .get(&arguments.site)
        .ok_or("the site is not in the script")?;
    let temporary = std::env::temp_dir().join(format!("quaywatch-measure-{}", std::process::id()));
    let folder = arguments.keep.clone().unwrap_or_else(|| temporary.clone());
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let mut passes = world.passes();
    passes.retain(|pass| {
        pass.site == arguments.site
            && pass.sensor.kind == SensorKind::Optical
            && (pass.sensor.gsd_m - arguments.gsd).abs() < 1.0
    });
    let mut chance = Chance::new(arguments.seed, &["draws"]);
    let (past, rest) = passes.split_at(passes.len() / 4);
    let todo = (spread(past, arguments.warm).map(|pass| (pass, false)))
        .chain(spread(rest, arguments.draws).map(|pass| (pass, true)));
    let home = folder.join(format!("references-{}", std::process::id()));
    let mut figures = Figures::default();
    for (pass, scored) in todo {
        let Some(truth) = world.scene_truth(&pass.site, pass.at, &pass.sensor) else {
            continue;
        };
        let raster = render_scene(place, &truth, &RenderOptions::default()).map_err(|error| error.to_string())?;
        let path = folder.join(format!("{}.tif", pass.scene));
        write_geotiff(&path, &raster).map_err(|error| error.to_string())?;
        let scene = Scene::open(&path, &OpenHints::default()).map_err(|error| error.to_string())?;
        let mut reader = scene.reader().map_err(|error| error.to_string())?;
        let detections = detections(&scene, &truth, &mut chance);
        let mut stored = FolderReferences::open(&home, &place.site.id).map_err(|error| error.to_string())?;
        let request = LookRequest {
            station: "measure",
            scene: &scene,
            site: &place.site,
            detections: &detections,
            references: &stored,
            radio: &NoRadio,
        };
        let made = make_look(&request, &mut reader)
            .map_err(|error| error.to_string())?
            .ok_or("the scene does not show the site")?;
        if arguments.warm > 0 {
            stored.learn(&made.learnt).map_err(|error| error.to_string())?;
        }
        if scored {
            let mut perfect = perfect::look(place, &truth, pass);
            for zone in &mut perfect.zones {
                let points = sight::points_at(place, &zone.zone, VISIBLE_GRID, VISIBLE_STEP_M);
                (zone.visible, zone.hidden) = {
                    let (visible, hidden) = sight::seen(&truth, &points);
                    (visible, Some(hidden))
                };
            }
            if arguments.verbose {
                report(&pass.scene, &truth, &perfect, &made.look);
            }
            compare(&perfect, &made.look, &mut figures);
        }
        if arguments.keep.is_some() {
            write_quicklook(&path.with_extension("png"), &raster).map_err(|error| error.to_string())?;
        } else {
            std::fs::remove_file(&path).map_err(|error| error.to_string())?;
        }
    }
    std::fs::remove_dir_all(&home).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error.to_string()),
    })?;
    if arguments.keep.is_none() {
        std::fs::remove_dir_all(&temporary).map_err(|error| error.to_string())?;
    }
    figures.print();
    Ok(())
}

/// So many of the passes, spread evenly over them.
fn spread(passes: &[Pass], count: usize) -> impl Iterator<Item = &Pass> {
    (0..count.min(passes.len()))
        .filter_map(move |index| passes.get(index * passes.len() / count.min(passes.len()).max(1)))
}

/// Vessels as a good detector would give them.
fn detections(scene: &Scene, truth: &SceneTruth, chance: &mut Chance) -> Vec<Detection> {
    truth
        .vessels
        .iter()
        .filter_map(|vessel| {
            let (lon, lat) = (vessel.centre.x(), vessel.centre.y());
            let (px, py) = scene.grid.lonlat_to_px(lon, lat)?;
            let sd_px = 0.7;
            let (px, py) = (px + sd_px * chance.normal(), py + sd_px * chance.normal());
            let gsd_m = truth.sensor.gsd_m;
            Some(Detection {
                px,
                py,
                lonlat: scene.grid.px_to_lonlat(px, py),
                length_m: vessel.length_m + 1.5 * gsd_m * chance.normal(),
                beam_m: vessel.beam_m + 0.7 * gsd_m * chance.normal(),
                heading_deg: (vessel.axis_deg + 4.0 * chance.normal()).rem_euclid(180.0),
                confidence: 0.9,
                class: vessel.class,
                position_sd_m: sd_px * gsd_m,
                length_sd_m: 1.5 * gsd_m,
                beam_sd_m: 0.7 * gsd_m,
                heading_sd_deg: 4.0,
                ends_px: [(px, py); 2],
                beam_px: 1.0,
            })
        })
        .collect()
}

fn report(scene: &str, truth: &SceneTruth, perfect: &Look, look: &Look) {
    println!(
        "{scene}: cloud {:.2} haze {:.2} snow {:.2} sun {:.0}",
        truth.sky.cover, truth.sky.haze, truth.snow, truth.sun.elevation_deg
    );
    for (truth, seen) in perfect
        .zones
        .iter()
        .filter_map(|truth| Some((truth, look.zones.iter().find(|seen| seen.zone == truth.zone)?)))
    {
        if (truth.visible - seen.visible).abs() > 0.03 {
            println!(
                "    visible {:12} truth {:.2} {:?}\n                         seen  {:.2} {:?}",
                truth.zone, truth.visible, truth.hidden, seen.visible, seen.hidden
            );
        }
    }
    for truth in &perfect.rail {
        let seen = look
            .rail
            .iter()
            .find(|seen| seen.zone == truth.zone && seen.track == truth.track);
        let (metres, sd, visible) = seen.map_or((-1.0, 0.0, 0.0), |seen| {
            (seen.occupied_m, seen.occupied_sd_m.unwrap_or(0.0), seen.length_m)
        });
        println!(
            "    {}/{} truth {:.0} m of {:.0} ({:?})  seen {metres:.0} +- {sd:.0} of {visible:.0}",
            truth.zone, truth.track, truth.occupied_m, truth.length_m, truth.mix
        );
    }
    for truth in &perfect.stacks {
        let seen = look.stacks.iter().find(|seen| seen.zone == truth.zone);
        println!(
            "    {} truth {:.0} m2 row {:.0}  seen {:?}",
            truth.zone,
            truth.area_m2,
            truth.row_m,
            seen.map(|seen| (seen.area_m2, seen.area_sd_m2, seen.row_m))
        );
    }
}

fn compare(perfect: &Look, look: &Look, figures: &mut Figures) {
    for truth in &perfect.zones {
        let seen = look
            .zones
            .iter()
            .find(|seen| seen.zone == truth.zone)
            .map_or(0.0, |seen| seen.visible);
        figures.visible.push((truth.visible, seen));
    }
    let mostly = |zone: &str| perfect.zones.iter().any(|seen| seen.zone == zone && seen.visible > 0.5);
    for truth in perfect.rail.iter().filter(|truth| mostly(&truth.zone)) {
        if let Some(seen) = look
            .rail
            .iter()
            .find(|seen| seen.zone == truth.zone && seen.track == truth.track)
        {
            figures.occupied.push((truth.occupied_m, seen.occupied_m));
            figures.cars.push((f64::from(truth.cars), f64::from(seen.cars)));
        }
    }
    for truth in perfect.stacks.iter().filter(|truth| mostly(&truth.zone)) {
        if let Some(seen) = look.stacks.iter().find(|seen| seen.zone == truth.zone) {
            figures.area.push((truth.area_m2, seen.area_m2));
            figures.row.push((truth.row_m, seen.row_m));
        }
    }
    let vessels_in = |look: &Look| {
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for zone in look.vessels.iter().filter_map(|vessel| vessel.zone.clone()) {
            *count.entry(zone).or_default() += 1;
        }
        count
    };
    let (truth, seen) = (vessels_in(perfect), vessels_in(look));
    for zone in perfect.zones.iter().filter(|zone| zone.visible > 0.95) {
        figures.berths += 1;
        figures.berths_right += usize::from(truth.get(&zone.zone) == seen.get(&zone.zone));
    }
}

impl Figures {
    fn print(&self) {
        let line = |name: &str, pairs: &[(f64, f64)], least: f64| {
            let mut errors: Vec<f64> = pairs
                .iter()
                .filter(|(truth, _)| *truth >= least)
                .map(|(truth, seen)| (seen - truth) / truth)
                .collect();
            let empty: Vec<f64> = pairs
                .iter()
                .filter(|(truth, _)| *truth <= 0.0)
                .map(|(_, seen)| *seen)
                .collect();
            let false_share = empty.iter().filter(|seen| **seen >= least).count() as f64 / empty.len().max(1) as f64;
            errors.sort_by(f64::total_cmp);
            let at = |share: f64| {
                errors
                    .get(((errors.len() as f64 - 1.0) * share).round().max(0.0) as usize)
                    .copied()
                    .unwrap_or(f64::NAN)
            };
            let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
            sizes.sort_by(f64::total_cmp);
            let median = sizes.get(sizes.len() / 2).copied().unwrap_or(f64::NAN);
            println!(
                "{name:12} n {:4}  median |error| {:5.1} %  error p10 {:+.1} % median {:+.1} % p90 {:+.1} %;  of {} empty ones {:.1} % not seen empty",
                errors.len(),
                100.0 * median,
                100.0 * at(0.1),
                100.0 * at(0.5),
                100.0 * at(0.9),
                empty.len(),
                100.0 * false_share
            );
        };
        line("occupied_m", &self.occupied, 12.0);
        line("cars", &self.cars, 1.0);
        line("area_m2", &self.area, 150.0);
        line("row_m", &self.row, 12.0);
        let mut visible: Vec<f64> = self.visible.iter().map(|(truth, seen)| (seen - truth).abs()).collect();
        visible.sort_by(f64::total_cmp);
        let share = visible.iter().filter(|error| **error <= 0.05).count() as f64 / visible.len().max(1) as f64;
        let mean = visible.iter().sum::<f64>() / visible.len().max(1) as f64;
        let at = |share: f64| {
            let place = ((visible.len() as f64 - 1.0) * share).round().max(0.0) as usize;
            visible.get(place).copied().unwrap_or(f64::NAN)
        };
        println!(
            "visible      n {:4}  within 5 points {:.1} %, |error| mean {:.3} median {:.3} p90 {:.3}",
            visible.len(),
            100.0 * share,
            mean,
            at(0.5),
            at(0.9)
        );
        println!(
            "zones        n {:4}  vessels right in {:.1} %",
            self.berths,
            100.0 * self.berths_right as f64 / self.berths.max(1) as f64
        );
    }
}
