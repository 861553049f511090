//! Cursor on Target 2.0 (MITRE, `Event.xsd`): one event, a spot marker at the middle of the site. Where nobody knows the height it is
//! 9999999, and the circle of error is half the site's extent.

use geo::BoundingRect;
use quaywatch_protocol::contract::{Site, time::DAY_MS};

use super::{Sheet, seconds, xml::Xml};

/// How long the marker stays, ms.
const STALE_MS: i64 = 7 * DAY_MS;
/// Stands for "unknown" in heights and errors.
const UNKNOWN: &str = "9999999.0";
/// Metres in a degree of latitude.
const METRES_PER_DEGREE: f64 = 111_320.0;

pub(super) fn write(sheet: &Sheet) -> String {
    let mut xml = Xml::new();
    let time = |at| format!("{}.000Z", seconds(at));
    let at = sheet.updated();
    xml.open(
        "event",
        &[
            ("version", "2.0"),
            ("uid", &format!("quaywatch-{}", sheet.text("id"))),
            ("type", "b-m-p-s-m"),
            ("how", "m-p"),
            ("time", &time(at)),
            ("start", &time(sheet.onset().0)),
            ("stale", &time(at.plus_ms(STALE_MS))),
        ],
    );
    let (lon, lat) = sheet.centre().unwrap_or((0.0, 0.0));
    let error = sheet
        .site
        .as_ref()
        .map_or_else(|| UNKNOWN.to_owned(), |site| format!("{:.1}", half_extent_m(site)));
    let (lat, lon) = (format!("{lat:.6}"), format!("{lon:.6}"));
    xml.empty(
        "point",
        &[
            ("lat", &lat),
            ("lon", &lon),
            ("hae", UNKNOWN),
            ("ce", &error),
            ("le", UNKNOWN),
        ],
    )
    .open("detail", &[])
    .empty("contact", &[("callsign", &sheet.title())])
    .leaf("remarks", sheet.text("text"))
    .empty(
        "quaywatch",
        &[
            ("alert", sheet.text("id")),
            ("rule", sheet.text("rule")),
            ("kind", sheet.text("kind")),
            ("severity", sheet.text("severity")),
            ("state", sheet.text("state")),
            ("site", sheet.text("site")),
        ],
    );
    xml.finish()
}

fn half_extent_m(site: &Site) -> f64 {
    let shapes: geo::GeometryCollection<f64> = site.zones.iter().map(|zone| zone.shape.geometry()).collect();
    shapes.bounding_rect().map_or(0.0, |rect| {
        let north = rect.height() * METRES_PER_DEGREE;
        let east = rect.width() * METRES_PER_DEGREE * rect.center().y.to_radians().cos();
        north.hypot(east) / 2.0
    })
}
