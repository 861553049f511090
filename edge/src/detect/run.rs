//! One scene through the detectors.
//!
//! ```text
//! reading thread: bricks of native pixels --(tiles)--> workers: cut what the pre-screen needs -> pre-screen -> cut the rest -> detect -> candidates
//!        ^-- room: a brick's memory comes back when the last tile was cut from it --'          candidates of all -> suppress -> measure
//! ```
//!
//! The reading thread runs ahead of the workers as far as the room for bricks reaches. Whoever meets an error takes the queue away, and everybody
//! stops.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
    mpsc,
};

use super::{
    Candidate, DetectError, Detected, Detector, DetectorPlan, DetectorPool, Progress, Skip, SkippedTile, prescreen,
    suit::suit,
};
use crate::{
    measure::measure,
    scene::{Band, Scene, SceneError, Window},
    tile::{
        SceneStats, Tile,
        brick::Room,
        lattice::{Cell, Lattice},
        native::{Native, Scratch},
        supply::Supply,
    },
};

/// Bytes of native pixels that exist at once: of a Sentinel-2 scene of four bands the seam that tiles still wait for (39 MB), and two of the file's own
/// tiles. A single tile of a 1 m scene (134 MB) is allowed beyond.
const ROOM_BYTES_MAX: u64 = 60 << 20;
/// Tiles that wait for a worker: more than a row of a Sentinel-2 scene, so that the room is what bounds the reading thread.
const QUEUE_TILES_MAX: usize = 64;
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

/// Tiles on their way to the workers; `None` when the run is over or has failed.
struct Queue {
    tiles: Mutex<Option<mpsc::Receiver<Result<Native, SceneError>>>>,
    failure: Mutex<Option<DetectError>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    fn take(&self) -> Option<Native> {
        let mut tiles = lock(&self.tiles);
        match tiles.as_ref()?.recv() {
            Ok(Ok(native)) => return Some(native),
            Ok(Err(error)) => {
                lock(&self.failure).get_or_insert(error.into());
            }
            Err(mpsc::RecvError) => {}
        }
        *tiles = None;
        None
    }

    fn fail(&self, error: DetectError) {
        lock(&self.failure).get_or_insert(error);
        // The tiles that wait go with the queue, and so the reading thread's reason to wait.
        *lock(&self.tiles) = None;
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
    reader.keep_little();
    let stats = SceneStats::sample(scene, &mut reader, &bands, plan.percentiles)?;
    if stats.samples == 0 {
        detected
            .warnings
            .push("no valid pixel: the scene holds no data".to_owned());
        let whole = |cell: &Cell| skipped(&lattice, *cell, Skip::NoData);
        detected.skipped = rows.iter().flatten().map(whole).collect();
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
        skipped: Mutex::default(),
        pixels: AtomicU64::new(0),
    };
    let (candidates, dropped) = work.run(reader, &rows, &mut pool.detectors)?;
    detected.skipped = std::mem::take(&mut lock(&work.skipped));
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

fn skipped(lattice: &Lattice, cell: Cell, why: Skip) -> SkippedTile {
    let place = lattice.place(cell);
    let (x, y) = (
        lattice.core(cell.x, lattice.x.size_out),
        lattice.core(cell.y, lattice.y.size_out),
    );
    SkippedTile {
        why,
        from_px: place.to_scene(x.0, y.0),
        to_px: place.to_scene(x.1, y.1),
    }
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
    skipped: Mutex<Vec<SkippedTile>>,
    pixels: AtomicU64,
}

impl Work<'_> {
    fn run(
        &self,
        mut reader: crate::scene::SceneReader,
        rows: &[Vec<Cell>],
        detectors: &mut [Box<dyn Detector>],
    ) -> Result<(Vec<Candidate>, usize), DetectError> {
        let (send, receive) = mpsc::sync_channel(QUEUE_TILES_MAX);
        let queue = Queue {
            tiles: Mutex::new(Some(receive)),
            failure: Mutex::default(),
        };
        let found = Mutex::new((Vec::new(), 0));
        let supply = Supply::new(self.scene, self.lattice, self.bands, Room::new(ROOM_BYTES_MAX));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let read = supply.run(&mut reader, rows, |native| send.send(Ok(native)).is_ok());
                if let Err(error) = read {
                    // With nobody left to hear it, another error has come first.
                    let _ = send.send(Err(error));
                }
            });
            let (queue, found) = (&queue, &found);
            let workers: Vec<_> = detectors
                .iter_mut()
                .map(|detector| scope.spawn(move || self.work(detector.as_mut(), queue, found)))
                .collect();
            for worker in workers {
                if worker.join().is_err() {
                    queue.fail(DetectError::Worker("it panicked".to_owned()));
                }
            }
            // With no worker left, the reading thread must not wait for one.
            *lock(&queue.tiles) = None;
        });
        if let Some(error) = lock(&queue.failure).take() {
            return Err(error);
        }
        Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn work(&self, detector: &mut dyn Detector, queue: &Queue, found: &Mutex<(Vec<Candidate>, usize)>) {
        let mut scratch = Scratch::default();
        while let Some(native) = queue.take() {
            match self.tile(detector, native, &mut scratch) {
                Ok(candidates) => {
                    let mut found = lock(found);
                    let room = CANDIDATES_MAX.saturating_sub(found.0.len());
                    found.1 += candidates.len().saturating_sub(room);
                    found.0.extend(candidates.into_iter().take(room));
                }
                Err(error) => return queue.fail(error),
            }
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
        native: Native,
        scratch: &mut Scratch,
    ) -> Result<Vec<Candidate>, DetectError> {
        let cell = native.cell;
        let skip = |why: Skip| {
            lock(&self.skipped).push(skipped(self.lattice, cell, why));
            Ok(Vec::new())
        };
        self.pixels.fetch_add(self.core_pixels(cell), Ordering::Relaxed);
        if !native.start(self.lattice, self.bands.len(), scratch) {
            return skip(Skip::NoData);
        }
        let (first, rest): (Vec<usize>, Vec<usize>) = if self.look_everywhere {
            (Vec::new(), (0..self.bands.len()).collect())
        } else {
            (0..self.bands.len()).partition(|index| {
                self.bands
                    .get(*index)
                    .is_some_and(|band| prescreen::BANDS.contains(band))
            })
        };
        self.cut(&native, &first, scratch);
        if !self.look_everywhere {
            match prescreen::judge(&self.seen(cell, scratch)) {
                prescreen::Verdict::Look => {}
                prescreen::Verdict::Land => return skip(Skip::Land),
                prescreen::Verdict::EmptySea => return skip(Skip::EmptySea),
            }
        }
        self.cut(&native, &rest, scratch);
        // The bricks' memory is wanted for tiles to come.
        drop(native);
        let tile = self.seen(cell, scratch);
        let mut candidates = detector.detect(&tile)?;
        candidates.retain(|candidate| tile.in_core(candidate.x, candidate.y));
        for candidate in &mut candidates {
            candidate.x += f64::from(cell.x);
            candidate.y += f64::from(cell.y);
        }
        Ok(candidates)
    }

    fn cut(&self, native: &Native, planes: &[usize], scratch: &mut Scratch) {
        for index in planes {
            let stats = self.bands.get(*index).and_then(|band| self.stats.of(*band));
            native.cut(self.lattice, *index, stats.map_or(0.0, |stats| stats.low), scratch);
        }
    }

    /// The tile as far as it was cut.
    fn seen<'b>(&'b self, cell: Cell, scratch: &'b Scratch) -> Tile<'b> {
        Tile {
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
        }
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
