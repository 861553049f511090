//! Changes of the registry file: its comments and its order stay as people wrote them.
//!
//! A change is made to a copy, which must parse as a registry, and takes the file's place in one step. A running central reads it again
//! within seconds. One change at a time: a lock file beside the registry keeps two commands apart.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::Path,
};

use quaywatch_protocol::{contract::time::UnixMs, ids::StationId};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::ingest::registry::Registry;

/// Name under which central itself speaks to the broker: no station may have it.
pub const CENTRAL_NAME: &str = "quaywatch-central";

/// What is to be revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The station with all its keys.
    Station,
    /// One key; the station goes on with another one.
    Key(u16),
}

/// Enters a station with its first key.
///
/// # Errors
/// A name that cannot be, or a station that is there already.
pub fn add(text: &str, id: &str, name: Option<&str>, public: &str) -> Result<String, String> {
    StationId::new(id).map_err(|error| format!("station id {error}"))?;
    if id == CENTRAL_NAME {
        return Err(format!(
            "`{CENTRAL_NAME}` is central's own name at the broker: no station may have it"
        ));
    }
    let mut document = parse(text)?;
    let stations = stations(&mut document)?;
    if find(stations, id).is_ok() {
        return Err(format!(
            "station `{id}` is in the registry already: `station rotate` gives it another key"
        ));
    }
    let mut entry = Table::new();
    entry.insert("id", value(id));
    if let Some(name) = name {
        entry.insert("name", value(name));
    }
    let mut keys = ArrayOfTables::new();
    keys.push(key(1, public));
    entry.insert("key", Item::ArrayOfTables(keys));
    stations.push(entry);
    checked(&document)
}

/// Gives a station another key, and says its number.
///
/// # Errors
/// An unknown or revoked station.
pub fn rotate(text: &str, id: &str, public: &str) -> Result<(String, u16), String> {
    let mut document = parse(text)?;
    let entry = find(stations(&mut document)?, id)?;
    if is_true(entry, "revoked") {
        return Err(format!(
            "station `{id}` is revoked: take `revoked` out of its entry first, if it is to be believed again"
        ));
    }
    let keys = keys(entry, id)?;
    let newest = keys
        .iter()
        .filter_map(|key| key.get("id")?.as_integer())
        .max()
        .unwrap_or(0);
    let next = u16::try_from(newest.saturating_add(1))
        .map_err(|_| format!("station `{id}` has used every key number up to {newest}"))?;
    keys.push(key(next, public));
    Ok((checked(&document)?, next))
}

/// Revokes a station or one of its keys. With `distrust_from`, what was received from it since then stops counting.
///
/// # Errors
/// An unknown station or key; its last key, which is the station's.
pub fn revoke(text: &str, id: &str, what: What, distrust_from: Option<UnixMs>) -> Result<String, String> {
    let mut document = parse(text)?;
    let entry = find(stations(&mut document)?, id)?;
    match what {
        What::Station => {
            entry.insert("revoked", value(true));
        }
        What::Key(number) => {
            let keys = keys(entry, id)?;
            let others = keys
                .iter()
                .filter(|key| number_of(key) != Some(number) && !is_true(key, "revoked"))
                .count();
            let key = keys
                .iter_mut()
                .find(|key| number_of(key) == Some(number))
                .ok_or_else(|| format!("station `{id}` has no key {number}"))?;
            if others == 0 {
                return Err(format!(
                    "key {number} is the only one of station `{id}` that holds: `station rotate` first, or revoke the station"
                ));
            }
            key.insert("revoked", value(true));
        }
    }
    if let Some(from) = distrust_from {
        entry.insert("distrust_from", value(from.to_string()));
        entry.remove("distrust_until");
    }
    checked(&document)
}

/// Changes a registry file by `change`, which gives its new text and whatever else there is to say.
///
/// # Errors
/// What went wrong; the file is then as it was.
pub fn change<T>(file: &Path, change: impl FnOnce(&str) -> Result<(String, T), String>) -> Result<T, String> {
    let beside = |ending: &str| file.with_extension(format!("toml.{ending}"));
    let at = |path: &Path, problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let lock_file = beside("lock");
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&lock_file)
        .map_err(|error| at(&lock_file, &error))?;
    lock.try_lock().map_err(|error| {
        at(
            &lock_file,
            &format!("another change of the registry is under way: {error}"),
        )
    })?;
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(at(file, &error)),
    };
    let (text, told) = change(&text).map_err(|problem| at(file, &problem))?;
    let new = beside("new");
    let written = File::create(&new).and_then(|mut out| {
        out.write_all(text.as_bytes())?;
        out.sync_all()
    });
    written.map_err(|error| at(&new, &error))?;
    fs::rename(&new, file).map_err(|error| at(file, &error))?;
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| at(folder, &error))?;
    Ok(told)
}

fn parse(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error| format!("is no TOML: {error}"))
}

fn stations(document: &mut DocumentMut) -> Result<&mut ArrayOfTables, String> {
    document
        .entry("station")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or_else(|| "`station` is no list of tables: expected [[station]]".to_owned())
}

fn find<'a>(stations: &'a mut ArrayOfTables, id: &str) -> Result<&'a mut Table, String> {
    stations
        .iter_mut()
        .find(|entry| entry.get("id").and_then(Item::as_str) == Some(id))
        .ok_or_else(|| format!("no station `{id}` is in the registry"))
}

fn keys<'a>(entry: &'a mut Table, id: &str) -> Result<&'a mut ArrayOfTables, String> {
    entry
        .get_mut("key")
        .and_then(Item::as_array_of_tables_mut)
        .ok_or_else(|| format!("station `{id}` has no [[station.key]]"))
}

fn key(number: u16, public: &str) -> Table {
    let mut key = Table::new();
    key.insert("id", value(i64::from(number)));
    key.insert("public", value(public));
    key
}

fn number_of(key: &Table) -> Option<u16> {
    u16::try_from(key.get("id")?.as_integer()?).ok()
}

fn is_true(table: &Table, field: &str) -> bool {
    table.get(field).and_then(Item::as_bool) == Some(true)
}

/// The text of a document that is a registry.
fn checked(document: &DocumentMut) -> Result<String, String> {
    let text = document.to_string();
    match Registry::parse(&text) {
        Ok(_) => Ok(text),
        Err(faults) => Err(faults
            .into_iter()
            .map(|(place, problem)| format!("{place}: {problem}"))
            .collect::<Vec<_>>()
            .join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use quaywatch_protocol::keyfile;

    use super::*;
    use crate::testing::Station;

    fn public(seed: u8) -> String {
        keyfile::public_text(&Station::new("x", seed).key)
    }

    const COMMENTED: &str = "# Ours. Ask Ana before you touch this.\n\n[[station]]\nid = \"gs-1\" # on the roof\n[[station.key]]\nid = 1\npublic = \"KEY\"\n";

    fn one() -> String {
        COMMENTED.replace("KEY", &public(1))
    }

    #[test]
    fn a_station_that_is_added_is_believed_and_peoples_comments_stay() {
        let text = add(&one(), "gs-2", Some("Second"), &public(2)).unwrap();
        assert!(text.starts_with(&one()), "{text}");
        let id = StationId::new("gs-2").unwrap();
        assert!(Registry::parse(&text).unwrap().key(&id, 1).is_ok());
        assert!(
            add(&text, "gs-2", None, &public(3))
                .unwrap_err()
                .contains("station rotate")
        );
        assert!(add("", "gs-1", None, &public(1)).is_ok());
        for bad in ["a/b", CENTRAL_NAME, ""] {
            add("", bad, None, &public(1)).unwrap_err();
        }
    }

    #[test]
    fn a_rotated_station_has_both_keys_until_the_old_one_is_revoked() {
        let (text, number) = rotate(&one(), "gs-1", &public(2)).unwrap();
        assert_eq!(number, 2);
        let id = StationId::new("gs-1").unwrap();
        let holds = |text: &str| [1, 2].map(|key| Registry::parse(text).unwrap().key(&id, key).is_ok());
        assert_eq!(holds(&text), [true, true]);
        let text = revoke(&text, "gs-1", What::Key(1), None).unwrap();
        assert_eq!(holds(&text), [false, true]);
        assert!(text.contains("# on the roof"));
        // The number of a revoked key is not given again.
        assert_eq!(rotate(&text, "gs-1", &public(3)).unwrap().1, 3);
    }

    #[test]
    fn the_last_key_is_not_revoked_by_mistake() {
        let problem = revoke(&one(), "gs-1", What::Key(1), None).unwrap_err();
        assert!(problem.contains("the only one"), "{problem}");
        assert!(
            revoke(&one(), "gs-1", What::Key(9), None)
                .unwrap_err()
                .contains("no key 9")
        );
        assert!(
            revoke(&one(), "gs-9", What::Station, None)
                .unwrap_err()
                .contains("`gs-9`")
        );
    }

    #[test]
    fn a_revoked_station_is_distrusted_since_the_time_that_is_given() {
        let text = revoke(&one(), "gs-1", What::Station, Some(UnixMs(1_710_300_000_000))).unwrap();
        let registry = Registry::parse(&text).unwrap();
        assert!(registry.distrust().covers("gs-1", UnixMs(1_710_300_000_000)));
        assert!(!registry.distrust().covers("gs-1", UnixMs(1_710_299_999_999)));
        assert!(rotate(&text, "gs-1", &public(2)).unwrap_err().contains("is revoked"));
    }

    #[test]
    fn a_change_that_fails_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("stations.toml");
        fs::write(&file, one()).unwrap();
        let refused = change(&file, |text| add(text, "gs-1", None, &public(2)).map(|text| (text, ())));
        assert!(refused.unwrap_err().contains("stations.toml"));
        assert_eq!(fs::read_to_string(&file).unwrap(), one());
        change(&file, |text| add(text, "gs-2", None, &public(2)).map(|text| (text, ()))).unwrap();
        assert_eq!(Registry::read(&file).unwrap().len(), 2);
        // Broken by hand: nothing is written over it.
        fs::write(&file, "[[station]\n").unwrap();
        let refused = change(&file, |text| add(text, "gs-3", None, &public(3)).map(|text| (text, ())));
        assert!(refused.unwrap_err().contains("is no TOML"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "[[station]\n");
    }
}
