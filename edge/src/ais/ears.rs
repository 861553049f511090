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
mod tests;
