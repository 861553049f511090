//! The folder on the disk: listing it, and moving scenes out of the way.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use super::{
    DONE, ENTRIES_MAX, Group, MANIFEST_BYTES_MAX, QUARANTINE, REASON_ENDING, SCENE_FILES_MAX,
    group::{Entry, EntryKind, is_being_written, may_be_manifest},
};

/// Scenes of one name that may be in `done` or `quarantine` at once.
const SAME_NAME_MAX: u32 = 1_000;

/// The folder of scenes.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// A folder that need not be there yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where a scene is.
    #[must_use]
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// What is in it, by name; entries whose names are no UTF-8 or that vanish meanwhile are left out.
    ///
    /// # Errors
    /// When it is not there or cannot be listed.
    pub fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.root)?.take(ENTRIES_MAX) {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                tracing::warn!(file = %entry.path().display(), "left alone: its name is no UTF-8");
                continue;
            };
            if name == DONE || name == QUARANTINE || is_being_written(&name) {
                continue;
            }
            if let Ok(entry) = self.entry(name) {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    fn entry(&self, name: String) -> io::Result<Entry> {
        let path = self.path_of(&name);
        let about = fs::metadata(&path)?;
        if about.is_dir() {
            let mut files = Files::default();
            files.add(&path, 0)?;
            return Ok(Entry {
                name,
                kind: EntryKind::Folder {
                    files: files.count,
                    writing: files.writing,
                },
                bytes: files.bytes,
                changed_ms: files.changed_ms,
            });
        }
        let kind = if may_be_manifest(&name) && about.len() <= MANIFEST_BYTES_MAX {
            manifest_kind(&path)
        } else {
            EntryKind::File
        };
        Ok(Entry {
            name,
            kind,
            bytes: about.len(),
            changed_ms: changed_ms(&about),
        })
    }

    /// Moves a scene to `done`.
    ///
    /// # Errors
    /// The file that could not be moved; what was moved stays moved.
    pub fn put_away(&self, group: &Group) -> io::Result<()> {
        self.move_to(DONE, group).map(|_| ())
    }

    /// Moves a scene to `quarantine`, with the reason beside it.
    ///
    /// # Errors
    /// The file that could not be moved or written.
    pub fn quarantine(&self, group: &Group, reason: &str) -> io::Result<()> {
        let name = self.move_to(QUARANTINE, group)?;
        let file = self.root.join(QUARANTINE).join(format!("{name}{REASON_ENDING}"));
        fs::write(&file, format!("{reason}\n")).map_err(|error| at(&file, &error))
    }

    /// Moves the sidecars, then the scene itself; returns its name there.
    fn move_to(&self, place: &str, group: &Group) -> io::Result<String> {
        let target = self.root.join(place);
        fs::create_dir_all(&target).map_err(|error| at(&target, &error))?;
        let prefix = free_prefix(&target, group)?;
        for name in group.sidecars.iter().chain([&group.name]) {
            let from = self.path_of(name);
            match fs::rename(&from, target.join(format!("{prefix}{name}"))) {
                Ok(()) => {}
                // Shared by two scenes, or moved before a crash.
                Err(error) if error.kind() == io::ErrorKind::NotFound && *name != group.name => {}
                Err(error) => return Err(at(&from, &error)),
            }
        }
        Ok(format!("{prefix}{}", group.name))
    }

    /// Deletes the oldest entries of `done` and `quarantine` beyond these numbers of scenes; says how many files went.
    ///
    /// # Errors
    /// The file that could not be deleted.
    pub fn thin_out(&self, done_keep: usize, quarantine_keep: usize) -> io::Result<u64> {
        Ok(thin_out(&self.root.join(DONE), done_keep)? + thin_out(&self.root.join(QUARANTINE), quarantine_keep)?)
    }
}

/// Files inside a folder scene.
#[derive(Default)]
struct Files {
    count: usize,
    bytes: u64,
    changed_ms: i64,
    writing: bool,
}

impl Files {
    /// Products have their bands a few folders deep (Sentinel-2: six).
    const DEPTH_MAX: usize = 8;

    fn add(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if self.count >= SCENE_FILES_MAX {
                return Ok(());
            }
            let about = entry.metadata()?;
            if about.is_dir() {
                if depth < Self::DEPTH_MAX {
                    self.add(&entry.path(), depth + 1)?;
                }
                continue;
            }
            self.count += 1;
            self.bytes += about.len();
            self.changed_ms = self.changed_ms.max(changed_ms(&about));
            self.writing |= entry.file_name().to_str().is_some_and(is_being_written);
        }
        Ok(())
    }
}

fn changed_ms(about: &fs::Metadata) -> i64 {
    let since_1970 = about
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since_1970.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// What a `.json` or `.toml` is: only the list of files matters here, the scene reader judges the rest.
fn manifest_kind(path: &Path) -> EntryKind {
    #[derive(serde::Deserialize)]
    struct Listing {
        files: Option<Vec<Listed>>,
    }
    #[derive(serde::Deserialize)]
    struct Listed {
        path: String,
    }
    let Ok(text) = fs::read_to_string(path) else {
        return EntryKind::File;
    };
    let listing: Option<Listing> = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => toml::from_str(&text).ok(),
        _ => serde_json::from_str(&text).ok(),
    };
    match listing {
        Some(Listing { files: Some(files) }) => EntryKind::Manifest(
            files
                .into_iter()
                .take(SCENE_FILES_MAX)
                .map(|listed| listed.path)
                .collect(),
        ),
        Some(Listing { files: None }) => EntryKind::Note,
        None => EntryKind::File,
    }
}

/// A prefix under which none of the scene's names is taken: none, `2-`, `3-`, …
fn free_prefix(target: &Path, group: &Group) -> io::Result<String> {
    for number in 1..=SAME_NAME_MAX {
        let prefix = if number == 1 {
            String::new()
        } else {
            format!("{number}-")
        };
        if !target.join(format!("{prefix}{}", group.name)).exists() {
            return Ok(prefix);
        }
    }
    let taken = io::Error::new(io::ErrorKind::AlreadyExists, "there are too many scenes of this name");
    Err(at(&target.join(&group.name), &taken))
}

/// Deletes the oldest entries beyond `keep` scenes; an entry is counted with those that share its stem.
fn thin_out(place: &Path, keep: usize) -> io::Result<u64> {
    let listing = match fs::read_dir(place) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(at(place, &error)),
    };
    let mut scenes: std::collections::BTreeMap<String, (i64, Vec<PathBuf>)> = std::collections::BTreeMap::new();
    for entry in listing {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let stem = name.split('.').next().unwrap_or(&name).to_owned();
        let (newest, paths) = scenes.entry(stem).or_default();
        *newest = (*newest).max(entry.metadata().map(|about| changed_ms(&about)).unwrap_or_default());
        paths.push(entry.path());
    }
    let surplus = scenes.len().saturating_sub(keep);
    let mut by_age: Vec<(i64, Vec<PathBuf>)> = scenes.into_values().collect();
    by_age.sort();
    let mut gone = 0;
    for path in by_age.into_iter().take(surplus).flat_map(|(_, paths)| paths) {
        let outcome = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        outcome.map_err(|error| at(&path, &error))?;
        gone += 1;
    }
    Ok(gone)
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::group::group;

    fn put(folder: &Path, name: &str, content: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn names(place: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(place)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_scene_moves_with_its_sidecars_and_a_second_of_its_name_beside_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path());
        for _ in 0..2 {
            put(root.path(), "a.tif", "pixels");
            put(root.path(), "a.json", "{\"scene\": \"a\"}");
            let groups = group(&folder.list().unwrap());
            assert_eq!(groups.len(), 1);
            folder.put_away(&groups[0]).unwrap();
        }
        assert_eq!(
            names(&root.path().join(DONE)),
            ["2-a.json", "2-a.tif", "a.json", "a.tif"]
        );
        assert!(folder.list().unwrap().is_empty());
    }

    #[test]
    fn a_broken_scene_lies_in_quarantine_with_its_reason() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path());
        put(root.path(), "bands/B02.tif", "x");
        put(root.path(), "bands/deep/B03.tif", "xy");
        let groups = group(&folder.list().unwrap());
        assert_eq!((groups[0].name.as_str(), groups[0].bytes), ("bands", 3));
        folder.quarantine(&groups[0], "B02.tif: is no raster").unwrap();
        let place = root.path().join(QUARANTINE);
        assert_eq!(names(&place), ["bands", "bands.reason.txt"]);
        assert_eq!(
            fs::read_to_string(place.join("bands.reason.txt")).unwrap(),
            "B02.tif: is no raster\n"
        );
    }

    #[test]
    fn a_manifest_is_known_by_its_list_and_rubbish_is_not_taken_for_one() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "m.json", r#"{"files":[{"path":"r.tif"}]}"#);
        put(root.path(), "t.toml", "[[files]]\npath = \"g.tif\"\n");
        put(root.path(), "n.json", r#"{"scene":"n"}"#);
        put(root.path(), "bad.json", "{");
        let mut entries = Folder::new(root.path()).list().unwrap();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        let kinds: Vec<EntryKind> = entries.into_iter().map(|entry| entry.kind).collect();
        let listed = |name: &str| EntryKind::Manifest(vec![name.to_owned()]);
        assert_eq!(
            kinds,
            [EntryKind::File, listed("r.tif"), EntryKind::Note, listed("g.tif")]
        );
    }

    #[test]
    fn only_so_many_scenes_are_kept() {
        let root = tempfile::tempdir().unwrap();
        for number in 0..5 {
            put(root.path(), &format!("{DONE}/s{number}.tif"), "x");
            put(root.path(), &format!("{DONE}/s{number}.json"), "x");
        }
        let gone = Folder::new(root.path()).thin_out(2, 2).unwrap();
        assert_eq!((gone, names(&root.path().join(DONE)).len()), (6, 4));
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_and_not_empty() {
        let root = tempfile::tempdir().unwrap();
        assert!(Folder::new(&root.path().join("gone")).list().is_err());
    }
}
