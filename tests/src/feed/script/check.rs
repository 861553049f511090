//! Whether what a script says holds together: references to sites and zones, periods, ranges, colours.

use std::{collections::BTreeMap, path::Path};

use quaywatch_protocol::contract::site::ZoneKind;
use toml::Spanned;

use super::{
    Name, Script, When,
    read::{ScriptErrors, ScriptFault, line_of},
};
use crate::feed::{colour::Colour, place::Place};

/// Days of one world: ten years of daily looks at ten sites fit in memory many times.
pub const WORLD_DAYS_MAX: f64 = 3_660.0;

struct Check<'a> {
    places: &'a BTreeMap<String, Place>,
    text: &'a str,
    path: &'a Path,
    faults: Vec<ScriptFault>,
}

/// Every reference and range of a script; `text` and `path` are for messages.
pub(super) fn check(
    script: &Script,
    places: &BTreeMap<String, Place>,
    text: &str,
    path: &Path,
) -> Result<(), ScriptErrors> {
    let mut check = Check {
        places,
        text,
        path,
        faults: Vec::new(),
    };
    check.period("to", script.from, script.to, None);
    if script.to.0.days_since(script.from.0) > WORLD_DAYS_MAX {
        check.fault("to", None, format!("makes the world longer than {WORLD_DAYS_MAX} days"));
    }
    for weather in &script.weather {
        if weather.site.get_ref() != "*" {
            check.site("weather.site", &weather.site);
        }
        for cover in weather.cloud_by_month {
            check.share("weather.cloud_by_month", cover, &weather.site);
        }
        for days in &weather.days {
            check.period("weather.days", days.from, days.to, Some(&weather.site));
            check.share("weather.days.cover", days.cover, &weather.site);
        }
        for snow in &weather.snow {
            check.period("weather.snow", snow.from, snow.to, Some(&weather.site));
            check.share("weather.snow.cover", snow.cover, &weather.site);
        }
    }
    for station in &script.station {
        for hears in &station.hears {
            check.site("station.hears.site", &hears.site);
            check.share("station.hears.share", hears.share, &hears.site);
        }
    }
    for sensor in &script.sensor {
        let known = script
            .station
            .iter()
            .any(|station| station.id.get_ref() == sensor.station.get_ref());
        if !known {
            check.fault_at("sensor.station", &sensor.station, "is no [[station]] of this script");
        }
        for site in &sensor.sites {
            check.site("sensor.sites", site);
        }
        check.range("sensor.gsd_m", sensor.gsd_m, [0.1, 100.0], &sensor.station);
        check.range("sensor.every_days", sensor.every_days, [0.0, 366.0], &sensor.station);
        check.share("sensor.share", sensor.share, &sensor.station);
    }
    vessels(script, &mut check);
    rails_and_stacks(script, &mut check);
    for expect in script.expect.iter().chain(&script.forbid) {
        for site in expect.site.iter().chain(&expect.also) {
            check.site("expect.site", site);
        }
    }
    if check.faults.is_empty() {
        Ok(())
    } else {
        Err(ScriptErrors(check.faults))
    }
}

fn vessels(script: &Script, check: &mut Check<'_>) {
    let mut ids = std::collections::BTreeSet::new();
    for vessel in &script.vessel {
        if !ids.insert(vessel.id.get_ref()) {
            check.fault_at("vessel.id", &vessel.id, "stands twice: ids of vessels are unique");
        }
        check.range("vessel.length_m", vessel.length_m, [5.0, 460.0], &vessel.id);
        check.range("vessel.beam_m", vessel.beam_m, [1.5, 80.0], &vessel.id);
        if let Some(colour) = &vessel.colour {
            check.colour("vessel.colour", colour);
        }
        let mut stays: Vec<_> = vessel.stay.iter().collect();
        stays.sort_by_key(|stay| stay.from);
        for pair in stays.windows(2) {
            if let [before, after] = pair
                && after.from < before.to
            {
                check.fault_at(
                    "vessel.stay.from",
                    &after.site,
                    "lies before the end of the stay before it",
                );
            }
        }
        for stay in &vessel.stay {
            check.period("vessel.stay.to", stay.from, stay.to, Some(&stay.site));
            match (&stay.zone, stay.at) {
                (Some(zone), None) => check.zone("vessel.stay.zone", &stay.site, zone, Holds::Vessels),
                (None, Some(_)) => check.site("vessel.stay.site", &stay.site),
                _ => check.fault_at("vessel.stay", &stay.site, "needs either `zone` or `at`"),
            }
        }
        for shuttle in &vessel.shuttle {
            for [site, zone] in [&shuttle.a, &shuttle.b] {
                check.zone("vessel.shuttle", site, zone, Holds::Vessels);
            }
            let [site, _] = &shuttle.a;
            check.period("vessel.shuttle.to", shuttle.from, shuttle.to, Some(site));
            check.bounds("vessel.shuttle.stay_h", shuttle.stay_h, site);
            check.bounds("vessel.shuttle.sea_h", shuttle.sea_h, site);
        }
    }
    for traffic in &script.traffic {
        check.zone("traffic.zone", &traffic.site, &traffic.zone, Holds::Vessels);
        check.range("traffic.per_week", traffic.per_week, [0.0, 500.0], &traffic.zone);
        check.bounds("traffic.length_m", traffic.length_m, &traffic.zone);
        check.bounds("traffic.stay_h", traffic.stay_h, &traffic.zone);
    }
}

fn rails_and_stacks(script: &Script, check: &mut Check<'_>) {
    for train in &script.train {
        check.zone("train.zone", &train.site, &train.zone, Holds::Trains);
        check.period("train.to", train.from, train.to, Some(&train.zone));
        if let (Some(track), Some(place)) = (&train.track, check.places.get(train.site.get_ref()))
            && place.tracks(train.zone.get_ref(), Some(track.get_ref())).is_empty()
        {
            check.fault_at("train.track", track, "is no track of that zone");
        }
    }
    for traffic in &script.rail_traffic {
        check.zone("rail_traffic.zone", &traffic.site, &traffic.zone, Holds::Trains);
        check.range("rail_traffic.per_day", traffic.per_day, [0.0, 100.0], &traffic.zone);
        check.bounds("rail_traffic.stay_h", traffic.stay_h, &traffic.zone);
    }
    for stack in &script.stack {
        check.zone("stack.zone", &stack.site, &stack.zone, Holds::Stacks);
        check.period("stack.to", stack.from, stack.to, Some(&stack.zone));
        check.range("stack.wide", f64::from(stack.wide), [1.0, 4.0], &stack.zone);
        check.range("stack.high", f64::from(stack.high), [1.0, 6.0], &stack.zone);
        check.range("stack.row_m", stack.row_m, [2.0, 500.0], &stack.zone);
        if let Some(colour) = &stack.colour {
            check.colour("stack.colour", colour);
        }
    }
    for traffic in &script.stack_traffic {
        check.zone("stack_traffic.zone", &traffic.site, &traffic.zone, Holds::Stacks);
        check.range(
            "stack_traffic.change_days",
            traffic.change_days,
            [0.05, 400.0],
            &traffic.zone,
        );
        check.bounds("stack_traffic.row_m", traffic.row_m, &traffic.zone);
    }
    for aircraft in &script.aircraft {
        check.zone("aircraft.zone", &aircraft.site, &aircraft.zone, Holds::Aircraft);
        check.period("aircraft.to", aircraft.from, aircraft.to, Some(&aircraft.zone));
    }
}

#[derive(Clone, Copy)]
enum Holds {
    Vessels,
    Trains,
    Stacks,
    Aircraft,
}

impl Check<'_> {
    fn fault(&mut self, key: &str, at: Option<usize>, problem: impl Into<String>) {
        self.faults.push(ScriptFault {
            file: self.path.to_owned(),
            line: at.map_or(0, |offset| line_of(self.text, offset)),
            key: key.to_owned(),
            problem: problem.into(),
        });
    }

    fn fault_at(&mut self, key: &str, name: &Name, problem: &str) {
        self.fault(key, Some(name.span().start), format!("`{}` {problem}", name.get_ref()));
    }

    fn site(&mut self, key: &str, name: &Name) {
        if !self.places.contains_key(name.get_ref()) {
            self.fault_at(key, name, "is not among `sites`");
        }
    }

    fn zone(&mut self, key: &str, site: &Name, zone: &Name, holds: Holds) {
        let Some(place) = self.places.get(site.get_ref()) else {
            self.fault_at(key, site, "is not among `sites`");
            return;
        };
        let Some(found) = place.site.zone(zone.get_ref()) else {
            let known: Vec<&str> = place.site.zones.iter().map(|each| each.id.as_str()).collect();
            let problem = format!(
                "is no zone of `{}`: expected one of {}",
                site.get_ref(),
                known.join(", ")
            );
            self.fault_at(key, zone, &problem);
            return;
        };
        let fits = match holds {
            Holds::Vessels => found.kind.is_berth() || found.kind == ZoneKind::Anchorage,
            Holds::Trains => found.kind == ZoneKind::RailTrack,
            Holds::Stacks => Place::holds_stacks(found.kind),
            Holds::Aircraft => found.kind == ZoneKind::Airfield,
        };
        if !fits {
            let problem = format!("is a zone of the kind {}, which cannot hold this", found.kind.name());
            self.fault_at(key, zone, &problem);
        }
    }

    fn period(&mut self, key: &str, from: When, to: When, near: Option<&Name>) {
        if to <= from {
            let problem = format!("is {}, not after `from` = {}", to.0, from.0);
            self.fault(key, near.map(|name| name.span().start), problem);
        }
    }

    fn share(&mut self, key: &str, share: f64, near: &Name) {
        self.range(key, share, [0.0, 1.0], near);
    }

    fn range(&mut self, key: &str, value: f64, [low, high]: [f64; 2], near: &Name) {
        if !(low..=high).contains(&value) {
            self.fault(
                key,
                Some(near.span().start),
                format!("is {value}: expected {low} to {high}"),
            );
        }
    }

    fn bounds(&mut self, key: &str, [low, high]: [f64; 2], near: &Name) {
        if !(low >= 0.0 && high >= low) {
            let problem = format!("is [{low}, {high}]: expected a least and a most");
            self.fault(key, Some(near.span().start), problem);
        }
    }

    fn colour(&mut self, key: &str, text: &Spanned<String>) {
        if Colour::parse(text.get_ref()).is_none() {
            self.fault_at(key, text, "is no colour: expected #rrggbb");
        }
    }
}
