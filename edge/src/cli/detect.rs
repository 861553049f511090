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
    detect::{DetectError, Detected, Skip},
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
    /// Print one line of JSON a scene to standard error: times, counts, the process' peak memory, and the speed of the bare inference
    #[arg(long)]
    bench: bool,
    #[command(flatten)]
    detector: DetectorArgs,
}

/// Looks at every scene; one that fails does not stop the others.
pub(super) fn run(args: &Args) -> Exit {
    let mut detectors = Detectors::new(&args.detector);
    if let Err(error) = detectors.check(&args.scenes) {
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
    let (seconds, cpu_s) = (began.elapsed().as_secs_f64(), cpu_s());
    for warning in scene.warnings.iter().chain(&detected.warnings) {
        complain(format!("{}: {warning}", path.display()));
    }
    if args.bench {
        let peak_mb = peak_mb();
        let alone = detectors.infer_alone(&scene, BARE_ROUNDS)?;
        let run = Run {
            seconds,
            cpu_s,
            peak_mb,
            bare_tiles_per_s: alone.map(|(rate, _)| rate),
            bare_cpu_s_per_tile: alone
                .zip(self::cpu_s())
                .zip(cpu_s)
                .map(|(((_, tiles), after), before)| (after - before) / tiles),
        };
        bench(&scene, &detected, &run);
    } else {
        report(&scene, &detected, seconds);
    }
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

/// Times the bare inference is run by each worker: some seconds of it.
const BARE_ROUNDS: u32 = 40;

/// What a run took, and the bare inference after it.
struct Run {
    seconds: f64,
    cpu_s: Option<f64>,
    peak_mb: Option<f64>,
    bare_tiles_per_s: Option<f64>,
    bare_cpu_s_per_tile: Option<f64>,
}

/// One line of JSON: the pipeline, and the limit that the bare inference sets it on this machine at this time.
///
/// `overhead` is processor time beyond that of the bare inference on the tiles that were looked at, as a share of it: unlike times by the clock it says
/// the same on a busy machine.
fn bench(scene: &Scene, detected: &Detected, run: &Run) {
    let skipped = |why: Skip| detected.skipped.iter().filter(|tile| tile.why == why).count();
    let megapixels = detected.pixels as f64 / 1e6;
    let looked = detected.tiles.saturating_sub(detected.skipped.len());
    let bare_mp_per_s = run
        .bare_tiles_per_s
        .map(|rate| megapixels * rate / detected.tiles.max(1) as f64);
    let bare_cpu_s = run.bare_cpu_s_per_tile.map(|tile| tile * looked as f64);
    let overhead = run.cpu_s.zip(bare_cpu_s).map(|(all, bare)| all / bare - 1.0);
    let line = json!({
        "scene": scene.id, "seconds": run.seconds, "cpu_s": run.cpu_s, "peak_mb": run.peak_mb, "megapixels": megapixels,
        "mp_per_s": megapixels / run.seconds, "vessels": detected.vessels.len(), "tiles": detected.tiles, "tiles_looked_at": looked,
        "tiles_nodata": skipped(Skip::NoData), "tiles_land": skipped(Skip::Land), "tiles_sea": skipped(Skip::EmptySea),
        "bare_tiles_per_s": run.bare_tiles_per_s, "bare_mp_per_s": bare_mp_per_s, "bare_cpu_ms_per_tile": run.bare_cpu_s_per_tile.map(|s| s * 1e3),
        "overhead": overhead,
    });
    eprintln!("{line}");
}

fn report(scene: &Scene, detected: &Detected, seconds: f64) {
    let megapixels = detected.pixels as f64 / 1e6;
    complain(format!(
        "{}: {} vessels, {megapixels:.1} MP in {seconds:.1} s ({} tiles, {} skipped)",
        scene.id,
        detected.vessels.len(),
        detected.tiles,
        detected.skipped.len()
    ));
}

/// The most memory that the process has had resident so far, megabytes; `None` where the system does not say.
fn peak_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// Processor seconds of the process so far, all threads; `None` where the system does not say. Fields 14 and 15 of `/proc/self/stat`, in hundredths.
fn cpu_s() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    Some((ticks.next()?.ok()? + ticks.next()?.ok()?) / 100.0)
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
