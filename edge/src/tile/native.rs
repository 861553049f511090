//! The native pixels of one tile, and cutting the tile from them at a detector's resolution.

use std::sync::Arc;

use super::{
    brick::{Brick, Plane, Ticket},
    lattice::{Cell, Lattice},
    resample::Weights,
};
use crate::scene::Window;

/// Bricks of the same rows, from left to right.
#[derive(Debug)]
pub(super) struct BrickRow {
    pub(super) top: u32,
    pub(super) bottom: u32,
    pub(super) bricks: Vec<Arc<Brick>>,
}

/// All bricks that one tile is cut from.
#[derive(Debug)]
pub(crate) struct Native {
    /// The tile.
    pub(crate) cell: Cell,
    /// What the tile needs.
    pub(super) window: Window,
    /// From top to bottom.
    pub(super) rows: Vec<BrickRow>,
    /// Tells the reading thread that the tile is done; after the bricks, whose memory it waits for.
    pub(super) _ticket: Ticket,
}

/// Memory of a worker for cutting tiles.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    columns: Weights,
    lines: Weights,
    row: Vec<f32>,
    rows: Vec<f32>,
    /// One plane per band at the tile's resolution.
    pub planes: Vec<Vec<f32>>,
    /// Which pixels of the tile have data.
    pub valid: Vec<bool>,
}

impl Native {
    /// Starts a tile: which of its pixels have data (the nearest native pixel decides). False: none has.
    pub(crate) fn start(&self, lattice: &Lattice, bands: usize, scratch: &mut Scratch) -> bool {
        let (cell, side) = (self.cell, lattice.tile_px as usize);
        lattice
            .x
            .weights(cell.x, cell.x + lattice.tile_px, &mut scratch.columns);
        lattice.y.weights(cell.y, cell.y + lattice.tile_px, &mut scratch.lines);
        scratch.planes.resize_with(bands, Vec::new);
        scratch.valid.clear();
        scratch.valid.resize(side * side, false);
        let bricks = || self.rows.iter().flat_map(|row| &row.bricks);
        if bricks().next().is_none() || self.window.is_empty() {
            return false;
        }
        let (columns, lines) = (&scratch.columns, &scratch.lines);
        if bricks().all(|brick| brick.valid.is_none()) {
            for row in scratch.valid.chunks_exact_mut(side).take(lines.firsts.len()) {
                if let Some(row) = row.get_mut(..columns.firsts.len()) {
                    row.fill(true);
                }
            }
            return true;
        }
        let middle = |first: u32, stride: usize| first + (stride as u32).saturating_sub(1) / 2;
        let (mut any, mut row, mut row_y) = (false, Vec::new(), None);
        for (first, out) in lines.firsts.iter().zip(scratch.valid.chunks_exact_mut(side)) {
            let y = middle(*first, lines.stride).clamp(self.window.y, self.window.bottom() - 1);
            if row_y != Some(y) {
                self.valid_row(y, &mut row);
                row_y = Some(y);
            }
            for (first, out) in columns.firsts.iter().zip(out) {
                let x = middle(*first, columns.stride).clamp(self.window.x, self.window.right() - 1);
                *out = row.get((x - self.window.x) as usize).copied().unwrap_or(false);
                any |= *out;
            }
        }
        any
    }

    /// Cuts one plane of the tile that was started, with `fill` where there are no data.
    pub(crate) fn cut(&self, lattice: &Lattice, index: usize, fill: f32, scratch: &mut Scratch) {
        let side = lattice.tile_px as usize;
        let Scratch {
            columns,
            lines,
            row,
            rows,
            planes,
            ..
        } = scratch;
        let Some(target) = planes.get_mut(index) else { return };
        let width = columns.firsts.len();
        rows.clear();
        rows.resize(self.window.height as usize * width, 0.0);
        for (y, out) in (self.window.y..self.window.bottom()).zip(rows.chunks_exact_mut(width.max(1))) {
            self.native_row(index, y, fill, row);
            columns.along_row(row, self.window.x, out);
        }
        target.clear();
        target.resize(side * side, fill);
        for (line, out) in target.chunks_exact_mut(side).take(lines.firsts.len()).enumerate() {
            if let Some(out) = out.get_mut(..width) {
                lines.across_rows(line, rows, width, self.window.y, out);
            }
        }
    }

    fn bricks_at(&self, y: u32) -> impl Iterator<Item = (&Brick, std::ops::Range<usize>)> {
        let row = self.rows.iter().find(|row| (row.top..row.bottom).contains(&y));
        row.into_iter().flat_map(|row| &row.bricks).filter_map(move |brick| {
            let line = Window::new(self.window.x, y, self.window.width, 1);
            let part = line.intersect(&brick.window)?;
            let first =
                (y - brick.window.y) as usize * brick.window.width as usize + (part.x - brick.window.x) as usize;
            Some((brick.as_ref(), first..first + part.width as usize))
        })
    }

    fn valid_row(&self, y: u32, out: &mut Vec<bool>) {
        out.clear();
        for (brick, range) in self.bricks_at(y) {
            match &brick.valid {
                Some(valid) => out.extend_from_slice(valid.get(range).unwrap_or_default()),
                None => out.resize(out.len() + range.len(), true),
            }
        }
    }

    /// One native row of a plane.
    fn native_row(&self, index: usize, y: u32, fill: f32, out: &mut Vec<f32>) {
        out.clear();
        for (brick, range) in self.bricks_at(y) {
            let start = out.len();
            match brick.planes.get(index) {
                Some(Plane::U16(values)) => {
                    let samples = values.get(range.clone()).unwrap_or_default();
                    out.extend(samples.iter().map(|sample| f32::from(*sample)));
                }
                Some(Plane::F32(values)) => out.extend_from_slice(values.get(range.clone()).unwrap_or_default()),
                None => {}
            }
            if let (Some(valid), Some(samples)) = (&brick.valid, out.get_mut(start..)) {
                for (sample, valid) in samples.iter_mut().zip(valid.get(range).unwrap_or_default()) {
                    if !valid {
                        *sample = fill;
                    }
                }
            }
        }
    }
}
