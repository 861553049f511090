//! JPEG 2000, NITF, HDF5 and SAFE products through libgdal (cargo feature `gdal`), and the only file that names the `gdal` crate.
//!
//! The library knows formats that reach for other files and for the network (VRT, `/vsicurl/`), and a scene comes from elsewhere: so the drivers are
//! named, one set a kind of file, and no other opens it. A product's files are opened by its driver, which asks nobody: so every driver that no kind
//! needs is taken away before the first file, or a "measurement" that is a VRT would reach where it likes. Its block cache, by default a twentieth of the
//! machine's memory, is bounded. Sizes are checked against the limits before a sample is read. A product of several parts (HDF5, SAFE) is opened at its
//! first part of the finest resolution.

use std::{
    path::{Path, PathBuf},
    sync::Once,
};

use gdal::{
    Dataset, DatasetOptions, DriverManager, GdalOpenFlags, Metadata,
    config::{set_config_option, set_error_handler},
    errors::GdalError,
    raster::{ColorInterpretation, GdalDataType},
};

use super::{
    Affine, Band, Crs, Georef, SceneError, SceneErrorKind, TiePoint, TiePoints, Window, limits,
    raster::{RasterFile, RasterInfo},
};

/// Megabytes of decoded blocks that libgdal may keep, all files together.
const CACHE_MB: &str = "32";
/// Parts of a product that are looked through.
const PARTS_MAX: usize = 256;

/// Kinds of file, and who may open them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Jpeg2000,
    Nitf,
    Hdf5,
    /// The description of a product in a `.SAFE` folder.
    Safe,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Jpeg2000, Self::Nitf, Self::Hdf5, Self::Safe];

    const fn drivers(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg2000 => &["JP2OpenJPEG", "JP2KAK", "JP2ECW", "JP2MrSID"],
            // Compressed images inside of it are opened by their own drivers.
            Self::Nitf => &["NITF", "JP2OpenJPEG", "JPEG"],
            Self::Hdf5 => &["netCDF", "HDF5", "HDF5Image"],
            Self::Safe => &["SENTINEL2", "SAFE", "JP2OpenJPEG", "GTiff"],
        }
    }
}

/// A file that libgdal reads.
pub(super) struct GdalFile {
    path: PathBuf,
    dataset: Dataset,
    info: RasterInfo,
}

fn fault(path: &Path, error: &GdalError) -> SceneError {
    SceneError::new(
        path,
        SceneErrorKind::Damaged,
        format!("libgdal: {error}"),
        "a whole JPEG 2000, NITF, HDF5 or SAFE product",
    )
}

/// Bounds the library's cache, gives its warnings to the log, and leaves it no driver but those of [`Kind`].
fn restrict() {
    // Refused only when the library is not there at all, which opening says better.
    let _ = set_config_option("GDAL_CACHEMAX", CACHE_MB);
    // Otherwise they go to standard error; what matters of them comes back as errors.
    set_error_handler(|class, number, text| tracing::debug!(?class, number, text, "libgdal"));
    let wanted = Kind::ALL.map(Kind::drivers).concat();
    // From the end: each that goes moves those behind it.
    for index in (0..DriverManager::count()).rev() {
        if let Ok(driver) = DriverManager::get_driver(index)
            && !wanted.contains(&driver.short_name().as_str())
        {
            DriverManager::deregister_driver(&driver);
        }
    }
}

impl GdalFile {
    pub(super) fn open(path: &Path, kind: Kind) -> Result<Self, SceneError> {
        static LIBRARY: Once = Once::new();
        LIBRARY.call_once(restrict);
        let dataset = Self::dataset(path, &path.to_string_lossy(), kind)?;
        let dataset = match part_of(&dataset) {
            Some(part) => Self::dataset(path, &part, kind)?,
            None => dataset,
        };
        let info = info(path, &dataset)?;
        Ok(Self {
            path: path.to_path_buf(),
            dataset,
            info,
        })
    }

    fn dataset(path: &Path, name: &str, kind: Kind) -> Result<Dataset, SceneError> {
        let options = DatasetOptions {
            open_flags: GdalOpenFlags::GDAL_OF_READONLY | GdalOpenFlags::GDAL_OF_RASTER,
            allowed_drivers: Some(kind.drivers()),
            open_options: None,
            sibling_files: None,
        };
        Dataset::open_ex(name, options).map_err(|error| fault(path, &error))
    }
}

/// The first part of the finest resolution of a product that has parts and no bands of its own.
fn part_of(dataset: &Dataset) -> Option<String> {
    if dataset.raster_count() > 0 {
        return None;
    }
    let parts: Vec<String> = (1..=PARTS_MAX)
        .map_while(|number| dataset.metadata_item(&format!("SUBDATASET_{number}_NAME"), "SUBDATASETS"))
        .collect();
    let finest = parts.iter().find(|part| part.contains(":10m:"));
    finest.or(parts.first()).cloned()
}

fn info(path: &Path, dataset: &Dataset) -> Result<RasterInfo, SceneError> {
    let (width, height) = dataset.raster_size();
    let samples = dataset.raster_count();
    let within = |size: usize| {
        u32::try_from(size)
            .ok()
            .filter(|size| *size <= limits::SCENE_SIDE_PX_MAX)
    };
    let (Some(width), Some(height)) = (within(width), within(height)) else {
        let what = format!("a raster of {width} x {height} pixels");
        return Err(SceneError::new(
            path,
            SceneErrorKind::Limit,
            what,
            "at most 65,536 pixels a side",
        ));
    };
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || samples == 0 {
        let what = format!("a raster of {width} x {height} pixels, {samples} bands");
        return Err(SceneError::new(
            path,
            SceneErrorKind::Damaged,
            what,
            "at least one pixel",
        ));
    }
    if pixels > limits::SCENE_PIXELS_MAX || samples > limits::BANDS_PER_FILE_MAX {
        let what = format!("a raster of {width} x {height} pixels, {samples} bands");
        return Err(SceneError::new(
            path,
            SceneErrorKind::Limit,
            what,
            "at most 1,073,741,824 pixels and 32 bands",
        ));
    }
    let bands = (1..=samples)
        .map(|number| dataset.rasterband(number).map_err(|error| fault(path, &error)))
        .collect::<Result<Vec<_>, _>>()?;
    let colours: Vec<ColorInterpretation> = bands
        .iter()
        .map(gdal::raster::RasterBand::color_interpretation)
        .collect();
    let Some(first) = bands.first() else {
        return Err(SceneError::new(
            path,
            SceneErrorKind::Damaged,
            "no bands",
            "at least one",
        ));
    };
    let (block_width, block_height) = first.block_size();
    let block = |size: usize, most: u32| u32::try_from(size).unwrap_or(most).clamp(1, most);
    let chunk = (block(block_width, width), block(block_height, height));
    let kinds: Vec<GdalDataType> = bands.iter().map(gdal::raster::RasterBand::band_type).collect();
    if kinds.contains(&GdalDataType::Unknown) {
        let what = "complex samples (single-look complex radar)";
        let expected = "detected backscatter, like a GRD product";
        return Err(SceneError::new(path, SceneErrorKind::Unsupported, what, expected));
    }
    Ok(RasterInfo {
        width,
        height,
        samples,
        fits_u16: kinds
            .iter()
            .all(|kind| matches!(kind, GdalDataType::UInt8 | GdalDataType::UInt16)),
        chunk,
        piece: chunk,
        georef: georef(dataset).map_err(|what| {
            SceneError::new(
                path,
                SceneErrorKind::Georeference,
                what,
                "a georeference that this reader knows",
            )
        })?,
        nodata: first.no_data_value(),
        alpha: colours
            .iter()
            .position(|colour| *colour == ColorInterpretation::AlphaBand),
        names: bands
            .iter()
            .map(|band| {
                let described = band.description().ok().and_then(|text| band_of(&text));
                described.or_else(|| band_of(&band.metadata_item("POLARIZATION", "")?))
            })
            .collect(),
        is_rgb: colours.first() == Some(&ColorInterpretation::RedBand),
        is_float: kinds.first().is_some_and(GdalDataType::is_floating),
        header_time: None,
    })
}

/// The band that a description starts with: `B4, central wavelength 665 nm`, `VV`.
fn band_of(description: &str) -> Option<Band> {
    let name = description.split([',', ' ']).next()?;
    Band::parse(name)
}

/// Its transform and reference system, else its ground control points; `None` where it has neither.
fn georef(dataset: &Dataset) -> Result<Option<Georef>, String> {
    if let Ok([x0, xx, xy, y0, yx, yy]) = dataset.geo_transform()
        && let Some(crs) = crs(dataset.spatial_ref().ok())?
    {
        let transform = Affine { x0, y0, xx, xy, yx, yy };
        return Ok(Some(Georef::Affine { transform, crs }));
    }
    let points = dataset.gcps();
    if points.is_empty() {
        return Ok(None);
    }
    if points.len() > limits::TIE_POINTS_MAX {
        return Err(format!("{} ground control points", points.len()));
    }
    let crs = crs(dataset.gcp_spatial_ref())?.unwrap_or_else(Crs::geographic);
    let ties = points
        .iter()
        .map(|point| {
            let (lon, lat) = crs
                .to_lonlat(point.x(), point.y())
                .ok_or_else(|| format!("the ground control point {}, {} is no place", point.x(), point.y()))?;
            Ok(TiePoint {
                px: point.pixel(),
                py: point.line(),
                lon,
                lat,
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    Ok(Some(Georef::TiePoints(TiePoints::new(&ties)?)))
}

/// By its EPSG code, else by its definition; `None` where there is none.
fn crs(reference: Option<gdal::spatial_ref::SpatialRef>) -> Result<Option<Crs>, String> {
    let Some(reference) = reference else { return Ok(None) };
    let code = reference.auth_code().ok().and_then(|code| u32::try_from(code).ok());
    if let Some(crs) = code.and_then(|code| Crs::from_epsg(code).ok()) {
        return Ok(Some(crs));
    }
    match reference.to_proj4() {
        Ok(definition) if !definition.trim().is_empty() => Crs::from_proj_string("the file's", &definition).map(Some),
        _ => Ok(None),
    }
}

impl RasterFile for GdalFile {
    fn info(&self) -> &RasterInfo {
        &self.info
    }

    fn read(&mut self, window: Window, planes: &[usize], out: &mut [Vec<f32>]) -> Result<(), SceneError> {
        let size = (window.width as usize, window.height as usize);
        for (plane, out) in planes.iter().zip(out.iter_mut()) {
            out.clear();
            out.resize(size.0 * size.1, 0.0);
            self.dataset
                .rasterband(plane + 1)
                .and_then(|band| band.read_into_slice((window.x as isize, window.y as isize), size, size, out, None))
                .map_err(|error| fault(&self.path, &error))?;
        }
        Ok(())
    }
}
