//! A station's life as its operator sees it: taken on, given another key, shut out. With the folders that the commands make, a real broker
//! that wants certificates and keeps its access rules, and a central that is never restarted.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use quaywatch_protocol::{ids::StationId, sign::SigningKey, topic};
use rumqttc::{MqttOptions, Transport};

use crate::{
    harness::{Central, Mosquitto, World, free_port},
    station::{Connected, Station, look},
};

/// A revocation holds within this time.
const REVOKED_WITHIN: Duration = Duration::from_secs(60);

/// Runs `quaywatch-central station ...`, which must succeed; gives what it printed.
fn station(arguments: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_quaywatch-central"))
        .arg("station")
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "station {arguments:?}: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    String::from_utf8(run.stdout).unwrap()
}

/// A world with an authority, a broker that knows it, and a central that speaks to it.
struct Harbour {
    world: World,
    mosquitto: Mosquitto,
    config: PathBuf,
}

impl Harbour {
    fn new() -> Self {
        // As central does for itself; an error says that another test of this process did it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let world = World::new(&[]);
        let (port, at) = (free_port(), |name: &str| world.folder.path().join(name));
        station(&[
            "authority",
            "--out",
            at("pki").to_str().unwrap(),
            "--broker",
            "127.0.0.1",
        ]);
        let config = world.configure(&format!(
            "mode = \"external\"\naddress = \"127.0.0.1:{port}\"\ntls_ca = \"pki/ca.pem\"\ntls_cert = \"pki/central.pem\"\ntls_key = \"pki/central-tls.key\""
        ));
        let pki = at("pki").display().to_string();
        let conf = fs::read_to_string(at("pki/mosquitto.conf")).unwrap();
        let conf = conf
            .replace("/etc/mosquitto/quaywatch", &pki)
            .replace("listener 8883", &format!("listener {port} 127.0.0.1"));
        fs::write(at("pki/acl"), station(&["acl", "--config", config.to_str().unwrap()])).unwrap();
        // It would give up its rights, and then not read what belongs to whoever runs this test.
        let mosquitto = Mosquitto::start_with(port, &format!("{conf}user root\n"));
        Self {
            world,
            mosquitto,
            config,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.world.folder.path().join(name)
    }

    /// `station VERB ID` with what every enrolment needs; then the broker's rules anew.
    fn enrol(&self, verb: &str, id: &str, out: &str) -> Station {
        let url = format!("mqtts://127.0.0.1:{}", self.mosquitto.port);
        station(&[
            verb,
            id,
            "--config",
            self.config.to_str().unwrap(),
            "--out",
            self.at(out).to_str().unwrap(),
            "--broker",
            &url,
            "--authority",
            self.at("pki").to_str().unwrap(),
        ]);
        self.new_rules();
        read_kit(id, &self.at(out))
    }

    fn revoke(&self, arguments: &[&str]) {
        let config = self.config.to_str().unwrap();
        station(&[&["revoke", "--config", config], arguments].concat());
    }

    fn new_rules(&self) {
        let rules = station(&["acl", "--config", self.config.to_str().unwrap()]);
        fs::write(self.at("pki/acl"), rules).unwrap();
        self.mosquitto.hang_up();
        let read = self.mosquitto.log.iter().find(|line| line.contains("Reloading config"));
        assert!(read.is_some());
    }

    /// Connects with the certificate of a kit.
    fn connect(&self, station: &Station, kit: &str) -> Connected {
        let read = |name: &str| fs::read(self.at(kit).join(name)).unwrap();
        let mut options = MqttOptions::new(format!("station-{}", station.id), "127.0.0.1", self.mosquitto.port);
        options.set_transport(Transport::tls(
            read("ca.pem"),
            Some((read("station.pem"), read("station-tls.key"))),
            None,
        ));
        Connected::by(options, station, &self.world.central_public)
    }
}

/// The station that a kit makes.
fn read_kit(id: &str, kit: &Path) -> Station {
    let config = fs::read_to_string(kit.join("edge.toml")).unwrap();
    let config: toml::Table = config.parse().unwrap();
    let key = &config["key"];
    let text = fs::read_to_string(kit.join(key["file"].as_str().unwrap())).unwrap();
    let seed: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    Station {
        id: StationId::new(id).unwrap(),
        key: SigningKey::from_bytes(seed.as_slice().try_into().unwrap()),
        key_id: u16::try_from(key["id"].as_integer().unwrap()).unwrap(),
    }
}

fn until_logged(central: &Central, what: &str) {
    let told = central.log.iter().find(|line| line.contains(what));
    assert!(told.is_some(), "central ended before it said {what:?}");
}

#[test]
fn a_station_is_taken_on_given_another_key_and_shut_out_while_everything_runs() {
    let harbour = Harbour::new();
    let central = Central::start(&harbour.config);
    let first = harbour.enrol("add", "gs-1", "kit-1");
    let other = harbour.enrol("add", "gs-2", "kit-2");
    until_logged(&central, "station registry read again");
    let mut connected = harbour.connect(&first, "kit-1");
    connected.deliver(&first, 2);

    // The broker holds it to its own topics, whatever it signs.
    connected.publish(topic::event(&other.id).as_str(), first.sealed(3, &look(3)));
    let denied = |station: &str| {
        let what = format!("Denied PUBLISH from station-{station}");
        let told = harbour.mosquitto.log.iter().find(|line| line.contains(&what));
        assert!(told.is_some());
    };
    denied("gs-1");
    assert!(
        central
            .text("/metrics")
            .contains("quaywatch_refused_total{reason=\"wrong-station\"} 0")
    );

    // Another key: both hold, then only the new one.
    let second = harbour.enrol("rotate", "gs-1", "kit-1b");
    assert_eq!((first.key_id, second.key_id), (1, 2));
    until_logged(&central, "station registry read again");
    connected.deliver(&second, 3);
    harbour.revoke(&["gs-1", "--key", "1"]);
    until_logged(&central, "station registry read again");
    connected.send(&first, 4, &look(4));
    until_logged(&central, "key 1 of station `gs-1` is revoked");
    connected.deliver(&second, 4);

    // Shut out, and nothing that it ever said counts any more.
    let began = Instant::now();
    harbour.revoke(&["gs-1", "--distrust-from", "2000-01-01T00:00:00Z"]);
    until_logged(&central, "what counts of the stations' words has changed");
    connected.send(&second, 5, &look(5));
    until_logged(&central, "station `gs-1` is revoked");
    assert!(began.elapsed() < REVOKED_WITHIN, "it took {:?}", began.elapsed());
    harbour.new_rules();
    connected.send(&second, 6, &look(6));
    denied("gs-1");
    // What it said is still there to be looked at; the other station goes on.
    assert_eq!(
        harbour.world.count("SELECT count(*) FROM event WHERE station = 'gs-1'"),
        4
    );
    harbour.connect(&other, "kit-2").deliver(&other, 1);
    assert_eq!(central.terminate(), Some(0));
}

#[test]
fn a_certificate_of_another_authority_gets_no_connection() {
    let (harbour, strangers) = (Harbour::new(), Harbour::new());
    let stranger = strangers.enrol("add", "gs-1", "kit");
    let read = |name: &str| fs::read(strangers.at("kit").join(name)).unwrap();
    let ours = fs::read(harbour.at("pki/ca.pem")).unwrap();
    let mut options = MqttOptions::new("station-gs-1", "127.0.0.1", harbour.mosquitto.port);
    options.set_transport(Transport::tls(
        ours,
        Some((read("station.pem"), read("station-tls.key"))),
        None,
    ));
    let (_client, mut connection) = rumqttc::Client::new(options, 10);
    // With TLS 1.3 the refusal may come as the first thing that is read.
    let refused = connection.iter().find_map(|event| match event {
        Err(error) => Some(Err(error)),
        Ok(rumqttc::Event::Incoming(packet)) => Some(Ok(packet)),
        Ok(_) => None,
    });
    assert!(matches!(refused, Some(Err(_))), "{refused:?}");
    drop(stranger);
}

#[test]
fn a_mistaken_enrolment_leaves_nothing_behind() {
    let harbour = Harbour::new();
    let before = fs::read_to_string(harbour.at("stations.toml")).unwrap();
    let refused = |arguments: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_quaywatch-central"))
            .args(["station", "add", "--config", harbour.config.to_str().unwrap()])
            .args(["--out", harbour.at("kit").to_str().unwrap()])
            .args(arguments)
            .output()
            .unwrap();
        assert!(!run.status.success());
        assert!(!harbour.at("kit").exists());
        assert_eq!(fs::read_to_string(harbour.at("stations.toml")).unwrap(), before);
        String::from_utf8(run.stderr).unwrap()
    };
    let broker = "mqtts://127.0.0.1:1";
    assert!(refused(&["gs-1", "--broker", broker]).contains("--authority"));
    let pki = harbour.at("pki").display().to_string();
    let told = refused(&["quaywatch-central", "--broker", broker, "--authority", &pki]);
    assert!(told.contains("central's own name"), "{told}");
    let told = refused(&["a/b", "--broker", broker, "--authority", &pki]);
    assert!(told.contains("station id"), "{told}");
}
