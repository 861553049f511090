//! Calibration over medleys: what came is counted by the rule and the rate that were stated when it came.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{collections::BTreeSet, sync::Arc};

use quaywatch_central::{
    alert::{AlertChange, Kind},
    backtest::calibration::{Calibration, Table},
    correlate::SiteBook,
    replay,
};
use quaywatch_tests::reference::medley;

const MEDLEYS: u64 = 8;

fn came(table: &Table) -> u32 {
    table.outside().came + table.bands().map(|(_, band)| band.came).sum::<u32>()
}

#[test]
fn each_coincidence_is_counted_once_at_most_and_under_its_own_rule() {
    let sites = medley::sites().unwrap();
    let book = Arc::new(SiteBook::new(&sites));
    let (mut counted, mut raised, mut rules_seen) = (0, 0, BTreeSet::new());
    for seed in 1..=MEDLEYS {
        let (rules, mut calibration) = (medley::rules(seed).unwrap(), Calibration::default());
        let ids: Vec<String> = rules.rules.iter().map(|rule| rule.id.clone()).collect();
        let mut episodes = BTreeSet::new();
        let outcome = replay::watched(
            Arc::clone(&book),
            rules,
            medley::looks(seed),
            None,
            &mut |engine, look, changes| {
                calibration.look(engine, look, changes);
                for change in changes {
                    let alert = change.alert();
                    if alert.kind == Kind::Coincidence && !matches!(change, AlertChange::Withdrawn(_)) {
                        episodes.insert((alert.rule.clone(), alert.id.clone(), alert.onset.earliest));
                    }
                }
            },
        );
        raised += outcome
            .alerts
            .iter()
            .filter(|alert| alert.kind == Kind::Coincidence)
            .count();
        for (at, id) in ids.iter().enumerate() {
            let all = episodes.iter().filter(|(rule, ..)| rule == id).count();
            let counted = came(&calibration.of_rule(at));
            assert!(
                counted as usize <= all,
                "medley {seed}, {id}: {counted} counted of {all}"
            );
            if counted > 0 {
                rules_seen.insert(id.clone());
            }
        }
        assert!(calibration.all().years() > 0.0);
        counted += came(calibration.all());
    }
    // A coincidence that comes before its site's rate is stated for the first time counts nowhere; most do not.
    assert!(counted >= 8, "only {counted} were counted, {raised} alerts raised");
    assert_eq!(rules_seen.len(), 2, "both rules of coincidences count: {rules_seen:?}");
}
