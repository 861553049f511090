//! The look of a station that errs in nothing: everything that was there and not hidden, measured exactly.

use geo::{Centroid, Coord, Euclidean, InterpolatableLine, Length};
use quaywatch_protocol::contract::{
    look::{AircraftSeen, Ais, AisFlag, CarMix, Hidden, Look, RailSeen, SensorKind, StackSeen, Vessel, ZoneSeen},
    site::ZoneKind,
};

use super::{
    looks_at,
    sight::{Hides, along, hides, points, seen},
};
use crate::feed::{
    place::Place,
    schedule::Pass,
    script::CarKind,
    truth::{RadioTruth, SceneTruth, VesselTruth},
};

/// Standard error that a perfect station states for lengths, metres: not zero, so that nobody divides by it.
const PERFECT_SD_M: f64 = 0.5;
/// Metres between the points at which a track's visibility is tried.
const TRACK_STEP_M: f64 = 5.0;

/// The look. `received_at` is left to the caller.
#[must_use]
pub fn look(place: &Place, truth: &SceneTruth, pass: &Pass) -> Look {
    let mut zones: Vec<ZoneSeen> = Vec::new();
    for zone in &place.site.zones {
        if looks_at(pass.sensor.kind, zone.kind) && zones.iter().all(|seen| seen.zone != zone.id) {
            let (visible, hidden) = seen(truth, &points(place, &zone.id));
            zones.push(ZoneSeen {
                zone: zone.id.clone(),
                visible: rounded(visible, 3),
                hidden: (visible < 0.9995).then(|| rounded_shares(hidden)),
            });
        }
    }
    let listed = |zone: &str| zones.iter().any(|seen| seen.zone == zone && seen.visible > 0.0);
    Look {
        station: pass.station.clone(),
        epoch: None,
        seq: None,
        scene: pass.scene.clone(),
        site: truth.site.clone(),
        acquired_at: pass.at,
        received_at: None,
        sensor: pass.sensor.clone(),
        vessels: vessels(place, truth),
        rail: if pass.sensor.kind == SensorKind::Optical {
            rail(place, truth, &listed)
        } else {
            Vec::new()
        },
        stacks: if pass.sensor.kind == SensorKind::Optical {
            stacks(place, truth, &listed)
        } else {
            Vec::new()
        },
        aircraft: aircraft(place, truth, &listed),
        zones,
    }
}

fn vessels(place: &Place, truth: &SceneTruth) -> Vec<Vessel> {
    let visible = truth
        .vessels
        .iter()
        .filter(|vessel| hides(truth, place.frame.to_m(vessel.centre)) == Hides::Nothing);
    visible.map(|vessel| vessel_seen(vessel, truth.ais_covered)).collect()
}

/// One vessel, exactly.
#[must_use]
pub fn vessel_seen(vessel: &VesselTruth, covered: bool) -> Vessel {
    let (ais, mmsi, ais_flags) = match vessel.radio {
        RadioTruth::Transmitting { mmsi, spoofed, .. } if covered => {
            let flags = if spoofed {
                vec![AisFlag::PositionMismatch]
            } else {
                Vec::new()
            };
            (Ais::Matched, Some(mmsi), flags)
        }
        RadioTruth::Silent if covered => (Ais::Dark, None, Vec::new()),
        _ => (Ais::Uncovered, None, Vec::new()),
    };
    Vessel {
        zone: vessel.zone.clone(),
        lat: rounded(vessel.centre.y(), 6),
        lon: rounded(vessel.centre.x(), 6),
        position_sd_m: Some(PERFECT_SD_M),
        length_m: rounded(vessel.length_m, 1),
        length_sd_m: Some(PERFECT_SD_M),
        beam_m: Some(rounded(vessel.beam_m, 1)),
        beam_sd_m: Some(PERFECT_SD_M),
        heading_deg: Some(rounded(vessel.axis_deg, 1) % 180.0),
        heading_sd_deg: Some(PERFECT_SD_M),
        confidence: 1.0,
        class: vessel.class,
        ais,
        mmsi,
        ais_flags,
    }
}

fn rail(place: &Place, truth: &SceneTruth, listed: &impl Fn(&str) -> bool) -> Vec<RailSeen> {
    let tracks = place
        .site
        .zones
        .iter()
        .filter(|zone| zone.kind == ZoneKind::RailTrack && listed(&zone.id));
    let mut entries = Vec::new();
    for zone in tracks {
        for (track, line) in place.tracks(&zone.id, Some(&zone.track)) {
            let length_m = Euclidean.length(&line);
            let clear = |at: Coord<f64>| hides(truth, at) == Hides::Nothing;
            let tries = along(&line, TRACK_STEP_M);
            let visible = tries.iter().filter(|(_, at)| clear(*at)).count() as f64 / tries.len().max(1) as f64;
            let mut entry = RailSeen {
                zone: zone.id.clone(),
                track: track.clone(),
                occupied_m: 0.0,
                occupied_sd_m: Some(PERFECT_SD_M),
                length_m: rounded(length_m * visible, 1),
                cars: 0,
                cars_sd: Some(PERFECT_SD_M),
                mix: CarMix::default(),
            };
            let here = truth
                .trains
                .iter()
                .filter(|train| train.zone == zone.id && train.track == track);
            for car in here.flat_map(|train| &train.cars) {
                let middle = (car.start_m + car.length_m / 2.0) / length_m;
                let seen = line
                    .point_at_ratio_from_start(&Euclidean, middle)
                    .is_some_and(|at| clear(at.into()));
                if seen {
                    entry.occupied_m += car.length_m;
                    entry.cars += 1;
                    *count_of(&mut entry.mix, car.kind) += 1;
                }
            }
            entry.occupied_m = rounded(entry.occupied_m, 1);
            entries.push(entry);
        }
    }
    entries
}

/// The count of one kind in a mix.
pub fn count_of(mix: &mut CarMix, kind: CarKind) -> &mut u32 {
    match kind {
        CarKind::Tank => &mut mix.tank,
        CarKind::Box => &mut mix.boxcar,
        CarKind::Open => &mut mix.open,
        CarKind::Locomotive => &mut mix.locomotive,
    }
}

fn stacks(place: &Place, truth: &SceneTruth, listed: &impl Fn(&str) -> bool) -> Vec<StackSeen> {
    let zones = place
        .site
        .zones
        .iter()
        .filter(|zone| Place::holds_stacks(zone.kind) && listed(&zone.id));
    zones
        .map(|zone| {
            let visible = |row: &&crate::feed::truth::RowTruth| {
                let middle = row.outline.centroid().unwrap_or_default();
                row.zone == zone.id && hides(truth, place.frame.to_m(middle)) == Hides::Nothing
            };
            let rows: Vec<_> = truth.rows.iter().filter(visible).collect();
            StackSeen {
                zone: zone.id.clone(),
                area_m2: rounded(
                    rows.iter()
                        .map(|row| row.length_m * row.width_m)
                        .fold(0.0, |sum, area| sum + area),
                    1,
                ),
                area_sd_m2: Some(PERFECT_SD_M),
                row_m: rounded(rows.iter().map(|row| row.length_m).fold(0.0, f64::max), 1),
            }
        })
        .collect()
}

fn aircraft(place: &Place, truth: &SceneTruth, listed: &impl Fn(&str) -> bool) -> Vec<AircraftSeen> {
    let zones = place
        .site
        .zones
        .iter()
        .filter(|zone| zone.kind == ZoneKind::Airfield && listed(&zone.id));
    zones
        .map(|zone| AircraftSeen {
            zone: zone.id.clone(),
            count: truth
                .aircraft
                .iter()
                .filter(|parked| parked.zone == zone.id)
                .map(|parked| parked.count)
                .sum(),
        })
        .collect()
}

fn rounded_shares(hidden: Hidden) -> Hidden {
    Hidden {
        cloud: rounded(hidden.cloud, 3),
        shadow: rounded(hidden.shadow, 3),
        haze: rounded(hidden.haze, 3),
        glint: rounded(hidden.glint, 3),
        nodata: rounded(hidden.nodata, 3),
    }
}

/// A number at so many decimals: looks say no more than they know, and their bytes do not depend on a machine's last bit.
#[must_use]
pub fn rounded(value: f64, decimals: i32) -> f64 {
    let factor = 10_f64.powi(decimals);
    (value * factor).round() / factor
}
