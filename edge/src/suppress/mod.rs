//! Suppression: of the candidates that mean one vessel, the surest stays.
//!
//! Strongest first; a candidate goes when a vessel already kept has its centre within its hull (edge/model/FORMAT.md, "Decoding"): in that vessel's
//! own frame, `|along| < max(min, along * length)` and `|across| < max(min, across * beam)`. Ships side by side, whose centres lie outside
//! each other's hulls, both stay.

use std::collections::HashMap;

use crate::detect::Candidate;

/// When a candidate's centre counts as within a kept hull.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Share of the length, from the centre.
    pub along: f64,
    /// Share of the beam, from the centre.
    pub across: f64,
    /// Least distance in tile pixels.
    pub min_px: f64,
    /// Longest hull in tile pixels: no kept hull reaches further.
    pub length_px_max: f64,
}

impl Default for Overlap {
    fn default() -> Self {
        Self {
            along: 0.45,
            across: 0.55,
            min_px: 1.25,
            length_px_max: 200.0,
        }
    }
}

impl Overlap {
    /// True when `kept` claims the centre of `other`.
    #[must_use]
    pub fn claims(&self, kept: &Candidate, other: &Candidate) -> bool {
        let (sin, cos) = kept.angle_deg.to_radians().sin_cos();
        let (dx, dy) = (other.x - kept.x, other.y - kept.y);
        (dx * cos + dy * sin).abs() < self.min_px.max(self.along * kept.length_px)
            && (dy * cos - dx * sin).abs() < self.min_px.max(self.across * kept.beam_px)
    }

    /// The candidates that stay, strongest first; ties in reading order.
    #[must_use]
    pub fn suppress(&self, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
        candidates.sort_by(|a, b| {
            b.confidence
                .total_cmp(&a.confidence)
                .then(a.y.total_cmp(&b.y))
                .then(a.x.total_cmp(&b.x))
        });
        // Cells as large as a hull reaches: only the nine around a candidate can hold one that claims it.
        let side = (self.length_px_max * self.along.max(self.across))
            .max(self.min_px)
            .max(1.0);
        let cell = |candidate: &Candidate| ((candidate.x / side).floor() as i64, (candidate.y / side).floor() as i64);
        let mut kept: Vec<Candidate> = Vec::new();
        let mut cells: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
        for candidate in candidates {
            let (column, row) = cell(&candidate);
            let is_claimed = (-1..=1)
                .flat_map(|dy| (-1..=1).map(move |dx| (column + dx, row + dy)))
                .filter_map(|place| cells.get(&place))
                .flatten()
                .filter_map(|index| kept.get(*index))
                .any(|stronger| self.claims(stronger, &candidate));
            if !is_claimed {
                cells.entry((column, row)).or_default().push(kept.len());
                kept.push(candidate);
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quaywatch_protocol::contract::look::VesselClass;

    use super::*;

    fn hull(x: f64, y: f64, length_px: f64, beam_px: f64, angle_deg: f64, confidence: f64) -> Candidate {
        Candidate {
            x,
            y,
            length_px,
            beam_px,
            angle_deg,
            confidence,
            class: VesselClass::Vessel,
            position_sd_px: 1.0,
            length_sd_px: 1.0,
            beam_sd_px: 1.0,
            angle_sd_deg: 5.0,
        }
    }

    #[test]
    fn two_peaks_on_one_hull_are_one_vessel() {
        let kept = Overlap::default().suppress(vec![
            hull(10.0, 10.0, 20.0, 4.0, 0.0, 0.6),
            hull(15.0, 10.5, 18.0, 4.0, 0.0, 0.9),
        ]);
        assert_eq!(kept.len(), 1);
        assert!((kept[0].confidence - 0.9).abs() < 1e-9);
    }

    #[test]
    fn ships_side_by_side_both_stay() {
        let side_by_side = vec![
            hull(10.0, 10.0, 20.0, 4.0, 0.0, 0.9),
            hull(10.0, 14.0, 20.0, 4.0, 0.0, 0.8),
        ];
        assert_eq!(Overlap::default().suppress(side_by_side).len(), 2);
    }

    proptest! {
        #[test]
        fn the_cells_change_nothing(hulls in proptest::collection::vec(
            (0.0..300.0_f64, 0.0..300.0_f64, 2.0..80.0_f64, 1.0..12.0_f64, 0.0..180.0_f64, 0.0..1.0_f64), 0..60)) {
            let overlap = Overlap { length_px_max: 80.0, ..Overlap::default() };
            let hulls: Vec<_> = hulls.into_iter().map(|(x, y, l, b, a, c)| hull(x, y, l, b, a, c)).collect();
            let kept = overlap.suppress(hulls.clone());
            let mut sorted = hulls;
            sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.y.total_cmp(&b.y)).then(a.x.total_cmp(&b.x)));
            let mut expected: Vec<Candidate> = Vec::new();
            for candidate in sorted {
                if !expected.iter().any(|stronger| overlap.claims(stronger, &candidate)) {
                    expected.push(candidate);
                }
            }
            prop_assert_eq!(kept, expected);
        }
    }
}
