use super::*;

const LEAST: &str = r#"
sites = "sites"
rules = "rules.toml"
stations = "stations.toml"
key.file = "central.key"
store.file = "q.db"
"#;

fn faults(text: &str) -> Vec<String> {
    Config::parse(text, Path::new("/etc/q"))
        .expect_err("must be refused")
        .iter()
        .map(Fault::to_string)
        .collect()
}

#[test]
fn the_least_configuration_is_loopback_and_embedded() {
    let config = Config::parse(LEAST, Path::new("/etc/q")).unwrap();
    assert_eq!(
        config.broker.place,
        BrokerPlace::Embedded("127.0.0.1:1883".parse().unwrap())
    );
    assert!(config.http.listen.ip().is_loopback());
    assert_eq!(config.store_file, Path::new("/etc/q/q.db"));
}

#[test]
fn a_misspelt_key_is_refused_with_a_suggestion() {
    let found = faults(&format!("{LEAST}\n[ingest]\nclock_tolerence_s = 5\n"));
    assert_eq!(
        found,
        ["`ingest.clock_tolerence_s`: is no key of this configuration: did you mean `ingest.clock_tolerance_s`?"]
    );
}

#[test]
fn all_faults_come_at_once() {
    let found =
        faults("sites = 5\nrules = \"r\"\nspool = 1\n[broker]\nmode = \"internal\"\n[http]\nlisten = \"0.0.0.0:80\"\n");
    for place in [
        "`sites`",
        "`stations`",
        "`key.file`",
        "`store.file`",
        "`spool`",
        "`broker.mode`",
        "`http.listen`",
    ] {
        assert!(
            found.iter().any(|fault| fault.starts_with(place)),
            "{place} in {found:#?}"
        );
    }
}

#[test]
fn an_embedded_broker_stays_on_loopback_and_tls_is_all_or_nothing() {
    assert!(faults(&format!("{LEAST}\nbroker.listen = \"0.0.0.0:8883\"\n"))[0].starts_with("`broker.listen`"));
    let tls = "broker.tls_ca = \"ca\"\nbroker.tls_cert = \"c\"\nbroker.tls_key = \"k\"\n";
    assert!(faults(&format!("{LEAST}\n{tls}"))[0].contains("external broker"));
    let external = "broker.mode = \"external\"\nbroker.address = \"broker.example:8883\"\n";
    assert!(Config::parse(&format!("{LEAST}\n{external}{tls}"), Path::new("")).is_ok());
    assert!(faults(&format!("{LEAST}\n{external}broker.tls_ca = \"ca\"\n"))[0].contains("not complete"));
}

#[test]
fn a_user_at_the_broker_needs_a_password_and_the_other_way_round() {
    let external = "broker.mode = \"external\"\nbroker.address = \"broker.example:1883\"\n";
    for half in ["broker.user = \"central\"\n", "broker.password_file = \"p\"\n"] {
        assert!(faults(&format!("{LEAST}\n{external}{half}"))[0].contains("both a user and its password"));
    }
}

#[test]
fn a_log_filter_beyond_ascii_is_a_fault() {
    for filter in [" in\u{fffd}en [\u{fffd}x", "caf\u{e9}=debug"] {
        let found = faults(&format!("{LEAST}\nlog.filter = \"{filter}\"\n"));
        assert!(
            found[0].starts_with("`log.filter`") && found[0].contains("ASCII"),
            "{found:?}"
        );
    }
}

#[test]
fn what_is_no_toml_names_the_line() {
    assert!(faults("sites = \"a\"\nrules = = 3\n")[0].starts_with("line 2: is not TOML"));
}

#[test]
fn the_explanation_is_itself_a_configuration_with_every_default() {
    let explained = Config::parse(&keys::explain(), Path::new("/etc/q")).unwrap();
    let least = Config::parse(LEAST, Path::new("/etc/q")).unwrap();
    assert_eq!(explained.ingest.events_burst_max, least.ingest.events_burst_max);
    assert_eq!(explained.broker.place, least.broker.place);
    for key in keys::KEYS {
        let name = key.path.rsplit('.').next().unwrap();
        assert!(keys::explain().contains(&format!("{name} = ")), "{}", key.path);
    }
}

#[test]
fn the_document_of_the_configuration_says_what_the_program_explains() {
    let document = include_str!("../../../docs/CONFIG-central.md");
    assert!(
        document.contains(&keys::explain()),
        "docs/CONFIG-central.md: put the output of `quaywatch-central check-config --explain` into it"
    );
}
