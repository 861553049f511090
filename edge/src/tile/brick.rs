//! Bricks: small rectangles of native pixels, all bands together, that tiles are cut from; and the room that bounds how many exist.
//!
//! A brick lives as long as a tile to come needs it: the reading thread holds it while later tiles do, a worker while it cuts. Its memory then goes
//! back to the [`Room`] and is used for the next one, so the memory of a run does not grow with the scene, and the allocator has nothing to scatter.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::scene::{Pixels, Window};

/// Columns of a brick at most. Small, so that the left of a row of tiles is given back while its right is still looked at.
pub(super) const BRICK_COLUMNS: u32 = 512;
/// Rows of a brick at most.
pub(super) const BRICK_ROWS: u32 = 64;
/// Spare planes that are kept for the next bricks; more than this are freed.
const SPARE_PLANES_MAX: usize = 1_024;

/// Samples as the files have them, when they fit, at half the memory.
#[derive(Debug)]
pub(super) enum Plane {
    U16(Vec<u16>),
    F32(Vec<f32>),
}

/// Native pixels of a small window.
#[derive(Debug)]
pub(crate) struct Brick {
    pub(super) window: Window,
    pub(super) planes: Vec<Plane>,
    /// Which pixels have data; `None`: all of them.
    pub(super) valid: Option<Vec<bool>>,
    bytes: u64,
    room: Arc<Room>,
}

impl Brick {
    /// Bytes of a brick of this many pixels, with the mask it may need.
    pub(super) const fn bytes_of(pixels: u64, bands: usize, fits_u16: bool) -> u64 {
        pixels * (bands as u64 * if fits_u16 { 2 } else { 4 } + 1)
    }

    /// The part of `pixels` that lies in `window`.
    pub(super) fn copy(pixels: &Pixels, window: Window, fits_u16: bool, room: &Arc<Room>) -> Self {
        let (from, width) = ((window.x - pixels.window.x) as usize, window.width as usize);
        let first_row = (window.y - pixels.window.y) as usize;
        let rows = |len: usize| {
            let stride = pixels.window.width as usize;
            (first_row..first_row + window.height as usize)
                .map(move |row| row * stride + from..row * stride + from + width)
                .filter(move |range| range.end <= len)
        };
        let count = window.pixels() as usize;
        let planes = pixels
            .planes
            .iter()
            .map(|plane| {
                if fits_u16 {
                    let mut values = room.spare_u16(count);
                    for row in rows(plane.len()).filter_map(|range| plane.get(range)) {
                        // Exact: the files hold whole numbers of 0..=65535.
                        values.extend(row.iter().map(|sample| *sample as i32 as u16));
                    }
                    Plane::U16(values)
                } else {
                    let mut values = Vec::with_capacity(count);
                    for row in rows(plane.len()).filter_map(|range| plane.get(range)) {
                        values.extend_from_slice(row);
                    }
                    Plane::F32(values)
                }
            })
            .collect();
        let mask = || rows(pixels.valid.len()).filter_map(|range| pixels.valid.get(range));
        let valid = (!mask().all(|row| row.iter().all(|valid| *valid))).then(|| mask().flatten().copied().collect());
        let bytes = Self::bytes_of(window.pixels(), pixels.planes.len(), fits_u16);
        lock(&room.state).bytes += bytes;
        Self {
            window,
            planes,
            valid,
            bytes,
            room: Arc::clone(room),
        }
    }
}

impl Drop for Brick {
    fn drop(&mut self) {
        let mut state = lock(&self.room.state);
        state.bytes = state.bytes.saturating_sub(self.bytes);
        for plane in self.planes.drain(..) {
            if let Plane::U16(values) = plane
                && state.spare.len() < SPARE_PLANES_MAX
            {
                state.spare.push(values);
            }
        }
        drop(state);
        self.room.changed.notify_all();
    }
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    bytes_most: u64,
    jobs: usize,
    spare: Vec<Vec<u16>>,
}

/// How much memory all bricks of a run may take together.
#[derive(Debug)]
pub(crate) struct Room {
    bytes_max: u64,
    state: Mutex<State>,
    changed: Condvar,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Room {
    pub(crate) fn new(bytes_max: u64) -> Arc<Self> {
        Arc::new(Self {
            bytes_max,
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// Waits until `bytes` more fit; or until nobody is at work, when waiting would last for ever: one tile must always fit.
    pub(super) fn wait_for(&self, bytes: u64) {
        let mut state = lock(&self.state);
        while state.jobs > 0 && state.bytes + bytes > self.bytes_max {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.bytes_most = state.bytes_most.max(state.bytes + bytes);
    }

    fn spare_u16(&self, count: usize) -> Vec<u16> {
        let mut values = lock(&self.state).spare.pop().unwrap_or_default();
        values.clear();
        values.reserve_exact(count);
        values
    }

    /// The most bytes that were let in at once.
    #[cfg(test)]
    pub(super) fn bytes_most(&self) -> u64 {
        lock(&self.state).bytes_most
    }
}

/// A tile that is waiting or at work.
#[derive(Debug)]
pub(super) struct Ticket(Arc<Room>);

impl Ticket {
    pub(super) fn new(room: &Arc<Room>) -> Self {
        lock(&room.state).jobs += 1;
        Self(Arc::clone(room))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.jobs = state.jobs.saturating_sub(1);
        drop(state);
        self.0.changed.notify_all();
    }
}
