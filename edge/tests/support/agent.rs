//! The agent as a process: the whole of `app::run`, with a processor that reads its looks from the scene's text.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use data_encoding::HEXLOWER;
use quaywatch_edge::{
    app::{
        self,
        processor::{ProcessError, Processed, Processor},
    },
    clock::SystemClock,
    config::Config,
};
use quaywatch_protocol::{
    contract::{
        Look, UnixMs,
        look::{Sensor, SensorKind},
    },
    sign::SigningKey,
};

pub const STATION_SEED: [u8; 32] = [3; 32];
pub const CENTRAL_SEED: [u8; 32] = [4; 32];
const CONFIG_VARIABLE: &str = "QUAYWATCH_TEST_CONFIG";
const SITE: &str = r#"{"type":"FeatureCollection","site":"port","name":"Port","features":[
    {"type":"Feature","properties":{"zone":"pier","kind":"berth"},
     "geometry":{"type":"Polygon","coordinates":[[[0,0],[0.01,0],[0.01,0.01],[0,0.01],[0,0]]]}}]}"#;

/// Writes everything that the agent's configuration names; `broker` is its lines about the broker.
pub fn configure(folder: &Path, station: &str, broker: &str) {
    let at = |name: &str| folder.join(name);
    fs::write(at("station.key"), HEXLOWER.encode(&STATION_SEED)).unwrap();
    fs::set_permissions(at("station.key"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::create_dir(at("sites")).unwrap();
    fs::write(at("sites/port.geojson"), SITE).unwrap();
    fs::write(at("model.tflite"), "not used: the processor is scripted").unwrap();
    let central = HEXLOWER.encode(SigningKey::from_bytes(&CENTRAL_SEED).verifying_key().as_bytes());
    let text = format!(
        "station = \"{station}\"\ndata = \"data\"\nsites = \"sites\"\nkey.file = \"station.key\"\n\
         central.key = \"{central}\"\nmodel.file = \"model.tflite\"\n{broker}\n\
         broker.keep_alive_s = 5\nhealth.interval_s = 1\n\
         [scenes]\nfolder = \"scenes\"\npoll_ms = 50\nstable_polls = 1\ndone_keep = 100000\n"
    );
    fs::write(at("edge.toml"), text).unwrap();
}

/// Starts it; its log goes to `agent.log` in the folder.
pub fn start(folder: &Path) -> Child {
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("agent.log"))
        .unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "agent_process", "--ignored", "--nocapture"])
        .env(CONFIG_VARIABLE, folder.join("edge.toml"))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// The agent's own main.
pub fn main() {
    let Some(file) = std::env::var_os(CONFIG_VARIABLE).map(PathBuf::from) else {
        eprintln!("nothing to do: this is the process that other tests start");
        return;
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let config = Config::read(&file).unwrap_or_else(|faults| panic!("{faults:?}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let outcome = runtime.block_on(async {
        let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
        app::run(config, Arc::new(Scripted), Arc::new(SystemClock::new()), async move {
            terminated.recv().await;
        })
        .await
    });
    std::process::exit(i32::from(outcome.is_err()));
}

/// `look NAME` lines give looks; `broken: WHY` is a scene that cannot be read; `panic` is a decoder that fails.
struct Scripted;

impl Processor for Scripted {
    fn model_sha256_head(&self) -> [u8; 8] {
        [1; 8]
    }

    fn process(&self, scene: &Path) -> Result<Processed, ProcessError> {
        let text = fs::read_to_string(scene).map_err(|error| ProcessError::Station(error.to_string()))?;
        if let Some(why) = text.strip_prefix("broken: ") {
            return Err(ProcessError::Scene(why.to_owned()));
        }
        assert!(text != "panic", "scripted panic");
        let looks = text
            .lines()
            .filter_map(|line| line.strip_prefix("look "))
            .map(look)
            .collect();
        Ok(Processed {
            looks,
            ..Processed::default()
        })
    }
}

fn look(scene: &str) -> Look {
    Look {
        station: "gs-test".to_owned(),
        epoch: None,
        seq: None,
        scene: scene.to_owned(),
        site: "port".to_owned(),
        acquired_at: UnixMs(1_710_293_400_000),
        received_at: None,
        sensor: Sensor {
            name: "PlanetScope".to_owned(),
            kind: SensorKind::Optical,
            gsd_m: 3.0,
        },
        zones: Vec::new(),
        vessels: Vec::new(),
        rail: Vec::new(),
        stacks: Vec::new(),
        aircraft: Vec::new(),
    }
}
