//! Writing a scene as a tiled, deflated, 16-bit GeoTIFF, and as a PNG to look at.
//!
//! Bands are interleaved by pixel in the order blue, green, red, near infrared; value = surface reflectance × 10,000;
//! 0 = no data. Georeference: ModelPixelScale, ModelTiepoint at the outer corner of the first pixel, and three GeoKeys
//! (projected, pixel is area, EPSG code of the UTM zone).

use std::{fs::File, io::BufWriter, path::Path};

use quaywatch_protocol::contract::time::UnixMs;
use thiserror::Error;
use tiff::{
    TiffError,
    encoder::{
        TiffEncoder,
        compression::{CompressionAlgorithm, Deflate, DeflateLevel},
    },
    tags::Tag,
};

use super::{geo::Grid, math::P};

/// Edge of a TIFF tile, pixels: what cloud-optimised files use most.
const TILE_PX: usize = 256;
/// Bands in a scene.
pub const BANDS: usize = 4;
/// TIFF code of the Adobe deflate compression.
const COMPRESSION_DEFLATE: u16 = 8;
/// TIFF code of horizontal differencing.
const PREDICTOR_HORIZONTAL: u16 = 2;

/// TIFF tag in which GDAL keeps its metadata.
const GDAL_METADATA: u16 = 42_112;
/// Names of the bands, as GDAL writes them.
const BAND_NAMES: &str = "<GDALMetadata>\n\
  <Item name=\"DESCRIPTION\" sample=\"0\" role=\"description\">blue</Item>\n\
  <Item name=\"DESCRIPTION\" sample=\"1\" role=\"description\">green</Item>\n\
  <Item name=\"DESCRIPTION\" sample=\"2\" role=\"description\">red</Item>\n\
  <Item name=\"DESCRIPTION\" sample=\"3\" role=\"description\">nir</Item>\n\
</GDALMetadata>";

/// A rendered scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// Pixel grid, in metres from `anchor_m`.
    pub grid: Grid,
    /// Easting and northing of the grid's anchor, metres.
    pub anchor_m: P,
    /// EPSG code of the UTM zone.
    pub epsg: u16,
    /// When it was acquired, where that is known.
    pub acquired_at: Option<UnixMs>,
    /// Pixels row by row from the north; blue, green, red, near infrared.
    pub pixels: Vec<[u16; BANDS]>,
}

/// Why a scene could not be written.
#[derive(Debug, Error)]
#[error("cannot write scene {path}: {reason}")]
pub struct WriteError {
    path: String,
    reason: String,
}

/// Writes the scene as a GeoTIFF.
///
/// # Errors
/// The path and the reason, when the file cannot be written.
pub fn write_geotiff(path: &Path, raster: &Raster) -> Result<(), WriteError> {
    let fault = |reason: String| WriteError {
        path: path.display().to_string(),
        reason,
    };
    let file = File::create(path).map_err(|error| fault(error.to_string()))?;
    encode(BufWriter::new(file), raster).map_err(|error| fault(error.to_string()))
}

fn encode(out: impl std::io::Write + std::io::Seek, raster: &Raster) -> Result<(), TiffError> {
    let grid = &raster.grid;
    let mut encoder = TiffEncoder::new(out)?;
    let mut directory = encoder.image_directory()?;
    let (mut offsets, mut counts) = (Vec::new(), Vec::new());
    for top in (0..grid.height).step_by(TILE_PX) {
        for left in (0..grid.width).step_by(TILE_PX) {
            let mut packed = Vec::new();
            Deflate::with_level(DeflateLevel::Fast).write_to(&mut packed, &tile(raster, left, top))?;
            offsets.push(directory.write_data(packed.as_slice())? as u32);
            counts.push(packed.len() as u32);
        }
    }
    let corner = raster.anchor_m + grid.corner;
    directory.write_tag(Tag::ImageWidth, grid.width as u32)?;
    directory.write_tag(Tag::ImageLength, grid.height as u32)?;
    directory.write_tag(Tag::BitsPerSample, &[16_u16; BANDS][..])?;
    directory.write_tag(Tag::Compression, COMPRESSION_DEFLATE)?;
    // Grey first band and three further samples of no set meaning: how multi-band products are stored.
    directory.write_tag(Tag::PhotometricInterpretation, 1_u16)?;
    directory.write_tag(Tag::SamplesPerPixel, BANDS as u16)?;
    directory.write_tag(Tag::PlanarConfiguration, 1_u16)?;
    directory.write_tag(Tag::ExtraSamples, &[0_u16; BANDS - 1][..])?;
    directory.write_tag(Tag::SampleFormat, &[1_u16; BANDS][..])?;
    directory.write_tag(Tag::Predictor, PREDICTOR_HORIZONTAL)?;
    directory.write_tag(Tag::TileWidth, TILE_PX as u32)?;
    directory.write_tag(Tag::TileLength, TILE_PX as u32)?;
    directory.write_tag(Tag::TileOffsets, offsets.as_slice())?;
    directory.write_tag(Tag::TileByteCounts, counts.as_slice())?;
    directory.write_tag(Tag::ModelPixelScaleTag, &[grid.gsd_m, grid.gsd_m, 0.0][..])?;
    directory.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, corner.x, corner.y, 0.0][..])?;
    let keys = [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, raster.epsg];
    directory.write_tag(Tag::GeoKeyDirectoryTag, &keys[..])?;
    directory.write_tag(Tag::GdalNodata, "0")?;
    directory.write_tag(Tag::Unknown(GDAL_METADATA), BAND_NAMES)?;
    if let Some(time) = raster.acquired_at {
        directory.write_tag(Tag::DateTime, header_time(time).as_str())?;
    }
    directory.finish()
}

/// A time as TIFF writes it: `2024:03:13 01:30:00`, here in UTC.
fn header_time(time: UnixMs) -> String {
    let text: String = time.to_string().chars().take(19).collect();
    text.replacen('-', ":", 2).replace('T', " ")
}

/// One tile as little-endian samples, differenced along each row, padded with the edge's zeros.
fn tile(raster: &Raster, left: usize, top: usize) -> Vec<u8> {
    let grid = &raster.grid;
    let mut bytes = Vec::with_capacity(TILE_PX * TILE_PX * BANDS * 2);
    for row in top..top + TILE_PX {
        let mut before = [0_u16; BANDS];
        for column in left..left + TILE_PX {
            let within = row < grid.height && column < grid.width;
            let pixel = raster
                .pixels
                .get(row * grid.width + column)
                .filter(|_| within)
                .copied()
                .unwrap_or_default();
            for (now, before) in pixel.iter().zip(before) {
                bytes.extend_from_slice(&now.wrapping_sub(before).to_ne_bytes());
            }
            before = pixel;
        }
    }
    bytes
}

/// Writes a picture for eyes: true colour on the left-hand bands, stretched like quick-looks are.
///
/// # Errors
/// The path and the reason, when the file cannot be written.
pub fn write_quicklook(path: &Path, raster: &Raster) -> Result<(), WriteError> {
    let grid = &raster.grid;
    let fault = |reason: String| WriteError {
        path: path.display().to_string(),
        reason,
    };
    let mut sample: Vec<u16> = raster
        .pixels
        .iter()
        .step_by(17)
        .flat_map(|px| [px[0], px[1], px[2]])
        .collect();
    sample.retain(|&value| value > 0);
    sample.sort_unstable();
    let at = |share: f64| sample.get((sample.len() as f64 * share) as usize).copied().unwrap_or(1);
    let (low, high) = (f32::from(at(0.005)) * 0.8, f32::from(at(0.985)));
    let level = |value: u16| {
        let share = ((f32::from(value) - low) / (high - low).max(1.0)).clamp(0.0, 1.0);
        (share.sqrt() * 255.0) as u8
    };
    let colours = raster
        .pixels
        .iter()
        .flat_map(|px| [level(px[2]), level(px[1]), level(px[0])])
        .collect();
    image::RgbImage::from_raw(grid.width as u32, grid.height as u32, colours)
        .ok_or_else(|| {
            fault(format!(
                "{} pixels do not fill {} x {}",
                raster.pixels.len(),
                grid.width,
                grid.height
            ))
        })?
        .save(path)
        .map_err(|error| fault(error.to_string()))
}
