//! Reading a script: syntax by the TOML parser, the places it names, then every reference and range (`check`), all faults at once.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use quaywatch_protocol::contract::site::Site;

use super::{Script, check::check};
use crate::feed::place::Place;

/// Bytes of one script: the longest case has some hundred lines.
pub const SCRIPT_BYTES_MAX: u64 = 1 << 20;

/// One fault of a script or of a file that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptFault {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1; 0 when the fault is of the whole file.
    pub line: usize,
    /// The key, like `vessel.stay.zone`.
    pub key: String,
    /// What was wrong, and what was expected.
    pub problem: String,
}

impl fmt::Display for ScriptFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file.display())?;
        if self.line > 0 {
            write!(out, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(out, ": `{}`", self.key)?;
        }
        write!(out, ": {}", self.problem)
    }
}

/// Every fault found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScriptErrors(pub Vec<ScriptFault>);

impl fmt::Display for ScriptErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        out.write_str(&lines.join("\n"))
    }
}

/// A script with the places it names.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The script.
    pub script: Script,
    /// Its sites, by id.
    pub places: BTreeMap<String, Place>,
}

/// Reads a script and its sites. Sites are looked for in `sites/` beside the script, then in `deploy/sites`, two folders up;
/// scenery in `scenery/` beside the script.
///
/// # Errors
/// Every fault found, each with file, line and key.
pub fn load(path: &Path) -> Result<Loaded, ScriptErrors> {
    let whole = |file: &Path, problem: String| ScriptFault {
        file: file.to_owned(),
        line: 0,
        key: String::new(),
        problem,
    };
    let text = read_bounded(path).map_err(|problem| ScriptErrors(vec![whole(path, problem)]))?;
    let script = parse(&text, path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut faults = Vec::new();
    let mut places = BTreeMap::new();
    for name in &script.sites {
        let id = name.get_ref();
        let file = format!("{id}.geojson");
        let candidates = [
            folder.join("sites").join(&file),
            folder.join("../../deploy/sites").join(&file),
        ];
        let Some(found) = candidates.iter().find(|candidate| candidate.is_file()) else {
            let looked: Vec<String> = candidates.iter().map(|each| each.display().to_string()).collect();
            faults.push(ScriptFault {
                file: path.to_owned(),
                line: line_of(&text, name.span().start),
                key: "sites".to_owned(),
                problem: format!("names `{id}`, but there is no {}", looked.join(" nor ")),
            });
            continue;
        };
        let scenery_file = folder.join("scenery").join(&file);
        match read_place(found, &scenery_file) {
            Ok(place) if place.site.id == *id => {
                places.insert(id.clone(), place);
            }
            Ok(place) => faults.push(whole(found, format!("is of site `{}`: expected `{id}`", place.site.id))),
            Err((file, problem)) => faults.push(whole(&file, problem)),
        }
    }
    if !faults.is_empty() {
        return Err(ScriptErrors(faults));
    }
    check(&script, &places, &text, path)?;
    Ok(Loaded { script, places })
}

/// Parses a script's text; `path` is for messages.
///
/// # Errors
/// The first fault of syntax or of a key, with its line.
pub fn parse(text: &str, path: &Path) -> Result<Script, ScriptErrors> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| line_of(text, span.start));
        ScriptErrors(vec![ScriptFault {
            file: path.to_owned(),
            line,
            key: error.span().map(|span| key_at(text, span.start)).unwrap_or_default(),
            problem: error.message().to_owned(),
        }])
    })
}

fn read_bounded(path: &Path) -> Result<String, String> {
    let bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if bytes > SCRIPT_BYTES_MAX {
        return Err(format!("has {bytes} bytes: expected at most {SCRIPT_BYTES_MAX}"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

fn read_place(site_file: &Path, scenery_file: &Path) -> Result<Place, (PathBuf, String)> {
    let text = std::fs::read_to_string(site_file).map_err(|error| (site_file.to_owned(), error.to_string()))?;
    let site = Site::from_geojson(&text).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        (site_file.to_owned(), lines.join("; "))
    })?;
    let scenery = if scenery_file.is_file() {
        let text =
            std::fs::read_to_string(scenery_file).map_err(|error| (scenery_file.to_owned(), error.to_string()))?;
        Place::read_scenery(&text).map_err(|problem| (scenery_file.to_owned(), problem))?
    } else {
        Vec::new()
    };
    Ok(Place::new(site, scenery))
}

/// The line, from 1, of a position in bytes.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn key_at(text: &str, offset: usize) -> String {
    let line = text.lines().nth(line_of(text, offset) - 1).unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim();
    key.trim_matches(|letter| letter == '[' || letter == ']')
        .trim()
        .to_owned()
}
