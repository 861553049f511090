//! Opening a scene: a raster file, a folder of single-band files, or a manifest.

use std::{
    fs,
    path::{Path, PathBuf},
};

use quaywatch_protocol::contract::{
    look::{Sensor, SensorKind},
    time::UnixMs,
};

use super::{
    Band, Crs, Georef, Grid, SceneError, SceneErrorKind,
    planes::assign,
    raster::{self, RasterInfo},
    reader::SceneReader,
    sidecar::{self, Sidecar},
    stem,
};

/// What the caller knows that the files do not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenHints {
    /// Pixel size in metres of a scene without georeference.
    pub gsd_m: Option<f64>,
    /// True when a file whose bands nothing names is radar backscatter: a picture of a radar scene looks like any other.
    pub is_radar: bool,
}

/// One acquired image product, known but not yet read.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Scene id: from the manifest, else the file's stem or the folder's name.
    pub id: String,
    /// What was opened.
    pub path: PathBuf,
    /// What took it; the name is `unknown` and the pixel size 0 where nothing says.
    pub sensor: Sensor,
    /// When it was acquired, where anything says so.
    pub acquired_at: Option<UnixMs>,
    /// Size and georeference: those of the first band.
    pub grid: Grid,
    /// Bands that can be read, in the order of [`Band::ALL`].
    pub bands: Vec<Band>,
    /// What a person should know: a missing georeference, an assumed band order.
    pub warnings: Vec<String>,
    pub(super) files: Vec<SceneFile>,
    /// True when samples of all bands are whole numbers of 0..=65535.
    pub(crate) fits_u16: bool,
    /// Size of the least pieces that the files can be read in without waste, the largest of all.
    pub(crate) piece: (u32, u32),
    /// True when a file is stored in full-width strips.
    pub(crate) is_stripped: bool,
}

/// One file of a scene.
#[derive(Clone, Debug)]
pub(super) struct SceneFile {
    pub path: PathBuf,
    pub crs: Option<Crs>,
    /// Band and plane of each band that is used.
    pub planes: Vec<(Band, usize)>,
    pub alpha: Option<usize>,
    pub nodata: Option<f64>,
}

struct Part {
    file: SceneFile,
    info: RasterInfo,
}

impl Scene {
    /// Opens a scene; nothing but headers is read.
    ///
    /// # Errors
    /// The file, what is wrong with it, and what was expected.
    pub fn open(path: &Path, hints: &OpenHints) -> Result<Self, SceneError> {
        let about = fs::metadata(path).map_err(|error| SceneError::io(path, &error))?;
        if about.is_dir() {
            return Self::folder(path, hints);
        }
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        if extension == "toml" || extension == "json" {
            return Self::manifest(path, hints);
        }
        let note = sidecar::beside(path, false)?;
        let part = part(path, &note, note.bands.as_deref(), hints.is_radar)?;
        Self::assemble(path, &stem_of(path), &note, vec![part], hints)
    }

    /// Opens the files for reading. A reader belongs to one thread; each has its own files and cache.
    ///
    /// # Errors
    /// The file that cannot be opened any more.
    pub fn reader(&self) -> Result<SceneReader, SceneError> {
        SceneReader::open(self)
    }

    /// True for radar scenes.
    #[must_use]
    pub fn is_radar(&self) -> bool {
        self.sensor.kind == SensorKind::Sar
    }

    fn manifest(path: &Path, hints: &OpenHints) -> Result<Self, SceneError> {
        let manifest = sidecar::manifest(path)?;
        let note = manifest.sidecar();
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        let parts = manifest
            .files
            .iter()
            .map(|file| {
                // A manifest may come from elsewhere: it names files beside itself only.
                if file.path.is_absolute() || file.path.components().any(|part| part.as_os_str() == "..") {
                    let what = format!("`{}` leaves the manifest's folder", file.path.display());
                    return Err(SceneError::new(
                        path,
                        SceneErrorKind::Manifest,
                        what,
                        "a relative path without `..`",
                    ));
                }
                part(&folder.join(&file.path), &note, file.bands.as_deref(), hints.is_radar)
            })
            .collect::<Result<Vec<_>, _>>()?;
        Self::assemble(path, &stem_of(path), &note, parts, hints)
    }

    fn folder(path: &Path, hints: &OpenHints) -> Result<Self, SceneError> {
        let note = sidecar::beside(path, true)?;
        if let Some(product) = safe_product(path)? {
            let part = part(&product, &note, note.bands.as_deref(), hints.is_radar)?;
            return Self::assemble(path, &stem_of(path), &note, vec![part], hints);
        }
        let mut found: Vec<(Band, PathBuf)> = Vec::new();
        let mut colour = None;
        for entry in fs::read_dir(path).map_err(|error| SceneError::io(path, &error))? {
            let file = entry.map_err(|error| SceneError::io(path, &error))?.path();
            let extension = file.extension().unwrap_or_default().to_ascii_lowercase();
            if extension != "tif" && extension != "tiff" {
                continue;
            }
            let stem = stem_of(&file).to_ascii_lowercase();
            if stem == "rgb" {
                colour = Some(file);
            } else if let Some(band) = Band::parse(stem.rsplit('_').next().unwrap_or(&stem))
                && !found.iter().any(|(other, _)| *other == band)
            {
                found.push((band, file));
            }
        }
        found.sort();
        let visible = found.iter().filter(|(band, _)| band.is_visible()).count();
        let mut parts = Vec::new();
        if visible < 3
            && let Some(colour) = colour
        {
            // Three colours in one file beat one or two in their own.
            found.retain(|(band, _)| !band.is_visible());
            parts.push(part(&colour, &note, None, false)?);
        }
        for (band, file) in &found {
            parts.push(part(file, &note, Some(&[band.name().to_owned()]), false)?);
        }
        if parts.is_empty() {
            return Err(SceneError::new(
                path,
                SceneErrorKind::Bands,
                "no band file in the folder",
                "files named B02.tif, B03.tif, B04.tif, B08.tif (or rgb.tif), at least one of them",
            ));
        }
        let name = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let name = name.file_name().unwrap_or_default().to_string_lossy().to_string();
        Self::assemble(path, &name, &note, parts, hints)
    }

    fn assemble(
        path: &Path,
        name: &str,
        note: &Sidecar,
        parts: Vec<Part>,
        hints: &OpenHints,
    ) -> Result<Self, SceneError> {
        let refuse = |what: String, expected: &str| Err(SceneError::new(path, SceneErrorKind::Bands, what, expected));
        let Some(first) = parts.first() else {
            return refuse("no files".to_owned(), "at least one band");
        };
        let (width, height) = (first.info.width, first.info.height);
        for part in &parts {
            if (part.info.width, part.info.height) != (width, height) {
                return Err(SceneError::new(
                    &part.file.path,
                    SceneErrorKind::Bands,
                    format!(
                        "{} x {} pixels beside a first band of {width} x {height}",
                        part.info.width, part.info.height
                    ),
                    "bands of one size (resample the coarser ones)",
                ));
            }
        }
        let mut bands: Vec<Band> = parts
            .iter()
            .flat_map(|part| part.file.planes.iter().map(|(band, _)| *band))
            .collect();
        bands.sort();
        if bands.windows(2).any(|pair| pair.first() == pair.last()) {
            return refuse("one band is there twice".to_owned(), "each band once");
        }
        if bands.is_empty() {
            return refuse(
                "no band that is known here".to_owned(),
                "blue, green, red, nir, vv or vh",
            );
        }
        let mut warnings = Vec::new();
        let georef = parts.iter().find_map(|part| part.info.georef.clone());
        let kind = if bands.iter().any(|band| band.is_radar()) {
            SensorKind::Sar
        } else {
            SensorKind::Optical
        };
        let note_gsd_m = note.sensor.as_ref().and_then(|sensor| sensor.gsd_m);
        let georef = georef.unwrap_or_else(|| {
            warnings.push("no georeference: positions are pixels only".to_owned());
            Georef::None {
                gsd_m: hints.gsd_m.or(note_gsd_m),
            }
        });
        let grid = Grid { width, height, georef };
        let measured = grid.gsd_mid_m().map(|(across, down)| (across * down).sqrt());
        if measured.is_none() && grid.is_referenced() {
            let what = "the middle of the scene is no place on Earth";
            return Err(SceneError::new(
                path,
                SceneErrorKind::Georeference,
                what,
                "a georeference that fits the scene",
            ));
        }
        let sensor = match &note.sensor {
            Some(given) => Sensor {
                name: given.name.clone(),
                kind: given.kind,
                gsd_m: given.gsd_m.or(measured).unwrap_or(0.0),
            },
            None => stem::with_gsd(stem::sensor(name), kind, measured.unwrap_or(0.0)),
        };
        Ok(Self {
            id: note.scene.clone().unwrap_or_else(|| name.to_owned()),
            path: path.to_path_buf(),
            sensor,
            acquired_at: note
                .acquired_at
                .or_else(|| stem::acquired_at(name))
                .or_else(|| parts.iter().find_map(|part| part.info.header_time)),
            grid,
            bands,
            warnings,
            fits_u16: parts.iter().all(|part| part.info.fits_u16),
            piece: parts.iter().fold((1, 1), |(w, h), part| {
                (w.max(part.info.piece.0), h.max(part.info.piece.1))
            }),
            is_stripped: parts.iter().any(|part| part.info.piece.0 >= width),
            files: parts.into_iter().map(|part| part.file).collect(),
        })
    }
}

/// The description of a SAFE product, when the folder is one: that of a Sentinel-2 granule set, else the manifest.
fn safe_product(folder: &Path) -> Result<Option<PathBuf>, SceneError> {
    let manifest = folder.join("manifest.safe");
    if !manifest.is_file() {
        return Ok(None);
    }
    let entries = fs::read_dir(folder).map_err(|error| SceneError::io(folder, &error))?;
    let mut described: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("MTD_MSI") && name.ends_with(".xml")
        })
        .collect();
    described.sort();
    Ok(Some(described.into_iter().next().unwrap_or(manifest)))
}

/// Opens one file for its header and decides what its planes are.
fn part(path: &Path, note: &Sidecar, names: Option<&[String]>, is_radar: bool) -> Result<Part, SceneError> {
    let crs = sidecar::crs(path, note.crs.as_deref())?;
    let info = raster::open(path, crs.as_ref())?.info().clone();
    let bands = match names {
        Some(names) => {
            let bands = sidecar::bands(path, names)?;
            if bands.len() > info.samples {
                let what = format!("{} bands are named, the file has {}", bands.len(), info.samples);
                return Err(SceneError::new(path, SceneErrorKind::Bands, what, "one name a plane"));
            }
            bands
        }
        None if is_radar && !info.is_float && info.names.iter().all(Option::is_none) => vec![Some(Band::Vv)],
        None => assign(path, &info)?,
    };
    let alpha = info.alpha.filter(|alpha| bands.get(*alpha).is_none_or(Option::is_none));
    let planes = bands
        .iter()
        .enumerate()
        .filter_map(|(plane, band)| band.map(|band| (band, plane)))
        .collect();
    Ok(Part {
        file: SceneFile {
            path: path.to_path_buf(),
            crs,
            planes,
            alpha,
            nodata: note.nodata.or(info.nodata),
        },
        info,
    })
}

fn stem_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().to_string()
}
