//! What a station heard, asked about the hulls of a look.

use std::sync::{Mutex, PoisonError};

use quaywatch_protocol::contract::{
    look::{Ais, AisFlag, VesselClass},
    time::{DAY_MS, UnixMs},
};

use super::{
    assemble::Assembler,
    counters::Counters,
    coverage::{Coverage, is_proven},
    decode::{Decoded, Decoder, Heard},
    locate::{Located, locate},
    pair::{Candidate, GATE_MAX_M, apart_m, gate_m, pair},
    sentence::{Refusal, read},
    tracks::{Track, Tracks},
};
use crate::look::{Radio, RadioSaid, SeenVessel};

/// Difference of announced and measured length that is a mismatch, standard errors.
const LENGTH_MISMATCH_SD: f64 = 3.0;
/// And at least this share of the longer one.
const LENGTH_MISMATCH_SHARE: f64 = 0.15;
/// Error of the transmitted length, metres.
const LENGTH_SD_M: f64 = 2.0;
/// A match further away than this many standard errors is a mismatch of position.
const POSITION_MISMATCH_SD: f64 = 5.0;
/// And at least this far, metres.
const POSITION_MISMATCH_M: f64 = 400.0;

/// Sentences in, knowledge about vessels out.
#[derive(Default)]
pub struct Ears {
    assembler: Assembler,
    decoder: Decoder,
    tracks: Tracks,
    model: Coverage,
    counters: Counters,
}

impl Ears {
    /// Ears with a coverage model.
    #[must_use]
    pub fn new(model: Coverage) -> Self {
        Self {
            model,
            ..Self::default()
        }
    }

    /// Takes one line that came in at `now`; a receive time in its tag block counts more, unless it is from the future: a clock
    /// that runs ahead must not push out what is true.
    pub fn take(&mut self, line: &[u8], now: UnixMs) {
        self.take_at(line, |said| said.map_or(now, |at| at.min(now)));
    }

    /// Takes one line of a recording; one without a receive time counts as heard at `at`.
    pub fn take_recorded(&mut self, line: &[u8], at: UnixMs) {
        self.take_at(line, |said| said.unwrap_or(at));
    }

    fn take_at(&mut self, line: &[u8], time: impl FnOnce(Option<UnixMs>) -> UnixMs) {
        let sentence = match read(line) {
            Ok(sentence) => sentence,
            Err(refusal) => {
                let counter = match refusal {
                    Refusal::Foreign => &mut self.counters.foreign,
                    Refusal::Garbled => &mut self.counters.garbled,
                    Refusal::Checksum => &mut self.counters.checksum,
                    Refusal::Malformed => &mut self.counters.malformed,
                };
                *counter += 1;
                return;
            }
        };
        let Some(message) = self.assembler.take(&sentence) else {
            self.counters.fragments += 1;
            return;
        };
        let at = time(message.at);
        match self.decoder.decode(&message) {
            Decoded::Heard(heard) => {
                self.counters.used += 1;
                self.tracks.take(at, heard);
            }
            Decoded::OtherKind => self.counters.other_kinds += 1,
            Decoded::NoPosition => self.counters.no_position += 1,
            Decoded::Undecodable => self.counters.undecodable += 1,
        }
    }

    /// Counts since the start.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        Counters {
            fragments_dropped: self.assembler.dropped,
            vessels_forgotten: self.tracks.forgotten,
            ..self.counters
        }
    }

    /// Adds lines that were dropped and sources that were lost before they reached here.
    pub const fn count_losses(&mut self, overrun: u64, source_losses: u64) {
        self.counters.overrun += overrun;
        self.counters.source_losses += source_losses;
    }

    /// The vessels heard.
    #[must_use]
    pub const fn tracks(&self) -> &Tracks {
        &self.tracks
    }

    /// For each vessel of a look what radio says about it.
    #[must_use]
    pub fn answer(&self, at: UnixMs, vessels: &[SeenVessel]) -> Vec<RadioSaid> {
        let mut heard: Vec<(u32, &Track, Located)> = self
            .tracks
            .iter()
            .filter_map(|(mmsi, track)| Some((mmsi, track, locate(track, at)?)))
            .filter(|(_, _, located)| vessels.iter().any(|vessel| apart_m(vessel, located) <= GATE_MAX_M))
            .collect();
        // The store has no order of its own: answers must not depend on it.
        heard.sort_by_key(|(mmsi, ..)| *mmsi);
        let candidates: Vec<Candidate> = heard
            .iter()
            .map(|(mmsi, track, located)| Candidate {
                mmsi: *mmsi,
                located: *located,
                length_m: track.particulars.as_ref().and_then(|said| said.length_m),
            })
            .collect();
        let pairs = pair(vessels, &candidates);
        let matched: Vec<u32> = pairs
            .iter()
            .flatten()
            .filter_map(|index| candidates.get(*index))
            .map(|found| found.mmsi)
            .collect();
        vessels
            .iter()
            .zip(pairs)
            .map(|(vessel, index)| match index.and_then(|index| heard.get(index)) {
                Some((mmsi, track, located)) => RadioSaid {
                    ais: Ais::Matched,
                    mmsi: Some(*mmsi),
                    flags: flags(vessel, track, located, at),
                },
                None => self.unmatched(vessel, at, &matched),
            })
            .collect()
    }

    /// A hull without a transmission where it lies: one that announces another place, a dark one, or no claim.
    fn unmatched(&self, vessel: &SeenVessel, at: UnixMs, matched: &[u32]) -> RadioSaid {
        if let Some(mmsi) = self.elsewhere(vessel, at, matched) {
            return RadioSaid {
                ais: Ais::Matched,
                mmsi: Some(mmsi),
                flags: vec![AisFlag::PositionMismatch, AisFlag::ImpossibleTrack],
            };
        }
        let proven = is_proven(&self.tracks, &self.model, (vessel.lon, vessel.lat), at, None);
        RadioSaid {
            ais: if proven { Ais::Dark } else { Ais::Uncovered },
            ..RadioSaid::default()
        }
    }

    /// The vessel that lay here within a day of the look and then jumped to another place on the map: a false position, not an absence.
    fn elsewhere(&self, vessel: &SeenVessel, at: UnixMs, matched: &[u32]) -> Option<u32> {
        let mut found: Vec<u32> = self
            .tracks
            .iter()
            .filter(|(mmsi, track)| !matched.contains(mmsi) && jumped_near(track, at))
            .filter(|(_, track)| {
                let lay_here = track.fixes.iter().any(|fix| {
                    let located = Located {
                        lonlat: (fix.said.lon, fix.said.lat),
                        sd_m: 50.0,
                    };
                    (fix.at.0 - at.0).abs() <= DAY_MS && apart_m(vessel, &located) <= gate_m(vessel, &located)
                });
                lay_here && !is_length_mismatch(vessel, track)
            })
            .map(|(mmsi, _)| mmsi)
            .collect();
        found.sort_unstable();
        // Two that could be it are none.
        if found.len() == 1 { found.pop() } else { None }
    }
}

/// What each message of a recording says, in order: for checking the decoder against another.
#[must_use]
pub fn decode_lines(bytes: &[u8]) -> Vec<Heard> {
    let (mut assembler, mut decoder) = (Assembler::default(), Decoder::default());
    bytes
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter_map(|line| assembler.take(&read(line).ok()?))
        .filter_map(|message| match decoder.decode(&message) {
            Decoded::Heard(heard) => Some(heard),
            _ => None,
        })
        .collect()
}

fn jumped_near(track: &Track, at: UnixMs) -> bool {
    track.jumped_at.is_some_and(|jumped| (jumped.0 - at.0).abs() <= DAY_MS)
}

fn flags(vessel: &SeenVessel, track: &Track, located: &Located, at: UnixMs) -> Vec<AisFlag> {
    let mut flags = Vec::new();
    let announced = track.particulars.as_ref().and_then(super::decode::Particulars::class);
    if announced.is_some_and(|announced| !are_compatible(vessel.class, announced)) {
        flags.push(AisFlag::TypeMismatch);
    }
    if is_length_mismatch(vessel, track) {
        flags.push(AisFlag::LengthMismatch);
    }
    let away_m = apart_m(vessel, located);
    if away_m > POSITION_MISMATCH_M && away_m > POSITION_MISMATCH_SD * located.sd_m.hypot(vessel.position_sd_m) {
        flags.push(AisFlag::PositionMismatch);
    }
    if jumped_near(track, at) {
        flags.push(AisFlag::ImpossibleTrack);
    }
    flags
}

fn is_length_mismatch(vessel: &SeenVessel, track: &Track) -> bool {
    let Some(length_m) = track.particulars.as_ref().and_then(|said| said.length_m) else {
        return false;
    };
    let apart_m = (length_m - vessel.length_m).abs();
    apart_m > LENGTH_MISMATCH_SD * vessel.length_sd_m.hypot(LENGTH_SD_M)
        && apart_m > LENGTH_MISMATCH_SHARE * length_m.max(vessel.length_m)
}

/// True when the class by image and the announced one may be the same ship. An image tells few classes apart.
const fn are_compatible(seen: VesselClass, announced: VesselClass) -> bool {
    use VesselClass::{Boat, Bulk, Cargo, Container, Fishing, Naval, Passenger, Service, Tanker, Vessel};
    match seen {
        Vessel | Cargo => true,
        Container | Bulk => matches!(announced, Cargo | Container | Bulk),
        Tanker => matches!(announced, Tanker | Bulk),
        Passenger => matches!(announced, Passenger),
        Fishing | Boat | Service => matches!(announced, Fishing | Boat | Service | Passenger),
        Naval => matches!(announced, Naval | Service),
    }
}

/// Ears shared between the listener that feeds them and the looks that ask them.
#[derive(Default)]
pub struct EarsRadio(Mutex<Ears>);

impl EarsRadio {
    /// Shares ears.
    #[must_use]
    pub const fn new(ears: Ears) -> Self {
        Self(Mutex::new(ears))
    }

    /// Uses the ears; they stay whole whatever a thread before did.
    pub fn with<T>(&self, use_them: impl FnOnce(&mut Ears) -> T) -> T {
        use_them(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Radio for EarsRadio {
    fn said(&self, at: UnixMs, vessels: &[SeenVessel]) -> Vec<RadioSaid> {
        self.with(|ears| ears.answer(at, vessels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ais::decode::{Kinematics, Particulars};

    const AT: UnixMs = UnixMs(1_710_293_400_000);

    /// Numbers that repeat.
    struct Dice(u64);

    impl Dice {
        fn unit(&mut self) -> f64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as f64 / (1_u64 << 31) as f64
        }

        fn normal(&mut self) -> f64 {
            (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
        }
    }

    fn position(mmsi: u32, lon: f64, lat: f64, speed_kn: f64, course_deg: f64) -> Heard {
        Heard::Position(Kinematics {
            mmsi,
            lon,
            lat,
            speed_kn: Some(speed_kn),
            course_deg: Some(course_deg),
            heading_deg: Some(course_deg),
            status: 0,
        })
    }

    fn particulars(mmsi: u32, length_m: f64) -> Heard {
        Heard::Static(Particulars {
            mmsi,
            type_code: 70,
            length_m: Some(length_m),
            beam_m: Some(length_m / 6.0),
            antenna_m: Some((length_m / 2.0, length_m / 12.0)),
            ..Particulars::default()
        })
    }

    fn hull(lon: f64, lat: f64, length_m: f64) -> SeenVessel {
        SeenVessel {
            lon,
            lat,
            position_sd_m: 8.0,
            length_m,
            length_sd_m: 6.0,
            class: VesselClass::Vessel,
        }
    }

    fn ears_with(heard: impl IntoIterator<Item = (i64, Heard)>) -> Ears {
        let mut ears = Ears::default();
        for (seconds, heard) in heard {
            ears.tracks.take(AT.plus_ms(seconds * 1_000), heard);
        }
        ears
    }

    /// Two ships that send all the time, near the place of the tests.
    fn witnesses() -> Vec<(i64, Heard)> {
        (-20..=20)
            .flat_map(|step| {
                [
                    (step * 60, position(1, 133.05, 42.70, 0.0, 0.0)),
                    (step * 60 + 7, position(2, 133.11, 42.71, 0.0, 0.0)),
                ]
            })
            .collect()
    }

    #[test]
    fn a_silent_hull_among_others_that_are_heard_is_dark() {
        let said = ears_with(witnesses()).answer(AT, &[hull(133.08, 42.75, 96.0)]);
        assert_eq!((said[0].ais, said[0].mmsi), (Ais::Dark, None));
    }

    #[test]
    fn when_the_receiver_is_out_nobody_is_called_dark() {
        let before: Vec<_> = witnesses().into_iter().filter(|(seconds, _)| *seconds < -300).collect();
        let said = ears_with(before).answer(AT, &[hull(133.08, 42.75, 96.0)]);
        assert_eq!(said[0].ais, Ais::Uncovered);
    }

    #[test]
    fn a_coverage_model_needs_a_receiver_that_lives() {
        let mut ears = ears_with([
            (-60, position(9, 135.0, 42.0, 0.0, 0.0)),
            (60, position(9, 135.0, 42.0, 0.0, 0.0)),
        ]);
        ears.model.areas.push(super::super::CoverageArea {
            lon: 133.08,
            lat: 42.75,
            radius_m: 30_000.0,
        });
        assert_eq!(ears.answer(AT, &[hull(133.08, 42.75, 96.0)])[0].ais, Ais::Dark);
        assert_eq!(
            ears.answer(AT.plus_ms(3_600_000), &[hull(133.08, 42.75, 96.0)])[0].ais,
            Ais::Uncovered
        );
    }

    #[test]
    fn a_position_forty_kilometres_away_is_a_mismatch_and_not_an_absence() {
        let mut heard = witnesses();
        heard.extend((-30..-2).map(|step| (step * 60, position(273, 133.08, 42.75, 0.0, 0.0))));
        heard.extend((-2..20).map(|step| (step * 60, position(273, 133.57, 42.75, 0.0, 0.0))));
        heard.push((-100, particulars(273, 96.0)));
        let said = ears_with(heard).answer(AT, &[hull(133.08, 42.75, 98.0)]);
        assert_eq!((said[0].ais, said[0].mmsi), (Ais::Matched, Some(273)));
        assert!(
            said[0].flags.contains(&AisFlag::PositionMismatch) && said[0].flags.contains(&AisFlag::ImpossibleTrack)
        );
    }

    #[test]
    fn a_length_that_does_not_fit_is_told() {
        let mut heard = witnesses();
        heard.extend([(-30, position(5, 133.08, 42.75, 0.0, 0.0)), (-20, particulars(5, 40.0))]);
        let said = ears_with(heard).answer(AT, &[hull(133.0801, 42.75, 150.0)]);
        assert_eq!(
            (said[0].ais, said[0].flags.as_slice()),
            (Ais::Matched, [AisFlag::LengthMismatch].as_slice())
        );
    }

    #[test]
    fn hulls_of_a_busy_roadstead_get_their_own_transmissions() {
        let (mut right, mut wrong, mut false_dark, mut all, mut dark_missed) = (0, 0, 0, 0, 0);
        for run in 0..4 {
            let mut dice = Dice(77 + run);
            let (mut heard, mut hulls, mut truth) = (Vec::new(), Vec::new(), Vec::new());
            for ship in 0..300_u32 {
                let (lon, lat) = (132.9 + 0.35 * dice.unit(), 42.6 + 0.25 * dice.unit());
                let length_m = 40.0 + 160.0 * dice.unit();
                let moving = dice.unit() < 0.5;
                let (speed, course) = if moving {
                    (4.0 + 10.0 * dice.unit(), 360.0 * dice.unit())
                } else {
                    (0.0, 360.0 * dice.unit())
                };
                let is_dark = dice.unit() < 0.1;
                if !is_dark {
                    let every_s = if moving { 10 } else { 180 };
                    let (sin, cos) = course.to_radians().sin_cos();
                    let start = (dice.unit() * f64::from(every_s)) as i64;
                    for step in -60..60_i64 {
                        let second = step * i64::from(every_s) + start;
                        // A third of the reports collide and are lost; some ships fall into gaps of minutes.
                        if second.abs() > 1_800 || dice.unit() < 0.35 || (ship % 11 == 0 && second.abs() < 150) {
                            continue;
                        }
                        let way_m = speed * 0.514_444 * second as f64;
                        let at = (lon + way_m * sin / (111_195.0 * 0.735), lat + way_m * cos / 111_195.0);
                        heard.push((
                            second,
                            position(
                                ship + 1_000,
                                at.0 + 4e-5 * dice.normal(),
                                at.1 + 4e-5 * dice.normal(),
                                speed,
                                course,
                            ),
                        ));
                    }
                    heard.push((-600, particulars(ship + 1_000, length_m)));
                }
                hulls.push(hull(
                    lon + 8e-5 * dice.normal(),
                    lat + 8e-5 * dice.normal(),
                    length_m + 6.0 * dice.normal(),
                ));
                truth.push((!is_dark).then_some(ship + 1_000));
            }
            for (said, truth) in ears_with(heard).answer(AT, &hulls).iter().zip(&truth) {
                all += usize::from(truth.is_some());
                right += usize::from(truth.is_some() && said.mmsi == *truth);
                wrong += usize::from(said.mmsi.is_some() && said.mmsi != *truth);
                false_dark += usize::from(truth.is_some() && said.ais == Ais::Dark);
                dark_missed += usize::from(truth.is_none() && said.ais != Ais::Dark);
            }
        }
        println!(
            "{right} of {all} right, {wrong} wrong, {false_dark} called dark that were heard, {dark_missed} dark ones not called so"
        );
        assert!(right as f64 >= 0.98 * all as f64, "{right} of {all}");
        assert!(false_dark as f64 <= 0.005 * all as f64, "{false_dark} of {all}");
    }

    #[test]
    fn garbage_at_line_rate_is_counted_and_harms_nothing() {
        let mut ears = Ears::default();
        let mut dice = Dice(5);
        let good = b"!AIVDM,1,1,,A,144N8P5000aQ<B0HMSD1VQBt0000,0*58";
        let count = 30_000;
        for index in 0..count {
            let mut line = good.to_vec();
            match index % 3 {
                0 => {}
                1 => {
                    let place = (dice.unit() * line.len() as f64) as usize;
                    line[place] = (dice.unit() * 256.0) as u8;
                }
                _ => {
                    line = (0..(dice.unit() * 90.0) as usize)
                        .map(|_| (dice.unit() * 256.0) as u8)
                        .collect()
                }
            }
            ears.take(&line, AT);
        }
        let counts = ears.counters();
        let told = counts.foreign
            + counts.garbled
            + counts.checksum
            + counts.malformed
            + counts.fragments
            + counts.other_kinds
            + counts.used;
        assert_eq!(told + counts.no_position + counts.undecodable, count);
        assert!(counts.used >= 10_000 && ears.tracks().len() == 1, "{counts:?}");
    }
}
