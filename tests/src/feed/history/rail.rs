//! Trains on tracks: what the script names, spread over a zone's tracks where it names none, and background trains.

use std::collections::BTreeMap;

use geo::{Euclidean, Length};
use quaywatch_protocol::contract::time::{DAY_MS, HOUR_MS, UnixMs};

use super::NoRoom;
use crate::feed::{
    chance::Chance,
    place::{Line, Place},
    script::{CarKind, RailTraffic, Script, Train},
    truth::CarTruth,
};

/// Metres kept free between two cuts of cars on one track.
const CUT_GAP_M: f64 = 15.0;

/// Cars on one track for a time.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Zone id.
    pub zone: String,
    /// Track id.
    pub track: String,
    /// Arrival.
    pub from: UnixMs,
    /// Departure.
    pub to: UnixMs,
    /// The cars, in order.
    pub cars: Vec<CarTruth>,
}

type Tracks = BTreeMap<(String, String, String), Line>;

pub(super) fn fill(
    script: &Script,
    places: &BTreeMap<String, Place>,
    seed: u64,
) -> Result<BTreeMap<String, Vec<Standing>>, NoRoom> {
    let mut tracks = Tracks::new();
    for (site, place) in places {
        for zone in &place.site.zones {
            for (track, line) in place.tracks(&zone.id, Some(&zone.track)) {
                let length_m = Euclidean.length(&line);
                tracks.insert((site.clone(), zone.id.clone(), track), Line::new(length_m));
            }
        }
    }
    let mut standing: BTreeMap<String, Vec<Standing>> = BTreeMap::new();
    for (index, train) in script.train.iter().enumerate() {
        let mut chance = Chance::new(seed, &["train", &index.to_string()]);
        let cuts = scripted(train, &mut tracks, &mut chance)?;
        standing.entry(train.site.get_ref().clone()).or_default().extend(cuts);
    }
    for (index, traffic) in script.rail_traffic.iter().enumerate() {
        let mut chance = Chance::new(seed, &["rail-traffic", &index.to_string()]);
        let cuts = background(script, traffic, &mut tracks, &mut chance);
        standing.entry(traffic.site.get_ref().clone()).or_default().extend(cuts);
    }
    Ok(standing)
}

fn scripted(train: &Train, tracks: &mut Tracks, chance: &mut Chance) -> Result<Vec<Standing>, NoRoom> {
    let (site, zone) = (train.site.get_ref(), train.zone.get_ref());
    let (from, to) = (train.from.0, train.to.0);
    let order = [CarKind::Locomotive, CarKind::Tank, CarKind::Box, CarKind::Open];
    let mut left: Vec<CarKind> = order
        .into_iter()
        .flat_map(|kind| std::iter::repeat_n(kind, train.cars.get(&kind).copied().unwrap_or(0) as usize))
        .collect();
    let mut cuts = Vec::new();
    for ((_, _, track), line) in tracks.iter_mut().filter(|((at, in_zone, track), _)| {
        at == site && in_zone == zone && train.track.as_ref().is_none_or(|wanted| wanted.get_ref() == track)
    }) {
        if left.is_empty() {
            break;
        }
        let room_m = train.start_m.map_or_else(
            || line.room_m(from.0, to.0, CUT_GAP_M),
            |start_m| line.length_m - start_m,
        );
        let mut fits = 0;
        let mut used_m = 0.0;
        while let Some(kind) = left.get(fits)
            && used_m + kind.length_m() <= room_m
        {
            used_m += kind.length_m();
            fits += 1;
        }
        if fits == 0 {
            continue;
        }
        let start_m = match train.start_m {
            Some(start_m) => {
                line.take(from.0, to.0, start_m, used_m);
                Some(start_m)
            }
            None => line.fit(from.0, to.0, used_m, CUT_GAP_M, chance.unit()),
        };
        if let Some(start_m) = start_m {
            let kinds: Vec<CarKind> = left.drain(..fits).collect();
            cuts.push(cut(zone, track, from, to, start_m, &kinds));
        }
    }
    if left.is_empty() {
        return Ok(cuts);
    }
    Err(NoRoom {
        what: "train".to_owned(),
        site: site.clone(),
        zone: zone.clone(),
        from,
        problem: format!("{} cars find no room on the tracks", left.len()),
    })
}

fn background(script: &Script, traffic: &RailTraffic, tracks: &mut Tracks, chance: &mut Chance) -> Vec<Standing> {
    let (site, zone) = (traffic.site.get_ref(), traffic.zone.get_ref());
    let from_ms = traffic.from.unwrap_or(script.from).0.0;
    let to_ms = traffic.to.unwrap_or(script.to).0.0;
    let mut names: Vec<_> = tracks
        .keys()
        .filter(|(at, in_zone, _)| at == site && in_zone == zone)
        .cloned()
        .collect();
    let (kinds, weights): (Vec<CarKind>, Vec<f64>) = traffic.kinds.iter().map(|(kind, share)| (*kind, *share)).unzip();
    let mut cuts = Vec::new();
    if traffic.per_day <= 0.0 {
        return cuts;
    }
    let mean_ms = DAY_MS as f64 / traffic.per_day;
    let mut at_ms = from_ms as f64 + chance.exponential(mean_ms);
    while at_ms < to_ms as f64 {
        let from = UnixMs(at_ms as i64);
        let to = from.plus_ms((chance.between(traffic.stay_h) * HOUR_MS as f64) as i64);
        let cars: Vec<CarKind> = (0..chance.whole(traffic.cars))
            .filter_map(|_| kinds.get(chance.weighted(&weights)?).copied())
            .collect();
        let length_m: f64 = cars.iter().map(|kind| kind.length_m()).sum();
        let where_in_gap = chance.unit();
        chance.shuffle(&mut names);
        for name in &names {
            let Some(line) = tracks.get_mut(name) else { continue };
            if let Some(start_m) = line.fit(from.0, to.0, length_m, CUT_GAP_M, where_in_gap) {
                cuts.push(cut(zone, &name.2, from, to, start_m, &cars));
                break;
            }
        }
        at_ms += chance.exponential(mean_ms);
    }
    cuts
}

fn cut(zone: &str, track: &str, from: UnixMs, to: UnixMs, start_m: f64, kinds: &[CarKind]) -> Standing {
    let mut at_m = start_m;
    let cars = kinds
        .iter()
        .map(|kind| {
            let car = CarTruth {
                kind: *kind,
                start_m: at_m,
                length_m: kind.length_m(),
            };
            at_m += kind.length_m();
            car
        })
        .collect();
    Standing {
        zone: zone.to_owned(),
        track: track.to_owned(),
        from,
        to,
        cars,
    }
}
