//! A stack or storage area that grew and stayed so, against its own history of clear looks.

use quaywatch_protocol::contract::UnixMs;
use serde_json::{Map, json};

use super::{
    chance::rounded,
    finding::{Finding, add_evidence},
    levels::{LevelReading, Measure, false_per_year, read_gauge},
    site::{Context, SiteState},
};
use crate::{
    alert::{Kind, Signal},
    rules::{Growth, SignalKind},
};

/// A stack or storage area that grew and stayed so for some clear looks.
pub fn growth(state: &mut SiteState, context: &mut Context<'_>, rule: usize, keys: &Growth) {
    for gauge in 0..context.facts.gauges.len() {
        let Some(this) = context
            .facts
            .gauges
            .get(gauge)
            .filter(|gauge| gauge.measure == Measure::Area)
        else {
            continue;
        };
        let subject = this.name.clone();
        let running = state
            .episodes
            .get(rule, &subject)
            .map(|episode| episode.finding.clone());
        let frozen = running.as_ref().map(|running| running.onset.0);
        let Some(reading) = read_gauge(context, gauge, frozen) else {
            continue;
        };
        let now = context.now();
        let standing = reading.standing;
        if standing.days < keys.history_days_min && running.is_none() {
            continue;
        }
        let bar = (standing.median
            + keys.z_min
                * standing
                    .spread
                    .max(reading.measure.floor(standing.median, context.rules)))
        .max(keys.over_max * standing.max)
        .max(keys.ratio_min * standing.median)
        .max(standing.median + keys.area_min_m2);
        let wanted = keys.looks_min as usize;
        let goes_on = running.is_some() && reading.value >= bar.min(standing.median + keys.area_min_m2);
        let Some(series) = context.facts.gauges.get(gauge).map(|gauge| &gauge.series) else {
            continue;
        };
        let shows_it = series.latest(wanted, now).all(|(_, area)| area >= bar);
        if !goes_on && !shows_it {
            continue;
        }
        let latest: Vec<(i64, f64)> = series.latest(wanted + 1, now).collect();
        let shown = latest.iter().take(wanted);
        if !goes_on && latest.len() <= wanted {
            continue;
        }
        let mut recent: Vec<f64> = shown.clone().map(|(_, area)| *area).collect();
        recent.sort_by(f64::total_cmp);
        let after = recent.get(recent.len() / 2).copied().unwrap_or(reading.value);
        let first = shown.clone().next_back().map_or(now, |(at, _)| *at);
        let before = latest.last().map_or(first, |(at, _)| *at);
        put_growth(
            state,
            context,
            rule,
            keys,
            &reading,
            after,
            (before, first),
            running.as_deref(),
        );
    }
}

#[allow(clippy::too_many_arguments)]
fn put_growth(
    state: &mut SiteState,
    context: &Context<'_>,
    rule: usize,
    keys: &Growth,
    reading: &LevelReading,
    after: f64,
    onset: (i64, i64),
    running: Option<&Finding>,
) {
    let now = context.now();
    let onset = running.map_or(onset, |running| running.onset);
    let most = running
        .and_then(|running| running.details.get("area_m2_after")?.as_f64())
        .unwrap_or(0.0);
    let row = reading_row(context, reading).max(
        running
            .and_then(|running| running.details.get("row_m")?.as_f64())
            .unwrap_or(0.0),
    );
    let mut evidence = running.map_or_else(Vec::new, |running| running.evidence.clone());
    add_evidence(&mut evidence, [context.look.id()]);
    let mut details = Map::new();
    details.insert("zone".into(), json!(&*reading.zone(context)));
    details.insert("area_m2_before".into(), json!(rounded(reading.standing.median)));
    details.insert("area_m2_after".into(), json!(rounded(after.max(most))));
    details.insert("highest_before_m2".into(), json!(rounded(reading.standing.max)));
    details.insert("clear_looks".into(), json!(reading.standing.samples));
    details.insert("days".into(), json!(rounded(reading.standing.days)));
    details.insert("row_m".into(), json!(rounded(row)));
    details.insert("from".into(), json!(UnixMs(onset.1)));
    details.insert("to".into(), json!(UnixMs(now)));
    let signal = Signal {
        kind: SignalKind::Storage.name().to_owned(),
        ..reading.signal(context, onset.1, now)
    };
    let site = context.plan.id.clone();
    let finding = Finding {
        rule,
        kind: Kind::Growth,
        sites: vec![site.clone()],
        site,
        subject: reading.zone(context),
        completed_ms: now,
        onset,
        last_ms: now,
        severity: context.severity(rule),
        signals: vec![signal],
        expected_false: rounded(false_per_year(&reading.standing)),
        evidence,
        details,
        contradicted: None,
    };
    state.episodes.put(finding, keys.cooldown_days);
}

fn reading_row(context: &Context<'_>, reading: &LevelReading) -> f64 {
    let zones = context
        .facts
        .gauges
        .get(reading.gauge)
        .map(|gauge| gauge.zones.as_slice())
        .unwrap_or_default();
    zones
        .iter()
        .map(|zone| context.look.level(*zone).row_m)
        .fold(0.0, f64::max)
}
