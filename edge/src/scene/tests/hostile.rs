//! Files that are broken, cut off, or lie: an error that names the file, never a panic, never much memory.
//! Mutations of every format: `edge/tests/hostile.rs`.

use std::{fs, path::Path};

use proptest::prelude::*;

use super::fixture;
use crate::scene::{OpenHints, Scene, SceneError, SceneErrorKind, Window, limits};

const FIXTURES: [&str; 9] = [
    "strips_none_u16",
    "strips_lzw_predictor_u16",
    "strips_packbits_u8",
    "tiles_deflate_u16",
    "tiles_zstd_u16",
    "tiles_none_planar_u16",
    "bigtiff_tiles_deflate_u16",
    "tiles_jpeg_rgb",
    "tie_points_u16",
];

/// Opens and reads everything, in pieces of at most a hundred rows.
fn read_all(path: &Path) -> Result<(), SceneError> {
    let scene = Scene::open(path, &OpenHints::default())?;
    let mut reader = scene.reader()?;
    let width = scene.grid.width.min(512);
    for y in (0..scene.grid.height.min(400)).step_by(100) {
        reader.read(Window::new(0, y, width, 100.min(scene.grid.height - y)), &scene.bands)?;
    }
    Ok(())
}

fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn error_of(name: &str, bytes: &[u8]) -> SceneError {
    let (_folder, path) = written(name, bytes);
    let error = read_all(&path).unwrap_err();
    assert_eq!(error.path, path, "the error names the file");
    error
}

#[test]
fn empty_files_and_files_that_are_no_rasters_say_so() {
    assert!(error_of("a.tif", b"").to_string().contains("empty"));
    for bytes in [&b"PK\x03\x04zip"[..], b"hello world, I am a text", b"II"] {
        assert_eq!(error_of("a.tif", bytes).kind, SceneErrorKind::NotARaster);
    }
    // With the feature `gdal` these are taken for what they claim to be, and are damaged.
    let expected = if cfg!(feature = "gdal") {
        SceneErrorKind::Damaged
    } else {
        SceneErrorKind::Unsupported
    };
    for bytes in [
        &b"\x00\x00\x00\x0cjP  \r\n\x87\n"[..],
        b"\x89HDF\r\n\x1a\n........",
        b"NITF02.10",
        b"<?xml version='1.0'?><not-a-product/>",
    ] {
        assert_eq!(error_of("a.jp2", bytes).kind, expected);
    }
}

#[test]
fn a_file_that_is_not_there_is_an_error_of_the_system() {
    let error = Scene::open(Path::new("/nowhere/a.tif"), &OpenHints::default()).unwrap_err();
    assert_eq!(error.kind, SceneErrorKind::Io);
}

#[test]
fn a_file_cut_off_anywhere_is_refused_before_its_pixels_are_used() {
    for name in FIXTURES {
        let whole = fs::read(fixture(name)).unwrap();
        for keep in [
            0,
            1,
            7,
            20,
            whole.len() / 4,
            whole.len() / 2,
            whole.len() - 200,
            whole.len() - 1,
        ] {
            let (_folder, path) = written("a.tif", &whole[..keep]);
            // The last bytes of a file may be a tag that nobody needs; everything else must be missed.
            if let Err(error) = read_all(&path) {
                assert_eq!(error.path, path);
            } else {
                assert_eq!(
                    keep,
                    whole.len() - 1,
                    "{name}: {keep} of {} bytes were enough",
                    whole.len()
                );
            }
        }
    }
}

/// Sets the value of a classic little-endian tag of type SHORT or LONG with one value.
fn with_tag(name: &str, tag: u16, value: u32) -> Vec<u8> {
    let mut bytes = fs::read(fixture(name)).unwrap();
    let directory = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    let count = u16::from_le_bytes(bytes[directory..directory + 2].try_into().unwrap()) as usize;
    for entry in 0..count {
        let at = directory + 2 + entry * 12;
        if u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()) == tag {
            // As LONG, so that any value fits.
            bytes[at + 2..at + 4].copy_from_slice(&4_u16.to_le_bytes());
            bytes[at + 8..at + 12].copy_from_slice(&value.to_le_bytes());
            return bytes;
        }
    }
    panic!("{name} has no tag {tag}");
}

#[test]
fn headers_that_lie_about_sizes_are_refused_within_the_limits() {
    // ImageWidth 256, ImageLength 257, TileWidth 322, TileLength 323, RowsPerStrip 278, SamplesPerPixel 277.
    for (name, tag, value) in [
        ("strips_none_u16", 256, 4_000_000_000),
        ("strips_none_u16", 257, 4_000_000_000),
        ("strips_none_u16", 256, 65_536),
        ("strips_none_u16", 257, 65_536),
        ("strips_none_u16", 256, 0),
        ("strips_lzw_predictor_u16", 256, 60_000),
        ("tiles_deflate_u16", 257, 60_000),
        ("tiles_deflate_u16", 322, 0),
        ("tiles_deflate_u16", 323, 4_000_000_000),
        ("strips_none_u16", 278, 0),
        ("strips_none_u16", 277, 60_000),
    ] {
        let error = error_of("a.tif", &with_tag(name, tag, value));
        assert!(!error.to_string().is_empty(), "{name} tag {tag} = {value}");
    }
}

#[test]
fn a_bomb_whose_one_strip_would_be_huge_is_refused() {
    // 30,000 columns, all rows in one deflated strip of four 16-bit bands: far over the limit of one chunk.
    let error = error_of("a.tif", &with_tag("tiles_deflate_u16", 322, 1 << 20));
    assert!(
        matches!(error.kind, SceneErrorKind::Limit | SceneErrorKind::Damaged),
        "{error}"
    );
    const { assert!(limits::CHUNK_BYTES_MAX < 64 << 20) }
}

#[test]
fn samples_of_a_kind_that_is_no_scene_are_refused_by_name() {
    // SampleFormat 339: complex; PhotometricInterpretation 262: palette.
    let error = error_of("a.tif", &with_tag("strips_none_f32", 339, 6));
    assert!(error.to_string().contains("complex"), "{error}");
    let error = error_of("a.tif", &with_tag("tie_points_u16", 262, 3));
    assert!(error.to_string().contains("palette"), "{error}");
}

#[test]
fn a_picture_that_claims_too_many_pixels_is_refused() {
    // A PNG header of 100,000 by 100,000 pixels with a correct checksum over nothing.
    let mut png = vec![0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13];
    let mut header = b"IHDR".to_vec();
    header.extend(100_000_u32.to_be_bytes());
    header.extend(100_000_u32.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut checksum = u32::MAX;
    for byte in &header {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            checksum = if checksum & 1 == 1 {
                checksum >> 1 ^ 0xedb8_8320
            } else {
                checksum >> 1
            };
        }
    }
    png.extend(header);
    png.extend((!checksum).to_be_bytes());
    png.extend([0, 0, 0, 0, b'I', b'D', b'A', b'T', 0x35, 0xaf, 0x06, 0x1e]);
    let error = error_of("a.png", &png);
    assert!(
        matches!(error.kind, SceneErrorKind::Limit | SceneErrorKind::Damaged),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_bytes_behind_a_tiff_header_never_panic(tail in proptest::collection::vec(any::<u8>(), 0..600), is_big in any::<bool>()) {
        let mut bytes = if is_big { b"MM\0\x2a\0\0\0\x08".to_vec() } else { b"II\x2a\0\x08\0\0\0".to_vec() };
        bytes.extend(tail);
        let (_folder, path) = written("a.tif", &bytes);
        let _ = read_all(&path);
    }
}
