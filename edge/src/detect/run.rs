//! One scene through the detectors.
//!
//! ```text
//! reader thread: block of native pixels --(rendezvous)--> workers: cut tile -> pre-screen -> detect -> candidates -> suppress -> measure
//!        ^-- two blocks' memory, handed back when the last tile is cut --'
//! ```
//!
//! The reader fills the next block while the workers look at the present one. Whoever meets an error takes the channel away, and everybody stops.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
    mpsc,
};

use super::{Candidate, DetectError, Detection, Detector, DetectorPlan, DetectorPool, Modality, prescreen};
use crate::{
    measure::measure,
    scene::{Band, Scene, SceneError, Window},
    tile::{
        SceneStats, Tile,
        block::{self, Block, Buffers, Scratch},
        lattice::{Cell, Lattice},
    },
};

/// Blocks of native pixels that exist at once.
const BLOCKS_MAX: usize = 2;
/// Candidates of one scene before suppression: a crowded 110 km tile has some thousands.
const CANDIDATES_MAX: usize = 200_000;

/// What a caller may choose.
#[derive(Clone, Copy, Debug, Default)]
pub struct DetectOptions {
    /// Report from this confidence; `None`: the detector's default.
    pub confidence_min: Option<f64>,
    /// Look at every tile that has data, land and empty sea included.
    pub look_everywhere: bool,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Tiles done.
    pub tiles_done: usize,
    /// Tiles in all.
    pub tiles: usize,
}

/// What a run found.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Detected {
    /// Vessels, surest first.
    pub vessels: Vec<Detection>,
    /// Tiles in all.
    pub tiles: usize,
    /// Tiles without data.
    pub tiles_nodata: usize,
    /// Tiles skipped as land.
    pub tiles_land: usize,
    /// Tiles skipped as empty sea.
    pub tiles_sea: usize,
    /// Native pixels that were asked for.
    pub pixels: u64,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Candidates beyond the limit that were dropped.
    pub candidates_dropped: usize,
}

struct Job {
    block: Arc<Block>,
    cell: Cell,
}

/// The present block and the way to the next. `next` is `None` when the run is over or has failed.
struct Feed {
    block: Option<Arc<Block>>,
    position: usize,
    next: Option<mpsc::Receiver<Result<Arc<Block>, SceneError>>>,
    failure: Option<DetectError>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Feed {
    fn take(feed: &Mutex<Self>) -> Option<Job> {
        let mut feed = lock(feed);
        loop {
            if let Some(block) = &feed.block
                && let Some(cell) = block.cells.get(feed.position)
            {
                let job = Job {
                    block: Arc::clone(block),
                    cell: *cell,
                };
                feed.position += 1;
                return Some(job);
            }
            // Let the memory go before waiting for more.
            feed.block = None;
            feed.position = 0;
            match feed.next.as_ref()?.recv() {
                Ok(Ok(block)) => feed.block = Some(block),
                Ok(Err(error)) => feed.fail(error.into()),
                Err(mpsc::RecvError) => feed.next = None,
            }
        }
    }

    fn fail(&mut self, error: DetectError) {
        self.block = None;
        self.next = None;
        self.failure.get_or_insert(error);
    }
}

/// Finds the vessels of a scene, or of some regions of it (scene pixels). Looking at a region gives what looking at the whole scene gives there.
///
/// # Errors
/// When the scene cannot be read, does not suit the detector, or inference fails.
pub fn detect_scene(
    scene: &Scene,
    regions: Option<&[Window]>,
    pool: &mut DetectorPool,
    options: &DetectOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Detected, DetectError> {
    let Some(plan) = pool.plan().cloned() else {
        return Ok(Detected::default());
    };
    let mut detected = Detected::default();
    let (bands, gsd_m) = suit(scene, &plan, &mut detected.warnings)?;
    let lattice = Lattice::new(&scene.grid, plan.gsd_m, gsd_m, plan.tile_px, plan.margin_px);
    let rows = lattice.rows(regions);
    detected.tiles = rows.iter().map(Vec::len).sum();
    let mut reader = scene.reader()?;
    let stats = SceneStats::sample(scene, &mut reader, &bands, plan.percentiles)?;
    if stats.samples == 0 {
        detected
            .warnings
            .push("no valid pixel: the scene holds no data".to_owned());
        detected.tiles_nodata = detected.tiles;
        return Ok(detected);
    }
    let work = Work {
        scene,
        plan: &plan,
        lattice: &lattice,
        bands: &bands,
        stats: &stats,
        look_everywhere: options.look_everywhere || !plan.may_skip,
        progress,
        tiles: detected.tiles,
        done: AtomicUsize::new(0),
        skipped: [AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0)],
        pixels: AtomicU64::new(0),
    };
    let (candidates, dropped) = work.run(reader, rows, &mut pool.detectors)?;
    let [nodata, land, sea] = &work.skipped;
    detected.tiles_nodata = nodata.load(Ordering::Relaxed);
    detected.tiles_land = land.load(Ordering::Relaxed);
    detected.tiles_sea = sea.load(Ordering::Relaxed);
    detected.pixels = work.pixels.load(Ordering::Relaxed);
    detected.candidates_dropped = dropped;
    let confidence_min = options.confidence_min.unwrap_or(plan.confidence_default);
    let origin = lattice.place(Cell { x: 0, y: 0 });
    let fallback_m = (gsd_m.0 * gsd_m.1).sqrt();
    detected.vessels = plan
        .overlap
        .suppress(pool.finish(candidates))
        .iter()
        .filter(|candidate| candidate.confidence >= confidence_min)
        .map(|candidate| measure(candidate, &origin, &scene.grid, fallback_m))
        .filter(|vessel| {
            regions.is_none_or(|regions| regions.iter().any(|region| region.contains_point(vessel.px, vessel.py)))
        })
        .collect();
    Ok(detected)
}

/// Bands to read and the scene's pixel size, or why the detector cannot look at this scene.
fn suit(
    scene: &Scene,
    plan: &DetectorPlan,
    warnings: &mut Vec<String>,
) -> Result<(Vec<Band>, (f64, f64)), DetectError> {
    let unsuited = |what: String, expected: String| {
        Err(DetectError::Unsuited {
            scene: scene.path.display().to_string(),
            what,
            expected,
        })
    };
    let is_radar = plan.modality == Modality::Radar;
    if scene.is_radar() != is_radar {
        let of = |radar: bool| if radar { "a radar" } else { "an optical" };
        return unsuited(
            format!("{} scene", of(scene.is_radar())),
            format!("{} scene for this detector", of(is_radar)),
        );
    }
    let bands: Vec<Band> = plan
        .bands
        .iter()
        .copied()
        .filter(|band| scene.bands.contains(band))
        .collect();
    if bands.is_empty() {
        let wanted = plan.bands.iter().map(|band| band.name()).collect::<Vec<_>>().join(", ");
        return unsuited("none of the detector's bands".to_owned(), format!("one of {wanted}"));
    }
    if !is_radar && !bands.iter().any(|band| band.is_visible()) {
        warnings.push("no visible band: near infrared stands in for them, and fewer vessels are found".to_owned());
    }
    let gsd_m = scene.grid.gsd_mid_m().unwrap_or_else(|| {
        let native = plan.gsd_m.unwrap_or(10.0);
        warnings.push(format!(
            "no pixel size: taken as the detector's own {native} m (give --gsd)"
        ));
        (native, native)
    });
    let (finest, coarsest) = plan.scene_gsd_m;
    let mean = (gsd_m.0 * gsd_m.1).sqrt();
    if !(finest..=coarsest).contains(&mean) {
        return unsuited(
            format!("pixels of {mean:.2} m"),
            format!("pixels of {finest} to {coarsest} m"),
        );
    }
    Ok((bands, gsd_m))
}

/// Everything that the threads of one run share.
struct Work<'a> {
    scene: &'a Scene,
    plan: &'a DetectorPlan,
    lattice: &'a Lattice,
    bands: &'a [Band],
    stats: &'a SceneStats,
    look_everywhere: bool,
    progress: &'a (dyn Fn(Progress) + Sync),
    tiles: usize,
    done: AtomicUsize,
    /// No data, land, empty sea.
    skipped: [AtomicUsize; 3],
    pixels: AtomicU64,
}

impl Work<'_> {
    fn run(
        &self,
        mut reader: crate::scene::SceneReader,
        rows: Vec<Vec<Cell>>,
        detectors: &mut [Box<dyn Detector>],
    ) -> Result<(Vec<Candidate>, usize), DetectError> {
        let (send, receive) = mpsc::sync_channel(0);
        let (home, spare) = mpsc::sync_channel(BLOCKS_MAX);
        for _ in 0..BLOCKS_MAX {
            let _ = home.try_send(Buffers::default());
        }
        let feed = Mutex::new(Feed {
            block: None,
            position: 0,
            next: Some(receive),
            failure: None,
        });
        let found = Mutex::new((Vec::new(), 0));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for group in rows.iter().flat_map(|row| {
                    block::groups(
                        self.lattice,
                        row,
                        self.bands.len(),
                        self.scene.fits_u16,
                        self.scene.is_stripped,
                    )
                }) {
                    let Ok(buffers) = spare.recv() else { return };
                    let filled = block::fill(
                        &mut reader,
                        self.lattice,
                        group,
                        self.bands,
                        self.scene.fits_u16,
                        buffers,
                        home.clone(),
                    );
                    let is_last = filled.is_err();
                    if send.send(filled).is_err() || is_last {
                        return;
                    }
                }
            });
            let (feed, found) = (&feed, &found);
            let workers: Vec<_> = detectors
                .iter_mut()
                .map(|detector| scope.spawn(move || self.work(detector.as_mut(), feed, found)))
                .collect();
            for worker in workers {
                if worker.join().is_err() {
                    lock(feed).fail(DetectError::Worker("it panicked".to_owned()));
                }
            }
            // With no worker left, the reader must not wait for one.
            let mut feed = lock(feed);
            feed.block = None;
            feed.next = None;
        });
        if let Some(error) = lock(&feed).failure.take() {
            return Err(error);
        }
        Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn work(&self, detector: &mut dyn Detector, feed: &Mutex<Feed>, found: &Mutex<(Vec<Candidate>, usize)>) {
        let mut scratch = Scratch::default();
        while let Some(Job { block, cell }) = Feed::take(feed) {
            match self.tile(detector, &block, cell, &mut scratch) {
                Ok(candidates) => {
                    let mut found = lock(found);
                    let room = CANDIDATES_MAX.saturating_sub(found.0.len());
                    found.1 += candidates.len().saturating_sub(room);
                    found.0.extend(candidates.into_iter().take(room));
                }
                Err(error) => return lock(feed).fail(error),
            }
            drop(block);
            let tiles_done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            (self.progress)(Progress {
                tiles_done,
                tiles: self.tiles,
            });
        }
    }

    /// One tile; candidates come back in the pixels of the whole scene at the detector's resolution.
    fn tile(
        &self,
        detector: &mut dyn Detector,
        block: &Block,
        cell: Cell,
        scratch: &mut Scratch,
    ) -> Result<Vec<Candidate>, DetectError> {
        let skip = |which: usize| {
            if let Some(counter) = self.skipped.get(which) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Vec::new())
        };
        self.pixels.fetch_add(self.core_pixels(cell), Ordering::Relaxed);
        if !block.cut(self.lattice, cell, self.bands, self.stats, scratch) {
            return skip(0);
        }
        let tile = Tile {
            grid: &self.scene.grid,
            place: self.lattice.place(cell),
            width: self.plan.tile_px,
            height: self.plan.tile_px,
            bands: self.bands,
            stats: self.stats,
            planes: &scratch.planes,
            valid: &scratch.valid,
            core_x: self.lattice.core(cell.x, self.lattice.x.size_out),
            core_y: self.lattice.core(cell.y, self.lattice.y.size_out),
        };
        if !self.look_everywhere {
            match prescreen::judge(&tile) {
                prescreen::Verdict::Look => {}
                prescreen::Verdict::Land => return skip(1),
                prescreen::Verdict::EmptySea => return skip(2),
            }
        }
        let mut candidates = detector.detect(&tile)?;
        candidates.retain(|candidate| tile.in_core(candidate.x, candidate.y));
        for candidate in &mut candidates {
            candidate.x += f64::from(cell.x);
            candidate.y += f64::from(cell.y);
        }
        Ok(candidates)
    }

    /// Native pixels in the core of a tile.
    fn core_pixels(&self, cell: Cell) -> u64 {
        let (x, y) = (
            self.lattice.core(cell.x, self.lattice.x.size_out),
            self.lattice.core(cell.y, self.lattice.y.size_out),
        );
        ((x.1 - x.0) * self.lattice.x.ratio * (y.1 - y.0) * self.lattice.y.ratio).round() as u64
    }
}
