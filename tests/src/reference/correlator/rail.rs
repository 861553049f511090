//! Cars on a yard's tracks against the yard's own past.

use quaywatch_protocol::contract::{
    look::Look,
    site::{Site, ZoneKind},
};

use super::{
    DAY,
    calls::clear,
    signals::{Active, GUARD, SPAN, Signal, four},
};

/// The rail signal of a look: outer `None`, nothing can be said; inner, nothing unusual.
pub(super) fn rail(
    site: &Site,
    looks: &[(i64, String, &Look)],
    at: i64,
    id: &str,
    look: &Look,
) -> Option<Option<Active>> {
    let yard = site
        .zones
        .iter()
        .find(|zone| zone.kind == ZoneKind::RailTrack)?
        .id
        .clone();
    if !clear(look, &yard) {
        return None;
    }
    let value = cars(look, &yard);
    let samples = rail_past(&yard, looks, at)?;
    let (median, spread) = middle(&samples);
    let z = (value - median) / spread;
    let rank = 1 + samples.iter().filter(|(_, each)| *each >= value).count();
    let p = rank as f64 / (samples.len() + 1) as f64;
    let unusual = z >= 3.5 && p <= f64::max(0.02, 1.0 / (samples.len() + 1) as f64 + 1e-12);
    Some(unusual.then(|| Active {
        signal: Signal {
            kind: "rail",
            zone: yard.clone(),
            value: four(value),
            unit: "cars",
            baseline: four(median),
            p: four(p),
            from: at,
            to: at,
            dark: false,
        },
        looks: vec![id.to_owned()],
    }))
}

/// Cars on the tracks of a yard.
fn cars(look: &Look, yard: &str) -> f64 {
    let tracks = look.rail.iter().filter(|track| track.zone == yard);
    tracks
        .map(|track| {
            if track.cars > 0 {
                f64::from(track.cars)
            } else {
                track.occupied_m / 14.0
            }
        })
        .sum()
}

/// The samples of the yard that a value at `at` is judged by; `None`: not enough history.
pub(super) fn rail_past(yard: &str, looks: &[(i64, String, &Look)], at: i64) -> Option<Vec<(i64, f64)>> {
    for guard in [45.0, GUARD] {
        let until = at - (guard * DAY) as i64;
        let from = until - (SPAN * DAY) as i64;
        let samples: Vec<(i64, f64)> = looks
            .iter()
            .filter(|(other, _, look)| *other > from && *other <= until && clear(look, yard))
            .map(|(other, _, look)| (*other, cars(look, yard)))
            .collect();
        if let (Some(first), Some(last)) = (samples.first(), samples.last())
            && samples.len() >= 12
            && (last.0 - first.0) as f64 / DAY >= 28.0
        {
            return Some(samples);
        }
    }
    None
}

/// Median of samples, and their spread: at least three cars or 8 %.
pub(super) fn middle(samples: &[(i64, f64)]) -> (f64, f64) {
    let mut sorted: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
    sorted.sort_by(f64::total_cmp);
    let quantile = |q: f64| sorted[(q * (sorted.len() - 1) as f64 + 0.5) as usize];
    let median = quantile(0.5);
    let spread = ((quantile(0.75) - quantile(0.25)) / 1.349).max((quantile(0.9) - median) / 1.2816);
    (median, spread.max(f64::max(3.0, 0.08 * median)).max(1e-9))
}
