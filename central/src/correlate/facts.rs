//! What is known of a site by time: clear looks, level samples, calls that are over.
//!
//! It is asked for windows that end at a given moment, so it needs no rolling back: what a look that came later says of earlier moments was
//! true then, too. Only calls that were put among the past ones by a look that is undone are taken out again.

use std::{collections::VecDeque, sync::Arc};

use quaywatch_protocol::contract::ZoneKind;

use super::{
    admit::{LookKey, SiteLook},
    book::{SitePlan, ZoneIx},
    exposure::{Exposure, after},
    levels::{self, Gauge},
    site::{CallFact, Group},
    tally::Tallies,
};
use crate::rules::Rules;

/// What is indexed by time.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Clear looks by zone.
    pub zones: Vec<Exposure>,
    dock: Exposure,
    tanker: Exposure,
    all: Exposure,
    piers: Vec<(Vec<ZoneIx>, Exposure)>,
    /// Level series.
    pub gauges: Vec<Gauge>,
    /// Calls that are over, by first sighting.
    pub past: VecDeque<Arc<CallFact>>,
    /// The same, counted in advance.
    pub tallies: Tallies,
    /// Event time of the first look.
    pub first_ms: Option<i64>,
    /// How often looks were folded: what was read in one fold does not hold in the next.
    pub folds: u64,
    /// How often calls were changed.
    pub edits: u64,
}

impl Facts {
    /// Nothing known yet.
    pub fn new(plan: &SitePlan) -> Self {
        let berths = (plan.zones.iter().enumerate())
            .filter(|(_, zone)| zone.kind.is_berth())
            .map(|(ix, _)| Group::Zone(ix as ZoneIx));
        let piers = plan
            .piers
            .iter()
            .enumerate()
            .map(|(at, (_, zones))| Group::pier(at, zones));
        Self {
            tallies: Tallies::new(berths.chain(piers).chain([Group::All])),
            zones: vec![Exposure::default(); plan.zones.len()],
            gauges: levels::gauges(plan),
            piers: (plan.piers.iter())
                .map(|(_, zones)| (zones.clone(), Exposure::default()))
                .collect(),
            ..Self::default()
        }
    }

    /// Takes in what a look says by itself.
    pub fn insert(&mut self, look: &SiteLook, plan: &SitePlan, rules: &Rules) {
        self.first_ms = Some(self.first_ms.map_or(look.at(), |first| first.min(look.at())));
        for (ix, exposure) in self.zones.iter_mut().enumerate() {
            if look.clear(ix as ZoneIx, rules) {
                exposure.insert(look.at(), 1.0);
            }
        }
        let share = |of: &dyn Fn(ZoneKind) -> bool| {
            let zones = plan.zones.iter().enumerate().filter(|(_, zone)| of(zone.kind));
            let (mut clear, mut all) = (0.0, 0.0);
            for (ix, _) in zones {
                all += 1.0;
                clear += f64::from(u8::from(look.clear(ix as ZoneIx, rules)));
            }
            if clear > 0.0 { clear / all } else { 0.0 }
        };
        let has_oil = plan.zones.iter().any(|zone| zone.kind == ZoneKind::OilBerth);
        let oil_kind = if has_oil { ZoneKind::OilBerth } else { ZoneKind::Berth };
        for (exposure, share) in [
            (&mut self.dock, share(&|kind| kind == ZoneKind::Berth)),
            (&mut self.tanker, share(&|kind| kind == oil_kind)),
            (&mut self.all, share(&ZoneKind::is_berth)),
        ] {
            if share > 0.0 {
                exposure.insert(look.at(), share);
            }
        }
        for (zones, exposure) in &mut self.piers {
            let clear = zones.iter().filter(|ix| look.clear(**ix, rules)).count();
            if clear > 0 {
                exposure.insert(look.at(), clear as f64 / zones.len() as f64);
            }
        }
        for gauge in &mut self.gauges {
            if let Some(value) = gauge.read(look, rules) {
                gauge.series.insert(look.at(), value);
            }
        }
    }

    /// Clear looks of a group.
    pub fn exposure(&self, group: Group) -> Option<&Exposure> {
        match group {
            Group::Zone(zone) => self.zones.get(usize::from(zone)),
            Group::Pier(at, _) => self.piers.get(usize::from(at)).map(|(_, exposure)| exposure),
            Group::Dock => Some(&self.dock),
            Group::Tanker => Some(&self.tanker),
            Group::All => Some(&self.all),
        }
    }

    /// Undoes what was settled after a look.
    pub fn unsettle_after(&mut self, key: &LookKey, rules: &Rules) {
        let undone = |call: &Arc<CallFact>| call.settled.as_ref().is_some_and(|settled| settled > key);
        let first = self.past.iter().find(|call| undone(call)).map(|call| call.first_ms);
        if let Some(first) = first {
            self.past.retain(|call| !undone(call));
            self.tallies.count_from(first, &self.past, rules);
        }
    }

    /// Puts a call that is over among the past ones.
    pub fn settle(&mut self, call: CallFact, rules: &Rules) {
        let (place, first) = (after(&self.past, |other| other.first_ms, call.first_ms), call.first_ms);
        self.past.insert(place, Arc::new(call));
        self.tallies.count_from(first, &self.past, rules);
    }

    /// Forgets what is older than the retention.
    pub fn forget(&mut self, until_ms: i64) {
        for exposure in self
            .zones
            .iter_mut()
            .chain([&mut self.dock, &mut self.tanker, &mut self.all])
            .chain(self.piers.iter_mut().map(|(_, exposure)| exposure))
        {
            exposure.forget(until_ms);
        }
        for gauge in &mut self.gauges {
            gauge.series.forget(until_ms);
        }
        while self.past.front().is_some_and(|call| call.first_ms <= until_ms) {
            self.past.pop_front();
        }
        self.tallies.forget(until_ms);
    }

    /// Things held, for the test that memory is bounded.
    pub fn len(&self) -> usize {
        self.past.len()
            + self.all.len()
            + self.zones.iter().map(Exposure::len).sum::<usize>()
            + self.gauges.iter().map(|gauge| gauge.series.len()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::sync::OnceLock;

    use quaywatch_protocol::contract::look::VesselClass;

    use super::*;
    use crate::correlate::tally::Judged;

    fn rules() -> Rules {
        Rules::from_toml(include_str!("../../../deploy/rules/default.toml")).unwrap()
    }

    /// A call that was over at the n-th look.
    fn over(n: usize, (first_ms, dark, radio, tanker, length_m): (i64, bool, bool, bool, f64)) -> CallFact {
        CallFact {
            first_ms,
            last_ms: first_ms,
            arrival: (first_ms, first_ms),
            departure: None,
            zone: 0,
            class: VesselClass::Vessel,
            mmsi: None,
            tanker,
            dark,
            radio,
            existence: 1.0,
            length: (length_m, 3.0),
            stay_days: 1.0,
            evidence: Arc::from([]),
            told: OnceLock::new(),
            settled: Some((n as i64, Arc::from("look"))),
        }
    }

    proptest! {
        #[test]
        fn calls_counted_in_advance_are_those_that_are_there(
            calls in prop::collection::vec((0_i64..50, any::<bool>(), any::<bool>(), any::<bool>(), 20.0..90.0_f64), 1..40),
            asked in prop::collection::vec((0_i64..50, 0_i64..50, any::<bool>()), 1..6),
            undone_from in 0_usize..40,
            forgotten_ms in -1_i64..30,
        ) {
            let rules = rules();
            let mut facts = Facts::default();
            let check = |facts: &mut Facts| {
                for (a, b, tankers) in &asked {
                    let (from_ms, to_ms) = (*a.min(b), *a.max(b));
                    let judged = Judged { tankers: *tankers, size_min_m: 50.0 };
                    let Facts { tallies, past, .. } = facts;
                    let counted = tallies.radio(judged, from_ms, to_ms, past);
                    let there = past.iter().filter(|call| call.first_ms > from_ms && call.first_ms <= to_ms && judged.has(call));
                    let plain = there.fold((0, 0), |(dark, all), call| {
                        (dark + u32::from(call.dark), all + u32::from(call.radio))
                    });
                    prop_assert_eq!(counted, plain);
                }
                Ok(())
            };
            for (n, call) in calls.iter().enumerate() {
                facts.settle(over(n, *call), &rules);
                check(&mut facts)?;
            }
            facts.unsettle_after(&(undone_from as i64, Arc::from("look")), &rules);
            prop_assert_eq!(facts.past.len(), calls.len().min(undone_from + 1));
            check(&mut facts)?;
            facts.forget(forgotten_ms);
            check(&mut facts)?;
            if let Some(again) = calls.first() {
                facts.settle(over(99, *again), &rules);
                check(&mut facts)?;
            }
        }
    }
}
