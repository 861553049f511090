//! What a run over a scene tells: how far it has come, what it found, what it did not look at.

use super::Detection;

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Tiles done.
    pub tiles_done: usize,
    /// Tiles in all.
    pub tiles: usize,
}

/// Why a tile was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// It has no data.
    NoData,
    /// It has no water.
    Land,
    /// It is water with nothing on it.
    EmptySea,
}

/// A tile that no detector saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SkippedTile {
    /// Why.
    pub why: Skip,
    /// First column and row of its core, scene pixels.
    pub from_px: (f64, f64),
    /// Past-the-last column and row of its core.
    pub to_px: (f64, f64),
}

impl SkippedTile {
    /// True when the scene position lies in it.
    #[must_use]
    pub fn holds(&self, px: f64, py: f64) -> bool {
        (self.from_px.0..self.to_px.0).contains(&px) && (self.from_px.1..self.to_px.1).contains(&py)
    }
}

/// What a run found.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Detected {
    /// Vessels, surest first.
    pub vessels: Vec<Detection>,
    /// Tiles in all.
    pub tiles: usize,
    /// Tiles that no detector saw.
    pub skipped: Vec<SkippedTile>,
    /// Native pixels that were asked for.
    pub pixels: u64,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Candidates beyond the limit that were dropped.
    pub candidates_dropped: usize,
}
