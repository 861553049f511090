//! Detections as GeoJSON (RFC 7946): one Point a vessel, geometry null without georeference.

use serde_json::{Value, json};

use crate::{detect::Detection, scene::Scene};

/// Steps of a coordinate: 1e-7 degree is a centimetre.
const COORDINATE_STEPS: f64 = 1e7;

fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

/// One vessel as a Feature.
pub(super) fn feature(scene: &Scene, vessel: &Detection) -> Value {
    let geometry = vessel.lonlat.map(|(lon, lat)| {
        json!({"type": "Point", "coordinates": [rounded(lon, COORDINATE_STEPS), rounded(lat, COORDINATE_STEPS)]})
    });
    let heading_deg = rounded(vessel.heading_deg, 10.0);
    json!({
        "type": "Feature",
        "geometry": geometry,
        "properties": {
            "confidence": rounded(vessel.confidence, 1e4),
            "length_m": rounded(vessel.length_m, 10.0),
            "beam_m": rounded(vessel.beam_m, 10.0),
            "heading_deg": if heading_deg >= 180.0 { 0.0 } else { heading_deg },
            "length_sd_m": rounded(vessel.length_sd_m, 10.0),
            "beam_sd_m": rounded(vessel.beam_sd_m, 10.0),
            "heading_sd_deg": rounded(vessel.heading_sd_deg, 10.0),
            "position_sd_m": rounded(vessel.position_sd_m, 10.0),
            "scene": scene.id,
            "acquired_at": scene.acquired_at,
            "class": vessel.class.name(),
            "px": rounded(vessel.px, 100.0),
            "py": rounded(vessel.py, 100.0),
        },
    })
}

/// All vessels of a run.
pub(super) fn collection(features: Vec<Value>) -> Value {
    json!({"type": "FeatureCollection", "features": features})
}
