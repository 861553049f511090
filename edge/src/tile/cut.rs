//! One tile: its samples, and how its pixels map to the scene's.

use super::SceneStats;
use crate::scene::{Band, Grid};

/// Where a tile lies: tile pixel (x, y) is scene pixel (`x0_px + x * step_x_px`, `y0_px + y * step_y_px`), both continuous.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// Scene column of the tile's outer corner.
    pub x0_px: f64,
    /// Scene row of the tile's outer corner.
    pub y0_px: f64,
    /// Scene columns per tile column.
    pub step_x_px: f64,
    /// Scene rows per tile row.
    pub step_y_px: f64,
}

impl Placement {
    /// The scene position of a tile position.
    #[must_use]
    pub fn to_scene(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x0_px + x * self.step_x_px, self.y0_px + y * self.step_y_px)
    }

    /// The tile position of a scene position.
    #[must_use]
    pub fn from_scene(&self, px: f64, py: f64) -> (f64, f64) {
        ((px - self.x0_px) / self.step_x_px, (py - self.y0_px) / self.step_y_px)
    }
}

/// A cut of a scene at a detector's resolution.
///
/// Detections are kept from the core only (`core_*`, half open, in tile pixels); the rest is margin that a neighbour's core covers.
#[derive(Clone, Debug)]
pub struct Tile<'a> {
    /// The scene's grid.
    pub grid: &'a Grid,
    /// Where the tile lies.
    pub place: Placement,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Which band each plane is.
    pub bands: &'a [Band],
    /// Brightness statistics of the whole scene.
    pub stats: &'a SceneStats,
    /// One plane per band, `width * height` samples each, in the scene's units; the band's `low` where there are no data.
    pub planes: &'a [Vec<f32>],
    /// True where there are data.
    pub valid: &'a [bool],
    /// First and past-the-last column of the core.
    pub core_x: (f64, f64),
    /// First and past-the-last row of the core.
    pub core_y: (f64, f64),
}

impl Tile<'_> {
    /// The plane of a band.
    #[must_use]
    pub fn plane(&self, band: Band) -> Option<&[f32]> {
        let position = self.bands.iter().position(|other| *other == band)?;
        self.planes.get(position).map(Vec::as_slice)
    }

    /// True when a tile position belongs to this tile and to no neighbour.
    #[must_use]
    pub fn in_core(&self, x: f64, y: f64) -> bool {
        x >= self.core_x.0 && x < self.core_x.1 && y >= self.core_y.0 && y < self.core_y.1
    }
}
