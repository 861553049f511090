//! The few distributions that are needed: counts under an uncertain rate, counts under a known share, density of a normal.

/// Terms summed before a tail is called zero: counts of calls in a window are at most hundreds.
const TERMS_MAX: u32 = 5_000;

/// A call rate as a Gamma distribution: `calls` (shape) over `days` (rate) of exposure, prior included.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Shape: calls seen plus prior.
    pub calls: f64,
    /// Days of exposure plus prior.
    pub days: f64,
}

impl Rate {
    /// Mean, calls a day of exposure.
    pub fn mean(self) -> f64 {
        self.calls / self.days
    }

    /// Probability of exactly `count` calls in `days` of exposure (negative binomial).
    pub fn pmf(self, count: u32, days: f64) -> f64 {
        self.terms(days).nth(count as usize).unwrap_or(0.0)
    }

    /// Probability of `count` or more.
    pub fn at_least(self, count: u32, days: f64) -> f64 {
        if count == 0 {
            return 1.0;
        }
        above(self.terms(days), count)
    }

    /// Probability of `count` or fewer.
    pub fn at_most(self, count: u32, days: f64) -> f64 {
        self.terms(days).take(count as usize + 1).sum::<f64>().min(1.0)
    }

    fn terms(self, days: f64) -> impl Iterator<Item = f64> {
        let days = days.max(0.0);
        let share = days / (self.days + days);
        let first = (self.days / (self.days + days)).powf(self.calls);
        let calls = self.calls;
        (0..TERMS_MAX).scan(first, move |term, k| {
            let now = *term;
            *term *= (calls + f64::from(k)) / f64::from(k + 1) * share;
            Some(now)
        })
    }
}

/// Probability that of `total` with share `share` each, `count` or more happen (binomial).
pub fn binomial_at_least(count: u32, total: u32, share: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if share <= 0.0 || count > total {
        return 0.0;
    }
    if share >= 1.0 {
        return 1.0;
    }
    let odds = share / (1.0 - share);
    let first = (1.0 - share).powi(total as i32);
    let terms = (0..=total).scan(first, |term, k| {
        let now = *term;
        *term *= f64::from(total - k) / f64::from(k + 1) * odds;
        Some(now)
    });
    above(terms, count)
}

/// Sum of the terms of a distribution from the `count`-th on. Where that is small the terms themselves are summed: one less those below
/// would leave of a probability under 1e-12 little but what was rounded away.
fn above(mut terms: impl Iterator<Item = f64>, count: u32) -> f64 {
    let below: f64 = terms.by_ref().take(count as usize).sum();
    if below < 0.5 {
        return 1.0 - below;
    }
    let mut sum = 0.0;
    for term in terms {
        sum += term;
        if term <= sum * f64::EPSILON / 8.0 {
            break;
        }
    }
    sum.min(1.0)
}

/// Density of a normal distribution.
pub fn normal_density(delta: f64, sd: f64) -> f64 {
    (-0.5 * (delta / sd).powi(2)).exp() / (sd * (2.0 * std::f64::consts::PI).sqrt())
}

/// A number with four significant digits: what is printed does not pretend to more.
pub fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_where_four_were_expected_has_nine_percent() {
        // The published figure for a Poisson count: P(N <= 1 | 4) = 0.0916.
        let sure = Rate { calls: 4e6, days: 41e6 };
        assert!((sure.at_most(1, 41.0) - 0.0916).abs() < 1e-3);
    }

    #[test]
    fn the_two_tails_meet() {
        let rate = Rate {
            calls: 3.5,
            days: 100.0,
        };
        for count in 1..6 {
            assert!((rate.at_least(count, 30.0) + rate.at_most(count - 1, 30.0) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn what_hardly_ever_happens_keeps_its_digits() {
        // One call in nine days of exposure: the count of one more day is geometric, P(N >= n) = 0.1^n.
        let rate = Rate { calls: 1.0, days: 9.0 };
        assert!((rate.at_least(30, 1.0) / 1e-30 - 1.0).abs() < 1e-9);
        assert!((binomial_at_least(10, 10, 0.01) / 1e-20 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn no_dark_call_in_ninety_days_makes_one_unusual() {
        let rate = Rate {
            calls: 0.5,
            days: 100.0,
        };
        assert!(rate.at_least(1, 7.0) < 0.05);
    }

    #[test]
    fn the_binomial_tail_is_the_share_of_outcomes_that_hold_so_many() {
        for total in 0..8_u32 {
            for share in [0.0, 0.03, 0.5, 0.9, 1.0] {
                // Every way in which each of them happens or does not.
                let of = |outcome: u32| {
                    let happened = outcome.count_ones();
                    (
                        happened,
                        f64::powi(share, happened as i32) * f64::powi(1.0 - share, (total - happened) as i32),
                    )
                };
                for count in 0..=total + 1 {
                    let outcomes = (0..1_u32 << total).map(of).filter(|(happened, _)| *happened >= count);
                    let wanted: f64 = outcomes.map(|(_, probability)| probability).sum();
                    let found = binomial_at_least(count, total, share);
                    assert!(
                        (found - wanted).abs() < 1e-12,
                        "{count} of {total} at {share}: {found}, not {wanted}"
                    );
                }
            }
        }
    }

    #[test]
    fn binomial_tail_of_a_fair_coin() {
        assert!((binomial_at_least(2, 3, 0.5) - 0.5).abs() < 1e-12);
    }
}
