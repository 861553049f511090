//! `evaluate`: precision, recall and F1 of the detector on labelled scenes.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{
    Exit, complain, labels,
    score::{RULE, Rates, Score, Subset, score},
    setup::{DetectorArgs, Detectors},
};
use crate::{
    detect::Detection,
    scene::{Band, Scene, SceneReader, Window},
};

/// A false alarm within this distance of land is berthed, metres.
const BERTH_M: f64 = 60.0;
/// Pixel size where nothing says one, metres.
const FALLBACK_GSD_M: f64 = 10.0;

/// Command line of `evaluate`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of a scene's band files with reviewed.json or a COCO labels.json; or a raster, with <stem>.reviewed.json beside it
    #[arg(required = true, value_name = "DIR")]
    scenes: Vec<PathBuf>,
    /// Name of the label file in each folder [default: reviewed.json, else labels.json]
    #[arg(long, value_name = "FILE")]
    labels: Option<String>,
    /// One line of JSON a scene and subset instead of the table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    detector: DetectorArgs,
}

/// Scores every scene; one that fails does not stop the others.
pub(super) fn run(args: &Args) -> Exit {
    let mut detectors = Detectors::new(&args.detector);
    let name = match detectors.check().and_then(|()| detectors.name()) {
        Ok(name) => name,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    if !args.json {
        println!(
            "detector: {name}\n{RULE}\n95 % intervals of F1: bootstrap over labels and false alarms, 1,000 rounds\n"
        );
        println!(
            "{:<24} {:<15} {:>5} {:>5} {:>5} {:>9} {:>7} {:>6}  {:<15} {:>7}",
            "scene", "subset", "hit", "miss", "false", "precision", "recall", "F1", "interval", "length±"
        );
    }
    let (mut pooled, mut done, mut failures) = (Score::default(), 0, 0);
    for path in &args.scenes {
        match one(args, &mut detectors, path) {
            Ok((scene, score)) => {
                print(args, &scene, &score);
                pooled.add(&score);
                done += 1;
            }
            Err(error) => {
                complain(error);
                failures += 1;
            }
        }
    }
    if done > 1 {
        print(args, "pooled", &pooled);
    }
    if failures > 0 { Exit::Failed } else { Exit::Done }
}

fn one(args: &Args, detectors: &mut Detectors, path: &Path) -> Result<(String, Score), String> {
    let file = label_file(args, path)?;
    let labels = labels::read(&file)?;
    let scene = Scene::open(path, &detectors.hints()).map_err(|error| error.to_string())?;
    let detected = detectors.look(&scene).map_err(|error| error.to_string())?;
    for warning in scene.warnings.iter().chain(&detected.warnings) {
        complain(format!("{}: {warning}", path.display()));
    }
    let reader = scene.reader().map_err(|error| error.to_string())?;
    let land = std::cell::RefCell::new(reader);
    let score = score(&detected.vessels, &labels, &scene.grid, FALLBACK_GSD_M, |vessel| {
        near_land(&scene, &mut land.borrow_mut(), vessel)
    });
    Ok((scene.id, score))
}

/// The label file of a scene.
fn label_file(args: &Args, path: &Path) -> Result<PathBuf, String> {
    let names: Vec<PathBuf> = match &args.labels {
        Some(name) if path.is_dir() => vec![path.join(name)],
        Some(name) => vec![path.with_file_name(name)],
        None if path.is_dir() => vec![path.join("reviewed.json"), path.join("labels.json")],
        None => vec![path.with_extension("reviewed.json"), path.with_extension("labels.json")],
    };
    let found = names.iter().find(|name| name.is_file()).cloned();
    found.ok_or_else(|| {
        let names: Vec<String> = names.iter().map(|name| name.display().to_string()).collect();
        format!("{}: no labels; expected {}", path.display(), names.join(" or "))
    })
}

/// True when a pixel that is no water lies within [`BERTH_M`]; unknown without green and near infrared.
fn near_land(scene: &Scene, reader: &mut SceneReader, vessel: &Detection) -> Option<bool> {
    let bands = [Band::Green, Band::Nir];
    if !bands.iter().all(|band| scene.bands.contains(band)) {
        return None;
    }
    let (across, down) = scene
        .grid
        .gsd_m(vessel.px, vessel.py)
        .unwrap_or((FALLBACK_GSD_M, FALLBACK_GSD_M));
    let half_hull_m = vessel.length_m / 2.0;
    let reach = ((BERTH_M + half_hull_m) / across.min(down)).ceil() as u32;
    let at = Window::new(vessel.px.max(0.0) as u32, vessel.py.max(0.0) as u32, 1, 1);
    let pixels = reader
        .read(at.grown(reach, scene.grid.width, scene.grid.height), &bands)
        .ok()?;
    let heading = (
        vessel.ends_px[1].0 - vessel.ends_px[0].0,
        vessel.ends_px[1].1 - vessel.ends_px[0].1,
    );
    let length_px = heading.0.hypot(heading.1).max(f64::MIN_POSITIVE);
    let axis = (heading.0 / length_px, heading.1 / length_px);
    for y in pixels.window.y..pixels.window.bottom() {
        for x in pixels.window.x..pixels.window.right() {
            let (dx, dy) = (f64::from(x) + 0.5 - vessel.px, f64::from(y) + 0.5 - vessel.py);
            if (dx * across).hypot(dy * down) > BERTH_M {
                continue;
            }
            // The hull itself is no water: its own pixels and a rim around them do not count as land.
            let (along, side) = ((dx * axis.0 + dy * axis.1).abs(), (dy * axis.0 - dx * axis.1).abs());
            if along <= length_px / 2.0 + 2.0 && side <= vessel.beam_px / 2.0 + 2.0 {
                continue;
            }
            if let (Some(green), Some(nir)) = (pixels.at(Band::Green, x, y), pixels.at(Band::Nir, x, y))
                && nir >= green
            {
                return Some(true);
            }
        }
    }
    Some(false)
}

fn print(args: &Args, scene: &str, score: &Score) {
    for subset in Subset::ALL {
        let rates = score.rates(subset);
        if rates.hits + rates.misses == 0 {
            continue;
        }
        if args.json {
            println!("{}", as_json(scene, subset, &rates));
            continue;
        }
        let length = if rates.length_error.is_finite() {
            format!("{:.0} %", rates.length_error * 100.0)
        } else {
            "-".to_owned()
        };
        println!(
            "{scene:<24} {:<15} {:>5} {:>5} {:>5} {:>9.3} {:>7.3} {:>6.3}  [{:.3}, {:.3}]  {length:>7}",
            subset.name(),
            rates.hits,
            rates.misses,
            rates.falses,
            rates.precision,
            rates.recall,
            rates.f1,
            rates.f1_low,
            rates.f1_high
        );
    }
}

fn as_json(scene: &str, subset: Subset, rates: &Rates) -> serde_json::Value {
    json!({
        "scene": scene, "subset": subset.name(), "hits": rates.hits, "misses": rates.misses, "false_alarms": rates.falses,
        "precision": rates.precision, "recall": rates.recall, "f1": rates.f1, "f1_low": rates.f1_low, "f1_high": rates.f1_high,
        "length_error_median": rates.length_error,
    })
}
