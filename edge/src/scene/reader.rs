//! Reading windows of a scene.

use super::{
    Band, Pixels, Scene, SceneError, SceneErrorKind, Window, limits,
    raster::{self, RasterFile},
};

/// An open scene. It belongs to one thread; its memory is one row of the files' strips or tiles, and what it returns.
pub struct SceneReader {
    id: std::path::PathBuf,
    width: u32,
    height: u32,
    files: Vec<OpenFile>,
    /// Which pixels one file has data for: memory that every read uses.
    seen: Vec<bool>,
}

struct OpenFile {
    raster: Box<dyn RasterFile>,
    planes: Vec<(Band, usize)>,
    alpha: Option<usize>,
    nodata: Option<f64>,
}

impl SceneReader {
    pub(super) fn open(scene: &Scene) -> Result<Self, SceneError> {
        let files = scene
            .files
            .iter()
            .map(|file| {
                let raster = raster::open(&file.path, file.crs.as_ref())?;
                let info = raster.info();
                let highest = file.planes.iter().map(|(_, plane)| *plane).max().unwrap_or(0);
                if (info.width, info.height) != (scene.grid.width, scene.grid.height) || highest >= info.samples {
                    let what = "the file has changed since it was opened first";
                    return Err(SceneError::new(
                        &file.path,
                        SceneErrorKind::Damaged,
                        what,
                        "a finished file",
                    ));
                }
                Ok(OpenFile {
                    raster,
                    planes: file.planes.clone(),
                    alpha: file.alpha,
                    nodata: file.nodata,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            id: scene.path.clone(),
            width: scene.grid.width,
            height: scene.grid.height,
            files,
            seen: Vec::new(),
        })
    }

    /// Reads the samples of a window.
    ///
    /// Samples come in the files' own units. A pixel is valid when it is not transparent, not "no data" in every band read from its file,
    /// and finite; without a declared "no data" value, when any band is not 0. Bands that the scene lacks are an error.
    ///
    /// # Errors
    /// The file that is damaged, or the request that does not fit the scene.
    pub fn read(&mut self, window: Window, bands: &[Band]) -> Result<Pixels, SceneError> {
        let mut pixels = Pixels::default();
        self.read_into(window, bands, &mut pixels)?;
        Ok(pixels)
    }

    /// The same as [`Self::read`], into memory that was used before.
    ///
    /// # Errors
    /// As [`Self::read`]; `pixels` is then of no use.
    pub(crate) fn read_into(&mut self, window: Window, bands: &[Band], pixels: &mut Pixels) -> Result<(), SceneError> {
        self.check(window, bands)?;
        let count = window.pixels() as usize;
        pixels.window = window;
        pixels.bands = bands.to_vec();
        pixels.planes.resize_with(bands.len(), Vec::new);
        pixels.valid.clear();
        pixels.valid.resize(count, false);
        for file in &mut self.files {
            let wanted: Vec<(usize, usize)> = bands
                .iter()
                .enumerate()
                .filter_map(|(slot, band)| {
                    let (_, plane) = file.planes.iter().find(|(other, _)| other == band)?;
                    Some((slot, *plane))
                })
                .collect();
            if wanted.is_empty() {
                continue;
            }
            let mut planes: Vec<usize> = wanted.iter().map(|(_, plane)| *plane).collect();
            planes.extend(file.alpha);
            let mut out: Vec<Vec<f32>> = wanted
                .iter()
                .filter_map(|(slot, _)| pixels.planes.get_mut(*slot).map(std::mem::take))
                .collect();
            out.resize_with(planes.len(), Vec::new);
            file.raster.read(window, &planes, &mut out)?;
            let alpha = if file.alpha.is_some() { out.pop() } else { None };
            file.mark_valid(&mut out, alpha.as_deref(), &mut pixels.valid, &mut self.seen);
            for ((slot, _), plane) in wanted.into_iter().zip(out) {
                if let Some(target) = pixels.planes.get_mut(slot) {
                    *target = plane;
                }
            }
        }
        Ok(())
    }

    /// Keeps no more decoded pieces than reading from top to bottom, piece by piece, needs.
    pub(crate) fn keep_little(&mut self) {
        for file in &mut self.files {
            file.raster.keep_little();
        }
    }

    fn check(&self, window: Window, bands: &[Band]) -> Result<(), SceneError> {
        let refuse =
            |what: String, expected: String| Err(SceneError::new(&self.id, SceneErrorKind::Request, what, expected));
        if window.is_empty() || !Window::new(0, 0, self.width, self.height).contains(&window) {
            return refuse(
                format!(
                    "a window of {} x {} pixels at {},{}",
                    window.width, window.height, window.x, window.y
                ),
                format!("a window inside {} x {} pixels", self.width, self.height),
            );
        }
        if window.pixels().saturating_mul(bands.len() as u64) > limits::READ_SAMPLES_MAX {
            return refuse(
                format!("{} pixels of {} bands in one read", window.pixels(), bands.len()),
                format!("at most {} samples", limits::READ_SAMPLES_MAX),
            );
        }
        let has = |band: &Band| {
            self.files
                .iter()
                .any(|file| file.planes.iter().any(|(other, _)| other == band))
        };
        match bands.iter().find(|band| !has(band)) {
            Some(missing) => refuse(
                format!("band {missing}, which the scene lacks"),
                "a band of the scene".to_owned(),
            ),
            None => Ok(()),
        }
    }
}

impl OpenFile {
    /// Marks the pixels that this file has data for, and clears samples that are no numbers. `seen` is scratch.
    fn mark_valid(&self, planes: &mut [Vec<f32>], alpha: Option<&[f32]>, valid: &mut [bool], seen: &mut Vec<bool>) {
        let nodata = self.nodata.map_or(0.0, |value| value as f32);
        // Any number differs from "no data" that is no number.
        let (nodata, tolerance) = if nodata.is_nan() {
            (0.0, -1.0)
        } else {
            (nodata, f32::EPSILON * nodata.abs())
        };
        seen.clear();
        seen.resize(valid.len(), false);
        // Without branches, so that the compiler can take several samples at a time.
        for plane in planes.iter_mut() {
            for (sample, seen) in plane.iter_mut().zip(seen.iter_mut()) {
                let is_number = sample.abs() < f32::INFINITY;
                *seen |= is_number & ((*sample - nodata).abs() > tolerance);
                *sample = if is_number { *sample } else { 0.0 };
            }
        }
        match alpha {
            None => {
                for (valid, seen) in valid.iter_mut().zip(seen) {
                    *valid |= *seen;
                }
            }
            Some(alpha) => {
                for ((valid, seen), alpha) in valid.iter_mut().zip(seen).zip(alpha) {
                    *valid |= *seen & (*alpha > 0.0);
                }
            }
        }
    }
}
