//! Reads values by key and collects every fault instead of stopping at the first.

use std::{
    fmt,
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::keys::{Absent, KEYS, Key, Kind};

/// One thing wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Key, file or line.
    pub place: String,
    /// What was wrong and what was expected.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.problem)
    }
}

/// A parsed file being read.
pub struct Reader<'a> {
    table: Table,
    folder: &'a Path,
    /// What was wrong so far.
    pub faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// Parses TOML and reports unknown keys; `folder` is what relative paths are relative to.
    #[must_use]
    pub fn new(text: &str, folder: &'a Path) -> Self {
        let mut reader = Self {
            table: Table::new(),
            folder,
            faults: Vec::new(),
        };
        match text.parse::<Table>() {
            Ok(table) => reader.table = table,
            Err(error) => {
                let line = error.span().map_or(1, |span| {
                    text.get(..span.start).map_or(1, |head| head.matches('\n').count() + 1)
                });
                reader.fault(format!("line {line}"), format!("is not TOML: {}", error.message()));
                return reader;
            }
        }
        let mut unknown = Vec::new();
        collect_unknown(&reader.table, "", &mut unknown);
        for path in unknown {
            let problem = match nearest(&path) {
                Some(known) => format!("is no key of this configuration: did you mean `{known}`?"),
                None => {
                    "is no key of this configuration: `quaywatch-central check-config --explain` lists them".to_owned()
                }
            };
            reader.fault(format!("`{path}`"), problem);
        }
        reader
    }

    /// True when the text was TOML at all.
    #[must_use]
    pub fn is_parsed(&self) -> bool {
        !self.faults.iter().any(|fault| fault.place.starts_with("line "))
    }

    /// Notes a fault.
    pub fn fault(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.faults.push(Fault {
            place: place.into(),
            problem: problem.into(),
        });
    }

    /// Text, or a choice.
    pub fn text(&mut self, path: &str) -> Option<String> {
        let value = self.value(path)?;
        let key = find(path)?;
        match (&value, key.kind) {
            (Value::String(text), Kind::Choice(words)) if !words.contains(&text.as_str()) => {
                self.fault(
                    quoted(path),
                    format!("is `{text}`: expected one of {}", words.join(", ")),
                );
                None
            }
            (Value::String(text), _) if !text.is_empty() => Some(text.clone()),
            _ => self.wrong(key, &value),
        }
    }

    /// A path, made absolute by the configuration's folder.
    pub fn path(&mut self, path: &str) -> Option<PathBuf> {
        self.text(path).map(|text| self.folder.join(text))
    }

    /// An address that can be resolved now.
    pub fn address(&mut self, path: &str) -> Option<SocketAddr> {
        let text = self.text(path)?;
        let resolved = text.to_socket_addrs().ok().and_then(|mut all| all.next());
        if resolved.is_none() {
            self.fault(
                quoted(path),
                format!("is `{text}`: expected host:port of a host that can be resolved"),
            );
        }
        resolved
    }

    /// `host:port`, as text, for a host that need not be resolved now.
    pub fn host_port(&mut self, path: &str) -> Option<(String, u16)> {
        let text = self.text(path)?;
        let split = text
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
        if split.is_none() {
            self.fault(quoted(path), format!("is `{text}`: expected host:port"));
        }
        split
    }

    /// A whole number within the key's bounds.
    pub fn integer(&mut self, path: &str) -> Option<i64> {
        let value = self.value(path)?;
        let key = find(path)?;
        match (&value, key.kind) {
            (Value::Integer(number), Kind::Integer { min, max }) if (min..=max).contains(number) => Some(*number),
            _ => self.wrong(key, &value),
        }
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, path: &str) -> Option<bool> {
        let value = self.value(path)?;
        match &value {
            Value::Boolean(set) => Some(*set),
            _ => self.wrong(find(path)?, &value),
        }
    }

    /// A list of texts.
    pub fn text_list(&mut self, path: &str) -> Option<Vec<String>> {
        let value = self.value(path)?;
        let texts = value
            .as_array()
            .and_then(|list| list.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        match texts {
            Some(texts) => Some(texts),
            None => self.wrong(find(path)?, &value),
        }
    }

    /// The value, or its default; absent and required is a fault.
    fn value(&mut self, path: &str) -> Option<Value> {
        let found = path
            .split('.')
            .try_fold(None::<&Value>, |at, part| {
                match at {
                    None => self.table.get(part),
                    Some(value) => value.as_table().and_then(|table| table.get(part)),
                }
                .map(Some)
            })
            .flatten()
            .cloned();
        if found.is_some() {
            return found;
        }
        match find(path)?.absent {
            Absent::Off => None,
            Absent::Default(text) => format!("value = {text}")
                .parse::<Table>()
                .ok()
                .and_then(|mut table| table.remove("value")),
            Absent::Required => {
                self.fault(quoted(path), format!("is missing: {}", find(path)?.doc));
                None
            }
        }
    }

    fn wrong<T>(&mut self, key: &Key, value: &Value) -> Option<T> {
        let expected = match key.kind {
            Kind::Text | Kind::Choice(_) => "text".to_owned(),
            Kind::Path => "a path, as text".to_owned(),
            Kind::Address => "host:port, as text".to_owned(),
            Kind::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Kind::Boolean => "true or false".to_owned(),
            Kind::TextList => "a list of texts".to_owned(),
        };
        self.fault(
            quoted(key.path),
            format!("is `{value}`: expected {expected}, like {}", key.example),
        );
        None
    }
}

fn quoted(path: &str) -> String {
    format!("`{path}`")
}

fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

fn collect_unknown(table: &Table, prefix: &str, unknown: &mut Vec<String>) {
    for (name, value) in table {
        let path = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        if find(&path).is_some() {
            continue;
        }
        let section = format!("{path}.");
        match value {
            Value::Table(inner) if KEYS.iter().any(|key| key.path.starts_with(&section)) => {
                collect_unknown(inner, &path, unknown);
            }
            _ => unknown.push(path),
        }
    }
}

/// The known key most like this one, if one is like it at all.
fn nearest(path: &str) -> Option<&'static str> {
    /// Below this likeness a suggestion misleads.
    const LIKENESS_MIN: f64 = 0.7;
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    KEYS.iter()
        .map(|key| {
            let whole = strsim::jaro_winkler(path, key.path);
            let tail = strsim::jaro_winkler(&last(path), &last(key.path));
            (whole.max(tail * 0.95), key.path)
        })
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
