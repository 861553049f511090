//! The configuration: a TOML file, checked as a whole, with every file that it names, before anything starts.
//!
//! [`keys`] lists every key once: the reader, the check for unknown keys, `check-config --explain` and the document come from
//! that list.

mod broker;
pub mod explain;
pub mod keys;
pub mod reader;
#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
};

use quaywatch_protocol::{contract::Site, ids::StationId, keyfile, limits::SITE_FILE_BYTES_MAX, sign::SigningKey};
pub use reader::Fault;
use reader::Reader;

use crate::{
    ais::CoverageArea,
    link::{acks::CentralKey, mqtt::Broker},
    spool::Limits,
};

/// Bytes of a configuration file: a commented one has 6 KiB.
pub const CONFIG_BYTES_MAX: u64 = 1 << 20;
/// Sites of one station: each makes a look of every scene that shows it.
pub const SITES_MAX: usize = crate::spool::BATCH_EVENTS_MAX - 1;
/// AIS sources of one station.
pub const AIS_SOURCES_MAX: usize = 8;

/// A checked configuration; what its files say is read.
#[derive(Debug)]
pub struct Config {
    /// Id of the station.
    pub station: StationId,
    /// Folder of the spool.
    pub data: PathBuf,
    /// The station's private key. Never shown: its type redacts itself.
    pub key: SigningKey,
    /// Its number.
    pub key_id: u16,
    /// Keys of central that are believed.
    pub central: Vec<CentralKey>,
    /// Watched sites, by id.
    pub sites: Vec<Site>,
    /// The folder of scenes.
    pub scenes: Scenes,
    /// Model file.
    pub model_file: PathBuf,
    /// Hash that the model must have, when configured.
    pub model_sha256: Option<[u8; 32]>,
    /// Least confidence of a vessel, when configured.
    pub min_confidence: Option<f64>,
    /// Evidence pictures of one scene.
    pub chips_per_scene: usize,
    /// The broker.
    pub broker: Broker,
    /// Events on the way at once.
    pub window_events: usize,
    /// How much the spool may hold.
    pub spool: Limits,
    /// Where AIS sentences come from, not yet looked into.
    pub ais_sources: Vec<String>,
    /// Areas in which reception is known to be good.
    pub ais_covered: Vec<CoverageArea>,
    /// Interval of health reports, seconds.
    pub health_interval_s: u32,
    /// Log lines as JSON.
    pub log_json: bool,
    /// What is logged.
    pub log_filter: String,
}

/// The folder of scenes and what happens to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenes {
    /// The folder.
    pub folder: PathBuf,
    /// Scenes that are done are moved to `done`; else they stay.
    pub move_done: bool,
    /// Scenes kept in `done`.
    pub done_keep: usize,
    /// Scenes kept in `quarantine`.
    pub quarantine_keep: usize,
    /// Interval between two looks into the folder, milliseconds.
    pub poll_ms: u32,
    /// Looks without a change after which a scene is finished.
    pub stable_polls: u32,
}

impl Config {
    /// Reads and checks a configuration file and the files that it names.
    ///
    /// # Errors
    /// Every fault found, not only the first.
    pub fn read(file: &Path) -> Result<Self, Vec<Fault>> {
        let fault = |problem: String| {
            vec![Fault {
                line: 0,
                place: file.display().to_string(),
                problem,
            }]
        };
        let length = fs::metadata(file)
            .map_err(|error| fault(format!("cannot be read: {error}")))?
            .len();
        if length > CONFIG_BYTES_MAX {
            return Err(fault(format!(
                "has {length} bytes: expected at most {CONFIG_BYTES_MAX}"
            )));
        }
        let text = fs::read_to_string(file).map_err(|error| fault(format!("cannot be read: {error}")))?;
        Self::parse(&text, file.parent().unwrap_or(Path::new("")))
    }

    /// Checks a configuration text; relative paths in it are relative to `folder`.
    ///
    /// # Errors
    /// Every fault found.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::new(text, folder);
        match read(&mut reader) {
            Some(config) if reader.faults.is_empty() => Ok(config),
            _ => {
                reader.faults.sort_by_key(|fault| fault.line);
                Err(reader.faults)
            }
        }
    }
}

/// Reads every key before it gives up, so that all faults are found: hence the values first, the `?` last.
fn read(reader: &mut Reader<'_>) -> Option<Config> {
    let station = reader.text("station");
    let station = station.and_then(|text| noted(reader, "station", StationId::new(&text)));
    let data = reader.path("data");
    let sites = reader.path("sites").and_then(|folder| read_sites(reader, &folder));
    let key = reader.path("key.file");
    let key = key.and_then(|file| read_file(reader, "key.file", &file, keyfile::read_signing));
    let key_id = reader.integer("key.id");
    let central = read_central(reader);
    let scenes = read_scenes(reader);
    let model_file = reader.path("model.file");
    if let Some(file) = model_file.as_ref().filter(|file| !file.is_file()) {
        reader.fault("model.file", format!("is {}, which is no file", file.display()));
    }
    let model_sha256 = reader.text("model.sha256").and_then(|text| {
        let hash = keyfile::parse_hex(&text).ok_or("is no SHA-256: expected 64 hexadecimal digits");
        noted(reader, "model.sha256", hash)
    });
    let min_confidence = reader.number("detect.min_confidence");
    let chips_per_scene = reader.integer("detect.chips_per_scene");
    let broker = broker::read(reader);
    let window_events = reader.integer("link.window_events");
    let events_max = reader.integer("spool.events_max");
    let bytes_max = reader.integer("spool.bytes_max");
    let ais_sources = reader.text_list("ais.sources");
    if ais_sources
        .as_ref()
        .is_some_and(|sources| sources.len() > AIS_SOURCES_MAX)
    {
        reader.fault("ais.sources", format!("has more than {AIS_SOURCES_MAX} entries"));
    }
    let covered = reader.text_list("ais.covered").unwrap_or_default();
    let ais_covered: Vec<CoverageArea> = (covered.iter())
        .filter_map(|area| {
            area.parse()
                .map_err(|problem: String| reader.fault("ais.covered", problem))
                .ok()
        })
        .collect();
    let health_interval_s = reader.integer("health.interval_s");
    let log_format = reader.text("log.format");
    let log_filter = reader.text("log.filter");
    if let Some(filter) = &log_filter {
        // The library that reads filters panics at some letters beyond ASCII, which no name of a module has.
        if !filter.is_ascii() {
            reader.fault(
                "log.filter",
                format!("is `{filter}`: expected a level, or a list of module=level, in ASCII"),
            );
        } else if let Err(error) = tracing_subscriber::EnvFilter::try_new(filter) {
            reader.fault("log.filter", format!("is `{filter}`: {error}"));
        }
    }
    Some(Config {
        station: station?,
        data: data?,
        key: key?,
        key_id: key_id?,
        central: central?,
        sites: sites?,
        scenes: scenes?,
        model_file: model_file?,
        model_sha256,
        min_confidence,
        chips_per_scene: chips_per_scene?,
        broker: broker?,
        window_events: window_events?,
        spool: Limits {
            events_max: events_max?,
            bytes_max: bytes_max?,
        },
        ais_sources: ais_sources?,
        ais_covered,
        health_interval_s: health_interval_s?,
        log_json: log_format? == "json",
        log_filter: log_filter?,
    })
}

/// The value, or its error noted as a fault of the key.
fn noted<T, E: std::fmt::Display>(reader: &mut Reader<'_>, path: &str, outcome: Result<T, E>) -> Option<T> {
    outcome.map_err(|error| reader.fault(path, error.to_string())).ok()
}

/// What a file that the key names holds, or its fault with the file's name.
fn read_file<T>(reader: &mut Reader<'_>, path: &str, file: &Path, read: fn(&Path) -> Result<T, String>) -> Option<T> {
    let content = read(file).map_err(|problem| format!("names {}, which {problem}", file.display()));
    noted(reader, path, content)
}

fn read_central(reader: &mut Reader<'_>) -> Option<Vec<CentralKey>> {
    let key_id: Option<u16> = reader.integer("central.key_id");
    let mut keys = Vec::new();
    for (path, later) in [("central.key", 0), ("central.next_key", 1)] {
        if let Some(text) = reader.text(path)
            && let Some(key) = noted(reader, path, keyfile::parse_verifying(&text))
        {
            let key_id = key_id?.saturating_add(later);
            keys.push(CentralKey { key_id, key });
        }
    }
    (!keys.is_empty()).then_some(keys)
}

fn read_scenes(reader: &mut Reader<'_>) -> Option<Scenes> {
    let folder = reader.path("scenes.folder");
    let after = reader.text("scenes.after");
    let done_keep = reader.integer("scenes.done_keep");
    let quarantine_keep = reader.integer("scenes.quarantine_keep");
    let poll_ms = reader.integer("scenes.poll_ms");
    let stable_polls = reader.integer("scenes.stable_polls");
    Some(Scenes {
        folder: folder?,
        move_done: after? == "move",
        done_keep: done_keep?,
        quarantine_keep: quarantine_keep?,
        poll_ms: poll_ms?,
        stable_polls: stable_polls?,
    })
}

/// Reads every site file of a folder; faults name the file, the zone and the field.
fn read_sites(reader: &mut Reader<'_>, folder: &Path) -> Option<Vec<Site>> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) => {
            reader.fault(
                "sites",
                format!("is {}, which cannot be listed: {error}", folder.display()),
            );
            return None;
        }
    };
    let mut files: Vec<PathBuf> = listing
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "geojson"))
        .collect();
    files.sort();
    if files.is_empty() || files.len() > SITES_MAX {
        let found = files.len();
        let place = folder.display();
        reader.fault(
            "sites",
            format!("is {place} with {found} files *.geojson: expected 1 to {SITES_MAX}"),
        );
        return None;
    }
    let mut sites: Vec<Site> = Vec::new();
    for file in files {
        match read_site(&file) {
            Ok(site) if sites.iter().any(|other| other.id == site.id) => {
                reader.fault(
                    "sites",
                    format!("{}: site `{}` is in another file too", file.display(), site.id),
                );
            }
            Ok(site) => sites.push(site),
            Err(faults) => faults
                .into_iter()
                .for_each(|fault| reader.fault("sites", format!("{}: {fault}", file.display()))),
        }
    }
    Some(sites)
}

fn read_site(file: &Path) -> Result<Site, Vec<String>> {
    let length = fs::metadata(file).map_err(|error| vec![error.to_string()])?.len();
    if length > SITE_FILE_BYTES_MAX as u64 {
        return Err(vec![format!(
            "has {length} bytes: expected at most {SITE_FILE_BYTES_MAX}"
        )]);
    }
    let text = fs::read_to_string(file).map_err(|error| vec![error.to_string()])?;
    Site::from_geojson(&text).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}
