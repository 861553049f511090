//! CSV (RFC 4180): one line a signal, with the alert's fields repeated.
//!
//! A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers of the alert stay numbers, also negative
//! ones. Markup stays as it is: the format has no escape for it, and a reader must find the name that was there. It is served as
//! `text/csv` to be saved, never to be shown, and browsers are told not to guess.

use serde_json::Value;

use super::{Sheet, shown};

const HEAD: [&str; 20] = [
    "alert",
    "rule",
    "kind",
    "severity",
    "state",
    "site",
    "opened_at",
    "onset_earliest",
    "onset_latest",
    "expected_false_per_site_year",
    "signal",
    "zone",
    "value",
    "unit",
    "baseline",
    "p",
    "from",
    "to",
    "dark",
    "text",
];

/// Characters that begin a formula, also in their full-width forms.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

pub(super) fn write(sheet: &Sheet) -> String {
    let mut out = line(HEAD.iter().map(|name| (*name).to_owned()));
    let (earliest, latest) = sheet.onset();
    let own = ["id", "rule", "kind", "severity", "state", "site", "opened_at"].map(|name| quoted(sheet.text(name)));
    let none = serde_json::Map::new();
    let signals: Vec<_> = sheet.signals().collect();
    let rows = if signals.is_empty() { vec![&none] } else { signals };
    for signal in rows {
        let of_signal = ["kind", "zone", "value", "unit", "baseline", "p", "from", "to", "dark"]
            .map(|name| cell(signal.get(name).unwrap_or(&Value::Null)));
        let cells = own
            .iter()
            .cloned()
            .chain([earliest.to_string(), latest.to_string()])
            .chain([sheet.number("expected_false_per_site_year").to_string()])
            .chain(of_signal)
            .chain([quoted(sheet.text("text"))]);
        out.push_str(&line(cells));
    }
    out
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("{}\r\n", cells.collect::<Vec<_>>().join(","))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => quoted(&shown(other)),
    }
}

fn quoted(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|each| !each.is_control() || *each == '\n')
        .collect();
    let is_formula = text.trim_start().starts_with(FORMULA);
    let text = if is_formula { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
