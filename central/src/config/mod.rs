//! The configuration: a TOML file, checked as a whole before anything starts.

pub mod keys;
pub mod reader;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use quaywatch_protocol::contract::UnixMs;
pub use reader::Fault;
use reader::Reader;

/// Bytes of a configuration file: a commented one has 4 KiB.
pub const CONFIG_BYTES_MAX: u64 = 1 << 20;
/// Webhooks: each takes every alert change, one after the other.
pub const WEBHOOKS_MAX: usize = 8;

/// A checked configuration. Paths are as usable from the process's folder; the files they name are not opened here.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of site files.
    pub sites: PathBuf,
    /// Rules file.
    pub rules: PathBuf,
    /// Station registry file.
    pub stations: PathBuf,
    /// Central's private key file.
    pub key_file: PathBuf,
    /// Number of central's key.
    pub key_id: u16,
    /// Database file.
    pub store_file: PathBuf,
    /// Broker.
    pub broker: Broker,
    /// Limits of ingest.
    pub ingest: Ingest,
    /// How API and console are served.
    pub http: Http,
    /// Notification sinks.
    pub notify: Notify,
    /// The clock of an exercise; none in real use.
    pub exercise: Option<Exercise>,
    /// Log lines as JSON.
    pub log_json: bool,
    /// Log filter, checked.
    pub log_filter: String,
}

/// The MQTT broker.
#[derive(Clone, Debug)]
pub struct Broker {
    /// In this process (where it listens), or elsewhere (host and port).
    pub place: BrokerPlace,
    /// MQTT client id of central.
    pub client_id: String,
    /// User name, and the file with its password.
    pub login: Option<(String, PathBuf)>,
    /// TLS, when on.
    pub tls: Option<Tls>,
}

/// Where the broker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerPlace {
    /// In this process.
    Embedded(SocketAddr),
    /// Elsewhere: host, port.
    External(String, u16),
}

/// TLS files, all PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Certificate authority.
    pub ca: PathBuf,
    /// Own certificate chain.
    pub cert: PathBuf,
    /// Own private key.
    pub key: PathBuf,
}

/// Limits of ingest.
#[derive(Clone, Copy, Debug)]
pub struct Ingest {
    /// How far a look may be dated after its receipt, milliseconds.
    pub clock_tolerance_ms: i64,
    /// Events a second from one station.
    pub events_per_s_max: u32,
    /// Events at once from one station.
    pub events_burst_max: u32,
}

/// How API and console are served.
#[derive(Clone, Debug)]
pub struct Http {
    /// Where.
    pub listen: SocketAddr,
    /// Certificate chain and private key, PEM files, when over TLS.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Names of this server.
    pub names: Vec<String>,
    /// Whoever reaches the port may read.
    pub anonymous_read: bool,
}

/// Notification sinks.
#[derive(Clone, Debug, Default)]
pub struct Notify {
    /// Write alert changes to the log.
    pub log: bool,
    /// URLs that get alert changes by POST.
    pub webhooks: Vec<String>,
    /// File with sinks and routes, instead of the two above.
    pub file: Option<PathBuf>,
}

/// The clock of an exercise: a demonstration or a rehearsal on recorded or rendered scenes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exercise {
    /// The time it is taken to be when central starts.
    pub start: UnixMs,
    /// Seconds that pass in one second.
    pub rate: i64,
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// Every fault found, not only the first.
    pub fn read(file: &Path) -> Result<Self, Vec<Fault>> {
        let fault = |problem: String| {
            vec![Fault {
                place: file.display().to_string(),
                problem,
            }]
        };
        let length = std::fs::metadata(file)
            .map_err(|error| fault(format!("cannot be read: {error}")))?
            .len();
        if length > CONFIG_BYTES_MAX {
            return Err(fault(format!(
                "has {length} bytes: expected at most {CONFIG_BYTES_MAX}"
            )));
        }
        let text = std::fs::read_to_string(file).map_err(|error| fault(format!("cannot be read: {error}")))?;
        Self::parse(&text, file.parent().unwrap_or(Path::new("")))
    }

    /// Checks a configuration text; relative paths in it are relative to `folder`.
    ///
    /// # Errors
    /// Every fault found.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::new(text, folder);
        if !reader.is_parsed() {
            return Err(reader.faults);
        }
        let config = read(&mut reader);
        match config {
            Some(config) if reader.faults.is_empty() => Ok(config),
            _ => Err(reader.faults),
        }
    }
}

/// Reads every key before it gives up, so that all faults are found: hence the values first, the `?` last.
fn read(reader: &mut Reader<'_>) -> Option<Config> {
    let sites = reader.path("sites");
    let rules = reader.path("rules");
    let stations = reader.path("stations");
    let key_file = reader.path("key.file");
    let key_id = reader.integer("key.id");
    let store_file = reader.path("store.file");
    let broker = read_broker(reader);
    let tolerance_s = reader.integer("ingest.clock_tolerance_s");
    let per_s = reader.integer("ingest.events_per_s_max");
    let burst = reader.integer("ingest.events_burst_max");
    let http = read_http(reader);
    let log = reader.boolean("notify.log");
    let webhooks = read_webhooks(reader);
    let notify_file = reader.path("notify.file");
    let exercise = read_exercise(reader);
    let format = reader.text("log.format");
    let log_filter = reader.text("log.filter");
    if let Some(filter) = &log_filter {
        // The library that reads filters panics at some letters beyond ASCII, which no name of a module has.
        if !filter.is_ascii() {
            reader.fault(
                "`log.filter`",
                format!("is `{filter}`: expected a level, or a list of module=level, in ASCII"),
            );
        } else if let Err(error) = tracing_subscriber::EnvFilter::try_new(filter) {
            reader.fault("`log.filter`", format!("is `{filter}`: {error}"));
        }
    }
    Some(Config {
        sites: sites?,
        rules: rules?,
        stations: stations?,
        key_file: key_file?,
        key_id: u16::try_from(key_id?).ok()?,
        store_file: store_file?,
        broker: broker?,
        ingest: Ingest {
            clock_tolerance_ms: tolerance_s? * 1_000,
            events_per_s_max: u32::try_from(per_s?).ok()?,
            events_burst_max: u32::try_from(burst?).ok()?,
        },
        http: http?,
        notify: Notify {
            log: log?,
            webhooks: webhooks?,
            file: notify_file,
        },
        exercise: exercise?,
        log_json: format? == "json",
        log_filter: log_filter?,
    })
}

fn read_broker(reader: &mut Reader<'_>) -> Option<Broker> {
    let mode = reader.text("broker.mode");
    let client_id = reader.text("broker.client_id");
    let login = match (reader.text("broker.user"), reader.path("broker.password_file")) {
        (Some(user), Some(file)) => Some((user, file)),
        (None, None) => None,
        _ => {
            let problem = "are not complete: expected both a user and its password's file".to_owned();
            reader.fault("`broker.user` and `broker.password_file`", problem);
            None
        }
    };
    let tls = read_tls(reader);
    let place = match mode.as_deref() {
        Some("external") => reader
            .host_port("broker.address")
            .map(|(host, port)| BrokerPlace::External(host, port)),
        Some(_) => reader.address("broker.listen").map(BrokerPlace::Embedded),
        None => None,
    };
    if let Some(BrokerPlace::Embedded(listen)) = &place {
        if !listen.ip().is_loopback() {
            let problem = format!(
                "is {listen}, which others can reach: expected a loopback address, or an external broker with TLS"
            );
            reader.fault("`broker.listen`", problem);
        }
        if tls.is_some() {
            reader.fault(
                "`broker.tls_*`",
                "are for an external broker: the embedded one listens on loopback without TLS",
            );
        }
    }
    Some(Broker {
        place: place?,
        client_id: client_id?,
        login,
        tls,
    })
}

fn read_tls(reader: &mut Reader<'_>) -> Option<Tls> {
    let parts = ["broker.tls_ca", "broker.tls_cert", "broker.tls_key"];
    let [ca, cert, key] = parts.map(|part| reader.path(part));
    match (ca, cert, key) {
        (Some(ca), Some(cert), Some(key)) => Some(Tls { ca, cert, key }),
        (None, None, None) => None,
        _ => {
            reader.fault(
                "`broker.tls_*`",
                format!("are not complete: expected all of {}", parts.join(", ")),
            );
            None
        }
    }
}

fn read_exercise(reader: &mut Reader<'_>) -> Option<Option<Exercise>> {
    let rate = reader.integer("clock.rate");
    let Some(text) = reader.text("clock.start") else {
        return Some(None);
    };
    match UnixMs::parse(&text) {
        Ok(start) => Some(Some(Exercise { start, rate: rate? })),
        Err(problem) => {
            reader.fault("`clock.start`", problem);
            None
        }
    }
}

fn read_http(reader: &mut Reader<'_>) -> Option<Http> {
    let listen = reader.address("http.listen");
    let beyond = reader.boolean("http.beyond_loopback");
    let names = reader.text_list("http.names");
    let anonymous_read = reader.boolean("http.anonymous_read");
    let tls = match (reader.path("http.tls_cert"), reader.path("http.tls_key")) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        _ => {
            reader.fault(
                "`http.tls_*`",
                "are not complete: expected both http.tls_cert and http.tls_key",
            );
            None
        }
    };
    let (listen, beyond, anonymous_read) = (listen?, beyond?, anonymous_read?);
    let is_reachable = !listen.ip().is_loopback();
    if is_reachable && tls.is_none() && !beyond {
        reader.fault(
            "`http.listen`",
            format!("is {listen}, which others can reach, without TLS: expected a loopback address, http.tls_cert and http.tls_key, or http.beyond_loopback = true behind a proxy that adds TLS"),
        );
    }
    if is_reachable && anonymous_read {
        reader.fault(
            "`http.anonymous_read`",
            format!(
                "is true and http.listen is {listen}, which others can reach: expected false, or a loopback address"
            ),
        );
    }
    Some(Http {
        listen,
        tls,
        names: names?,
        anonymous_read,
    })
}

fn read_webhooks(reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let webhooks = reader.text_list("notify.webhooks")?;
    if webhooks.len() > WEBHOOKS_MAX {
        reader.fault(
            "`notify.webhooks`",
            format!("has {} entries: expected at most {WEBHOOKS_MAX}", webhooks.len()),
        );
    }
    for url in &webhooks {
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            reader.fault(
                "`notify.webhooks`",
                format!("names `{url}`: expected a URL that starts with http:// or https://"),
            );
        }
    }
    Some(webhooks)
}

#[cfg(test)]
mod tests;
