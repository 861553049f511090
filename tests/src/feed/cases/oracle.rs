//! What no correlator could do better: how much of what a script stages the looks of a world show at all.
//!
//! A judge who knows the truth goes through the same looks and takes each sighting for what it is. A call that no look shows, or a leg of which one
//! end was never seen, is beyond him too. So his count is a bound on what the engine can reach with these looks.

use quaywatch_protocol::contract::{
    look::{Ais, Look},
    time::{HOUR_MS, UnixMs},
};

use crate::feed::{
    script::{Bound, Expect},
    world::World,
};

/// A sighting is of a hull when its length is off by no more standard errors than this.
const LENGTH_GATE_SD: f64 = 4.0;

/// Longest way from one end of a leg to the other, hours: a ship that took longer may have been anywhere.
const LEG_H_MAX: i64 = 72;

/// A scripted stay, and when a look showed it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Position among the script's vessels.
    pub hull: usize,
    /// Where.
    pub site: String,
    /// From when.
    pub from: UnixMs,
    /// Until when.
    pub to: UnixMs,
    /// When looks showed it, and whether as dark.
    pub sightings: Vec<(UnixMs, bool)>,
}

/// All scripted stays of a world, hull by hull in the order of time.
#[must_use]
pub fn stays(world: &World, looks: &[Look]) -> Vec<Seen> {
    let mut all: Vec<Seen> = Vec::new();
    for (site, stays) in &world.history.stays {
        for stay in stays.iter().filter(|stay| stay.hull < world.script.vessel.len()) {
            let length_m = world.history.hulls.get(stay.hull).map_or(0.0, |hull| hull.length_m);
            let there =
                |look: &&Look| look.site == *site && look.acquired_at >= stay.from && look.acquired_at < stay.to;
            let sightings = looks.iter().filter(there).filter_map(|look| {
                let shown = look.vessels.iter().find(|vessel| {
                    let sd_m = vessel.length_sd_m.unwrap_or(0.07 * length_m).max(3.0);
                    vessel.zone == stay.zone && (vessel.length_m - length_m).abs() <= LENGTH_GATE_SD * sd_m
                })?;
                Some((look.acquired_at, shown.ais == Ais::Dark))
            });
            all.push(Seen {
                hull: stay.hull,
                site: site.clone(),
                from: stay.from,
                to: stay.to,
                sightings: sightings.collect(),
            });
        }
    }
    all.sort_by_key(|stay| (stay.hull, stay.from));
    all
}

/// True when the looks show enough for what is expected.
#[must_use]
pub fn is_possible(expect: &Expect, bound: &Bound, world: &World, stays: &[Seen]) -> bool {
    let here = |stay: &&Seen| expect.site.as_ref().is_none_or(|site| *site.get_ref() == stay.site);
    let legs = bound.legs.is_none_or(|wanted| {
        let of_hull = |hull: usize| {
            let pairs = stays
                .windows(2)
                .filter(|pair| pair.iter().all(|stay| stay.hull == hull));
            pairs
                .filter(|pair| pair[0].site != pair[1].site && pair.iter().all(|stay| !stay.sightings.is_empty()))
                .filter(|pair| pair[1].from.0 - pair[0].to.0 <= LEG_H_MAX * HOUR_MS)
                .count()
        };
        let counts = (0..world.script.vessel.len()).map(of_hull);
        wanted
            <= if bound.total {
                counts.sum()
            } else {
                counts.max().unwrap_or(0)
            }
    });
    let dark_stays = bound.dark_stays.is_none_or(|wanted| {
        let dark = |stay: &&Seen| stay.sightings.iter().any(|(_, dark)| *dark);
        stays.iter().filter(here).filter(dark).count() >= wanted
    });
    let dark = bound.dark.iter().all(|id| {
        let hull = world
            .script
            .vessel
            .iter()
            .position(|vessel| vessel.id.get_ref() == id.get_ref());
        let within = |at: UnixMs| expect.from.is_none_or(|from| at >= from.0) && expect.to.is_none_or(|to| at < to.0);
        stays
            .iter()
            .filter(here)
            .filter(|stay| Some(stay.hull) == hull)
            .any(|stay| stay.sightings.iter().any(|(at, dark)| *dark && within(*at)))
    });
    legs && dark_stays && dark
}
