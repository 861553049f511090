//! Matching detections with labels, by the rule of edge/model/FORMAT.md ("Matching rule"). What the matches come to is in [`super::rates`].

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
pub(super) enum Outcome {
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

/// What became of all detections and labels of one scene.
#[derive(Clone, Debug, Default)]
pub(super) struct Score {
    pub outcomes: Vec<Outcome>,
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

#[cfg(test)]
mod tests {
    use quaywatch_protocol::contract::look::VesselClass;

    use super::*;
    use crate::cli::rates::{Rates, Subset, rates};

    fn of(score: &Score, subset: Subset) -> Rates {
        rates(std::slice::from_ref(score), subset)
    }

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
            of(&scored(&[vessel(50.0, 52.3, 100.0, 0.9)], &labels), Subset::All).hits,
            0
        );
        let rates = of(&scored(&[vessel(52.2, 50.0, 100.0, 0.9)], &labels), Subset::All);
        assert_eq!((rates.hits, rates.misses, rates.falses), (1, 0, 0));
        assert!((rates.length_error - (1.0 - 100.0 / 120.0)).abs() < 1e-9);
    }

    #[test]
    fn a_label_counts_once_and_the_second_detection_is_false() {
        let labels = [label(50.0, 50.0, LabelKind::Ship, Place::Open)];
        let score = scored(
            &[vessel(50.0, 50.0, 120.0, 0.9), vessel(51.0, 50.0, 120.0, 0.5)],
            &labels,
        );
        let rates = of(&score, Subset::All);
        assert_eq!((rates.hits, rates.misses, rates.falses), (1, 0, 1));
        assert!(
            (rates.f1.value - 2.0 / 3.0).abs() < 1e-9
                && rates.f1.low <= rates.f1.value
                && rates.f1.value <= rates.f1.high
        );
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
        let all = of(&score, Subset::All);
        assert_eq!((all.hits, all.falses), (1, 0));
        let ships = of(&score, Subset::Ships);
        assert_eq!((ships.hits, ships.misses, ships.falses), (0, 0, 0));
        assert!(ships.f1.value.is_nan());
    }
}
