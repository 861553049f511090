//! The door: what a look must be to count, and its compact form inside.
//!
//! A look is refused whole when its site is not known, when it was acquired later than it became known (beyond the clock
//! tolerance), when it became known later than the lateness limit allows, or when it is a duplicate. Single values that cannot be are left out and the rest goes on.
//! Everything refused or left out is counted and named.

use std::{collections::VecDeque, fmt::Write, sync::Arc};

use quaywatch_protocol::contract::{
    ZoneKind,
    look::{Ais, AisFlag, Look, Vessel, VesselClass},
    time::HOUR_MS,
};

use super::book::{SitePlan, ZoneIx};
use crate::rules::Rules;

/// Faults kept for reading out; older ones are only counted.
pub const FAULTS_KEPT_MAX: usize = 1_000;
/// Longest hull that is believed, metres: the longest ever built had 458.
pub const LENGTH_MAX_M: f64 = 500.0;
/// Largest count or area that is believed: cars, square metres, aircraft.
const QUANTITY_MAX: f64 = 5e7;
/// Standard error of a beam that came without one, as a share of it: what a hull three pixels wide leaves open.
const BEAM_SD_SHARE: f64 = 0.12;
/// Confidence that is believed at most: no detector is certain, and a miss must stay possible.
const CONFIDENCE_MAX: f64 = 0.999;
/// Mean length of a freight car over couplers, metres: turns occupied metres into cars where none were counted.
pub const CAR_M: f64 = 14.0;

/// One thing wrong with a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookFault {
    /// The look, as in evidence lists.
    pub look: String,
    /// Field.
    pub field: String,
    /// What was wrong and what was expected, or what was done.
    pub problem: String,
}

/// How many looks, and how many things wrong with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Looks applied.
    pub applied: u64,
    /// Looks that were there already.
    pub duplicates: u64,
    /// Duplicates that said something else: the first one counts.
    pub contradictions: u64,
    /// Acquired in the future: quarantined.
    pub future: u64,
    /// Known too late: listed.
    pub too_late: u64,
    /// Of a site that is not watched.
    pub unknown_site: u64,
    /// Zones that the site does not have.
    pub unknown_zone: u64,
    /// Values that cannot be.
    pub bad_value: u64,
    /// Late looks that rolled a site back.
    pub rollbacks: u64,
    /// The last faults, by name; at most [`FAULTS_KEPT_MAX`].
    pub faults: VecDeque<LookFault>,
}

impl Counts {
    pub(super) fn fault(&mut self, look: &str, field: impl Into<String>, problem: impl Into<String>) {
        if self.faults.len() >= FAULTS_KEPT_MAX {
            self.faults.pop_front();
        }
        self.faults.push_back(LookFault {
            look: look.to_owned(),
            field: field.into(),
            problem: problem.into(),
        });
    }
}

/// Place of a look in a site's event time: when it was acquired, then its identity.
pub type LookKey = (i64, Arc<str>);

/// A vessel as the correlator uses it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub zone: ZoneIx,
    pub lat_deg: f64,
    pub lon_deg: f64,
    pub length_m: f64,
    pub length_sd_m: f64,
    pub beam: Option<(f64, f64)>,
    pub confidence: f64,
    pub class: VesselClass,
    pub ais: Ais,
    pub mmsi: Option<u32>,
    pub mismatch: bool,
}

/// Measured levels of one zone in one look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Level {
    /// Cars on tracks (rail).
    pub cars: f64,
    /// Tank cars, where the kinds were told apart.
    pub tank_cars: Option<f64>,
    /// Metres of track seen (rail).
    pub track_m: f64,
    /// Square metres (apron, storage).
    pub area_m2: f64,
    /// Longest row, metres.
    pub row_m: f64,
    /// Aircraft (airfield).
    pub aircraft: f64,
}

/// A look, admitted.
#[derive(Clone, Debug)]
pub struct SiteLook {
    pub key: LookKey,
    pub known_ms: i64,
    /// By zone: visible share; `None` where the zone was not looked at.
    pub visible: Vec<Option<f32>>,
    pub vessels: Vec<Seen>,
    pub levels: Vec<(ZoneIx, Level)>,
}

impl SiteLook {
    /// Event time.
    pub const fn at(&self) -> i64 {
        self.key.0
    }

    /// Identity, as in evidence lists.
    pub fn id(&self) -> &Arc<str> {
        &self.key.1
    }

    /// True where the zone was seen clearly.
    pub fn clear(&self, zone: ZoneIx, rules: &Rules) -> bool {
        let visible = self.visible.get(usize::from(zone)).copied().flatten();
        // Compared in the precision it is kept in: 0.7 is 0.7.
        visible.is_some_and(|visible| visible >= rules.calls.clear_visible as f32)
    }

    /// Levels of a zone in this look.
    pub fn level(&self, zone: ZoneIx) -> Level {
        self.levels
            .iter()
            .find(|(each, _)| *each == zone)
            .map_or_else(Level::default, |(_, level)| *level)
    }
}

/// Identity of a look: station/epoch/seq, or station/scene/site where it has no number.
#[must_use]
pub fn identity(look: &Look) -> String {
    let mut id = String::new();
    put_identity(look, &mut id);
    id
}

/// Puts the identity of a look where another one was.
pub fn put_identity(look: &Look, into: &mut String) {
    into.clear();
    let _ = match (look.epoch, look.seq) {
        (Some(epoch), Some(seq)) => write!(into, "{}/{epoch}/{seq}", look.station),
        _ => write!(into, "{}/{}/{}", look.station, look.scene, look.site),
    };
}

/// Why a look is not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Future,
    TooLate,
}

/// Checks the two clocks of a look.
pub fn check_clocks(acquired_ms: i64, known_ms: i64, rules: &Rules) -> Result<(), Refused> {
    if (acquired_ms.saturating_sub(known_ms)) as f64 > rules.time.clock_tolerance_s * 1000.0 {
        return Err(Refused::Future);
    }
    if (known_ms.saturating_sub(acquired_ms)) as f64 > rules.time.lateness_h * HOUR_MS as f64 {
        return Err(Refused::TooLate);
    }
    Ok(())
}

/// The compact form of a look whose site and clocks are good; leaves out and counts what cannot be.
pub fn compact(
    look: &Look,
    id: Arc<str>,
    known_ms: i64,
    plan: &SitePlan,
    rules: &Rules,
    counts: &mut Counts,
) -> SiteLook {
    let mut out = SiteLook {
        // A clock that runs ahead within the tolerance is clamped: nothing is seen before it happened.
        key: (look.acquired_at.0.min(known_ms), id.clone()),
        known_ms,
        visible: vec![None; plan.zones.len()],
        vessels: Vec::with_capacity(look.vessels.len()),
        levels: Vec::new(),
    };
    for zone in &look.zones {
        let Some(ix) = zone_or_note(&zone.zone, "zones.zone", plan, &id, counts) else {
            continue;
        };
        if !(0.0..=1.0).contains(&zone.visible) {
            counts.bad_value += 1;
            counts.fault(&id, "zones.visible", format!("is {}: expected 0 to 1", zone.visible));
            continue;
        }
        if let Some(slot) = out.visible.get_mut(usize::from(ix)) {
            *slot = Some(slot.map_or(zone.visible as f32, |other: f32| other.min(zone.visible as f32)));
        }
    }
    for vessel in &look.vessels {
        let Some(zone) = &vessel.zone else { continue };
        let Some(ix) = zone_or_note(zone, "vessels.zone", plan, &id, counts) else {
            continue;
        };
        match vessel_problem(vessel) {
            Some((field, problem)) => {
                counts.bad_value += 1;
                counts.fault(&id, field, problem);
            }
            None => out.vessels.extend(seen(vessel, ix, rules)),
        }
    }
    levels(look, plan, &id, &mut out, counts);
    out
}

fn zone_or_note(zone: &str, field: &str, plan: &SitePlan, id: &str, counts: &mut Counts) -> Option<ZoneIx> {
    let ix = plan.zone(zone);
    if ix.is_none() {
        counts.unknown_zone += 1;
        counts.fault(
            id,
            field,
            format!("is `{zone}`, which site `{}` does not have", plan.id),
        );
    }
    ix
}

fn vessel_problem(vessel: &Vessel) -> Option<(&'static str, String)> {
    let length = vessel.length_m;
    if !(length > 0.0 && length <= LENGTH_MAX_M) {
        return Some((
            "vessels.length_m",
            format!("is {length}: expected 0 to {LENGTH_MAX_M} metres"),
        ));
    }
    if !(0.0..=1.0).contains(&vessel.confidence) {
        return Some((
            "vessels.confidence",
            format!("is {}: expected 0 to 1", vessel.confidence),
        ));
    }
    if !(-90.0..=90.0).contains(&vessel.lat) || !(-180.0..=180.0).contains(&vessel.lon) {
        let place = format!("is {}, {}: expected degrees", vessel.lat, vessel.lon);
        return Some(("vessels.lat", place));
    }
    None
}

fn seen(vessel: &Vessel, zone: ZoneIx, rules: &Rules) -> Option<Seen> {
    let calls = &rules.calls;
    if vessel.confidence < calls.confidence_min || vessel.length_m < calls.size_min_m {
        return None;
    }
    let positive = |value: Option<f64>| value.filter(|value| value.is_finite() && *value > 0.0);
    let length_sd_m = positive(vessel.length_sd_m).unwrap_or(calls.length_sd_share * vessel.length_m);
    let beam = positive(vessel.beam_m)
        .filter(|beam| *beam < vessel.length_m)
        .map(|beam| {
            let sd = positive(vessel.beam_sd_m).unwrap_or(BEAM_SD_SHARE * beam);
            (beam, sd.max(calls.beam_sd_min_m))
        });
    Some(Seen {
        zone,
        lat_deg: vessel.lat,
        lon_deg: vessel.lon,
        length_m: vessel.length_m,
        length_sd_m: length_sd_m.max(calls.length_sd_min_m),
        beam,
        confidence: vessel.confidence.min(CONFIDENCE_MAX),
        class: vessel.class,
        ais: vessel.ais,
        mmsi: vessel.mmsi.filter(|_| vessel.ais == Ais::Matched),
        mismatch: !vessel.ais_flags.is_empty() && vessel.ais_flags.iter().any(|flag| *flag != AisFlag::TypeMismatch),
    })
}

fn levels(look: &Look, plan: &SitePlan, id: &Arc<str>, out: &mut SiteLook, counts: &mut Counts) {
    let add = |out: &mut SiteLook, ix: ZoneIx, change: &dyn Fn(&mut Level)| {
        if let Some((_, level)) = out.levels.iter_mut().find(|(each, _)| *each == ix) {
            change(level);
        } else {
            let mut level = Level::default();
            change(&mut level);
            out.levels.push((ix, level));
        }
    };
    let good = |value: f64| (0.0..=QUANTITY_MAX).contains(&value);
    for rail in &look.rail {
        let Some(ix) = zone_or_note(&rail.zone, "rail.zone", plan, id, counts) else {
            continue;
        };
        if !good(rail.occupied_m) || !good(rail.length_m) || !good(f64::from(rail.cars)) {
            counts.bad_value += 1;
            let found = format!("is {} of {} metres, {} cars", rail.occupied_m, rail.length_m, rail.cars);
            counts.fault(id, "rail", format!("{found}: expected 0 or more"));
            continue;
        }
        let cars = if rail.cars > 0 {
            f64::from(rail.cars)
        } else {
            rail.occupied_m / CAR_M
        };
        let tank = (!rail.mix.is_unknown()).then(|| f64::from(rail.mix.tank));
        add(out, ix, &|level| {
            level.cars += cars;
            level.track_m += rail.length_m;
            level.tank_cars = tank.map_or(level.tank_cars, |tank| Some(level.tank_cars.unwrap_or(0.0) + tank));
        });
    }
    for stack in &look.stacks {
        let Some(ix) = zone_or_note(&stack.zone, "stacks.zone", plan, id, counts) else {
            continue;
        };
        if !good(stack.area_m2) || !good(stack.row_m) {
            counts.bad_value += 1;
            counts.fault(
                id,
                "stacks.area_m2",
                format!("is {}: expected 0 or more", stack.area_m2),
            );
            continue;
        }
        add(out, ix, &|level| {
            level.area_m2 += stack.area_m2;
            level.row_m = level.row_m.max(stack.row_m);
        });
    }
    for aircraft in &look.aircraft {
        let Some(ix) = zone_or_note(&aircraft.zone, "aircraft.zone", plan, id, counts) else {
            continue;
        };
        if plan.kind(ix) == Some(ZoneKind::Airfield) {
            add(out, ix, &|level| level.aircraft += f64::from(aircraft.count));
        }
    }
}

#[cfg(test)]
mod tests;
