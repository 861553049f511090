//! Tiles: square cuts of a scene at a detector's own resolution, with a margin that neighbours share.
//!
//! A [`Lattice`](lattice::Lattice) says where tiles lie, a [`Block`](block::Block) holds the native pixels of a group of them, and a [`Tile`] is what a
//! detector sees. The resolution is reached by the scene's true ground sample distance, in rows and columns apart.

pub(crate) mod block;
mod cut;
pub(crate) mod lattice;
pub(crate) mod resample;
mod stats;

pub use cut::{Placement, Tile};
pub use stats::{BandStats, FlatFloor, Percentiles, SceneStats};
