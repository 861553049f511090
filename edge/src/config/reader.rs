//! Reads values by key and collects every fault, with its line, instead of stopping at the first.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::keys::{Absent, KEYS, Key, Kind};

/// One thing wrong with a configuration or a file that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line of the configuration, 0 when the fault has none.
    pub line: usize,
    /// Key, or file.
    pub place: String,
    /// What was wrong and what was expected.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(out, "line {}: ", self.line)?;
        }
        write!(out, "{}: {}", self.place, self.problem)
    }
}

/// A parsed file being read.
pub struct Reader<'a> {
    text: &'a str,
    table: DeTable<'a>,
    folder: &'a Path,
    /// What was wrong so far.
    pub faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// Parses TOML, reports its faults and unknown keys; `folder` is what relative paths are relative to.
    #[must_use]
    pub fn new(text: &'a str, folder: &'a Path) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut reader = Self {
            text,
            table: table.into_inner(),
            folder,
            faults: Vec::new(),
        };
        for error in errors {
            let line = error.span().map_or(1, |span| reader.line_at(span.start));
            reader.faults.push(Fault {
                line,
                place: "file".to_owned(),
                problem: format!("is not TOML here: {}", error.message()),
            });
        }
        let mut unknown = Vec::new();
        collect_unknown(&reader.table, "", &mut unknown);
        for (path, start) in unknown {
            let problem = match nearest(&path) {
                Some(known) => format!("is no key of this configuration: did you mean `{known}`?"),
                None => {
                    "is no key of this configuration: `quaywatch-edge check-config --explain` lists them".to_owned()
                }
            };
            let line = reader.line_at(start);
            reader.faults.push(Fault {
                line,
                place: quoted(&path),
                problem,
            });
        }
        reader
    }

    fn line_at(&self, offset: usize) -> usize {
        self.text.get(..offset).map_or(1, |head| head.matches('\n').count() + 1)
    }

    /// Notes a fault of a key's value.
    pub fn fault(&mut self, path: &str, problem: impl Into<String>) {
        let line = self.found(path).map_or(0, |value| self.line_at(value.span().start));
        self.faults.push(Fault {
            line,
            place: quoted(path),
            problem: problem.into(),
        });
    }

    /// Text, or a choice.
    pub fn text(&mut self, path: &str) -> Option<String> {
        let key = find(path)?;
        let value = self.value(key)?;
        match (&value, key.kind) {
            (Given::Text(text), Kind::Choice(words)) if !words.contains(&text.as_str()) => {
                self.fault(path, format!("is `{text}`: expected one of {}", words.join(", ")));
                None
            }
            (Given::Text(text), _) if !text.is_empty() => Some(text.clone()),
            _ => self.wrong(key, &value),
        }
    }

    /// A path, made absolute by the configuration's folder.
    pub fn path(&mut self, path: &str) -> Option<PathBuf> {
        self.text(path).map(|text| self.folder.join(text))
    }

    /// A whole number within the key's bounds.
    pub fn integer<T: TryFrom<i64>>(&mut self, path: &str) -> Option<T> {
        let key = find(path)?;
        let value = self.value(key)?;
        let number = match (&value, key.kind) {
            (Given::Integer(number), Kind::Integer { min, max }) if (min..=max).contains(number) => Some(*number),
            _ => self.wrong(key, &value),
        };
        T::try_from(number?).ok()
    }

    /// A number within the key's bounds.
    pub fn number(&mut self, path: &str) -> Option<f64> {
        let key = find(path)?;
        let value = self.value(key)?;
        let number = match value {
            Given::Integer(number) => number as f64,
            Given::Float(number) => number,
            _ => f64::NAN,
        };
        match key.kind {
            Kind::Number { min, max } if (min..=max).contains(&number) => Some(number),
            _ => self.wrong(key, &value),
        }
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, path: &str) -> Option<bool> {
        let key = find(path)?;
        let value = self.value(key)?;
        match &value {
            Given::Boolean(set) => Some(*set),
            _ => self.wrong(key, &value),
        }
    }

    /// A list of texts.
    pub fn text_list(&mut self, path: &str) -> Option<Vec<String>> {
        let key = find(path)?;
        let value = self.value(key)?;
        match value {
            Given::Texts(texts) => Some(texts),
            _ => self.wrong(key, &value),
        }
    }

    /// True when the key is in the file.
    #[must_use]
    pub fn is_set(&self, path: &str) -> bool {
        self.found(path).is_some()
    }

    fn found(&self, path: &str) -> Option<&Spanned<DeValue<'a>>> {
        let mut parts = path.split('.');
        let mut at = entry(&self.table, parts.next()?)?;
        for part in parts {
            at = entry(at.get_ref().as_table()?, part)?;
        }
        Some(at)
    }

    /// The value, or its default; absent and required is a fault.
    fn value(&mut self, key: &Key) -> Option<Given> {
        if let Some(value) = self.found(key.path) {
            return Some(Given::of(value.get_ref()));
        }
        match key.absent {
            Absent::Off => None,
            Absent::Default(text) => DeValue::parse(text).ok().map(|value| Given::of(value.get_ref())),
            Absent::Required => {
                self.fault(key.path, format!("is missing: {}", key.doc));
                None
            }
        }
    }

    fn wrong<T>(&mut self, key: &Key, value: &Given) -> Option<T> {
        let unit = if key.unit.is_empty() {
            String::new()
        } else {
            format!(" ({})", key.unit)
        };
        let expected = match key.kind {
            Kind::Text | Kind::Choice(_) => "text".to_owned(),
            Kind::Path => "a path, as text".to_owned(),
            Kind::Integer { min, max } => format!("a whole number from {min} to {max}{unit}"),
            Kind::Number { min, max } => format!("a number from {min} to {max}{unit}"),
            Kind::Boolean => "true or false".to_owned(),
            Kind::TextList => "a list of texts".to_owned(),
        };
        self.fault(
            key.path,
            format!("is {value}: expected {expected}, like {}", key.example),
        );
        None
    }
}

/// A value as far as a configuration goes.
enum Given {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Texts(Vec<String>),
    Other(&'static str),
}

impl Given {
    fn of(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.clone().into_owned()),
            DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
                .map_or(Self::Other("a number too large"), Self::Integer),
            DeValue::Float(digits) => digits.as_str().parse().map_or(Self::Other("no number"), Self::Float),
            DeValue::Boolean(set) => Self::Boolean(*set),
            DeValue::Array(items) => items
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .map_or(Self::Other("a list of other things"), Self::Texts),
            DeValue::Table(_) => Self::Other("a table"),
            DeValue::Datetime(_) => Self::Other("a time"),
        }
    }
}

impl fmt::Display for Given {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(out, "`\"{text}\"`"),
            Self::Integer(number) => write!(out, "`{number}`"),
            Self::Float(number) => write!(out, "`{number}`"),
            Self::Boolean(set) => write!(out, "`{set}`"),
            Self::Texts(_) => out.write_str("a list"),
            Self::Other(what) => out.write_str(what),
        }
    }
}

fn quoted(path: &str) -> String {
    format!("`{path}`")
}

fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

fn entry<'t, 'a>(table: &'t DeTable<'a>, name: &str) -> Option<&'t Spanned<DeValue<'a>>> {
    table
        .iter()
        .find_map(|(key, value)| (key.get_ref().as_ref() == name).then_some(value))
}

fn collect_unknown(table: &DeTable<'_>, prefix: &str, unknown: &mut Vec<(String, usize)>) {
    for (name, value) in table {
        let path = if prefix.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{prefix}.{}", name.get_ref())
        };
        if find(&path).is_some() {
            continue;
        }
        let section = format!("{path}.");
        match value.get_ref() {
            DeValue::Table(inner) if KEYS.iter().any(|key| key.path.starts_with(&section)) => {
                collect_unknown(inner, &path, unknown);
            }
            _ => unknown.push((path, name.span().start)),
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
