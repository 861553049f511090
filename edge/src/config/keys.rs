//! Every key of the configuration: one table that the reader, the check for unknown keys, `check-config --explain` and
//! `docs/CONFIG-edge.md` share.

use crate::{link, spool};

/// What a key's value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Text.
    Text,
    /// A file or folder, relative to the folder of the configuration file.
    Path,
    /// A whole number between two bounds, both included.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A number between two bounds, both included.
    Number {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
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
    /// Dotted path, like `broker.url`.
    pub path: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// Unit of its value, empty for none.
    pub unit: &'static str,
    /// What holds without it.
    pub absent: Absent,
    /// An example value, as it would stand in the file.
    pub example: &'static str,
    /// What it means.
    pub doc: &'static str,
}

const fn key(
    path: &'static str,
    kind: Kind,
    unit: &'static str,
    absent: Absent,
    example: &'static str,
    doc: &'static str,
) -> Key {
    Key {
        path,
        kind,
        unit,
        absent,
        example,
        doc,
    }
}

use Absent::{Default, Off, Required};
use Kind::{Boolean, Choice, Integer, Number, Path, Text, TextList};

/// All keys, in the order of the explanation.
pub const KEYS: &[Key] = &[
    key(
        "station",
        Text,
        "",
        Required,
        "\"gs-vlad-1\"",
        "Id of this station, as central's registry has it: 1 to 24 letters, digits, `-`, `_`, `.`.",
    ),
    key(
        "data",
        Path,
        "",
        Required,
        "\"/var/lib/quaywatch\"",
        "Folder of the spool; made when it is missing. Belongs to one station and one process. Never copy it back from a backup.",
    ),
    key(
        "sites",
        Path,
        "",
        Required,
        "\"sites\"",
        "Folder with one GeoJSON file (*.geojson) for each watched site.",
    ),
    key(
        "key.file",
        Path,
        "",
        Required,
        "\"station.key\"",
        "The station's private key, which signs its events: 64 hexadecimal digits, readable by its owner only. `quaywatch-edge keygen` makes one.",
    ),
    key(
        "key.id",
        Integer {
            min: 1,
            max: u16::MAX as i64,
        },
        "",
        Default("1"),
        "1",
        "Number of that key in central's registry: 1 for the first, counting up as keys are rotated.",
    ),
    key(
        "central.key",
        Text,
        "",
        Required,
        "\"64 hexadecimal digits\"",
        "Central's public key. Only acks signed with it remove events from the spool.",
    ),
    key(
        "central.key_id",
        Integer {
            min: 1,
            max: u16::MAX as i64,
        },
        "",
        Default("1"),
        "1",
        "Number of central's key.",
    ),
    key(
        "central.next_key",
        Text,
        "",
        Off,
        "\"64 hexadecimal digits\"",
        "Central's next public key, believed too while a rotation is under way; its number is central.key_id + 1.",
    ),
    key(
        "scenes.folder",
        Path,
        "",
        Required,
        "\"/srv/scenes\"",
        "Folder that finished scenes appear in. Files being written are left alone: hidden names, names that end in .part, .partial, .tmp, .crdownload or .filepart, and anything whose size still changes.",
    ),
    key(
        "scenes.after",
        Choice(&["move", "leave"]),
        "",
        Default("\"move\""),
        "\"leave\"",
        "What happens to a scene when its looks are in the spool: `move` it to the folder `done` in scenes.folder, or `leave` it where it is. A scene that cannot be read goes to `quarantine` either way, with the reason beside it.",
    ),
    key(
        "scenes.done_keep",
        Integer { min: 0, max: 100_000 },
        "scenes",
        Default("20"),
        "100",
        "Scenes kept in `done`; the oldest are deleted beyond this.",
    ),
    key(
        "scenes.quarantine_keep",
        Integer { min: 1, max: 100_000 },
        "scenes",
        Default("100"),
        "100",
        "Scenes kept in `quarantine`; the oldest are deleted beyond this.",
    ),
    key(
        "scenes.poll_ms",
        Integer { min: 50, max: 600_000 },
        "ms",
        Default("500"),
        "1000",
        "Interval between two looks into the folder.",
    ),
    key(
        "scenes.stable_polls",
        Integer { min: 1, max: 1_000 },
        "polls",
        Default("2"),
        "4",
        "A scene is finished when its size and time did not change for this many looks into the folder, or at once when a file <scene>.done is there.",
    ),
    key(
        "model.file",
        Path,
        "",
        Required,
        "\"vessel.tflite\"",
        "The detector's model (TensorFlow Lite), with its description (.json) beside it; loaded only when the hash in the description is that of the file.",
    ),
    key(
        "model.sha256",
        Text,
        "",
        Off,
        "\"64 hexadecimal digits\"",
        "When set, only a model with this hash is loaded, whatever its description says.",
    ),
    key(
        "detect.min_confidence",
        Number { min: 0.0, max: 1.0 },
        "",
        Off,
        "0.4",
        "Vessels less sure than this are left out; absent: the model's own threshold.",
    ),
    key(
        "detect.chips_per_scene",
        Integer {
            min: 0,
            max: spool::BATCH_CHIPS_MAX as i64,
        },
        "chips",
        Default("16"),
        "0",
        "Evidence pictures of vessels sent with one scene, surest first; they wait until every look is sent.",
    ),
    key(
        "broker.url",
        Text,
        "",
        Required,
        "\"mqtts://broker.example:8883\"",
        "The MQTT broker: mqtts://host:port with TLS, or mqtt://host:port without, which is refused for a host other than this machine unless broker.insecure is true.",
    ),
    key(
        "broker.ca_file",
        Path,
        "",
        Off,
        "\"ca.pem\"",
        "Certificates (PEM) that may sign the broker's. Required with mqtts.",
    ),
    key(
        "broker.cert_file",
        Path,
        "",
        Off,
        "\"gs-vlad-1.pem\"",
        "The station's certificate chain (PEM), for a broker that asks for one (mutual TLS).",
    ),
    key(
        "broker.cert_key_file",
        Path,
        "",
        Off,
        "\"gs-vlad-1.key.pem\"",
        "Private key (PEM) of broker.cert_file, readable by its owner only.",
    ),
    key(
        "broker.user",
        Text,
        "",
        Off,
        "\"gs-vlad-1\"",
        "User name, for a broker that asks for one.",
    ),
    key(
        "broker.password_file",
        Path,
        "",
        Off,
        "\"broker.password\"",
        "File with the password of broker.user, readable by its owner only; white space at its ends is left out.",
    ),
    key(
        "broker.insecure",
        Boolean,
        "",
        Default("false"),
        "true",
        "Allow mqtt:// to another machine: events are signed, but anyone on the way can read them.",
    ),
    key(
        "broker.keep_alive_s",
        Integer { min: 5, max: 3_600 },
        "s",
        Default("30"),
        "60",
        "Interval of pings; a broker not heard of for one and a half of these is taken for gone.",
    ),
    key(
        "link.window_events",
        Integer {
            min: 1,
            max: link::WINDOW_EVENTS_MAX as i64,
        },
        "events",
        Default("64"),
        "16",
        "Events on the way to central at once.",
    ),
    key(
        "spool.events_max",
        Integer {
            min: spool::EVENTS_MAX_MIN as i64,
            max: spool::EVENTS_MAX_MAX as i64,
        },
        "events",
        Default("100000"),
        "20000",
        "Events the spool holds. When it is full, the oldest chips go, then the oldest looks that were never sent; a gap event says so.",
    ),
    key(
        "spool.bytes_max",
        Integer {
            min: spool::BYTES_MAX_MIN as i64,
            max: spool::BYTES_MAX_MAX as i64,
        },
        "bytes",
        Default("67108864"),
        "16777216",
        "Bytes of events the spool holds; its file takes up to about twice as much.",
    ),
    key(
        "ais.sources",
        TextList,
        "",
        Default("[]"),
        "[\"tcp://127.0.0.1:10110\"]",
        "Where NMEA sentences (AIVDM) come from: tcp://host:port, udp://address:port to listen on, serial:/device (with @baud where it is not 38400), or file:/path. Without any, every vessel is `uncovered`.",
    ),
    key(
        "ais.covered",
        TextList,
        "",
        Default("[]"),
        "[\"133.08,42.75,40000\"]",
        "Areas in which this station's reception is known to be good: longitude, latitude in degrees, radius in metres. A vessel there that does not transmit is `dark` while anything at all is heard; elsewhere only when two others near it are heard.",
    ),
    key(
        "health.interval_s",
        Integer { min: 1, max: 86_400 },
        "s",
        Default("60"),
        "300",
        "Interval of health reports, in the log and retained on the broker.",
    ),
    key(
        "log.format",
        Choice(&["text", "json"]),
        "",
        Default("\"text\""),
        "\"json\"",
        "Form of log lines on standard error.",
    ),
    key(
        "log.filter",
        Text,
        "",
        Default("\"info\""),
        "\"quaywatch_edge=debug,info\"",
        "What is logged, as tracing's EnvFilter reads it.",
    ),
];
