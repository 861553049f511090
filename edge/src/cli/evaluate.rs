//! `evaluate`: precision, recall and F1 of the detector on labelled scenes.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{
    Exit, complain,
    labels::{self, Label, LabelKind},
    rates::{Rate, Rates, Subset, rates},
    score::{RULE, Score, score},
    setup::{DetectorArgs, Detectors},
};
use crate::{
    detect::{Detected, Detection},
    scene::{Band, Scene, SceneReader, Window},
};

/// A false alarm within this distance of land is berthed, metres.
const BERTH_M: f64 = 60.0;
/// Pixel size where nothing says one, metres.
const FALLBACK_GSD_M: f64 = 10.0;

/// Command line of `evaluate`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of a scene's band files with reviewed.json or a COCO labels.json; a raster with <stem>.reviewed.json
    /// beside it, or the truth <stem>.json of a rendered scene; or a folder of pictures with
    /// YOLO labels <stem>.txt beside them
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
    let scenes: Vec<PathBuf> = args.scenes.iter().flat_map(|path| scenes_in(path)).collect();
    let name = match detectors.check(&scenes).and_then(|()| detectors.name(&scenes)) {
        Ok(name) => name,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    if !args.json {
        println!(
            "detector: {name}\n{RULE}\n95 % intervals of F1: bootstrap of 1,000 rounds, over labels and false alarms within a scene, over whole scenes where they are pooled\n"
        );
        println!(
            "{:<24} {:<15} {:>5} {:>5} {:>5} {:>9} {:>7} {:>6}  {:<15} {:>7}",
            "scene", "subset", "hit", "miss", "false", "precision", "recall", "F1", "interval", "length±"
        );
    }
    let (mut scores, mut unseen, mut failures) = (Vec::new(), Unseen::default(), 0);
    for path in &scenes {
        match one(args, &mut detectors, path) {
            Ok((scene, score, hidden)) => {
                print(args, &scene, std::slice::from_ref(&score));
                unseen.add(&hidden);
                scores.push(score);
            }
            Err(error) => {
                complain(error);
                failures += 1;
            }
        }
    }
    if scores.len() > 1 {
        print(args, "pooled", &scores);
    }
    unseen.print(args);
    if failures > 0 { Exit::Failed } else { Exit::Done }
}

/// What the pre-screen kept from the detector.
#[derive(Default)]
struct Unseen {
    tiles: usize,
    skipped: usize,
    labels: usize,
    labels_skipped: usize,
}

impl Unseen {
    fn of(detected: &Detected, labels: &[Label]) -> Self {
        let sure = || labels.iter().filter(|label| label.kind != LabelKind::Unsure);
        let is_skipped = |label: &&Label| detected.skipped.iter().any(|tile| tile.holds(label.x, label.y));
        Self {
            tiles: detected.tiles,
            skipped: detected.skipped.len(),
            labels: sure().count(),
            labels_skipped: sure().filter(is_skipped).count(),
        }
    }

    fn add(&mut self, other: &Self) {
        self.tiles += other.tiles;
        self.skipped += other.skipped;
        self.labels += other.labels;
        self.labels_skipped += other.labels_skipped;
    }

    fn print(&self, args: &Args) {
        let Self {
            tiles,
            skipped,
            labels,
            labels_skipped,
        } = self;
        if args.json {
            let line = json!({
                "scene": "pooled", "subset": "pre-screen", "tiles": tiles, "tiles_skipped": skipped, "labels": labels,
                "labels_in_skipped_tiles": labels_skipped,
            });
            println!("{line}");
        } else {
            println!(
                "\npre-screen: {skipped} of {tiles} tiles skipped; {labels_skipped} of {labels} labelled vessels lie in them"
            );
        }
    }
}

fn one(args: &Args, detectors: &mut Detectors, path: &Path) -> Result<(String, Score, Unseen), String> {
    let file = label_file(args, path)?;
    let scene = Scene::open(path, &detectors.hints()).map_err(|error| error.to_string())?;
    let labels = labels::read(&file, (scene.grid.width, scene.grid.height))?;
    let detected = detectors.look(&scene).map_err(|error| error.to_string())?;
    for warning in scene.warnings.iter().chain(&detected.warnings) {
        complain(format!("{}: {warning}", path.display()));
    }
    let reader = scene.reader().map_err(|error| error.to_string())?;
    let land = std::cell::RefCell::new(reader);
    let score = score(&detected.vessels, &labels, &scene.grid, FALLBACK_GSD_M, |vessel| {
        near_land(&scene, &mut land.borrow_mut(), vessel)
    });
    let unseen = Unseen::of(&detected, &labels);
    Ok((scene.id, score, unseen))
}

/// The scenes that a path stands for: itself, or, for a folder of pictures with YOLO labels beside them, those pictures in order.
fn scenes_in(path: &Path) -> Vec<PathBuf> {
    let is_labelled = |file: &PathBuf| {
        let extension = file
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default();
        matches!(extension, "jpg" | "jpeg" | "tif" | "tiff" | "png") && file.with_extension("txt").is_file()
    };
    let entries = std::fs::read_dir(path).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(is_labelled)
        .collect();
    files.sort();
    // A mask beside a picture has the picture's name: the first of one stem is the scene.
    files.dedup_by_key(|file| file.with_extension(""));
    if files.is_empty() {
        vec![path.to_path_buf()]
    } else {
        files
    }
}

/// The label file of a scene.
fn label_file(args: &Args, path: &Path) -> Result<PathBuf, String> {
    let names: Vec<PathBuf> = match &args.labels {
        Some(name) if path.is_dir() => vec![path.join(name)],
        Some(name) => vec![path.with_file_name(name)],
        None if path.is_dir() => vec![path.join("reviewed.json"), path.join("labels.json")],
        None => vec![
            path.with_extension("reviewed.json"),
            path.with_extension("labels.json"),
            path.with_extension("txt"),
            path.with_extension("json"),
        ],
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

fn print(args: &Args, scene: &str, scores: &[Score]) {
    for subset in Subset::ALL {
        let rates = rates(scores, subset);
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
            rates.precision.value,
            rates.recall.value,
            rates.f1.value,
            rates.f1.low,
            rates.f1.high
        );
    }
}

fn as_json(scene: &str, subset: Subset, rates: &Rates) -> serde_json::Value {
    let interval = |rate: Rate| json!([rate.low, rate.high]);
    json!({
        "scene": scene, "subset": subset.name(), "hits": rates.hits, "misses": rates.misses, "false_alarms": rates.falses,
        "precision": rates.precision.value, "recall": rates.recall.value, "f1": rates.f1.value,
        "precision_interval": interval(rates.precision), "recall_interval": interval(rates.recall),
        "f1_low": rates.f1.low, "f1_high": rates.f1.high, "length_error_median": rates.length_error,
    })
}
