//! TIFF files: tiled and stripped, classic and BigTIFF, all compressions that the decoder knows, read chunk by chunk.
//!
//! Uncompressed files are read row by row by position ([`super::tiff_raw`]), so that a scene in one single strip needs no more memory than a
//! window. Compressed chunks are decoded whole, and the last few of them are kept while windows move down the scene.

use std::{
    fs::File,
    io::{BufReader, Cursor},
    os::unix::fs::FileExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use tiff::{
    TiffError,
    decoder::{Decoder, Limits},
    tags::Tag,
};

use super::{
    SceneError, SceneErrorKind, Window,
    chunks::{ChunkCache, Samples},
    jpeg_frame::read_frame,
    limits,
    raster::{RasterFile, RasterInfo},
    tiff_head::{Patched, read_head},
    tiff_raw::RawLayout,
    tiff_tags::{Facts, read_facts},
};

/// JPEG blocks may reach beyond the edge of a strip or tile: side of the largest, pixels.
const JPEG_BLOCK_PX: u32 = 32;

pub(super) type TiffDecoder = Decoder<Patched<BufReader<File>>>;

/// An open TIFF.
pub(super) struct TiffFile {
    path: PathBuf,
    decoder: TiffDecoder,
    facts: Facts,
    raw: Option<RawLayout>,
    cache: ChunkCache,
}

/// Runs a call of the decoder: its errors name the file, and a panic on hostile input is an error too.
fn decoding<T>(path: &Path, call: impl FnOnce() -> Result<T, TiffError>) -> Result<T, SceneError> {
    let expected = "a TIFF that is whole and within the limits";
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            let kind = match &error {
                TiffError::UnsupportedError(_) => SceneErrorKind::Unsupported,
                TiffError::LimitsExceeded => SceneErrorKind::Limit,
                _ => SceneErrorKind::Damaged,
            };
            Err(SceneError::new(path, kind, error.to_string(), expected))
        }
        Err(_) => Err(SceneError::new(
            path,
            SceneErrorKind::Damaged,
            "the TIFF contradicts itself",
            expected,
        )),
    }
}

/// Refuses shared JPEG tables that hold a frame header: it would stand before the one of each strip or tile.
fn check_jpeg_tables(path: &Path, decoder: &mut TiffDecoder) -> Result<(), SceneError> {
    let Some(tables) = decoding(path, || decoder.find_tag(Tag::JPEGTables))? else {
        return Ok(());
    };
    let tables = decoding(path, || tables.into_u8_vec())?;
    match read_frame(&mut Cursor::new(tables)) {
        Ok(None) => Ok(()),
        found => {
            let what = found.map_or_else(|error| error.to_string(), |_| "they hold a frame header".to_owned());
            let what = format!("its JPEG tables: {what}");
            Err(SceneError::new(path, SceneErrorKind::Damaged, what, "tables alone"))
        }
    }
}

impl TiffFile {
    pub(super) fn open(path: &Path) -> Result<Self, SceneError> {
        let file = File::open(path).map_err(|error| SceneError::io(path, &error))?;
        let file_bytes = file.metadata().map_err(|error| SceneError::io(path, &error))?.len();
        let mut reader = BufReader::with_capacity(32 << 10, file);
        let head = read_head(&mut reader).map_err(|error| {
            SceneError::new(
                path,
                SceneErrorKind::Damaged,
                format!("its header: {error}"),
                "a whole TIFF",
            )
        })?;
        let mut limits = Limits::default();
        limits.decoding_buffer_size = limits::CHUNK_BYTES_MAX;
        limits.intermediate_buffer_size = limits::CHUNK_BYTES_MAX;
        limits.ifd_value_size = limits::TAG_BYTES_MAX;
        let mut decoder = decoding(path, || {
            Decoder::new(Patched::new(reader, &head)).map(|decoder| decoder.with_limits(limits))
        })?;
        let facts = decoding(path, || read_facts(&mut decoder, &head))
            .and_then(|facts| facts.map_err(|(kind, what, expected)| SceneError::new(path, kind, what, expected)))?;
        facts
            .check_chunks(file_bytes)
            .map_err(|what| SceneError::new(path, SceneErrorKind::Damaged, what, "a file that holds all its data"))?;
        if facts.is_jpeg {
            check_jpeg_tables(path, &mut decoder)?;
        }
        let raw = RawLayout::new(&facts, head.is_big_endian);
        let chunk_bytes = facts.chunk_bytes();
        if raw.is_none() && chunk_bytes > limits::CHUNK_BYTES_MAX as u64 {
            return Err(SceneError::new(
                path,
                SceneErrorKind::Limit,
                format!("one compressed strip or tile holds {} MB", chunk_bytes >> 20),
                format!("at most {} MB: rewrite it with tiles", limits::CHUNK_BYTES_MAX >> 20),
            ));
        }
        // Windows that move down a scene meet each strip or tile several times: all planes of one place are kept, and a row of them where
        // that is little.
        let place_bytes = chunk_bytes.saturating_mul(facts.planes() as u64) as usize;
        let row_bytes = place_bytes.saturating_mul(facts.chunks_across as usize);
        let cache_bytes = row_bytes
            .min(limits::CHUNK_CACHE_BYTES_MAX)
            .max(place_bytes)
            .min(limits::CHUNK_BYTES_MAX);
        Ok(Self {
            path: path.to_path_buf(),
            decoder,
            cache: ChunkCache::new(cache_bytes),
            facts,
            raw,
        })
    }

    fn chunk(&mut self, index: u32) -> Result<Arc<Samples>, SceneError> {
        if let Some(kept) = self.cache.get(index) {
            return Ok(kept);
        }
        let samples = if self.facts.is_absent(index) {
            Samples::Absent
        } else {
            if self.facts.is_jpeg {
                self.check_jpeg(index)?;
            }
            let decoder = &mut self.decoder;
            Samples::from_decoded(decoding(&self.path, || decoder.read_chunk(index))?)
        };
        let samples = Arc::new(samples);
        self.cache.put(index, &samples);
        Ok(samples)
    }

    /// Refuses a JPEG strip or tile that would take more memory than its place in the TIFF says: the decoder believes the JPEG.
    fn check_jpeg(&mut self, index: u32) -> Result<(), SceneError> {
        let refuse = |kind, what: String| {
            let expected = "JPEG strips and tiles of the size that the TIFF says";
            SceneError::new(&self.path, kind, format!("strip or tile {index}: {what}"), expected)
        };
        let place = |list: &[u64]| list.get(index as usize).copied().unwrap_or(0);
        let (offset, count) = (place(&self.facts.offsets), place(&self.facts.counts));
        if count > limits::CHUNK_BYTES_MAX as u64 {
            return Err(refuse(
                SceneErrorKind::Limit,
                format!("its JPEG has {} MB", count >> 20),
            ));
        }
        let mut bytes = vec![0; count as usize];
        let file = self.decoder.inner().inner().get_ref();
        (file.read_exact_at(&mut bytes, offset)).map_err(|error| SceneError::io(&self.path, &error))?;
        let frame = read_frame(&mut Cursor::new(bytes))
            .map_err(|error| refuse(SceneErrorKind::Damaged, error.to_string()))?
            .ok_or_else(|| refuse(SceneErrorKind::Damaged, "its JPEG has no frame header".to_owned()))?;
        let (width, height) = self.facts.info.chunk;
        if frame.width > width.next_multiple_of(JPEG_BLOCK_PX) || frame.height > height.next_multiple_of(JPEG_BLOCK_PX)
        {
            let (is_width, is_height) = (frame.width, frame.height);
            let what = format!("its JPEG says {is_width} x {is_height} pixels where the TIFF says {width} x {height}");
            return Err(refuse(SceneErrorKind::Damaged, what));
        }
        if frame.decoding_bytes() > limits::CHUNK_BYTES_MAX as u64 {
            let what = format!("its JPEG takes {} MB to decode", frame.decoding_bytes() >> 20);
            return Err(refuse(SceneErrorKind::Limit, what));
        }
        Ok(())
    }

    /// Copies one chunk's part of the window.
    fn copy_chunk(
        &self,
        samples: &Samples,
        area: Window,
        part: Window,
        window: Window,
        interleaved: (usize, usize),
        out: &mut [f32],
    ) -> Result<(), SceneError> {
        let (sample, step) = interleaved;
        for y in part.y..part.bottom() {
            let row = (y - area.y) as usize * area.width as usize + (part.x - area.x) as usize;
            let target = (y - window.y) as usize * window.width as usize + (part.x - window.x) as usize;
            let copied = out
                .get_mut(target..target + part.width as usize)
                .is_some_and(|slots| samples.copy_strided(row * step + sample, step, slots));
            if !copied {
                return Err(SceneError::new(
                    &self.path,
                    SceneErrorKind::Damaged,
                    "a strip or tile holds fewer samples than its header says",
                    "a whole TIFF",
                ));
            }
        }
        Ok(())
    }
}

impl RasterFile for TiffFile {
    fn info(&self) -> &RasterInfo {
        &self.facts.info
    }

    fn keep_little(&mut self) {
        let place_bytes = self.facts.chunk_bytes().saturating_mul(self.facts.planes() as u64);
        let bytes = (place_bytes as usize).clamp(limits::CHUNK_CACHE_LEAN_BYTES, limits::CHUNK_BYTES_MAX);
        self.cache = ChunkCache::new(bytes);
    }

    fn read(&mut self, window: Window, planes: &[usize], out: &mut [Vec<f32>]) -> Result<(), SceneError> {
        for plane in out.iter_mut() {
            plane.clear();
            plane.resize(window.pixels() as usize, 0.0);
        }
        if let Some(raw) = &self.raw {
            // Past the buffer: rows are as large as it is.
            let file = self.decoder.inner().inner().get_mut();
            return raw
                .read(file, window, planes, out)
                .map_err(|error| SceneError::io(&self.path, &error));
        }
        let (chunk_width, chunk_height) = self.facts.info.chunk;
        let step = if self.facts.is_planar {
            1
        } else {
            self.facts.info.samples
        };
        let mut converted = Vec::new();
        for chunk_row in window.y / chunk_height..=(window.bottom() - 1) / chunk_height {
            for chunk_column in window.x / chunk_width..=(window.right() - 1) / chunk_width {
                let area = Window::new(
                    chunk_column * chunk_width,
                    chunk_row * chunk_height,
                    chunk_width,
                    chunk_height,
                );
                // The decoder trims the chunks at the right and lower edge.
                let scene = Window::new(0, 0, self.facts.info.width, self.facts.info.height);
                let (Some(area), Some(part)) = (area.intersect(&scene), area.intersect(&window)) else {
                    continue;
                };
                let place = chunk_row * self.facts.chunks_across + chunk_column;
                if self.facts.is_ycbcr {
                    let samples = self.chunk(place)?;
                    for (index, (plane, out)) in planes.iter().zip(out.iter_mut()).enumerate() {
                        if index == 0 {
                            converted = super::tiff_raw::ycbcr_to_rgb(&samples);
                        }
                        let rgb = Samples::U8(std::mem::take(&mut converted));
                        self.copy_chunk(&rgb, area, part, window, (*plane, step), out)?;
                        if let Samples::U8(values) = rgb {
                            converted = values;
                        }
                    }
                    continue;
                }
                for (plane, out) in planes.iter().zip(out.iter_mut()) {
                    let (index, sample) = if self.facts.is_planar {
                        (place + *plane as u32 * self.facts.chunks_per_plane, 0)
                    } else {
                        (place, *plane)
                    };
                    let samples = self.chunk(index)?;
                    self.copy_chunk(&samples, area, part, window, (sample, step), out)?;
                }
            }
        }
        Ok(())
    }
}
