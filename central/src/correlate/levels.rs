//! Levels: rolling stock, stacks, aircraft; ranked against the site's own clear looks.

use std::sync::Arc;

use quaywatch_protocol::contract::{UnixMs, ZoneKind, time::DAY_MS};
use serde_json::{Map, json};

use super::{
    admit::{Level, SiteLook},
    book::{SitePlan, ZoneIx},
    chance::rounded,
    finding::{Finding, add_evidence},
    series::{Asks, Series, Standing},
    site::{Context, SiteState},
    traffic::YEAR_DAYS,
};
use crate::{
    alert::{Kind, Signal},
    rules::{Rules, SignalKind, Surge},
};

/// Days before a look that are left out of its baseline where the history is long enough: a rise that takes weeks shows.
const FAR_GUARD_DAYS: f64 = 45.0;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Cars,
    TankCars,
    Area,
    Aircraft,
}

impl Measure {
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Cars => "cars",
            Self::TankCars => "tank cars",
            Self::Area => "m2",
            Self::Aircraft => "aircraft",
        }
    }

    pub fn floor(self, median: f64, rules: &Rules) -> f64 {
        let keys = &rules.baseline;
        let least = if self == Self::Area {
            keys.area_floor_m2
        } else {
            keys.cars_floor
        };
        least.max(keys.floor_share * median)
    }
}

/// A level series of one zone, or of all tracks of a site.
#[derive(Clone, Debug)]
pub struct Gauge {
    pub zones: Vec<ZoneIx>,
    pub name: Arc<str>,
    pub kind: SignalKind,
    pub measure: Measure,
    pub series: Series,
    /// What was last read of it: in which fold, with which end of the baseline. Several rules ask for the same.
    read: Option<(u64, Option<i64>, Option<LevelReading>)>,
}

impl Gauge {
    /// The value in a look; `None` where not all of the zones were seen clearly.
    pub fn read(&self, look: &SiteLook, rules: &Rules) -> Option<f64> {
        if !self.zones.iter().all(|zone| look.clear(*zone, rules)) {
            return None;
        }
        let of = |level: Level| match self.measure {
            Measure::Cars => Some(level.cars),
            // Cars whose kinds nobody told apart say nothing about tank cars; an empty track has none.
            Measure::TankCars => level.tank_cars.or((level.cars <= 0.0).then_some(0.0)),
            Measure::Area => Some(level.area_m2),
            Measure::Aircraft => Some(level.aircraft),
        };
        self.zones.iter().map(|zone| of(look.level(*zone))).sum()
    }
}

/// The samples of a baseline, oldest first, and where its middle is.
#[derive(Clone, Debug)]
pub struct PastLevels {
    /// When, how much.
    pub samples: Vec<(i64, f64)>,
    /// The values in their order.
    pub sorted: Vec<f64>,
    pub median: f64,
    /// Robust spread, at least the floor.
    pub spread: f64,
}

impl Gauge {
    /// The baseline of a value at `now_ms`; `None`: not enough history.
    pub fn past(&self, rules: &Rules, now_ms: i64) -> Option<PastLevels> {
        let keys = &rules.baseline;
        let back = |from: i64, days: f64| from - (days * DAY_MS as f64) as i64;
        [FAR_GUARD_DAYS.max(keys.guard_days), keys.guard_days]
            .into_iter()
            .find_map(|guard_days| {
                let until = back(now_ms, guard_days);
                let from = back(until, keys.span_days);
                let newest_first = self.series.latest(usize::MAX, until);
                let mut samples: Vec<(i64, f64)> = newest_first.take_while(|(at, _)| *at > from).collect();
                samples.reverse();
                let (first, last) = (samples.first()?.0, samples.last()?.0);
                let days = (last - first) as f64 / DAY_MS as f64;
                if (samples.len() as f64) < keys.clear_looks_min || days < keys.history_days_min {
                    return None;
                }
                let mut sorted: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
                sorted.sort_by(f64::total_cmp);
                let quantile = |q: f64| {
                    let at = (q * (sorted.len() - 1) as f64 + 0.5) as usize;
                    sorted.get(at).copied().unwrap_or(0.0)
                };
                let median = quantile(0.5);
                let spread = ((quantile(0.75) - quantile(0.25)) / 1.349).max((quantile(0.9) - median) / 1.2816);
                Some(PastLevels {
                    median,
                    spread: spread.max(self.measure.floor(median, rules)).max(1e-9),
                    sorted,
                    samples,
                })
            })
    }
}

/// The gauges of a site.
pub fn gauges(plan: &SitePlan) -> Vec<Gauge> {
    let mut gauges = Vec::new();
    let mut tracks = Vec::new();
    for (ix, zone) in plan.zones.iter().enumerate() {
        let ix = ix as ZoneIx;
        let mut add = |kind, measure| {
            gauges.push(Gauge {
                zones: vec![ix],
                name: zone.id.as_str().into(),
                kind,
                measure,
                series: Series::default(),
                read: None,
            });
        };
        match zone.kind {
            ZoneKind::RailTrack => {
                add(SignalKind::Rail, Measure::Cars);
                add(SignalKind::Rail, Measure::TankCars);
                tracks.push(ix);
            }
            ZoneKind::Apron => add(SignalKind::Dock, Measure::Area),
            ZoneKind::Storage => add(SignalKind::Storage, Measure::Area),
            ZoneKind::Airfield => add(SignalKind::Air, Measure::Aircraft),
            ZoneKind::Berth | ZoneKind::OilBerth | ZoneKind::Anchorage => {}
        }
    }
    if tracks.len() > 1 {
        let names: Vec<_> = tracks.iter().map(|ix| plan.zone_id(*ix)).collect();
        for measure in [Measure::Cars, Measure::TankCars] {
            gauges.push(Gauge {
                name: names.join("+").into(),
                zones: tracks.clone(),
                kind: SignalKind::Rail,
                measure,
                series: Series::default(),
                read: None,
            });
        }
    }
    gauges
}

/// A gauge's value in this look against its baseline.
#[derive(Clone, Copy, Debug)]
pub struct LevelReading {
    pub gauge: usize,
    pub kind: SignalKind,
    pub measure: Measure,
    pub value: f64,
    pub standing: Standing,
    pub z: f64,
}

/// Reads a gauge in this look; `None`: not seen, or not enough history. `frozen_ms`: end of the baseline at the latest.
pub fn read_gauge(context: &mut Context<'_>, gauge: usize, frozen_ms: Option<i64>) -> Option<LevelReading> {
    let fold = context.facts.folds;
    if let Some((at, frozen, reading)) = context.facts.gauges.get(gauge)?.read
        && (at, frozen) == (fold, frozen_ms)
    {
        return reading;
    }
    let reading = read_anew(context, gauge, frozen_ms);
    context.facts.gauges.get_mut(gauge)?.read = Some((fold, frozen_ms, reading));
    reading
}

fn read_anew(context: &mut Context<'_>, gauge: usize, frozen_ms: Option<i64>) -> Option<LevelReading> {
    let rules = context.rules;
    let keys = &rules.baseline;
    let now = context.now();
    let looked = context.look;
    let ends = [
        (Asks::Far, FAR_GUARD_DAYS.max(keys.guard_days)),
        (Asks::Near, keys.guard_days),
    ]
    .map(|(asks, days)| {
        let until = context.back(days);
        match frozen_ms {
            Some(frozen) => (Asks::Frozen, until.min(frozen.max(context.back(YEAR_DAYS)))),
            None => (asks, until),
        }
    });
    let this = context.facts.gauges.get_mut(gauge)?;
    let value = this.read(looked, rules)?;
    for (asks, until) in ends {
        let from = until - (keys.span_days * DAY_MS as f64) as i64;
        let standing = this.series.standing(asks, value, from, until);
        if (standing.samples as f64) < keys.clear_looks_min || standing.days < keys.history_days_min {
            continue;
        }
        debug_assert!(until < now);
        return Some(LevelReading {
            gauge,
            kind: this.kind,
            measure: this.measure,
            value,
            z: standing.z(value, this.measure.floor(standing.median, rules)),
            standing,
        });
    }
    None
}

impl LevelReading {
    /// Name of the gauge: its zone, or zones.
    pub fn zone(&self, context: &Context<'_>) -> Arc<str> {
        let gauge = context.facts.gauges.get(self.gauge);
        gauge.map_or_else(|| Arc::from(""), |gauge| gauge.name.clone())
    }

    /// As a signal of an alert.
    pub fn signal(&self, context: &Context<'_>, from_ms: i64, to_ms: i64) -> Signal {
        Signal {
            kind: self.kind.name().to_owned(),
            zone: self.zone(context).to_string(),
            value: rounded(self.value),
            unit: self.measure.unit().to_owned(),
            baseline: rounded(self.standing.median),
            p: rounded(self.standing.p()),
            from: UnixMs(from_ms),
            to: UnixMs(to_ms),
            dark: false,
        }
    }
}

/// Chance exceedances a year: none was seen in the history, so half a one in it and a quarter of a year.
pub fn false_per_year(standing: &Standing) -> f64 {
    0.5 / (standing.days / YEAR_DAYS + 0.25)
}

/// Rolling stock above anything in the baseline.
pub fn surge(state: &mut SiteState, context: &mut Context<'_>, rule: usize, keys: &Surge) {
    let running = state.episodes.get(rule, "rail").map(|episode| episode.finding.clone());
    let frozen = running.as_ref().map(|running| running.onset.0);
    let mut best: Option<LevelReading> = None;
    for gauge in 0..context.facts.gauges.len() {
        if context
            .facts
            .gauges
            .get(gauge)
            .is_none_or(|gauge| gauge.kind != SignalKind::Rail)
        {
            continue;
        }
        let Some(reading) = read_gauge(context, gauge, frozen) else {
            continue;
        };
        if reading.standing.days < keys.history_days_min {
            continue;
        }
        let highest = reading.standing.max;
        let over = reading.value >= (keys.level_over_max * highest).max(highest + keys.level_margin_cars);
        let above = reading.z >= keys.level_z_min;
        if over && above && best.as_ref().is_none_or(|best| reading.z > best.z) {
            best = Some(reading);
        }
    }
    let Some(reading) = best else { return };
    let now = context.now();
    let mut evidence = running
        .as_ref()
        .map_or_else(Vec::new, |running| running.evidence.clone());
    add_evidence(&mut evidence, [context.look.id()]);
    let last_before = context
        .facts
        .gauges
        .get(reading.gauge)
        .and_then(|gauge| gauge.series.latest(2, now).nth(1));
    let onset = running
        .as_ref()
        .map_or((last_before.map_or(now, |(at, _)| at), now), |running| running.onset);
    // The alert tells the peak.
    let peak = running
        .as_ref()
        .and_then(|running| running.details.get("observed")?.as_f64());
    let (details, signals) = match (&running, peak) {
        (Some(running), Some(peak)) if peak >= reading.value => {
            let mut details = running.details.clone();
            details.insert("to".into(), json!(UnixMs(now)));
            (details, running.signals.clone())
        }
        _ => (
            surge_details(&reading, context, onset.1, now),
            vec![reading.signal(context, onset.1, now)],
        ),
    };
    let site = context.plan.id.clone();
    let finding = Finding {
        rule,
        kind: Kind::Surge,
        sites: vec![site.clone()],
        site,
        subject: Arc::from("rail"),
        completed_ms: now,
        onset,
        last_ms: now,
        severity: context.severity(rule),
        expected_false: running.as_ref().map_or_else(
            || rounded(false_per_year(&reading.standing)),
            |running| running.expected_false,
        ),
        signals,
        evidence,
        details,
        contradicted: None,
    };
    state.episodes.put(finding, keys.cooldown_days);
}

fn surge_details(
    reading: &LevelReading,
    context: &Context<'_>,
    from_ms: i64,
    now: i64,
) -> Map<String, serde_json::Value> {
    let mut details = Map::new();
    details.insert("of".into(), json!("rail"));
    details.insert("zone".into(), json!(&*reading.zone(context)));
    details.insert("unit".into(), json!(reading.measure.unit()));
    details.insert("observed".into(), json!(rounded(reading.value)));
    details.insert("expected".into(), json!(rounded(reading.standing.median)));
    details.insert("highest_before".into(), json!(rounded(reading.standing.max)));
    details.insert("clear_looks".into(), json!(reading.standing.samples));
    details.insert("rank".into(), json!(reading.standing.rank));
    details.insert("days".into(), json!(rounded(reading.standing.days)));
    details.insert("z".into(), json!(rounded(reading.z)));
    details.insert("from".into(), json!(UnixMs(from_ms)));
    details.insert("to".into(), json!(UnixMs(now)));
    details
}
