//! One table of a rules file being read: every key is asked for by name, with its range; what nobody asked for is a fault.

use std::fmt;

use toml::{Spanned, de::DeTable, de::DeValue};

/// One fault of a rules file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFault {
    /// Line in the file, from 1.
    pub line: usize,
    /// Key, with its section.
    pub key: String,
    /// What was wrong and what was expected.
    pub problem: String,
}

impl fmt::Display for RuleFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: `{}` {}", self.line, self.key, self.problem)
    }
}

/// What is wrong so far, and the text to count lines in.
pub struct Faults<'t> {
    text: &'t str,
    /// The faults, in the order found.
    pub list: Vec<RuleFault>,
}

impl<'t> Faults<'t> {
    /// No fault yet.
    #[must_use]
    pub const fn new(text: &'t str) -> Self {
        Self { text, list: Vec::new() }
    }

    /// Notes a fault at a byte of the text.
    pub fn add(&mut self, byte: usize, key: impl Into<String>, problem: impl Into<String>) {
        let head = self.text.as_bytes().get(..byte).unwrap_or_default();
        self.list.push(RuleFault {
            line: head.iter().filter(|byte| **byte == b'\n').count() + 1,
            key: key.into(),
            problem: problem.into(),
        });
    }
}

/// A table, by name, whose keys are being asked for.
pub struct Section<'a, 'i> {
    /// Name for messages: `calls`, `rule "surge"`.
    pub name: String,
    /// Where it starts.
    pub start: usize,
    table: Option<&'a DeTable<'i>>,
    asked: Vec<&'static str>,
}

impl<'a, 'i> Section<'a, 'i> {
    /// A table of the file; `None` stands for one that is absent.
    #[must_use]
    pub const fn new(name: String, start: usize, table: Option<&'a DeTable<'i>>) -> Self {
        Self {
            name,
            start,
            table,
            asked: Vec::new(),
        }
    }

    /// The value of a key, if it is there.
    pub fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.asked.push(key);
        self.table?
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == key)
            .map(|(_, value)| value)
    }

    /// `section.key`, for messages.
    #[must_use]
    pub fn path(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    /// A number within a range, or the default.
    pub fn number(&mut self, key: &'static str, default: f64, low: f64, high: f64, faults: &mut Faults<'_>) -> f64 {
        let Some(value) = self.get(key) else { return default };
        match number_of(value.get_ref()) {
            Some(number) if (low..=high).contains(&number) => number,
            _ => {
                let found = shown(value.get_ref());
                faults.add(
                    value.span().start,
                    self.path(key),
                    format!("is {found}: expected a number from {low} to {high}"),
                );
                default
            }
        }
    }

    /// Text, if the key is there.
    pub fn text(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<String> {
        let value = self.get(key)?;
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            let found = shown(value.get_ref());
            faults.add(value.span().start, self.path(key), format!("is {found}: expected text"));
        }
        text
    }

    /// A list, each item with its place; absent is empty.
    pub fn list(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Vec<(usize, &'a DeValue<'i>)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        match value.get_ref().as_array() {
            Some(items) => items.iter().map(|item| (item.span().start, item.get_ref())).collect(),
            None => {
                let found = shown(value.get_ref());
                faults.add(
                    value.span().start,
                    self.path(key),
                    format!("is {found}: expected a list"),
                );
                Vec::new()
            }
        }
    }

    /// A list of texts; absent is empty.
    pub fn texts(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Vec<String> {
        let mut texts = Vec::new();
        for (at, item) in self.list(key, faults) {
            match item.as_str() {
                Some(text) => texts.push(text.to_owned()),
                None => faults.add(at, self.path(key), format!("holds {}: expected text", shown(item))),
            }
        }
        texts
    }

    /// Reports the keys that nobody asked for, each with the nearest known one.
    pub fn finish(self, faults: &mut Faults<'_>) {
        let Some(table) = self.table else { return };
        for (name, _) in table {
            let found = name.get_ref().as_ref();
            if self.asked.contains(&found) {
                continue;
            }
            let nearest = self.asked.iter().min_by_key(|known| distance(known, found));
            let hint = match nearest {
                Some(known) if distance(known, found) <= 1 + found.len() / 3 => format!("did you mean `{known}`?"),
                _ => format!("expected one of {}", self.asked.join(", ")),
            };
            faults.add(name.span().start, self.path(found), format!("is no key here: {hint}"));
        }
    }
}

/// A number, whole or not.
#[must_use]
pub fn number_of(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(whole) => whole.as_str().parse().ok(),
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    }
}

/// A value as it may be shown in a message.
#[must_use]
pub fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("\"{text}\""),
        DeValue::Integer(whole) => whole.as_str().to_owned(),
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::Boolean(set) => set.to_string(),
        other => format!("a {}", other.type_str()),
    }
}

/// Edit distance (Levenshtein), for hints.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            let best = (corner + usize::from(from != *to)).min(above + 1).min(left + 1);
            corner = above;
            left = best;
            *cell = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
