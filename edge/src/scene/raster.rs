//! What the readers of all file formats have in common.

use std::{fs::File, io::Read, path::Path};

use quaywatch_protocol::contract::time::UnixMs;

use super::{Band, Crs, Georef, SceneError, SceneErrorKind, Window, picture::PictureFile, tiff_file::TiffFile};

/// Facts about one raster file, known without decoding its pixels.
#[derive(Clone, Debug)]
pub(super) struct RasterInfo {
    pub width: u32,
    pub height: u32,
    /// Planes of samples, a transparency plane included.
    pub samples: usize,
    /// True when every sample is a whole number of 0..=65535.
    pub fits_u16: bool,
    /// Size of the pieces in which the file decodes.
    pub chunk: (u32, u32),
    /// Size of the least piece that can be read without decoding more than it: a chunk, or a row where the samples are found by position.
    pub piece: (u32, u32),
    pub georef: Option<Georef>,
    /// Sample value that means "no data".
    pub nodata: Option<f64>,
    /// Plane that is 0 where there are no data.
    pub alpha: Option<usize>,
    /// Names of the planes, where the file gives them.
    pub names: Vec<Option<Band>>,
    /// True when the file says that its first three planes are red, green, blue.
    pub is_rgb: bool,
    /// True when samples are fractions.
    pub is_float: bool,
    /// Time in the file's own header.
    pub header_time: Option<UnixMs>,
}

/// One open file.
pub(super) trait RasterFile: Send {
    /// Facts about it.
    fn info(&self) -> &RasterInfo;

    /// Keeps no more decoded chunks than one place of the raster has.
    fn keep_little(&mut self) {}

    /// Reads a window, which lies inside the raster, of the given planes; each `out` gets `window.pixels()` samples.
    fn read(&mut self, window: Window, planes: &[usize], out: &mut [Vec<f32>]) -> Result<(), SceneError>;
}

/// Opens a file by what its first bytes say, whatever its name.
///
/// `crs` is the reference system of a world file that has none of its own.
pub(super) fn open(path: &Path, crs: Option<&Crs>) -> Result<Box<dyn RasterFile>, SceneError> {
    let mut file = File::open(path).map_err(|error| SceneError::io(path, &error))?;
    let mut magic = [0_u8; 12];
    let mut got = 0;
    while got < magic.len() {
        match file
            .read(&mut magic[got..])
            .map_err(|error| SceneError::io(path, &error))?
        {
            0 => break,
            count => got += count,
        }
    }
    let expected = "a GeoTIFF, PNG or JPEG";
    let refuse = |what: String| Err(SceneError::new(path, SceneErrorKind::NotARaster, what, expected));
    match magic {
        _ if got == 0 => refuse("the file is empty".to_owned()),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Ok(Box::new(TiffFile::open(path)?)),
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] => Ok(Box::new(PictureFile::open(path, crs)?)),
        [0, 0, 0, 12, b'j', b'P', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => by_library(path, "JPEG 2000"),
        [0x89, b'H', b'D', b'F', ..] => by_library(path, "HDF5"),
        [b'N', b'I', b'T', b'F', ..] => by_library(path, "NITF"),
        [b'<', b'?', b'x', b'm', b'l', ..] => by_library(path, "SAFE"),
        _ => refuse(format!(
            "the first bytes ({}) are of no known raster format",
            hex(&magic[..got.min(4)])
        )),
    }
}

/// Formats that only libgdal reads.
#[cfg(feature = "gdal")]
fn by_library(path: &Path, format: &str) -> Result<Box<dyn RasterFile>, SceneError> {
    use super::gdal_file::{GdalFile, Kind};
    let kind = match format {
        "JPEG 2000" => Kind::Jpeg2000,
        "HDF5" => Kind::Hdf5,
        "NITF" => Kind::Nitf,
        _ => Kind::Safe,
    };
    Ok(Box::new(GdalFile::open(path, kind)?))
}

#[cfg(not(feature = "gdal"))]
fn by_library(path: &Path, format: &str) -> Result<Box<dyn RasterFile>, SceneError> {
    Err(SceneError::new(
        path,
        SceneErrorKind::Unsupported,
        format!("{format} is not read by this build"),
        "a GeoTIFF (gdal_translate makes one), or a build with the feature `gdal`",
    ))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(" ")
}
