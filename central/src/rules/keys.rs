//! Every key of a rules file: its meaning, unit, range and default, in one table a section.

use super::section::{Faults, Section};

/// A key for the manual: name, default, least, most, meaning.
pub type KeyDoc = (&'static str, f64, f64, f64, &'static str);

/// Declares a section: a struct of numbers, its defaults, its reader and its manual from one list.
macro_rules! section {
    ($(#[$about:meta])* $name:ident { $($key:ident = $default:literal, $low:literal, $high:literal, $doc:literal;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name {
            $(#[doc = $doc] pub $key: f64,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl $name {
            /// The manual of this section.
            pub const KEYS: &'static [KeyDoc] = &[$((stringify!($key), $default, $low, $high, $doc),)*];

            /// Reads the section's numbers.
            pub(super) fn read(section: &mut Section<'_, '_>, faults: &mut Faults<'_>) -> Self {
                Self { $($key: section.number(stringify!($key), $default, $low, $high, faults),)* }
            }
        }
    };
}

section! {
    /// `[time]`: event time, clocks, retention.
    TimeRules {
        lateness_h = 72.0, 0.0, 168.0, "A look known at most this many hours after it was acquired still counts; later ones are listed.";
        clock_tolerance_s = 300.0, 0.0, 3600.0, "A look acquired at most this many seconds after it became known is taken; beyond, quarantined.";
        retention_days = 1900.0, 60.0, 7300.0, "Days of samples and calls kept for baselines (default: a little over five years).";
        stale_days = 10.0, 0.5, 365.0, "A site without a clear look for this many days is not evaluable.";
    }
}

section! {
    /// `[calls]`: from detections to calls.
    CallRules {
        clear_visible = 0.7, 0.05, 1.0, "A zone counts as clearly seen from this visible share: only then is nothing there a fact.";
        confidence_min = 0.25, 0.0, 1.0, "Detections below this confidence are not used.";
        existence_min = 0.7, 0.0, 1.0, "A call counts from this probability that it is a vessel at all, 1 - product of (1 - confidence).";
        size_min_m = 25.0, 0.0, 500.0, "Hulls shorter than this, metres, make no call.";
        traffic_size_min_m = 50.0, 0.0, 500.0, "Surges and slowdowns count hulls from this length, metres: what looks like a shorter one is often a roof.";
        length_sd_share = 0.07, 0.001, 1.0, "Standard error of a length that states none, share of the length.";
        length_sd_min_m = 3.0, 0.1, 100.0, "Least standard error of a length, metres.";
        beam_sd_min_m = 2.0, 0.1, 50.0, "Least standard error of a beam, metres.";
        gate_sd = 3.5, 1.0, 10.0, "Two sightings are not the same hull when lengths or beams differ by more than this many standard errors.";
        misses_to_depart = 2.0, 1.0, 10.0, "Clear looks without the vessel after which it has left.";
        miss_gap_h = 3.0, 0.0, 48.0, "Looks closer than this, hours, are one look as regards misses.";
        rejoin_h = 72.0, 1.0, 720.0, "With fewer misses, the same hull seen again within this many hours never left.";
        dwell_days = 2.0, 0.1, 30.0, "Dwell time that is assumed until a site's own calls tell better, days.";
    }
}

section! {
    /// `[baseline]`: what a site's own history must hold, and how it is read.
    Baseline {
        guard_days = 10.0, 4.0, 90.0, "The last days before a look are no part of the baseline it is judged by.";
        span_days = 1830.0, 28.0, 7300.0, "Days of history that make a baseline.";
        history_days_min = 28.0, 1.0, 1000.0, "Days of history below which nothing is called unusual: not enough history.";
        clear_looks_min = 12.0, 2.0, 1000.0, "Clear looks below which nothing is called unusual: not enough history.";
        prior_calls = 0.5, 0.01, 10.0, "Gamma prior of a call rate: calls.";
        prior_days = 10.0, 0.01, 1000.0, "Gamma prior of a call rate: days of exposure.";
        area_floor_m2 = 60.0, 0.0, 100000.0, "Least spread of a stack area, square metres.";
        cars_floor = 3.0, 0.0, 1000.0, "Least spread of a count of cars.";
        floor_share = 0.08, 0.0, 1.0, "Least spread of a measured quantity, share of its median.";
    }
}

section! {
    /// `[tanker_volume]`: barrels by length, V = reference_bbl (L / reference_m)^exponent.
    TankerVolume {
        reference_m = 96.0, 10.0, 400.0, "Length of the reference tanker, metres.";
        reference_bbl = 25000.0, 1.0, 3000000.0, "Mean volume discharged or loaded by the reference tanker in one call, barrels.";
        exponent = 3.5, 1.0, 6.0, "How the volume grows with the length.";
        call_sd_share = 0.35, 0.0, 2.0, "Spread between calls of tankers of one length (draught, fill), share.";
        common_sd_share = 0.15, 0.0, 2.0, "Error of the whole scale, the same for all calls, share.";
    }
}

section! {
    /// `kind = "coincidence"`.
    Coincidence {
        window_days = 7.0, 0.1, 90.0, "The signals' intervals lie within this many days of each other.";
        dark_p_max = 0.10, 0.000001, 0.5, "Dark calls are unusual when as many come by chance with at most this probability.";
        calls_p_max = 0.02, 0.000001, 0.5, "Calls of any kind, the same.";
        level_p_max = 0.02, 0.000001, 0.5, "A level (cars, area, aircraft) is unusual when at most this share of the baseline reaches it.";
        level_z_min = 3.5, 0.0, 20.0, "And when it is this many robust standard deviations above the median.";
        false_per_year_max = 1.0, 0.0, 100.0, "Not raised where more chance coincidences a site-year than this are expected.";
        cooldown_days = 21.0, 0.0, 365.0, "A coincidence goes on while the next one comes within this many days.";
    }
}

section! {
    /// `kind = "surge"`.
    Surge {
        window_days = 28.0, 1.0, 365.0, "Calls are counted over this many days.";
        ratio_min = 2.0, 1.0, 100.0, "Least ratio of calls to what was expected.";
        calls_false_per_year_max = 0.05, 0.0, 10.0, "Calls: chance surges a year at the site, at most.";
        history_days_min = 60.0, 1.0, 1000.0, "Days of history it needs.";
        level_z_min = 5.0, 0.0, 20.0, "Rail: robust standard deviations above the median.";
        level_over_max = 1.3, 1.0, 10.0, "Rail: ratio to the highest of the baseline, at least.";
        level_margin_cars = 6.0, 0.0, 1000.0, "Rail: cars above the highest of the baseline, at least.";
        cooldown_days = 45.0, 0.0, 365.0, "A surge goes on while the next sign of it comes within this many days.";
    }
}

section! {
    /// `kind = "slowdown"`.
    Slowdown {
        window_min_days = 21.0, 1.0, 365.0, "The shortest period over which calls are counted; it doubles until the longest.";
        window_max_days = 84.0, 1.0, 730.0, "The longest period.";
        ratio_max = 0.36, 0.0, 1.0, "Largest ratio of calls to what was expected given the clear looks.";
        p_max = 0.10, 0.000001, 0.5, "Chance of so few calls, at most.";
        expected_min = 2.0, 0.1, 1000.0, "Fewest calls to expect: below that a lull is no news.";
        false_per_year_max = 1.5, 0.0, 10.0, "Chance slowdowns a year of a whole pier or port, at most: weak ones are graded `watch`.";
        berth_false_per_year_max = 0.15, 0.0, 10.0, "The same for one berth of several, over all berths of the site.";
        warning_false_per_year = 0.2, 0.0, 10.0, "Below this it is a warning; above, `watch`.";
        history_days_min = 75.0, 1.0, 1000.0, "Days of history it needs.";
        cooldown_days = 60.0, 0.0, 365.0, "A slowdown goes on while the next sign of it comes within this many days.";
    }
}

section! {
    /// `kind = "voyage"`.
    VoyageRule {
        speed_min_kn = 6.0, 0.5, 40.0, "Slowest crossing, knots.";
        speed_max_kn = 16.0, 1.0, 60.0, "Fastest crossing, knots.";
        wait_max_h = 60.0, 0.0, 720.0, "Longest unseen wait at either end, hours.";
        route_factor = 1.1, 1.0, 5.0, "Distance by sea over great circle, where no `[[sea_route]]` is given.";
        distance_max_km = 3000.0, 1.0, 20000.0, "Sites farther apart are not linked.";
        probability_min = 0.4, 0.0, 1.0, "A leg is taken from this probability.";
        prior = 0.4, 0.0001, 0.9999, "Probability, before looking at hull and time, that an arrival came from a given departure that fits.";
        size_min_m = 50.0, 0.0, 500.0, "Shorter hulls are ignored, metres.";
        chain_gap_days = 30.0, 0.1, 365.0, "A later leg of the same hull within this many days belongs to the chain.";
    }
}

section! {
    /// `kind = "shift"`.
    Shift {
        gap_h_max = 72.0, 1.0, 720.0, "Longest time between the last sighting at one berth and the first at the other, hours.";
        probability_min = 0.5, 0.0, 1.0, "Taken from this probability that it is the same hull.";
        prior = 0.4, 0.0001, 0.9999, "That probability before looking at the hull.";
        size_min_m = 50.0, 0.0, 500.0, "Shorter hulls are ignored, metres.";
    }
}

section! {
    /// `kind = "ledger"`.
    Ledger {
        cap = 500000.0, 0.000001, 1e15, "The cap, in the ledger's unit a calendar year.";
        size_min_m = 50.0, 0.0, 500.0, "Shorter hulls are not counted, metres.";
        calls_min = 3.0, 1.0, 1000.0, "Calls needed before anything is said.";
        radio_failure_share = 0.03, 0.0, 0.5, "Share of honest vessels that look dark: dark calls must be more than that explains.";
        p_max = 0.01, 0.000001, 0.5, "With at most this probability.";
    }
}

section! {
    /// `kind = "dark_count"`.
    DarkCount {
        period_days = 120.0, 1.0, 730.0, "The period in which the calls are counted.";
        size_min_m = 50.0, 0.0, 500.0, "Shorter hulls are not counted, metres: what looks like one is often a roof or a pier.";
        radio_failure_share = 0.03, 0.0, 0.5, "Share of honest vessels that look dark: dark calls must be more than that explains.";
        p_max = 0.01, 0.000001, 0.5, "With at most this probability.";
    }
}

section! {
    /// `kind = "growth"`.
    Growth {
        z_min = 4.0, 0.0, 20.0, "Robust standard deviations above the median of the baseline.";
        history_days_min = 60.0, 1.0, 1000.0, "Days of history it needs.";
        over_max = 1.3, 1.0, 10.0, "Ratio to the highest of the baseline, at least.";
        ratio_min = 1.3, 1.0, 100.0, "Ratio to the median, at least.";
        area_min_m2 = 300.0, 0.0, 1000000.0, "Least growth, square metres.";
        looks_min = 2.0, 1.0, 20.0, "Clear looks in a row that show it.";
        cooldown_days = 60.0, 0.0, 365.0, "A growth goes on while the next sign of it comes within this many days.";
    }
}
