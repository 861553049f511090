//! Hostile scenes: bombs against the real program under a memory limit of the system, and mutations of every format against the reader.
//!
//! A bomb is a small file that says, or unpacks to, something huge. Each is given to `quaywatch-edge detect` with [`DATA_KB_MAX`] of memory: it must
//! end by itself, with an exit code, and where it is refused name the file. `PROPTEST_CASES` sets how many mutations are tried.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod bombs;

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use bombs::{deflated, jpeg, lzw, png, tiff, zstandard};
use proptest::prelude::*;
use quaywatch_edge::scene::{OpenHints, Scene, SceneError, Window};

/// Data segment of the program that reads a bomb, kilobytes (the unit of `ulimit -d`): stacks, the heap, all that is mapped privately.
const DATA_KB_MAX: u32 = 256 << 10;

struct Bomb {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Bomb {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        Self { _folder: folder, path }
    }

    fn detect(&self) -> Output {
        let limit = format!("ulimit -d {DATA_KB_MAX}; exec \"$0\" \"$@\"");
        Command::new("sh")
            .args(["-c", &limit, env!("CARGO_BIN_EXE_quaywatch-edge"), "detect"])
            .args(["--detector", "classical", "--gsd", "10", "--threads", "1"])
            .arg(&self.path)
            .output()
            .unwrap()
    }

    /// It is refused, and the message names the file and says this.
    fn is_refused(&self, because: &str) {
        let told = self.detect();
        let text = String::from_utf8_lossy(&told.stderr);
        assert_eq!(told.status.code(), Some(1), "{text}");
        assert!(text.contains(&self.path.display().to_string()), "{text}");
        assert!(text.contains(because), "{text}");
    }

    /// No more of it is unpacked than its place in the file has room for.
    fn is_harmless(&self) {
        let told = self.detect();
        let text = String::from_utf8_lossy(&told.stderr);
        assert!(matches!(told.status.code(), Some(0 | 1)), "{:?}: {text}", told.status);
    }
}

#[test]
fn the_deflated_bomb_is_one() {
    let mut start = vec![1; 1 << 20];
    let mut reader = flate2::read::ZlibDecoder::new(std::io::Cursor::new(deflated()));
    reader.read_exact(&mut start).unwrap();
    assert!(start.iter().all(|byte| *byte == 0));
}

#[test]
fn tiles_that_unpack_to_more_than_their_size_are_read_as_far_as_they_count() {
    for (compression, payload) in [(8, deflated()), (50_000, zstandard()), (5, lzw())] {
        assert!(payload.len() < 4 << 20, "{compression}: {}", payload.len());
        Bomb::new("bomb.tif", &tiff(compression, 512, &payload)).is_harmless();
    }
}

#[test]
fn tiles_that_are_huge_by_their_own_account_are_refused() {
    for compression in [8, 50_000, 5] {
        Bomb::new("bomb.tif", &tiff(compression, 30_000, &[0; 64])).is_refused("at most 48 MB");
    }
}

#[test]
fn a_jpeg_tile_that_says_more_pixels_than_its_tile_is_refused_before_it_is_decoded() {
    Bomb::new("bomb.tif", &tiff(7, 512, &jpeg(0xc0, 16_000, 16_000))).is_refused("16000 x 16000");
    Bomb::new("bomb.tif", &tiff(7, 512, &jpeg(0xc2, 16_000, 16_000))).is_refused("16000 x 16000");
    let twice = [
        jpeg(0xc0, 512, 512)[..21].to_vec(),
        jpeg(0xc0, 16_000, 16_000)[2..].to_vec(),
    ]
    .concat();
    Bomb::new("bomb.tif", &tiff(7, 512, &twice)).is_refused("two frame headers");
}

#[test]
fn big_tiffs_that_count_to_the_sky_are_refused() {
    let head = |entries: u64| {
        let mut bytes = b"II\x2b\0\x08\0\0\0\x10\0\0\0\0\0\0\0".to_vec();
        bytes.extend(entries.to_le_bytes());
        bytes
    };
    Bomb::new("bomb.tif", &head(1 << 40)).is_refused("entries");
    // A tag of 2^60 numbers where the offsets of its tiles should be.
    let mut bytes = head(1);
    bytes.extend(324_u16.to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend((1_u64 << 60).to_le_bytes());
    bytes.extend([0; 16]);
    Bomb::new("bomb.tif", &bytes).is_refused("bomb.tif");
}

#[test]
fn pictures_that_unpack_to_more_than_they_say_are_read_as_far_as_they_count() {
    Bomb::new("bomb.png", &png(64, &[(b"IDAT", deflated())])).is_harmless();
    let text = [b"note\0\0".to_vec(), deflated()].concat();
    Bomb::new("bomb.png", &png(64, &[(b"zTXt", text), (b"IDAT", Vec::new())])).is_harmless();
    let profile = [b"p\0\0".to_vec(), deflated()].concat();
    Bomb::new("bomb.png", &png(64, &[(b"iCCP", profile), (b"IDAT", Vec::new())])).is_harmless();
}

#[test]
fn pictures_that_take_more_than_their_limit_are_refused() {
    Bomb::new("bomb.png", &png(60_000, &[(b"IDAT", deflated())])).is_refused("60000 x 60000");
    Bomb::new("bomb.jpg", &jpeg(0xc0, 60_000, 60_000)).is_refused("MB");
    // Within the pixels, and its coefficients are not within the memory.
    Bomb::new("bomb.jpg", &jpeg(0xc2, 5_600, 5_600)).is_refused("baseline");
    let long = Bomb::new("bomb.jpg", &jpeg(0xc0, 64, 64));
    let file = fs::OpenOptions::new().write(true).open(&long.path).unwrap();
    file.set_len(3 << 30).unwrap();
    long.is_refused("3072 MB");
}

#[test]
fn texts_beside_a_scene_that_never_end_are_refused() {
    let scene = Bomb::new("a.tif", &fs::read(fixtures().join("strips_none_u16.tif")).unwrap());
    let sidecar = fs::File::create(scene.path.with_extension("json")).unwrap();
    sidecar.set_len(3 << 30).unwrap();
    let told = scene.detect();
    assert_eq!(told.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&told.stderr).contains("a.json"));
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every format that is read: the fixtures, and pictures made here.
static FORMATS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let mut formats: Vec<(String, Vec<u8>)> = fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tif"))
        .map(|path| ("a.tif".to_owned(), fs::read(path).unwrap()))
        .collect();
    formats.sort();
    let picture = image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8 * 6, y as u8 * 8, 90]));
    for (name, format) in [("a.png", image::ImageFormat::Png), ("a.jpg", image::ImageFormat::Jpeg)] {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        formats.push((name.to_owned(), bytes.into_inner()));
    }
    assert!(formats.len() > 20);
    formats
});

/// Texts that may stand beside a scene, or be one.
const TEXTS: [(&str, &str); 4] = [
    ("a.wld", "10\n0\n0\n-10\n500000\n4800000\n"),
    (
        "a.prj",
        "PROJCS[\"WGS 84 / UTM zone 53N\",AUTHORITY[\"EPSG\",\"32653\"]]",
    ),
    (
        "a.json",
        r#"{"scene":"x","acquired_at":"2024-03-13T01:30:00Z","sensor":{"name":"P","kind":"optical","gsd_m":3.0},"bands":["red","green","blue"],"nodata":0,"crs":"EPSG:32653"}"#,
    ),
    (
        "m.toml",
        "scene='x'\nacquired_at='2024-03-13T01:30:00Z'\n[sensor]\nname='P'\nkind='optical'\n[[files]]\npath='a.png'\nbands=['red','green','blue']\n",
    ),
];

/// Opens and reads a scene whole, in pieces.
fn read_all(path: &Path) -> Result<(), SceneError> {
    let scene = Scene::open(path, &OpenHints::default())?;
    let mut reader = scene.reader()?;
    let width = scene.grid.width.min(512);
    for y in (0..scene.grid.height.min(400)).step_by(100) {
        reader.read(Window::new(0, y, width, 100.min(scene.grid.height - y)), &scene.bands)?;
    }
    Ok(())
}

#[derive(Clone, Debug)]
enum Change {
    Set(prop::sample::Index, u8),
    SetInHead(prop::sample::Index, u8),
    Word(prop::sample::Index, u32),
    Cut(prop::sample::Index),
    Copy(prop::sample::Index, prop::sample::Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, value)| Change::Set(at, value)),
        (index(), any::<u8>()).prop_map(|(at, value)| Change::SetInHead(at, value)),
        (
            index(),
            prop_oneof![Just(0), Just(u32::MAX), Just(0x7fff_ffff), any::<u32>()]
        )
            .prop_map(|(at, value)| Change::Word(at, value)),
        index().prop_map(Change::Cut),
        (index(), index(), 1_u8..40).prop_map(|(from, to, count)| Change::Copy(from, to, count)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = bytes.len();
        if length <= 48 {
            break;
        }
        match change {
            Change::Set(at, value) => bytes[at.index(length)] = *value,
            Change::SetInHead(at, value) => bytes[at.index(length.min(600))] = *value,
            Change::Word(at, value) => {
                let at = at.index(length - 4);
                bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
            Change::Cut(at) => bytes.truncate(at.index(length).max(1)),
            Change::Copy(from, to, count) => {
                let (from, to) = (from.index(length - 40), to.index(length - 40));
                bytes.copy_within(from..from + usize::from(*count), to);
            }
        }
    }
    bytes
}

proptest! {
    #[test]
    fn a_mutated_scene_of_any_format_is_read_or_refused_by_name(
        which in any::<prop::sample::Index>(), changes in proptest::collection::vec(change(), 1..8),
    ) {
        let (name, bytes) = which.get(&FORMATS);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, changed(bytes.clone(), &changes)).unwrap();
        if let Err(error) = read_all(&path) {
            prop_assert!(error.to_string().contains(name.as_str()), "{}", error);
        }
    }

    #[test]
    fn mutated_texts_beside_a_scene_are_read_or_refused(
        which in 0..TEXTS.len(), changes in proptest::collection::vec(change(), 1..5),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (_, picture) = FORMATS.iter().find(|(name, _)| name == "a.png").unwrap();
        fs::write(folder.path().join("a.png"), picture).unwrap();
        for (index, (name, text)) in TEXTS.iter().enumerate() {
            let bytes = text.as_bytes().to_vec();
            let bytes = if index == which { changed(bytes, &changes) } else { bytes };
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        for scene in ["a.png", "m.toml"] {
            let _ = read_all(&folder.path().join(scene));
        }
    }
}
