//! Which transmission is which hull: one to one, the best assignment overall.
//!
//! A transmission may be a hull when it lies within the gate: three standard errors of both positions, at least
//! [`GATE_MIN_M`] and at most [`GATE_MAX_M`]. The cost of a pair is its squared distance in standard errors, plus the squared difference of
//! lengths; leaving a hull unpaired costs [`UNPAIRED_COST`]. The assignment of least total cost is found by the Hungarian method (shortest augmenting
//! paths, Jonker and Volgenant 1987).

use super::locate::Located;
use crate::look::SeenVessel;

/// Widest gate, metres: beyond it a match would be a guess.
pub const GATE_MAX_M: f64 = 1_500.0;
/// Narrowest gate, metres: a scene's georeference and a hull's middle err by tens of metres.
pub const GATE_MIN_M: f64 = 150.0;
/// Cost of a hull without a transmission.
const UNPAIRED_COST: f64 = 16.0;
/// Standard error of a scene's georeference, metres.
const SCENE_SD_M: f64 = 12.0;
/// Largest cost that a difference of lengths adds: transponders carry wrong lengths.
const LENGTH_COST_MAX: f64 = 8.0;
/// Standard error of a transmitted length, as a share: typing errors aside, rounding and bulbous bows.
const LENGTH_SHARE: f64 = 0.04;

/// A transmission at the time of acquisition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Identity.
    pub mmsi: u32,
    /// Where it was.
    pub located: Located,
    /// Length it announces, metres.
    pub length_m: Option<f64>,
}

/// For each hull the position of its transmission among the candidates.
#[must_use]
pub fn pair(vessels: &[SeenVessel], candidates: &[Candidate]) -> Vec<Option<usize>> {
    let costs: Vec<Vec<f64>> = vessels
        .iter()
        .map(|vessel| candidates.iter().map(|candidate| cost(vessel, candidate)).collect())
        .collect();
    assign(&costs, candidates.len())
}

/// Widest distance at which the two may be one, metres.
#[must_use]
pub fn gate_m(vessel: &SeenVessel, located: &Located) -> f64 {
    (3.0 * sd_m(vessel, located)).clamp(GATE_MIN_M, GATE_MAX_M)
}

/// Metres between a hull and a transmission.
#[must_use]
pub fn apart_m(vessel: &SeenVessel, located: &Located) -> f64 {
    super::tracks::apart_m((vessel.lon, vessel.lat), located.lonlat)
}

fn sd_m(vessel: &SeenVessel, located: &Located) -> f64 {
    located.sd_m.hypot(vessel.position_sd_m).hypot(SCENE_SD_M)
}

fn cost(vessel: &SeenVessel, candidate: &Candidate) -> f64 {
    let away_m = apart_m(vessel, &candidate.located);
    if away_m > gate_m(vessel, &candidate.located) {
        return f64::INFINITY;
    }
    let by_place = (away_m / sd_m(vessel, &candidate.located)).powi(2);
    let by_length = candidate.length_m.map_or(1.0, |length_m| {
        let sd_m = vessel.length_sd_m.max(1.0).hypot(LENGTH_SHARE * length_m);
        ((length_m - vessel.length_m) / sd_m).powi(2).min(LENGTH_COST_MAX)
    });
    by_place.min(UNPAIRED_COST - LENGTH_COST_MAX - 0.5) + by_length
}

/// The assignment of rows to columns of least cost, where each row may also stay alone.
fn assign(costs: &[Vec<f64>], columns: usize) -> Vec<Option<usize>> {
    let rows = costs.len();
    // Each row has a column of its own for staying alone, so every row finds a place.
    let width = columns + rows;
    let cost = |row: usize, column: usize| -> f64 {
        if column < columns {
            costs
                .get(row)
                .and_then(|row| row.get(column))
                .copied()
                .unwrap_or(f64::INFINITY)
        } else if column - columns == row {
            UNPAIRED_COST
        } else {
            f64::INFINITY
        }
    };
    // Potentials and matches, counted from 1; 0 is the start.
    let mut row_potential = vec![0.0; rows + 1];
    let mut column_potential = vec![0.0; width + 1];
    let mut row_of = vec![0_usize; width + 1];
    let get = |list: &[f64], index: usize| list.get(index).copied().unwrap_or(0.0);
    for row in 1..=rows {
        let mut came_from = vec![0_usize; width + 1];
        let mut least = vec![f64::INFINITY; width + 1];
        let mut used = vec![false; width + 1];
        let mut column = 0;
        set(&mut row_of, 0, row);
        loop {
            set(&mut used, column, true);
            let here = row_of.get(column).copied().unwrap_or(0);
            let (mut step, mut next) = (f64::INFINITY, 0);
            for other in 1..=width {
                if used.get(other).copied().unwrap_or(true) {
                    continue;
                }
                let reduced = cost(here - 1, other - 1) - get(&row_potential, here) - get(&column_potential, other);
                if reduced < get(&least, other) {
                    set(&mut least, other, reduced);
                    set(&mut came_from, other, column);
                }
                if get(&least, other) < step {
                    step = get(&least, other);
                    next = other;
                }
            }
            if next == 0 {
                break;
            }
            for other in 0..=width {
                if used.get(other).copied().unwrap_or(false) {
                    let owner = row_of.get(other).copied().unwrap_or(0);
                    let raised = get(&row_potential, owner) + step;
                    set(&mut row_potential, owner, raised);
                    let lowered = get(&column_potential, other) - step;
                    set(&mut column_potential, other, lowered);
                } else {
                    let nearer = get(&least, other) - step;
                    set(&mut least, other, nearer);
                }
            }
            column = next;
            if row_of.get(column).copied().unwrap_or(0) == 0 {
                break;
            }
        }
        while column != 0 {
            let from = came_from.get(column).copied().unwrap_or(0);
            let owner = row_of.get(from).copied().unwrap_or(0);
            set(&mut row_of, column, owner);
            column = from;
        }
    }
    let mut found = vec![None; rows];
    for (column, row) in row_of.iter().enumerate().skip(1).take(columns) {
        if let Some(slot) = row.checked_sub(1).and_then(|row| found.get_mut(row)) {
            *slot = Some(column - 1);
        }
    }
    found
}

fn set<T>(list: &mut [T], index: usize, to: T) {
    if let Some(slot) = list.get_mut(index) {
        *slot = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Least cost by trying everything.
    fn brute(costs: &[Vec<f64>], row: usize, taken: &mut Vec<bool>) -> f64 {
        if row == costs.len() {
            return 0.0;
        }
        let mut best = UNPAIRED_COST + brute(costs, row + 1, taken);
        for column in 0..taken.len() {
            if !taken[column] && costs[row][column].is_finite() {
                taken[column] = true;
                best = best.min(costs[row][column] + brute(costs, row + 1, taken));
                taken[column] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_other_assignment_is_cheaper(
            rows in 0usize..6, columns in 0usize..6, values in proptest::collection::vec(prop_oneof![3 => 0.0f64..20.0, 1 => Just(f64::INFINITY)], 36),
        ) {
            let costs: Vec<Vec<f64>> = (0..rows).map(|row| (0..columns).map(|column| values[row * 6 + column]).collect()).collect();
            let found = assign(&costs, columns);
            let mut seen = vec![false; columns];
            let mut total = 0.0;
            for (row, column) in found.iter().enumerate() {
                match column {
                    Some(column) => {
                        prop_assert!(!std::mem::replace(&mut seen[*column], true), "one to one");
                        total += costs[row][*column];
                    }
                    None => total += UNPAIRED_COST,
                }
            }
            prop_assert!((total - brute(&costs, 0, &mut vec![false; columns])).abs() < 1e-6);
        }
    }
}
