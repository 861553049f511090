//! How far ahead looks are dated, as a station's own looks tell. Pure.
//!
//! A look says when its scene was taken; central knows when it came. Between the two lie a download, a detection and a way: under right
//! clocks the difference, the delay, is never negative. What lies below zero is somebody's clock, at least by so much. One odd scene is not
//! the clock, so the delay that a tenth of the newest looks fall short of is taken. A clock that is behind only lengthens the delay, by no more than what
//! that delay is.
//!
//! The estimate is shown and warned of. It moves no look: what a look says would then depend on which others came before it, and it is clamped
//! anyway at the clock tolerance, minutes, where the correlator's windows are hours and days (docs/CORRELATION.md, section 1).

use serde::Serialize;

/// Newest looks of a station that are asked: days of a busy one, and what a mended clock is forgiven after.
pub const LOOKS_MAX: usize = 64;
/// Fewer tell nothing.
const LOOKS_MIN: usize = 8;
/// Share of the looks that may be oddly dated without being the clock.
const ODD_SHARE: f64 = 0.1;
/// What is told at most, ms: beyond a day it is no skew, the clock was never set.
pub const AHEAD_MAX_MS: i64 = 24 * 3_600_000;

/// What a station's looks tell of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Skew {
    /// Looks that were asked.
    pub looks: usize,
    /// How far ahead it is at least, ms; at most [`AHEAD_MAX_MS`].
    pub ahead_ms: i64,
    /// How far behind it may be, ms: the shortest delays.
    pub behind_max_ms: i64,
    /// Of the looks, those that were dated so far ahead that they do not count.
    pub future_dated: usize,
}

/// The estimate from delays, received minus acquired, ms; `None` when they are too few.
#[must_use]
pub fn estimate(delays_ms: &[i64], future_dated: usize) -> Option<Skew> {
    if delays_ms.len() < LOOKS_MIN {
        return None;
    }
    let mut sorted = delays_ms.to_vec();
    sorted.sort_unstable();
    let shortest_ms = sorted.get((sorted.len() as f64 * ODD_SHARE) as usize).copied()?;
    Some(Skew {
        looks: delays_ms.len(),
        ahead_ms: (-shortest_ms).clamp(0, AHEAD_MAX_MS),
        behind_max_ms: shortest_ms.max(0),
        future_dated,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_clock_ten_minutes_ahead_is_told_within_the_shortest_delays() {
        let delays: Vec<i64> = (0..40).map(|each| 60_000 + each * 30_000 - 600_000).collect();
        let skew = estimate(&delays, 7).unwrap();
        // The delay that a tenth fall short of is 60 s + 4 x 30 s.
        assert_eq!((skew.ahead_ms, skew.behind_max_ms, skew.future_dated), (420_000, 0, 7));
    }

    #[test]
    fn one_odd_scene_is_not_the_clock_and_a_clock_that_was_never_set_is_clamped() {
        let mut delays = vec![400_000; 30];
        delays.push(-9_000_000_000);
        assert_eq!(estimate(&delays, 0).unwrap().ahead_ms, 0);
        assert_eq!(estimate(&[i64::MIN / 2; 8], 8).unwrap().ahead_ms, AHEAD_MAX_MS);
        assert_eq!(estimate(&[0; 7], 0), None);
    }

    proptest! {
        #[test]
        fn the_order_of_the_looks_says_nothing(mut delays in prop::collection::vec(-90_000_000_i64..90_000_000, 8..64)) {
            let told = estimate(&delays, 0);
            delays.reverse();
            prop_assert_eq!(estimate(&delays, 0), told);
            delays.rotate_left(3);
            prop_assert_eq!(estimate(&delays, 0), told);
        }
    }
}
