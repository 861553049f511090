//! Uncompressed TIFF data by position, and the one colour conversion that TIFF needs.

use std::io::{self, Read, Seek, SeekFrom};

use super::{Window, chunks::Samples, tiff_tags::Facts};

/// Type of an uncompressed sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    F64,
}

impl Kind {
    const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

/// Where each row of an uncompressed file stands.
#[derive(Clone, Debug)]
pub(super) struct RawLayout {
    kind: Kind,
    is_big_endian: bool,
    chunk: (u32, u32),
    chunks_across: u32,
    chunks_per_plane: u32,
    is_planar: bool,
    samples: usize,
    width: u32,
    height: u32,
    /// Tiles keep their padding in the file, the last strip does not.
    offsets: Vec<u64>,
}

impl RawLayout {
    /// The layout of an uncompressed file; `None` for any other.
    pub(super) fn new(facts: &Facts, is_big_endian: bool) -> Option<Self> {
        let kind = match (facts.bits, facts.sample_format) {
            _ if !facts.is_uncompressed => return None,
            (8, 1) => Kind::U8,
            (8, 2) => Kind::I8,
            (16, 1) => Kind::U16,
            (16, 2) => Kind::I16,
            (32, 1) => Kind::U32,
            (32, 2) => Kind::I32,
            (32, 3) => Kind::F32,
            (64, 3) => Kind::F64,
            _ => return None,
        };
        Some(Self {
            kind,
            is_big_endian,
            chunk: facts.info.chunk,
            chunks_across: facts.chunks_across,
            chunks_per_plane: facts.chunks_per_plane,
            is_planar: facts.is_planar,
            samples: facts.info.samples,
            width: facts.info.width,
            height: facts.info.height,
            offsets: facts.offsets.clone(),
        })
    }

    /// Reads a window of some planes; offset 0 marks a chunk that the file left out.
    pub(super) fn read(
        &self,
        file: &mut (impl Read + Seek),
        window: Window,
        planes: &[usize],
        out: &mut [Vec<f32>],
    ) -> io::Result<()> {
        let scene = Window::new(0, 0, self.width, self.height);
        let (chunk_width, chunk_height) = self.chunk;
        let mut bytes = Vec::new();
        for y in window.y..window.bottom() {
            for chunk_column in window.x / chunk_width..=(window.right() - 1) / chunk_width {
                let chunk_row = y / chunk_height;
                let area = Window::new(
                    chunk_column * chunk_width,
                    chunk_row * chunk_height,
                    chunk_width,
                    chunk_height,
                );
                let Some(part) = area.intersect(&window).and_then(|part| part.intersect(&scene)) else {
                    continue;
                };
                let place = chunk_row * self.chunks_across + chunk_column;
                let step = if self.is_planar { 1 } else { self.samples };
                let target = (y - window.y) as usize * window.width as usize + (part.x - window.x) as usize;
                let mut loaded = None;
                for (plane, out) in planes.iter().zip(out.iter_mut()) {
                    let (index, sample) = if self.is_planar {
                        (place + *plane as u32 * self.chunks_per_plane, 0)
                    } else {
                        (place, *plane)
                    };
                    if loaded != Some(index) {
                        self.load(file, index, (y - area.y, part.x - area.x, part.width), step, &mut bytes)?;
                        loaded = Some(index);
                    }
                    if let Some(slots) = out.get_mut(target..target + part.width as usize) {
                        self.convert(&bytes, sample, step, slots);
                    }
                }
            }
        }
        Ok(())
    }

    fn load(
        &self,
        file: &mut (impl Read + Seek),
        index: u32,
        (row, column, width): (u32, u32, u32),
        step: usize,
        bytes: &mut Vec<u8>,
    ) -> io::Result<()> {
        let pixel_bytes = (step * self.kind.bytes()) as u64;
        bytes.clear();
        bytes.resize(width as usize * pixel_bytes as usize, 0);
        let base = self.offsets.get(index as usize).copied().unwrap_or(0);
        if base == 0 {
            return Ok(());
        }
        let at = base + (u64::from(row) * u64::from(self.chunk.0) + u64::from(column)) * pixel_bytes;
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(bytes)
    }

    fn convert(&self, bytes: &[u8], sample: usize, step: usize, out: &mut [f32]) {
        let is_big = self.is_big_endian;
        match self.kind {
            Kind::U8 => fill(bytes, sample, step, out, |[a]: [u8; 1]| f32::from(a)),
            Kind::I8 => fill(bytes, sample, step, out, |[a]: [u8; 1]| f32::from(a as i8)),
            // What nearly every product has: the byte order is decided outside of the loop.
            Kind::U16 if is_big => fill(bytes, sample, step, out, |raw| f32::from(u16::from_be_bytes(raw))),
            Kind::U16 => fill(bytes, sample, step, out, |raw| f32::from(u16::from_le_bytes(raw))),
            Kind::I16 => fill(bytes, sample, step, out, |raw| {
                f32::from(i16::from_le_bytes(little(raw, is_big)))
            }),
            Kind::U32 => fill(bytes, sample, step, out, |raw| {
                u32::from_le_bytes(little(raw, is_big)) as f32
            }),
            Kind::I32 => fill(bytes, sample, step, out, |raw| {
                i32::from_le_bytes(little(raw, is_big)) as f32
            }),
            Kind::F32 => fill(bytes, sample, step, out, |raw| f32::from_le_bytes(little(raw, is_big))),
            Kind::F64 => fill(bytes, sample, step, out, |raw| {
                f64::from_le_bytes(little(raw, is_big)) as f32
            }),
        }
    }
}

fn little<const BYTES: usize>(mut raw: [u8; BYTES], is_big_endian: bool) -> [u8; BYTES] {
    if is_big_endian {
        raw.reverse();
    }
    raw
}

/// Every `step`th sample of `BYTES` bytes, from the one at `first`.
fn fill<const BYTES: usize>(
    bytes: &[u8],
    first: usize,
    step: usize,
    out: &mut [f32],
    value: impl Fn([u8; BYTES]) -> f32,
) {
    let (samples, _) = bytes.as_chunks::<BYTES>();
    if step == 1 {
        for (slot, raw) in out.iter_mut().zip(samples) {
            *slot = value(*raw);
        }
    } else {
        for (slot, raw) in out.iter_mut().zip(samples.iter().skip(first).step_by(step)) {
            *slot = value(*raw);
        }
    }
}

/// Full-range YCbCr (JPEG in TIFF) to RGB, by ITU-T T.871.
pub(super) fn ycbcr_to_rgb(samples: &Samples) -> Vec<u8> {
    let Samples::U8(values) = samples else {
        return Vec::new();
    };
    let mut out = Vec::with_capacity(values.len());
    for pixel in values.chunks_exact(3) {
        if let [y, cb, cr] = pixel {
            let (y, cb, cr) = (f32::from(*y), f32::from(*cb) - 128.0, f32::from(*cr) - 128.0);
            out.push((y + 1.402 * cr).round().clamp(0.0, 255.0) as u8);
            out.push((y - 0.344_136 * cb - 0.714_136 * cr).round().clamp(0.0, 255.0) as u8);
            out.push((y + 1.772 * cb).round().clamp(0.0, 255.0) as u8);
        }
    }
    out
}
