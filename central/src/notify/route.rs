//! Which sink gets which news, and when: by severity, site and time of day; quiet hours; digests. Pure.

use quaywatch_protocol::contract::time::{DAY_MS, UnixMs};

use crate::store::read_alerts::severity_rank;

/// Milliseconds in a minute.
const MINUTE_MS: i64 = 60_000;

/// A change of an alert, as far as routes look at it.
#[derive(Clone, Copy, Debug)]
pub struct News<'a> {
    /// What happened.
    pub what: &'a str,
    /// Site.
    pub site: &'a str,
    /// Severity.
    pub severity: &'a str,
}

/// A part of the day, minutes from midnight; from 22:00 to 06:00 goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// First minute.
    pub from_min: i64,
    /// First minute no more.
    pub to_min: i64,
}

impl Hours {
    /// Reads `HH:MM-HH:MM`.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let minute = |part: &str| {
            let (hour, minute) = part.trim().split_once(':')?;
            let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
            ((0..24).contains(&hour) && (0..60).contains(&minute)).then(|| hour * 60 + minute)
        };
        text.split_once('-')
            .and_then(|(from, to)| {
                Some(Self {
                    from_min: minute(from)?,
                    to_min: minute(to)?,
                })
            })
            .filter(|hours| hours.from_min != hours.to_min)
            .ok_or_else(|| format!("is `{text}`: expected HH:MM-HH:MM, like 22:00-06:00"))
    }

    fn has(self, minute: i64) -> bool {
        if self.from_min < self.to_min {
            (self.from_min..self.to_min).contains(&minute)
        } else {
            minute >= self.from_min || minute < self.to_min
        }
    }
}

impl std::fmt::Display for Hours {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(out, "{}-{}", clock(self.from_min), clock(self.to_min))
    }
}

/// One route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Sinks, by name.
    pub sinks: Vec<String>,
    /// Only alerts of this severity or more; 0: all.
    pub severity_min: i64,
    /// Only these sites; empty: all.
    pub sites: Vec<String>,
    /// Only at these hours.
    pub hours: Option<Hours>,
    /// What is less than critical waits until these hours are over.
    pub quiet: Option<Hours>,
    /// News wait for the next whole multiple of so many minutes of the day; 0: they do not.
    pub digest_min: i64,
    /// Minutes that the hours are ahead of UTC.
    pub utc_offset_min: i64,
}

/// All routes. Without any, every sink gets all news at once.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    /// Names of all sinks.
    pub sinks: Vec<String>,
    /// Routes.
    pub routes: Vec<Route>,
}

impl Routing {
    /// Every sink gets everything.
    #[must_use]
    pub fn all_to(sinks: Vec<String>) -> Self {
        Self {
            sinks,
            routes: Vec::new(),
        }
    }

    /// Who gets the news, and when: a sink of several routes at the earliest of their times.
    #[must_use]
    pub fn due(&self, news: &News<'_>, now: UnixMs) -> Vec<(&str, UnixMs)> {
        if self.routes.is_empty() {
            return self.sinks.iter().map(|sink| (sink.as_str(), now)).collect();
        }
        let mut due: Vec<(&str, UnixMs)> = Vec::new();
        for route in &self.routes {
            let Some(at) = route.due(news, now) else { continue };
            for sink in &route.sinks {
                match due.iter_mut().find(|(name, _)| name == sink) {
                    Some((_, before)) => *before = at.min(*before),
                    None => due.push((sink, at)),
                }
            }
        }
        due
    }
}

impl Route {
    /// Name of the least severity.
    #[must_use]
    pub fn severity_min_name(&self) -> &'static str {
        ["info", "watch", "warning", "critical"]
            .into_iter()
            .find(|name| severity_rank(name) == self.severity_min)
            .unwrap_or("info")
    }

    fn due(&self, news: &News<'_>, now: UnixMs) -> Option<UnixMs> {
        let minute = |at: UnixMs| at.plus_ms(self.utc_offset_min * MINUTE_MS).0.rem_euclid(DAY_MS) / MINUTE_MS;
        let is_for = severity_rank(news.severity) >= self.severity_min
            && (self.sites.is_empty() || self.sites.iter().any(|site| site == news.site))
            && self.hours.is_none_or(|hours| hours.has(minute(now)));
        if !is_for {
            return None;
        }
        let mut at = now;
        if self.digest_min > 0 {
            let step = self.digest_min * MINUTE_MS;
            at = UnixMs(at.0.div_euclid(step).saturating_add(1).saturating_mul(step));
        }
        if let Some(quiet) = self.quiet
            && news.severity != "critical"
            && quiet.has(minute(at))
        {
            let wait_min = (quiet.to_min - minute(at)).rem_euclid(24 * 60);
            at = UnixMs(at.0.div_euclid(MINUTE_MS) * MINUTE_MS).plus_ms(wait_min * MINUTE_MS);
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> UnixMs {
        UnixMs::parse(text).unwrap()
    }

    fn news(severity: &str) -> News<'_> {
        News {
            what: "opened",
            site: "vostochny",
            severity,
        }
    }

    fn route() -> Route {
        Route {
            sinks: vec!["duty".to_owned()],
            ..Route::default()
        }
    }

    fn routing(routes: Vec<Route>) -> Routing {
        Routing {
            sinks: vec!["duty".to_owned(), "log".to_owned()],
            routes,
        }
    }

    #[test]
    fn without_routes_every_sink_gets_all_news_at_once() {
        let now = at("2024-03-13T01:30:00Z");
        assert_eq!(
            routing(Vec::new()).due(&news("info"), now),
            [("duty", now), ("log", now)]
        );
    }

    #[test]
    fn a_route_takes_its_severities_sites_and_hours_only() {
        let now = at("2024-03-13T01:30:00Z");
        let severe = Route {
            severity_min: severity_rank("warning"),
            ..route()
        };
        assert!(routing(vec![severe.clone()]).due(&news("watch"), now).is_empty());
        assert_eq!(routing(vec![severe]).due(&news("critical"), now), [("duty", now)]);
        let elsewhere = Route {
            sites: vec!["nampo".to_owned()],
            ..route()
        };
        assert!(routing(vec![elsewhere]).due(&news("critical"), now).is_empty());
        let day = Route {
            hours: Some(Hours::parse("08:00-18:00").unwrap()),
            ..route()
        };
        assert!(routing(vec![day.clone()]).due(&news("critical"), now).is_empty());
        let there = Route {
            utc_offset_min: 10 * 60,
            ..day
        };
        assert_eq!(
            routing(vec![there]).due(&news("critical"), now).len(),
            1,
            "11:30 in Vladivostok"
        );
    }

    #[test]
    fn in_quiet_hours_only_what_is_critical_comes_through() {
        let quiet = Route {
            quiet: Some(Hours::parse("22:00-06:00").unwrap()),
            ..route()
        };
        let night = at("2024-03-13T23:10:20Z");
        let routes = routing(vec![quiet]);
        assert_eq!(
            routes.due(&news("warning"), night),
            [("duty", at("2024-03-14T06:00:00Z"))]
        );
        assert_eq!(routes.due(&news("critical"), night), [("duty", night)]);
        assert_eq!(
            routes.due(&news("warning"), at("2024-03-14T06:00:00Z"))[0].1,
            at("2024-03-14T06:00:00Z")
        );
    }

    #[test]
    fn a_digest_waits_for_its_full_hour_and_a_second_route_may_be_sooner() {
        let digest = Route {
            digest_min: 60,
            ..route()
        };
        let urgent = Route {
            severity_min: severity_rank("critical"),
            ..route()
        };
        let (routes, now) = (routing(vec![digest, urgent]), at("2024-03-13T01:30:00Z"));
        assert_eq!(routes.due(&news("watch"), now), [("duty", at("2024-03-13T02:00:00Z"))]);
        assert_eq!(routes.due(&news("critical"), now), [("duty", now)]);
    }

    proptest! {
        #[test]
        fn news_are_never_due_in_the_past_nor_later_than_a_day_and_a_digest(
            now in 1_600_000_000_000_i64..1_900_000_000_000, from in 0_i64..1440, length in 1_i64..1440,
            digest_min in 0_i64..1440, utc_offset_min in -720_i64..840,
        ) {
            let quiet = Some(Hours { from_min: from, to_min: (from + length) % 1440 });
            let route = Route { quiet, digest_min, utc_offset_min, ..route() };
            let due = routing(vec![route]).due(&news("watch"), UnixMs(now))[0].1;
            prop_assert!(due.0 >= now && due.0 <= now + 2 * DAY_MS);
        }
    }

    #[test]
    fn hours_that_are_none_say_what_was_expected() {
        for text in [
            "",
            "22-06",
            "25:00-06:00",
            "06:00-06:00",
            "06:60-07:00",
            "777777777777777777:00-1:00",
        ] {
            assert!(Hours::parse(text).unwrap_err().contains("HH:MM-HH:MM"), "{text}");
        }
    }
}
