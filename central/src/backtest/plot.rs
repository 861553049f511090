//! The timeline of a back-test as SVG: a row a site, a bar for its looks, a mark for each alert.

use std::fmt::Write as _;

use quaywatch_protocol::contract::UnixMs;

use super::escaped;
use crate::alert::{Alert, Kind, State};

const WIDTH_PX: f64 = 1100.0;
const LEFT_PX: f64 = 130.0;
const ROW_PX: f64 = 46.0;

/// One site's row.
pub struct Row<'a> {
    pub name: &'a str,
    pub from: UnixMs,
    pub to: UnixMs,
}

/// Colour and row offset of a kind.
const fn look_of(kind: Kind) -> (&'static str, f64) {
    match kind {
        Kind::Coincidence => ("#c1121f", 0.0),
        Kind::Surge => ("#e07a00", 5.0),
        Kind::Slowdown => ("#0077b6", 10.0),
        Kind::Voyage => ("#6a4c93", 15.0),
        Kind::Shift => ("#8a5a44", 20.0),
        Kind::Ledger => ("#1b7f4b", 25.0),
        Kind::DarkCount => ("#333333", 30.0),
        Kind::Growth => ("#8f9d00", 35.0),
    }
}

/// The timeline.
pub fn timeline(rows: &[Row<'_>], alerts: &[Alert], published: Option<UnixMs>) -> String {
    let from = rows.iter().map(|row| row.from.0).min().unwrap_or(0);
    let to = rows.iter().map(|row| row.to.0).max().unwrap_or(1).max(from + 1);
    let x = |at: UnixMs| {
        LEFT_PX + (WIDTH_PX - LEFT_PX - 10.0) * ((at.0 - from) as f64 / (to - from) as f64).clamp(0.0, 1.0)
    };
    let height = ROW_PX * rows.len() as f64 + 50.0;
    let mut svg =
        format!("<svg viewBox=\"0 0 {WIDTH_PX} {height}\" role=\"img\" aria-label=\"alerts by site and time\">");
    for (at, row) in rows.iter().enumerate() {
        let y = ROW_PX * at as f64 + 4.0;
        let _ = write!(
            svg,
            "<text x=\"0\" y=\"{:.0}\" font-size=\"14\">{}</text><rect x=\"{:.1}\" y=\"{y:.0}\" width=\"{:.1}\" height=\"40\" fill=\"#eef2f6\"/>",
            y + 24.0,
            escaped(row.name),
            x(row.from),
            (x(row.to) - x(row.from)).max(1.0)
        );
    }
    for alert in alerts {
        let (colour, offset) = look_of(alert.kind);
        let faint = if alert.state == State::Closed { 0.35 } else { 1.0 };
        for (at, _) in rows
            .iter()
            .enumerate()
            .filter(|(_, row)| alert.sites.iter().any(|site| site == row.name))
        {
            let _ = write!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"{colour}\" opacity=\"{faint}\"><title>{} {}</title></circle>",
                x(alert.opened_at),
                ROW_PX * at as f64 + 7.0 + offset,
                alert.opened_at,
                escaped(&alert.id)
            );
        }
    }
    if let Some(published) = published {
        let at = x(published);
        let _ = write!(
            svg,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"0\" y2=\"{:.0}\" stroke=\"#c1121f\" stroke-dasharray=\"4 3\"/>",
            height - 46.0
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{LEFT_PX}\" y=\"{:.0}\" font-size=\"12\">{}</text>",
        height - 30.0,
        UnixMs(from)
    );
    let _ = write!(
        svg,
        "<text x=\"{:.0}\" y=\"{:.0}\" font-size=\"12\" text-anchor=\"end\">{}</text>",
        WIDTH_PX - 10.0,
        height - 30.0,
        UnixMs(to)
    );
    let kinds = [
        ("coincidence", Kind::Coincidence),
        ("surge", Kind::Surge),
        ("slowdown", Kind::Slowdown),
        ("voyage", Kind::Voyage),
        ("shift", Kind::Shift),
        ("ledger", Kind::Ledger),
        ("dark count", Kind::DarkCount),
        ("growth", Kind::Growth),
    ];
    for (at, (name, kind)) in kinds.into_iter().enumerate() {
        let left = LEFT_PX + 115.0 * at as f64;
        let (colour, _) = look_of(kind);
        let _ = write!(
            svg,
            "<circle cx=\"{left}\" cy=\"{:.0}\" r=\"5\" fill=\"{colour}\"/><text x=\"{}\" y=\"{:.0}\" font-size=\"13\">{name}</text>",
            height - 12.0,
            left + 9.0,
            height - 8.0
        );
    }
    svg.push_str("</svg>");
    svg
}
