//! Calls that are over, counted in advance: how many of a kind began between two instants, and how regularly.
//!
//! A baseline reaches back over years. It is asked for at every look, so the calls in it are not counted again each time: each kind keeps its calls in
//! the order of their first sighting with running sums, and a baseline is two searches. Sums are whole numbers (milliseconds), so
//! they are the same in whatever order the calls came.

use std::{collections::VecDeque, sync::Arc};

use quaywatch_protocol::contract::time::DAY_MS;

use super::{
    exposure::after,
    site::{CallFact, Group},
};
use crate::rules::Rules;

/// A call that is sure to have happened: seen twice, or once and clearly.
const SURE_EXISTENCE: f64 = 0.9;

/// Which calls of a group are counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Counted {
    /// Hulls that traffic is counted by: what looks like a shorter one is often a roof or a pier.
    Traffic,
    /// All.
    All,
    /// The dark ones.
    Dark,
    /// The dark ones that surely happened.
    SureDark,
    /// The dark ones of this length and more, metres.
    LongDark(f64),
}

impl Counted {
    /// True when the call is counted.
    pub fn has(self, call: &CallFact, rules: &Rules) -> bool {
        match self {
            Self::Traffic => call.length.0 >= rules.calls.traffic_size_min_m,
            Self::All => true,
            Self::Dark => call.dark,
            Self::SureDark => call.dark && call.existence >= SURE_EXISTENCE,
            Self::LongDark(length_m) => call.dark && call.length.0 >= length_m,
        }
    }

    /// The tally that holds these calls, and others maybe.
    const fn kept_as(self) -> Self {
        match self {
            Self::LongDark(_) => Self::Dark,
            other => other,
        }
    }
}

/// Gaps between calls, for their regularity.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gaps {
    /// Calls.
    pub calls: u32,
    last_ms: Option<i64>,
    gaps: u32,
    sum_ms: i64,
    squares_ms2: i128,
}

impl Gaps {
    /// Adds the next call.
    pub fn add(&mut self, at_ms: i64) {
        if let Some(last) = self.last_ms {
            let gap = (at_ms - last).max(0);
            self.gaps += 1;
            self.sum_ms += gap;
            self.squares_ms2 += i128::from(gap) * i128::from(gap);
        }
        self.last_ms = Some(self.last_ms.map_or(at_ms, |last| last.max(at_ms)));
        self.calls += 1;
    }

    /// Number, mean and mean square of the gaps, days.
    pub fn moments(&self) -> (f64, f64, f64) {
        let (gaps, day) = (f64::from(self.gaps), DAY_MS as f64);
        let most = gaps.max(1.0);
        (
            gaps,
            self.sum_ms as f64 / day / most,
            self.squares_ms2 as f64 / (day * day) / most,
        )
    }
}

/// One call, with the sums up to it.
#[derive(Clone, Copy, Debug)]
struct Entry {
    first_ms: i64,
    length_m: f64,
    sum_ms: i64,
    squares_ms2: i128,
}

/// Calls of one group and kind.
#[derive(Clone, Debug)]
struct Tally {
    group: Group,
    counted: Counted,
    entries: VecDeque<Entry>,
}

impl Tally {
    fn push(&mut self, call: &CallFact) {
        let before = self.entries.back().copied();
        let gap = before.map_or(0, |before| call.first_ms - before.first_ms);
        self.entries.push_back(Entry {
            first_ms: call.first_ms,
            length_m: call.length.0,
            sum_ms: before.map_or(0, |before| before.sum_ms) + gap,
            squares_ms2: before.map_or(0, |before| before.squares_ms2) + i128::from(gap) * i128::from(gap),
        });
    }

    fn gaps(&self, counted: Counted, from_ms: i64, to_ms: i64) -> Gaps {
        let low = after(&self.entries, |entry| entry.first_ms, from_ms);
        let high = after(&self.entries, |entry| entry.first_ms, to_ms).max(low);
        if let Counted::LongDark(length_m) = counted {
            let mut gaps = Gaps::default();
            for entry in self.entries.range(low..high).filter(|entry| entry.length_m >= length_m) {
                gaps.add(entry.first_ms);
            }
            return gaps;
        }
        let ends = self
            .entries
            .get(low)
            .zip(high.checked_sub(1).and_then(|at| self.entries.get(at)));
        let Some((first, last)) = ends.filter(|_| high > low) else {
            return Gaps::default();
        };
        Gaps {
            calls: (high - low) as u32,
            last_ms: Some(last.first_ms),
            gaps: (high - low - 1) as u32,
            sum_ms: last.sum_ms - first.sum_ms,
            squares_ms2: last.squares_ms2 - first.squares_ms2,
        }
    }
}

/// Which calls are judged by their radio: all or those of tankers, of this length and more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Only tankers' calls.
    pub tankers: bool,
    /// Least length, metres.
    pub size_min_m: f64,
}

impl Judged {
    /// True when the call is among them.
    pub fn has(self, call: &CallFact) -> bool {
        call.length.0 >= self.size_min_m && (call.tanker || !self.tankers)
    }
}

/// Calls that are over and were dark, and those whose radio could be judged.
#[derive(Clone, Debug)]
struct Radio {
    judged: Judged,
    /// First sighting, and how many were dark and how many judged before it.
    entries: VecDeque<(i64, (u32, u32))>,
    /// How many with the last.
    all: (u32, u32),
}

impl Radio {
    fn push(&mut self, call: &CallFact) {
        self.entries.push_back((call.first_ms, self.all));
        self.all.0 += u32::from(call.dark);
        self.all.1 += u32::from(call.radio);
    }

    fn drop_from(&mut self, from_ms: i64) {
        while let Some((first_ms, before)) = self.entries.back().copied()
            && first_ms >= from_ms
        {
            self.all = before;
            self.entries.pop_back();
        }
    }

    /// How many began at or before an instant, of those that are kept and all before them.
    fn until(&self, at_ms: i64) -> (u32, u32) {
        let next = self.entries.get(after(&self.entries, |entry| entry.0, at_ms));
        next.map_or(self.all, |(_, before)| *before)
    }
}

/// All tallies of a site.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    calls: Vec<Tally>,
    /// Made when a rule first asks.
    radios: Vec<Radio>,
}

impl Tallies {
    /// Tallies of what rules ask for: traffic at each berth, pier and all of them; calls of all marks at docks and oil berths.
    pub fn new(traffic: impl Iterator<Item = Group>) -> Self {
        let traffic = traffic.map(|group| (group, Counted::Traffic));
        let signals = [Group::Dock, Group::Tanker]
            .into_iter()
            .flat_map(|group| [Counted::All, Counted::Dark, Counted::SureDark].map(|counted| (group, counted)));
        let empty = |(group, counted)| Tally {
            group,
            counted,
            entries: VecDeque::new(),
        };
        Self {
            calls: traffic.chain(signals).map(empty).collect(),
            radios: Vec::new(),
        }
    }

    /// Counts again from an instant on; `past` are all calls that are over, by their first sighting.
    pub fn count_from(&mut self, from_ms: i64, past: &VecDeque<Arc<CallFact>>, rules: &Rules) {
        let place = after(past, |call| call.first_ms, from_ms.saturating_sub(1));
        for radio in &mut self.radios {
            radio.drop_from(from_ms);
            let judged = radio.judged;
            for call in past.range(place..).filter(|call| judged.has(call)) {
                radio.push(call);
            }
        }
        for tally in &mut self.calls {
            while tally.entries.back().is_some_and(|entry| entry.first_ms >= from_ms) {
                tally.entries.pop_back();
            }
            for call in past.range(place..) {
                if tally.group.has(call) && tally.counted.has(call, rules) {
                    tally.push(call);
                }
            }
        }
    }

    /// The calls that are over and began in (`from_ms`, `to_ms`].
    pub fn gaps(&self, group: Group, counted: Counted, from_ms: i64, to_ms: i64) -> Gaps {
        (self.calls.iter())
            .find(|tally| tally.group == group && tally.counted == counted.kept_as())
            .map_or_else(Gaps::default, |tally| tally.gaps(counted, from_ms, to_ms))
    }

    /// Of the calls that are over and began in (`from_ms`, `to_ms`]: how many were dark, and of how many the radio could be judged.
    pub fn radio(&mut self, judged: Judged, from_ms: i64, to_ms: i64, past: &VecDeque<Arc<CallFact>>) -> (u32, u32) {
        let known = self.radios.iter().position(|radio| radio.judged == judged);
        let at = known.unwrap_or_else(|| {
            let (entries, all) = (VecDeque::new(), (0, 0));
            let mut radio = Radio { judged, entries, all };
            for call in past.iter().filter(|call| judged.has(call)) {
                radio.push(call);
            }
            self.radios.push(radio);
            self.radios.len() - 1
        });
        let Some(radio) = self.radios.get(at) else {
            return (0, 0);
        };
        let (low, high) = (radio.until(from_ms), radio.until(to_ms));
        (high.0.saturating_sub(low.0), high.1.saturating_sub(low.1))
    }

    /// Forgets calls that began at or before `until_ms`.
    pub fn forget(&mut self, until_ms: i64) {
        for radio in &mut self.radios {
            while radio.entries.front().is_some_and(|(first_ms, _)| *first_ms <= until_ms) {
                radio.entries.pop_front();
            }
        }
        for tally in &mut self.calls {
            while tally.entries.front().is_some_and(|entry| entry.first_ms <= until_ms) {
                tally.entries.pop_front();
            }
        }
    }
}
