//! Tiles: square cuts of a scene at a detector's own resolution, with a margin that neighbours share.

mod cut;

pub use cut::{Placement, Tile};
