//! Who transmitted, on simulated traffic: three hundred vessels in a roadstead, sentences as a receiver gets them, and what the ears say of
//! each hull in an image.
//!
//! Half of the vessels are under way, one in eight is dark. Sentences are encoded by the feed and decoded by the agent; a third of
//! them collide and are lost, some vessels fall into gaps of minutes. Two faults: a receiver that is out while the image is
//! taken, and a vessel that announces a place 40 km away.

use geo::Point;
use quaywatch_edge::{
    ais::Ears,
    look::{RadioSaid, SeenVessel},
};
use quaywatch_protocol::contract::{
    look::{Ais, AisFlag, VesselClass},
    time::UnixMs,
};
use quaywatch_tests::feed::{
    ais::{Report, particulars, report},
    chance::Chance,
    history::Hull,
    script::AisBehaviour,
};

const AT: UnixMs = UnixMs(1_710_293_400_000);
const VESSELS: u32 = 300;
const SEEDS: u64 = 6;
/// The vessel that announces another place, and how far east that is, degrees of longitude: 40 km here.
const SPOOFER: u32 = 1_007;
const SPOOFED_DEG: f64 = 0.49;
const KNOT_MPS: f64 = 0.514_444;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// The receiver hears nothing from ten minutes before the image to ten minutes after it.
    ReceiverOut,
    /// One vessel announces a place 40 km away, from three minutes before the image on.
    Spoofed,
}

/// What was there: the identity of each hull that transmits, and what the ears said.
struct Heard {
    truth: Vec<Option<u32>>,
    said: Vec<RadioSaid>,
}

fn roadstead(seed: u64, fault: Fault) -> Heard {
    let mut chance = Chance::new(seed, &["roadstead"]);
    let mut sentences: Vec<(UnixMs, String)> = Vec::new();
    let mut hulls: Vec<SeenVessel> = Vec::new();
    let mut truth: Vec<Option<u32>> = Vec::new();
    for ship in 0..VESSELS {
        let mmsi = 1_000 + ship;
        let (lon, lat) = (chance.between([132.9, 133.25]), chance.between([42.6, 42.85]));
        let length_m = chance.between([40.0, 200.0]);
        let under_way = chance.yes(0.5) && mmsi != SPOOFER;
        let (speed_kn, course_deg) = (
            if under_way { chance.between([4.0, 14.0]) } else { 0.0 },
            chance.between([0.0, 360.0]),
        );
        let dark = chance.yes(0.125) && mmsi != SPOOFER;
        let every_s: i64 = if under_way { 10 } else { 180 };
        let first_s = (chance.unit() * every_s as f64) as i64;
        let heard = |at: UnixMs, chance: &mut Chance| {
            let second = (at.0 - AT.0) / 1_000;
            let out = fault == Fault::ReceiverOut && second.abs() < 600;
            // One in eleven is behind a headland for some minutes.
            let shaded = ship % 11 == 0 && second.abs() < 150 && mmsi != SPOOFER;
            !(dark || out || shaded || chance.yes(0.35))
        };
        for step in -180..=180_i64 {
            let second = step * every_s + first_s;
            let at = AT.plus_ms(second * 1_000);
            if second.abs() > 1_800 || !heard(at, &mut chance) {
                continue;
            }
            let way_m = speed_kn * KNOT_MPS * second as f64;
            let (sin, cos) = course_deg.to_radians().sin_cos();
            let spoofed = fault == Fault::Spoofed && mmsi == SPOOFER && second > -180;
            let place = Point::new(
                lon + way_m * sin / (111_195.0 * lat.to_radians().cos())
                    + 4e-5 * chance.normal()
                    + if spoofed { SPOOFED_DEG } else { 0.0 },
                lat + way_m * cos / 111_195.0 + 4e-5 * chance.normal(),
            );
            let said = Report {
                mmsi,
                place,
                speed_kn,
                course_deg,
                status: if under_way { 0 } else { 5 },
            };
            sentences.push((at, report(&said, at)));
        }
        for minute in (-30..30).step_by(6) {
            let at = AT.plus_ms(minute * 60_000 + first_s * 1_000);
            if heard(at, &mut chance) {
                let hull = Hull {
                    id: format!("ship-{ship}"),
                    length_m,
                    beam_m: length_m / 6.0,
                    class: VesselClass::Cargo,
                    colour: [0; 3],
                    mmsi,
                    ais: AisBehaviour::default(),
                    spoof_m: geo::Coord::default(),
                    silent: Vec::new(),
                    draught_m: 6.0,
                };
                let parts = particulars(&hull, (ship % 10) as u8, at);
                sentences.extend(parts.into_iter().map(|part| (at, part)));
            }
        }
        hulls.push(SeenVessel {
            lon: lon + 8e-5 * chance.normal(),
            lat: lat + 8e-5 * chance.normal(),
            position_sd_m: 8.0,
            length_m: length_m + 6.0 * chance.normal(),
            length_sd_m: 6.0,
            class: VesselClass::Vessel,
        });
        truth.push((!dark).then_some(mmsi));
    }
    sentences.sort_by_key(|(at, _)| *at);
    let mut ears = Ears::default();
    for (_, sentence) in &sentences {
        ears.take_recorded(sentence.as_bytes(), AT);
    }
    let counts = ears.counters();
    assert_eq!(
        counts.undecodable + counts.malformed + counts.garbled + counts.checksum,
        0,
        "{counts:?}"
    );
    Heard {
        said: ears.answer(AT, &hulls),
        truth,
    }
}

#[derive(Default)]
struct Counts {
    transmitting: usize,
    right: usize,
    wrong: usize,
    false_dark: usize,
    dark: usize,
    dark_found: usize,
}

impl Counts {
    fn take(&mut self, heard: &Heard) {
        for (said, truth) in heard.said.iter().zip(&heard.truth) {
            match truth {
                Some(mmsi) => {
                    self.transmitting += 1;
                    self.right += usize::from(said.mmsi == Some(*mmsi));
                    self.false_dark += usize::from(said.ais == Ais::Dark);
                }
                None => {
                    self.dark += 1;
                    self.dark_found += usize::from(said.ais == Ais::Dark);
                }
            }
            self.wrong += usize::from(said.mmsi.is_some() && said.mmsi != *truth);
        }
    }

    fn told(&self) -> String {
        format!(
            "{} transmitting: {} right, {} wrong, {} falsely dark; {} dark: {} found",
            self.transmitting, self.right, self.wrong, self.false_dark, self.dark, self.dark_found
        )
    }
}

fn over_seeds(fault: Fault) -> Counts {
    let mut counts = Counts::default();
    for seed in 0..SEEDS {
        counts.take(&roadstead(seed, fault));
    }
    println!("{}", counts.told());
    counts
}

#[test]
fn of_three_hundred_vessels_each_gets_its_own_transmission_and_the_silent_ones_are_dark() {
    let counts = over_seeds(Fault::None);
    assert!(
        counts.right as f64 >= 0.98 * counts.transmitting as f64,
        "{}",
        counts.told()
    );
    assert!(
        counts.false_dark as f64 <= 0.005 * counts.transmitting as f64,
        "{}",
        counts.told()
    );
    assert!(
        counts.dark_found as f64 >= 0.95 * counts.dark as f64,
        "{}",
        counts.told()
    );
}

#[test]
fn while_the_receiver_is_out_nobody_is_called_dark() {
    let counts = over_seeds(Fault::ReceiverOut);
    assert_eq!(counts.false_dark + counts.dark_found, 0, "{}", counts.told());
    // What moved on for ten minutes unheard is no match; what lies still is where it was.
    assert!(
        counts.wrong as f64 <= 0.02 * counts.transmitting as f64,
        "{}",
        counts.told()
    );
}

#[test]
fn a_vessel_that_announces_a_place_forty_kilometres_away_is_a_mismatch_and_not_an_absence() {
    let mut told = 0;
    let mut counts = Counts::default();
    for seed in 0..SEEDS {
        let heard = roadstead(seed, Fault::Spoofed);
        let place = (SPOOFER - 1_000) as usize;
        told += usize::from(
            heard.said[place].mmsi == Some(SPOOFER)
                && heard.said[place].flags.contains(&AisFlag::PositionMismatch)
                && heard.said[place].flags.contains(&AisFlag::ImpossibleTrack),
        );
        counts.take(&heard);
    }
    println!("{}; the false place told {told} times of {SEEDS}", counts.told());
    assert_eq!(told, SEEDS as usize, "{}", counts.told());
    assert!(
        counts.right as f64 >= 0.98 * counts.transmitting as f64,
        "{}",
        counts.told()
    );
    assert!(
        counts.false_dark as f64 <= 0.005 * counts.transmitting as f64,
        "{}",
        counts.told()
    );
}
