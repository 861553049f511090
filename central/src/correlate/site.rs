//! One site in event time: what is known of it after the looks up to some moment.
//!
//! Two kinds of memory. [`Facts`] are indexed by time (clear looks, level samples, calls that are over): they are asked for
//! windows that end at a given moment, so they need no rolling back. [`SiteState`] is what looks change one after the
//! other (open calls, running episodes, signals): small, copied into checkpoints.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use quaywatch_protocol::contract::{ZoneKind, look::VesselClass, time::DAY_MS};

use super::{
    admit::{LookKey, SiteLook},
    book::{SitePlan, ZoneIx},
    calls::{self, Call, OPEN_PER_ZONE_MAX},
    coincide::{self, Meeting},
    dark::{self, Summed},
    episode::Episodes,
    exposure::after,
    facts::Facts,
    growth, levels, shift, slowdown,
    surge::surge,
    tally::Judged,
    traffic,
};
use crate::{
    alert::Severity,
    rules::{RuleKind, Rules},
};

/// Days after its last sighting that a departed call stays live: longer than the lateness limit and any crossing.
const LIVE_DAYS: i64 = 30;
/// Days beyond [`LIVE_DAYS`] without a sighting after which a call that never departed is over too.
const LAID_UP_DAYS: i64 = 200;
/// Sightings of looks that are assumed before a site's own tell: how a detector of 3 m scenes does with hulls of 100 m.
const SIGHTING_PRIOR: (f64, f64) = (8.0, 10.0);
/// Weight of the assumed dwell time, calls.
const DWELL_PRIOR_CALLS: f64 = 3.0;
/// Share of the mean dwell time that a look is credited with: a vessel is missed now and then, and the estimated stays hold half
/// the gaps. With sparse looks this makes what is expected follow the number of looks, so that clouds are no slowdown.
const EXPOSURE_SHARE: f64 = 0.5;
/// Longest stay that counts in a mean dwell time, days: a laid-up ship says nothing about the others.
const DWELL_MAX_DAYS: f64 = 8.0;

/// A call as rules count it.
#[derive(Clone, Debug)]
pub struct CallFact {
    pub first_ms: i64,
    pub last_ms: i64,
    pub arrival: (i64, i64),
    /// Between which instants it left; `None` while it is there or may be.
    pub departure: Option<(i64, i64)>,
    pub zone: ZoneIx,
    pub class: VesselClass,
    pub mmsi: Option<u32>,
    pub tanker: bool,
    pub dark: bool,
    /// Radio could have told: dark or matched.
    pub radio: bool,
    pub existence: f64,
    pub length: (f64, f64),
    pub stay_days: f64,
    pub evidence: Arc<[Arc<str>]>,
    /// As alerts list it, once one did.
    pub told: OnceLock<serde_json::Value>,
    /// Look at which it was put among the past ones.
    pub settled: Option<LookKey>,
}

impl CallFact {
    fn of(call: &Call, rules: &Rules) -> Self {
        Self {
            first_ms: call.first_ms,
            last_ms: call.last_ms,
            arrival: call.arrival(rules),
            departure: call.departure(),
            zone: call.zone,
            class: call.class(),
            mmsi: call.mmsi,
            tanker: call.is_tanker(),
            dark: call.dark(),
            radio: call.dark_looks > 0 || call.matched_looks > 0,
            existence: call.existence(),
            length: call.hull.length(),
            stay_days: call.stay_days(),
            evidence: call.evidence.clone(),
            told: OnceLock::new(),
            settled: None,
        }
    }
}

/// Berths that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// One berth.
    Zone(ZoneIx),
    /// The sides of one pier, by position among the site's piers; the bits are its zones.
    Pier(u8, u64),
    /// All berths that are no oil berths, without tankers.
    Dock,
    /// Oil berths, and tankers anywhere.
    Tanker,
    /// All berths.
    All,
}

impl Group {
    /// The sides of the pier at this position among the site's piers.
    pub fn pier(at: usize, zones: &[ZoneIx]) -> Self {
        let bits = zones.iter().filter(|ix| **ix < 64).fold(0, |bits, ix| bits | 1 << ix);
        Self::Pier(at as u8, bits)
    }

    /// True when the zone belongs to a group of zones; calls of any zone may be of the other groups.
    pub const fn has_zone(self, ix: ZoneIx) -> bool {
        match self {
            Self::Zone(zone) => ix == zone,
            Self::Pier(_, zones) => ix < 64 && zones >> ix & 1 == 1,
            Self::Dock | Self::Tanker | Self::All => true,
        }
    }

    /// True when the call belongs to the group.
    pub const fn has(self, call: &CallFact) -> bool {
        match self {
            Self::Zone(_) | Self::Pier(..) | Self::All => self.has_zone(call.zone),
            Self::Dock => !call.tanker,
            Self::Tanker => call.tanker,
        }
    }
}

/// What looks change one after the other.
#[derive(Clone, Debug, Default)]
pub struct SiteState {
    /// Open calls and those that ended a short while ago.
    pub live: Vec<Arc<Call>>,
    /// The live calls that count, at berths, as rules count them.
    pub live_facts: Vec<Arc<CallFact>>,
    /// By zone: sum of stays in days, and their number.
    dwell: Vec<(f64, f64)>,
    /// Times that a vessel known to be at a berth was seen in a clear look, and was missed.
    seen_and_missed: (u32, u32),
    /// Episodes, running and lately over.
    pub episodes: Episodes,
    /// Signals of coincidence rules, by rule.
    pub meetings: BTreeMap<usize, Arc<Meeting>>,
    /// What counts and sums of dark calls were last made of, by rule.
    pub summed: BTreeMap<usize, Arc<Summed>>,
    /// Day (UTC, since 1970) on which slowdowns were last judged.
    pub slowdown_day: i64,
    /// True when calls changed in the last look.
    pub calls_changed: bool,
}

/// What a rule sees when it is asked.
pub struct Context<'a> {
    pub plan: &'a SitePlan,
    pub rules: &'a Rules,
    pub facts: &'a mut Facts,
    pub look: &'a SiteLook,
}

impl Context<'_> {
    /// Event time of the look.
    pub const fn now(&self) -> i64 {
        self.look.at()
    }

    /// How severe a rule says that its findings are. Rules are asked by the places that they have in the file, so there is one.
    pub fn severity(&self, rule: usize) -> Severity {
        (self.rules.rules.get(rule)).map_or(Severity::Warning, |rule| rule.severity)
    }

    /// The instant `days` before the look.
    pub fn back(&self, days: f64) -> i64 {
        self.now() - (days * DAY_MS as f64) as i64
    }
}

impl SiteState {
    /// Applies one look.
    pub fn fold(&mut self, context: &mut Context<'_>) {
        context.facts.folds += 1;
        self.episodes.begin_look();
        let rules = context.rules;
        let Facts { zones, edits, .. } = &mut *context.facts;
        let changes = calls::track(&mut self.live, context.look, context.plan, zones, rules, edits);
        self.calls_changed = changes.any;
        self.seen_and_missed.0 += changes.seen_again;
        self.seen_and_missed.1 += changes.missed_between;
        self.dwell.resize(context.plan.zones.len(), (0.0, 0.0));
        if changes.any {
            shift::link(&mut self.live, context);
        }
        let settled = self.settle(context);
        if changes.any || settled {
            self.list_live(context.rules);
        }
        self.evaluate(context);
        self.episodes.end_stale(context.now());
    }

    /// The live calls that count, as rules count them; only those that changed are derived again.
    fn list_live(&mut self, rules: &Rules) {
        self.live_facts.clear();
        for call in &mut self.live {
            if !call.kind.is_berth() || !call.counts(rules) {
                continue;
            }
            let fact = match &call.fact {
                Some(fact) => fact.clone(),
                None => {
                    let fact = Arc::new(CallFact::of(call, rules));
                    Arc::make_mut(call).fact = Some(fact.clone());
                    fact
                }
            };
            self.live_facts.push(fact);
        }
        self.live_facts.sort_by_key(|call| call.first_ms);
    }

    fn evaluate(&mut self, context: &mut Context<'_>) {
        let rules = context.rules;
        let groups = traffic::groups_seen(context);
        for (at, rule) in rules
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.watches(&context.plan.id))
        {
            match &rule.kind {
                RuleKind::Coincidence(keys, signals) => coincide::evaluate(self, context, at, keys, signals),
                RuleKind::Surge(keys) => {
                    surge(self, context, at, keys, &groups);
                    levels::surge(self, context, at, keys);
                }
                RuleKind::Slowdown(keys) => slowdown::slowdown(self, context, at, keys, &groups),
                RuleKind::Shift(keys) => shift::evaluate(self, context, at, keys),
                RuleKind::DarkCount(keys, counts) => dark::count(self, context, at, keys, counts),
                RuleKind::Ledger(keys, shares, entries) => dark::ledger(self, context, at, keys, shares, entries),
                RuleKind::Growth(keys) => growth::growth(self, context, at, keys),
                RuleKind::Voyage(_) => {}
            }
        }
    }

    /// Puts calls that ended long ago among the past ones; closes the stalest where a zone holds too many. True when any was taken away.
    fn settle(&mut self, context: &mut Context<'_>) -> bool {
        let until = context.now() - LIVE_DAYS * DAY_MS;
        let over =
            |call: &Call| (call.departed && call.last_ms <= until) || call.last_ms <= until - LAID_UP_DAYS * DAY_MS;
        let most = OPEN_PER_ZONE_MAX * context.plan.zones.len();
        if self.live.len() <= most && !self.live.iter().any(|call| over(call)) {
            return false;
        }
        let mut kept = Vec::with_capacity(self.live.len());
        for call in self.live.drain(..) {
            if !over(&call) {
                kept.push(call);
            } else if call.kind.is_berth() && call.counts(context.rules) {
                let mut fact = CallFact::of(&call, context.rules);
                fact.settled = Some(context.look.key.clone());
                if let Some((days, calls)) = self.dwell.get_mut(usize::from(call.zone)) {
                    *days += fact.stay_days.min(DWELL_MAX_DAYS);
                    *calls += 1.0;
                }
                context.facts.settle(fact, context.rules);
            }
        }
        if kept.len() > most {
            kept.sort_by_key(|call| std::cmp::Reverse(call.last_ms));
            kept.truncate(most);
        }
        self.live = kept;
        true
    }

    /// Calls first seen in (`from_ms`, `to_ms`], in the order of their first sighting within past and live.
    pub fn calls<'a>(&'a self, facts: &'a Facts, from_ms: i64, to_ms: i64) -> impl Iterator<Item = &'a Arc<CallFact>> {
        let low = after(&facts.past, |call| call.first_ms, from_ms);
        let high = after(&facts.past, |call| call.first_ms, to_ms).max(low);
        let live = self
            .live_facts
            .iter()
            .filter(move |call| call.first_ms > from_ms && call.first_ms <= to_ms);
        facts.past.range(low..high).chain(live)
    }

    /// Of the calls first seen in (`from_ms`, now]: how many were dark, and of how many the radio could be judged.
    pub fn radio(&self, context: &mut Context<'_>, judged: Judged, from_ms: i64) -> (u32, u32) {
        let now = context.now();
        let Facts { tallies, past, .. } = &mut *context.facts;
        let counted = tallies.radio(judged, from_ms, now, past);
        (self.live_facts.iter())
            .filter(|call| call.first_ms > from_ms && call.first_ms <= now && judged.has(call))
            .fold(counted, |(dark, all), call| {
                (dark + u32::from(call.dark), all + u32::from(call.radio))
            })
    }

    /// Share of clear looks that show a vessel which is there: of the moments between first and last sighting of the site's calls.
    pub fn sighting_share(&self) -> f64 {
        let (seen, missed) = (f64::from(self.seen_and_missed.0), f64::from(self.seen_and_missed.1));
        (seen + SIGHTING_PRIOR.0) / (seen + missed + SIGHTING_PRIOR.1)
    }

    /// How far back a clear look of a group reaches, days: a share of the mean dwell time of its calls.
    pub fn dwell_days(&self, group: Group, plan: &SitePlan, rules: &Rules) -> f64 {
        let mut sum = (rules.calls.dwell_days * DWELL_PRIOR_CALLS, DWELL_PRIOR_CALLS);
        for (ix, (days, calls)) in self.dwell.iter().enumerate() {
            let kind = plan.kind(ix as ZoneIx);
            let in_group = match group {
                Group::Zone(zone) => usize::from(zone) == ix,
                Group::Pier(_, zones) => ix < 64 && zones >> ix & 1 == 1,
                Group::Dock => kind == Some(ZoneKind::Berth),
                Group::Tanker => kind == Some(ZoneKind::OilBerth),
                Group::All => true,
            };
            if in_group {
                sum = (sum.0 + days, sum.1 + calls);
            }
        }
        EXPOSURE_SHARE * sum.0 / sum.1
    }
}
