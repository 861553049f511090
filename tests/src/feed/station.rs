//! A simulated station: from the truth of each pass to the look that a station would have sent.
//!
//! [`perfect`] says exactly what is there and was not hidden; [`noisy`] misses, invents and mismeasures at the rates of
//! [`rates`]; [`disorder`] duplicates, shuffles and delays what was sent. All from the world's seed.

pub mod disorder;
pub mod noisy;
pub mod perfect;
pub mod rates;
pub mod sight;

use std::collections::BTreeMap;

use quaywatch_protocol::contract::{look::Look, look::SensorKind, site::ZoneKind, time::UnixMs};

use super::{chance::Chance, schedule::Pass, world::World};

/// How well the station sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Noise {
    /// Says exactly what is there and was not hidden.
    Perfect,
    /// Errs as a real station does.
    Station,
}

/// True for zones about which a sensor of this kind says anything: radar of 10 m tells ships, not cars or stacks.
#[must_use]
pub fn looks_at(kind: SensorKind, zone: ZoneKind) -> bool {
    kind == SensorKind::Optical || zone.is_berth() || zone == ZoneKind::Anchorage
}

/// The looks of all passes, in the order in which central received them. Sequence numbers are those of each station.
#[must_use]
pub fn looks(world: &World, noise: Noise) -> Vec<Look> {
    let mut looks: Vec<Look> = world
        .passes()
        .iter()
        .filter_map(|pass| look(world, pass, noise))
        .collect();
    looks.sort_by(|a, b| {
        (a.received_at, &a.station, &a.scene, &a.site).cmp(&(b.received_at, &b.station, &b.scene, &b.site))
    });
    let mut next: BTreeMap<String, u64> = BTreeMap::new();
    for look in &mut looks {
        let seq = next.entry(look.station.clone()).or_insert(0);
        *seq += 1;
        look.epoch = Some(1);
        look.seq = Some(*seq);
    }
    looks
}

/// The look of one pass.
#[must_use]
pub fn look(world: &World, pass: &Pass, noise: Noise) -> Option<Look> {
    let truth = world.scene_truth(&pass.site, pass.at, &pass.sensor)?;
    let place = world.places.get(&pass.site)?;
    let perfect = perfect::look(place, &truth, pass);
    let mut look = match noise {
        Noise::Perfect => perfect,
        Noise::Station => noisy::look(place, &truth, pass, perfect, world.seed),
    };
    look.received_at = Some(received_at(world, pass, noise));
    Some(look)
}

fn received_at(world: &World, pass: &Pass, noise: Noise) -> UnixMs {
    let station = world
        .script
        .station
        .iter()
        .find(|station| *station.id.get_ref() == pass.station);
    let median_min = station.map_or(0.0, |station| station.latency_min);
    let minutes = match noise {
        Noise::Perfect => median_min,
        Noise::Station => {
            let mut chance = Chance::new(world.seed, &["latency", &pass.station, &pass.site, &pass.scene]);
            let usual = median_min * (rates::LATENCY_LOG_SD * chance.normal()).exp();
            let held = chance.yes(rates::HELD_SHARE);
            usual
                + if held {
                    chance.exponential(rates::HELD_MEAN_MIN)
                } else {
                    0.0
                }
        }
    };
    UnixMs(pass.at.plus_ms((minutes * 60_000.0) as i64).0 / 1_000 * 1_000)
}
