//! `detect`: vessels in scenes, as GeoJSON and as a picture.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use serde_json::{Value, json};

use super::{
    Exit, complain, geojson_out, preview,
    setup::{DetectorArgs, Detectors},
};
use crate::{
    detect::{DetectError, Detected},
    scene::Scene,
};

/// Command line of `detect`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// A raster file, a folder of band files (B02.tif B03.tif B04.tif B08.tif), or a scene manifest (.toml, .json)
    #[arg(required = true, value_name = "SCENE")]
    scenes: Vec<PathBuf>,
    /// Write the GeoJSON here instead of to standard output
    #[arg(long, value_name = "FILE")]
    geojson: Option<PathBuf>,
    /// Draw the scene with what was found; with several scenes, the scene's name is put into the file's
    #[arg(long, value_name = "FILE.png")]
    preview: Option<PathBuf>,
    /// Print one line of JSON a scene with times and counts to standard error
    #[arg(long)]
    bench: bool,
    #[command(flatten)]
    detector: DetectorArgs,
}

/// Looks at every scene; one that fails does not stop the others.
pub(super) fn run(args: &Args) -> Exit {
    let mut detectors = Detectors::new(&args.detector);
    if let Err(error) = detectors.check() {
        complain(error);
        return Exit::Usage;
    }
    let (mut features, mut failures) = (Vec::new(), 0);
    for path in &args.scenes {
        match one(args, &mut detectors, path) {
            Ok(found) => features.extend(found),
            Err(error) => {
                complain(error);
                failures += 1;
            }
        }
    }
    if args.scenes.len() > 1 {
        let done = args.scenes.len() - failures;
        complain(format!(
            "{done} of {} scenes, {} vessels",
            args.scenes.len(),
            features.len()
        ));
    }
    if let Err(error) = write(args.geojson.as_deref(), &geojson_out::collection(features)) {
        complain(error);
        return Exit::Failed;
    }
    if failures > 0 { Exit::Failed } else { Exit::Done }
}

fn one(args: &Args, detectors: &mut Detectors, path: &Path) -> Result<Vec<Value>, DetectError> {
    let scene = Scene::open(path, &detectors.hints())?;
    let began = Instant::now();
    let detected = detectors.look(&scene)?;
    let seconds = began.elapsed().as_secs_f64();
    for warning in scene.warnings.iter().chain(&detected.warnings) {
        complain(format!("{}: {warning}", path.display()));
    }
    report(args, &scene, &detected, seconds);
    if let Some(file) = &args.preview {
        let file = preview_name(file, &scene.id, args.scenes.len() > 1);
        preview::draw(&scene, &detected.vessels, &file)?;
    }
    Ok(detected
        .vessels
        .iter()
        .map(|vessel| geojson_out::feature(&scene, vessel))
        .collect())
}

fn report(args: &Args, scene: &Scene, detected: &Detected, seconds: f64) {
    let megapixels = detected.pixels as f64 / 1e6;
    if args.bench {
        let line = json!({
            "scene": scene.id, "seconds": seconds, "megapixels": megapixels, "mp_per_s": megapixels / seconds,
            "vessels": detected.vessels.len(), "tiles": detected.tiles, "tiles_nodata": detected.tiles_nodata,
            "tiles_land": detected.tiles_land, "tiles_sea": detected.tiles_sea,
        });
        eprintln!("{line}");
        return;
    }
    complain(format!(
        "{}: {} vessels, {megapixels:.1} MP in {seconds:.1} s ({} tiles, {} skipped)",
        scene.id,
        detected.vessels.len(),
        detected.tiles,
        detected.tiles_nodata + detected.tiles_land + detected.tiles_sea
    ));
}

fn preview_name(file: &Path, scene: &str, several: bool) -> PathBuf {
    if !several {
        return file.to_path_buf();
    }
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{stem}-{scene}.png"))
}

/// Writes the collection; a file in one step, so that nobody reads half of it.
fn write(file: Option<&Path>, value: &Value) -> Result<(), String> {
    let Some(file) = file else {
        let mut out = io::stdout().lock();
        return match writeln!(out, "{value}").and_then(|()| out.flush()) {
            // The reader of a pipe may have seen enough.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
            _ => Ok(()),
        };
    };
    let part = file.with_extension("geojson.part");
    fs::write(&part, format!("{value}\n"))
        .and_then(|()| fs::rename(&part, file))
        .map_err(|error| format!("{}: {error}", file.display()))
}
