//! The plots of a back-test as SVG: a timeline (a row a site, a bar for its looks, a mark for each alert), and stated against measured rates.

use std::fmt::Write as _;

use quaywatch_protocol::contract::UnixMs;

use super::{calibration::Calibration, escaped};
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

/// Ends of both axes of the calibration plot, coincidences a site-year.
const RATES: (f64, f64) = (0.01, 10.0);
/// How far stated and measured rates may be apart.
pub const FACTOR: f64 = 1.5;

/// Measured over stated rates, both on logarithmic axes.
pub fn calibration(calibration: &Calibration) -> String {
    const SIDE_PX: f64 = 360.0;
    const LEFT: f64 = 60.0;
    let share = |rate: f64| ((rate.max(RATES.0) / RATES.0).ln() / (RATES.1 / RATES.0).ln()).clamp(0.0, 1.0);
    let x = |rate: f64| LEFT + SIDE_PX * share(rate);
    let y = |rate: f64| 10.0 + SIDE_PX * (1.0 - share(rate));
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH_PX} 420\" role=\"img\" aria-label=\"measured over stated rate of coincidences\">\
         <rect x=\"{LEFT}\" y=\"10\" width=\"{SIDE_PX}\" height=\"{SIDE_PX}\" fill=\"none\" stroke=\"#9aa7b4\"/>"
    );
    let (low, high) = RATES;
    let _ = write!(
        svg,
        "<polygon points=\"{:.1},{:.1} {:.1},{:.1} {:.1},{:.1} {:.1},{:.1}\" fill=\"#eef2f6\"/>",
        x(low),
        y(low * FACTOR),
        x(high / FACTOR),
        y(high),
        x(high),
        y(high / FACTOR),
        x(low * FACTOR),
        y(low)
    );
    let _ = write!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#9aa7b4\"/>",
        x(low),
        y(low),
        x(high),
        y(high)
    );
    for rate in [0.01, 0.1, 1.0, 10.0] {
        let _ = write!(
            svg,
            "<text x=\"{:.0}\" y=\"388\" font-size=\"12\" text-anchor=\"middle\">{rate}</text>\
             <text x=\"{:.0}\" y=\"{:.0}\" font-size=\"12\" text-anchor=\"end\">{rate}</text>",
            x(rate),
            LEFT - 6.0,
            y(rate) + 4.0
        );
    }
    for (_, band) in calibration.all().bands().filter(|(_, band)| band.years > 0.0) {
        let stated = band.stated / band.years;
        let (from, to) = band.interval();
        let at = x(stated);
        let _ = write!(
            svg,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#0077b6\" stroke-width=\"2\"/>\
             <circle cx=\"{at:.1}\" cy=\"{:.1}\" r=\"5\" fill=\"#0077b6\"><title>{} came, {:.1} expected, {:.0} site-years</title></circle>",
            y(from / band.years),
            y(to / band.years),
            y(f64::from(band.came) / band.years),
            band.came,
            band.stated,
            band.years
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{:.0}\" y=\"408\" font-size=\"13\" text-anchor=\"middle\">stated, coincidences a site-year</text>\
         <text x=\"{:.0}\" y=\"30\" font-size=\"13\">measured, the same</text></svg>",
        LEFT + SIDE_PX / 2.0,
        LEFT + 8.0
    );
    svg
}
