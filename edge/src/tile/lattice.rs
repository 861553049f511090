//! The lattice of tiles over a scene at a detector's resolution.
//!
//! Tiles overlap by twice the margin and start on even pixels; the lattice belongs to the scene, not to a region of it, so that looking at
//! a region gives the same detections as looking at the whole scene.

use super::{Placement, resample::Axis};
use crate::scene::{Grid, Window};

/// Model-resolution grid of a scene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lattice {
    /// Columns.
    pub x: Axis,
    /// Rows.
    pub y: Axis,
    /// Pixels of a tile's side.
    pub tile_px: u32,
    /// Margin of a tile, pixels.
    pub margin_px: u32,
}

/// One tile of the lattice, in model pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
}

impl Lattice {
    /// The lattice of a scene; `gsd_m` `None` keeps the scene's own pixels.
    pub(crate) fn new(
        grid: &Grid,
        gsd_m: Option<f64>,
        scene_gsd_m: (f64, f64),
        tile_px: usize,
        margin_px: usize,
    ) -> Self {
        let axis = |size: u32, gsd: f64| Axis::new(size, gsd, gsd_m.unwrap_or(gsd));
        Self {
            x: axis(grid.width, scene_gsd_m.0),
            y: axis(grid.height, scene_gsd_m.1),
            tile_px: tile_px as u32,
            margin_px: margin_px as u32,
        }
    }

    fn step(&self) -> u32 {
        // Even, so that tiles start on even pixels.
        (self.tile_px.saturating_sub(2 * self.margin_px) & !1).max(2)
    }

    /// First pixels of the tiles along an axis of `size` pixels.
    fn starts(&self, size: u32) -> impl Iterator<Item = u32> + Clone {
        let (step, tile) = (self.step(), self.tile_px);
        let count = 1 + size.saturating_sub(tile).div_ceil(step);
        (0..count).map(move |index| index * step)
    }

    /// The tiles, row after row, whose core meets one of the regions (native pixels); all of them without regions.
    pub(crate) fn rows(&self, regions: Option<&[Window]>) -> Vec<Vec<Cell>> {
        self.starts(self.y.size_out)
            .map(|y| {
                self.starts(self.x.size_out)
                    .map(|x| Cell { x, y })
                    .filter(|cell| {
                        regions.is_none_or(|regions| regions.iter().any(|region| self.core_meets(*cell, region)))
                    })
                    .collect::<Vec<_>>()
            })
            .filter(|row| !row.is_empty())
            .collect()
    }

    fn core_meets(&self, cell: Cell, region: &Window) -> bool {
        let meets = |(from, to): (f64, f64), start: u32, axis: &Axis, first: u32, last: u32| {
            let (from, to) = (
                (f64::from(start) + from) * axis.ratio,
                (f64::from(start) + to) * axis.ratio,
            );
            from < f64::from(last) && to > f64::from(first)
        };
        !region.is_empty()
            && meets(
                self.core(cell.x, self.x.size_out),
                cell.x,
                &self.x,
                region.x,
                region.right(),
            )
            && meets(
                self.core(cell.y, self.y.size_out),
                cell.y,
                &self.y,
                region.y,
                region.bottom(),
            )
    }

    /// First and past-the-last pixel of the core of a tile that starts at `start`, within the tile; the scene's own edges have no margin.
    pub(crate) fn core(&self, start: u32, size: u32) -> (f64, f64) {
        let from = if start == 0 { 0 } else { self.margin_px };
        let end = start + self.tile_px;
        let to = if end >= size {
            size.saturating_sub(start)
        } else {
            from.max(self.step() + self.margin_px)
        };
        (f64::from(from), f64::from(to))
    }

    /// The native window that a tile needs.
    pub(crate) fn needs(&self, cell: Cell) -> Window {
        let (left, right) = self.x.needs(cell.x, cell.x + self.tile_px);
        let (top, bottom) = self.y.needs(cell.y, cell.y + self.tile_px);
        Window::new(left, top, right - left, bottom - top)
    }

    /// Where a tile lies in the scene.
    pub(crate) fn place(&self, cell: Cell) -> Placement {
        Placement {
            x0_px: f64::from(cell.x) * self.x.ratio,
            y0_px: f64::from(cell.y) * self.y.ratio,
            step_x_px: self.x.ratio,
            step_y_px: self.y.ratio,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lattice(width: u32, height: u32) -> Lattice {
        Lattice::new(
            &Grid::unreferenced(width, height, Some(10.0)),
            Some(8.0),
            (10.0, 10.0),
            512,
            32,
        )
    }

    #[test]
    fn cores_cover_every_pixel_once() {
        for size in [100, 400, 512, 513, 960, 961, 2_000, 10_980] {
            let lattice = lattice(size, 10);
            let mut next = 0.0;
            for start in lattice.starts(lattice.x.size_out) {
                let (from, to) = lattice.core(start, lattice.x.size_out);
                assert!(
                    (f64::from(start) + from - next).abs() < 1e-9,
                    "size {size} start {start}"
                );
                next = f64::from(start) + to;
            }
            assert!((next - f64::from(lattice.x.size_out)).abs() < 1e-9, "size {size}");
        }
    }

    #[test]
    fn a_region_takes_only_the_tiles_around_it() {
        let lattice = lattice(10_980, 10_980);
        let all: usize = lattice.rows(None).iter().map(Vec::len).sum();
        let some = lattice.rows(Some(&[Window::new(5_000, 5_000, 100, 100)]));
        let some: usize = some.iter().map(Vec::len).sum();
        assert!(all > 900 && (1..=4).contains(&some), "{all} {some}");
        assert!(lattice.rows(Some(&[])).is_empty());
    }
}
