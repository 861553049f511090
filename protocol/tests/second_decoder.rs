//! The Python decoder, written from the document alone, says of every golden file what the Rust code says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::{path::Path, process::Command};

use quaywatch_protocol::{codec, contract::convert, envelope, event::Event};
use serde_json::{Value, json};

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn by_python(file: &Path) -> Value {
    let output = Command::new("python3")
        .arg(top().join("tests/decoder/decode.py"))
        .arg(file)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}: {}",
        file.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn by_rust(bytes: &[u8]) -> Value {
    let opened = envelope::open(bytes).unwrap();
    let header = &opened.header;
    let mut said = json!({
        "kind": if header.kind == envelope::Kind::Event { "event" } else { "ack" },
        "station": header.id.station.as_str(), "epoch": header.id.epoch, "seq": header.id.seq, "key_id": header.key_id,
        "signed_bytes": opened.signed.len(), "signature_bytes": opened.signature.len(),
    });
    if header.kind == envelope::Kind::Event {
        said["event"] = match codec::decode(opened.payload).unwrap() {
            Event::Look(look) => {
                let seen = convert::from_wire(&header.id, &look, None, None);
                let mut value = serde_json::to_value(&seen).unwrap();
                for elsewhere in ["station", "epoch", "seq", "acquired_at"] {
                    value.as_object_mut().unwrap().remove(elsewhere);
                }
                value["acquired_ms"] = json!(seen.acquired_at.0);
                value["vessels_left_out"] = json!(look.vessels_left_out);
                json!({ "look": value })
            }
            Event::Gap(gap) => json!({"gap": {"first_seq": gap.first_seq, "last_seq": gap.last_seq,
                "looks_lost": gap.looks_lost, "reason": format!("{:?}", gap.reason)}}),
            Event::Chip(chip) => json!({"chip": {"look_seq": chip.look_seq, "vessel": chip.vessel,
                "jpeg_bytes": chip.jpeg.len()}}),
            Event::Started(started) => json!({"started": {"software": started.software.as_str(),
                "model_sha256_head": started.model_sha256_head.iter().map(|byte| format!("{byte:02x}")).collect::<String>()}}),
        };
    }
    said
}

/// First place where the two differ; numbers may differ by floating-point rounding.
fn difference(a: &Value, b: &Value, at: &str) -> Option<String> {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            let (x, y) = (x.as_f64().unwrap(), y.as_f64().unwrap());
            ((x - y).abs() > 1e-6).then(|| format!("{at}: {x} and {y}"))
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => x
            .iter()
            .zip(y)
            .enumerate()
            .find_map(|(index, (x, y))| difference(x, y, &format!("{at}/{index}"))),
        (Value::Object(x), Value::Object(y)) => {
            let keys: std::collections::BTreeSet<_> = x.keys().chain(y.keys()).collect();
            let get = |map: &serde_json::Map<String, Value>, key: &str| map.get(key).cloned().unwrap_or(Value::Null);
            keys.into_iter()
                .find_map(|key| difference(&get(x, key), &get(y, key), &format!("{at}/{key}")))
        }
        (x, y) => (x != y).then(|| format!("{at}: {x} and {y}")),
    }
}

#[test]
fn both_decoders_say_the_same_of_every_golden_file() {
    let mut files = 0;
    for entry in std::fs::read_dir(top().join("protocol/tests/golden")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "bin") {
            let difference = difference(&by_rust(&std::fs::read(&path).unwrap()), &by_python(&path), "");
            assert_eq!(difference, None, "{}", path.display());
            files += 1;
        }
    }
    assert!(files >= 7, "only {files} golden files");
}
