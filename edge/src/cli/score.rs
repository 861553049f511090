//! Scoring detections against labels, by the rule of edge/model/FORMAT.md ("Matching rule").

use super::labels::{Label, LabelKind, Place};
use crate::{detect::Detection, scene::Grid};

/// The rule, as it is printed with every result.
pub(super) const RULE: &str = "matching: detections strongest first; each takes the nearest free label whose hull rectangle, grown by 12 m on every side, holds its \
centre, provided the distance along the label's axis is at most max(20 m, a third of its length). In an `unsure` box grown by 12 m: ignored. Any other: a false \
alarm. Subsets: labels outside are neutral, and so are the detections that take them; a false alarm belongs to a length subset by its own length, and is berthed within \
60 m of land (green not above near infrared).";

/// Metres by which hull rectangles are grown.
const GROWN_M: f64 = 12.0;
/// Least reach along the axis, metres.
const ALONG_M_MIN: f64 = 20.0;
/// Vessels of this length and more are counted apart, metres.
pub(super) const LONG_M: f64 = 80.0;
/// Rounds of the bootstrap.
const BOOTSTRAP_ROUNDS: u32 = 1_000;

/// A label on the ground.
#[derive(Clone, Copy, Debug)]
struct Hull {
    kind: LabelKind,
    place: Option<Place>,
    length_m: f64,
    beam_m: f64,
    x: f64,
    y: f64,
    /// Metres per pixel along rows and columns.
    gsd_m: (f64, f64),
    /// Unit axis in metres.
    axis: (f64, f64),
}

impl Hull {
    fn new(label: &Label, grid: &Grid, fallback_m: f64) -> Self {
        let gsd_m = grid.gsd_m(label.x, label.y).unwrap_or((fallback_m, fallback_m));
        let (sin, cos) = label.angle_deg.to_radians().sin_cos();
        let along = (cos * gsd_m.0, sin * gsd_m.1);
        let across = (sin * gsd_m.0).hypot(cos * gsd_m.1);
        let scale = along.0.hypot(along.1);
        Self {
            kind: label.kind,
            place: label.place,
            length_m: label.length_px * scale,
            beam_m: label.beam_px * across,
            x: label.x,
            y: label.y,
            gsd_m,
            axis: (along.0 / scale, along.1 / scale),
        }
    }

    /// Metres along and across the axis from the hull's centre to a pixel position.
    fn frame(&self, px: f64, py: f64) -> (f64, f64) {
        let (dx, dy) = ((px - self.x) * self.gsd_m.0, (py - self.y) * self.gsd_m.1);
        (dx * self.axis.0 + dy * self.axis.1, dy * self.axis.0 - dx * self.axis.1)
    }

    fn holds(&self, px: f64, py: f64) -> bool {
        let (along, across) = self.frame(px, py);
        along.abs() <= self.length_m / 2.0 + GROWN_M && across.abs() <= self.beam_m / 2.0 + GROWN_M
    }
}

/// What became of a detection or a label.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// A label that a detection took; the ratio of the lengths is detected over labelled.
    Hit {
        kind: LabelKind,
        place: Option<Place>,
        length_m: f64,
        length_ratio: f64,
    },
    /// A label that none took.
    Miss {
        kind: LabelKind,
        place: Option<Place>,
        length_m: f64,
    },
    /// A detection without a label.
    False { length_m: f64, near_land: Option<bool> },
}

/// Outcomes of one scene or of several together.
#[derive(Clone, Debug, Default)]
pub(super) struct Score {
    outcomes: Vec<Outcome>,
}

/// A part of the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subset {
    All,
    Ships,
    Long,
    Open,
    Berthed,
    BerthedLong,
}

impl Subset {
    pub(super) const ALL: [Self; 6] = [
        Self::All,
        Self::Ships,
        Self::Long,
        Self::Open,
        Self::Berthed,
        Self::BerthedLong,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::All => "all vessels",
            Self::Ships => "ships",
            Self::Long => "80 m and more",
            Self::Open => "open water",
            Self::Berthed => "berthed",
            Self::BerthedLong => "berthed, 80 m+",
        }
    }

    fn takes(self, kind: LabelKind, place: Option<Place>, length_m: f64) -> bool {
        match self {
            Self::All => true,
            Self::Ships => kind == LabelKind::Ship,
            Self::Long => length_m >= LONG_M,
            Self::Open => place == Some(Place::Open),
            Self::Berthed => place == Some(Place::Berth),
            Self::BerthedLong => place == Some(Place::Berth) && length_m >= LONG_M,
        }
    }

    fn takes_false(self, length_m: f64, near_land: Option<bool>) -> bool {
        match self {
            Self::All | Self::Ships => true,
            Self::Long => length_m >= LONG_M,
            // Where no land mask exists, a false alarm counts in both.
            Self::Open => near_land != Some(true),
            Self::Berthed => near_land != Some(false),
            Self::BerthedLong => near_land != Some(false) && length_m >= LONG_M,
        }
    }
}

/// Counts and rates of a subset.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub hits: usize,
    pub misses: usize,
    pub falses: usize,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    /// 95 % bootstrap interval of F1, over outcomes.
    pub f1_low: f64,
    pub f1_high: f64,
    /// Median absolute relative error of the length of the hits.
    pub length_error: f64,
}

/// Matches a scene's detections (surest first) with its labels.
pub(super) fn score(
    vessels: &[Detection],
    labels: &[Label],
    grid: &Grid,
    fallback_m: f64,
    near_land: impl Fn(&Detection) -> Option<bool>,
) -> Score {
    let hulls: Vec<Hull> = labels.iter().map(|label| Hull::new(label, grid, fallback_m)).collect();
    let mut taken: Vec<Option<f64>> = vec![None; hulls.len()];
    let mut outcomes = Vec::new();
    for vessel in vessels {
        let nearest = hulls
            .iter()
            .enumerate()
            .filter(|(index, hull)| {
                hull.kind != LabelKind::Unsure && taken.get(*index) == Some(&None) && hull.holds(vessel.px, vessel.py)
            })
            .map(|(index, hull)| (index, hull, hull.frame(vessel.px, vessel.py)))
            .filter(|(_, hull, (along, _))| along.abs() <= ALONG_M_MIN.max(hull.length_m / 3.0))
            .min_by(|a, b| a.2.0.hypot(a.2.1).total_cmp(&b.2.0.hypot(b.2.1)));
        if let Some((index, hull, _)) = nearest {
            if let Some(slot) = taken.get_mut(index) {
                *slot = Some(vessel.length_m / hull.length_m);
            }
        } else if !hulls
            .iter()
            .any(|hull| hull.kind == LabelKind::Unsure && hull.holds(vessel.px, vessel.py))
        {
            outcomes.push(Outcome::False {
                length_m: vessel.length_m,
                near_land: near_land(vessel),
            });
        }
    }
    for (hull, taken) in hulls
        .iter()
        .zip(taken)
        .filter(|(hull, _)| hull.kind != LabelKind::Unsure)
    {
        let Hull {
            kind, place, length_m, ..
        } = *hull;
        outcomes.push(match taken {
            Some(length_ratio) => Outcome::Hit {
                kind,
                place,
                length_m,
                length_ratio,
            },
            None => Outcome::Miss { kind, place, length_m },
        });
    }
    Score { outcomes }
}

impl Score {
    /// Adds another scene's outcomes.
    pub(super) fn add(&mut self, other: &Self) {
        self.outcomes.extend_from_slice(&other.outcomes);
    }

    /// Rates of a subset.
    pub(super) fn rates(&self, subset: Subset) -> Rates {
        let inside: Vec<Outcome> = self
            .outcomes
            .iter()
            .copied()
            .filter(|outcome| match *outcome {
                Outcome::Hit {
                    kind, place, length_m, ..
                }
                | Outcome::Miss { kind, place, length_m } => subset.takes(kind, place, length_m),
                Outcome::False { length_m, near_land } => subset.takes_false(length_m, near_land),
            })
            .collect();
        let mut rates = count(inside.iter());
        let mut errors: Vec<f64> = inside
            .iter()
            .filter_map(|outcome| match outcome {
                Outcome::Hit { length_ratio, .. } => Some((length_ratio - 1.0).abs()),
                _ => None,
            })
            .collect();
        errors.sort_by(f64::total_cmp);
        rates.length_error = errors.get(errors.len() / 2).copied().unwrap_or(f64::NAN);
        (rates.f1_low, rates.f1_high) = interval(&inside);
        rates
    }
}

fn count<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Rates {
    let mut rates = Rates::default();
    for outcome in outcomes {
        match outcome {
            Outcome::Hit { .. } => rates.hits += 1,
            Outcome::Miss { .. } => rates.misses += 1,
            Outcome::False { .. } => rates.falses += 1,
        }
    }
    let share = |part: usize, rest: usize| {
        if part + rest == 0 {
            f64::NAN
        } else {
            part as f64 / (part + rest) as f64
        }
    };
    rates.precision = share(rates.hits, rates.falses);
    rates.recall = share(rates.hits, rates.misses);
    rates.f1 = share(2 * rates.hits, rates.misses + rates.falses);
    rates
}

/// 2.5th and 97.5th percentile of F1 over resampled outcomes, from a fixed stream of numbers.
fn interval(outcomes: &[Outcome]) -> (f64, f64) {
    if outcomes.is_empty() {
        return (f64::NAN, f64::NAN);
    }
    let mut state = 0x5eed_u64;
    let mut next = || {
        // SplitMix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    };
    let mut rounds: Vec<f64> = (0..BOOTSTRAP_ROUNDS)
        .map(|_| {
            let drawn: Vec<&Outcome> = (0..outcomes.len())
                .filter_map(|_| outcomes.get((next() % outcomes.len() as u64) as usize))
                .collect();
            count(drawn.into_iter()).f1
        })
        .filter(|f1| f1.is_finite())
        .collect();
    rounds.sort_by(f64::total_cmp);
    let at = |share: f64| {
        rounds
            .get((share * rounds.len().saturating_sub(1) as f64).round() as usize)
            .copied()
            .unwrap_or(f64::NAN)
    };
    (at(0.025), at(0.975))
}

#[cfg(test)]
mod tests {
    use quaywatch_protocol::contract::look::VesselClass;

    use super::*;

    fn label(x: f64, y: f64, kind: LabelKind, place: Place) -> Label {
        Label {
            x,
            y,
            length_px: 12.0,
            beam_px: 2.0,
            angle_deg: 0.0,
            kind,
            place: Some(place),
        }
    }

    fn vessel(px: f64, py: f64, length_m: f64, confidence: f64) -> Detection {
        Detection {
            px,
            py,
            lonlat: None,
            length_m,
            beam_m: 20.0,
            heading_deg: 90.0,
            confidence,
            class: VesselClass::Vessel,
            position_sd_m: 0.0,
            length_sd_m: 0.0,
            beam_sd_m: 0.0,
            heading_sd_deg: 0.0,
            ends_px: [(px, py), (px, py)],
            beam_px: 1.0,
        }
    }

    fn scored(vessels: &[Detection], labels: &[Label]) -> Score {
        score(vessels, labels, &Grid::unreferenced(100, 100, Some(10.0)), 10.0, |_| {
            Some(false)
        })
    }

    #[test]
    fn a_ship_alongside_another_does_not_count_for_it() {
        // 120 m long, 20 m wide: 22 m to the side is out, 22 m along is in.
        let labels = [label(50.0, 50.0, LabelKind::Ship, Place::Berth)];
        assert_eq!(
            scored(&[vessel(50.0, 52.3, 100.0, 0.9)], &labels)
                .rates(Subset::All)
                .hits,
            0
        );
        let rates = scored(&[vessel(52.2, 50.0, 100.0, 0.9)], &labels).rates(Subset::All);
        assert_eq!((rates.hits, rates.misses, rates.falses), (1, 0, 0));
        assert!((rates.length_error - (1.0 - 100.0 / 120.0)).abs() < 1e-9);
    }

    #[test]
    fn a_label_counts_once_and_the_second_detection_is_false() {
        let labels = [label(50.0, 50.0, LabelKind::Ship, Place::Open)];
        let rates = scored(
            &[vessel(50.0, 50.0, 120.0, 0.9), vessel(51.0, 50.0, 120.0, 0.5)],
            &labels,
        )
        .rates(Subset::All);
        assert_eq!((rates.hits, rates.misses, rates.falses), (1, 0, 1));
        assert!((rates.f1 - 2.0 / 3.0).abs() < 1e-9 && rates.f1_low <= rates.f1 && rates.f1 <= rates.f1_high);
    }

    #[test]
    fn unsure_boxes_ignore_and_other_subsets_are_neutral() {
        let labels = [
            label(50.0, 50.0, LabelKind::Unsure, Place::Berth),
            label(20.0, 20.0, LabelKind::Boat, Place::Berth),
        ];
        let score = scored(
            &[vessel(50.0, 50.0, 120.0, 0.9), vessel(20.0, 20.0, 120.0, 0.9)],
            &labels,
        );
        assert_eq!((score.rates(Subset::All).hits, score.rates(Subset::All).falses), (1, 0));
        let ships = score.rates(Subset::Ships);
        assert_eq!((ships.hits, ships.misses, ships.falses), (0, 0, 0));
        assert!(ships.f1.is_nan());
    }
}
