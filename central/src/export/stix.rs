//! STIX 2.1 (OASIS, June 2021): a bundle of the producer, the place, the incident and a note with the figures. Ids are derived from the
//! alert's, so the same alert gives the same objects: UUIDs of version 5 in a namespace of our own. Version 8 over SHA-256 would be
//! the better form, but OASIS' validator takes none above 5.

use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::{Sheet, json_text, seconds, shown};

/// The namespace of our ids: drawn once, at random.
const NAMESPACE: u128 = 0x3f0c_7d6a_52b1_4e8e_9a47_c1d5_8e20_b6f3;

pub(super) fn write(sheet: &Sheet) -> String {
    let created = format!("{}.000Z", seconds(sheet.time("opened_at")));
    let modified = format!("{}.000Z", seconds(sheet.updated()));
    let producer = id("identity", "quaywatch");
    let alert = sheet.text("id");
    let incident = id("incident", alert);
    let common = |kind: &str, id: &str, changes: bool| {
        json!({
            "type": kind, "spec_version": "2.1", "id": id, "created": created,
            "modified": if changes { &modified } else { &created }, "created_by_ref": producer,
        })
    };
    let with = |mut object: Value, more: Value| {
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
        object
    };
    let mut objects = vec![
        json!({
            "type": "identity", "spec_version": "2.1", "id": producer, "created": "2026-01-01T00:00:00.000Z",
            "modified": "2026-01-01T00:00:00.000Z", "name": "Quaywatch", "identity_class": "system",
        }),
        with(
            common("incident", &incident, true),
            json!({
                "name": sheet.title(), "description": sheet.text("text"),
                "labels": [sheet.text("kind"), sheet.text("severity"), sheet.text("state")],
                "external_references": [{"source_name": "quaywatch", "external_id": alert}],
            }),
        ),
    ];
    if let Some((lon, lat)) = sheet.centre() {
        let place = id("location", sheet.text("site"));
        objects.push(with(
            common("location", &place, false),
            json!({"name": sheet.site_name(), "latitude": lat, "longitude": lon}),
        ));
        objects.push(with(
            common("relationship", &id("relationship", alert), false),
            json!({"relationship_type": "located-at", "source_ref": incident, "target_ref": place}),
        ));
    }
    objects.push(with(
        common("note", &id("note", alert), true),
        json!({"abstract": "Signals and their chances", "content": figures(sheet), "object_refs": [incident]}),
    ));
    let bundle = json!({"type": "bundle", "id": id("bundle", &format!("{alert} {modified}")), "objects": objects});
    json_text::of(&bundle)
}

fn figures(sheet: &Sheet) -> String {
    let mut lines = vec![format!(
        "By chance alone {} such alerts a year are expected at this site.",
        sheet.number("expected_false_per_site_year")
    )];
    for signal in sheet.signals() {
        let part = |name: &str| shown(signal.get(name).unwrap_or(&Value::Null));
        lines.push(format!(
            "{} at {}: {} {}, usual {}, p {}, from {} to {}",
            part("kind"),
            part("zone"),
            part("value"),
            part("unit"),
            part("baseline"),
            part("p"),
            part("from"),
            part("to")
        ));
    }
    lines.join("\n")
}

fn id(kind: &str, name: &str) -> String {
    format!("{kind}--{}", uuid5(NAMESPACE, &format!("{kind}:{name}")))
}

/// Name-based UUID, version 5 (RFC 9562, section 5.5).
fn uuid5(namespace: u128, name: &str) -> String {
    let digest = Sha1::new()
        .chain_update(namespace.to_be_bytes())
        .chain_update(name)
        .finalize();
    let first = digest.iter().take(16);
    let number = first.fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let number = number & !(0xf_u128 << 76) | 5_u128 << 76;
    let number = number & !(0x3_u128 << 62) | 2_u128 << 62;
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_based_uuid_is_the_one_that_another_implementation_makes() {
        // python3: uuid.uuid5(uuid.NAMESPACE_DNS, "python.org")
        let dns = 0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8;
        assert_eq!(uuid5(dns, "python.org"), "886313e1-3b8a-5372-9b90-0c9aee199e5d");
    }
}
