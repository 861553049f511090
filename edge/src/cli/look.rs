//! `look`: one site's look from one scene, as a line of JSON and as an evidence picture.

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
    look::{FolderReferences, LookRequest, NoRadio, Radio, References, make_look, neighbourhood, picture},
    scene::Scene,
};

/// Command line of `look`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// A raster file, a folder of band files, or a scene manifest
    #[arg(value_name = "SCENE")]
    scene: PathBuf,
    /// The site's zones
    #[arg(long, value_name = "FILE.geojson")]
    site: PathBuf,
    /// AIS sentences (AIVDM) received around the time of the scene; receive times come from tag blocks
    #[arg(long, value_name = "FILE")]
    ais: Option<PathBuf>,
    /// Where reception is known to be good: longitude,latitude,metres
    #[arg(long, value_name = "LON,LAT,METRES", requires = "ais")]
    covered: Vec<CoverageArea>,
    /// Draw the evidence: zones, vessels, cars, stacks, what was hidden
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

/// Makes the look.
pub(super) fn run(args: &Args) -> Exit {
    let site = match site(&args.site) {
        Ok(site) => site,
        Err(faults) => {
            for fault in faults {
                complain(fault);
            }
            return Exit::Usage;
        }
    };
    let mut detectors = Detectors::new(&args.detector);
    if let Err(error) = detectors.check(std::slice::from_ref(&args.scene)) {
        complain(error);
        return Exit::Usage;
    }
    match look(args, &site, &mut detectors) {
        Ok(()) => Exit::Done,
        Err(problem) => {
            complain(problem);
            Exit::Failed
        }
    }
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

fn look(args: &Args, site: &Site, detectors: &mut Detectors) -> Result<(), String> {
    let mut scene = Scene::open(&args.scene, &detectors.hints()).map_err(|error| error.to_string())?;
    scene.acquired_at = args.at.or(scene.acquired_at);
    let at = scene.acquired_at.ok_or_else(|| {
        format!(
            "{}: nothing says when it was acquired; expected --at TIME",
            args.scene.display()
        )
    })?;
    let windows = neighbourhood(&scene.grid, site);
    if windows.is_empty() {
        return Err(format!(
            "{}: does not show the site `{}`",
            args.scene.display(),
            site.id
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
    let stored = match &args.references {
        Some(folder) => Some(FolderReferences::open(folder, &site.id).map_err(|error| error.to_string())?),
        None => None,
    };
    let request = LookRequest {
        station: &args.station,
        scene: &scene,
        site,
        detections: &detected.vessels,
        references: stored.as_ref().map_or(&() as &dyn References, |stored| stored),
        radio: ears.as_ref().map_or(&NoRadio as &dyn Radio, |ears| ears),
    };
    let mut reader = scene.reader().map_err(|error| error.to_string())?;
    let made = make_look(&request, &mut reader)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| format!("{}: does not show the site `{}`", args.scene.display(), site.id))?;
    for fault in made.faults.iter() {
        complain(format!("{}: {fault}", args.site.display()));
    }
    for misfit in &made.misfits {
        complain(format!("{}: {misfit}", args.site.display()));
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
    if let Some(mut stored) = stored.filter(|_| args.learn) {
        stored.learn(&made.learnt).map_err(|error| error.to_string())?;
        if stored.refused > 0 {
            complain(format!("{} references found no room", stored.refused));
        }
    }
    let line = serde_json::to_string(&made.look).map_err(|error| error.to_string())?;
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        // The reader of a pipe may have seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(()),
    }
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
