//! Passes: which sensor sees which site when.
//!
//! A sensor passes a site every so many days at about the same time of day; a share of passes gives a scene. Optical scenes
//! are only taken in daylight.

use std::collections::BTreeMap;

use quaywatch_protocol::contract::{
    look::{Sensor, SensorKind},
    time::{DAY_MS, HOUR_MS, UnixMs},
};

use super::{
    chance::Chance,
    place::Place,
    script::{Script, SensorPlan},
    sun::sun_at,
};

/// Lowest sun for an optical scene, degrees: operators do not take scenes below it.
pub const SUN_MIN_DEG: f64 = 8.0;

/// One sensor over one site at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass {
    /// When.
    pub at: UnixMs,
    /// Site id.
    pub site: String,
    /// Station that receives the scene.
    pub station: String,
    /// The sensor.
    pub sensor: Sensor,
    /// Scene id: date, time, and a short code of the sensor.
    pub scene: String,
}

/// All passes of a script's sensors over its sites, by time and site.
#[must_use]
pub fn passes(script: &Script, places: &BTreeMap<String, Place>, seed: u64) -> Vec<Pass> {
    let mut passes = Vec::new();
    for (index, plan) in script.sensor.iter().enumerate() {
        for (site, place) in places {
            let in_swath = plan.sites.is_empty() || plan.sites.iter().any(|each| each.get_ref() == site);
            if !in_swath {
                continue;
            }
            let mut chance = Chance::new(seed, &["passes", &index.to_string(), site]);
            for at in times(script, plan, &mut chance) {
                let lit = sun_at(at, place.frame.origin).elevation_deg >= SUN_MIN_DEG;
                if plan.kind == SensorKind::Sar || lit {
                    passes.push(pass(plan, site, at));
                }
            }
        }
    }
    passes.sort_by(|a, b| (a.at, &a.site, &a.scene).cmp(&(b.at, &b.site, &b.scene)));
    passes.dedup_by(|a, b| a.site == b.site && a.scene == b.scene && a.station == b.station);
    passes
}

fn times(script: &Script, plan: &SensorPlan, chance: &mut Chance) -> Vec<UnixMs> {
    let mut times: Vec<UnixMs> = plan.passes.iter().map(|when| when.0).collect();
    if plan.every_days > 0.0 {
        let (from, to) = (script.from.0.0, script.to.0.0);
        let midnight = from.div_euclid(DAY_MS) * DAY_MS;
        // Sites of one sensor are not passed on the same days.
        let mut day = plan.every_days * chance.unit();
        loop {
            let hour = plan.hour_utc + plan.jitter_h * chance.normal();
            let at = midnight + (day.floor() as i64) * DAY_MS + (hour * HOUR_MS as f64) as i64;
            if at >= to {
                break;
            }
            if chance.yes(plan.share) && at >= from {
                times.push(UnixMs(at / 1_000 * 1_000));
            }
            day += plan.every_days;
        }
    }
    times
}

fn pass(plan: &SensorPlan, site: &str, at: UnixMs) -> Pass {
    let stamp: String = at.to_string().chars().filter(char::is_ascii_digit).take(14).collect();
    let (date, time) = stamp.split_at(stamp.len().min(8));
    Pass {
        at,
        site: site.to_owned(),
        station: plan.station.get_ref().clone(),
        sensor: Sensor {
            name: plan.name.clone(),
            kind: plan.kind,
            gsd_m: plan.gsd_m,
        },
        scene: format!("{date}_{time}_{}", code(&plan.name)),
    }
}

/// A short code for scene names: the capitals and digits of the sensor's name, in lower case (`PlanetScope` gives `ps`).
fn code(name: &str) -> String {
    let code: String = name
        .chars()
        .filter(|each| each.is_ascii_uppercase() || each.is_ascii_digit())
        .collect();
    if code.is_empty() {
        "x".to_owned()
    } else {
        code.to_ascii_lowercase()
    }
}
