//! Checks the ears against gpsd's own decodes of its test logs, and measures how fast they are: a command, not a test.
//!
//! ```text
//! cargo run --release -p quaywatch-edge --example check_ais -- DIR
//! ```
//!
//! DIR holds `sample.aivdm` and `ais-nmea.log` with their `.chk` files, as in gpsd's `test/` folder. Compared are the fields that are used
//! here: identity, position, speed, course, heading; type, dimensions, draught, IMO number, name; where shore stations are.
//! Reports of other kinds (binary messages, aids to navigation, aircraft) say nothing about a vessel here: they are counted.

use std::{collections::BTreeMap, path::Path, process::ExitCode, time::Instant};

use quaywatch_edge::ais::{Ears, Heard, Kinematics, Particulars, decode_lines};
use quaywatch_protocol::contract::time::UnixMs;
use serde_json::Value;

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("check_ais: expected a folder with gpsd's AIS logs");
        return ExitCode::from(2);
    };
    match check(Path::new(&folder)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("check_ais: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Identities up to here are shore stations'; a ship that answers for the time says where it is, and nothing of how it moves.
const SHORE_MMSI_MAX: u32 = 9_999_999;

/// Fields by name, as text that both sides write alike.
type Fields = BTreeMap<&'static str, String>;

fn check(folder: &Path) -> Result<bool, String> {
    let read = |name: &str| std::fs::read(folder.join(name)).map_err(|error| format!("{name}: {error}"));
    let mut all_right = true;
    let sample = read("sample.aivdm")?;
    let expected: Vec<Fields> = String::from_utf8_lossy(&read("sample.aivdm.chk")?)
        .lines()
        .flat_map(from_dump)
        .collect();
    all_right &= compare("sample.aivdm", &heard(&sample), &expected);
    let log = read("ais-nmea.log")?;
    let expected: Vec<Fields> = String::from_utf8_lossy(&read("ais-nmea.log.chk")?)
        .lines()
        .filter_map(|line| from_json(&serde_json::from_str(line).ok()?))
        .collect();
    all_right &= compare("ais-nmea.log", &heard(&log), &expected);
    speed(&[sample, log]);
    Ok(all_right)
}

fn compare(name: &str, heard: &[Fields], expected: &[Fields]) -> bool {
    let mut left: Vec<&Fields> = heard.iter().collect();
    // gpsd prints what the bits say. A place beyond the poles is none, and a decoder that is believed must not give one.
    let (expected, impossible): (Vec<&Fields>, Vec<&Fields>) = expected.iter().partition(|fields| is_on_earth(fields));
    for fields in &impossible {
        println!("{name}: gpsd gives a place that is not on Earth, and is not followed:");
        let ours = heard.iter().find(|other| other.get("mmsi") == fields.get("mmsi"));
        for (key, value) in *fields {
            let degrees = match *key {
                "lon" | "lat" => format!(" ({:.3} degrees)", value.parse().unwrap_or(0.0) / 600_000.0),
                _ => String::new(),
            };
            let ours = ours.and_then(|ours| ours.get(key)).map_or("no report", String::as_str);
            println!("{name}:   {key:5} gpsd {value}{degrees}  ours {ours}");
        }
    }
    let mut missing = 0;
    for fields in &expected {
        match left.iter().position(|other| other == fields) {
            Some(position) => {
                left.swap_remove(position);
            }
            None => {
                missing += 1;
                let near = left.iter().find(|other| {
                    other.get("mmsi") == fields.get("mmsi") && other.contains_key("lon") == fields.contains_key("lon")
                });
                eprintln!("{name}: gpsd  {fields:?}\n{}  ours  {near:?}", " ".repeat(name.len()));
            }
        }
    }
    println!(
        "{name}: {} of gpsd's {} reports of kinds used here come out the same ({} more are impossible), {} others were heard",
        expected.len() - missing,
        expected.len(),
        impossible.len(),
        left.len()
    );
    for fields in left {
        eprintln!("{name}: more: {fields:?}");
    }
    missing == 0
}

/// True unless a place lies beyond the poles or beyond the date line.
fn is_on_earth(fields: &Fields) -> bool {
    let within = |key: &str, degrees: f64| {
        let value = fields.get(key).and_then(|text| text.parse::<f64>().ok());
        value.is_none_or(|value| value.abs() <= degrees * 600_000.0)
    };
    within("lon", 180.0) && within("lat", 90.0)
}

fn heard(bytes: &[u8]) -> Vec<Fields> {
    decode_lines(bytes)
        .into_iter()
        .flat_map(|heard| match heard {
            Heard::Position(said) => vec![moving(&said)],
            Heard::Static(said) => vec![sized(&said)],
            Heard::Shore {
                mmsi,
                lonlat: (lon, lat),
            } => vec![place(
                mmsi,
                (lon * 600_000.0).round() as i64,
                (lat * 600_000.0).round() as i64,
            )],
            Heard::Both(moves, is) => vec![moving(&moves), sized(&is)],
        })
        .collect()
}

fn moving(said: &Kinematics) -> Fields {
    let mut fields = place(
        said.mmsi,
        (said.lon * 600_000.0).round() as i64,
        (said.lat * 600_000.0).round() as i64,
    );
    let tenths = |value: Option<f64>| value.map_or("none".to_owned(), |value| format!("{:.0}", value * 10.0));
    fields.insert("speed", tenths(said.speed_kn));
    fields.insert("course", tenths(said.course_deg));
    fields.insert(
        "heading",
        said.heading_deg
            .map_or("none".to_owned(), |value| format!("{value:.0}")),
    );
    fields
}

fn sized(said: &Particulars) -> Fields {
    let metres = |value: Option<f64>| format!("{:.0}", value.unwrap_or(0.0));
    Fields::from([
        ("mmsi", said.mmsi.to_string()),
        ("name", said.name.clone().unwrap_or_default()),
        ("type", tens(i64::from(said.type_code))),
        ("length", metres(said.length_m)),
        ("beam", metres(said.beam_m)),
        ("imo", said.imo.unwrap_or(0).to_string()),
        ("draught", format!("{:.0}", said.draught_m.unwrap_or(0.0) * 10.0)),
    ])
}

fn place(mmsi: u32, lon: i64, lat: i64) -> Fields {
    Fields::from([
        ("mmsi", mmsi.to_string()),
        ("lon", lon.to_string()),
        ("lat", lat.to_string()),
    ])
}

/// One line of gpsd's separated dump.
fn from_dump(line: &str) -> Vec<Fields> {
    let part: Vec<&str> = line.split('|').collect();
    let number = |index: usize| part.get(index).and_then(|text| text.parse::<i64>().ok());
    let Some(mmsi) = number(2).map(|mmsi| mmsi as u32) else {
        return Vec::new();
    };
    let moving = |speed: usize, lon: usize| -> Option<Fields> {
        let (lon_value, lat_value) = (number(lon)?, number(lon + 1)?);
        if lon_value == 181 * 600_000 || lat_value == 91 * 600_000 {
            return None;
        }
        let mut fields = place(mmsi, lon_value, lat_value);
        fields.insert("speed", known(number(speed)?, 1_023));
        fields.insert("course", known(number(lon + 2)?, 3_600));
        fields.insert("heading", known(number(lon + 3)?, 511));
        Some(fields)
    };
    let shore = || -> Option<Fields> {
        let (lon, lat) = (number(5)?, number(6)?);
        (lon != 181 * 600_000 && lat != 91 * 600_000).then(|| place(mmsi, lon, lat))
    };
    // Long-range reports come in tenths of a minute; their speed and course are not used.
    let long_range = || -> Option<Fields> {
        let (lon, lat) = (number(5)?, number(6)?);
        (lon != 181 * 600 && lat != 91 * 600).then(|| without_motion(place(mmsi, lon * 1_000, lat * 1_000)))
    };
    let sized = |name: usize, kind: usize, bow: usize, imo: Option<usize>, draught: Option<usize>| -> Option<Fields> {
        let optional = |index: Option<usize>| index.and_then(number).unwrap_or(0).to_string();
        Some(Fields::from([
            ("mmsi", mmsi.to_string()),
            ("name", (*part.get(name)?).to_owned()),
            ("type", tens(number(kind)?)),
            ("length", (number(bow)? + number(bow + 1)?).to_string()),
            ("beam", (number(bow + 2)? + number(bow + 3)?).to_string()),
            ("imo", optional(imo)),
            ("draught", optional(draught)),
        ]))
    };
    let read = match number(0) {
        Some(1..=3) => vec![moving(5, 7)],
        Some(18) => vec![moving(4, 6)],
        Some(19) => vec![moving(4, 6), sized(12, 13, 14, None, None)],
        Some(4) => vec![shore()],
        Some(11) => vec![shore().map(|place| {
            if mmsi > SHORE_MMSI_MAX {
                without_motion(place)
            } else {
                place
            }
        })],
        Some(27) => vec![long_range()],
        Some(5) => vec![sized(6, 7, 8, Some(3), Some(14))],
        Some(24) => vec![sized(3, 4, 9, None, None)],
        _ => Vec::new(),
    };
    read.into_iter().flatten().collect()
}

fn without_motion(mut place: Fields) -> Fields {
    for key in ["speed", "course", "heading"] {
        place.insert(key, "none".to_owned());
    }
    place
}

/// One of gpsd's JSON reports, unscaled.
fn from_json(value: &Value) -> Option<Fields> {
    let number = |key: &str| value.get(key).and_then(Value::as_i64);
    let mmsi = number("mmsi")? as u32;
    match number("type")? {
        1..=3 | 18 => {
            let (lon, lat) = (number("lon")?, number("lat")?);
            if lon == 181 * 600_000 || lat == 91 * 600_000 {
                return None;
            }
            let mut fields = place(mmsi, lon, lat);
            fields.insert("speed", known(number("speed")?, 1_023));
            fields.insert("course", known(number("course")?, 3_600));
            fields.insert("heading", known(number("heading")?, 511));
            Some(fields)
        }
        5 | 24 => Some(Fields::from([
            ("mmsi", mmsi.to_string()),
            (
                "name",
                value
                    .get("shipname")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
            ),
            ("type", tens(number("shiptype")?)),
            ("length", (number("to_bow")? + number("to_stern")?).to_string()),
            ("beam", (number("to_port")? + number("to_starboard")?).to_string()),
            ("imo", number("imo").unwrap_or(0).to_string()),
            ("draught", number("draught").unwrap_or(0).to_string()),
        ])),
        _ => None,
    }
}

/// Ship types above 60 by their tens: the ones are the cargo's hazard, which is not used.
fn tens(code: i64) -> String {
    if (60..90).contains(&code) {
        (code / 10 * 10).to_string()
    } else {
        code.to_string()
    }
}

fn known(value: i64, none: i64) -> String {
    if value == none {
        "none".to_owned()
    } else {
        value.to_string()
    }
}

/// Sentences per second on one core, through everything.
fn speed(logs: &[Vec<u8>]) {
    let lines: Vec<&[u8]> = logs
        .iter()
        .flat_map(|log| log.split(|byte| *byte == b'\n'))
        .filter(|line| line.starts_with(b"!AI"))
        .collect();
    let mut ears = Ears::default();
    let began = Instant::now();
    let mut count = 0_u64;
    while count < 300_000 {
        for line in &lines {
            ears.take(line, UnixMs(1_700_000_000_000 + count as i64 / 10));
            count += 1;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{count} sentences in {seconds:.2} s: {:.0} a second on one core; {:?}",
        count as f64 / seconds,
        ears.counters()
    );
}
