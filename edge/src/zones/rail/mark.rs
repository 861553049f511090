//! Where along a track rolling stock stands: stations that differ from the bed, made into stretches with ends.

use super::Track;

/// A station this many standard deviations from the bed may be occupied.
pub(super) const OCCUPIED_SD: f32 = 3.2;
/// Beside an occupied station, one this many standard deviations from the bed is occupied, too: a train has dull cars.
const BESIDE_OCCUPIED_SD: f32 = 1.9;
/// A gap in a train up to this is a car whose load looks like ballast, metres: two cars.
const DULL_MAX_M: f64 = 28.0;
/// What stands on either side of a dull car, metres at least: two cars.
const DULL_BETWEEN_M: f64 = 24.0;
/// A dull car still differs this much from the bed on average, standard deviations; the bed itself by about 0.9.
const DULL_SD: f32 = 1.1;
/// Share of the strongest difference near by at which an end lies.
const HALF: f32 = 0.5;
/// Gaps up to this are couplings and blur, metres.
const COUPLING_MAX_M: f64 = 5.0;
/// Shortest stretch that can be rolling stock, metres: the shortest freight cars have 12 m over couplers.
const STOCK_MIN_M: f64 = 8.0;
/// Shortest stretch believed beside what is hidden, metres: the thin edge of a cloud and of its shadow reach so far. A shorter one counts as
/// hidden, too.
const VEILED_MIN_M: f64 = 90.0;

/// Marks stations that differ enough, ends each run where the cars end, and closes couplings.
pub(super) fn mark(tracks: &mut [Track], gsd_m: f64) {
    for track in tracks {
        track.occupied = spread_from(&track.differs, OCCUPIED_SD, BESIDE_OCCUPIED_SD);
        let reach = track.reach(1.5 * gsd_m);
        for (start, end) in runs(&track.occupied) {
            // Blur carries an end outward by up to a pixel: it lies where half of the difference is reached.
            let inward = reach.min((end - start) / 2);
            let blurred = |index: usize, from: usize, to: usize| {
                let near = track.differs.get(from..to).unwrap_or_default();
                let peak = near.iter().copied().fold(0.0, f32::max);
                track.differs.get(index).is_some_and(|differs| *differs < HALF * peak)
            };
            let head = (start..start + inward)
                .take_while(|index| blurred(*index, start, start + inward))
                .count();
            let tail = (end - inward..end)
                .rev()
                .take_while(|index| blurred(*index, end - inward, end))
                .count();
            fill(&mut track.occupied, start, start + head, false);
            fill(&mut track.occupied, end - tail, end, false);
        }
        close(track);
    }
}

/// Marks what reaches `sure`, and from there on all that reaches `beside` without a break.
fn spread_from(differs: &[f32], sure: f32, beside: f32) -> Vec<bool> {
    let mut marks = vec![false; differs.len()];
    let likely: Vec<bool> = differs.iter().map(|differs| *differs >= beside).collect();
    for (start, end) in runs(&likely) {
        let part = differs.get(start..end).unwrap_or_default();
        if part.iter().any(|differs| *differs >= sure) {
            fill(&mut marks, start, end, true);
        }
    }
    marks
}

/// Closes gaps that are couplings or dull cars, and drops what is too short to be rolling stock.
pub(super) fn close(track: &mut Track) {
    let runs = runs(&track.occupied);
    for pair in runs.windows(2) {
        let [(_, end), (start, _)] = pair else { continue };
        let all_seen = track
            .seen
            .get(*end..*start)
            .is_some_and(|gap| gap.iter().all(Option::is_some));
        let gap_m = (start - end) as f64 * track.step_m;
        let gap = track.differs.get(*end..*start).unwrap_or_default();
        let mean = gap.iter().sum::<f32>() / gap.len().max(1) as f32;
        let between = |(from, to): &(usize, usize)| (to - from) as f64 * track.step_m >= DULL_BETWEEN_M;
        let is_dull_car = gap_m <= DULL_MAX_M && mean >= DULL_SD && pair.iter().all(between);
        if all_seen && (gap_m <= COUPLING_MAX_M || is_dull_car) {
            fill(&mut track.occupied, *end, *start, true);
        }
    }
    let runs = self::runs(&track.occupied);
    for (start, end) in runs {
        // Beside what is hidden, thin cloud and its shade look like something: a short stretch there is not believed.
        let hidden = |index: Option<usize>| {
            index
                .and_then(|index| track.seen.get(index))
                .is_some_and(Option::is_none)
        };
        let beside_hidden = hidden(start.checked_sub(1)) || hidden(Some(end));
        if beside_hidden && ((end - start) as f64) * track.step_m < VEILED_MIN_M {
            fill(&mut track.occupied, start, end, false);
            if let Some(seen) = track.seen.get_mut(start..end) {
                seen.fill(None);
            }
        }
        if ((end - start) as f64) * track.step_m < STOCK_MIN_M {
            fill(&mut track.occupied, start, end, false);
        }
    }
}

pub(super) fn fill(marks: &mut [bool], start: usize, end: usize, to: bool) {
    if let Some(part) = marks.get_mut(start..end) {
        part.fill(to);
    }
}

/// Half-open runs of true.
pub(super) fn runs(marks: &[bool]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for (index, marked) in marks.iter().chain([&false]).enumerate() {
        match (marked, start) {
            (true, None) => start = Some(index),
            (false, Some(from)) => {
                found.push((from, index));
                start = None;
            }
            _ => {}
        }
    }
    found
}
