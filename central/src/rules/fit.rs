//! Rules against the sites that are watched: names that no site has, and signals that no zone could ever give.
//!
//! A rules file is right or wrong by itself ([`super::read`]); whether it fits the sites is known only where both are at hand. What is found
//! here is a rule that can never fire, or a figure that nobody will ever use: a misspelt site, mostly.

use quaywatch_protocol::contract::{Site, ZoneKind};
use toml::de::{DeTable, DeValue};

use super::{RuleFault, SignalKind, section::Faults};

/// Names offered where one is not known.
const NAMES_SHOWN_MAX: usize = 10;

/// Every place where the rules name a site that is not among `sites`, and every signal asked of sites that have no zone for it.
///
/// `text` is a rules file that [`super::Rules::from_toml`] has read: what is no rules file gives nothing here.
#[must_use]
pub fn unfit(text: &str, sites: &[&Site]) -> Vec<RuleFault> {
    let mut faults = Faults::new(text);
    let Ok(parsed) = DeTable::parse(text) else {
        return faults.list;
    };
    for route in tables(parsed.get_ref(), "sea_route") {
        for key in ["from", "to"] {
            name(route, key, &format!("sea_route.{key}"), sites, &mut faults);
        }
    }
    for rule in tables(parsed.get_ref(), "rule") {
        let id = rule.get("id").and_then(|id| id.get_ref().as_str()).unwrap_or_default();
        watched(rule, id, sites, &mut faults);
        for entry in tables(rule, "entry") {
            name(entry, "site", &format!("rule \"{id}\".entry.site"), sites, &mut faults);
        }
    }
    faults.list.sort_by_key(|fault| fault.line);
    faults.list
}

fn tables<'a, 'i>(table: &'a DeTable<'i>, key: &str) -> Vec<&'a DeTable<'i>> {
    let items = table.get(key).and_then(|value| value.get_ref().as_array());
    items
        .into_iter()
        .flatten()
        .filter_map(|item| item.get_ref().as_table())
        .collect()
}

fn name(table: &DeTable<'_>, key: &str, path: &str, sites: &[&Site], faults: &mut Faults<'_>) {
    let Some(value) = table.get(key) else { return };
    if let DeValue::String(found) = value.get_ref()
        && !sites.iter().any(|site| site.id == **found)
    {
        faults.add(value.span().start, path, unknown(found, sites));
    }
}

fn unknown(found: &str, sites: &[&Site]) -> String {
    let mut known: Vec<&str> = sites
        .iter()
        .map(|site| site.id.as_str())
        .take(NAMES_SHOWN_MAX)
        .collect();
    if sites.len() > NAMES_SHOWN_MAX {
        known.push("...");
    }
    format!(
        "names site `{found}`, which is not watched: expected one of {}",
        known.join(", ")
    )
}

/// The sites that a rule names, and whether they can give its signals.
fn watched(rule: &DeTable<'_>, id: &str, sites: &[&Site], faults: &mut Faults<'_>) {
    let listed = |key: &str| {
        let items = rule.get(key).and_then(|value| value.get_ref().as_array());
        let texts = items.into_iter().flatten();
        texts
            .filter_map(|item| Some((item.span().start, item.get_ref().as_str()?)))
            .collect::<Vec<_>>()
    };
    let named = listed("sites");
    for (at, found) in &named {
        if !sites.iter().any(|site| site.id == *found) {
            faults.add(*at, format!("rule \"{id}\".sites"), unknown(found, sites));
        }
    }
    // A rule for all sites is for those too that are yet to come.
    let watched: Vec<&&Site> = (sites.iter())
        .filter(|site| named.iter().any(|(_, found)| site.id == *found))
        .collect();
    if watched.is_empty() {
        return;
    }
    let signals = listed("signals");
    let needed: Vec<(usize, SignalKind)> = (signals.iter())
        .filter_map(|(at, found)| Some((*at, SignalKind::ALL.into_iter().find(|kind| kind.name() == *found)?)))
        .collect();
    // One site that has all of them is enough: the rule may be meant for that one.
    if watched
        .iter()
        .any(|site| needed.iter().all(|(_, signal)| gives(site, *signal)))
    {
        return;
    }
    for (at, signal) in needed {
        if !watched.iter().any(|site| gives(site, signal)) {
            let kinds: Vec<&str> = (ZoneKind::ALL.into_iter())
                .filter(|kind| zone_gives(*kind, signal))
                .map(ZoneKind::name)
                .collect();
            let problem = format!(
                "asks for `{}`, but none of the rule's sites has a zone of kind {}: it can never fire",
                signal.name(),
                kinds.join(", ")
            );
            faults.add(at, format!("rule \"{id}\".signals"), problem);
        }
    }
}

fn gives(site: &Site, signal: SignalKind) -> bool {
    site.zones.iter().any(|zone| zone_gives(zone.kind, signal))
}

/// True when a zone of this kind can show the signal.
const fn zone_gives(kind: ZoneKind, signal: SignalKind) -> bool {
    match signal {
        SignalKind::Dock => matches!(kind, ZoneKind::Berth | ZoneKind::Apron),
        SignalKind::Rail => matches!(kind, ZoneKind::RailTrack),
        // Tankers lie at other berths too, where a site has no oil berth.
        SignalKind::Tanker => kind.is_berth(),
        SignalKind::Storage => matches!(kind, ZoneKind::Storage),
        SignalKind::Air => matches!(kind, ZoneKind::Airfield),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(id: &str, kind: &str) -> Site {
        let text = format!(
            r#"{{"type":"FeatureCollection","site":"{id}","name":"{id}","features":[{{"type":"Feature","properties":{{"zone":"z","kind":"{kind}"}},
            "geometry":{{"type":"Polygon","coordinates":[[[130.0,42.0],[130.01,42.0],[130.01,42.01],[130.0,42.01],[130.0,42.0]]]}}}}]}}"#
        );
        Site::from_geojson(&text).unwrap()
    }

    fn told(text: &str) -> Vec<String> {
        let (port, depot) = (site("port", "berth"), site("depot", "storage"));
        super::super::Rules::from_toml(text).unwrap();
        unfit(text, &[&port, &depot]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_site_that_is_not_watched_is_named_with_its_line() {
        let faults = told(
            "[[sea_route]]\nfrom = 'port'\nto = 'prot'\nkm = 20\n\n[[rule]]\nid = 'oil'\nkind = 'ledger'\nsites = ['port', 'deopt']\n\
             [[rule.entry]]\nsite = 'harbour'\nyear = 2024\nquantity = 1\nsd = 1\nsource = 's'\n",
        );
        assert_eq!(
            faults,
            [
                "line 3: `sea_route.to` names site `prot`, which is not watched: expected one of port, depot",
                "line 9: `rule \"oil\".sites` names site `deopt`, which is not watched: expected one of port, depot",
                "line 11: `rule \"oil\".entry.site` names site `harbour`, which is not watched: expected one of port, depot",
            ]
        );
    }

    #[test]
    fn a_signal_that_no_zone_can_give_is_a_rule_that_never_fires() {
        let faults =
            told("[[rule]]\nid = 'meet'\nkind = 'coincidence'\nsites = ['port']\nsignals = ['dock', 'rail']\n");
        assert_eq!(
            faults,
            [
                "line 5: `rule \"meet\".signals` asks for `rail`, but none of the rule's sites has a zone of kind rail_track: it can never fire"
            ]
        );
        assert!(told("[[rule]]\nid = 'meet'\nkind = 'coincidence'\nsignals = ['dock', 'rail']\n").is_empty());
    }
}
