//! What `detect` and `evaluate` share: options of the detector, and a run with progress.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    thread,
};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    detect::{
        Classical, DetectError, DetectOptions, Detected, DetectorPool, ModelFile, Progress, RadarCfar, THREADS_MAX,
        detect_scene,
    },
    scene::{OpenHints, Scene, Window},
};

/// Which detector looks at a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// The trained network for optical scenes, the CFAR for radar scenes
    Auto,
    /// The trained network (optical)
    Net,
    /// Water mask, local contrast and shape (optical): the baseline
    Classical,
    /// Constant false-alarm rate over sea clutter (radar)
    Cfar,
}

/// Options of the detector.
#[derive(Clone, Debug, Args)]
pub(super) struct DetectorArgs {
    /// Report vessels of at least this confidence [default: the detector's own]
    #[arg(long, value_name = "P", value_parser = probability)]
    pub min_confidence: Option<f64>,
    /// Pixel size of scenes without georeference
    #[arg(long, value_name = "METRES", value_parser = metres)]
    pub gsd: Option<f64>,
    /// Model sidecar or folder [default: beside the program, ../share/quaywatch, edge/model of a working tree]
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Worker threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=THREADS_MAX as i64))]
    pub threads: Option<u16>,
    /// Which detector looks
    #[arg(long, value_enum, default_value_t = Kind::Auto)]
    pub detector: Kind,
    /// Look at every tile, land and empty sea too
    #[arg(long)]
    pub look_everywhere: bool,
}

fn probability(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|value| (0.0..=1.0).contains(value))
        .ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

fn metres(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|value| value.is_finite() && *value > 0.0)
        .ok_or_else(|| "expected metres above 0".to_owned())
}

/// Detectors, made when first needed and kept for all scenes.
pub(super) struct Detectors {
    args: DetectorArgs,
    threads: usize,
    /// One pool a kind.
    pools: Vec<(Kind, DetectorPool)>,
}

impl Detectors {
    pub(super) fn new(args: &DetectorArgs) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            args: args.clone(),
            threads: args.threads.map_or(cores.min(THREADS_MAX), usize::from),
            pools: Vec::new(),
        }
    }

    /// Loads the model at once, so that a wrong one is found before any scene is looked at; unless every scene is radar, which needs none.
    pub(super) fn check(&mut self, scenes: &[PathBuf]) -> Result<(), DetectError> {
        let needs_model = match self.args.detector {
            Kind::Net => true,
            Kind::Auto => !self.are_radar(scenes),
            Kind::Classical | Kind::Cfar => false,
        };
        if needs_model {
            self.pool(false)?;
        }
        Ok(())
    }

    fn are_radar(&self, scenes: &[PathBuf]) -> bool {
        !scenes.is_empty()
            && scenes
                .iter()
                .all(|path| Scene::open(path, &self.hints()).is_ok_and(|scene| scene.is_radar()))
    }

    pub(super) fn hints(&self) -> OpenHints {
        OpenHints {
            gsd_m: self.args.gsd,
            is_radar: self.args.detector == Kind::Cfar,
        }
    }

    fn pool(&mut self, is_radar: bool) -> Result<&mut DetectorPool, DetectError> {
        let kind = match self.args.detector {
            Kind::Auto if is_radar => Kind::Cfar,
            Kind::Auto => Kind::Net,
            kind => kind,
        };
        let position = match self.pools.iter().position(|(made, _)| *made == kind) {
            Some(position) => position,
            None => {
                let pool = match kind {
                    Kind::Classical => DetectorPool::new(self.threads, || Ok(Box::new(Classical::default()))),
                    Kind::Cfar => DetectorPool::new(self.threads, || Ok(Box::new(RadarCfar::default()))),
                    Kind::Net | Kind::Auto => {
                        DetectorPool::vessel_net(self.threads, &ModelFile::find(self.args.model.as_deref())?)
                    }
                }?;
                self.pools.push((kind, pool));
                self.pools.len() - 1
            }
        };
        let pool = self.pools.get_mut(position).map(|(_, pool)| pool);
        pool.ok_or_else(|| DetectError::Worker("no detector".to_owned()))
    }

    /// Name of the detector that looks at these scenes.
    pub(super) fn name(&mut self, scenes: &[PathBuf]) -> Result<String, DetectError> {
        let is_radar = self.are_radar(scenes);
        Ok(self.pool(is_radar)?.name().to_owned())
    }

    /// Tiles a second of the bare inference on such scenes, as [`DetectorPool::infer_alone`].
    pub(super) fn infer_alone(&mut self, scene: &Scene, rounds: u32) -> Result<Option<(f64, f64)>, DetectError> {
        self.pool(scene.is_radar())?.infer_alone(rounds)
    }

    /// Looks at one scene, with a progress bar on a terminal.
    pub(super) fn look(&mut self, scene: &Scene) -> Result<Detected, DetectError> {
        self.look_at(scene, None)
    }

    /// The same for some regions of a scene; `None` is all of it.
    pub(super) fn look_at(&mut self, scene: &Scene, regions: Option<&[Window]>) -> Result<Detected, DetectError> {
        let options = DetectOptions {
            confidence_min: self.args.min_confidence,
            look_everywhere: self.args.look_everywhere,
        };
        // Hidden by the library when standard error is no terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} tiles {elapsed} (eta {eta})") {
            bar.set_style(style);
        }
        bar.set_prefix(scene.id.clone());
        let shown = Mutex::new(0);
        let progress = |progress: Progress| {
            // Workers finish out of order: the bar never goes back.
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            if progress.tiles_done > *shown {
                *shown = progress.tiles_done;
                bar.set_length(progress.tiles as u64);
                bar.set_position(*shown as u64);
            }
        };
        let pool = self.pool(scene.is_radar())?;
        let found = detect_scene(scene, regions, pool, &options, &progress);
        bar.finish_and_clear();
        found
    }
}
