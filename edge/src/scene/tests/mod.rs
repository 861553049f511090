//! Tests of the scene reader through its public face, grouped by behaviour.

mod formats;
mod hostile;
#[cfg(feature = "gdal")]
mod library;
mod manifests;
#[cfg(feature = "gdal")]
mod safe;

use std::path::{Path, PathBuf};

use super::{OpenHints, Scene};

/// Columns and rows of the fixtures.
const SIZE: (u32, u32) = (37, 29);

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(format!("{name}.tif"))
}

fn open(path: &Path) -> Scene {
    Scene::open(path, &OpenHints::default()).unwrap()
}

/// What `tests/fixtures/make.py` wrote: plane `b` of pixel (x, y) of a file whose samples are wide or not.
fn expected(x: u32, y: u32, b: u32, is_wide: bool) -> f32 {
    ((x * 3 + y * 5 + b * 7) % 251 * if is_wide { 10 } else { 1 }) as f32
}
