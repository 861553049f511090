//! What is told of a chain.

use std::sync::Arc;

use quaywatch_protocol::contract::{UnixMs, time::DAY_MS};
use serde_json::{Map, json};

use super::{
    chain::Chain,
    leg::{End, Leg},
};
use crate::{
    alert::{Kind, Severity, Signal},
    correlate::{
        book::SiteBook,
        chance::rounded,
        finding::{Finding, add_evidence},
    },
    rules::{Rules, VoyageRule},
};

/// Legs listed in one alert.
const LEGS_LISTED_MAX: usize = 100;

fn leg_json(leg: &Leg, book: &SiteBook) -> serde_json::Value {
    let name = |site: usize| book.at(site).map_or("", |plan| plan.id.as_str());
    let (left_after, left_before) = leg.from.departure.unwrap_or_default();
    json!({
        "from": name(leg.from.site),
        "to": name(leg.to.site),
        "departed": {"earliest": UnixMs(left_after), "latest": UnixMs(left_before)},
        "arrived": {"earliest": UnixMs(leg.to.arrival.0.max(left_after)), "latest": UnixMs(leg.to.arrival.1)},
        "probability": rounded(leg.probability),
    })
}

pub(super) fn finding(
    chain: &Chain,
    others: &[Arc<End>],
    book: &SiteBook,
    rules: &Rules,
    rule: usize,
    keys: &VoyageRule,
) -> Option<Finding> {
    let crossings = chain.crossings(others);
    let mut legs = chain.legs.clone();
    legs.extend(chain.legs_between(others, book, rules, keys));
    legs.sort_by(|a, b| a.to.arrival.1.cmp(&b.to.arrival.1).then(a.to.id.cmp(&b.to.id)));
    let (first, last) = (chain.legs.first()?, legs.last()?);
    let mut sites: Vec<usize> = Vec::new();
    for site in chain.legs.iter().flat_map(|leg| [leg.from.site, leg.to.site]) {
        if !sites.contains(&site) {
            sites.push(site);
        }
    }
    let name = |site: usize| book.at(site).map_or_else(String::new, |plan| plan.id.clone());
    let rule_of = rules.rules.get(rule)?;
    if !sites.iter().any(|site| rule_of.watches(&name(*site))) {
        return None;
    }
    let (length, sd) = chain.hull.length();
    let first_json = leg_json(first, book);
    let mut details = Map::new();
    for key in ["from", "to", "departed", "arrived"] {
        details.insert(key.into(), first_json.get(key).cloned().unwrap_or_default());
    }
    details.insert("length_m".into(), json!(rounded(length)));
    details.insert("length_sd_m".into(), json!(rounded(sd)));
    if let Some((beam, _)) = chain.hull.beam() {
        details.insert("beam_m".into(), json!(rounded(beam)));
    }
    details.insert("legs".into(), json!(legs.len()));
    let expected: f64 = legs.iter().map(|leg| leg.probability).sum();
    details.insert("legs_expected".into(), json!(rounded(expected)));
    details.insert("crossings".into(), json!(crossings.all));
    details.insert("crossings_there".into(), json!(crossings.there));
    details.insert("other_calls".into(), json!(crossings.other_calls));
    let skipped = legs.len().saturating_sub(LEGS_LISTED_MAX);
    let list: Vec<_> = legs.iter().skip(skipped).map(|leg| leg_json(leg, book)).collect();
    details.insert("last_leg".into(), leg_json(last, book));
    details.insert("leg_list".into(), json!(list));
    let mut evidence = Vec::new();
    for leg in &legs {
        add_evidence(&mut evidence, leg.from.evidence.last());
        add_evidence(&mut evidence, leg.to.evidence.first());
    }
    for call in others {
        add_evidence(&mut evidence, call.evidence.first());
    }
    let (left_after, left_before) = first.from.departure.unwrap_or_default();
    let none_true: f64 = chain.legs.iter().map(|leg| 1.0 - leg.probability).product();
    let signal = Signal {
        kind: if first.to.tanker { "tanker" } else { "dock" }.to_owned(),
        zone: format!("{}+{}", name(first.from.site), name(first.to.site)),
        value: legs.len() as f64,
        unit: "legs".to_owned(),
        baseline: 0.0,
        p: rounded(none_true),
        from: UnixMs(left_after),
        to: UnixMs(last.to.arrival.1),
        dark: true,
    };
    Some(Finding {
        rule,
        kind: Kind::Voyage,
        site: name(first.to.site),
        sites: sites.into_iter().map(name).collect(),
        subject: chain.subject.clone(),
        completed_ms: first.to.arrival.1,
        onset: (left_after, left_before),
        last_ms: last.to.arrival.1,
        severity: rule_of.severity.max(Severity::Watch),
        signals: vec![signal],
        expected_false: rounded(
            none_true * 365.25 / ((last.to.arrival.1 - left_after) as f64 / DAY_MS as f64).max(30.0),
        ),
        evidence,
        details,
        contradicted: None,
    })
}
