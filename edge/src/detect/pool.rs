//! A detector for each worker thread.

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

    /// Lets a detector judge all candidates of a scene together.
    pub(super) fn finish(&self, candidates: Vec<Candidate>) -> Vec<Candidate> {
        match self.detectors.first() {
            Some(detector) => detector.finish(candidates),
            None => candidates,
        }
    }
}
