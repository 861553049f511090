use std::os::unix::fs::PermissionsExt;

use super::*;

const SITE: &str = r#"{"type":"FeatureCollection","site":"port","name":"Port","features":[
    {"type":"Feature","properties":{"zone":"pier","kind":"berth"},
     "geometry":{"type":"Polygon","coordinates":[[[0,0],[0.01,0],[0.01,0.01],[0,0.01],[0,0]]]}}]}"#;

/// A folder with everything that a configuration names, and the least configuration.
fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    keyfile::create(&at("station.key")).unwrap();
    let central = keyfile::create(&at("central.key")).unwrap();
    fs::create_dir(at("sites")).unwrap();
    fs::write(at("sites/port.geojson"), SITE).unwrap();
    fs::write(at("m.tflite"), "model").unwrap();
    let text = format!(
        "station = \"gs-1\"\ndata = \"data\"\nsites = \"sites\"\nkey.file = \"station.key\"\ncentral.key = \"{central}\"\n\
         scenes.folder = \"scenes\"\nmodel.file = \"m.tflite\"\nbroker.url = \"mqtt://127.0.0.1:1883\"\n"
    );
    (folder, text)
}

fn faults(folder: &Path, text: &str) -> Vec<String> {
    Config::parse(text, folder)
        .expect_err("must be refused")
        .iter()
        .map(Fault::to_string)
        .collect()
}

#[test]
fn the_least_configuration_takes_defaults_for_the_rest() {
    let (folder, text) = folder();
    let config = Config::parse(&text, folder.path()).unwrap();
    assert_eq!(config.spool, Limits::default());
    assert_eq!(
        (config.window_events, config.broker.port),
        (crate::link::WINDOW_EVENTS_DEFAULT, 1883)
    );
    assert_eq!(config.data, folder.path().join("data"));
    assert_eq!(config.sites[0].id, "port");
    assert!(config.scenes.move_done && config.broker.tls.is_none());
}

#[test]
fn every_example_is_a_value_that_its_key_takes() {
    for key in keys::KEYS {
        let text = format!("{} = {}\n", key.path, key.example);
        let mut reader = Reader::new(&text, Path::new("/"));
        let taken = match key.kind {
            keys::Kind::Text | keys::Kind::Path | keys::Kind::Choice(_) => reader.text(key.path).is_some(),
            keys::Kind::Integer { .. } => reader.integer::<i64>(key.path).is_some(),
            keys::Kind::Number { .. } => reader.number(key.path).is_some(),
            keys::Kind::Boolean => reader.boolean(key.path).is_some(),
            keys::Kind::TextList => reader.text_list(key.path).is_some(),
        };
        assert!(taken, "{}: {:?}", key.path, reader.faults);
    }
}

#[test]
fn the_explanation_is_itself_a_configuration_without_unknown_keys() {
    let text = explain::explain();
    let reader = Reader::new(&text, Path::new("/"));
    assert!(reader.faults.is_empty(), "{:?}", reader.faults);
    for key in keys::KEYS {
        let name = key.path.rsplit('.').next().unwrap();
        assert!(text.contains(&format!("{name} = ")), "{name}");
    }
}

#[test]
fn a_misspelt_key_is_refused_with_its_line_and_a_suggestion() {
    let (folder, text) = folder();
    let found = faults(folder.path(), &format!("{text}\n[spool]\nevent_max = 500\n"));
    assert_eq!(
        found,
        ["line 11: `spool.event_max`: is no key of this configuration: did you mean `spool.events_max`?"]
    );
}

#[test]
fn a_log_filter_beyond_ascii_is_a_fault() {
    let (folder, text) = folder();
    for filter in [" in\u{fffd}en [\u{fffd}x", "caf\u{e9}=debug"] {
        let found = faults(folder.path(), &format!("{text}\n[log]\nfilter = \"{filter}\"\n"));
        assert!(
            found[0].contains("`log.filter`") && found[0].contains("ASCII"),
            "{found:?}"
        );
    }
}

#[test]
fn all_faults_come_at_once_each_with_its_line() {
    let (folder, _) = folder();
    fs::write(folder.path().join("open.key"), "00").unwrap();
    fs::set_permissions(folder.path().join("open.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let text = "station = \"no/slash\"\nsites = \"nowhere\"\nkey.file = \"open.key\"\ncentral.key = \"abc\"\n\
                [scenes]\npoll_ms = \"1s\"\n[broker]\nurl = \"http://x\"\n[spool]\nbytes_max = 5\n\
                [log]\nfilter = \"a=b=c\"\nformat = \"xml\"\n[health]\ninterval_s = 0\n";
    let found = faults(folder.path(), text);
    for expected in [
        "line 1: `station`",
        "line 2: `sites`",
        "line 3: `key.file`",
        "mode 644",
        "line 4: `central.key`",
        "line 6: `scenes.poll_ms`: is `\"1s\"`: expected a whole number from 50 to 600000 (ms), like 1000",
        "line 8: `broker.url`",
        "line 10: `spool.bytes_max`",
        "line 12: `log.filter`",
        "line 13: `log.format`: is `xml`: expected one of text, json",
        "line 15: `health.interval_s`",
        "`data`: is missing",
        "`scenes.folder`: is missing",
        "`model.file`: is missing",
    ] {
        assert!(
            found.iter().any(|fault| fault.contains(expected)),
            "{expected} in {found:#?}"
        );
    }
}

#[test]
fn text_that_is_not_toml_names_the_line_and_the_rest_is_still_read() {
    let (folder, text) = folder();
    let found = faults(folder.path(), &format!("{text}spool.events_max = 3\noops\n"));
    assert!(
        found
            .iter()
            .any(|fault| fault.starts_with("line 10: file: is not TOML")),
        "{found:#?}"
    );
    assert!(
        found
            .iter()
            .any(|fault| fault.starts_with("line 9: `spool.events_max`")),
        "{found:#?}"
    );
}

#[test]
fn a_self_crossing_zone_is_named_with_its_file() {
    let (folder, text) = folder();
    let crossed = SITE.replace("[0.01,0],[0.01,0.01],[0,0.01]", "[0.01,0.01],[0.01,0],[0,0.01]");
    fs::write(folder.path().join("sites/port.geojson"), crossed).unwrap();
    let found = faults(folder.path(), &text);
    assert!(
        found[0].contains("port.geojson") && found[0].contains("zone `pier`"),
        "{found:#?}"
    );
}

#[test]
fn plain_mqtt_leaves_this_machine_only_when_told_to() {
    let (folder, text) = folder();
    let away = text.replace("127.0.0.1", "broker.example");
    assert!(faults(folder.path(), &away)[0].contains("another machine"));
    assert!(Config::parse(&format!("{away}broker.insecure = true\n"), folder.path()).is_ok());
    for near in ["localhost", "[::1]", "127.0.0.9"] {
        assert!(
            Config::parse(&text.replace("127.0.0.1", near), folder.path()).is_ok(),
            "{near}"
        );
    }
}

#[test]
fn tls_needs_its_files_complete() {
    let (folder, text) = folder();
    let tls = text.replace("mqtt://", "mqtts://");
    assert!(faults(folder.path(), &tls)[0].contains("`broker.ca_file`: is missing"));
    fs::write(folder.path().join("ca.pem"), "ca").unwrap();
    let half = format!("{tls}broker.ca_file = \"ca.pem\"\nbroker.cert_file = \"ca.pem\"\n");
    assert!(faults(folder.path(), &half)[0].contains("only together"));
}

#[test]
fn the_document_says_what_the_program_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/CONFIG-edge.md");
    let told = fs::read_to_string(&file).unwrap_or_default();
    if told != explain::document() && std::env::var_os("QUAYWATCH_WRITE_DOCS").is_some() {
        fs::write(&file, explain::document()).unwrap();
        return;
    }
    assert!(
        told == explain::document(),
        "docs/CONFIG-edge.md is not what the program says: run this test with QUAYWATCH_WRITE_DOCS=1"
    );
}
