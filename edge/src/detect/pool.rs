//! A detector for each worker thread.

use std::{thread, time::Instant};

use super::{Candidate, DetectError, Detector, DetectorPlan, ModelFile, VesselNet};

/// Threads that a pool may have.
pub const THREADS_MAX: usize = 64;

/// Detectors of one kind, one for each worker.
pub struct DetectorPool {
    pub(super) detectors: Vec<Box<dyn Detector>>,
}

impl DetectorPool {
    /// A pool of `threads` detectors (at least one, at most [`THREADS_MAX`]) that `make` makes.
    ///
    /// # Errors
    /// When one cannot be made.
    pub fn new(threads: usize, make: impl Fn() -> Result<Box<dyn Detector>, DetectError>) -> Result<Self, DetectError> {
        let detectors = (0..threads.clamp(1, THREADS_MAX))
            .map(|_| make())
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { detectors })
    }

    /// A pool of the optical vessel detector.
    ///
    /// # Errors
    /// When the model does not load.
    pub fn vessel_net(threads: usize, file: &ModelFile) -> Result<Self, DetectError> {
        Self::new(threads, || Ok(Box::new(VesselNet::new(file)?)))
    }

    /// How its detectors want to see a scene.
    #[must_use]
    pub fn plan(&self) -> Option<&DetectorPlan> {
        self.detectors.first().map(|detector| detector.plan())
    }

    /// Name of the detectors.
    #[must_use]
    pub fn name(&self) -> &str {
        self.detectors.first().map_or("none", |detector| detector.name())
    }

    /// Tiles a second of the bare inference: every worker runs it `rounds` times in a loop at the same time, with nothing before or after it. It is the limit
    /// of any pipeline around it. The second number is how many tiles that were. `None`: these detectors have no inference.
    ///
    /// # Errors
    /// When the inference library fails.
    pub fn infer_alone(&mut self, rounds: u32) -> Result<Option<(f64, f64)>, DetectError> {
        let tiles = self.detectors.len() as f64 * f64::from(rounds);
        let began = Instant::now();
        let ran = thread::scope(|scope| {
            let workers: Vec<_> = self
                .detectors
                .iter_mut()
                .map(|detector| {
                    scope.spawn(move || (0..rounds).try_fold(true, |all, _| Ok(all & detector.infer_alone()?)))
                })
                .collect();
            workers
                .into_iter()
                .map(|worker| {
                    worker
                        .join()
                        .unwrap_or_else(|_| Err(DetectError::Worker("it panicked".to_owned())))
                })
                .collect::<Result<Vec<bool>, DetectError>>()
        })?;
        let seconds = began.elapsed().as_secs_f64();
        let all_ran = ran.iter().all(|ran| *ran);
        Ok(all_ran.then(|| (tiles / seconds.max(f64::MIN_POSITIVE), tiles)))
    }

    /// Lets a detector judge all candidates of a scene together.
    pub(super) fn finish(&self, candidates: Vec<Candidate>) -> Vec<Candidate> {
        match self.detectors.first() {
            Some(detector) => detector.finish(candidates),
            None => candidates,
        }
    }
}
