//! The longest row of a stack: the longest stretch of covered ground along a line.
//!
//! Rows stand along the quay, or along the stack's own long side, so lines are laid over the stack in both directions, half a pixel apart,
//! and each is walked. Where two of three neighbouring lines are covered, the row goes on; a gap of more than [`GAP_PX`] ends it. So rows
//! one behind the other with a passage between them, or joined by a crane that stands over both, are not taken for one, as the spread of all
//! of a stack's pixels would have it. A length errs by about a pixel at each end, and more where a passage is narrower than two pixels.

use crate::zones::patch::{Metres, Patch};

use super::centre;

/// Widest gap that is still inside of a row, pixels: where a dark container meets a bright one, a mixed pixel can look like pavement.
const GAP_PX: f64 = 1.5;
/// Steps along a line in a pixel.
const STEPS_PER_PX: f64 = 3.0;
/// Most lines or steps over one stack: an area of 3 km at half a metre.
const STEPS_MAX: usize = 20_000;

/// Length of the longest row among the covered pixels of one stack (sorted), along any of the axes (degrees clockwise from north), metres.
pub(super) fn longest_m(patch: &Patch, stack: &[usize], axes_deg: &[f64]) -> f64 {
    axes_deg
        .iter()
        .map(|axis_deg| along_m(patch, stack, *axis_deg))
        .fold(0.0, f64::max)
}

fn along_m(patch: &Patch, stack: &[usize], axis_deg: f64) -> f64 {
    let (sin, cos) = axis_deg.to_radians().sin_cos();
    let gsd_m = patch.frame().gsd_m();
    let mut ends = [[f64::MAX, f64::MIN]; 2];
    for index in stack {
        let [east, north] = centre(patch, *index);
        let place = [east * sin + north * cos, east * cos - north * sin];
        for (end, value) in ends.iter_mut().zip(place) {
            *end = [end[0].min(value - gsd_m), end[1].max(value + gsd_m)];
        }
    }
    let [[from_m, to_m], [left_m, right_m]] = ends;
    let (step_m, aside_m) = (gsd_m / STEPS_PER_PX, gsd_m / 2.0);
    let count = |metres: f64, step_m: f64| ((metres / step_m).ceil().max(0.0) as usize).min(STEPS_MAX);
    let (steps, lines) = (count(to_m - from_m, step_m), count(right_m - left_m, aside_m));
    let is_covered = |line: usize, step: usize| {
        let along = from_m + (step as f64 + 0.5) * step_m;
        let across = left_m + (line as f64 + 0.5) * aside_m;
        let at: Metres = [along * sin + across * cos, along * cos - across * sin];
        let index = patch.index_at(patch.frame().to_px(at));
        index.is_some_and(|index| stack.binary_search(&index).is_ok())
    };
    let walk = |line: usize| (0..steps).map(|step| is_covered(line, step)).collect::<Vec<bool>>();
    let gap_steps = (GAP_PX * STEPS_PER_PX) as usize;
    let mut near = [vec![false; steps], walk(0), walk(1)];
    let mut longest = 0;
    for line in 2..=lines {
        let row = |step: usize| near.iter().filter(|line| line.get(step) == Some(&true)).count() >= 2;
        longest = longest.max(longest_run((0..steps).map(row), gap_steps));
        near.rotate_left(1);
        near[2] = walk(line);
    }
    longest as f64 * step_m
}

/// Steps from the first to the last of the longest run that has no gap of more than `gap` steps.
fn longest_run(marks: impl Iterator<Item = bool>, gap: usize) -> usize {
    let (mut longest, mut run): (usize, Option<(usize, usize)>) = (0, None);
    for (step, _) in marks.enumerate().filter(|(_, marked)| *marked) {
        let first = run
            .filter(|(_, last)| step - last <= gap + 1)
            .map_or(step, |(first, _)| first);
        run = Some((first, step));
        longest = longest.max(step - first + 1);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_over_a_small_gap_and_ends_at_a_wide_one() {
        let marks = |text: &str| text.bytes().map(|byte| byte == b'#').collect::<Vec<_>>();
        assert_eq!(longest_run(marks("..###.##...####").into_iter(), 1), 6);
        assert_eq!(longest_run(marks("..###.##...####").into_iter(), 3), 13);
        assert_eq!(longest_run(marks("....").into_iter(), 1), 0);
    }
}
