//! Which entries of the folder make up which scene. Pure; rules in [`super`].

use std::collections::BTreeMap;

use super::{DONE, QUARANTINE, REASON_ENDING};

const WRITING_ENDINGS: [&str; 5] = [".part", ".partial", ".tmp", ".crdownload", ".filepart"];
const SIDECAR_ENDINGS: [&str; 10] = [
    ".json", ".toml", ".tfw", ".tifw", ".pgw", ".pngw", ".jgw", ".jpgw", ".wld", ".prj",
];
const MANIFEST_ENDINGS: [&str; 2] = [".json", ".toml"];
const AUX_ENDING: &str = ".aux.xml";
const DONE_ENDING: &str = ".done";

/// One entry of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name in the folder.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes; of a folder, of all files in it.
    pub bytes: u64,
    /// When it changed last, Unix ms; of a folder, the newest of all files in it.
    pub changed_ms: i64,
}

/// Kind of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A `.json` or `.toml` that lists files: their paths.
    Manifest(Vec<String>),
    /// A `.json` or `.toml` that can be read and lists none.
    Note,
    /// A folder with this many files; `writing` when one of them is being written.
    Folder {
        /// Files in it.
        files: usize,
        /// One of them is being written.
        writing: bool,
    },
}

/// A scene and everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name of its file or folder: what it is called.
    pub name: String,
    /// Names of what else belongs to it.
    pub sidecars: Vec<String>,
    /// Bytes of its file or folder, sidecars not counted.
    pub bytes: u64,
    /// Bytes and newest change of everything together: what must not change.
    pub signature: (u64, i64, usize),
    /// Its `.done` is there.
    pub marked_done: bool,
    /// Something of it is missing or being written.
    pub incomplete: bool,
}

/// True for a name that says that the file is being written.
#[must_use]
pub fn is_being_written(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    name.starts_with('.') || WRITING_ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

/// True for a name that may be a manifest.
#[must_use]
pub fn may_be_manifest(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    MANIFEST_ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The scenes of a folder, oldest first.
#[must_use]
pub fn group(entries: &[Entry]) -> Vec<Group> {
    let by_name: BTreeMap<&str, &Entry> = entries
        .iter()
        .filter(|entry| !is_being_written(&entry.name) && !entry.name.ends_with(REASON_ENDING))
        .filter(|entry| entry.name != DONE && entry.name != QUARANTINE)
        .map(|entry| (entry.name.as_str(), entry))
        .collect();
    // What a manifest lists belongs to it.
    let listed: Vec<&str> = (by_name.values())
        .filter_map(|entry| match &entry.kind {
            EntryKind::Manifest(files) => Some(files.iter().map(String::as_str)),
            _ => None,
        })
        .flatten()
        .collect();
    let is_main = |entry: &Entry| {
        let lower = entry.name.to_ascii_lowercase();
        match &entry.kind {
            EntryKind::Folder { files, .. } => *files > 0 && !listed.contains(&entry.name.as_str()),
            EntryKind::Manifest(_) => true,
            EntryKind::Note => false,
            EntryKind::File => {
                let beside =
                    SIDECAR_ENDINGS.iter().any(|ending| lower.ends_with(ending)) && has_raster(entry, &by_name);
                !beside
                    && !lower.ends_with(AUX_ENDING)
                    && !lower.ends_with(DONE_ENDING)
                    && !listed.contains(&entry.name.as_str())
            }
        }
    };
    let mut mains: Vec<&Entry> = by_name.values().copied().filter(|entry| is_main(entry)).collect();
    mains.sort_by(|a, b| (a.changed_ms, &a.name).cmp(&(b.changed_ms, &b.name)));
    mains.into_iter().map(|main| assemble(main, &by_name)).collect()
}

/// True when a raster or folder of the same stem is there.
fn has_raster(sidecar: &Entry, by_name: &BTreeMap<&str, &Entry>) -> bool {
    by_name.values().any(|other| {
        let lower = other.name.to_ascii_lowercase();
        let is_raster = !SIDECAR_ENDINGS.iter().any(|ending| lower.ends_with(ending))
            && !lower.ends_with(DONE_ENDING)
            && !lower.ends_with(AUX_ENDING);
        let other_stem = match other.kind {
            EntryKind::Folder { .. } => other.name.as_str(),
            _ => stem(&other.name),
        };
        is_raster && other_stem == stem(&sidecar.name)
    })
}

fn assemble(main: &Entry, by_name: &BTreeMap<&str, &Entry>) -> Group {
    let own_stem = match main.kind {
        EntryKind::Folder { .. } => main.name.as_str(),
        _ => stem(&main.name),
    };
    let mut incomplete = matches!(main.kind, EntryKind::Folder { writing: true, .. });
    let mut names: Vec<String> = SIDECAR_ENDINGS
        .iter()
        .map(|ending| format!("{own_stem}{ending}"))
        .collect();
    names.push(format!("{}{AUX_ENDING}", main.name));
    if let EntryKind::Manifest(files) = &main.kind {
        for file in files {
            // Paths with folders in them stay where they are; the first part must be there.
            let first = file.split('/').next().unwrap_or_default();
            incomplete |= !by_name.contains_key(first);
            names.push(first.to_owned());
        }
    }
    let marks = [
        format!("{}{DONE_ENDING}", main.name),
        format!("{own_stem}{DONE_ENDING}"),
    ];
    let marked_done = marks.iter().any(|mark| by_name.contains_key(mark.as_str()));
    names.extend(marks);
    names.sort_unstable();
    names.dedup();
    let sidecars: Vec<&Entry> = names
        .iter()
        .filter(|name| **name != main.name)
        .filter_map(|name| by_name.get(name.as_str()).copied())
        .collect();
    let all = || sidecars.iter().copied().chain([main]);
    Group {
        name: main.name.clone(),
        sidecars: sidecars.iter().map(|entry| entry.name.clone()).collect(),
        bytes: main.bytes,
        signature: (
            all().map(|entry| entry.bytes).sum(),
            all().map(|entry| entry.changed_ms).max().unwrap_or_default(),
            sidecars.len(),
        ),
        marked_done,
        incomplete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Entry {
        Entry {
            name: name.to_owned(),
            kind: EntryKind::File,
            bytes: 10,
            changed_ms: 1,
        }
    }

    fn of_kind(name: &str, kind: EntryKind) -> Entry {
        Entry { kind, ..file(name) }
    }

    fn told(entries: &[Entry]) -> Vec<(String, Vec<String>)> {
        group(entries)
            .into_iter()
            .map(|group| (group.name, group.sidecars))
            .collect()
    }

    #[test]
    fn a_raster_takes_its_sidecars_along() {
        let entries = [
            "a.tif",
            "a.json",
            "a.tfw",
            "a.tif.aux.xml",
            "a.done",
            "b.png",
            "ab.json",
        ]
        .map(file);
        let expected = ["a.done", "a.json", "a.tfw", "a.tif.aux.xml"]
            .map(str::to_owned)
            .to_vec();
        let told = told(&entries);
        assert_eq!(told[0], ("a.tif".to_owned(), expected));
        // `ab.json` cannot be read as a note: it is told to a person by way of quarantine.
        assert_eq!(told[1].0, "ab.json");
        assert_eq!(told[2].0, "b.png");
    }

    #[test]
    fn what_is_being_written_and_what_is_ours_is_left_alone() {
        let mut entries: Vec<Entry> = [".a.tif", "b.tif.part", "C.TIF.TMP", "x.reason.txt"].map(file).to_vec();
        let folder = |files, writing| EntryKind::Folder { files, writing };
        entries.push(of_kind(DONE, folder(3, false)));
        entries.push(of_kind(QUARANTINE, folder(3, false)));
        entries.push(of_kind("empty", folder(0, false)));
        assert_eq!(told(&entries), []);
        let halfway = group(&[of_kind("bands", folder(2, true))]);
        assert!(halfway[0].incomplete);
    }

    #[test]
    fn a_sidecar_without_its_raster_waits() {
        assert_eq!(told(&[of_kind("a.json", EntryKind::Note)]), []);
        let both = [of_kind("a.json", EntryKind::Note), file("a.tif")];
        assert_eq!(told(&both), [("a.tif".to_owned(), vec!["a.json".to_owned()])]);
    }

    #[test]
    fn a_manifest_owns_what_it_lists_and_waits_for_it() {
        let manifest = of_kind(
            "s.json",
            EntryKind::Manifest(vec!["r.tif".to_owned(), "g.tif".to_owned()]),
        );
        let halfway = group(&[manifest.clone(), file("r.tif")]);
        assert_eq!(halfway.len(), 1);
        assert!(halfway[0].incomplete);
        let whole = group(&[manifest, file("r.tif"), file("g.tif")]);
        assert_eq!(whole[0].sidecars, ["g.tif", "r.tif"]);
        assert!(!whole[0].incomplete);
    }

    #[test]
    fn older_scenes_come_first() {
        let mut late = file("a.tif");
        late.changed_ms = 9;
        assert_eq!(told(&[late, file("b.tif")])[0].0, "b.tif");
    }
}
