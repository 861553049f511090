//! Every key of the configuration: one table that the reader, the check for unknown keys and `--explain` share.

/// What a key's value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Text.
    Text,
    /// A file or folder, relative to the folder of the configuration file.
    Path,
    /// `host:port`.
    Address,
    /// A whole number between two bounds, both included.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of texts.
    TextList,
}

/// What holds when a key is absent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Absent {
    /// Refused.
    Required,
    /// Nothing: the feature is off.
    Off,
    /// This value, as it would stand in the file.
    Default(&'static str),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Dotted path, like `broker.listen`.
    pub path: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// What holds without it.
    pub absent: Absent,
    /// An example value, as it would stand in the file.
    pub example: &'static str,
    /// What it means.
    pub doc: &'static str,
}

const fn key(path: &'static str, kind: Kind, absent: Absent, example: &'static str, doc: &'static str) -> Key {
    Key {
        path,
        kind,
        absent,
        example,
        doc,
    }
}

const PORT_EMBEDDED: &str = "\"127.0.0.1:1883\"";

/// All keys, in the order of the explanation.
pub const KEYS: &[Key] = &[
    key(
        "sites",
        Kind::Path,
        Absent::Required,
        "\"sites\"",
        "Folder with one GeoJSON file a watched site.",
    ),
    key(
        "rules",
        Kind::Path,
        Absent::Required,
        "\"rules/default.toml\"",
        "File with the alert rules.",
    ),
    key(
        "stations",
        Kind::Path,
        Absent::Required,
        "\"stations.toml\"",
        "File with the stations whose events are believed, and their public keys. Read again within seconds of a change.",
    ),
    key(
        "key.file",
        Kind::Path,
        Absent::Required,
        "\"central.key\"",
        "Central's private key, which signs acks: 64 hexadecimal digits. `quaywatch-central keygen` makes one. Mode 600.",
    ),
    key(
        "key.id",
        Kind::Integer { min: 1, max: 65_535 },
        Absent::Default("1"),
        "1",
        "Number of central's key: 1 for the first, counting up as keys are rotated.",
    ),
    key(
        "store.file",
        Kind::Path,
        Absent::Required,
        "\"quaywatch.db\"",
        "SQLite database. Made when absent; its folder must exist.",
    ),
    key(
        "broker.mode",
        Kind::Choice(&["embedded", "external"]),
        Absent::Default("\"embedded\""),
        "\"external\"",
        "Run an MQTT broker in this process, or use one that runs elsewhere.",
    ),
    key(
        "broker.listen",
        Kind::Address,
        Absent::Default(PORT_EMBEDDED),
        "\"127.0.0.1:1883\"",
        "Where the embedded broker listens, on loopback. Stations elsewhere need an external broker with TLS.",
    ),
    key(
        "broker.address",
        Kind::Address,
        Absent::Default(PORT_EMBEDDED),
        "\"broker.example:8883\"",
        "Address of an external broker.",
    ),
    key(
        "broker.client_id",
        Kind::Text,
        Absent::Default("\"quaywatch-central\""),
        "\"quaywatch-central\"",
        "MQTT client id; the broker keeps the session under this name.",
    ),
    key(
        "broker.user",
        Kind::Text,
        Absent::Off,
        "\"central\"",
        "User name at an external broker.",
    ),
    key(
        "broker.password_file",
        Kind::Path,
        Absent::Off,
        "\"broker.password\"",
        "File with the password at an external broker, on its first line. Mode 600.",
    ),
    key(
        "broker.tls_ca",
        Kind::Path,
        Absent::Off,
        "\"ca.pem\"",
        "Certificate authority (PEM) that the external broker's certificate must be signed by. Turns TLS on, together with \
         the next two.",
    ),
    key(
        "broker.tls_cert",
        Kind::Path,
        Absent::Off,
        "\"central.pem\"",
        "Certificate chain (PEM) that central shows.",
    ),
    key(
        "broker.tls_key",
        Kind::Path,
        Absent::Off,
        "\"central-tls.key\"",
        "Private key (PEM) of broker.tls_cert. Mode 600.",
    ),
    key(
        "ingest.clock_tolerance_s",
        Kind::Integer { min: 0, max: 86_400 },
        Absent::Default("300"),
        "300",
        "A look dated later than its receipt by more than this many seconds is quarantined.",
    ),
    key(
        "ingest.events_per_s_max",
        Kind::Integer { min: 1, max: 1_000_000 },
        Absent::Default("200"),
        "200",
        "Events a second taken from one station in the long run; what is beyond is not taken, counted, and sent again by \
         the station.",
    ),
    key(
        "ingest.events_burst_max",
        Kind::Integer { min: 1, max: 1_000_000 },
        Absent::Default("2000"),
        "2000",
        "Events taken from one station at once.",
    ),
    key(
        "http.listen",
        Kind::Address,
        Absent::Default("\"127.0.0.1:8080\""),
        "\"127.0.0.1:8080\"",
        "Where API and console are served. Beyond loopback needs http.tls_cert and http.tls_key, or a proxy that adds TLS.",
    ),
    key(
        "http.tls_cert",
        Kind::Path,
        Absent::Off,
        "\"http.pem\"",
        "Certificate chain (PEM) of API and console. Turns TLS on, together with http.tls_key.",
    ),
    key(
        "http.tls_key",
        Kind::Path,
        Absent::Off,
        "\"http.key\"",
        "Private key (PEM) of http.tls_cert. Mode 600.",
    ),
    key(
        "http.names",
        Kind::TextList,
        Absent::Default("[]"),
        "[\"quaywatch.example.org\"]",
        "Names by which requests may call this server, besides IP addresses and localhost.",
    ),
    key(
        "http.anonymous_read",
        Kind::Boolean,
        Absent::Default("false"),
        "true",
        "Whoever reaches the port may read without a session: for a wall screen. On loopback only.",
    ),
    key(
        "http.beyond_loopback",
        Kind::Boolean,
        Absent::Default("false"),
        "true",
        "Allow http.listen on an address that others can reach without TLS: only behind a proxy that adds it.",
    ),
    key(
        "notify.log",
        Kind::Boolean,
        Absent::Default("true"),
        "true",
        "Write each alert change to the log as a notification.",
    ),
    key(
        "notify.webhooks",
        Kind::TextList,
        Absent::Default("[]"),
        "[\"http://127.0.0.1:9000/alerts\"]",
        "URLs that get each alert change by POST, unsigned, with an Idempotency-Key header. For more see notify.file.",
    ),
    key(
        "notify.file",
        Kind::Path,
        Absent::Off,
        "\"notify.toml\"",
        "File with notification sinks (webhook, email, mqtt) and the routes by severity, site and time. Then neither notify.log nor \
         notify.webhooks is used.",
    ),
    key(
        "clock.start",
        Kind::Text,
        Absent::Off,
        "\"2024-03-06T00:00:00Z\"",
        "For exercises only: the time it is taken to be when central starts. The machine's clock is then not used.",
    ),
    key(
        "clock.rate",
        Kind::Integer { min: 1, max: 1_000_000 },
        Absent::Default("1"),
        "14400",
        "For exercises only: seconds that pass on the exercise clock in one second.",
    ),
    key(
        "log.format",
        Kind::Choice(&["human", "json"]),
        Absent::Default("\"human\""),
        "\"json\"",
        "Form of the log on standard error.",
    ),
    key(
        "log.filter",
        Kind::Text,
        Absent::Default("\"info\""),
        "\"info,quaywatch_central=debug\"",
        "What is logged: a level, or a list of module=level.",
    ),
];

/// The explanation of every key: a commented configuration file.
#[must_use]
pub fn explain() -> String {
    let mut out =
        String::from("# Configuration of quaywatch-central, every key. Paths are relative to this file's folder.\n");
    let mut section = "";
    for key in KEYS {
        let (head, name) = key.path.split_once('.').unwrap_or(("", key.path));
        if head != section {
            section = head;
            out.push_str(&format!("\n[{section}]\n"));
        }
        out.push('\n');
        for line in wrapped(key.doc) {
            out.push_str(&format!("# {line}\n"));
        }
        match key.absent {
            Absent::Required => out.push_str(&format!("# Required.\n{name} = {}\n", key.example)),
            Absent::Off => out.push_str(&format!("# Off when absent.\n# {name} = {}\n", key.example)),
            Absent::Default(value) => out.push_str(&format!("{name} = {value}\n")),
        }
    }
    out
}

fn wrapped(text: &str) -> Vec<String> {
    const COLUMNS_MAX: usize = 100;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        if lines
            .last()
            .is_some_and(|line| !line.is_empty() && line.len() + word.len() >= COLUMNS_MAX)
        {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
