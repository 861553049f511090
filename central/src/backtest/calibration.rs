//! Calibration: how many coincidences were stated to come by chance, and how many came.
//!
//! From the day on which a site can be judged the engine states, at any moment, how many chance coincidences a year it expects there. That
//! rate times the time over which it stood is what should come. The time is sorted into bands by the stated rate, so that a rate that is
//! right in the mean but wrong at either end shows. Only where nothing happened is all that comes chance: elsewhere the
//! measured side holds true findings too.

use std::collections::BTreeMap;

use quaywatch_protocol::contract::{Look, UnixMs};

use crate::{
    alert::{AlertChange, Kind},
    correlate::Engine,
};

/// Bands of stated rates, coincidences a site-year: from, to.
pub const BANDS: [(f64, f64); 4] = [(0.03, 0.1), (0.1, 0.3), (0.3, 1.0), (1.0, 3.0)];
/// A stated rate stands for this many days until it is asked for again: it rests on years, and asking for it judges them all.
const RESTATE_DAYS: f64 = 5.0;
/// A year, days.
const YEAR_DAYS: f64 = 365.25;
/// Two-sided 95 % of a normal distribution, standard errors.
const SURE_SD: f64 = 1.96;

/// One band of stated rates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Band {
    /// Site-years over which a rate of this band stood.
    pub years: f64,
    /// Coincidences that were to be expected in them.
    pub stated: f64,
    /// Coincidences that came.
    pub came: u32,
}

impl Band {
    /// Came over stated; `None` where nothing was stated.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.stated > 0.0).then(|| f64::from(self.came) / self.stated)
    }

    /// Between how many coincidences the true mean lies with 95 % (Byar's approximation of the exact Poisson limits).
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        let limit = |count: f64, sd: f64| count * (1.0 - 1.0 / (9.0 * count) + sd / (3.0 * count.sqrt())).powi(3);
        let count = f64::from(self.came);
        let low = if self.came == 0 { 0.0 } else { limit(count, -SURE_SD) };
        (low.max(0.0), limit(count + 1.0, SURE_SD))
    }
}

/// Stated against come, by band.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Table {
    bands: [Band; BANDS.len()],
    /// Below the lowest band and above the highest one.
    outside: Band,
}

impl Table {
    fn band(&mut self, rate: f64) -> &mut Band {
        let found = BANDS.iter().position(|(from, to)| rate >= *from && rate < *to);
        match found.and_then(|at| self.bands.get_mut(at)) {
            Some(band) => band,
            None => &mut self.outside,
        }
    }

    /// The bands, with their limits.
    pub fn bands(&self) -> impl Iterator<Item = ((f64, f64), Band)> + '_ {
        BANDS.into_iter().zip(self.bands)
    }

    /// What lay below the lowest band or above the highest.
    #[must_use]
    pub const fn outside(&self) -> Band {
        self.outside
    }

    /// Site-years over which a rate was stated.
    #[must_use]
    pub fn years(&self) -> f64 {
        self.outside.years + self.bands.iter().map(|band| band.years).sum::<f64>()
    }
}

/// Stated against come, of all rules together and of each.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    all: Table,
    /// By position of the rule in the rules file.
    by_rule: BTreeMap<usize, Table>,
    /// By site and rule: since when which rate stands.
    standing: BTreeMap<(String, usize), (UnixMs, f64)>,
    /// By site: when its rates were last asked for.
    asked: BTreeMap<String, UnixMs>,
    /// By alert: beginning of its last episode.
    episodes: BTreeMap<String, UnixMs>,
}

impl Calibration {
    /// All rules together.
    #[must_use]
    pub const fn all(&self) -> &Table {
        &self.all
    }

    /// One rule, by its position in the rules file.
    #[must_use]
    pub fn of_rule(&self, rule: usize) -> Table {
        self.by_rule.get(&rule).copied().unwrap_or_default()
    }

    /// Takes in what a look changed; the engine has just applied it.
    pub fn look(&mut self, engine: &Engine, look: &Look, changes: &[AlertChange]) {
        for change in changes {
            let (AlertChange::Opened(alert) | AlertChange::Updated(alert)) = change else {
                continue;
            };
            if alert.kind != Kind::Coincidence {
                continue;
            }
            // An alert that comes back within the time of re-opening is another coincidence under the same id.
            let before = self.episodes.insert(alert.id.clone(), alert.onset.earliest);
            if before == Some(alert.onset.earliest) {
                continue;
            }
            let rate = (self.standing.iter())
                .find(|((site, rule), _)| *site == alert.site && engine.rule_id(*rule) == Some(alert.rule.as_str()))
                .map(|((_, rule), (_, rate))| (*rule, *rate));
            if let Some((rule, rate)) = rate {
                self.count(rule, rate, |band| band.came += 1);
            }
        }
        let now = look.known_at();
        let asked = self.asked.get(&look.site);
        if asked.is_some_and(|asked| now.days_since(*asked) < RESTATE_DAYS) {
            return;
        }
        self.asked.insert(look.site.clone(), now);
        let (stood, others): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.standing)
            .into_iter()
            .partition(|((site, _), _)| *site == look.site);
        self.standing = others;
        for ((_, rule), (since, rate)) in stood {
            let years = now.days_since(since).max(0.0) / YEAR_DAYS;
            self.count(rule, rate, |band| {
                band.years += years;
                band.stated += rate * years;
            });
        }
        // A rule that expects more than it may raise states nothing, until it expects less.
        for chance in engine.chances(&look.site) {
            self.standing
                .insert((look.site.clone(), chance.rule), (now, chance.per_year));
        }
    }

    /// Ends a run: time does not go on from its last look to the first of the next run.
    pub fn end_run(&mut self) {
        self.standing.clear();
        self.asked.clear();
        self.episodes.clear();
    }

    fn count(&mut self, rule: usize, rate: f64, add: impl Fn(&mut Band)) {
        add(self.all.band(rate));
        add(self.by_rule.entry(rule).or_default().band(rate));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_ten_is_the_published_one() {
        // Exact 95 % limits for 10 events: 4.795 to 18.39 (Garwood 1936).
        let band = Band {
            years: 1.0,
            stated: 10.0,
            came: 10,
        };
        let (low, high) = band.interval();
        assert!(
            (low - 4.795).abs() < 0.05 && (high - 18.39).abs() < 0.05,
            "{low} {high}"
        );
    }

    #[test]
    fn nothing_that_came_still_leaves_three_and_a_half_possible() {
        let (low, high) = Band::default().interval();
        assert!(low == 0.0 && (high - 3.69).abs() < 0.2, "{high}");
    }
}
