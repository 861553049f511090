//! Scenes: one acquired image product, read by window with bounded memory.

mod band;
mod crs;
mod error;
mod grid;
pub mod limits;
mod tie_points;
mod window;

pub use band::Band;
pub use crs::Crs;
pub use error::{SceneError, SceneErrorKind};
pub use grid::{Affine, Georef, Grid, Leg};
pub use tie_points::{TiePoint, TiePoints};
pub use window::{Pixels, Window};
