//! Tiles: square cuts of a scene at a detector's own resolution, with a margin that neighbours share.
//!
//! A [`Lattice`](lattice::Lattice) says where tiles lie, a [`Supply`](supply::Supply) reads the native pixels of each of them in small
//! [bricks](brick), [`Native`](native::Native) cuts, and a [`Tile`] is what a detector sees. The resolution is reached by the scene's true ground sample distance, in rows and columns apart.

pub(crate) mod brick;
mod cut;
pub(crate) mod lattice;
pub(crate) mod native;
pub(crate) mod resample;
mod stats;
pub(crate) mod supply;

pub use cut::{Placement, Tile};
pub use stats::{BandStats, FlatFloor, Percentiles, SceneStats};
