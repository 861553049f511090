//! The few bytes of a TIFF that have to be known, and one changed, before the decoder sees the file.
//!
//! The decoder drops samples beyond the third of an "RGB" image, so the near infrared of a four-band product would be lost. An
//! image that says "RGB" (PhotometricInterpretation 2) is therefore presented to it as "BlackIsZero" (1), which it reads as plain bands:
//! [`Patched`] lays two bytes over the file as it is read. To know where they are, the first directory is walked here.
//!
//! The decoder also takes memory for as many values as a tag claims, before it looks whether the file holds them: a tag that claims
//! more than the file has, or than the limit, is refused here, whatever the type of its values.
//!
//! Format: bytes 0..2 are the byte order (`II` little, `MM` big); then 42, and the 4-byte offset of the first directory; or 43, 8, 0 and an
//! 8-byte offset (BigTIFF). A directory is a count (2 or 8 bytes) and entries of 12 or 20 bytes: tag, type, count, value or offset.

use std::io::{self, Read, Seek, SeekFrom};

use super::limits;

const TAG_PHOTOMETRIC: u16 = 262;
/// XMP; what describes the raster has lower numbers, or is made of numbers (GeoTIFF).
const FIRST_METADATA_TAG: u16 = 700;
const PHOTOMETRIC_RGB: u16 = 2;
const PHOTOMETRIC_BLACK_IS_ZERO: u16 = 1;

/// Facts of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// `MM` order.
    pub is_big_endian: bool,
    /// True when the image says that it is RGB.
    pub is_rgb: bool,
    /// Where the photometric interpretation stands.
    photometric_at: Option<u64>,
}

/// Walks the first directory.
pub(super) fn read_head(file: &mut (impl Read + Seek)) -> io::Result<Head> {
    let mut start = [0_u8; 4];
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut start)?;
    let is_big_endian = start[0] == b'M';
    let is_bigtiff = start.contains(&43);
    let mut head = Head {
        is_big_endian,
        is_rgb: false,
        photometric_at: None,
    };
    let directory = if is_bigtiff {
        file.seek(SeekFrom::Start(8))?;
        uint(file, 8, is_big_endian)?
    } else {
        uint(file, 4, is_big_endian)?
    };
    file.seek(SeekFrom::Start(directory))?;
    let entries = uint(file, if is_bigtiff { 8 } else { 2 }, is_big_endian)?;
    if entries > limits::DIRECTORY_ENTRIES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the directory claims {entries} entries"),
        ));
    }
    let (entry_bytes, head_bytes, value_at) = if is_bigtiff { (20, 8, 12) } else { (12, 2, 8) };
    for index in 0..entries {
        let at = directory.saturating_add(head_bytes + index * entry_bytes);
        file.seek(SeekFrom::Start(at))?;
        let tag = uint(file, 2, is_big_endian)? as u16;
        let kind = uint(file, 2, is_big_endian)?;
        let word = if is_bigtiff { 8 } else { 4 };
        let count = uint(file, word, is_big_endian)?;
        let bytes = if is_aside(tag, kind) {
            0
        } else {
            count.saturating_mul(value_bytes(kind))
        };
        if bytes > word as u64 {
            let offset = uint(file, word, is_big_endian)?;
            if bytes > limits::TAG_BYTES_MAX as u64 || offset.saturating_add(bytes) > length {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("tag {tag} claims {count} values at {offset}: the file has {length} bytes"),
                ));
            }
        }
        if tag != TAG_PHOTOMETRIC {
            continue;
        }
        file.seek(SeekFrom::Start(at + value_at))?;
        if kind == 3 && uint(file, 2, is_big_endian)? as u16 == PHOTOMETRIC_RGB {
            head.is_rgb = true;
            head.photometric_at = Some(at + value_at);
        }
    }
    // The decoder starts to read where it is given the file.
    file.seek(SeekFrom::Start(0))?;
    Ok(head)
}

/// True for bytes and text under the numbers of metadata (XMP, ICC, GDAL's own and private ones, from 700 on): they may be long, and are
/// not read unless they are asked for.
const fn is_aside(tag: u16, kind: u64) -> bool {
    tag >= FIRST_METADATA_TAG && matches!(kind, 1 | 2 | 7)
}

/// Bytes of a value of that type; 0 for types that there are not, which the decoder refuses.
const fn value_bytes(kind: u64) -> u64 {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 0,
    }
}

fn uint(file: &mut impl Read, bytes: usize, is_big_endian: bool) -> io::Result<u64> {
    let mut buffer = [0_u8; 8];
    let part = buffer.get_mut(..bytes).unwrap_or_default();
    file.read_exact(part)?;
    Ok(part.iter().enumerate().fold(0, |value, (index, byte)| {
        let shift = if is_big_endian { bytes - 1 - index } else { index };
        value | u64::from(*byte) << (8 * shift)
    }))
}

/// A reader with two bytes laid over the file.
#[derive(Debug)]
pub(super) struct Patched<R> {
    inner: R,
    position: u64,
    patch: Option<(u64, [u8; 2])>,
}

impl<R: Read + Seek> Patched<R> {
    pub(super) fn new(inner: R, head: &Head) -> Self {
        let value = if head.is_big_endian {
            PHOTOMETRIC_BLACK_IS_ZERO.to_be_bytes()
        } else {
            PHOTOMETRIC_BLACK_IS_ZERO.to_le_bytes()
        };
        Self {
            inner,
            position: 0,
            patch: head.photometric_at.map(|at| (at, value)),
        }
    }

    /// The reader below.
    pub(super) const fn inner(&mut self) -> &mut R {
        &mut self.inner
    }
}

impl<R: Read + Seek> Read for Patched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        if let Some((at, bytes)) = self.patch {
            for (offset, byte) in (at..).zip(bytes) {
                if let Some(place) = offset
                    .checked_sub(self.position)
                    .and_then(|place| usize::try_from(place).ok())
                    && place < got
                    && let Some(slot) = buffer.get_mut(place)
                {
                    *slot = byte;
                }
            }
        }
        self.position += got as u64;
        Ok(got)
    }
}

impl<R: Read + Seek> Seek for Patched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.inner.seek(to)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn little_rgb() -> Vec<u8> {
        let mut bytes = vec![b'I', b'I', 42, 0, 8, 0, 0, 0, 1, 0];
        bytes.extend([6, 1, 3, 0, 1, 0, 0, 0, 2, 0, 0, 0]); // tag 262, SHORT, one value: 2
        bytes.extend([0; 4]);
        bytes
    }

    #[test]
    fn an_rgb_image_is_presented_as_plain_bands_whatever_the_read_size() {
        let bytes = little_rgb();
        let head = read_head(&mut Cursor::new(&bytes)).unwrap();
        assert!(head.is_rgb && !head.is_big_endian);
        for size in 1..bytes.len() {
            let mut patched = Patched::new(Cursor::new(&bytes), &head);
            let mut seen: Vec<u8> = Vec::new();
            let mut buffer = vec![0; size];
            loop {
                let got = patched.read(&mut buffer).unwrap();
                if got == 0 {
                    break;
                }
                seen.extend(&buffer[..got]);
            }
            let mut expected = bytes.clone();
            expected[18] = 1;
            assert_eq!(seen, expected, "reads of {size} bytes");
        }
    }

    #[test]
    fn a_tag_that_claims_more_numbers_than_the_file_holds_is_refused_by_its_number() {
        let mut bytes = little_rgb();
        // Tag 273, LONG, eight million values at byte 22.
        bytes[10..22].copy_from_slice(&[0x11, 1, 4, 0, 1, 0, 124, 0, 22, 0, 0, 0]);
        let told = read_head(&mut Cursor::new(&bytes)).unwrap_err().to_string();
        assert!(told.contains("tag 273 claims 8126465 values"), "{told}");
        // As signed bytes, which it must not be, it would take as much; as somebody's text it is not read.
        bytes[12] = 6;
        assert!(read_head(&mut Cursor::new(&bytes)).is_err());
        bytes[10..13].copy_from_slice(&[0x80, 0xa4, 2]);
        assert!(read_head(&mut Cursor::new(&bytes)).is_ok());
    }

    #[test]
    fn a_directory_that_claims_too_much_is_refused() {
        let mut bytes = little_rgb();
        bytes[8..10].copy_from_slice(&[0xff, 0xff]);
        assert!(
            read_head(&mut Cursor::new(&bytes))
                .unwrap_err()
                .to_string()
                .contains("65535")
        );
    }
}
