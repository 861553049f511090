//! `look`: the looks of one scene at one site or many, a line of JSON each, and an evidence picture of one.
//!
//! The vessels near all sites are found in one pass over the scene; after that each site reads its own neighbourhood.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use quaywatch_protocol::contract::{site::Site, time::UnixMs};

use super::{
    Exit, complain,
    setup::{DetectorArgs, Detectors},
};
use crate::{
    ais::{Coverage, CoverageArea, Ears, EarsRadio, read_file},
    config::SITES_MAX,
    detect::Detection,
    look::{FolderReferences, LookRequest, NoRadio, Radio, References, make_look, neighbourhood, picture},
    scene::{Scene, SceneReader},
};

/// Command line of `look`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// A raster file, a folder of band files, or a scene manifest
    #[arg(value_name = "SCENE")]
    scene: PathBuf,
    /// The zones of a site; several files, or a folder of them, are looked at in one pass
    #[arg(long, value_name = "FILE.geojson", required = true, num_args = 1..)]
    site: Vec<PathBuf>,
    /// AIS sentences (AIVDM) received around the time of the scene; receive times come from tag blocks
    #[arg(long, value_name = "FILE")]
    ais: Option<PathBuf>,
    /// Where reception is known to be good: longitude,latitude,metres
    #[arg(long, value_name = "LON,LAT,METRES", requires = "ais")]
    covered: Vec<CoverageArea>,
    /// Draw the evidence of one site: zones, vessels, cars, stacks, what was hidden
    #[arg(long, value_name = "FILE.png")]
    preview: Option<PathBuf>,
    /// Folder of empty references, to compare with
    #[arg(long, value_name = "DIR")]
    references: Option<PathBuf>,
    /// Teach the references by this look, too
    #[arg(long, requires = "references")]
    learn: bool,
    /// When the scene was acquired, where nothing in it says so (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = UnixMs::parse)]
    at: Option<UnixMs>,
    /// Name of the station in the look
    #[arg(long, value_name = "ID", default_value = "local")]
    station: String,
    #[command(flatten)]
    detector: DetectorArgs,
}

/// A site and the file that says what it is.
struct Place {
    file: PathBuf,
    site: Site,
}

/// Makes the looks.
pub(super) fn run(args: &Args) -> Exit {
    let places = match places(&args.site) {
        Ok(places) => places,
        Err(faults) => {
            for fault in faults {
                complain(fault);
            }
            return Exit::Usage;
        }
    };
    if args.preview.is_some() && places.len() > 1 {
        complain(format!(
            "--preview shows one site: expected one --site, got {}",
            places.len()
        ));
        return Exit::Usage;
    }
    let mut detectors = Detectors::new(&args.detector);
    if let Err(error) = detectors.check(std::slice::from_ref(&args.scene)) {
        complain(error);
        return Exit::Usage;
    }
    match look(args, &places, &mut detectors) {
        Ok(()) => Exit::Done,
        Err(problem) => {
            complain(problem);
            Exit::Failed
        }
    }
}

fn places(paths: &[PathBuf]) -> Result<Vec<Place>, Vec<String>> {
    let mut files = Vec::new();
    for path in paths {
        let told = |error: io::Error| vec![format!("{}: {error}", path.display())];
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        for entry in fs::read_dir(path).map_err(told)? {
            let file = entry.map_err(told)?.path();
            files.extend(Some(file).filter(|file| file.extension().is_some_and(|extension| extension == "geojson")));
        }
        if files.len() == before {
            return Err(vec![format!("{}: holds no *.geojson", path.display())]);
        }
    }
    files.sort();
    if files.len() > SITES_MAX {
        return Err(vec![format!("{} sites: expected at most {SITES_MAX}", files.len())]);
    }
    let (mut places, mut faults) = (Vec::with_capacity(files.len()), Vec::new());
    for file in files {
        match site(&file) {
            Ok(site) => places.push(Place { file, site }),
            Err(problems) => faults.extend(problems),
        }
    }
    if faults.is_empty() { Ok(places) } else { Err(faults) }
}

fn site(path: &Path) -> Result<Site, Vec<String>> {
    let text = fs::read_to_string(path).map_err(|error| vec![format!("{}: {error}", path.display())])?;
    Site::from_geojson(&text).map_err(|faults| {
        faults
            .iter()
            .map(|fault| format!("{}: {fault}", path.display()))
            .collect()
    })
}

fn look(args: &Args, places: &[Place], detectors: &mut Detectors) -> Result<(), String> {
    let mut scene = Scene::open(&args.scene, &detectors.hints()).map_err(|error| error.to_string())?;
    scene.acquired_at = args.at.or(scene.acquired_at);
    let at = scene.acquired_at.ok_or_else(|| {
        format!(
            "{}: nothing says when it was acquired; expected --at TIME",
            args.scene.display()
        )
    })?;
    let windows: Vec<_> = (places.iter())
        .flat_map(|place| neighbourhood(&scene.grid, &place.site))
        .collect();
    if let (true, Some(first)) = (windows.is_empty(), places.first()) {
        let more = places.len() - 1;
        let others = if more == 0 {
            String::new()
        } else {
            format!(" nor {more} others")
        };
        return Err(format!(
            "{}: does not show the site `{}`{others}",
            args.scene.display(),
            first.site.id
        ));
    }
    let detected = detectors
        .look_at(&scene, Some(&windows))
        .map_err(|error| error.to_string())?;
    for warning in scene.warnings.iter().chain(&detected.warnings) {
        complain(format!("{}: {warning}", args.scene.display()));
    }
    let ears = args
        .ais
        .as_deref()
        .map(|path| listen(path, at, &args.covered))
        .transpose()?;
    let radio = ears.as_ref().map_or(&NoRadio as &dyn Radio, |ears| ears);
    let mut reader = scene.reader().map_err(|error| error.to_string())?;
    let mut shown = 0;
    for place in places {
        shown += usize::from(look_at(args, &scene, place, &detected.vessels, radio, &mut reader)?);
    }
    match places {
        [place] if shown == 0 => {
            let (scene, site) = (args.scene.display(), &place.site.id);
            Err(format!("{scene}: does not show the site `{site}`"))
        }
        _ => Ok(()),
    }
}

/// One site's look; false when the scene does not show it.
fn look_at(
    args: &Args,
    scene: &Scene,
    Place { file, site }: &Place,
    vessels: &[Detection],
    radio: &dyn Radio,
    reader: &mut SceneReader,
) -> Result<bool, String> {
    let stored = match &args.references {
        Some(folder) => Some(FolderReferences::open(folder, &site.id).map_err(|error| error.to_string())?),
        None => None,
    };
    let request = LookRequest {
        station: &args.station,
        scene,
        site,
        detections: vessels,
        references: stored.as_ref().map_or(&() as &dyn References, |stored| stored),
        radio,
    };
    let Some(made) = make_look(&request, reader).map_err(|error| error.to_string())? else {
        return Ok(false);
    };
    for fault in made.faults.iter() {
        complain(format!("{}: {fault}", file.display()));
    }
    for misfit in &made.misfits {
        complain(format!("{}: {misfit}", file.display()));
    }
    for set_aside in stored.iter().flat_map(|stored| &stored.set_aside) {
        complain(set_aside);
    }
    if let Some(file) = &args.preview {
        let part = file.with_extension("png.part");
        picture::draw(&made)
            .save_with_format(&part, image::ImageFormat::Png)
            .map_err(|error| error.to_string())
            .and_then(|()| fs::rename(&part, file).map_err(|error| error.to_string()))
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let line = serde_json::to_string(&made.look).map_err(|error| error.to_string())?;
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        // The reader of a pipe may have seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(format!("standard output: {error}")),
        _ => {}
    }
    // Last: a look that nobody got teaches nothing.
    if let Some(mut stored) = stored.filter(|_| args.learn) {
        stored.learn(&made.learnt).map_err(|error| error.to_string())?;
        if stored.refused > 0 {
            complain(format!("{} references found no room", stored.refused));
        }
    }
    Ok(true)
}

fn listen(path: &Path, at: UnixMs, covered: &[CoverageArea]) -> Result<EarsRadio, String> {
    let mut ears = Ears::new(Coverage {
        areas: covered.to_vec(),
    });
    read_file(path, at, &mut ears).map_err(|error| error.to_string())?;
    let counts = ears.counters();
    complain(format!(
        "{}: {} AIS messages of {} vessels; {} wrong checksums, {} malformed, {} undecodable",
        path.display(),
        counts.used,
        ears.tracks().len(),
        counts.checksum,
        counts.malformed + counts.garbled,
        counts.undecodable
    ));
    Ok(EarsRadio::new(ears))
}
