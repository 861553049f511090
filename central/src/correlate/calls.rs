//! Calls from looks: which sighting belongs to which stay, and between which looks a vessel came and went.
//!
//! In each look the vessels of a zone are matched one-to-one, nearest first, with the stays that are open there. A sighting
//! without a stay begins one: it arrived after the last clear look that did not show it. A clear look without the vessel is a miss; after
//! `misses_to_depart` misses (or one, when `rejoin_h` have passed since it was last seen) it has left, between its last sighting and the first
//! miss. A zone that was not seen clearly says nothing.

use std::sync::Arc;

use quaywatch_protocol::contract::{
    ZoneKind,
    look::{Ais, VesselClass},
    time::{DAY_MS, HOUR_MS},
};

use super::{
    admit::{Seen, SiteLook},
    book::{SitePlan, ZoneIx},
    exposure::Exposure,
    hull::Hull,
    site::CallFact,
};
use crate::rules::Rules;

/// Looks kept as evidence of one call: the first two and the last two.
const EVIDENCE_PER_CALL: usize = 4;
/// Stays open in one zone: a crowded anchorage has about a hundred; beyond, the least recently seen is closed.
pub const OPEN_PER_ZONE_MAX: usize = 300;

/// Votes by which a class must lead before what lies at an oil berth is no tanker, or what lies at another berth of such a site is one: more than
/// one sighting's. One named class in eight is wrong, and hardly anything but tankers lies at the one, and hardly a tanker at the other.
const CLEAR_VOTES: f32 = 1.2;

/// A vessel's stay in a zone.
#[derive(Clone, Debug)]
pub struct Call {
    /// First look and position among that look's vessels: unique.
    pub id: Arc<str>,
    pub zone: ZoneIx,
    pub kind: ZoneKind,
    /// Its site has oil berths.
    has_oil: bool,
    pub hull: Hull,
    pub lat_deg: f64,
    pub lon_deg: f64,
    /// Last clear look of the zone before the first sighting.
    pub absent_ms: Option<i64>,
    pub first_ms: i64,
    pub last_ms: i64,
    /// First clear look without it, while it is missing.
    pub missed_ms: Option<i64>,
    last_miss_ms: i64,
    misses: u32,
    pub departed: bool,
    /// Product of (1 - confidence) over looks.
    none: f64,
    last_confidence: f64,
    pub dark_looks: u32,
    pub matched_looks: u32,
    pub mismatch: bool,
    pub mmsi: Option<u32>,
    class_votes: [f32; VesselClass::ALL.len()],
    /// Shared with what is derived from the call.
    pub evidence: Arc<[Arc<str>]>,
    /// The call of the same hull at another berth that this one continues.
    pub shifted_from: Option<Arc<str>>,
    /// Where it shifted to.
    pub shifted_to: Option<Arc<str>>,
    /// As rules count it, once it was asked for; see [`edit`].
    pub fact: Option<Arc<CallFact>>,
    /// Which change of a call of this site made it what it is: two with the same number say the same.
    pub version: u64,
}

/// A call to be changed: what was derived from it is void, and copies in checkpoints stay as they are. `changes` counts the changes of the
/// site's calls and never goes back.
pub fn edit<'a>(call: &'a mut Arc<Call>, changes: &mut u64) -> &'a mut Call {
    let call = Arc::make_mut(call);
    call.fact = None;
    *changes += 1;
    call.version = *changes;
    call
}

impl Call {
    fn begin(look: &SiteLook, index: usize, seen: &Seen, kind: ZoneKind, absent_ms: Option<i64>) -> Self {
        let mut call = Self {
            id: format!("{}#{index}", look.id()).into(),
            zone: seen.zone,
            kind,
            has_oil: false,
            hull: Hull::default(),
            lat_deg: seen.lat_deg,
            lon_deg: seen.lon_deg,
            absent_ms,
            first_ms: look.at(),
            last_ms: look.at(),
            missed_ms: None,
            last_miss_ms: i64::MIN,
            misses: 0,
            departed: false,
            none: 1.0,
            last_confidence: 0.0,
            dark_looks: 0,
            matched_looks: 0,
            mismatch: false,
            mmsi: None,
            class_votes: [0.0; VesselClass::ALL.len()],
            evidence: Arc::from([]),
            shifted_from: None,
            shifted_to: None,
            fact: None,
            version: 0,
        };
        call.see(look, seen, i64::MAX);
        call
    }

    fn see(&mut self, look: &SiteLook, seen: &Seen, gap_ms: i64) {
        self.hull.add(seen);
        let same_moment = look.at().saturating_sub(self.last_ms) < gap_ms && self.last_confidence > 0.0;
        if same_moment {
            // Two stations at one moment are one look: the surer of the two counts.
            if seen.confidence > self.last_confidence {
                self.none *= (1.0 - seen.confidence) / (1.0 - self.last_confidence);
                self.last_confidence = seen.confidence;
            }
        } else {
            self.none *= 1.0 - seen.confidence;
            self.last_confidence = seen.confidence;
        }
        self.last_ms = self.last_ms.max(look.at());
        self.missed_ms = None;
        self.misses = 0;
        match seen.ais {
            Ais::Matched => {
                self.matched_looks += 1;
                self.mmsi = self.mmsi.or(seen.mmsi);
            }
            Ais::Dark if !seen.mismatch => self.dark_looks += 1,
            Ais::Dark | Ais::Uncovered => {}
        }
        self.mismatch |= seen.mismatch;
        if let Some(votes) = self.class_votes.get_mut(seen.class as usize) {
            *votes += seen.confidence as f32;
        }
        let kept = self.evidence.len().min(EVIDENCE_PER_CALL / 2);
        let (first, last) = self.evidence.split_at(kept);
        let left_out = usize::from(self.evidence.len() >= EVIDENCE_PER_CALL);
        let last = last.get(left_out..).unwrap_or_default();
        let now = std::iter::once(look.id().clone());
        self.evidence = first.iter().chain(last).cloned().chain(now).collect();
    }

    /// True when a clear look without it is a miss, and not the moment in which it was seen or missed.
    const fn misses(&self, at_ms: i64, gap_ms: i64) -> bool {
        at_ms.saturating_sub(self.last_ms) >= gap_ms && at_ms.saturating_sub(self.last_miss_ms) >= gap_ms
    }

    fn miss(&mut self, at_ms: i64, rules: &Rules) {
        self.last_miss_ms = at_ms;
        self.missed_ms = self.missed_ms.or(Some(at_ms));
        self.misses += 1;
        self.departed |= f64::from(self.misses) >= rules.calls.misses_to_depart;
    }

    /// True when it is a vessel with enough probability, and not the continuation of another call.
    pub fn counts(&self, rules: &Rules) -> bool {
        self.exists(rules) && self.shifted_from.is_none()
    }

    /// True when it is a vessel with enough probability.
    pub fn exists(&self, rules: &Rules) -> bool {
        self.existence() >= rules.calls.existence_min - 1e-9
    }

    /// Probability that there was a vessel at all.
    pub fn existence(&self) -> f64 {
        1.0 - self.none
    }

    /// Dark: coverage was proven and nothing matched; one match outweighs two dark looks. A displaced transmission is a mismatch, not
    /// an absence.
    pub const fn dark(&self) -> bool {
        self.dark_looks > 2 * self.matched_looks && !self.mismatch
    }

    /// What kind of vessel most sightings say, unless they say nothing, and how many votes it has.
    fn most_votes(&self) -> (VesselClass, f32) {
        let mut best = (VesselClass::Vessel, 0.0);
        for (class, votes) in VesselClass::ALL.into_iter().zip(self.class_votes).skip(1) {
            if votes > best.1 {
                best = (class, votes);
            }
        }
        best
    }

    /// What kind of vessel most sightings say, unless they say nothing.
    pub fn class(&self) -> VesselClass {
        self.most_votes().0
    }

    /// A tanker's call: at an oil berth unless another class clearly leads; at another berth of a site that has oil berths when tankers clearly lead;
    /// where a site has none, any call of that class.
    pub fn is_tanker(&self) -> bool {
        let (class, votes) = self.most_votes();
        let tanker = self
            .class_votes
            .get(VesselClass::Tanker as usize)
            .copied()
            .unwrap_or(0.0);
        match (self.kind, self.has_oil) {
            (ZoneKind::OilBerth, _) => votes - tanker < CLEAR_VOTES,
            (_, false) => class == VesselClass::Tanker,
            (_, true) => {
                let named = VesselClass::ALL.into_iter().zip(self.class_votes);
                let others = named.filter(|(class, _)| !matches!(class, VesselClass::Vessel | VesselClass::Tanker));
                tanker - others.map(|(_, votes)| votes).fold(0.0, f32::max) >= CLEAR_VOTES
            }
        }
    }

    /// Between which instants it left: `None` while it is there or may be.
    pub fn departure(&self) -> Option<(i64, i64)> {
        self.missed_ms.map(|missed| (self.last_ms, missed))
    }

    /// Between which instants it came; before any clear look, a dwell time back.
    pub fn arrival(&self, rules: &Rules) -> (i64, i64) {
        let back = (rules.calls.dwell_days * DAY_MS as f64) as i64;
        (self.absent_ms.unwrap_or(self.first_ms - back), self.first_ms)
    }

    /// Estimated stay, days: what was seen, and half of what may have been on either side (at most two days each).
    pub fn stay_days(&self) -> f64 {
        let side = |gap: Option<i64>| gap.map_or(0.5, |gap| (gap as f64 / DAY_MS as f64 / 2.0).min(2.0));
        let before = side(self.absent_ms.map(|absent| self.first_ms - absent));
        let after = side(self.missed_ms.map(|missed| missed - self.last_ms));
        (self.last_ms - self.first_ms) as f64 / DAY_MS as f64 + before + after
    }

    /// Squared distance of a sighting, or `None` when it cannot be this hull.
    fn cost(&self, seen: &Seen, rules: &Rules) -> Option<f64> {
        if let (Some(ours), Some(theirs)) = (self.mmsi, seen.mmsi)
            && ours != theirs
        {
            return None;
        }
        // Gone, so far as was seen, and always heard: what lies there now and is proven dark is another.
        let heard = self.matched_looks > 0 && self.dark_looks == 0;
        if heard && self.missed_ms.is_some() && seen.ais == Ais::Dark && !seen.mismatch {
            return None;
        }
        let mut other = Hull::default();
        other.add(seen);
        if !self.hull.may_be(&other, rules) {
            return None;
        }
        let (length, beam) = self.hull.differences(&other);
        let metres = metres_between((self.lat_deg, self.lon_deg), (seen.lat_deg, seen.lon_deg));
        if metres > 1.5 * self.hull.length().0 + 150.0 {
            return None;
        }
        let known = if self.mmsi.is_some() && self.mmsi == seen.mmsi {
            -20.0
        } else {
            0.0
        };
        Some(length.powi(2) + beam.map_or(0.0, |beam| beam.powi(2)) + (metres / 60.0).powi(2) + known)
    }
}

/// Metres between two nearby places (flat earth).
fn metres_between(a: (f64, f64), b: (f64, f64)) -> f64 {
    const METRES_PER_DEGREE: f64 = 111_320.0;
    let north = (a.0 - b.0) * METRES_PER_DEGREE;
    let east = (a.1 - b.1) * METRES_PER_DEGREE * a.0.to_radians().cos();
    north.hypot(east)
}

/// What a look changed among the calls of a site.
#[derive(Clone, Debug, Default)]
pub struct CallChanges {
    /// Something changed that rules about calls must look at.
    pub any: bool,
    /// Calls at berths that were seen again at a later moment, and the clear looks in between that missed them.
    pub seen_again: u32,
    pub missed_between: u32,
}

/// Applies one look to the live calls of a site.
pub fn track(
    live: &mut Vec<Arc<Call>>,
    look: &SiteLook,
    plan: &SitePlan,
    exposure: &[Exposure],
    rules: &Rules,
    edits: &mut u64,
) -> CallChanges {
    let mut changes = CallChanges::default();
    let gap_ms = (rules.calls.miss_gap_h * HOUR_MS as f64) as i64;
    let rejoin_ms = (rules.calls.rejoin_h * HOUR_MS as f64) as i64;
    for call in live
        .iter_mut()
        .filter(|call| !call.departed && call.missed_ms.is_some())
    {
        if look.at().saturating_sub(call.last_ms) > rejoin_ms {
            edit(call, edits).departed = true;
            changes.any = true;
        }
    }
    let taken = assign(live, look, rules);
    let mut seen_calls = vec![false; live.len()];
    for (index, seen) in look.vessels.iter().enumerate() {
        let Some(kind) = plan.kind(seen.zone) else {
            continue;
        };
        if !(kind.is_berth() || kind == ZoneKind::Anchorage) {
            continue;
        }
        match taken.get(index).copied().flatten() {
            Some(at) => {
                if let Some(call) = live.get_mut(at) {
                    if kind.is_berth() && look.at().saturating_sub(call.last_ms) >= gap_ms {
                        changes.seen_again += 1;
                        changes.missed_between += call.misses;
                    }
                    edit(call, edits).see(look, seen, gap_ms);
                }
                if let Some(flag) = seen_calls.get_mut(at) {
                    *flag = true;
                }
            }
            None => {
                let before = exposure
                    .get(usize::from(seen.zone))
                    .and_then(|clear| clear.last_until(look.at() - 1));
                let mut call = Call::begin(look, index, seen, kind, before);
                call.has_oil = plan.zones.iter().any(|zone| zone.kind == ZoneKind::OilBerth);
                let mut call = Arc::new(call);
                edit(&mut call, edits);
                live.push(call);
                seen_calls.push(true);
            }
        }
        changes.any = true;
    }
    for (call, seen) in live.iter_mut().zip(seen_calls) {
        if !seen && !call.departed && look.clear(call.zone, rules) {
            if call.misses(look.at(), gap_ms) {
                edit(call, edits).miss(look.at(), rules);
            }
            changes.any = true;
        }
    }
    changes
}

/// One-to-one, nearest first: for each vessel of the look the position of its call.
fn assign(live: &[Arc<Call>], look: &SiteLook, rules: &Rules) -> Vec<Option<usize>> {
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (vessel, seen) in look.vessels.iter().enumerate() {
        for (at, call) in live.iter().enumerate() {
            if call.zone == seen.zone
                && !call.departed
                && let Some(cost) = call.cost(seen, rules)
            {
                pairs.push((cost, vessel, at));
            }
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut taken = vec![None; look.vessels.len()];
    let mut used = vec![false; live.len()];
    for (_, vessel, at) in pairs {
        if let (Some(slot), Some(used)) = (taken.get_mut(vessel), used.get_mut(at))
            && slot.is_none()
            && !*used
        {
            *slot = Some(at);
            *used = true;
        }
    }
    taken
}
