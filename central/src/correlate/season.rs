//! Whether calls come with the seasons: an annual rhythm in a Poisson rate, where the history is long enough to show one.
//!
//! The rate is lambda exp(a cos t + b sin t), t the time of the year as an angle. That a and b are not both 0 is tested by their score (a Rayleigh test
//! that allows for how unevenly the year was watched): with n calls at angles t_i, and means over the watched time, u = (sum of cos t_i - n mean cos,
//! the same of sin) and V = n times the covariance of cos and sin, u V^-1 u is chi-squared with two degrees of freedom when there is no rhythm. V^-1 u is
//! the step from no rhythm towards the most likely one, and is drawn back by 1 - 2 / (u V^-1 u), as far as chance alone would have moved it.

use quaywatch_protocol::contract::time::DAY_MS;

use super::traffic::YEAR_DAYS;

/// History from which a rhythm may be found, days: two years, so that one bad winter is no season.
pub const HISTORY_DAYS_MIN: f64 = 2.0 * YEAR_DAYS;
/// Calls from which one may be found.
const CALLS_MIN: usize = 24;
/// Chance of so much rhythm where there is none, at most.
const P_MAX: f64 = 0.01;
/// Strongest rhythm that is believed: three times the mean rate at its height, a third at its lowest.
const STRENGTH_MAX: f64 = 1.1;
/// Days between the points at which the watched time is taken.
const STEP_DAYS: f64 = 15.0;

/// An annual rhythm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Season {
    a: f64,
    b: f64,
    /// Mean of exp(a cos t + b sin t) over the watched time of the history.
    mean: f64,
}

impl Season {
    /// The rhythm of calls that began at these instants within a history; `watched` gives the exposure between two instants, days. `None`: there
    /// is none that the history supports.
    pub fn of(calls_ms: &[i64], from_ms: i64, until_ms: i64, watched: impl Fn(i64, i64) -> f64) -> Option<Self> {
        let days = (until_ms - from_ms) as f64 / DAY_MS as f64;
        if days < HISTORY_DAYS_MIN || calls_ms.len() < CALLS_MIN {
            return None;
        }
        // Watched time by angle.
        let steps: Vec<(f64, f64)> = (points(from_ms, until_ms))
            .map(|(low, high)| (angle(low + (high - low) / 2), watched(low, high)))
            .collect();
        let all: f64 = steps.iter().map(|(_, days)| days).sum();
        if all <= 0.0 {
            return None;
        }
        let mean = |of: &dyn Fn(f64) -> f64| steps.iter().map(|(t, days)| of(*t) * days).sum::<f64>() / all;
        let (cos, sin) = (mean(&f64::cos), mean(&f64::sin));
        let n = calls_ms.len() as f64;
        let v_cos = n * (mean(&|t| t.cos().powi(2)) - cos * cos);
        let v_sin = n * (mean(&|t| t.sin().powi(2)) - sin * sin);
        let v_both = n * (mean(&|t| t.sin() * t.cos()) - sin * cos);
        let u_cos = calls_ms.iter().map(|at| angle(*at).cos()).sum::<f64>() - n * cos;
        let u_sin = calls_ms.iter().map(|at| angle(*at).sin()).sum::<f64>() - n * sin;
        let determinant = v_cos * v_sin - v_both * v_both;
        if determinant <= 1e-9 * n * n {
            return None;
        }
        let a = (v_sin * u_cos - v_both * u_sin) / determinant;
        let b = (v_cos * u_sin - v_both * u_cos) / determinant;
        let score = a * u_cos + b * u_sin;
        // Chi-squared with two degrees of freedom: the tail is exp(-x / 2).
        if (-score / 2.0).exp() > P_MAX {
            return None;
        }
        let back = (1.0 - 2.0 / score).min(STRENGTH_MAX / a.hypot(b));
        let (a, b) = (a * back, b * back);
        Some(Self {
            a,
            b,
            mean: mean(&|t| (a * t.cos() + b * t.sin()).exp()),
        })
    }

    /// How many times the mean rate of the history calls come between two instants.
    pub fn factor(&self, from_ms: i64, until_ms: i64) -> f64 {
        let at = |(low, high): (i64, i64)| {
            let t = angle(low + (high - low) / 2);
            (
                (self.a * t.cos() + self.b * t.sin()).exp() * (high - low) as f64,
                (high - low) as f64,
            )
        };
        let (sum, ms) = points(from_ms, until_ms)
            .map(at)
            .fold((0.0, 0.0), |sum, each| (sum.0 + each.0, sum.1 + each.1));
        if ms > 0.0 { sum / ms / self.mean } else { 1.0 }
    }
}

/// Steps from one instant to another.
fn points(from_ms: i64, until_ms: i64) -> impl Iterator<Item = (i64, i64)> {
    let step = (STEP_DAYS * DAY_MS as f64) as i64;
    (from_ms..until_ms)
        .step_by(step as usize)
        .map(move |at| (at, (at + step).min(until_ms)))
}

/// Time of the year as an angle.
fn angle(at_ms: i64) -> f64 {
    std::f64::consts::TAU * (at_ms as f64 / (YEAR_DAYS * DAY_MS as f64)).rem_euclid(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR_MS: i64 = (YEAR_DAYS * DAY_MS as f64) as i64;

    /// Calls of some years: `by_month` of them in each twelfth of a year, evenly.
    fn calls(years: i64, by_month: [i64; 12]) -> Vec<i64> {
        let month = YEAR_MS / 12;
        let of_year = |year: i64| {
            let months = by_month.into_iter().zip(0..);
            months.flat_map(move |(count, at)| {
                (0..count).map(move |call| year * YEAR_MS + at * month + (2 * call + 1) * month / (2 * count))
            })
        };
        (0..years).flat_map(of_year).collect()
    }

    fn season(years: i64, by_month: [i64; 12], watched: impl Fn(i64, i64) -> f64) -> Option<Season> {
        Season::of(&calls(years, by_month), 0, years * YEAR_MS + 1, watched)
    }

    fn always(low: i64, high: i64) -> f64 {
        (high - low) as f64 / DAY_MS as f64
    }

    const SUMMER: [i64; 12] = [1, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 1];

    #[test]
    fn a_port_that_is_busy_in_summer_is_expected_to_be_quiet_in_winter() {
        let season = season(3, SUMMER, always).unwrap();
        let (winter, summer) = (
            season.factor(3 * YEAR_MS, 3 * YEAR_MS + YEAR_MS / 12),
            season.factor(3 * YEAR_MS + 5 * YEAR_MS / 12, 3 * YEAR_MS + 7 * YEAR_MS / 12),
        );
        assert!(winter < 0.55 && summer > 1.6, "{winter} {summer}");
        // Over a whole year it evens out.
        assert!((season.factor(0, YEAR_MS) - 1.0).abs() < 0.02);
    }

    #[test]
    fn a_season_that_comes_months_later_is_the_same_season_months_later() {
        let month = |at: i64| 3 * YEAR_MS + at * YEAR_MS / 12;
        let factor = |season: &Season, at: i64| season.factor(month(at), month(at + 1));
        let of = |later: usize| {
            let mut by_month = SUMMER;
            by_month.rotate_right(later);
            season(3, by_month, always).unwrap()
        };
        let summer = of(0);
        for later in 1..12 {
            let moved = of(later);
            for at in 0..12 {
                let (here, there) = (factor(&summer, at), factor(&moved, at + later as i64));
                assert!(
                    (here / there - 1.0).abs() < 0.02,
                    "{later} months later, month {at}: {here} {there}"
                );
            }
        }
        // And it is the shape of what was seen: months against the mean of 8/3 calls a month.
        for (at, seen) in (0..).zip(SUMMER) {
            let (told, seen) = (factor(&summer, at), seen as f64 / (32.0 / 12.0));
            assert!((told - seen).abs() < 0.35, "month {at}: {told} of {seen}");
        }
    }

    #[test]
    fn a_season_that_was_watched_every_other_quarter_is_found_as_strong() {
        let seen = |month: usize| if month % 6 < 3 { 1.0 } else { 0.1 };
        let watched = |low: i64, high: i64| {
            let month = ((low + (high - low) / 2) * 12 / YEAR_MS).rem_euclid(12);
            always(low, high) * seen(month as usize)
        };
        let whole = SUMMER.map(|calls| 10 * calls);
        let mut part = whole;
        for (month, calls) in part.iter_mut().enumerate() {
            *calls = (*calls as f64 * seen(month)).round() as i64;
        }
        let (whole, part) = (season(3, whole, always).unwrap(), season(3, part, watched).unwrap());
        let ratio =
            |season: &Season| season.factor(5 * YEAR_MS / 12, 7 * YEAR_MS / 12) / season.factor(0, YEAR_MS / 12);
        let (whole, part) = (ratio(&whole), ratio(&part));
        assert!((part / whole - 1.0).abs() < 0.1, "{whole} {part}");
    }

    #[test]
    fn calls_all_the_year_round_have_no_season() {
        assert_eq!(season(4, [3; 12], always), None);
    }

    #[test]
    fn one_year_is_no_season_however_uneven() {
        assert_eq!(season(1, [0, 0, 0, 0, 9, 9, 9, 0, 0, 0, 0, 0], always), None);
    }

    #[test]
    fn what_clouds_hid_is_no_season() {
        // The winter was watched a third of the time, and a third of the calls were seen.
        let watched = |low: i64, high: i64| {
            let summer = (0.25..0.75).contains(&((low as f64 / YEAR_MS as f64).rem_euclid(1.0)));
            always(low, high) * if summer { 1.0 } else { 1.0 / 3.0 }
        };
        assert_eq!(season(4, [1, 1, 1, 3, 3, 3, 3, 3, 3, 1, 1, 1], watched), None);
        assert!(season(4, [1, 1, 1, 3, 3, 3, 3, 3, 3, 1, 1, 1], always).is_some());
    }
}
