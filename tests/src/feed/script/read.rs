//! Reading a script: syntax by the TOML parser, then every reference and range, all faults at once.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use quaywatch_protocol::contract::site::{Site, ZoneKind};
use toml::Spanned;

use super::{Name, Script, When};
use crate::feed::{colour::Colour, place::Place};

/// Bytes of one script: the longest case has some hundred lines.
pub const SCRIPT_BYTES_MAX: u64 = 1 << 20;
/// Days of one world: ten years of daily looks at ten sites fit in memory many times.
pub const WORLD_DAYS_MAX: f64 = 3_660.0;

/// One fault of a script or of a file that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptFault {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1; 0 when the fault is of the whole file.
    pub line: usize,
    /// The key, like `vessel.stay.zone`.
    pub key: String,
    /// What was wrong, and what was expected.
    pub problem: String,
}

impl fmt::Display for ScriptFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file.display())?;
        if self.line > 0 {
            write!(out, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(out, ": `{}`", self.key)?;
        }
        write!(out, ": {}", self.problem)
    }
}

/// Every fault found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScriptErrors(pub Vec<ScriptFault>);

impl fmt::Display for ScriptErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        out.write_str(&lines.join("\n"))
    }
}

/// A script with the places it names.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The script.
    pub script: Script,
    /// Its sites, by id.
    pub places: BTreeMap<String, Place>,
}

/// Reads a script and its sites. Sites are looked for in `sites/` beside the script, then in `deploy/sites`, two folders up;
/// scenery in `scenery/` beside the script.
///
/// # Errors
/// Every fault found, each with file, line and key.
pub fn load(path: &Path) -> Result<Loaded, ScriptErrors> {
    let whole = |file: &Path, problem: String| ScriptFault {
        file: file.to_owned(),
        line: 0,
        key: String::new(),
        problem,
    };
    let text = read_bounded(path).map_err(|problem| ScriptErrors(vec![whole(path, problem)]))?;
    let script = parse(&text, path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut faults = Vec::new();
    let mut places = BTreeMap::new();
    for name in &script.sites {
        let id = name.get_ref();
        let file = format!("{id}.geojson");
        let candidates = [
            folder.join("sites").join(&file),
            folder.join("../../deploy/sites").join(&file),
        ];
        let Some(found) = candidates.iter().find(|candidate| candidate.is_file()) else {
            let looked: Vec<String> = candidates.iter().map(|each| each.display().to_string()).collect();
            faults.push(ScriptFault {
                file: path.to_owned(),
                line: line_of(&text, name.span().start),
                key: "sites".to_owned(),
                problem: format!("names `{id}`, but there is no {}", looked.join(" nor ")),
            });
            continue;
        };
        let scenery_file = folder.join("scenery").join(&file);
        match read_place(found, &scenery_file) {
            Ok(place) if place.site.id == *id => {
                places.insert(id.clone(), place);
            }
            Ok(place) => faults.push(whole(found, format!("is of site `{}`: expected `{id}`", place.site.id))),
            Err((file, problem)) => faults.push(whole(&file, problem)),
        }
    }
    if !faults.is_empty() {
        return Err(ScriptErrors(faults));
    }
    check(&script, &places, &text, path)?;
    Ok(Loaded { script, places })
}

/// Parses a script's text; `path` is for messages.
///
/// # Errors
/// The first fault of syntax or of a key, with its line.
pub fn parse(text: &str, path: &Path) -> Result<Script, ScriptErrors> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| line_of(text, span.start));
        ScriptErrors(vec![ScriptFault {
            file: path.to_owned(),
            line,
            key: error.span().map(|span| key_at(text, span.start)).unwrap_or_default(),
            problem: error.message().to_owned(),
        }])
    })
}

fn read_bounded(path: &Path) -> Result<String, String> {
    let bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if bytes > SCRIPT_BYTES_MAX {
        return Err(format!("has {bytes} bytes: expected at most {SCRIPT_BYTES_MAX}"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

fn read_place(site_file: &Path, scenery_file: &Path) -> Result<Place, (PathBuf, String)> {
    let text = std::fs::read_to_string(site_file).map_err(|error| (site_file.to_owned(), error.to_string()))?;
    let site = Site::from_geojson(&text).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        (site_file.to_owned(), lines.join("; "))
    })?;
    let scenery = if scenery_file.is_file() {
        let text =
            std::fs::read_to_string(scenery_file).map_err(|error| (scenery_file.to_owned(), error.to_string()))?;
        Place::read_scenery(&text).map_err(|problem| (scenery_file.to_owned(), problem))?
    } else {
        Vec::new()
    };
    Ok(Place::new(site, scenery))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn key_at(text: &str, offset: usize) -> String {
    let line = text.lines().nth(line_of(text, offset) - 1).unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim();
    key.trim_matches(|letter| letter == '[' || letter == ']')
        .trim()
        .to_owned()
}

struct Check<'a> {
    places: &'a BTreeMap<String, Place>,
    text: &'a str,
    path: &'a Path,
    faults: Vec<ScriptFault>,
}

fn check(script: &Script, places: &BTreeMap<String, Place>, text: &str, path: &Path) -> Result<(), ScriptErrors> {
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
