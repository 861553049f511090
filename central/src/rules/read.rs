//! Reads a rules file and checks it as a whole.

use std::collections::BTreeSet;

use toml::de::{DeTable, DeValue};

use super::{
    Baseline, CallRules, Coincidence, DarkCount, Growth, Ledger, LedgerEntry, Rule, RuleFault, RuleKind, Rules,
    SeaRoute, Shift, SignalKind, Slowdown, Surge, TankerVolume, TimeRules, VoyageRule,
    section::{Faults, Section, number_of, shown},
};
use crate::alert::{Kind, Severity};

/// Bytes of a rules file: a commented one has 10 KiB.
pub const RULES_BYTES_MAX: usize = 1 << 20;
/// Rules in one file: the default has ten.
pub const RULES_MAX: usize = 200;
/// Thresholds of one rule.
const STEPS_MAX: usize = 20;

/// Reads and checks.
///
/// # Errors
/// Every fault found, in the order of lines.
pub fn read(text: &str) -> Result<Rules, Vec<RuleFault>> {
    let mut faults = Faults::new(text);
    if text.len() > RULES_BYTES_MAX {
        faults.add(
            0,
            "file",
            format!("has {} bytes: expected at most {RULES_BYTES_MAX}", text.len()),
        );
        return Err(faults.list);
    }
    let parsed = match DeTable::parse(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            faults.add(at, "file", format!("is not TOML: {}", error.message()));
            return Err(faults.list);
        }
    };
    let mut root = Section::new(String::new(), 0, Some(parsed.get_ref()));
    let rules = Rules {
        time: numbers(&mut root, "time", &mut faults, TimeRules::read),
        calls: numbers(&mut root, "calls", &mut faults, CallRules::read),
        baseline: numbers(&mut root, "baseline", &mut faults, Baseline::read),
        tanker_volume: numbers(&mut root, "tanker_volume", &mut faults, TankerVolume::read),
        sea_routes: tables(&mut root, "sea_route", &mut faults)
            .into_iter()
            .filter_map(|section| read_route(section, &mut faults))
            .collect(),
        rules: read_rules(&mut root, &mut faults),
    };
    root.finish(&mut faults);
    check_together(&rules, &mut faults);
    if faults.list.is_empty() {
        Ok(rules)
    } else {
        faults.list.sort_by_key(|fault| fault.line);
        Err(faults.list)
    }
}

fn numbers<T>(
    root: &mut Section<'_, '_>,
    key: &'static str,
    faults: &mut Faults<'_>,
    read: impl FnOnce(&mut Section<'_, '_>, &mut Faults<'_>) -> T,
) -> T {
    let value = root.get(key);
    let start = value.map_or(0, |value| value.span().start);
    if let Some(value) = value
        && value.get_ref().as_table().is_none()
    {
        faults.add(
            start,
            key,
            format!("is {}: expected a section [{key}]", shown(value.get_ref())),
        );
    }
    let mut section = Section::new(
        key.to_owned(),
        start,
        value.and_then(|value| value.get_ref().as_table()),
    );
    let read = read(&mut section, faults);
    section.finish(faults);
    read
}

fn tables<'a, 'i>(root: &mut Section<'a, 'i>, key: &'static str, faults: &mut Faults<'_>) -> Vec<Section<'a, 'i>> {
    let mut sections = Vec::new();
    for (at, item) in root.list(key, faults) {
        match item {
            DeValue::Table(table) => sections.push(Section::new(key.to_owned(), at, Some(table))),
            other => faults.add(at, key, format!("is {}: expected [[{key}]]", shown(other))),
        }
    }
    sections
}

fn read_route(mut section: Section<'_, '_>, faults: &mut Faults<'_>) -> Option<SeaRoute> {
    let from = section.text("from", faults);
    let to = section.text("to", faults);
    let km = section.number("km", 0.0, 0.1, 40_000.0, faults);
    let start = section.start;
    section.finish(faults);
    if from.is_none() || to.is_none() || km <= 0.0 {
        faults.add(start, "sea_route", "needs `from`, `to` (site ids) and `km`");
        return None;
    }
    Some(SeaRoute {
        from: from?,
        to: to?,
        km,
    })
}

fn read_rules(root: &mut Section<'_, '_>, faults: &mut Faults<'_>) -> Vec<Rule> {
    let sections = tables(root, "rule", faults);
    if sections.is_empty() || sections.len() > RULES_MAX {
        faults.add(
            0,
            "rule",
            format!("stands {} times: expected 1 to {RULES_MAX} [[rule]]", sections.len()),
        );
    }
    let mut seen = BTreeSet::new();
    let mut rules = Vec::new();
    for section in sections.into_iter().take(RULES_MAX) {
        let start = section.start;
        if let Some(rule) = read_rule(section, faults) {
            if !seen.insert(rule.id.clone()) {
                faults.add(
                    start,
                    format!("rule \"{}\".id", rule.id),
                    "stands twice: ids are unique",
                );
            }
            rules.push(rule);
        }
    }
    rules
}

fn read_rule(mut section: Section<'_, '_>, faults: &mut Faults<'_>) -> Option<Rule> {
    let start = section.start;
    let id = section.text("id", faults).unwrap_or_default();
    if !quaywatch_protocol::limits::is_name(&id, 40) {
        faults.add(
            start,
            "rule.id",
            format!("is `{id}`: expected 1 to 40 characters of a-z, A-Z, 0-9, `-`, `_`, `.`"),
        );
    }
    section.name = format!("rule \"{id}\"");
    let kind_name = section.text("kind", faults).unwrap_or_default();
    let severity = read_severity(&mut section, faults);
    let sites = section.texts("sites", faults);
    let kind = match kind_name.as_str() {
        "coincidence" => {
            let signals = read_signals(&mut section, faults);
            RuleKind::Coincidence(Coincidence::read(&mut section, faults), signals)
        }
        "surge" => RuleKind::Surge(Surge::read(&mut section, faults)),
        "slowdown" => RuleKind::Slowdown(Slowdown::read(&mut section, faults)),
        "voyage" => RuleKind::Voyage(VoyageRule::read(&mut section, faults)),
        "shift" => RuleKind::Shift(Shift::read(&mut section, faults)),
        "growth" => RuleKind::Growth(Growth::read(&mut section, faults)),
        "ledger" => {
            let shares = read_steps(&mut section, "shares", &[0.25, 0.5, 0.75, 1.0], faults);
            let entries = read_entries(&mut section, faults);
            RuleKind::Ledger(Ledger::read(&mut section, faults), shares, entries)
        }
        "dark_count" => {
            let counts = read_steps(&mut section, "counts", &[5.0, 10.0, 20.0, 40.0], faults);
            RuleKind::DarkCount(DarkCount::read(&mut section, faults), counts)
        }
        other => {
            let key = section.path("kind");
            faults.add(
                start,
                key,
                format!("is `{other}`: expected one of {}", Kind::NAMES.join(", ")),
            );
            return None;
        }
    };
    section.finish(faults);
    Some(Rule {
        id,
        severity,
        sites,
        kind,
    })
}

fn read_severity(section: &mut Section<'_, '_>, faults: &mut Faults<'_>) -> Severity {
    let start = section.start;
    let Some(name) = section.text("severity", faults) else {
        return Severity::Warning;
    };
    Severity::ALL
        .into_iter()
        .find(|severity| severity.name() == name)
        .unwrap_or_else(|| {
            let known: Vec<_> = Severity::ALL.iter().map(|severity| severity.name()).collect();
            let key = section.path("severity");
            faults.add(start, key, format!("is `{name}`: expected one of {}", known.join(", ")));
            Severity::Warning
        })
}

fn read_signals(section: &mut Section<'_, '_>, faults: &mut Faults<'_>) -> Vec<SignalKind> {
    let start = section.start;
    let known: Vec<_> = SignalKind::ALL.iter().map(|kind| kind.name()).collect();
    let mut signals = Vec::new();
    for name in section.texts("signals", faults) {
        match SignalKind::ALL.into_iter().find(|kind| kind.name() == name) {
            Some(kind) if !signals.contains(&kind) => signals.push(kind),
            Some(_) => faults.add(start, section.path("signals"), format!("names `{name}` twice")),
            None => faults.add(
                start,
                section.path("signals"),
                format!("names `{name}`: expected some of {}", known.join(", ")),
            ),
        }
    }
    if signals.len() < 2 {
        faults.add(
            start,
            section.path("signals"),
            "needs at least two kinds: a coincidence of fewer can never be one",
        );
    }
    signals
}

fn read_steps(section: &mut Section<'_, '_>, key: &'static str, default: &[f64], faults: &mut Faults<'_>) -> Vec<f64> {
    let start = section.start;
    let items = section.list(key, faults);
    if items.is_empty() {
        return default.to_vec();
    }
    let steps: Vec<f64> = items.iter().filter_map(|(_, item)| number_of(item)).collect();
    let rising = steps.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    let positive = steps.iter().all(|step| step.is_finite() && *step > 0.0);
    if steps.len() != items.len() || !rising || !positive || steps.len() > STEPS_MAX {
        let key = section.path(key);
        faults.add(
            start,
            key,
            format!("must hold 1 to {STEPS_MAX} positive numbers, each above the one before"),
        );
        return default.to_vec();
    }
    steps
}

fn read_entries(section: &mut Section<'_, '_>, faults: &mut Faults<'_>) -> Vec<LedgerEntry> {
    let mut entries = Vec::new();
    for mut entry in tables(section, "entry", faults) {
        let start = entry.start;
        let site = entry.text("site", faults);
        let source = entry.text("source", faults);
        let year = entry.number("year", 0.0, 1970.0, 2200.0, faults);
        let quantity = entry.number("quantity", 0.0, 0.0, 1e15, faults);
        let sd = entry.number("sd", 0.0, 0.0, 1e15, faults);
        entry.finish(faults);
        match (site, source) {
            (Some(site), Some(source)) if year > 0.0 => entries.push(LedgerEntry {
                site,
                year: year as i16,
                quantity,
                sd,
                source,
            }),
            _ => faults.add(
                start,
                "rule.entry",
                "needs `site`, `year`, `quantity`, `sd` and `source`",
            ),
        }
    }
    entries
}

/// What single keys cannot show: rules that can never fire.
fn check_together(rules: &Rules, faults: &mut Faults<'_>) {
    if rules.time.lateness_h / 24.0 >= rules.baseline.guard_days {
        faults.add(
            0,
            "baseline.guard_days",
            "must be longer than time.lateness_h: a late look must not reach into the baseline",
        );
    }
    if rules.baseline.span_days + rules.baseline.guard_days > rules.time.retention_days {
        faults.add(
            0,
            "baseline.span_days",
            "and guard_days are longer than time.retention_days: the history would never be there",
        );
    }
    for rule in &rules.rules {
        let key = |name: &str| format!("rule \"{}\".{name}", rule.id);
        match &rule.kind {
            RuleKind::Slowdown(slow) if slow.window_min_days > slow.window_max_days => {
                faults.add(
                    0,
                    key("window_min_days"),
                    "is longer than window_max_days: it can never fire",
                );
            }
            RuleKind::Voyage(voyage) if voyage.speed_min_kn >= voyage.speed_max_kn => {
                faults.add(0, key("speed_min_kn"), "is not below speed_max_kn: it can never fire");
            }
            _ => {}
        }
    }
}
