//! Real processes on loopback: mosquitto, and `quaywatch-central run`. Nothing here waits by sleeping: each step waits for a line
//! that a process writes, or for a message.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::station::Station;

const MOSQUITTO: &str = "/usr/sbin/mosquitto";
const SITE: &str = r#"{"type":"FeatureCollection","site":"vostochny","name":"Vostochny","features":[
 {"type":"Feature","properties":{"zone":"oil-berth","kind":"oil_berth"},"geometry":{"type":"Polygon","coordinates":[[[133.078,42.745],[133.081,42.745],[133.081,42.747],[133.078,42.747],[133.078,42.745]]]}}]}"#;

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Debian's mosquitto with a generated configuration.
pub struct Mosquitto {
    child: Child,
    pub port: u16,
    /// What it writes; it is not read by every test.
    pub log: std::sync::mpsc::Receiver<String>,
    _folder: TempDir,
}

impl Mosquitto {
    pub fn start() -> Self {
        let port = free_port();
        Self::start_with(
            port,
            &format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"),
        )
    }

    /// With this configuration, which listens at that port.
    pub fn start_with(port: u16, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let conf = folder.path().join("mosquitto.conf");
        fs::write(&conf, text).unwrap();
        let mut child = Command::new(MOSQUITTO)
            .args(["-v", "-c"])
            .arg(&conf)
            .stderr(Stdio::piped())
            .spawn()
            .expect("mosquitto from Debian's package");
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(
            lines
                .by_ref()
                .map_while(Result::ok)
                .any(|line| line.contains("running")),
            "mosquitto did not say that it runs"
        );
        // Its log must be read on, or its pipe fills.
        let (line_out, log) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| {
                let _ = line_out.send(line);
            });
        });
        Self {
            child,
            port,
            log,
            _folder: folder,
        }
    }
}

impl Mosquitto {
    /// Lets it read its access rules again.
    pub fn hang_up(&self) {
        let sent = Command::new("kill")
            .args(["-HUP", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with everything that a configuration names.
pub struct World {
    pub folder: TempDir,
    pub central_public: String,
}

impl World {
    pub fn new(stations: &[&Station]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("sites")).unwrap();
        fs::write(at("sites/vostochny.geojson"), SITE).unwrap();
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/rules/default.toml");
        fs::copy(rules, at("rules.toml")).unwrap();
        fs::write(
            at("stations.toml"),
            stations.iter().map(|station| station.entry()).collect::<String>(),
        )
        .unwrap();
        let made = Command::new(env!("CARGO_BIN_EXE_quaywatch-central"))
            .arg("keygen")
            .arg(at("central.key"))
            .output()
            .unwrap();
        assert!(made.status.success());
        let central_public = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        Self { folder, central_public }
    }

    /// Writes the configuration; `broker` is the content of its `[broker]`.
    pub fn configure(&self, broker: &str) -> PathBuf {
        let file = self.folder.path().join("central.toml");
        let text = format!(
            "sites = \"sites\"\nrules = \"rules.toml\"\nstations = \"stations.toml\"\nkey.file = \"central.key\"\n\
             store.file = \"q.db\"\nhttp.listen = \"127.0.0.1:0\"\nlog.format = \"json\"\n\
             ingest.events_per_s_max = 1000000\ningest.events_burst_max = 1000000\n[broker]\n{broker}\n"
        );
        fs::write(&file, text).unwrap();
        file
    }

    pub fn count(&self, sql: &str) -> i64 {
        let connection = rusqlite::Connection::open(self.folder.path().join("q.db")).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// A token that reads, made beside whatever runs.
fn token(config: &Path) -> String {
    let made = Command::new(env!("CARGO_BIN_EXE_quaywatch-central"))
        .args(["token", "add", "--role", "viewer", "--name", "tests", "--config"])
        .arg(config)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

/// A running central.
pub struct Central {
    child: Child,
    pub http: String,
    token: String,
    #[cfg_attr(
        not(feature = "embedded-broker"),
        allow(dead_code, reason = "only the embedded broker picks its port")
    )]
    pub broker_port: u16,
    pub log: std::sync::mpsc::Receiver<String>,
}

impl Central {
    /// Starts, and waits until it says where it can be reached.
    pub fn start(config: &Path) -> Self {
        let token = token(config);
        let mut child = Command::new(env!("CARGO_BIN_EXE_quaywatch-central"))
            .args(["run", "--config"])
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (line_out, log) = std::sync::mpsc::channel();
        let err = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in err.lines().map_while(Result::ok) {
                let _ = line_out.send(line);
            }
        });
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let ready: serde_json::Value = serde_json::from_str(&first).unwrap_or_else(|_| {
            panic!(
                "central did not say ready: {first:?}\n{}",
                log.iter().collect::<Vec<_>>().join("\n")
            )
        });
        let broker = ready["broker"].as_str().unwrap();
        Self {
            http: format!("http://{}", ready["http"].as_str().unwrap()),
            token,
            broker_port: broker.rsplit(':').next().unwrap().parse().unwrap(),
            child,
            log,
        }
    }

    /// A GET that must succeed, as JSON.
    pub fn get(&self, path: &str) -> serde_json::Value {
        let text = self.text(path);
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}"))
    }

    pub fn text(&self, path: &str) -> String {
        let url = format!("{}{path}", self.http);
        let bearer = format!("Bearer {}", self.token);
        ureq::get(&url)
            .header("authorization", bearer)
            .call()
            .unwrap()
            .into_body()
            .read_to_string()
            .unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// True when the process is gone.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// SIGTERM; the exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let sent = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Central {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
