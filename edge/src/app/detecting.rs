//! The real processor: open the scene, find vessels near the sites, make a look of each site.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use data_encoding::HEXLOWER;
use quaywatch_protocol::{contract::Site, keyfile};

use super::{
    chips,
    hearing::Hearing,
    lessons::Lesson,
    processor::{ProcessError, Processed, Processor},
};
use crate::{
    clock::Clock,
    config::Config,
    detect::{DetectError, DetectOptions, Detected, DetectorPool, ModelFile, THREADS_MAX, detect_scene},
    look::{FolderReferences, LookError, LookRequest, NoRadio, References, make_look, neighbourhood},
    scene::{OpenHints, Scene, SceneError, SceneErrorKind, Window},
};

/// Where references are kept, in the agent's data folder.
const REFERENCES_FOLDER: &str = "references";

/// Detects with the model. A scene that it does not understand (radar) goes to quarantine and says so.
pub struct Detecting {
    station: String,
    sites: Vec<Site>,
    options: DetectOptions,
    chips_per_scene: usize,
    model_sha256_head: [u8; 8],
    /// One scene at a time: the pool belongs to the scene at work.
    pool: Mutex<DetectorPool>,
    hearing: Hearing,
    /// What the zones of each site look like when they are empty: `references/SITE/` in the agent's data folder.
    references: PathBuf,
}

impl Detecting {
    /// Loads the model.
    ///
    /// # Errors
    /// What is wrong with the model, that its hash is not the configured one, or what is wrong with an AIS source.
    pub fn new(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let model = ModelFile::find(Some(&config.model_file)).map_err(|error| error.to_string())?;
        let sha256 = keyfile::parse_hex(&model.sha256).ok_or("the model's hash is no SHA-256")?;
        if let Some(expected) = config.model_sha256.filter(|expected| *expected != sha256) {
            return Err(format!(
                "{} has SHA-256 {}: expected {}, as `model.sha256` says",
                config.model_file.display(),
                model.sha256,
                HEXLOWER.encode(&expected)
            ));
        }
        let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
        let pool = DetectorPool::vessel_net(threads, &model).map_err(|error| error.to_string())?;
        let model_sha256_head = sha256.first_chunk().copied().unwrap_or_default();
        Ok(Self {
            station: config.station.as_str().to_owned(),
            sites: config.sites.clone(),
            options: DetectOptions {
                confidence_min: config.min_confidence,
                ..DetectOptions::default()
            },
            chips_per_scene: config.chips_per_scene,
            model_sha256_head,
            pool: Mutex::new(pool),
            hearing: Hearing::open(&config.ais_sources, &config.ais_covered, clock)?,
            references: config.data.join(REFERENCES_FOLDER),
        })
    }

    /// Vessels near any of the sites that the scene shows; nothing is read elsewhere.
    fn detect(&self, scene: &Scene) -> Result<Detected, DetectError> {
        let near: Vec<Window> = self
            .sites
            .iter()
            .flat_map(|site| neighbourhood(&scene.grid, site))
            .collect();
        if near.is_empty() {
            return Ok(Detected::default());
        }
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        detect_scene(scene, Some(&near), &mut pool, &self.options, &|_| ())
    }
}

/// The references of a site; without them, and told, when they cannot be read: a look without references is better than none.
fn references_of(folder: &Path, site: &str, processed: &mut Processed) -> Option<FolderReferences> {
    match FolderReferences::open(folder, site) {
        Ok(stored) => {
            processed.references.anew += stored.set_aside.len() as u64;
            processed.references.refused += stored.refused;
            processed.warnings.extend(stored.set_aside.iter().cloned());
            Some(stored)
        }
        Err(error) => {
            processed.references.faults += 1;
            processed.warnings.push(format!("references: {error}; looking without"));
            None
        }
    }
}

impl Processor for Detecting {
    fn model_sha256_head(&self) -> [u8; 8] {
        self.model_sha256_head
    }

    fn process(&self, path: &Path) -> Result<Processed, ProcessError> {
        let scene = Scene::open(path, &OpenHints::default()).map_err(|error| of_scene(&error))?;
        let detected = self.detect(&scene).map_err(|error| of_detect(&error))?;
        let mut reader = scene.reader().map_err(|error| of_scene(&error))?;
        let mut processed = Processed {
            warnings: scene.warnings.iter().chain(&detected.warnings).cloned().collect(),
            ..Processed::default()
        };
        let heard = self.hearing.around(scene.acquired_at, &mut processed.warnings);
        let mut evidence = Vec::new();
        for site in &self.sites {
            if neighbourhood(&scene.grid, site).is_empty() {
                continue;
            }
            let stored = references_of(&self.references, &site.id, &mut processed);
            let request = LookRequest {
                station: &self.station,
                scene: &scene,
                site,
                detections: &detected.vessels,
                references: stored.as_ref().map_or(&() as &dyn References, |stored| stored),
                radio: heard.as_deref().unwrap_or(&NoRadio),
            };
            match make_look(&request, &mut reader) {
                Ok(None) => {}
                Ok(Some(made)) => {
                    let faults = made.faults.iter().map(|fault| format!("site {}: {fault}", site.id));
                    processed.warnings.extend(faults);
                    let misfits = made.misfits.iter().map(|misfit| format!("site {}: {misfit}", site.id));
                    processed.warnings.extend(misfits);
                    processed.references.anew += made.misfits.len() as u64;
                    processed.lessons.extend(stored.map(|stored| Lesson {
                        stored,
                        learnt: made.learnt,
                    }));
                    processed.looks.push(made.look);
                    evidence.push(made.evidence);
                }
                Err(LookError::Scene(error)) => return Err(of_scene(&error)),
                Err(error) => return Err(ProcessError::Scene(error.to_string())),
            }
        }
        processed.chips = chips::of_looks(&scene, &mut reader, &processed.looks, self.chips_per_scene);
        Ok(processed)
    }
}

/// A file that cannot be read at all may be readable again: a network folder, a full table of open files.
fn of_scene(error: &SceneError) -> ProcessError {
    match error.kind {
        SceneErrorKind::Io => ProcessError::Station(error.to_string()),
        _ => ProcessError::Scene(error.to_string()),
    }
}

fn of_detect(error: &DetectError) -> ProcessError {
    match error {
        DetectError::Scene(error) => of_scene(error),
        DetectError::Unsuited { .. } => ProcessError::Scene(error.to_string()),
        DetectError::Model { .. } | DetectError::Inference(_) | DetectError::Worker(_) => {
            ProcessError::Station(error.to_string())
        }
    }
}
