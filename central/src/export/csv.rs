//! CSV (RFC 4180): one line a signal, with the alert's fields repeated. A cell that a spreadsheet would take for a formula gets an
//! apostrophe in front, unless it is a number.

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

pub(super) fn write(sheet: &Sheet) -> String {
    let mut out = line(HEAD.iter().map(|name| (*name).to_owned()));
    let (earliest, latest) = sheet.onset();
    let own = ["id", "rule", "kind", "severity", "state", "site", "opened_at"].map(|name| sheet.text(name).to_owned());
    let none = serde_json::Map::new();
    let signals: Vec<_> = sheet.signals().collect();
    let rows = if signals.is_empty() { vec![&none] } else { signals };
    for signal in rows {
        let of_signal = ["kind", "zone", "value", "unit", "baseline", "p", "from", "to", "dark"]
            .map(|name| shown(signal.get(name).unwrap_or(&Value::Null)));
        let cells = own
            .iter()
            .cloned()
            .chain([earliest.to_string(), latest.to_string()])
            .chain([sheet.number("expected_false_per_site_year").to_string()])
            .chain(of_signal)
            .chain([sheet.text("text").to_owned()]);
        out.push_str(&line(cells));
    }
    out
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|text| cell(&text)).collect();
    format!("{}\r\n", cells.join(","))
}

fn cell(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|each| !each.is_control() || *each == '\n')
        .collect();
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err();
    let text = if is_formula { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
