//! References on the agent's disk: one file a zone and class of pixel size.
//!
//! File `SITE/ZONE[.TRACK].GSDdm[.bright].qref`, little endian throughout (`bright`: learnt under snow, or on ground as bright):
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `QREF` |
//! | 2 | version of the format, 1 |
//! | 1 | bands, 1..=4 |
//! | 1 | 0 |
//! | 4 | looks learnt from |
//! | 4 | mean brightness of the ground, f32 |
//! | 8, 8, 8, 8 | pixel size, origin east, origin north, side of a cell in metres, f64 |
//! | 4, 4 | columns, cells |
//! | a cell | looks u16, standing looks u16, standing since i64 (Unix ms), empty f32 × bands, standing f32 × bands |
//! | 32 | SHA-256 of all before |
//!
//! A file that is damaged, or of another version, is set aside with a note and learnt anew: a reference is knowledge, not evidence. Files are
//! written aside, synced and renamed: after a failure there is the old one or the new one. At [`FILES_MAX`] or [`BYTES_MAX`] a zone that
//! has no reference yet gets none, and [`FolderReferences::refused`] counts it; those that are there go on learning.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use quaywatch_protocol::contract::time::UnixMs;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::observe::References;
use crate::zones::{
    local::LocalZone,
    patch::{BANDS_MAX, Signature},
    reference::{CELLS_MAX, Cell, GroundKind, Reference},
};

const MAGIC: &[u8; 4] = b"QREF";
const FORMAT: u16 = 1;
const HEAD_BYTES: usize = 56;
const HASH_BYTES: usize = 32;
/// Largest file, bytes: all cells with all bands.
const FILE_BYTES_MAX: u64 = (HEAD_BYTES + HASH_BYTES + (CELLS_MAX + 1) * (12 + 8 * BANDS_MAX)) as u64;
/// Files of one site: 64 zones, several sensors, two kinds of ground.
pub const FILES_MAX: usize = 512;
/// Bytes of one site's files, all of which are in memory while its look is made.
pub const BYTES_MAX: u64 = 64 << 20;

/// A reference that could not be read or written.
#[derive(Debug, Error)]
#[error("{path}: {problem}")]
pub struct StoreError {
    path: PathBuf,
    problem: String,
}

impl StoreError {
    fn io(path: &Path, error: &io::Error) -> Self {
        Self {
            path: path.to_path_buf(),
            problem: error.to_string(),
        }
    }
}

/// The references of one site, in memory, with the folder they came from.
#[derive(Debug)]
pub struct FolderReferences {
    folder: PathBuf,
    known: Vec<(String, Reference)>,
    bytes: u64,
    limits: (usize, u64),
    /// Files that were set aside, or left out at a limit, with the reason.
    pub set_aside: Vec<String>,
    /// References that were not begun, or not read, because of a limit.
    pub refused: u64,
}

impl FolderReferences {
    /// Reads the references of a site; a folder that is not there yet has none.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn open(folder: &Path, site: &str) -> Result<Self, StoreError> {
        Self::open_within(folder, site, (FILES_MAX, BYTES_MAX))
    }

    fn open_within(folder: &Path, site: &str, limits: (usize, u64)) -> Result<Self, StoreError> {
        let folder = folder.join(site);
        let mut store = Self {
            folder: folder.clone(),
            known: Vec::new(),
            bytes: 0,
            limits,
            set_aside: Vec::new(),
            refused: 0,
        };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(store),
            Err(error) => return Err(StoreError::io(&folder, &error)),
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "qref"));
        paths.sort();
        for path in paths {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = fs::metadata(&path).map_or(0, |about| about.len());
            if !store.has_room(bytes) {
                store.refused += 1;
                continue;
            }
            match load(&path) {
                Ok(reference) => {
                    store.bytes += bytes;
                    store.known.push((name, reference));
                }
                Err(problem) => {
                    let aside = path.with_extension("qref.damaged");
                    fs::rename(&path, &aside).map_err(|error| StoreError::io(&path, &error))?;
                    store
                        .set_aside
                        .push(format!("{}: {problem}; set aside, learnt anew", path.display()));
                }
            }
        }
        Ok(store)
    }

    fn has_room(&self, bytes: u64) -> bool {
        self.known.len() < self.limits.0 && self.bytes.saturating_add(bytes) <= self.limits.1
    }

    /// Keeps what a look taught, and says how many references that were.
    ///
    /// # Errors
    /// The file that cannot be written.
    pub fn learn(&mut self, learnt: &[(LocalZone, Reference)]) -> Result<u64, StoreError> {
        fs::create_dir_all(&self.folder).map_err(|error| StoreError::io(&self.folder, &error))?;
        let mut count = 0;
        for (zone, reference) in learnt {
            let name = name_of(zone, reference.gsd_m, reference.ground_kind());
            let bytes = encode(reference);
            let place = self.known.iter().position(|(other, _)| *other == name);
            if place.is_none() && !self.has_room(bytes.len() as u64) {
                self.refused += 1;
                continue;
            }
            let path = self.folder.join(format!("{name}.qref"));
            replace(&path, &bytes).map_err(|error| StoreError::io(&path, &error))?;
            count += 1;
            match place.and_then(|place| self.known.get_mut(place)) {
                Some((_, known)) => known.clone_from(reference),
                None => {
                    self.bytes += bytes.len() as u64;
                    self.known.push((name, reference.clone()));
                }
            }
        }
        Ok(count)
    }
}

/// Writes a file aside, has it on the disk, and puts it in place of the old one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("qref.part");
    let mut file = fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)
}

impl References for FolderReferences {
    fn find(&self, zone: &LocalZone, gsd_m: f64, ground: GroundKind) -> Option<&Reference> {
        let name = name_of(zone, gsd_m, ground);
        self.known
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, reference)| reference)
    }
}

/// Sensors of nearly one pixel size share a reference: sizes are told in steps of a factor of one and a half.
fn name_of(zone: &LocalZone, gsd_m: f64, ground: GroundKind) -> String {
    let step = (gsd_m.max(0.1).ln() / 1.5_f64.ln()).round();
    let class_dm = (10.0 * 1.5_f64.powf(step)).round();
    let track = if zone.track.is_empty() {
        String::new()
    } else {
        format!(".{}", zone.track)
    };
    let bright = match ground {
        GroundKind::Plain => "",
        GroundKind::Bright => ".bright",
    };
    format!("{}{track}.{class_dm}dm{bright}", zone.id)
}

fn encode(reference: &Reference) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD_BYTES + HASH_BYTES + reference.cells.len() * 44);
    out.extend(MAGIC);
    out.extend(FORMAT.to_le_bytes());
    out.extend([reference.bands, 0]);
    out.extend(reference.version.to_le_bytes());
    out.extend(reference.ground.to_le_bytes());
    for number in [
        reference.gsd_m,
        reference.origin_m[0],
        reference.origin_m[1],
        reference.cell_m,
    ] {
        out.extend(number.to_le_bytes());
    }
    out.extend((reference.columns as u32).to_le_bytes());
    out.extend((reference.cells.len() as u32).to_le_bytes());
    let bands = usize::from(reference.bands);
    for cell in &reference.cells {
        out.extend(cell.looks.to_le_bytes());
        out.extend(cell.standing_looks.to_le_bytes());
        out.extend(cell.standing_since.0.to_le_bytes());
        for signature in [&cell.empty, &cell.standing] {
            for band in 0..bands {
                out.extend(signature.values().get(band).copied().unwrap_or(0.0).to_le_bytes());
            }
        }
    }
    let hash = Sha256::digest(&out);
    out.extend(hash);
    out
}

fn load(path: &Path) -> Result<Reference, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("has {size} bytes: expected at most {FILE_BYTES_MAX}"));
    }
    decode(&fs::read(path).map_err(|error| error.to_string())?)
}

fn decode(bytes: &[u8]) -> Result<Reference, String> {
    let (body, hash) = bytes.split_last_chunk::<HASH_BYTES>().ok_or("is too short")?;
    if Sha256::digest(body).as_slice() != hash {
        return Err("is damaged: its hash does not fit".to_owned());
    }
    let mut rest = body;
    if take::<4>(&mut rest)? != *MAGIC {
        return Err("is no reference".to_owned());
    }
    let format = u16::from_le_bytes(take(&mut rest)?);
    if format != FORMAT {
        return Err(format!("has format {format}: expected {FORMAT}"));
    }
    let [bands, _] = take::<2>(&mut rest)?;
    let version = u32::from_le_bytes(take(&mut rest)?);
    let ground = f32::from_le_bytes(take(&mut rest)?);
    let [gsd_m, east_m, north_m, cell_m] = [
        f64::from_le_bytes(take(&mut rest)?),
        f64::from_le_bytes(take(&mut rest)?),
        f64::from_le_bytes(take(&mut rest)?),
        f64::from_le_bytes(take(&mut rest)?),
    ];
    let columns = u32::from_le_bytes(take(&mut rest)?) as usize;
    let count = u32::from_le_bytes(take(&mut rest)?) as usize;
    let sane = (1..=BANDS_MAX).contains(&usize::from(bands))
        && columns > 0
        && count <= CELLS_MAX + 1
        && gsd_m > 0.0
        && cell_m > 0.0;
    if !sane {
        return Err("has a head that makes no sense".to_owned());
    }
    let mut cells = Vec::with_capacity(count);
    for _ in 0..count {
        let looks = u16::from_le_bytes(take(&mut rest)?);
        let standing_looks = u16::from_le_bytes(take(&mut rest)?);
        let standing_since = UnixMs(i64::from_le_bytes(take(&mut rest)?));
        let mut signatures = [Signature::zeros(usize::from(bands)); 2];
        for signature in &mut signatures {
            for value in signature.values_mut() {
                *value = f32::from_le_bytes(take(&mut rest)?);
            }
        }
        let [empty, standing] = signatures;
        cells.push(Cell {
            empty,
            looks,
            standing,
            standing_looks,
            standing_since,
        });
    }
    if !rest.is_empty() {
        return Err(format!("has {} bytes too many", rest.len()));
    }
    Ok(Reference {
        version,
        gsd_m,
        bands,
        ground,
        origin_m: [east_m, north_m],
        cell_m,
        columns,
        cells,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], String> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or("ends too early")?;
    *rest = tail;
    Ok(*head)
}

#[cfg(test)]
mod tests;
