//! The tags of a TIFF that matter here, checked against the limits before any pixel is decoded.

use std::io::{Read, Seek};

use quaywatch_protocol::contract::time::UnixMs;
use tiff::{TiffResult, decoder::Decoder, tags::Tag};

use super::{Band, SceneErrorKind, geokeys, limits, raster::RasterInfo, tiff_head::Head};

const COMPRESSION_NONE: u16 = 1;
const COMPRESSION_JPEG: u16 = 7;
const PHOTOMETRIC_PALETTE: u16 = 3;
const PHOTOMETRIC_CMYK: u16 = 5;
const PHOTOMETRIC_YCBCR: u16 = 6;
const FORMAT_FLOAT: u16 = 3;
const FORMAT_COMPLEX_INT: u16 = 5;
const FORMAT_COMPLEX_FLOAT: u16 = 6;
const EXTRA_ALPHA: [u16; 2] = [1, 2];
const TAG_GDAL_METADATA: u16 = 42112;

/// Everything about a TIFF but its pixels.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub info: RasterInfo,
    pub bits: u16,
    pub sample_format: u16,
    pub is_uncompressed: bool,
    pub is_jpeg: bool,
    pub is_planar: bool,
    pub is_ycbcr: bool,
    pub is_tiled: bool,
    pub chunks_across: u32,
    pub chunks_per_plane: u32,
    pub offsets: Vec<u64>,
    pub counts: Vec<u64>,
}

/// Kind, what was found, what was expected.
pub(super) type Refusal = (SceneErrorKind, String, &'static str);

impl Facts {
    /// Planes that are stored apart.
    pub(super) const fn planes(&self) -> usize {
        if self.is_planar { self.info.samples } else { 1 }
    }

    /// Bytes of one decoded chunk.
    pub(super) fn chunk_bytes(&self) -> u64 {
        let (width, height) = self.info.chunk;
        let samples = if self.is_planar { 1 } else { self.info.samples as u64 };
        u64::from(width)
            .saturating_mul(u64::from(height.min(self.info.height)))
            .saturating_mul(samples)
            .saturating_mul(u64::from(self.bits / 8).max(1))
    }

    /// True for a chunk that a sparse file leaves out.
    pub(super) fn is_absent(&self, index: u32) -> bool {
        self.counts.get(index as usize) == Some(&0) && self.offsets.get(index as usize) == Some(&0)
    }

    /// Checks that every chunk lies within the file.
    pub(super) fn check_chunks(&self, file_bytes: u64) -> Result<(), String> {
        let needed = self.chunks_per_plane as usize * self.planes();
        if self.offsets.len() != needed || self.counts.len() != needed {
            return Err(format!(
                "{} strips or tiles are listed where {needed} are needed",
                self.offsets.len()
            ));
        }
        let (width, height) = self.info.chunk;
        let samples = if self.is_planar { 1 } else { self.info.samples as u64 };
        let row_bytes = u64::from(width) * samples * u64::from(self.bits / 8);
        for (index, (offset, count)) in self.offsets.iter().zip(&self.counts).enumerate() {
            let mut end = offset.saturating_add(*count);
            if self.is_uncompressed && !self.is_absent(index as u32) {
                // Uncompressed rows are read by position: they must be there, whatever the count says.
                let chunk_row = index as u32 % self.chunks_per_plane / self.chunks_across.max(1);
                let rows = if self.is_tiled {
                    height
                } else {
                    height.min(self.info.height.saturating_sub(chunk_row.saturating_mul(height)))
                };
                end = end.max(offset.saturating_add(row_bytes.saturating_mul(u64::from(rows))));
            }
            if end > file_bytes {
                return Err(format!(
                    "strip or tile {index} of {needed} ends at byte {end}, the file has {file_bytes} bytes: it is cut off or still being written"
                ));
            }
        }
        Ok(())
    }
}

/// Reads and checks the tags. The outer error is the decoder's, the inner one ours.
pub(super) fn read_facts<R: Read + Seek>(decoder: &mut Decoder<R>, head: &Head) -> TiffResult<Result<Facts, Refusal>> {
    let (width, height) = decoder.dimensions()?;
    let samples = decoder.find_tag_unsigned::<u16>(Tag::SamplesPerPixel)?.unwrap_or(1);
    let bits = decoder
        .find_tag_unsigned_vec::<u16>(Tag::BitsPerSample)?
        .unwrap_or_else(|| vec![1]);
    let formats = decoder
        .find_tag_unsigned_vec::<u16>(Tag::SampleFormat)?
        .unwrap_or_else(|| vec![1]);
    let compression = decoder
        .find_tag_unsigned::<u16>(Tag::Compression)?
        .unwrap_or(COMPRESSION_NONE);
    let photometric = decoder
        .find_tag_unsigned::<u16>(Tag::PhotometricInterpretation)?
        .unwrap_or(1);
    let is_planar = decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration)?.unwrap_or(1) == 2 && samples > 1;
    let extra = decoder
        .find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)?
        .unwrap_or_default();
    let (bit, format) = (
        bits.first().copied().unwrap_or(1),
        formats.first().copied().unwrap_or(1),
    );
    if let Some(refusal) = refusal(width, height, samples, bit, format, photometric) {
        return Ok(Err(refusal));
    }
    let is_tiled = decoder.find_tag(Tag::TileOffsets)?.is_some();
    let (chunk_width, chunk_height) = decoder.chunk_dimensions();
    let (offset_tag, count_tag) = if is_tiled {
        (Tag::TileOffsets, Tag::TileByteCounts)
    } else {
        (Tag::StripOffsets, Tag::StripByteCounts)
    };
    let offsets = decoder.find_tag_unsigned_vec::<u64>(offset_tag)?.unwrap_or_default();
    let counts = decoder.find_tag_unsigned_vec::<u64>(count_tag)?.unwrap_or_default();
    if chunk_width == 0 || chunk_height == 0 {
        return Ok(Err((
            SceneErrorKind::Damaged,
            "tiles of no size".to_owned(),
            "a whole TIFF",
        )));
    }
    let chunk_height = chunk_height
        .min(height.max(1))
        .max(if is_tiled { chunk_height } else { 1 });
    let georef = match geokeys::georef(&geo_tags(decoder)?) {
        Ok(georef) => georef,
        Err(what) => {
            return Ok(Err((
                SceneErrorKind::Georeference,
                what,
                "a georeference that this reader knows",
            )));
        }
    };
    let samples = usize::from(samples);
    // Extra samples stand last; the alpha plane is the one that is marked so.
    let alpha = extra
        .iter()
        .position(|kind| EXTRA_ALPHA.contains(kind))
        .and_then(|position| (samples + position).checked_sub(extra.len()))
        .filter(|plane| *plane < samples && samples > 1);
    let chunks_across = width.div_ceil(chunk_width);
    Ok(Ok(Facts {
        info: RasterInfo {
            width,
            height,
            samples,
            fits_u16: format == 1 && bit <= 16,
            chunk: (chunk_width, chunk_height),
            piece: (
                chunk_width,
                if compression == COMPRESSION_NONE && !is_tiled {
                    1
                } else {
                    chunk_height
                },
            ),
            georef,
            nodata: ascii(decoder, Tag::GdalNodata)?.and_then(|text| text.trim().parse().ok()),
            alpha,
            names: band_names(
                &ascii(decoder, Tag::Unknown(TAG_GDAL_METADATA))?.unwrap_or_default(),
                samples,
            ),
            is_rgb: head.is_rgb || photometric == PHOTOMETRIC_YCBCR,
            is_float: format == FORMAT_FLOAT,
            header_time: ascii(decoder, Tag::DateTime)?.and_then(|text| header_time(&text)),
        },
        bits: bit,
        sample_format: format,
        is_uncompressed: compression == COMPRESSION_NONE,
        is_jpeg: compression == COMPRESSION_JPEG,
        is_planar,
        is_ycbcr: photometric == PHOTOMETRIC_YCBCR,
        is_tiled,
        chunks_across,
        chunks_per_plane: chunks_across.saturating_mul(height.div_ceil(chunk_height)),
        offsets,
        counts,
    }))
}

fn refusal(width: u32, height: u32, samples: u16, bits: u16, format: u16, photometric: u16) -> Option<Refusal> {
    use SceneErrorKind::{Damaged, Limit, Unsupported};
    let pixels = u64::from(width) * u64::from(height);
    if width == 0 || height == 0 || samples == 0 {
        return Some((
            Damaged,
            format!("a raster of {width} x {height} pixels, {samples} bands"),
            "at least one pixel",
        ));
    }
    if width > limits::SCENE_SIDE_PX_MAX || height > limits::SCENE_SIDE_PX_MAX || pixels > limits::SCENE_PIXELS_MAX {
        let what = format!("a raster of {width} x {height} pixels");
        return Some((Limit, what, "at most 65,536 pixels a side and 1,073,741,824 in all"));
    }
    if usize::from(samples) > limits::BANDS_PER_FILE_MAX {
        return Some((Limit, format!("{samples} bands"), "at most 32 bands"));
    }
    if matches!(format, FORMAT_COMPLEX_INT | FORMAT_COMPLEX_FLOAT) {
        return Some((
            Unsupported,
            "complex samples (single-look complex radar)".to_owned(),
            "detected backscatter, like a GRD product",
        ));
    }
    if !matches!((bits, format), (8 | 16 | 32, 1 | 2) | (16 | 32 | 64, FORMAT_FLOAT)) {
        let what = format!("{bits}-bit samples of format {format}");
        return Some((
            Unsupported,
            what,
            "8-, 16- or 32-bit integers or 16-, 32- or 64-bit floats",
        ));
    }
    if matches!(photometric, PHOTOMETRIC_PALETTE | PHOTOMETRIC_CMYK) {
        return Some((
            Unsupported,
            "a palette or print-colour image".to_owned(),
            "plain bands (a classification map is no scene)",
        ));
    }
    None
}

fn geo_tags<R: Read + Seek>(decoder: &mut Decoder<R>) -> TiffResult<geokeys::GeoTags> {
    let mut doubles = |tag: Tag| -> TiffResult<Vec<f64>> {
        decoder
            .find_tag(tag)?
            .map_or_else(|| Ok(Vec::new()), tiff::decoder::ifd::Value::into_f64_vec)
    };
    let (scale, tie_points) = (doubles(Tag::ModelPixelScaleTag)?, doubles(Tag::ModelTiepointTag)?);
    let (transformation, params) = (doubles(Tag::ModelTransformationTag)?, doubles(Tag::GeoDoubleParamsTag)?);
    Ok(geokeys::GeoTags {
        scale,
        tie_points,
        transformation,
        doubles: params,
        directory: decoder
            .find_tag_unsigned_vec::<u16>(Tag::GeoKeyDirectoryTag)?
            .unwrap_or_default(),
        text: ascii(decoder, Tag::GeoAsciiParamsTag)?.unwrap_or_default(),
    })
}

/// A text tag; text that is no text is as good as absent.
fn ascii<R: Read + Seek>(decoder: &mut Decoder<R>, tag: Tag) -> TiffResult<Option<String>> {
    Ok(decoder.find_tag(tag)?.and_then(|value| value.into_string().ok()))
}

/// Band names from GDAL's metadata: `<Item name="DESCRIPTION" sample="0" role="description">Blue</Item>`.
fn band_names(metadata: &str, samples: usize) -> Vec<Option<Band>> {
    let mut names = vec![None; samples];
    for item in metadata
        .split("<Item")
        .filter(|item| item.contains("role=\"description\""))
    {
        let sample = item
            .split_once("sample=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .and_then(|(number, _)| number.parse::<usize>().ok());
        let text = item.split_once('>').and_then(|(_, rest)| rest.split_once('<'));
        if let (Some(sample), Some((text, _))) = (sample, text)
            && let Some(slot) = names.get_mut(sample)
        {
            *slot = Band::parse(text);
        }
    }
    names
}

/// `YYYY:MM:DD HH:MM:SS`, taken as UTC.
fn header_time(text: &str) -> Option<UnixMs> {
    let (date, time) = text.trim_end_matches('\0').trim().split_once(' ')?;
    UnixMs::parse(&format!("{}T{time}Z", date.replace(':', "-"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn band_descriptions_of_gdal_are_read() {
        let text = "<GDALMetadata>\n  <Item name=\"DESCRIPTION\" sample=\"1\" role=\"description\">NIR</Item>\n</GDALMetadata>";
        assert_eq!(band_names(text, 3), vec![None, Some(Band::Nir), None]);
    }

    #[test]
    fn the_header_time_is_utc() {
        assert_eq!(
            header_time("2024:03:13 01:30:00\0"),
            UnixMs::parse("2024-03-13T01:30:00Z").ok()
        );
        assert_eq!(header_time("yesterday"), None);
    }
}
