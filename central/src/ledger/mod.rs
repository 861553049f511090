//! Ledgers: how much passed, from how many and how large the vessels were; an interval, never a point.

use crate::rules::TankerVolume;

/// Two-sided 90 % of a normal distribution, in standard errors.
pub const NINETY_PERCENT_SD: f64 = 1.645;

/// One call's contribution.
#[derive(Clone, Copy, Debug)]
pub struct Carried {
    /// Probability that the call happened.
    pub existence: f64,
    /// Length of the hull and its standard error, metres.
    pub length: (f64, f64),
}

/// Calls that are estimated to have happened unseen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unseen {
    /// Their expected number.
    pub calls: f64,
    /// Its variance.
    pub variance: f64,
}

/// A quantity with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// Mean.
    pub mean: f64,
    /// Lower end of the 90 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Mean volume of one call of a tanker of this length, barrels.
#[must_use]
pub fn volume_bbl(length_m: f64, keys: &TankerVolume) -> f64 {
    keys.reference_bbl * (length_m / keys.reference_m).powf(keys.exponent)
}

/// The sum over calls, what was not seen, and known entries (`known`: sum and variance).
///
/// A call's variance has its existence, the spread between calls and the error of its length; the error of the scale is
/// common to all calls and is added once.
#[must_use]
pub fn total(calls: impl Iterator<Item = Carried>, unseen: Unseen, known: (f64, f64), keys: &TankerVolume) -> Quantity {
    let (mut mean, mut variance, mut seen) = (0.0, 0.0, 0.0);
    for call in calls {
        let volume = volume_bbl(call.length.0, keys);
        let share = (keys.exponent * call.length.1 / call.length.0.max(1.0)).hypot(keys.call_sd_share);
        mean += call.existence * volume;
        seen += call.existence;
        variance +=
            call.existence * (volume * share).powi(2) + call.existence * (1.0 - call.existence) * volume.powi(2);
    }
    if seen > 0.0 {
        // What was not seen is like what was.
        let volume = mean / seen;
        mean += unseen.calls * volume;
        variance += unseen.calls * (volume * keys.call_sd_share).powi(2) + unseen.variance * volume.powi(2);
    }
    variance += (keys.common_sd_share * mean).powi(2) + known.1;
    mean += known.0;
    let half = NINETY_PERCENT_SD * variance.sqrt();
    Quantity {
        mean,
        low: (mean - half).max(0.0),
        high: mean + half,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_tankers_of_96_m_are_a_quarter_of_the_cap() {
        let keys = TankerVolume::default();
        let call = Carried {
            existence: 1.0,
            length: (96.0, 3.0),
        };
        let sum = total([call; 5].into_iter(), Unseen::default(), (0.0, 0.0), &keys);
        assert!((sum.mean - 125_000.0).abs() < 1.0);
        assert!(sum.low > 70_000.0 && sum.high < 190_000.0, "{sum:?}");
    }

    #[test]
    fn an_entry_widens_the_interval_by_its_own_error_only() {
        let keys = TankerVolume::default();
        let sum = total(
            std::iter::empty(),
            Unseen::default(),
            (170_000.0, 20_000.0_f64.powi(2)),
            &keys,
        );
        assert!((sum.high - sum.low - 2.0 * 1.645 * 20_000.0).abs() < 1.0);
    }

    #[test]
    fn what_was_not_seen_raises_the_sum_and_widens_the_interval() {
        let keys = TankerVolume::default();
        let call = Carried {
            existence: 1.0,
            length: (96.0, 3.0),
        };
        let half = Unseen {
            calls: 4.0,
            variance: 8.0,
        };
        let seen = total([call; 4].into_iter(), Unseen::default(), (0.0, 0.0), &keys);
        let all = total([call; 4].into_iter(), half, (0.0, 0.0), &keys);
        assert!((all.mean - 2.0 * seen.mean).abs() < 1.0);
        assert!(all.high - all.mean > 1.5 * (seen.high - seen.mean), "{seen:?} {all:?}");
    }
}
