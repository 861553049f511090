//! Scenes: one acquired image product, read by window with bounded memory.
//!
//! [`Scene::open`] takes a raster file, a folder of single-band files or a manifest, and reads headers only. [`Scene::reader`] opens the files
//! for one thread; [`SceneReader::read`] gives the samples of a [`Window`] as one plane a band, and which pixels are data. [`Grid`] says where
//! pixels lie and how large they are on the ground. Everything from a file is hostile until checked: sizes against [`limits`] before anything is
//! allocated, chunk tables against the file's length before anything is decoded.

mod band;
mod chunks;
mod crs;
mod error;
#[cfg(feature = "gdal")]
mod gdal_file;
mod geokeys;
mod grid;
mod jpeg_frame;
pub mod limits;
mod open;
mod picture;
mod planes;
mod raster;
mod reader;
mod sidecar;
mod stem;
#[cfg(test)]
mod tests;
mod tie_points;
mod tiff_file;
mod tiff_head;
mod tiff_raw;
mod tiff_tags;
mod window;

pub use band::Band;
pub use crs::Crs;
pub use error::{SceneError, SceneErrorKind};
pub use grid::{Affine, Georef, Grid, Leg};
pub use open::{OpenHints, Scene};
pub use reader::SceneReader;
pub use tie_points::{TiePoint, TiePoints};
pub use window::{Pixels, Window};
