//! CAP 1.2 (OASIS CAP-v1.2, July 2010). Times carry `-00:00`, as the standard wants UTC written; an identifier has no spaces,
//! commas, `<` or `&`; polygons are `lat,lon` pairs, closed.

use serde_json::Value;

use super::{Sheet, points, seconds, shown, xml::Xml};
use quaywatch_protocol::contract::ZoneShape;

pub(super) fn write(sheet: &Sheet) -> String {
    let mut xml = Xml::new();
    let sent = format!("{}-00:00", seconds(sheet.updated()));
    let withdrawn = sheet.alert.get("withdrawn").and_then(Value::as_bool) == Some(true);
    let updated = sheet.updated() > sheet.time("opened_at");
    let message = match (withdrawn, updated) {
        (true, _) => "Cancel",
        (false, true) => "Update",
        (false, false) => "Alert",
    };
    let id = |at: &str| format!("quaywatch-{}-{at}", token(sheet.text("id")));
    let opened = format!("{}-00:00", seconds(sheet.time("opened_at")));
    xml.open("alert", &[("xmlns", "urn:oasis:names:tc:emergency:cap:1.2")])
        .leaf("identifier", &id(&token(&seconds(sheet.updated()))))
        .leaf("sender", "quaywatch")
        .leaf("sent", &sent)
        .leaf("status", "Actual")
        .leaf("msgType", message)
        .leaf("source", &format!("Quaywatch {}", sheet.version))
        .leaf("scope", "Restricted")
        .leaf("restriction", "For those whom the operator gave this message");
    if message != "Alert" {
        let first = id(&token(&seconds(sheet.time("opened_at"))));
        xml.leaf("references", &format!("quaywatch,{first},{opened}"));
    }
    xml.open("info", &[])
        .leaf("language", "en")
        .leaf("category", "Security")
        .leaf("category", "Transport")
        .leaf("event", &sheet.title())
        .leaf("urgency", if withdrawn { "Past" } else { "Expected" })
        .leaf("severity", severity(sheet.text("severity")))
        .leaf("certainty", "Likely")
        .leaf("onset", &format!("{}-00:00", seconds(sheet.onset().0)))
        .leaf("senderName", "Quaywatch")
        .leaf("headline", &headline(sheet))
        .leaf("description", sheet.text("text"));
    let expected = shown(sheet.alert.get("expected_false_per_site_year").unwrap_or(&Value::Null));
    let mut parameters = vec![
        ("alert", sheet.text("id").to_owned()),
        ("rule", sheet.text("rule").to_owned()),
        ("state", sheet.text("state").to_owned()),
        ("expected_false_per_site_year", expected),
    ];
    for signal in sheet.signals() {
        let part = |name: &str| shown(signal.get(name).unwrap_or(&Value::Null));
        let line = format!(
            "{} {} {} at {} (usual {}, p {})",
            part("kind"),
            part("value"),
            part("unit"),
            part("zone"),
            part("baseline"),
            part("p")
        );
        parameters.push(("signal", line));
    }
    for (name, value) in parameters {
        xml.open("parameter", &[])
            .leaf("valueName", name)
            .leaf("value", &value)
            .close();
    }
    xml.open("area", &[]).leaf("areaDesc", sheet.site_name());
    let named = sheet.zones();
    for zone in sheet
        .site
        .iter()
        .flat_map(|site| &site.zones)
        .filter(|zone| named.contains(&zone.id))
    {
        if let ZoneShape::Area(_) = zone.shape {
            let text: Vec<String> = points(&zone.shape)
                .iter()
                .map(|(lon, lat)| format!("{lat},{lon}"))
                .collect();
            xml.leaf("polygon", &text.join(" "));
        }
    }
    if let Some((lon, lat)) = sheet.centre() {
        xml.leaf("circle", &format!("{lat},{lon} 0"));
    }
    xml.finish()
}

fn severity(name: &str) -> &'static str {
    match name {
        "critical" => "Severe",
        "warning" => "Moderate",
        "watch" => "Minor",
        _ => "Unknown",
    }
}

/// At most 160 characters: what a short message holds.
fn headline(sheet: &Sheet) -> String {
    const CHARS_MAX: usize = 160;
    format!("{}: {}", sheet.title(), sheet.text("severity"))
        .chars()
        .take(CHARS_MAX)
        .collect()
}

/// Letters, digits, `-` and `.`; the rest becomes `-`.
fn token(text: &str) -> String {
    text.chars()
        .map(|each| {
            if each.is_ascii_alphanumeric() || "-.".contains(each) {
                each
            } else {
                '-'
            }
        })
        .collect()
}
