//! A page to print: stands alone, without scripts and without anything from elsewhere.

use std::fmt::Write;

use serde_json::Value;

use super::{Sheet, shown, xml::escaped};
use crate::correlate::identity;

/// Its style, to the byte: the content security policy names its hash.
pub const STYLE: &str = "body{font:11pt/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#16202a;background:#fff}\
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem;border-bottom:1px solid #c9d1da}\
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{text-align:left;padding:.2rem .6rem .2rem 0;vertical-align:top;border-bottom:1px solid #e6eaee}\
.quiet{color:#5a6775}p.text{font-size:1.05rem}@media print{body{margin:0}h2{break-after:avoid}tr{break-inside:avoid}}";

pub(super) fn write(sheet: &Sheet) -> String {
    let title = escaped(&sheet.title());
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head><body>\n\
         <h1>{title}</h1>\n<p class=\"quiet\">{} · {} · {}</p>\n<p class=\"text\">{}</p>\n",
        escaped(sheet.text("severity")),
        escaped(sheet.text("state")),
        escaped(sheet.text("id")),
        escaped(sheet.text("text")),
    );
    let (earliest, latest) = sheet.onset();
    let facts = [
        ("Raised", sheet.text("opened_at").to_owned()),
        ("Began", format!("between {earliest} and {latest}")),
        ("Last changed", sheet.updated().to_string()),
        ("Rule", sheet.text("rule").to_owned()),
        (
            "By chance",
            format!(
                "{} such alerts a year at this site",
                sheet.number("expected_false_per_site_year")
            ),
        ),
        ("Handled by", sheet.text("handled_by").to_owned()),
        ("Closed as", sheet.text("closed_as").to_owned()),
    ];
    page.push_str("<h2>Facts</h2><table>");
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(
            page,
            "<tr><th scope=\"row\">{name}</th><td>{}</td></tr>",
            escaped(value)
        );
    }
    page.push_str("</table>\n<h2>What was unusual</h2>");
    let heads = ["kind", "zone", "value", "unit", "baseline", "p", "from", "to"];
    let signals = sheet
        .signals()
        .map(|signal| heads.map(|head| shown(signal.get(head).unwrap_or(&Value::Null))));
    table(&mut page, &heads, signals);
    page.push_str("<h2>Evidence</h2>");
    let looks = sheet.looks.iter().map(|look| {
        [
            identity(look),
            look.acquired_at.to_string(),
            look.station.clone(),
            look.sensor.name.clone(),
            look.vessels.len().to_string(),
        ]
    });
    table(&mut page, &["look", "acquired", "station", "sensor", "vessels"], looks);
    page.push_str("<h2>History</h2>");
    let lines = sheet
        .alert
        .get("history")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let heads = ["at", "what", "actor", "reason", "note"];
    let lines = lines.map(|line| heads.map(|head| shown(line.get(head).unwrap_or(&Value::Null))));
    table(&mut page, &heads, lines);
    let _ = writeln!(
        page,
        "<p class=\"quiet\">Quaywatch {}</p></body></html>",
        escaped(sheet.version)
    );
    page
}

fn table<const N: usize>(page: &mut String, heads: &[&str; N], rows: impl Iterator<Item = [String; N]>) {
    page.push_str("<table><thead><tr>");
    for head in heads {
        let _ = write!(page, "<th scope=\"col\">{head}</th>");
    }
    page.push_str("</tr></thead><tbody>");
    for row in rows {
        page.push_str("<tr>");
        for cell in row {
            let _ = writeln!(page, "<td>{}</td>", escaped(&cell));
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table>\n");
}
