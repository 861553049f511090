//! Whose events are believed: stations and their public keys.
//!
//! ```toml
//! [[station]]
//! id = "gs-vlad-1"
//! name = "Vladivostok 1"      # for people; optional
//! revoked = false             # true: nothing from it is believed any more; optional
//! distrust_from = "2026-03-13T00:00:00Z"   # what was received from it since then does not count; optional
//! distrust_until = "2026-03-14T00:00:00Z"  # until then; without: for ever
//!
//! [[station.key]]
//! id = 1                      # counts up as keys are rotated
//! public = "64 hexadecimal digits"
//! revoked = false             # optional
//! ```

use std::{collections::BTreeMap, fs, path::Path};

use quaywatch_protocol::{contract::time::UnixMs, ids::StationId, keyfile, sign::VerifyingKey};
use serde::Deserialize;

use super::distrust::{Distrust, Period};
use crate::config::Fault;

/// Stations of one central.
pub const STATIONS_MAX: usize = 10_000;
/// Keys of one station that may be valid or revoked: rotation needs two, history some.
pub const KEYS_PER_STATION_MAX: usize = 32;
/// Bytes of a registry file.
const FILE_BYTES_MAX: u64 = 32 << 20;

/// The stations by id.
#[derive(Clone, Debug, Default)]
pub struct Registry(BTreeMap<StationId, Station>);

/// One station.
#[derive(Clone, Debug)]
pub struct Station {
    /// Name for people.
    pub name: String,
    /// Nothing from it is believed any more.
    pub revoked: bool,
    /// When what was received from it does not count.
    pub distrusted: Option<Period>,
    keys: BTreeMap<u16, StationKey>,
}

#[derive(Clone, Debug)]
struct StationKey {
    public: VerifyingKey,
    revoked: bool,
}

impl Station {
    /// Its keys: number, and whether it is revoked.
    pub fn keys(&self) -> impl Iterator<Item = (u16, bool)> {
        self.keys.iter().map(|(number, key)| (*number, key.revoked))
    }
}

/// Why a key is not to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// No such station.
    UnknownStation,
    /// The station is revoked.
    RevokedStation,
    /// The station has no key of this number.
    UnknownKey,
    /// The key is revoked.
    RevokedKey,
}

impl Registry {
    /// Reads a registry file.
    ///
    /// # Errors
    /// Every fault found.
    pub fn read(file: &Path) -> Result<Self, Vec<Fault>> {
        let fault = |problem: String| {
            vec![Fault {
                place: file.display().to_string(),
                problem,
            }]
        };
        let length = fs::metadata(file)
            .map_err(|error| fault(format!("cannot be read: {error}")))?
            .len();
        if length > FILE_BYTES_MAX {
            return Err(fault(format!("has {length} bytes: expected at most {FILE_BYTES_MAX}")));
        }
        let text = fs::read_to_string(file).map_err(|error| fault(format!("cannot be read: {error}")))?;
        Self::parse(&text).map_err(|faults| {
            faults
                .into_iter()
                .map(|(place, problem)| Fault {
                    place: format!("{}: {place}", file.display()),
                    problem,
                })
                .collect()
        })
    }

    /// Parses a registry: faults as place and problem.
    ///
    /// # Errors
    /// Every fault found.
    pub fn parse(text: &str) -> Result<Self, Vec<(String, String)>> {
        let file: RegistryFile =
            toml::from_str(text).map_err(|error| vec![("station registry".to_owned(), error.to_string())])?;
        let mut faults = Vec::new();
        if file.station.len() > STATIONS_MAX {
            let problem = format!("has {} entries: expected at most {STATIONS_MAX}", file.station.len());
            faults.push(("`station`".to_owned(), problem));
        }
        let mut stations = BTreeMap::new();
        for entry in file.station.into_iter().take(STATIONS_MAX) {
            let place = format!("station `{}`", entry.id);
            match StationId::new(&entry.id) {
                Err(error) => faults.push((place, format!("`id` {error}"))),
                Ok(id) => {
                    let station = Station {
                        name: entry.name.clone().unwrap_or_else(|| entry.id.clone()),
                        revoked: entry.revoked,
                        distrusted: read_distrust(&place, &entry, &mut faults),
                        keys: read_keys(&place, &entry.key, &mut faults),
                    };
                    if stations.insert(id, station).is_some() {
                        faults.push((place, "is listed twice".to_owned()));
                    }
                }
            }
        }
        if faults.is_empty() {
            Ok(Self(stations))
        } else {
            Err(faults)
        }
    }

    /// How many stations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True without any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All stations by id.
    pub fn iter(&self) -> impl Iterator<Item = (&StationId, &Station)> {
        self.0.iter()
    }

    /// True for a station that is listed, revoked or not.
    #[must_use]
    pub fn knows(&self, station: &StationId) -> bool {
        self.0.contains_key(station)
    }

    /// What was received and is not to count.
    #[must_use]
    pub fn distrust(&self) -> Distrust {
        let mut distrust = Distrust::default();
        for (id, station) in &self.0 {
            if let Some(period) = station.distrusted {
                distrust.add(id.as_str(), period);
            }
        }
        distrust
    }

    /// The key to check a station's signature with.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn key(&self, station: &StationId, key_id: u16) -> Result<&VerifyingKey, NoKey> {
        let station = self.0.get(station).ok_or(NoKey::UnknownStation)?;
        if station.revoked {
            return Err(NoKey::RevokedStation);
        }
        let key = station.keys.get(&key_id).ok_or(NoKey::UnknownKey)?;
        if key.revoked {
            Err(NoKey::RevokedKey)
        } else {
            Ok(&key.public)
        }
    }
}

fn read_distrust(place: &str, entry: &StationEntry, faults: &mut Vec<(String, String)>) -> Option<Period> {
    let mut read = |field: &str, text: &Option<String>| {
        let read = UnixMs::parse(text.as_deref()?);
        read.map_err(|problem| faults.push((place.to_owned(), format!("`{field}`: {problem}"))))
            .ok()
    };
    let from = read("distrust_from", &entry.distrust_from);
    let until = read("distrust_until", &entry.distrust_until);
    if entry.distrust_until.is_some() && entry.distrust_from.is_none() {
        let problem = "has `distrust_until` alone: expected `distrust_from` as well";
        faults.push((place.to_owned(), problem.to_owned()));
    }
    let from = from?;
    if until.is_some_and(|until| until <= from) {
        let problem = "`distrust_until` is not after `distrust_from`";
        faults.push((place.to_owned(), problem.to_owned()));
    }
    Some(Period { from, until })
}

fn read_keys(place: &str, entries: &[KeyEntry], faults: &mut Vec<(String, String)>) -> BTreeMap<u16, StationKey> {
    if entries.is_empty() || entries.len() > KEYS_PER_STATION_MAX {
        let problem = format!("has {} keys: expected 1 to {KEYS_PER_STATION_MAX}", entries.len());
        faults.push((place.to_owned(), problem));
    }
    let mut keys = BTreeMap::new();
    for entry in entries.iter().take(KEYS_PER_STATION_MAX) {
        match keyfile::parse_verifying(&entry.public) {
            Err(error) => faults.push((format!("{place}, key {}", entry.id), format!("`public` {error}"))),
            Ok(public) => {
                let key = StationKey {
                    public,
                    revoked: entry.revoked,
                };
                if keys.insert(entry.id, key).is_some() {
                    faults.push((format!("{place}, key {}", entry.id), "is listed twice".to_owned()));
                }
            }
        }
    }
    keys
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistryFile {
    #[serde(default)]
    station: Vec<StationEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StationEntry {
    id: String,
    name: Option<String>,
    #[serde(default)]
    revoked: bool,
    distrust_from: Option<String>,
    distrust_until: Option<String>,
    #[serde(default)]
    key: Vec<KeyEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    id: u16,
    public: String,
    #[serde(default)]
    revoked: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_registry_is_told() {
        let text = r#"
            [[station]]
            id = "a/b"
            [[station]]
            id = "gs-1"
            [[station]]
            id = "gs-2"
            [[station.key]]
            id = 1
            public = "xyz"
        "#;
        let faults = Registry::parse(text).unwrap_err();
        let places: Vec<_> = faults.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["station `a/b`", "station `gs-1`", "station `gs-2`, key 1"]);
    }

    #[test]
    fn a_misspelt_field_is_refused_by_name() {
        let faults = Registry::parse("[[station]]\nid = \"gs-1\"\nrevokd = true\n").unwrap_err();
        assert!(faults[0].1.contains("revokd"), "{faults:?}");
    }
}
