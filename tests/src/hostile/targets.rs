//! The readers, each as a function of bytes.

use std::{cell::RefCell, fs, path::Path};

use quaywatch_central::{
    config::Config as CentralConfig, ingest::registry::Registry, notify, replay::read::looks, rules::Rules,
    sites::SiteFile,
};
use quaywatch_edge::{
    ais::{self, Coverage, Ears},
    config::Config as EdgeConfig,
    scene::{OpenHints, Scene, SceneError, Window},
};
use quaywatch_protocol::{
    ack::Ack,
    codec,
    contract::{Look, Site, convert, time::UnixMs},
    envelope,
    event::Event,
    ids::{EventId, StationId},
    limits,
    sign::{self, SigningKey},
};

use super::{Target, api};

const MIB: usize = 1 << 20;
/// Rows of a scene that are read at once, and how many in all: enough to reach every decoder, little enough for many inputs.
const ROWS: u32 = 64;
const ROWS_MAX: u32 = 256;
const COLUMNS_MAX: u32 = 512;

/// Every reader of bytes from outside.
pub const ALL: [Target; 14] = [
    Target {
        name: "envelope",
        input_bytes_max: 2 * limits::ENVELOPE_BYTES_MAX,
        memory_bytes_max: MIB,
        seeds: &[
            "protocol/tests/golden/look-busy.bin",
            "protocol/tests/golden/gap.bin",
            "protocol/tests/golden/chip.bin",
            "protocol/tests/golden/started.bin",
            "protocol/tests/golden/ack.bin",
        ],
        read: read_envelope,
    },
    Target {
        name: "event",
        input_bytes_max: limits::ENVELOPE_BYTES_MAX,
        memory_bytes_max: 4 * MIB,
        seeds: &[
            "protocol/tests/golden/look-busy.bin",
            "protocol/tests/golden/look-everything.bin",
            "protocol/tests/golden/look-empty.bin",
            "protocol/tests/golden/gap.bin",
            "protocol/tests/golden/chip.bin",
        ],
        read: read_event,
    },
    Target {
        name: "ack",
        input_bytes_max: 4096,
        memory_bytes_max: MIB,
        seeds: &["protocol/tests/golden/ack.bin"],
        read: read_ack,
    },
    Target {
        name: "look-json",
        input_bytes_max: MIB,
        memory_bytes_max: 16 * MIB,
        seeds: &["protocol/tests/golden/busy-look.json"],
        read: read_look_json,
    },
    Target {
        name: "site",
        input_bytes_max: MIB,
        memory_bytes_max: 64 * MIB,
        seeds: &["protocol/tests/golden/site.geojson", "deploy/sites/vostochny.geojson"],
        read: read_site,
    },
    Target {
        name: "rules",
        input_bytes_max: MIB,
        memory_bytes_max: 64 * MIB,
        seeds: &["deploy/rules/default.toml"],
        read: |bytes| drop(Rules::from_toml(&String::from_utf8_lossy(bytes))),
    },
    Target {
        name: "registry",
        input_bytes_max: MIB,
        memory_bytes_max: 64 * MIB,
        seeds: &["tests/corpus/seeds/stations.toml"],
        read: |bytes| drop(Registry::parse(&String::from_utf8_lossy(bytes))),
    },
    Target {
        name: "config-central",
        input_bytes_max: MIB,
        memory_bytes_max: 64 * MIB,
        seeds: &["tests/corpus/seeds/central.toml"],
        read: |bytes| drop(CentralConfig::parse(&String::from_utf8_lossy(bytes), Path::new("."))),
    },
    Target {
        name: "config-edge",
        input_bytes_max: MIB,
        memory_bytes_max: 64 * MIB,
        seeds: &["tests/corpus/seeds/edge.toml"],
        read: |bytes| {
            drop(EdgeConfig::parse(
                &String::from_utf8_lossy(bytes),
                Path::new("/nowhere"),
            ))
        },
    },
    Target {
        name: "notify",
        input_bytes_max: MIB,
        memory_bytes_max: 64 * MIB,
        seeds: &["tests/corpus/seeds/notify.toml"],
        read: |bytes| in_file("notify.toml", bytes, |file| drop(notify::file::read(file))),
    },
    Target {
        name: "ais",
        input_bytes_max: 64 << 10,
        memory_bytes_max: 16 * MIB,
        seeds: &["tests/corpus/seeds/sentences.nmea"],
        read: read_ais,
    },
    Target {
        name: "api",
        input_bytes_max: MIB,
        memory_bytes_max: 64 * MIB,
        seeds: &[],
        read: api::ask,
    },
    Target {
        name: "scene-tiff",
        input_bytes_max: MIB,
        memory_bytes_max: 160 * MIB,
        seeds: &[
            "edge/tests/fixtures/strips_none_u16.tif",
            "edge/tests/fixtures/strips_lzw_predictor_u16.tif",
            "edge/tests/fixtures/strips_packbits_u8.tif",
            "edge/tests/fixtures/tiles_deflate_u16.tif",
            "edge/tests/fixtures/tiles_zstd_u16.tif",
            "edge/tests/fixtures/bigtiff_tiles_deflate_u16.tif",
            "edge/tests/fixtures/tiles_jpeg_rgb.tif",
            "edge/tests/fixtures/tie_points_u16.tif",
            "edge/tests/fixtures/rotated_matrix_u8.tif",
        ],
        read: |bytes| in_file("scene.tif", bytes, |file| drop(read_scene(file))),
    },
    Target {
        name: "scene-picture",
        input_bytes_max: MIB,
        memory_bytes_max: 160 * MIB,
        seeds: &["tests/corpus/seeds/scene.png", "tests/corpus/seeds/scene.jpg"],
        read: |bytes| {
            in_file("scene.png", bytes, |file| {
                // Pictures need to be told where they are.
                let world = b"10\n0\n0\n-10\n500000\n4700000\n";
                let _ = fs::write(file.with_extension("pgw"), world);
                drop(read_scene(file));
            });
        },
    },
];

/// The target of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn read_envelope(bytes: &[u8]) {
    if let Ok(opened) = envelope::open(bytes)
        && sign::verify(&opened, &key().verifying_key()).is_ok()
    {
        // Only what its key signed comes here, and that is what was sealed.
        drop(codec::decode(opened.payload));
    }
}

/// The payload behind the gate: any bytes, as if they were signed. What is read is what would be written, byte for byte.
fn read_event(bytes: &[u8]) {
    let payload = envelope::open(bytes).map_or(bytes, |opened| opened.payload);
    let Ok(event) = codec::decode(payload) else { return };
    assert_eq!(
        codec::encode(&event).ok().as_deref(),
        Some(payload),
        "two payloads for one event"
    );
    if let (Event::Look(look), Ok(station)) = (&event, StationId::new("gs-1")) {
        let id = EventId {
            station,
            epoch: 1,
            seq: 1,
        };
        let look = convert::from_wire(&id, look, None, Some(UnixMs(0)));
        assert!(serde_json::to_string(&look).is_ok(), "a look that cannot be shown");
    }
}

fn read_ack(bytes: &[u8]) {
    let believed = Ack::open(bytes, |_| Some(key().verifying_key()));
    if let Ok(ack) = believed {
        assert!(bytes.len() < 200, "{ack:?} in {} bytes", bytes.len());
    }
}

fn read_look_json(bytes: &[u8]) {
    let mut read = Vec::new();
    // A source in memory cannot fail.
    let _ = looks(bytes, &mut read, &mut |_| {});
    read.extend(serde_json::from_slice::<Look>(bytes));
    for look in &read {
        if let Ok(wire) = convert::to_wire(look) {
            let encoded = codec::encode(&Event::Look(wire)).unwrap_or_default();
            assert!(
                codec::decode(&encoded).is_ok(),
                "a look that was written cannot be read"
            );
        }
    }
}

fn read_site(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = Site::from_geojson(&text);
    let _ = SiteFile::parse(&text);
}

fn read_ais(bytes: &[u8]) {
    let mut ears = Ears::new(Coverage::default());
    for line in bytes.split(|byte| *byte == b'\n') {
        ears.take(line, UnixMs(1_700_000_000_000));
    }
    let text = String::from_utf8_lossy(bytes);
    let _ = ais::decode_lines(text.as_bytes());
}

fn read_scene(file: &Path) -> Result<(), SceneError> {
    let scene = Scene::open(file, &OpenHints::default())?;
    let mut reader = scene.reader()?;
    let width = scene.grid.width.min(COLUMNS_MAX);
    for y in (0..scene.grid.height.min(ROWS_MAX)).step_by(ROWS as usize) {
        reader.read(Window::new(0, y, width, ROWS.min(scene.grid.height - y)), &scene.bands)?;
    }
    Ok(())
}

thread_local! {
    /// One folder a thread for readers that want a file.
    static FOLDER: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
}

fn in_file(name: &str, bytes: &[u8], read: impl FnOnce(&Path)) {
    FOLDER.with_borrow_mut(|folder| {
        if folder.is_none() {
            *folder = tempfile::tempdir().ok();
        }
        if let Some(folder) = folder {
            let file = folder.path().join(name);
            if fs::write(&file, bytes).is_ok() {
                read(&file);
            }
        }
    });
}
