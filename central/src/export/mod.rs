//! An alert in the forms of other systems: CAP 1.2, STIX 2.1, Cursor on Target, GeoJSON, KML, CSV, a page to print. Pure: text in the
//! form of the standard out. Names of sites, zones, rules and people are hostile and escaped by each form's own rules.

mod cap;
mod cot;
mod csv;
mod geojson;
mod html;
mod json_text;
mod kml;
mod stix;
#[cfg(test)]
mod tests;
mod xml;

use geo::CoordsIter;
use quaywatch_protocol::contract::{Look, Site, ZoneShape, time::UnixMs};
use serde_json::{Map, Value};

pub use self::html::STYLE;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Common Alerting Protocol 1.2 (OASIS), XML.
    Cap,
    /// STIX 2.1 (OASIS), a bundle.
    Stix,
    /// Cursor on Target 2.0, one event.
    Cot,
    /// GeoJSON (RFC 7946).
    GeoJson,
    /// KML 2.2 (OGC).
    Kml,
    /// Comma-separated values (RFC 4180), one line a signal.
    Csv,
    /// A page that stands alone and prints.
    Html,
}

impl Format {
    /// All.
    pub const ALL: [Self; 7] = [
        Self::Cap,
        Self::Stix,
        Self::Cot,
        Self::GeoJson,
        Self::Kml,
        Self::Csv,
        Self::Html,
    ];

    /// The name in routes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cap => "cap",
            Self::Stix => "stix",
            Self::Cot => "cot",
            Self::GeoJson => "geojson",
            Self::Kml => "kml",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media(self) -> &'static str {
        match self {
            Self::Cap => "application/cap+xml; charset=utf-8",
            Self::Stix => "application/stix+json;version=2.1",
            Self::Cot => "application/xml; charset=utf-8",
            Self::GeoJson => "application/geo+json",
            Self::Kml => "application/vnd.google-earth.kml+xml",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// What a file of it ends with.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Cap => "cap.xml",
            Self::Stix => "stix.json",
            Self::Cot => "cot.xml",
            other => other.name(),
        }
    }

    /// The form of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// What is exported.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The alert as the API shows it, with history.
    pub alert: Value,
    /// Its site, where it is watched (still).
    pub site: Option<Site>,
    /// Looks that it rests on, oldest first.
    pub looks: Vec<Look>,
    /// Version of this program.
    pub version: &'static str,
}

/// Writes an alert in a form.
#[must_use]
pub fn write(format: Format, sheet: &Sheet) -> String {
    match format {
        Format::Cap => cap::write(sheet),
        Format::Stix => stix::write(sheet),
        Format::Cot => cot::write(sheet),
        Format::GeoJson => geojson::write(sheet),
        Format::Kml => kml::write(sheet),
        Format::Csv => csv::write(sheet),
        Format::Html => html::write(sheet),
    }
}

impl Sheet {
    /// A field of the alert, as text; empty where it is none.
    fn text(&self, name: &str) -> &str {
        self.alert.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn number(&self, name: &str) -> f64 {
        self.alert.get(name).and_then(Value::as_f64).unwrap_or(0.0)
    }

    fn time(&self, name: &str) -> UnixMs {
        UnixMs::parse(self.text(name)).unwrap_or_default()
    }

    fn onset(&self) -> (UnixMs, UnixMs) {
        let at = |path: &str| {
            let text = self.alert.pointer(path).and_then(Value::as_str);
            text.and_then(|text| UnixMs::parse(text).ok()).unwrap_or_default()
        };
        (at("/onset/earliest"), at("/onset/latest"))
    }

    /// When it last changed.
    fn updated(&self) -> UnixMs {
        let updated = self.time("updated_at");
        if updated == UnixMs::default() {
            self.time("opened_at")
        } else {
            updated
        }
    }

    fn signals(&self) -> impl Iterator<Item = &Map<String, Value>> {
        let signals = self.alert.get("signals").and_then(Value::as_array);
        signals.into_iter().flatten().filter_map(Value::as_object)
    }

    /// Zones that its signals name.
    fn zones(&self) -> Vec<String> {
        let mut zones: Vec<String> = self
            .signals()
            .filter_map(|signal| signal.get("zone").and_then(Value::as_str))
            .flat_map(|zone| zone.split('+'))
            .map(str::to_owned)
            .collect();
        zones.sort();
        zones.dedup();
        zones
    }

    fn site_name(&self) -> &str {
        self.site
            .as_ref()
            .map_or_else(|| self.text("site"), |site| site.name.as_str())
    }

    /// Longitude and latitude of the site's middle.
    fn centre(&self) -> Option<(f64, f64)> {
        let centre = self.site.as_ref()?.centre();
        Some((centre.x(), centre.y()))
    }

    /// "Coincidence at Vostochny".
    fn title(&self) -> String {
        let kind = self.text("kind").replace('_', " ");
        let mut letters = kind.chars();
        let kind: String = letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
        format!("{kind} at {}", self.site_name())
    }
}

/// The points of a shape, longitude and latitude.
fn points(shape: &ZoneShape) -> Vec<(f64, f64)> {
    match shape {
        ZoneShape::Area(area) => area.exterior().coords_iter().map(|at| (at.x, at.y)).collect(),
        ZoneShape::Track(track) => track.coords_iter().map(|at| (at.x, at.y)).collect(),
    }
}

/// `2024-03-13T01:37:10` without zone and fraction.
fn seconds(at: UnixMs) -> String {
    at.to_string().chars().take(19).collect()
}

/// A number as people write it: no more digits than it has.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
