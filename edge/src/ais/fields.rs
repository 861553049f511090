//! Kinds that the decoder crate does not read: class B's extended report (19), which it has no decoder for, and reports of time and place
//! (4 and 11), which it refuses for a date that does not exist, though the place beside it is good. Layouts: ITU-R M.1371-5, annex 8.
//!
//! | kind | bits |
//! |---|---|
//! | 4, 11 | identity 8+30, longitude 79+28, latitude 107+27 |
//! | 19 | identity 8+30, speed 46+10, longitude 57+28, latitude 85+27, course 112+12, heading 124+9, name 143+120, type 263+8, bow 271+9, stern 280+9, port 289+6, starboard 295+6 |

use super::decode::{Heard, Kinematics, Particulars, is_on_earth, six_bits};

/// Steps of a degree in longitudes and latitudes.
const PER_DEG: f64 = 600_000.0;
/// Identities of shore stations have two leading zeros, of groups one; all above are ships, aircraft, buoys.
const SHORE_MMSI_MAX: u64 = 9_999_999;
/// Navigational status that is not defined.
const STATUS_NONE: u8 = 15;

/// A payload's bits; nothing beyond its end.
struct Bits<'a>(&'a [u8]);

impl Bits<'_> {
    fn unsigned(&self, from: usize, count: usize) -> Option<u64> {
        (from..from + count).try_fold(0, |sum, bit| {
            let value = six_bits(*self.0.get(bit / 6)?);
            Some(sum << 1 | u64::from(value >> (5 - bit % 6) & 1))
        })
    }

    fn signed(&self, from: usize, count: usize) -> Option<i64> {
        let value = self.unsigned(from, count)?.cast_signed();
        let half = 1_i64 << (count - 1);
        Some(if value >= half { value - 2 * half } else { value })
    }

    fn lonlat(&self, from: usize) -> Option<(f64, f64)> {
        let place = (
            self.signed(from, 28)? as f64 / PER_DEG,
            self.signed(from + 28, 27)? as f64 / PER_DEG,
        );
        is_on_earth(place).then_some(place)
    }

    /// Text of six-bit characters; `@` ends it.
    fn text(&self, from: usize, characters: usize) -> Option<String> {
        let mut text = String::with_capacity(characters);
        for index in 0..characters {
            match self.unsigned(from + 6 * index, 6)? as u8 {
                0 => break,
                code if code < 32 => text.push(char::from(code + 64)),
                code => text.push(char::from(code)),
            }
        }
        Some(text.trim_end().to_owned())
    }
}

/// A report of time and place; `None` when it says no place. A ship answers a question for the time with kind 11, too.
pub(super) fn time_and_place(payload: &str) -> Option<Heard> {
    let bits = Bits(payload.as_bytes());
    let (identity, lonlat) = (bits.unsigned(8, 30)?, bits.lonlat(79)?);
    let mmsi = u32::try_from(identity).ok()?;
    Some(if identity <= SHORE_MMSI_MAX {
        Heard::Shore { mmsi, lonlat }
    } else {
        Heard::Position(Kinematics {
            mmsi,
            lon: lonlat.0,
            lat: lonlat.1,
            speed_kn: None,
            course_deg: None,
            heading_deg: None,
            status: STATUS_NONE,
        })
    })
}

/// Class B's extended report; without a place, what the vessel is.
pub(super) fn extended(payload: &str) -> Option<Heard> {
    let bits = Bits(payload.as_bytes());
    let mmsi = u32::try_from(bits.unsigned(8, 30)?).ok()?;
    let below = |value: u64, none: u64, per: f64| (value < none).then(|| value as f64 / per);
    let (bow, stern) = (bits.unsigned(271, 9)? as f64, bits.unsigned(280, 9)? as f64);
    let (port, starboard) = (bits.unsigned(289, 6)? as f64, bits.unsigned(295, 6)? as f64);
    let known = |metres: f64| (metres > 0.0).then_some(metres);
    let particulars = Particulars {
        mmsi,
        imo: None,
        name: bits.text(143, 20).filter(|name| !name.is_empty()),
        type_code: tens(bits.unsigned(263, 8)? as u8),
        length_m: known(bow + stern),
        beam_m: known(port + starboard),
        draught_m: None,
        antenna_m: known(bow + stern).map(|_| (bow, port)),
    };
    let Some((lon, lat)) = bits.lonlat(57) else {
        return Some(Heard::Static(particulars));
    };
    let kinematics = Kinematics {
        mmsi,
        lon,
        lat,
        speed_kn: below(bits.unsigned(46, 10)?, 1_023, 10.0),
        course_deg: below(bits.unsigned(112, 12)?, 3_600, 10.0),
        heading_deg: below(bits.unsigned(124, 9)?, 360, 1.0),
        status: STATUS_NONE,
    };
    Some(Heard::Both(kinematics, particulars))
}

/// Of passenger ships, cargo ships and tankers the tens: the cargo's hazard is left out, as with the other kinds.
const fn tens(code: u8) -> u8 {
    if code >= 60 && code < 90 { code / 10 * 10 } else { code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_station_without_a_date_still_says_where_it_is() {
        let said = time_and_place("4028n@iuiPpttwIWI<Hl>8700PS:");
        let Some(Heard::Shore { mmsi, lonlat }) = said else {
            panic!("{said:?}")
        };
        assert_eq!(mmsi, 2_242_115);
        assert!(
            (lonlat.0 + 8.385_217).abs() < 1e-6 && (lonlat.1 - 43.369_013).abs() < 1e-6,
            "{lonlat:?}"
        );
    }

    #[test]
    fn a_ship_that_answers_for_the_time_is_a_ship_and_no_shore() {
        let said = time_and_place(";4R33:1uUK2F`q?mOt@@GoQ00000");
        assert!(
            matches!(said, Some(Heard::Position(said)) if said.mmsi == 304_137_000 && said.speed_kn.is_none()),
            "{said:?}"
        );
    }

    #[test]
    fn a_place_that_is_not_on_earth_is_none() {
        assert_eq!(time_and_place("4>O7m7Iu@<9qUfbtm`vSnwvH20S8"), None);
    }

    #[test]
    fn an_extended_report_says_where_and_what() {
        let said = extended("C5N3SRgPEnJGEBT>NhWAwwo862PaLELTBJ:V00000000S0D:R220");
        let Some(Heard::Both(moves, is)) = said else {
            panic!("{said:?}")
        };
        assert_eq!(
            (moves.mmsi, moves.speed_kn, moves.course_deg, moves.heading_deg),
            (367_059_850, Some(8.7), Some(335.9), None)
        );
        assert_eq!(
            (is.name.as_deref(), is.type_code, is.length_m, is.beam_m),
            (Some("CAPT.J.RIMES"), 70, Some(26.0), Some(8.0))
        );
    }

    #[test]
    fn a_payload_that_ends_too_early_says_nothing() {
        assert_eq!(extended("C5N3SRgPEnJGEBT>NhWAwwo"), None);
        assert_eq!(time_and_place("4028n@iuiPp"), None);
    }
}
