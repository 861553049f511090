//! The few bytes of a JPEG that say how much memory its decoding takes, read before anything is decoded.
//!
//! A JPEG says its size itself, wherever it stands: a tile of 256 pixels in a TIFF may hold a JPEG that says 16,384, and the decoder would make
//! room for that. A progressive one holds all of its coefficients, two bytes each, beside the picture.
//!
//! Format (ITU-T T.81, annex B): `FF D8`, then segments: `FF`, any number of `FF`, a marker, and, but for some markers, a big-endian length that
//! counts itself, and the rest. A frame header (SOF, markers C0 to CF but for C4, C8, CC) has precision, height, width and components. What follows
//! the start of scan (DA) is data.

use std::io::{self, Read, Seek, SeekFrom};

/// Segments before the picture's data; a large colour profile has some tens.
const SEGMENTS_MAX: usize = 2_048;
/// Bytes of one coefficient.
const COEFFICIENT_BYTES: u64 = 2;

/// What a frame header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Components.
    components: u32,
    is_progressive: bool,
}

impl Frame {
    /// Bytes that decoding takes: samples, and the coefficients of a progressive one.
    pub(super) fn decoding_bytes(&self) -> u64 {
        // Blocks are decoded whole, and subsampled components up to four of them together.
        let padded = |side: u32| u64::from(side).next_multiple_of(32);
        let samples = padded(self.width) * padded(self.height) * u64::from(self.components.max(3));
        samples * if self.is_progressive { 1 + COEFFICIENT_BYTES } else { 1 }
    }
}

/// The frame header before the first scan; `None` when there is none (tables alone), an error when there are two, for a decoder believes either.
pub(super) fn read_frame(file: &mut (impl Read + Seek)) -> io::Result<Option<Frame>> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut frame = None;
    if bytes::<2>(file)? != [0xff, 0xd8] {
        return Err(bad("it does not begin as a JPEG"));
    }
    for _ in 0..SEGMENTS_MAX {
        let Some(marker) = next_marker(file)? else {
            return Ok(frame);
        };
        match marker {
            0xd9 | 0xda => return Ok(frame),
            0x01 | 0xd0..=0xd8 => continue,
            _ => {}
        }
        let length = u64::from(u16::from_be_bytes(bytes(file)?));
        let rest = length
            .checked_sub(2)
            .ok_or_else(|| bad("a segment is shorter than its own length"))?;
        if !matches!(marker, 0xc0..=0xcf) || matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            file.seek(SeekFrom::Current(rest.cast_signed()))?;
            continue;
        }
        if frame.is_some() {
            return Err(bad("it has two frame headers"));
        }
        let [_, h1, h0, w1, w0, components] = bytes(file)?;
        let left = rest
            .checked_sub(6)
            .ok_or_else(|| bad("its frame header is too short"))?;
        file.seek(SeekFrom::Current(left.cast_signed()))?;
        frame = Some(Frame {
            width: u32::from(u16::from_be_bytes([w1, w0])),
            height: u32::from(u16::from_be_bytes([h1, h0])),
            components: u32::from(components),
            is_progressive: !matches!(marker, 0xc0 | 0xc1),
        });
    }
    Err(bad("it has too many segments before its data"))
}

/// The next marker; `None` at the end.
fn next_marker(file: &mut impl Read) -> io::Result<Option<u8>> {
    let mut one = [0_u8];
    // Some writers leave bytes between segments; decoders pass over them, and so does this.
    let mut was_ff = false;
    for _ in 0..=u16::MAX {
        if file.read(&mut one)? == 0 {
            return Ok(None);
        }
        match one[0] {
            0xff => was_ff = true,
            0 => was_ff = false,
            marker if was_ff => return Ok(Some(marker)),
            _ => {}
        }
    }
    Ok(None)
}

fn bytes<const COUNT: usize>(file: &mut impl Read) -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    const SOF: [u8; 10] = [0xff, 0xc0, 0, 11, 8, 0x10, 0, 0x20, 0, 1];
    const REST: [u8; 3] = [1, 0x11, 0];

    fn jpeg(parts: &[&[u8]]) -> Cursor<Vec<u8>> {
        Cursor::new([&[0xff, 0xd8][..], &parts.concat()].concat())
    }

    #[test]
    fn size_and_kind_are_read_behind_other_segments() {
        let app = [0xff, 0xe1, 0, 5, 0xff, 0xc0, 0];
        let found = read_frame(&mut jpeg(&[&app, &SOF, &REST, &[0xff, 0xda]]))
            .unwrap()
            .unwrap();
        assert_eq!(
            (found.width, found.height, found.is_progressive),
            (0x2000, 0x1000, false)
        );
        assert_eq!(found.decoding_bytes(), 0x2000 * 0x1000 * 3);
        let mut progressive = SOF;
        progressive[1] = 0xc2;
        let found = read_frame(&mut jpeg(&[&progressive, &REST])).unwrap().unwrap();
        assert_eq!(found.decoding_bytes(), 3 * 0x2000 * 0x1000 * 3);
    }

    #[test]
    fn tables_alone_have_no_frame_and_two_frames_are_refused() {
        assert_eq!(
            read_frame(&mut jpeg(&[&[0xff, 0xdb, 0, 3, 0, 0xff, 0xd9]])).unwrap(),
            None
        );
        assert!(read_frame(&mut jpeg(&[&SOF, &REST, &SOF, &REST])).is_err());
    }

    proptest! {
        #[test]
        fn random_segments_end(tail in proptest::collection::vec(prop_oneof![Just(0xff_u8), any::<u8>()], 0..400)) {
            let _ = read_frame(&mut jpeg(&[&tail]));
        }
    }
}
