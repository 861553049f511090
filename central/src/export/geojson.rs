//! GeoJSON (RFC 7946): the alert at the middle of its site, the zones of its signals, and the vessels of the looks that it rests on.

use serde_json::{Value, json};

use super::{Sheet, json_text, points};
use crate::correlate::identity;
use quaywatch_protocol::contract::ZoneShape;

pub(super) fn write(sheet: &Sheet) -> String {
    let mut features = Vec::new();
    let place = sheet
        .centre()
        .map(|(lon, lat)| json!({"type": "Point", "coordinates": [lon, lat]}));
    let mut properties = sheet.alert.clone();
    if let Some(fields) = properties.as_object_mut() {
        fields.insert("feature".to_owned(), json!("alert"));
        fields.remove("history");
        fields.remove("unread");
    }
    features.push(feature(place.unwrap_or(Value::Null), properties));
    let named = sheet.zones();
    for zone in sheet
        .site
        .iter()
        .flat_map(|site| &site.zones)
        .filter(|zone| named.contains(&zone.id))
    {
        let line: Vec<[f64; 2]> = points(&zone.shape).into_iter().map(|(lon, lat)| [lon, lat]).collect();
        let geometry = match zone.shape {
            ZoneShape::Area(_) => json!({"type": "Polygon", "coordinates": [line]}),
            ZoneShape::Track(_) => json!({"type": "LineString", "coordinates": line}),
        };
        features.push(feature(
            geometry,
            json!({"feature": "zone", "zone": zone.id, "kind": zone.kind.name()}),
        ));
    }
    for look in &sheet.looks {
        for vessel in &look.vessels {
            let mut properties = json!(vessel);
            if let Some(fields) = properties.as_object_mut() {
                fields.insert("feature".to_owned(), json!("vessel"));
                fields.insert("look".to_owned(), json!(identity(look)));
                fields.insert("at".to_owned(), json!(look.acquired_at));
            }
            let geometry = json!({"type": "Point", "coordinates": [vessel.lon, vessel.lat]});
            features.push(feature(geometry, properties));
        }
    }
    json_text::of(&json!({"type": "FeatureCollection", "features": features}))
}

fn feature(geometry: Value, properties: Value) -> Value {
    json!({"type": "Feature", "geometry": geometry, "properties": properties})
}
