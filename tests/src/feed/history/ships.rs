//! Stays of vessels: what the script names, shuttles leg by leg, background calls.

use std::collections::BTreeMap;

use geo::{BoundingRect, Contains, Coord, Point, Polygon};
use quaywatch_protocol::contract::{
    look::VesselClass,
    time::{DAY_MS, HOUR_MS, UnixMs},
};

use super::{Berthed, History, Hull, NoRoom, Spot};
use crate::feed::{
    chance::{Chance, seed_of},
    colour::Colour,
    place::{Line, Place},
    script::{AisBehaviour, Script, Shuttle, Stay, Traffic, Vessel},
};

/// Metres of quay kept free between two hulls for their lines.
const HULL_GAP_M: f64 = 12.0;
/// Hours that a vessel of the background waits outside before it tries the berth again.
const RETRY_H: i64 = 6;
/// How often it tries before it goes elsewhere.
const RETRIES_MAX: u32 = 12;
/// Length over beam of merchant vessels, least and most.
const SLENDERNESS: [f64; 2] = [5.6, 7.0];
/// Maritime identification digits used for made-up identities.
const COUNTRIES: [u32; 5] = [273, 412, 440, 477, 538];

type Quays = BTreeMap<(String, String), Line>;

struct Port<'a> {
    places: &'a BTreeMap<String, Place>,
    quays: Quays,
    seed: u64,
}

struct Leg {
    hull: usize,
    from: UnixMs,
    to: UnixMs,
    scripted: bool,
}

pub(super) fn fill(
    history: &mut History,
    script: &Script,
    places: &BTreeMap<String, Place>,
    seed: u64,
) -> Result<(), NoRoom> {
    let mut port = Port {
        places,
        quays: Quays::new(),
        seed,
    };
    for vessel in &script.vessel {
        let hull = history.hulls.len();
        history.hulls.push(hull_of(vessel, seed));
        for stay in &vessel.stay {
            port.scripted(history, hull, stay)?;
        }
        for (index, shuttle) in vessel.shuttle.iter().enumerate() {
            let mut chance = Chance::new(seed, &["shuttle", vessel.id.get_ref(), &index.to_string()]);
            for stay in legs(shuttle, &mut chance) {
                port.scripted(history, hull, &stay)?;
            }
        }
    }
    for (index, traffic) in script.traffic.iter().enumerate() {
        port.background(history, script, traffic, index);
    }
    Ok(())
}

fn hull_of(vessel: &Vessel, seed: u64) -> Hull {
    let mut chance = Chance::new(seed, &["hull", vessel.id.get_ref()]);
    let hint = vessel.colour.as_ref().and_then(|text| Colour::parse(text.get_ref()));
    Hull {
        id: vessel.id.get_ref().clone(),
        length_m: vessel.length_m,
        beam_m: vessel.beam_m,
        class: vessel.class,
        colour: hint.unwrap_or_else(|| Colour::of_vessel(vessel.class, &mut chance)).0,
        mmsi: vessel.mmsi.unwrap_or_else(|| made_up_mmsi(0, vessel.id.get_ref())),
        ais: vessel.ais,
        spoof_m: Coord {
            x: vessel.spoof_m[0],
            y: vessel.spoof_m[1],
        },
        silent: vessel.silent.clone(),
        draught_m: vessel.draught_m.unwrap_or(vessel.length_m * 0.055),
    }
}

/// A valid identity that no vessel of the script carries by design.
fn made_up_mmsi(seed: u64, id: &str) -> u32 {
    let hash = seed_of(seed, &["mmsi", id]);
    let country = COUNTRIES[(hash % COUNTRIES.len() as u64) as usize];
    country * 1_000_000 + ((hash >> 8) % 1_000_000) as u32
}

fn legs(shuttle: &Shuttle, chance: &mut Chance) -> Vec<Stay> {
    let hours = |hours: f64| (hours * HOUR_MS as f64) as i64;
    let mut stays = Vec::new();
    let mut at = shuttle.from;
    let mut runs = 0;
    while at <= shuttle.to && (shuttle.runs == 0 || runs < shuttle.runs) {
        for [site, zone] in [&shuttle.a, &shuttle.b] {
            let leaves = at.0.plus_ms(hours(chance.between(shuttle.stay_h)));
            stays.push(Stay {
                site: site.clone(),
                zone: Some(zone.clone()),
                from: at,
                to: crate::feed::script::When(leaves),
                along: None,
                abreast: 0,
                at: None,
                heading_deg: None,
            });
            at = crate::feed::script::When(leaves.plus_ms(hours(chance.between(shuttle.sea_h))));
        }
        at = crate::feed::script::When(at.0.plus_ms((chance.between(shuttle.rest_days) * DAY_MS as f64) as i64));
        runs += 1;
    }
    stays
}

impl Port<'_> {
    fn quay(&mut self, site: &str, zone: &str) -> &mut Line {
        let length_m = self
            .places
            .get(site)
            .and_then(|place| place.rectangle(place.site.zone(zone)?))
            .map_or(0.0, |rectangle| rectangle.half_length_m * 2.0);
        self.quays
            .entry((site.to_owned(), zone.to_owned()))
            .or_insert_with(|| Line::new(length_m))
    }

    fn scripted(&mut self, history: &mut History, hull: usize, stay: &Stay) -> Result<(), NoRoom> {
        let leg = Leg {
            hull,
            from: stay.from.0,
            to: stay.to.0,
            scripted: true,
        };
        let site = stay.site.get_ref();
        let Some(place) = self.places.get(site) else {
            return Ok(());
        };
        let Some(zone) = stay.zone.as_ref().map(|zone| zone.get_ref().clone()) else {
            let [x, y] = stay.at.unwrap_or_default();
            let at = place.frame.to_m(Point::new(x, y));
            push(
                history,
                site,
                None,
                &leg,
                Spot::Afloat {
                    at,
                    axis_deg: stay.heading_deg,
                },
            );
            return Ok(());
        };
        if let Some(spot) = self.anchored(site, &zone, hull, leg.from) {
            push(history, site, Some(zone), &leg, spot);
            return Ok(());
        }
        let Some(Hull { length_m, id, .. }) = history.hulls.get(hull).cloned() else {
            return Ok(());
        };
        let mut chance = Chance::new(self.seed, &["along", &id, &leg.from.0.to_string()]);
        let quay = self.quay(site, &zone);
        let (from_ms, to_ms) = (leg.from.0, leg.to.0);
        let along_m = match stay.along {
            Some(share) => {
                let along_m = share * quay.length_m;
                if stay.abreast == 0 {
                    quay.take(from_ms, to_ms, along_m - length_m / 2.0, length_m);
                }
                along_m
            }
            None if stay.abreast > 0 || length_m > quay.length_m => {
                quay.take(from_ms, to_ms, 0.0, quay.length_m);
                quay.length_m / 2.0
            }
            None => {
                let start_m = quay
                    .fit(from_ms, to_ms, length_m, HULL_GAP_M, chance.unit())
                    .ok_or_else(|| NoRoom {
                        what: format!("vessel `{id}`"),
                        site: site.clone(),
                        zone: zone.clone(),
                        from: leg.from,
                        problem: format!("{length_m} m of quay are not free: other scripted hulls lie there"),
                    })?;
                start_m + length_m / 2.0
            }
        };
        let abreast = stay.abreast;
        push(history, site, Some(zone), &leg, Spot::Alongside { along_m, abreast });
        Ok(())
    }

    /// A spot in an anchorage; `None` for berths.
    fn anchored(&self, site: &str, zone: &str, hull: usize, from: UnixMs) -> Option<Spot> {
        let place = self.places.get(site)?;
        let found = place.site.zone(zone)?;
        if found.kind.is_berth() {
            return None;
        }
        let mut chance = Chance::new(
            self.seed,
            &["anchor", site, zone, &hull.to_string(), &from.0.to_string()],
        );
        Some(Spot::Afloat {
            at: within(&place.area_m(found)?, &mut chance),
            axis_deg: None,
        })
    }

    fn background(&mut self, history: &mut History, script: &Script, traffic: &Traffic, index: usize) {
        let (site, zone) = (traffic.site.get_ref(), traffic.zone.get_ref());
        let label = format!("{site}-{zone}-{index}");
        let mut chance = Chance::new(self.seed, &["traffic", &label]);
        let fleet: Vec<usize> = (0..traffic.fleet)
            .map(|_| add_hull(history, traffic, &label, &mut chance))
            .collect();
        let mut free_at = vec![i64::MIN; fleet.len()];
        for arrival in arrivals(script, traffic, &mut chance) {
            let stay_ms = (chance.between(traffic.stay_h) * HOUR_MS as f64) as i64;
            let hull = if fleet.is_empty() {
                add_hull(history, traffic, &label, &mut chance)
            } else {
                let ready: Vec<usize> = (0..fleet.len()).filter(|each| free_at[*each] <= arrival).collect();
                let Some(pick) = ready
                    .get(chance.whole([0, ready.len().max(1) as u32 - 1]) as usize)
                    .copied()
                else {
                    continue;
                };
                free_at[pick] = arrival + stay_ms + DAY_MS / 2;
                fleet[pick]
            };
            let leg = |from_ms: i64| Leg {
                hull,
                from: UnixMs(from_ms),
                to: UnixMs(from_ms + stay_ms),
                scripted: false,
            };
            if let Some(spot) = self.anchored(site, zone, hull, UnixMs(arrival)) {
                push(history, site, Some(zone.clone()), &leg(arrival), spot);
                continue;
            }
            let length_m = history.hulls.get(hull).map_or(0.0, |hull| hull.length_m);
            let where_in_gap = chance.unit();
            let quay = self.quay(site, zone);
            let mut tries = (0..=i64::from(RETRIES_MAX)).map(|retry| arrival + retry * RETRY_H * HOUR_MS);
            let found = tries.find_map(|from_ms| {
                let start_m = quay.fit(from_ms, from_ms + stay_ms, length_m, HULL_GAP_M, where_in_gap)?;
                Some((from_ms, start_m + length_m / 2.0))
            });
            if let Some((from_ms, along_m)) = found {
                push(
                    history,
                    site,
                    Some(zone.clone()),
                    &leg(from_ms),
                    Spot::Alongside { along_m, abreast: 0 },
                );
            }
        }
    }
}

fn push(history: &mut History, site: &str, zone: Option<String>, leg: &Leg, spot: Spot) {
    history.stays.entry(site.to_owned()).or_default().push(Berthed {
        hull: leg.hull,
        zone,
        from: leg.from,
        to: leg.to,
        spot,
        scripted: leg.scripted,
    });
}

fn add_hull(history: &mut History, traffic: &Traffic, label: &str, chance: &mut Chance) -> usize {
    let index = history.hulls.len();
    let id = format!("{label}-{index}");
    let length_m = (chance.between(traffic.length_m) * 10.0).round() / 10.0;
    let beam_m = (length_m / chance.between(SLENDERNESS) * 10.0).round() / 10.0;
    history.hulls.push(Hull {
        mmsi: made_up_mmsi(chance.whole([0, u32::MAX - 1]).into(), &id),
        id,
        length_m,
        beam_m,
        class: traffic.class,
        colour: Colour::of_vessel(traffic.class, chance).0,
        ais: traffic.ais,
        spoof_m: Coord::default(),
        silent: Vec::new(),
        draught_m: length_m
            * if traffic.class == VesselClass::Passenger {
                0.04
            } else {
                0.055
            },
    });
    debug_assert!(
        traffic.ais != AisBehaviour::Spoofed,
        "background traffic does not spoof"
    );
    index
}

fn arrivals(script: &Script, traffic: &Traffic, chance: &mut Chance) -> Vec<i64> {
    let from_ms = traffic.from.unwrap_or(script.from).0.0;
    let to_ms = traffic.to.unwrap_or(script.to).0.0;
    let mut arrivals = Vec::new();
    if traffic.per_week > 0.0 {
        let mean_ms = 7.0 * DAY_MS as f64 / traffic.per_week;
        let mut at_ms = from_ms as f64 + chance.exponential(mean_ms);
        while at_ms < to_ms as f64 {
            arrivals.push(at_ms as i64);
            at_ms += chance.exponential(mean_ms);
        }
    }
    for day in from_ms.div_euclid(DAY_MS)..to_ms.div_euclid(DAY_MS) {
        for hour in &traffic.daily_at_h {
            let late_h = 0.15 * chance.normal();
            arrivals.push(day * DAY_MS + ((hour + late_h) * HOUR_MS as f64) as i64);
        }
    }
    arrivals.sort_unstable();
    arrivals
}

/// A point inside an area, at random.
fn within(area: &Polygon<f64>, chance: &mut Chance) -> Coord<f64> {
    /// Draws before the middle is taken: a zone that fills a thousandth of its bounding box is no anchorage.
    const DRAWS_MAX: u32 = 1_000;
    let Some(bounds) = area.bounding_rect() else {
        return Coord::default();
    };
    for _ in 0..DRAWS_MAX {
        let at = Coord {
            x: chance.between([bounds.min().x, bounds.max().x]),
            y: chance.between([bounds.min().y, bounds.max().y]),
        };
        if area.contains(&Point::from(at)) {
            return at;
        }
    }
    bounds.center()
}
