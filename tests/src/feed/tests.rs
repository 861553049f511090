//! What the feed promises: the same bytes from the same seed, scripts that load, a perfect station that equals the truth, a
//! noisy one that errs at its stated rates.

use std::{collections::BTreeMap, path::PathBuf};

use quaywatch_protocol::contract::{
    look::{Ais, AisFlag, Look, SensorKind},
    site::ZoneKind,
    time::{DAY_MS, UnixMs},
};

use super::{
    cases::scripts,
    script::read::{load, parse},
    station::{Noise, disorder, look, looks, rates},
    world::World,
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scripts")
}

fn world(name: &str, seed: u64) -> World {
    World::load(&folder().join(name), seed).unwrap()
}

fn bytes(looks: &[Look]) -> String {
    looks
        .iter()
        .map(|look| serde_json::to_string(look).unwrap() + "\n")
        .collect()
}

#[test]
fn every_script_loads_and_its_worlds_have_room_for_what_they_script() {
    let found = scripts(&folder()).unwrap();
    assert!(found.len() >= 11, "{found:?}");
    for script in found {
        for seed in 0..3 {
            let world = World::load(&script, seed).unwrap_or_else(|error| panic!("{error}"));
            assert!(!world.passes().is_empty(), "{}: nobody looks", script.display());
            assert!(
                !(world.script.expect.is_empty() && world.script.forbid.is_empty()),
                "{}",
                script.display()
            );
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let of = |seed| bytes(&looks(&world("c6-vostochny-tankers.toml", seed), Noise::Station));
    let first = of(5);
    assert_eq!(first, of(5));
    assert_ne!(first, of(6));
}

#[test]
fn a_perfect_station_says_what_is_there_and_nothing_else() {
    let world = world("c6-vostochny-tankers.toml", 3);
    let (mut vessels, mut hidden) = (0, 0);
    for pass in world
        .passes()
        .iter()
        .filter(|pass| pass.sensor.kind == SensorKind::Sar || pass.at.0 % 3 == 0)
    {
        let truth = world.scene_truth(&pass.site, pass.at, &pass.sensor).unwrap();
        let seen = look(&world, pass, Noise::Perfect).unwrap();
        vessels += seen.vessels.len();
        hidden += truth.vessels.len() - seen.vessels.len();
        for vessel in &seen.vessels {
            assert!(
                truth.vessels.iter().any(|there| {
                    (there.centre.x() - vessel.lon).abs() < 1e-6
                        && (there.centre.y() - vessel.lat).abs() < 1e-6
                        && (there.length_m - vessel.length_m).abs() < 0.06
                        && there.zone == vessel.zone
                }),
                "{vessel:?}"
            );
        }
        let clear = seen.zones.iter().all(|zone| zone.visible > 0.9995);
        if clear && pass.sensor.kind == SensorKind::Optical {
            let cars: u32 = seen.rail.iter().map(|track| track.cars).sum();
            assert_eq!(
                cars as usize,
                truth.trains.iter().map(|train| train.cars.len()).sum::<usize>()
            );
            let area: f64 = seen.stacks.iter().map(|stack| stack.area_m2).sum();
            let there: f64 = truth.rows.iter().map(|row| row.length_m * row.width_m).sum();
            assert!((area - there).abs() < 1.0, "{area} {there}");
        }
    }
    assert!(vessels > 50 && hidden > 10, "{vessels} seen, {hidden} hidden");
}

#[test]
fn on_13_march_a_tanker_a_cargo_ship_and_a_full_yard_are_at_vostochny() {
    let world = world("c6-vostochny-tankers.toml", 1);
    let at = UnixMs::parse("2024-03-13T01:30:00Z").unwrap();
    let pass = world
        .passes()
        .into_iter()
        .find(|pass| pass.at == at && pass.site == "vostochny")
        .unwrap();
    let seen = look(&world, &pass, Noise::Perfect).unwrap();
    let lying = |zone: &str| {
        seen.vessels
            .iter()
            .find(|vessel| vessel.zone.as_deref() == Some(zone))
            .unwrap()
    };
    assert!((lying("oil-berth").length_m - 104.0).abs() < 0.1 && lying("oil-berth").ais == Ais::Dark);
    assert!((lying("pier-1").length_m - 123.0).abs() < 0.1 && lying("pier-1").ais == Ais::Dark);
    assert!(seen.rail.iter().map(|track| track.cars).sum::<u32>() >= 158);
    assert_eq!(seen.scene, "20240313_013000_ps");
}

#[test]
fn hulls_lie_inside_their_berths_and_not_inside_each_other() {
    use geo::{Contains, Distance, Euclidean, Point};
    let world = world("c9-quiet-port.toml", 2);
    for day in 0..200 {
        let at = UnixMs(world.script.from.0.0 + day * DAY_MS + 7_000_000);
        let place = world.places.get("quiet").unwrap();
        let vessels = world.vessels("quiet", at);
        for (index, vessel) in vessels.iter().enumerate() {
            let zone = place.site.zone(vessel.zone.as_ref().unwrap()).unwrap();
            let area = place.area_m(zone).unwrap();
            let middle = place.frame.to_m(vessel.centre);
            assert!(area.contains(&Point::from(middle)), "{vessel:?}");
            for other in vessels
                .iter()
                .skip(index + 1)
                .filter(|other| zone.kind.is_berth() && other.zone == vessel.zone)
            {
                let apart = Euclidean.distance(Point::from(middle), Point::from(place.frame.to_m(other.centre)));
                assert!(
                    apart >= (vessel.length_m + other.length_m) / 2.0,
                    "{vessel:?} {other:?}"
                );
            }
        }
    }
}

#[test]
fn a_noisy_station_misses_and_invents_at_its_stated_rates() {
    let world = world("c9-quiet-port.toml", 4);
    let (mut there, mut found, mut expected, mut invented, mut looks_clear) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for pass in world.passes().iter().filter(|pass| pass.sensor.gsd_m < 5.0) {
        let perfect = look(&world, pass, Noise::Perfect).unwrap();
        if perfect.zones.iter().any(|zone| zone.visible < 0.9995) {
            continue;
        }
        let noisy = look(&world, pass, Noise::Station).unwrap();
        looks_clear += 1.0;
        for vessel in &perfect.vessels {
            let kind = world.places["quiet"]
                .site
                .zone(vessel.zone.as_ref().unwrap())
                .unwrap()
                .kind;
            let factor = if kind == ZoneKind::Anchorage {
                1.0
            } else {
                rates::BERTH_RECALL_FACTOR
            };
            there += 1.0;
            expected += rates::recall(vessel.length_m / 3.0) * factor;
            found += f64::from(u8::from(
                noisy
                    .vessels
                    .iter()
                    .any(|seen| seen.mmsi == vessel.mmsi && seen.zone == vessel.zone),
            ));
        }
        invented += noisy
            .vessels
            .iter()
            .filter(|seen| seen.mmsi.is_none() && seen.confidence <= 0.9)
            .count() as f64;
    }
    assert!(there > 300.0, "{there}");
    assert!(
        (found / there - expected / there).abs() < 0.05,
        "found {found} of {there}, expected {expected}"
    );
    let rate = invented / looks_clear;
    assert!(
        (rate - rates::FALSE_PER_LOOK).abs() < 0.09,
        "{rate} false vessels a look over {looks_clear} looks"
    );
}

#[test]
fn measured_lengths_err_as_much_as_the_look_says() {
    let world = world("c9-quiet-port.toml", 4);
    let mut scores = Vec::new();
    for pass in world.passes() {
        let truth = world.scene_truth(&pass.site, pass.at, &pass.sensor).unwrap();
        let noisy = look(&world, &pass, Noise::Station).unwrap();
        for vessel in noisy.vessels.iter().filter(|vessel| vessel.mmsi.is_some()) {
            let near = |there: &&super::truth::VesselTruth| {
                (there.centre.y() - vessel.lat).hypot(there.centre.x() - vessel.lon) < 6e-4
            };
            if let Some(there) = truth.vessels.iter().find(near) {
                scores.push((vessel.length_m - there.length_m) / vessel.length_sd_m.unwrap());
            }
        }
    }
    let mean_square = scores.iter().map(|score| score * score).sum::<f64>() / scores.len() as f64;
    assert!(
        scores.len() > 500 && (mean_square - 1.0).abs() < 0.3,
        "{} {mean_square}",
        scores.len()
    );
}

#[test]
fn a_deaf_receiver_makes_nobody_dark_and_a_spoofed_position_is_a_mismatch() {
    let world = world("c10-ais-noise.toml", 1);
    let all = looks(&world, Noise::Perfect);
    let outage = [
        UnixMs::parse("2024-02-01T00:00:00Z").unwrap(),
        UnixMs::parse("2024-02-22T00:00:00Z").unwrap(),
    ];
    let mut unheard = 0;
    for look in &all {
        let is_deaf = outage[0] <= look.acquired_at && look.acquired_at < outage[1];
        for vessel in &look.vessels {
            assert_ne!(vessel.ais, Ais::Dark, "everybody here transmits");
            if is_deaf {
                assert_eq!(vessel.ais, Ais::Uncovered);
                unheard += 1;
            }
        }
    }
    assert!(unheard > 0);
    let spoofed: Vec<_> = all
        .iter()
        .flat_map(|look| &look.vessels)
        .filter(|vessel| vessel.mmsi == Some(273_999_001))
        .collect();
    assert!(!spoofed.is_empty());
    assert!(
        spoofed
            .iter()
            .all(|vessel| vessel.ais_flags == [AisFlag::PositionMismatch])
    );
}

#[test]
fn disorder_changes_order_and_times_but_not_what_was_seen() {
    let looks = looks(&world("c7-rason-pier-move.toml", 1), Noise::Station);
    let ids = |looks: &[Look]| {
        let mut count: BTreeMap<(String, Option<u64>), u32> = BTreeMap::new();
        looks
            .iter()
            .for_each(|look| *count.entry((look.station.clone(), look.seq)).or_default() += 1);
        count
    };
    let twice = disorder::duplicated(&looks, 0.3, 9);
    assert!(twice.len() > looks.len() && ids(&twice).keys().eq(ids(&looks).keys()));
    let mixed = disorder::shuffled(&looks, 9);
    assert!(mixed != looks && ids(&mixed) == ids(&looks));
    let late = disorder::delayed(&looks, 0.5, 72.0, 9);
    assert_eq!(ids(&late), ids(&looks));
    assert!(late.is_sorted_by_key(Look::known_at));
    let ahead = disorder::skewed(&looks, "gs-vlad-1", 60_000);
    assert!(
        ahead
            .iter()
            .zip(&looks)
            .all(|(a, b)| a.acquired_at.0 - b.acquired_at.0 == 60_000 && a.known_at() == b.known_at())
    );
}

#[test]
fn a_misspelt_key_and_an_unknown_zone_name_file_line_and_key() {
    let text = std::fs::read_to_string(folder().join("c7-rason-pier-move.toml")).unwrap();
    let misspelt = text.replacen("length_m = 110", "lenght_m = 110", 1);
    let fault = parse(&misspelt, "case.toml".as_ref()).unwrap_err().to_string();
    let line = misspelt.lines().position(|line| line.starts_with("lenght_m")).unwrap() + 1;
    assert!(
        fault.starts_with(&format!("case.toml:{line}: `lenght_m`")) && fault.contains("unknown field"),
        "{fault}"
    );

    let aside = tempfile::tempdir().unwrap();
    let scripts = aside.path().join("tests/scripts");
    std::fs::create_dir_all(scripts.join("sites")).unwrap();
    let site = folder().join("../../deploy/sites/rason.geojson");
    std::fs::copy(site, scripts.join("sites/rason.geojson")).unwrap();
    let path = scripts.join("case.toml");
    let wrong = text
        .replacen("zone = \"pier-outer\"", "zone = \"pier-uoter\"", 1)
        .replacen("beam_m = 17.5", "beam_m = 175", 1);
    std::fs::write(&path, &wrong).unwrap();
    let faults = load(&path).unwrap_err().to_string();
    let line = wrong.lines().position(|line| line.contains("pier-uoter")).unwrap() + 1;
    assert!(
        faults.contains(&format!("case.toml:{line}: `")) && faults.contains("pier-uoter"),
        "{faults}"
    );
    assert!(
        faults.contains("expected one of pier-inner") && faults.contains("`vessel.beam_m`: is 175"),
        "{faults}"
    );
}
