//! What the script's vessels transmit, as AIVDM sentences: the other half of the world, for a station's receiver.
//!
//! Position reports are message type 1, static data type 5 (two sentences), as ITU-R M.1371-5 lays out their bits; sentences
//! are armoured in six-bit characters as IEC 61162-1 says, with an NMEA 4.10 tag block that carries the receive time. The Rust
//! crates that were looked at only decode, so the two messages are encoded here.

mod bits;

use geo::Point;
use quaywatch_protocol::contract::{look::VesselClass, time::UnixMs};

use self::bits::Bits;
use super::{
    history::Hull,
    truth::{RadioTruth, VesselTruth},
    world::World,
};

/// Minutes between two static reports of one vessel (M.1371-5: every 6 minutes).
const STATIC_EVERY_MS: i64 = 6 * 60_000;
/// Characters of payload in one sentence: 82 in all, less the frame.
const PAYLOAD_CHARACTERS_MAX: usize = 56;
/// Navigational status "moored".
const MOORED: u8 = 5;

/// All sentences heard at some sites in a span of time, in time order, without line ends.
#[must_use]
pub fn transmitted(world: &World, sites: &[String], from: UnixMs, to: UnixMs, every_s: u32) -> Vec<String> {
    let step_ms = i64::from(every_s.max(1)) * 1_000;
    let mut sentences = Vec::new();
    let mut at = from;
    let mut sequence = 0_u8;
    while at < to {
        for site in sites {
            if !world.ais_covered(site, at) {
                continue;
            }
            for vessel in world.vessels(site, at) {
                let RadioTruth::Transmitting { mmsi, .. } = vessel.radio else {
                    continue;
                };
                // Ships do not send in step: each has its own second.
                let heard = at.plus_ms(i64::from(mmsi) % (step_ms / 1_000) * 1_000);
                let is_static_due = (heard.0 / step_ms) % (STATIC_EVERY_MS / step_ms).max(1) == 0;
                sentences.push((heard, position(&vessel, heard)));
                if is_static_due && let Some(hull) = world.history.hulls.iter().find(|hull| hull.mmsi == mmsi) {
                    sequence = (sequence + 1) % 10;
                    sentences.extend(particulars(hull, sequence, heard).into_iter().map(|text| (heard, text)));
                }
            }
        }
        at = at.plus_ms(step_ms);
    }
    sentences.sort_by_key(|(heard, _)| *heard);
    sentences.into_iter().map(|(_, text)| text).collect()
}

/// What a position report says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Identity.
    pub mmsi: u32,
    /// Longitude and latitude, degrees.
    pub place: Point<f64>,
    /// Speed over ground, knots.
    pub speed_kn: f64,
    /// Course over ground and heading, degrees.
    pub course_deg: f64,
    /// Navigational status, 0..=15.
    pub status: u8,
}

/// A position report (type 1) of a vessel that transmits, in one sentence.
#[must_use]
pub fn position(vessel: &VesselTruth, at: UnixMs) -> String {
    let (mmsi, announced) = match vessel.radio {
        RadioTruth::Transmitting { mmsi, announced, .. } => (mmsi, announced),
        RadioTruth::Silent => (0, vessel.centre),
    };
    let said = Report {
        mmsi,
        place: announced,
        speed_kn: 0.0,
        course_deg: vessel.axis_deg,
        status: MOORED,
    };
    report(&said, at)
}

/// A position report (type 1), in one sentence. A vessel that lies still has no course.
#[must_use]
pub fn report(said: &Report, at: UnixMs) -> String {
    let ten_thousandths_min = |degrees: f64| (degrees * 600_000.0).round() as i64;
    let speed_tenths = (said.speed_kn * 10.0).round().clamp(0.0, 1_022.0) as u64;
    let course_tenths = (said.course_deg.rem_euclid(360.0) * 10.0).round() as u64 % 3_600;
    let mut bits = Bits::default();
    bits.unsigned(1, 6);
    bits.unsigned(0, 2);
    bits.unsigned(said.mmsi.into(), 30);
    bits.unsigned(said.status.into(), 4);
    bits.signed(0, 8);
    bits.unsigned(speed_tenths, 10);
    bits.unsigned(1, 1);
    bits.signed(ten_thousandths_min(said.place.x()), 28);
    bits.signed(ten_thousandths_min(said.place.y()), 27);
    bits.unsigned(if speed_tenths == 0 { 3_600 } else { course_tenths }, 12);
    bits.unsigned((said.course_deg.rem_euclid(360.0).round() as u64) % 360, 9);
    bits.unsigned((at.0.rem_euclid(60_000) / 1_000) as u64, 6);
    bits.unsigned(0, 2 + 3 + 1 + 19);
    tagged(&bits, 0, at).concat()
}

/// Static and voyage data (type 5), in two sentences.
#[must_use]
pub fn particulars(hull: &Hull, sequence: u8, at: UnixMs) -> Vec<String> {
    let half = |metres: f64, limit: u64| ((metres / 2.0).round() as u64).min(limit);
    let mut bits = Bits::default();
    bits.unsigned(5, 6);
    bits.unsigned(0, 2);
    bits.unsigned(hull.mmsi.into(), 30);
    bits.unsigned(0, 2);
    bits.unsigned(0, 30);
    bits.text("", 7);
    bits.text(&hull.id, 20);
    bits.unsigned(type_of(hull.class), 8);
    let (bow, port) = (half(hull.length_m, 511), half(hull.beam_m, 63));
    bits.unsigned(bow, 9);
    bits.unsigned((hull.length_m.round() as u64).saturating_sub(bow).min(511), 9);
    bits.unsigned(port, 6);
    bits.unsigned((hull.beam_m.round() as u64).saturating_sub(port).min(63), 6);
    bits.unsigned(1, 4);
    bits.unsigned(0, 4 + 5 + 5 + 6);
    bits.unsigned((hull.draught_m * 10.0).round() as u64, 8);
    bits.text("", 20);
    bits.unsigned(0, 2);
    tagged(&bits, sequence, at)
}

/// Ship type codes of M.1371-5, table 53.
const fn type_of(class: VesselClass) -> u64 {
    match class {
        VesselClass::Tanker => 80,
        VesselClass::Passenger => 60,
        VesselClass::Fishing => 30,
        VesselClass::Service => 52,
        VesselClass::Naval => 35,
        VesselClass::Boat => 37,
        VesselClass::Cargo | VesselClass::Container | VesselClass::Bulk => 70,
        VesselClass::Vessel => 0,
    }
}

fn tagged(bits: &Bits, sequence: u8, at: UnixMs) -> Vec<String> {
    let (payload, fill) = bits.armoured();
    let parts: Vec<&str> = payload
        .as_bytes()
        .chunks(PAYLOAD_CHARACTERS_MAX)
        .map(|part| std::str::from_utf8(part).unwrap_or_default())
        .collect();
    let count = parts.len();
    let block = with_checksum(&format!("c:{}", at.0 / 1_000));
    parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let fill = if index + 1 == count { fill } else { 0 };
            let id = if count > 1 { sequence.to_string() } else { String::new() };
            let body = with_checksum(&format!("AIVDM,{count},{},{id},A,{part},{fill}", index + 1));
            format!("\\{block}\\!{body}")
        })
        .collect()
}

fn with_checksum(body: &str) -> String {
    let sum = body.bytes().fold(0_u8, |sum, byte| sum ^ byte);
    format!("{body}*{sum:02X}")
}
