//! What matches come to: precision, recall and F1 of a part of the labels, with intervals.
//!
//! Intervals are 95 % percentile bootstraps from a fixed stream of numbers. Over several scenes whole scenes are drawn, because vessels of one scene share
//! its light, haze and quays and are not independent; within one scene single labels and false alarms are drawn, and the interval says how few
//! they are, not how other scenes would differ.

use super::{
    labels::{LabelKind, Place},
    score::{Outcome, Score},
};

/// Rounds of the bootstrap.
const BOOTSTRAP_ROUNDS: usize = 1_000;
/// Bounds of the length subsets, metres.
const LENGTHS_M: [f64; 4] = [0.0, 80.0, 150.0, f64::INFINITY];

/// A part of the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subset {
    All,
    Ships,
    Long,
    Open,
    Berthed,
    OpenLong,
    BerthedLong,
    Short,
    Middle,
    Longest,
}

impl Subset {
    pub(super) const ALL: [Self; 10] = [
        Self::All,
        Self::Ships,
        Self::Long,
        Self::Open,
        Self::Berthed,
        Self::OpenLong,
        Self::BerthedLong,
        Self::Short,
        Self::Middle,
        Self::Longest,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::All => "all vessels",
            Self::Ships => "ships",
            Self::Long => "80 m and more",
            Self::Open => "open water",
            Self::Berthed => "berthed",
            Self::OpenLong => "open, 80 m+",
            Self::BerthedLong => "berthed, 80 m+",
            Self::Short => "under 80 m",
            Self::Middle => "80 to 150 m",
            Self::Longest => "150 m and more",
        }
    }

    fn has_length(self, length_m: f64) -> bool {
        let [least, long, longest, most] = LENGTHS_M;
        let (from, to) = match self {
            Self::All | Self::Ships | Self::Open | Self::Berthed => (least, most),
            Self::Long | Self::OpenLong | Self::BerthedLong => (long, most),
            Self::Short => (least, long),
            Self::Middle => (long, longest),
            Self::Longest => (longest, most),
        };
        (from..to).contains(&length_m)
    }

    const fn place(self) -> Option<Place> {
        match self {
            Self::Open | Self::OpenLong => Some(Place::Open),
            Self::Berthed | Self::BerthedLong => Some(Place::Berth),
            _ => None,
        }
    }

    fn takes(self, outcome: &Outcome) -> bool {
        match *outcome {
            Outcome::Hit {
                kind, place, length_m, ..
            }
            | Outcome::Miss { kind, place, length_m } => {
                self.has_length(length_m)
                    && (self != Self::Ships || kind == LabelKind::Ship)
                    && self.place().is_none_or(|wanted| place == Some(wanted))
            }
            // Where no land mask exists, a false alarm counts in both.
            Outcome::False { length_m, near_land } => {
                self.has_length(length_m)
                    && match self.place() {
                        None => true,
                        Some(Place::Open) => near_land != Some(true),
                        Some(Place::Berth) => near_land != Some(false),
                    }
            }
        }
    }
}

/// A rate with its interval; not a number where there is nothing to count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// Counts and rates of a subset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub hits: usize,
    pub misses: usize,
    pub falses: usize,
    pub precision: Rate,
    pub recall: Rate,
    pub f1: Rate,
    /// Median absolute relative error of the length of the hits.
    pub length_error: f64,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    hits: usize,
    misses: usize,
    falses: usize,
}

impl Counts {
    fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        outcomes.into_iter().fold(Self::default(), |mut counts, outcome| {
            match outcome {
                Outcome::Hit { .. } => counts.hits += 1,
                Outcome::Miss { .. } => counts.misses += 1,
                Outcome::False { .. } => counts.falses += 1,
            }
            counts
        })
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            misses: self.misses + other.misses,
            falses: self.falses + other.falses,
        }
    }

    /// Precision, recall, F1.
    fn rates(self) -> [f64; 3] {
        let share = |part: usize, rest: usize| match part + rest {
            0 => f64::NAN,
            whole => part as f64 / whole as f64,
        };
        [
            share(self.hits, self.falses),
            share(self.hits, self.misses),
            share(2 * self.hits, self.misses + self.falses),
        ]
    }
}

/// Rates of a subset of one scene, or of several pooled.
pub(super) fn rates(scenes: &[Score], subset: Subset) -> Rates {
    let inside = |score: &Score| -> Vec<Outcome> {
        let taken = score.outcomes.iter().filter(|outcome| subset.takes(outcome));
        taken.copied().collect()
    };
    let scenes: Vec<Vec<Outcome>> = scenes.iter().map(inside).collect();
    // What is drawn: single outcomes of one scene, whole scenes of several.
    let parts: Vec<Counts> = match scenes.as_slice() {
        [one] => one.iter().map(|outcome| Counts::of([outcome])).collect(),
        several => several.iter().map(Counts::of).collect(),
    };
    let all = parts.iter().fold(Counts::default(), Counts::plus);
    let [precision, recall, f1] = intervals(&parts, all.rates());
    let mut errors: Vec<f64> = scenes
        .iter()
        .flatten()
        .filter_map(|outcome| match outcome {
            Outcome::Hit { length_ratio, .. } => Some((length_ratio - 1.0).abs()),
            _ => None,
        })
        .collect();
    errors.sort_by(f64::total_cmp);
    Rates {
        hits: all.hits,
        misses: all.misses,
        falses: all.falses,
        precision,
        recall,
        f1,
        length_error: errors.get(errors.len() / 2).copied().unwrap_or(f64::NAN),
    }
}

/// 2.5th and 97.5th percentile of each rate over resampled parts.
fn intervals(parts: &[Counts], values: [f64; 3]) -> [Rate; 3] {
    let mut state = 0x5eed_u64;
    let mut next = || {
        // SplitMix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    };
    let rounds: Vec<[f64; 3]> = (0..BOOTSTRAP_ROUNDS)
        .map(|_| {
            let drawn = (0..parts.len()).filter_map(|_| parts.get((next() % parts.len() as u64) as usize));
            drawn.fold(Counts::default(), Counts::plus).rates()
        })
        .collect();
    std::array::from_fn(|which| {
        let mut sorted: Vec<f64> = rounds
            .iter()
            .filter_map(|round| round.get(which).copied())
            .filter(|rate| rate.is_finite())
            .collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
            sorted.get(place).copied().unwrap_or(f64::NAN)
        };
        Rate {
            value: values.get(which).copied().unwrap_or(f64::NAN),
            low: at(0.025),
            high: at(0.975),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(hits: usize, misses: usize, falses: usize) -> Score {
        let hit = Outcome::Hit {
            kind: LabelKind::Ship,
            place: Some(Place::Open),
            length_m: 100.0,
            length_ratio: 1.0,
        };
        let miss = Outcome::Miss {
            kind: LabelKind::Ship,
            place: Some(Place::Open),
            length_m: 100.0,
        };
        let alarm = Outcome::False {
            length_m: 100.0,
            near_land: Some(false),
        };
        Score {
            outcomes: [vec![hit; hits], vec![miss; misses], vec![alarm; falses]].concat(),
        }
    }

    #[test]
    fn scenes_that_differ_widen_the_pooled_interval() {
        let alike: Vec<Score> = (0..10).map(|_| scene(8, 2, 2)).collect();
        let apart: Vec<Score> = (0..10)
            .map(|index| {
                if index % 2 == 0 {
                    scene(16, 0, 0)
                } else {
                    scene(0, 4, 4)
                }
            })
            .collect();
        let (alike, apart) = (rates(&alike, Subset::All), rates(&apart, Subset::All));
        assert!((alike.f1.value - apart.f1.value).abs() < 1e-9);
        assert!(alike.f1.high - alike.f1.low < 1e-9, "{alike:?}");
        assert!(apart.f1.high - apart.f1.low > 0.2, "{apart:?}");
    }

    #[test]
    fn every_length_belongs_to_one_length_subset() {
        for length_m in [5.0, 79.9, 80.0, 149.9, 150.0, 400.0] {
            let outcome = Outcome::False {
                length_m,
                near_land: None,
            };
            let taken = [Subset::Short, Subset::Middle, Subset::Longest]
                .iter()
                .filter(|subset| subset.takes(&outcome))
                .count();
            assert_eq!(taken, 1, "{length_m}");
        }
    }

    #[test]
    fn a_subset_with_nothing_in_it_has_no_rates() {
        let empty = rates(&[scene(3, 0, 0)], Subset::Berthed);
        assert!(empty.f1.value.is_nan() && empty.f1.low.is_nan() && empty.hits == 0);
    }
}
