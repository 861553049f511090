//! The folder of scenes: what in it is a scene, when one is finished, and where it goes afterwards.
//!
//! The folder is looked into at an interval rather than watched by the kernel: that works on any file system, network ones
//! included, and nothing is missed.
//!
//! # What is a scene
//!
//! | in the folder | is |
//! |---|---|
//! | a file | a scene, with the sidecars beside it that have its stem (`.json .toml .tfw .tifw .pgw .pngw .jgw .jpgw .wld .prj`, and `<file>.aux.xml`) |
//! | a folder | a scene of single-band files |
//! | a `.json` or `.toml` without a raster of its stem, that lists `files` | a scene of those files: a manifest |
//! | the same without `files` | a sidecar whose raster has not come yet: waits |
//! | `<scene>.done` | says that the scene of this file name or stem is complete |
//! | hidden names, `*.part *.partial *.tmp *.crdownload *.filepart` | being written: left alone, and so is a folder that holds one |
//! | `done/`, `quarantine/` | ours |
//!
//! # When it is finished
//!
//! When nothing of it changed (names, sizes, times) for a number of looks, or its `.done` is there. Every file named by a manifest
//! must be there too.
//!
//! # Afterwards
//!
//! Its looks and the note that it is done are in one transaction of the spool; only then is it moved to `done/` (or left where
//! it is). After a crash in between, the note is found and it is moved without a second look. A scene that cannot be read goes to
//! `quarantine/` with `<name>.reason.txt` beside it. Both folders keep a bounded number of scenes. Sidecars move before the
//! raster, so what is left after a crash is still a scene.

pub mod folder;
pub mod group;
pub mod tracker;

pub use folder::Folder;
pub use group::Group;
pub use tracker::Tracker;

/// Entries of the folder that are looked at in one go; more wait until some are gone.
pub const ENTRIES_MAX: usize = 10_000;
/// Files inside one folder scene: a Sentinel-2 product has 13 bands and some metadata.
pub const SCENE_FILES_MAX: usize = 1_000;
/// Bytes of a manifest that is looked into for its list of files.
pub const MANIFEST_BYTES_MAX: u64 = 256 << 10;
/// Folder of scenes that are done.
pub const DONE: &str = "done";
/// Folder of scenes that could not be read.
pub const QUARANTINE: &str = "quarantine";
/// Ending of the file that says why a scene is in quarantine.
pub const REASON_ENDING: &str = ".reason.txt";
