//! The table of keys told to people: `check-config --explain` and `docs/CONFIG-edge.md`.

use super::keys::{Absent, KEYS, Key, Kind};

/// The explanation of every key: a commented configuration file.
#[must_use]
pub fn explain() -> String {
    let mut out =
        String::from("# Configuration of quaywatch-edge, every key. Paths are relative to this file's folder.\n");
    let mut section = "";
    for key in KEYS {
        let (head, name) = key.path.split_once('.').unwrap_or(("", key.path));
        if head != section {
            section = head;
            out.push_str(&format!("\n[{section}]\n"));
        }
        out.push('\n');
        for line in wrapped(key.doc) {
            out.push_str(&format!("# {line}\n"));
        }
        out.push_str(&bounds(key));
        match key.absent {
            Absent::Required => out.push_str(&format!("# Required.\n{name} = {}\n", key.example)),
            Absent::Off => out.push_str(&format!("# Off when absent.\n# {name} = {}\n", key.example)),
            Absent::Default(value) => {
                out.push_str(&format!("# Example: {}\n{name} = {value}\n", key.example));
            }
        }
    }
    out
}

/// `docs/CONFIG-edge.md`.
#[must_use]
pub fn document() -> String {
    format!(
        "# Configuration of quaywatch-edge\n\nMade from the program's own list of keys (`quaywatch-edge check-config --explain`); \
         a test keeps the two alike.\n\n```toml\n{}```\n",
        explain()
    )
}

/// Unit and bounds, in a line of their own.
fn bounds(key: &Key) -> String {
    let unit = if key.unit.is_empty() {
        String::new()
    } else {
        format!(" {}", key.unit)
    };
    match key.kind {
        Kind::Integer { min, max } => format!("# {min} to {max}{unit}.\n"),
        Kind::Number { min, max } => format!("# {min} to {max}{unit}.\n"),
        Kind::Choice(words) => format!("# One of {}.\n", words.join(", ")),
        _ => String::new(),
    }
}

fn wrapped(text: &str) -> Vec<String> {
    const COLUMNS_MAX: usize = 100;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let full = |line: &String| !line.is_empty() && line.len() + word.len() >= COLUMNS_MAX;
        if lines.last().is_some_and(full) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
