//! Blocks: the native pixels of some neighbouring tiles of one row of the lattice, decoded once and shared by the workers.
//!
//! Two blocks exist at most: one being filled by the reading thread, one being looked at. Their sizes are bounded, so the memory of a run does
//! not grow with the scene: a row of tiles too wide for a block is cut into groups.

use std::sync::{Arc, mpsc};

use super::{
    lattice::{Cell, Lattice},
    resample::Weights,
    stats::SceneStats,
};
use crate::scene::{Band, SceneError, SceneReader, Window};

/// Bytes of one block of a stripped file, whose strips are as wide as the scene: a whole row of 512-pixel tiles of a Sentinel-2 scene, so that
/// each strip is decoded once.
const STRIPPED_BLOCK_BYTES_MAX: u64 = 40 << 20;
/// Bytes of one block of a tiled file, which can be read in any shape. A single tile of a 1 m scene (134 MB) is allowed beyond
/// both, because a block holds at least one tile.
const TILED_BLOCK_BYTES_MAX: u64 = 12 << 20;
/// Samples that are read at once while a block is filled.
const SLAB_SAMPLES_MAX: u64 = 1 << 20;

/// Samples as the files have them, when they fit, at half the memory.
#[derive(Debug)]
enum Plane {
    U16(Vec<u16>),
    F32(Vec<f32>),
}

/// Native pixels of some tiles.
#[derive(Debug)]
pub(crate) struct Block {
    window: Window,
    planes: Vec<Plane>,
    valid: Vec<bool>,
    all_valid: bool,
    /// The tiles that are to be cut from it.
    pub cells: Vec<Cell>,
    home: Option<mpsc::SyncSender<Buffers>>,
}

/// A block's memory, to be used again.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    planes: Vec<Plane>,
    valid: Vec<bool>,
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            // Nobody may be waiting any more: then the memory is simply freed.
            let _ = home.try_send(Buffers {
                planes: std::mem::take(&mut self.planes),
                valid: std::mem::take(&mut self.valid),
            });
        }
    }
}

/// Cuts a row of tiles into groups whose native pixels fit a block.
pub(crate) fn groups(
    lattice: &Lattice,
    row: &[Cell],
    bands: usize,
    fits_u16: bool,
    is_stripped: bool,
) -> Vec<Vec<Cell>> {
    let sample_bytes = if fits_u16 { 2 } else { 4 };
    let bytes_max = if is_stripped {
        STRIPPED_BLOCK_BYTES_MAX
    } else {
        TILED_BLOCK_BYTES_MAX
    };
    let mut groups: Vec<Vec<Cell>> = Vec::new();
    for cell in row {
        if let Some(group) = groups.last_mut()
            && let Some(first) = group.first()
            && union(lattice, *first, *cell).pixels() * (bands as u64 * sample_bytes + 1) <= bytes_max
        {
            group.push(*cell);
            continue;
        }
        groups.push(vec![*cell]);
    }
    groups
}

fn union(lattice: &Lattice, first: Cell, last: Cell) -> Window {
    let (a, b) = (lattice.needs(first), lattice.needs(last));
    Window::new(a.x, a.y, b.right().saturating_sub(a.x), a.height.max(b.height))
}

/// Reads the native pixels of a group of tiles.
pub(crate) fn fill(
    reader: &mut SceneReader,
    lattice: &Lattice,
    cells: Vec<Cell>,
    bands: &[Band],
    fits_u16: bool,
    buffers: Buffers,
    home: mpsc::SyncSender<Buffers>,
) -> Result<Arc<Block>, SceneError> {
    let (Some(first), Some(last)) = (cells.first(), cells.last()) else {
        return Ok(Arc::new(Block {
            window: Window::default(),
            planes: vec![],
            valid: vec![],
            all_valid: false,
            cells,
            home: Some(home),
        }));
    };
    let window = union(lattice, *first, *last);
    let Buffers { mut planes, mut valid } = buffers;
    planes.truncate(bands.len());
    for plane in &mut planes {
        match plane {
            Plane::U16(values) if fits_u16 => values.clear(),
            Plane::F32(values) if !fits_u16 => values.clear(),
            other => {
                *other = if fits_u16 {
                    Plane::U16(Vec::new())
                } else {
                    Plane::F32(Vec::new())
                }
            }
        }
    }
    planes.resize_with(bands.len(), || {
        if fits_u16 {
            Plane::U16(Vec::new())
        } else {
            Plane::F32(Vec::new())
        }
    });
    valid.clear();
    // To the sample: growing by doubling would cost up to twice the memory.
    let count = window.pixels() as usize;
    valid.reserve_exact(count);
    for plane in &mut planes {
        match plane {
            Plane::U16(values) => values.reserve_exact(count),
            Plane::F32(values) => values.reserve_exact(count),
        }
    }
    let rows = (SLAB_SAMPLES_MAX / (u64::from(window.width) * bands.len() as u64).max(1)).clamp(1, 256) as u32;
    let mut y = window.y;
    while y < window.bottom() {
        let slab = Window::new(window.x, y, window.width, rows.min(window.bottom() - y));
        let read = reader.read(slab, bands)?;
        for (plane, samples) in planes.iter_mut().zip(&read.planes) {
            match plane {
                Plane::U16(values) => values.extend(samples.iter().map(|sample| *sample as u16)),
                Plane::F32(values) => values.extend_from_slice(samples),
            }
        }
        valid.extend_from_slice(&read.valid);
        y = slab.bottom();
    }
    let all_valid = valid.iter().all(|valid| *valid);
    Ok(Arc::new(Block {
        window,
        planes,
        valid,
        all_valid,
        cells,
        home: Some(home),
    }))
}

/// Memory of a worker for cutting tiles.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    row: Vec<f32>,
    rows: Vec<f32>,
    /// One plane per band at the tile's resolution.
    pub planes: Vec<Vec<f32>>,
    /// Which pixels of the tile have data.
    pub valid: Vec<bool>,
}

impl Block {
    /// Cuts one tile at the detector's resolution into `scratch`. False: it holds no data at all.
    pub(crate) fn cut(
        &self,
        lattice: &Lattice,
        cell: Cell,
        bands: &[Band],
        stats: &SceneStats,
        scratch: &mut Scratch,
    ) -> bool {
        let need = lattice.needs(cell);
        let Some(area) = need.intersect(&self.window) else {
            return false;
        };
        let side = lattice.tile_px as usize;
        let (columns, rows) = (
            lattice.x.weights(cell.x, cell.x + lattice.tile_px),
            lattice.y.weights(cell.y, cell.y + lattice.tile_px),
        );
        if !self.cut_valid(area, side, &columns, &rows, scratch) {
            return false;
        }
        scratch.planes.resize_with(self.planes.len(), Vec::new);
        let width = columns.firsts.len();
        for (index, plane) in self.planes.iter().enumerate() {
            let fill = bands
                .get(index)
                .and_then(|band| stats.of(*band))
                .map_or(0.0, |stats| stats.low);
            scratch.rows.clear();
            scratch.rows.resize(area.height as usize * width, 0.0);
            for (y, out) in (area.y..area.bottom()).zip(scratch.rows.chunks_exact_mut(width.max(1))) {
                self.native_row(plane, area, y, fill, &mut scratch.row);
                columns.along_row(&scratch.row, area.x, out);
            }
            let Some(target) = scratch.planes.get_mut(index) else {
                continue;
            };
            target.clear();
            target.resize(side * side, fill);
            for (row, out) in target.chunks_exact_mut(side).take(rows.firsts.len()).enumerate() {
                if let Some(out) = out.get_mut(..width) {
                    rows.across_rows(row, &scratch.rows, width, area.y, out);
                }
            }
        }
        true
    }

    /// One native row of a plane, with `fill` where there are no data.
    fn native_row(&self, plane: &Plane, area: Window, y: u32, fill: f32, out: &mut Vec<f32>) {
        let start = (y - self.window.y) as usize * self.window.width as usize + (area.x - self.window.x) as usize;
        let range = start..start + area.width as usize;
        out.clear();
        match plane {
            Plane::U16(values) => out.extend(
                values
                    .get(range.clone())
                    .unwrap_or_default()
                    .iter()
                    .map(|value| f32::from(*value)),
            ),
            Plane::F32(values) => out.extend_from_slice(values.get(range.clone()).unwrap_or_default()),
        }
        if !self.all_valid {
            for (sample, valid) in out.iter_mut().zip(self.valid.get(range).unwrap_or_default()) {
                if !valid {
                    *sample = fill;
                }
            }
        }
    }

    /// Nearest-pixel validity of the tile. False: no pixel has data.
    fn cut_valid(&self, area: Window, side: usize, columns: &Weights, rows: &Weights, scratch: &mut Scratch) -> bool {
        scratch.valid.clear();
        scratch.valid.resize(side * side, false);
        let middle = |first: u32, stride: usize| first + (stride as u32).saturating_sub(1) / 2;
        let mut any = false;
        for (first, out) in rows.firsts.iter().zip(scratch.valid.chunks_exact_mut(side)) {
            let y = middle(*first, rows.stride).clamp(area.y, area.bottom() - 1);
            let base = (y - self.window.y) as usize * self.window.width as usize;
            for (first, out) in columns.firsts.iter().zip(out) {
                let x = middle(*first, columns.stride).clamp(area.x, area.right() - 1);
                *out = self.all_valid
                    || self
                        .valid
                        .get(base + (x - self.window.x) as usize)
                        .copied()
                        .unwrap_or(false);
                any |= *out;
            }
        }
        any
    }
}
