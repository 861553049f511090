//! Bombs: small files that say, or unpack to, something huge.

use flate2::Crc;

/// What a bomb unpacks to: more than the program may have.
const UNPACKED_BYTES: usize = 400 << 20;

/// A TIFF of one 8-bit tile of `side` pixels, with this payload.
pub fn tiff(compression: u16, side: u32, payload: &[u8]) -> Vec<u8> {
    let entries: [(u16, u16, u32); 10] = [
        (256, 4, side),
        (257, 4, side),
        (258, 3, 8),
        (259, 3, u32::from(compression)),
        (262, 3, 1),
        (277, 3, 1),
        (322, 4, side),
        (323, 4, side),
        (324, 4, 8 + 2 + 10 * 12 + 4),
        (325, 4, payload.len() as u32),
    ];
    let mut bytes = b"II\x2a\0\x08\0\0\0".to_vec();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// Zeros in a zlib stream of one block with fixed codes (RFC 1951, 3.2.6): a zero, then "258 bytes as one back", 13 bits each.
pub fn deflated() -> Vec<u8> {
    let (mut bytes, mut buffer, mut bits) = (vec![0x78, 0x01], 0_u64, 0);
    // Codes stand with their first bit lowest.
    let mut put = |code: u64, width: u32| {
        buffer |= (code.reverse_bits() >> (64 - width)) << bits;
        bits += width;
        while bits >= 8 {
            bytes.push(buffer as u8);
            buffer >>= 8;
            bits -= 8;
        }
    };
    // Last block; fixed codes (01, lowest bit first).
    put(0b1, 1);
    put(0b10, 2);
    put(0b0011_0000, 8);
    for _ in 0..UNPACKED_BYTES / 258 {
        put(0b1100_0101, 8);
        put(0, 5);
    }
    put(0, 7);
    put(0, 8);
    // The checksum: a reader that comes so far has lost already.
    bytes.extend([0; 4]);
    bytes
}

/// Zeros in a zstd frame of blocks that say "this byte so many times" (RFC 8878, 3.1.1.2).
pub fn zstandard() -> Vec<u8> {
    const BLOCK: usize = 128 << 10;
    // A frame without a content size, its window of 8 MB.
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 13 << 3];
    let blocks = UNPACKED_BYTES / BLOCK;
    for block in 0..blocks {
        let head = u32::from(block + 1 == blocks) | 1 << 1 | (BLOCK as u32) << 3;
        bytes.extend(&head.to_le_bytes()[..3]);
        bytes.push(0);
    }
    bytes
}

/// Zeros in TIFF's LZW: each code stands for one zero more than the last.
pub fn lzw() -> Vec<u8> {
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0);
    let mut put = |code: u32, width: u32| {
        buffer = buffer << width | code;
        bits += width;
        while bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
            buffer &= (1 << bits) - 1;
        }
    };
    let mut unpacked = 0;
    while unpacked < UNPACKED_BYTES {
        put(256, 9);
        put(0, 9);
        unpacked += 1;
        for code in 258_u32..4_094 {
            // The reader knows one code less than the writer, and codes grow one early (TIFF 6.0, section 13).
            let width = if code < 511 {
                9
            } else if code < 1_023 {
                10
            } else if code < 2_047 {
                11
            } else {
                12
            };
            put(code, width);
            unpacked += (code - 256) as usize;
        }
    }
    put(257, 12);
    put(0, 8);
    bytes
}

/// Start of a JPEG that says its size; nothing else is in it.
pub fn jpeg(marker: u8, width: u16, height: u16) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, marker, 0, 17, 8];
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes.extend([3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    bytes.extend([0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0, 0xff, 0xd9]);
    bytes
}

/// A PNG of 8-bit grey that says this size, with these chunks.
pub fn png(side: u32, chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(side.to_be_bytes());
    header.extend(side.to_be_bytes());
    header.extend([8, 0, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let all = [(b"IHDR", header)];
    for (name, body) in all.iter().chain(chunks).chain(&[(b"IEND", Vec::new())]) {
        let mut crc = Crc::new();
        crc.update(*name);
        crc.update(body);
        bytes.extend((body.len() as u32).to_be_bytes());
        bytes.extend(*name);
        bytes.extend(body);
        bytes.extend(crc.sum().to_be_bytes());
    }
    bytes
}
