//! What a zone looks like when nothing stands on it: learnt from clear looks, cell by cell.
//!
//! A reference is a grid of cells, along a track (one row) or over an area. A cell holds a signature *relative to the bare
//! ground* of the look it came from (ratio to [`Surface::mean`]), so that sun, season and calibration cancel. Two rules teach it:
//!
//! - a cell that was visible and empty in a look is moved towards what it looked like then;
//! - a cell that has looked the same, though different from the ground, in [`SETTLED_LOOKS`] looks over [`SETTLED_MS`] is taken for
//!   part of the place (a roof, a crane's rail, paint), and its look becomes the reference.
//!
//! When the ground itself is not what it was, ratios to it mean nothing: a reference answers only for ground whose brightness is
//! within [`GROUND_RATIO_MAX`] of the one it learnt on. Ground under snow has references of its own ([`GroundKind`]). Ground that is
//! evenly darker than it ever was lies in a shadow ([`Unfit::Dimmed`]); should it stay so, [`Reference::drift`] follows it over some looks.

use quaywatch_protocol::contract::time::{DAY_MS, UnixMs};

use super::{
    local::Bounds,
    patch::{Metres, Signature},
    surface::Surface,
};

/// Cells of one reference: an area of 1.2 km square at 3 m. Larger ones get larger cells.
pub const CELLS_MAX: usize = 160_000;
/// Looks that count in the running mean of a cell: older ones fade.
const MEMORY_LOOKS: u16 = 8;
/// Looks in which a thing must have stood unchanged to be part of the place.
pub const SETTLED_LOOKS: u16 = 6;
/// For how long it must have stood, Unix milliseconds: longer than goods stay on a quay (three weeks in the documented cases).
pub const SETTLED_MS: i64 = 60 * DAY_MS;
/// Greatest change of the ground's brightness, as a ratio, for which a reference still answers.
const GROUND_RATIO_MAX: f32 = 1.8;
/// Looks after which a reference knows its ground's brightness well enough to tell a shadow.
const SURE_LOOKS: u32 = 3;
/// Share of the way to a new brightness of the ground that one look goes which the reference does not answer for.
const DRIFT: f32 = 0.125;
/// Ground brighter than this is told apart: snow, or bleached concrete in a stretched picture.
const BRIGHT_GROUND: f32 = 0.32;
/// Two ratios this near are the same look.
const SAME_RATIO: f32 = 0.15;
/// A reference made at another resolution answers within this ratio of pixel sizes: finer or coarser blur is another picture.
const GSD_RATIO_MAX: f64 = 1.6;

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Cell {
    /// Empty look, as ratios to the bare ground; meaningless while `looks` is 0.
    pub empty: Signature,
    /// Looks behind `empty`, at most [`MEMORY_LOOKS`].
    pub looks: u16,
    /// A look unlike `empty` that has been there.
    pub standing: Signature,
    /// Looks behind `standing`.
    pub standing_looks: u16,
    /// When it was first seen.
    pub standing_since: UnixMs,
}

/// The empty reference of a zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Counts the looks learnt from; goes up by one with each.
    pub version: u32,
    /// Pixel size of the looks learnt from, metres.
    pub gsd_m: f64,
    /// Bands of the signatures.
    pub bands: u8,
    /// Mean brightness of the ground learnt on.
    pub ground: f32,
    /// West and south end of the first cell, local metres; zero for a track.
    pub origin_m: Metres,
    /// Side of a cell, metres.
    pub cell_m: f64,
    /// Cells in a row.
    pub columns: usize,
    /// All cells, row by row from the south.
    pub cells: Vec<Cell>,
}

/// Kinds of ground that have references of their own: a place under snow is another place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroundKind {
    /// Ballast, concrete, asphalt, soil.
    Plain,
    /// Snow, or as bright.
    Bright,
}

impl GroundKind {
    /// The kind of a bare ground.
    #[must_use]
    pub fn of(ground: &Surface) -> Self {
        Self::of_brightness(ground.mean.mean())
    }

    fn of_brightness(brightness: f32) -> Self {
        if brightness >= BRIGHT_GROUND {
            Self::Bright
        } else {
            Self::Plain
        }
    }
}

/// Why a reference does not answer for a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Learnt at another resolution.
    #[error("was learnt at another resolution")]
    Resolution,
    /// Learnt with other bands.
    #[error("was learnt with other bands")]
    Bands,
    /// The ground is brighter than it was.
    #[error("was learnt on darker ground")]
    Ground,
    /// The ground is evenly darker than it was: a shadow lies on it.
    #[error("was learnt on brighter ground: a shadow lies on it now")]
    Dimmed,
    /// Learnt for a zone of another shape or place.
    #[error("was learnt for a zone drawn otherwise")]
    Shape,
    /// Nothing learnt yet.
    #[error("has not learnt anything yet")]
    Empty,
}

impl Reference {
    /// An empty reference for a track of `length_m`.
    #[must_use]
    pub fn for_track(length_m: f64, gsd_m: f64, bands: usize) -> Self {
        Self::new([0.0; 2], [length_m, 0.0], gsd_m, bands)
    }

    /// An empty reference for an area.
    #[must_use]
    pub fn for_area(bounds: &Bounds, gsd_m: f64, bands: usize) -> Self {
        let size_m = [bounds.max[0] - bounds.min[0], bounds.max[1] - bounds.min[1]];
        Self::new(bounds.min, size_m, gsd_m, bands)
    }

    fn new(origin_m: Metres, size_m: Metres, gsd_m: f64, bands: usize) -> Self {
        let count = |cell_m: f64| size_m.map(|metres| (metres.max(0.0) / cell_m) as usize + 1);
        let mut cell_m = gsd_m.max(0.1);
        while count(cell_m)[0].saturating_mul(count(cell_m)[1]) > CELLS_MAX {
            cell_m *= 1.25;
        }
        let [columns, rows] = count(cell_m);
        Self {
            version: 0,
            gsd_m,
            bands: bands as u8,
            ground: 0.0,
            origin_m,
            cell_m,
            columns,
            cells: vec![Cell::default(); columns * rows],
        }
    }

    /// The same reference if it answers for looks of this pixel size on this ground.
    ///
    /// # Errors
    /// Why it does not.
    pub fn fit(&self, gsd_m: f64, ground: &Surface) -> Result<&Self, Unfit> {
        let ratio = (gsd_m / self.gsd_m).max(self.gsd_m / gsd_m);
        if self.version == 0 {
            return Err(Unfit::Empty);
        }
        if ratio > GSD_RATIO_MAX {
            return Err(Unfit::Resolution);
        }
        if usize::from(self.bands) != ground.mean.values().len() {
            return Err(Unfit::Bands);
        }
        let brightness = ground.mean.mean() / self.ground.max(f32::EPSILON);
        if brightness > GROUND_RATIO_MAX || (brightness < 1.0 / GROUND_RATIO_MAX && self.version < SURE_LOOKS) {
            Err(Unfit::Ground)
        } else if brightness < 1.0 / GROUND_RATIO_MAX {
            Err(Unfit::Dimmed)
        } else {
            Ok(self)
        }
    }

    /// True when its cells lie over this area.
    #[must_use]
    pub fn is_for_area(&self, bounds: &Bounds) -> bool {
        let size_m = [bounds.max[0] - bounds.min[0], bounds.max[1] - bounds.min[1]];
        self.is_laid_over(bounds.min, size_m)
    }

    /// True when its cells lie along a track of this length.
    #[must_use]
    pub fn is_for_track(&self, length_m: f64) -> bool {
        self.is_laid_over([0.0; 2], [length_m, 0.0])
    }

    /// Scenes of other grids round a zone's corners by a pixel or so.
    fn is_laid_over(&self, origin_m: Metres, size_m: Metres) -> bool {
        let rows = self.cells.len() / self.columns.max(1);
        let near = |a: f64, b: f64| (a - b).abs() <= 2.0 * self.cell_m;
        near(self.origin_m[0], origin_m[0])
            && near(self.origin_m[1], origin_m[1])
            && near(self.columns as f64 * self.cell_m, size_m[0])
            && near(rows as f64 * self.cell_m, size_m[1])
    }

    /// Takes note of ground that this reference does not answer for: when it stays as it is now, it will.
    pub fn drift(&mut self, ground: &Surface) {
        self.ground += DRIFT * (ground.mean.mean() - self.ground);
    }

    /// What the empty place looks like in today's light, by what the bare ground looks like today; `None` where nothing is known.
    /// For tracks the place is `[metres along, 0]`.
    #[must_use]
    pub fn expected(&self, at: Metres, ground: &Surface) -> Option<Surface> {
        let cell = self.cells.get(self.index(at)?)?;
        if cell.looks == 0 {
            return None;
        }
        let mut expected = *ground;
        for (value, ratio) in expected.mean.values_mut().iter_mut().zip(cell.empty.values()) {
            *value *= ratio;
        }
        // A brighter or darker cell scatters in proportion.
        for (sd, ratio) in expected.sd.values_mut().iter_mut().zip(cell.empty.values()) {
            *sd *= ratio.max(1.0);
        }
        Some(expected)
    }

    /// Learns from one look: for each place what it looked like and whether it was empty.
    pub fn learn(&mut self, ground: &Surface, at: UnixMs, places: impl Iterator<Item = (Metres, Signature, bool)>) {
        self.version = self.version.saturating_add(1);
        let weight = 1.0 / f32::from(self.version.min(u32::from(MEMORY_LOOKS)) as u16);
        self.ground += weight * (ground.mean.mean() - self.ground);
        let mut taught = vec![false; self.cells.len()];
        for (place, seen, is_empty) in places {
            let Some(index) = self.index(place) else { continue };
            let (Some(cell), Some(taught)) = (self.cells.get_mut(index), taught.get_mut(index)) else {
                continue;
            };
            // Pixels finer than a cell teach it once a look.
            if !std::mem::replace(taught, true) {
                cell.learn(&ratio_to(&seen, ground), is_empty, at);
            }
        }
    }

    /// The kind of ground it learnt on.
    #[must_use]
    pub fn ground_kind(&self) -> GroundKind {
        GroundKind::of_brightness(self.ground)
    }

    /// Share of the cells that know their empty look.
    #[must_use]
    pub fn known(&self) -> f64 {
        let known = self.cells.iter().filter(|cell| cell.looks > 0).count();
        known as f64 / self.cells.len().max(1) as f64
    }

    fn index(&self, at: Metres) -> Option<usize> {
        let column = (at[0] - self.origin_m[0]) / self.cell_m;
        let row = (at[1] - self.origin_m[1]) / self.cell_m;
        let inside = column >= 0.0 && row >= 0.0 && column < self.columns as f64;
        let index = row as usize * self.columns + column as usize;
        (inside && index < self.cells.len()).then_some(index)
    }
}

impl Cell {
    fn learn(&mut self, ratio: &Signature, is_empty: bool, at: UnixMs) {
        if is_empty {
            self.looks = (self.looks + 1).min(MEMORY_LOOKS);
            blend(&mut self.empty, ratio, self.looks);
            self.standing_looks = 0;
            return;
        }
        if self.standing_looks > 0 && is_same(&self.standing, ratio) {
            self.standing_looks = self.standing_looks.saturating_add(1);
            blend(&mut self.standing, ratio, self.standing_looks.min(MEMORY_LOOKS));
        } else {
            self.standing = *ratio;
            self.standing_looks = 1;
            self.standing_since = at;
        }
        if self.standing_looks >= SETTLED_LOOKS && at.0.saturating_sub(self.standing_since.0) >= SETTLED_MS {
            self.empty = self.standing;
            self.looks = 1;
            self.standing_looks = 0;
        }
    }
}

fn ratio_to(seen: &Signature, ground: &Surface) -> Signature {
    let mut ratio = *seen;
    for (value, mean) in ratio.values_mut().iter_mut().zip(ground.mean.values()) {
        *value /= mean.max(f32::EPSILON);
    }
    ratio
}

fn blend(into: &mut Signature, from: &Signature, looks: u16) {
    if looks <= 1 {
        *into = *from;
        return;
    }
    for (value, new) in into.values_mut().iter_mut().zip(from.values()) {
        *value += (new - *value) / f32::from(looks);
    }
}

fn is_same(a: &Signature, b: &Signature) -> bool {
    (a.values().iter().zip(b.values())).all(|(a, b)| (a - b).abs() <= SAME_RATIO * a.abs().max(1.0))
}

#[cfg(test)]
mod tests;
