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
    assert!(said[0].flags.contains(&AisFlag::PositionMismatch) && said[0].flags.contains(&AisFlag::ImpossibleTrack));
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
