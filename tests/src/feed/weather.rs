//! Weather of a site: a daily cloud cover with memory, days that the script fixes, snow, haze.
//!
//! Cover is U-shaped (days are mostly clear or mostly overcast): a Gaussian with day-to-day memory, widened and mapped to
//! 0..1 so that its mean over many days is the script's mean for the month.

use quaywatch_protocol::contract::time::{DAY_MS, UnixMs};

use super::{
    chance::{Chance, normal_quantile, seed_of},
    cloud::Sky,
    script::Weather,
    sun::Sun,
};

/// Correlation of one day's cover with the next: daily cloud cover at mid latitudes has a memory of about a day.
const DAY_MEMORY: f64 = 0.45;
/// Width of the Gaussian before mapping: above 1 the cover is U-shaped.
const SPREAD: f64 = 1.7;
/// How haze is drawn on a hazy day, least and most.
const HAZE: [f64; 2] = [0.15, 0.6];

/// Days of one site's sky.
#[derive(Clone, Debug)]
pub struct Climate {
    rules: Option<Weather>,
    first_day: i64,
    latent: Vec<f64>,
    seed: u64,
}

impl Climate {
    /// The climate of `site` from `from` to `to`.
    #[must_use]
    pub fn new(rules: Option<Weather>, site: &str, from: UnixMs, to: UnixMs, seed: u64) -> Self {
        let mut chance = Chance::new(seed, &["weather", site]);
        let first_day = from.0.div_euclid(DAY_MS);
        let days = (to.0.div_euclid(DAY_MS) - first_day).max(0) + 1;
        let mut level = chance.normal();
        let latent = (0..days)
            .map(|_| {
                level = DAY_MEMORY * level + (1.0 - DAY_MEMORY * DAY_MEMORY).sqrt() * chance.normal();
                level
            })
            .collect();
        Self {
            rules,
            first_day,
            latent,
            seed: seed_of(seed, &["sky", site]),
        }
    }

    /// Cover of a day that the script fixes. Such a day has no haze: its picture was published.
    fn fixed(&self, at: UnixMs) -> Option<f64> {
        let days = self.rules.as_ref()?.days.iter().rev();
        let found = days.into_iter().find(|days| days.from.0 <= at && at < days.to.0)?;
        Some(found.cover.clamp(0.0, 1.0))
    }

    /// Cloud cover over the site at a time, 0..=1.
    #[must_use]
    pub fn cover(&self, at: UnixMs) -> f64 {
        let Some(rules) = &self.rules else { return 0.0 };
        if let Some(cover) = self.fixed(at) {
            return cover;
        }
        let day = at.0.div_euclid(DAY_MS);
        let index = usize::try_from(day - self.first_day).unwrap_or(0);
        let level = self.latent.get(index).copied().unwrap_or(0.0);
        let mean = rules.cloud_by_month.get(month_of(at)).copied().unwrap_or(0.0);
        if mean <= 0.0 {
            return 0.0;
        }
        let middle = normal_quantile(mean.min(0.999)) * (1.0 + SPREAD * SPREAD).sqrt();
        normal_share(middle + SPREAD * level)
    }

    /// The sky at a time: cover, haze, and a field that is the same for everybody who looks at that moment.
    #[must_use]
    pub fn sky(&self, at: UnixMs, sun: Sun) -> Sky {
        let day = at.0.div_euclid(DAY_MS).to_string();
        let mut chance = Chance::new(self.seed, &["haze", &day]);
        let share = self.rules.as_ref().map_or(0.0, |rules| rules.haze_share);
        let hazy = chance.yes(share) && self.fixed(at).is_none();
        let haze = if hazy { chance.between(HAZE) } else { 0.0 };
        Sky::new(
            self.cover(at),
            haze,
            seed_of(self.seed, &["field", &at.0.to_string()]),
            sun,
        )
    }

    /// Snow on the ground, 0..=1.
    #[must_use]
    pub fn snow(&self, at: UnixMs) -> f64 {
        let Some(rules) = &self.rules else { return 0.0 };
        let lying = rules.snow.iter().rev().find(|snow| snow.from.0 <= at && at < snow.to.0);
        lying.map_or(0.0, |snow| snow.cover.clamp(0.0, 1.0))
    }
}

/// Month of a time, 0 January to 11.
#[must_use]
pub fn month_of(at: UnixMs) -> usize {
    at.to_string()
        .get(5..7)
        .and_then(|month| month.parse::<usize>().ok())
        .map_or(0, |month| month.saturating_sub(1))
}

/// Standard normal distribution function (Abramowitz and Stegun 7.1.26, error below 1.5e-7).
#[must_use]
pub fn normal_share(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let poly =
        ((((1.061_405_429 * t - 1.453_152_027) * t + 1.421_413_741) * t - 0.284_496_736) * t + 0.254_829_592) * t;
    let error = 1.0 - poly * (-x * x).exp();
    if z < 0.0 {
        (1.0 - error) / 2.0
    } else {
        (1.0 + error) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Weather {
        toml::from_str(text).unwrap()
    }

    const HALF: &str = "site='s'\ncloud_by_month=[0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5]\n";

    #[test]
    fn cover_has_the_mean_of_the_month_and_is_mostly_clear_or_overcast() {
        let (from, to) = (UnixMs(0), UnixMs(4_000 * DAY_MS));
        let climate = Climate::new(Some(rules(HALF)), "s", from, to, 3);
        let covers: Vec<f64> = (0..4_000).map(|day| climate.cover(UnixMs(day * DAY_MS))).collect();
        let mean = covers.iter().sum::<f64>() / 4_000.0;
        let extreme = covers.iter().filter(|cover| !(0.25..=0.75).contains(*cover)).count();
        assert!((mean - 0.5).abs() < 0.03, "{mean}");
        assert!(extreme > 2_400, "{extreme}");
    }

    #[test]
    fn a_day_that_the_script_fixes_is_as_the_script_says() {
        let text = format!(
            "{HALF}days=[{{from=1970-01-05,to=1970-01-06,cover=0.9}}]\n[[snow]]\nfrom=1970-01-03\nto=1970-01-09\ncover=0.7\n"
        );
        let climate = Climate::new(Some(rules(&text)), "s", UnixMs(0), UnixMs(20 * DAY_MS), 3);
        assert!((climate.cover(UnixMs(4 * DAY_MS + 5)) - 0.9).abs() < 1e-12);
        assert!((climate.snow(UnixMs(4 * DAY_MS)) - 0.7).abs() < 1e-12);
        assert!(climate.snow(UnixMs(9 * DAY_MS)).abs() < 1e-12);
    }
}
