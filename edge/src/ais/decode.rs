//! From a message's payload to what it says about a vessel. The only file that names the decoder crate.
//!
//! The crate sees one well-formed sentence at a time: checksum, characters and lengths were checked before, kinds that say
//! nothing about a vessel never reach it (its decoders of types 25 and 26 panic on short ones), and its memory of half-known
//! vessels is cleared before it grows.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nmea_parser::{NmeaParser, ParsedMessage, ais};
use quaywatch_protocol::contract::look::VesselClass;

use super::{assemble::Message, fields};

/// Messages after which the decoder's memory (first halves of class B static reports) is cleared.
const FORGET_EVERY: u32 = 4_096;
/// Kind of the long-range report.
const LONG_RANGE: u8 = 27;
/// Kinds that are read in [`fields`]: a base station's time and place, a ship's answer with the same, class B's extended report.
const TIME_AND_PLACE: u8 = 4;
const TIME_ANSWER: u8 = 11;
const EXTENDED: u8 = 19;
/// Longest payload of a whole message, characters: 1,008 bits and some.
const PAYLOAD_MAX: usize = 200;

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Where a vessel is and how it moves.
    Position(Kinematics),
    /// What a vessel is.
    Static(Particulars),
    /// Both in one message.
    Both(Kinematics, Particulars),
    /// A shore station transmits here: reception is proven as far as it.
    Shore {
        /// Identity.
        mmsi: u32,
        /// Longitude and latitude, degrees.
        lonlat: (f64, f64),
    },
}

/// Where a vessel is and how it moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kinematics {
    /// Identity.
    pub mmsi: u32,
    /// Longitude, degrees.
    pub lon: f64,
    /// Latitude, degrees.
    pub lat: f64,
    /// Speed over ground, knots.
    pub speed_kn: Option<f64>,
    /// Course over ground, degrees.
    pub course_deg: Option<f64>,
    /// True heading, degrees.
    pub heading_deg: Option<f64>,
    /// Navigational status code, 0..=15.
    pub status: u8,
}

/// What a vessel is, as it says.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Particulars {
    /// Identity.
    pub mmsi: u32,
    /// IMO number.
    pub imo: Option<u32>,
    /// Name.
    pub name: Option<String>,
    /// Ship type code, 0..=99; of passenger ships, cargo ships and tankers the tens only: the cargo's hazard is left out.
    pub type_code: u8,
    /// Length over all, metres.
    pub length_m: Option<f64>,
    /// Beam, metres.
    pub beam_m: Option<f64>,
    /// Draught, metres.
    pub draught_m: Option<f64>,
    /// From the antenna to the bow and to the port side, metres.
    pub antenna_m: Option<(f64, f64)>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// It says this.
    Heard(Heard),
    /// A kind that says nothing about a vessel here.
    OtherKind,
    /// A position report without a position.
    NoPosition,
    /// The decoder refused it.
    Undecodable,
}

/// The decoder.
pub struct Decoder {
    parser: NmeaParser,
    since_cleared: u32,
    sentence: String,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            parser: NmeaParser::new(),
            since_cleared: 0,
            sentence: String::with_capacity(PAYLOAD_MAX + 32),
        }
    }
}

impl Decoder {
    /// Decodes a message.
    pub fn decode(&mut self, message: &Message) -> Decoded {
        let Some(kind) = message.payload.bytes().next().map(six_bits) else {
            return Decoded::Undecodable;
        };
        let Some(bits_min) = bits_min(kind) else {
            return Decoded::OtherKind;
        };
        // Receivers write wrong numbers of fill bits: what counts is what was sent.
        let bits = message.payload.len() * 6;
        if bits < bits_min || message.payload.len() > PAYLOAD_MAX {
            return Decoded::Undecodable;
        }
        match kind {
            TIME_AND_PLACE | TIME_ANSWER => {
                return fields::time_and_place(&message.payload).map_or(Decoded::NoPosition, Decoded::Heard);
            }
            EXTENDED => return fields::extended(&message.payload).map_or(Decoded::Undecodable, Decoded::Heard),
            _ => {}
        }
        if self.since_cleared >= FORGET_EVERY {
            self.parser.reset();
            self.since_cleared = 0;
        }
        self.since_cleared += 1;
        self.sentence.clear();
        self.sentence.push_str("!AIVDM,1,1,,A,");
        self.sentence.push_str(&message.payload);
        self.sentence.push_str(",0");
        let sum = self.sentence.bytes().skip(1).fold(0, |sum, byte| sum ^ byte);
        let hex = |digit: u8| {
            char::from_digit(u32::from(digit), 16)
                .unwrap_or('0')
                .to_ascii_uppercase()
        };
        self.sentence.extend(['*', hex(sum >> 4), hex(sum & 15)]);
        // Dates that do not exist have made the crate panic before: a message is not worth a station.
        let (parser, sentence) = (&mut self.parser, &self.sentence);
        match catch_unwind(AssertUnwindSafe(|| parser.parse_sentence(sentence))) {
            Ok(Ok(parsed)) => translate(kind, parsed),
            Ok(Err(_)) => Decoded::Undecodable,
            Err(_) => {
                self.parser = NmeaParser::new();
                Decoded::Undecodable
            }
        }
    }
}

pub(super) const fn six_bits(character: u8) -> u8 {
    let value = character.wrapping_sub(48);
    if value > 40 { value.wrapping_sub(8) } else { value }
}

/// Shortest message of a kind that is used, bits (ITU-R M.1371-5); `None` for kinds that are not. Real transponders cut type 5 at
/// 422 bits and 24 at 160.
const fn bits_min(kind: u8) -> Option<usize> {
    match kind {
        1..=4 | 11 | 18 => Some(168),
        5 => Some(420),
        19 => Some(312),
        24 => Some(160),
        27 => Some(96),
        _ => None,
    }
}

fn translate(kind: u8, parsed: ParsedMessage) -> Decoded {
    match parsed {
        ParsedMessage::VesselDynamicData(report) => {
            let place = report
                .longitude
                .zip(report.latitude)
                .filter(|place| is_on_earth(*place));
            place.map_or(Decoded::NoPosition, |(lon, lat)| {
                // Long-range reports (type 27) have other units for speed and course, which the crate reads as those of type 1.
                let moves = kind != LONG_RANGE;
                Decoded::Heard(Heard::Position(Kinematics {
                    mmsi: report.mmsi,
                    lon,
                    lat,
                    speed_kn: report.sog_knots.filter(|_| moves),
                    course_deg: report.cog.filter(|course| moves && *course < 360.0),
                    heading_deg: report.heading_true.filter(|_| moves),
                    status: report.nav_status.to_value(),
                }))
            })
        }
        ParsedMessage::VesselStaticData(report) => Decoded::Heard(Heard::Static(particulars(&report))),
        _ => Decoded::OtherKind,
    }
}

pub(super) fn is_on_earth((lon, lat): (f64, f64)) -> bool {
    (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat)
}

fn particulars(report: &ais::VesselStaticData) -> Particulars {
    let sum = |a: Option<u16>, b: Option<u16>| {
        let metres = f64::from(a.unwrap_or(0)) + f64::from(b.unwrap_or(0));
        (metres > 0.0).then_some(metres)
    };
    Particulars {
        mmsi: report.mmsi,
        imo: report.imo_number.filter(|imo| *imo > 0),
        name: report.name.clone().filter(|name| !name.is_empty()),
        type_code: report.ship_type.to_value(),
        length_m: sum(report.dimension_to_bow, report.dimension_to_stern),
        beam_m: sum(report.dimension_to_port, report.dimension_to_starboard),
        draught_m: report
            .draught10
            .filter(|tenths| *tenths > 0)
            .map(|tenths| f64::from(tenths) / 10.0),
        antenna_m: (report.dimension_to_bow.zip(report.dimension_to_port))
            .map(|(bow, port)| (f64::from(bow), f64::from(port))),
    }
}

impl Particulars {
    /// The class that the announced type stands for; `None` for types that say nothing.
    #[must_use]
    pub const fn class(&self) -> Option<VesselClass> {
        match self.type_code {
            30 => Some(VesselClass::Fishing),
            31..=34 | 50..=55 | 58 => Some(VesselClass::Service),
            35 => Some(VesselClass::Naval),
            36 | 37 => Some(VesselClass::Boat),
            60..=69 => Some(VesselClass::Passenger),
            70..=79 => Some(VesselClass::Cargo),
            80..=89 => Some(VesselClass::Tanker),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ais::{assemble::Assembler, sentence::read};

    fn decoded(line: &str) -> Decoded {
        let message = Assembler::default().take(&read(line.as_bytes()).unwrap()).unwrap();
        Decoder::default().decode(&message)
    }

    #[test]
    fn a_position_report_says_what_was_sent() {
        let Decoded::Heard(Heard::Position(said)) = decoded("!AIVDM,1,1,,A,144N8P5000aQ<B0HMSD1VQBt0000,0*58") else {
            panic!("no position")
        };
        assert_eq!(
            (said.mmsi, said.status, said.speed_kn, said.course_deg),
            (273_123_456, 5, Some(0.0), Some(41.0))
        );
        assert!(
            (said.lon - 133.08).abs() < 1e-9 && (said.lat - 42.75).abs() < 1e-9,
            "{said:?}"
        );
    }

    #[test]
    fn a_wrong_number_of_fill_bits_loses_nothing() {
        assert!(matches!(
            decoded("!AIVDM,1,1,,A,144N8P5000aQ<B0HMSD1VQBt0000,5*5D"),
            Decoded::Heard(_)
        ));
    }

    #[test]
    fn a_long_range_report_says_where_and_not_how_fast() {
        let Decoded::Heard(Heard::Position(said)) = decoded("!AIVDM,1,1,,A,K44N8P1Dor38I5RT,0*52") else {
            panic!("no position")
        };
        assert_eq!((said.mmsi, said.speed_kn, said.course_deg), (273_123_456, None, None));
        assert!(
            (said.lon - 133.08).abs() < 2e-3 && (said.lat - 42.75).abs() < 2e-3,
            "{said:?}"
        );
    }

    #[test]
    fn a_short_message_is_refused_and_not_read() {
        assert_eq!(decoded("!AIVDM,1,1,,A,144N8P5,0*04"), Decoded::Undecodable);
    }
}
