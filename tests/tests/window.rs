//! The window engine against its brute-force reference, on random histories.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use quaywatch_central::correlate::window::{Event, Outcome, Reading, WindowEngine, WindowRule};
use quaywatch_tests::reference::window::{Plain, alerts};

const KINDS: [(&str, Reading); 3] = [
    ("dock", Reading::Dock),
    ("rail", Reading::Rail),
    ("tanker", Reading::Tanker),
];

fn engine_alerts(events: &[Plain], rule: WindowRule) -> (BTreeSet<(u32, i64)>, u64) {
    let mut engine = WindowEngine::new(rule).unwrap();
    let mut found = BTreeSet::new();
    for (at_ms, site, kind, level) in events {
        let reading = KINDS.iter().find(|(name, _)| name == kind).unwrap().1;
        let event = Event {
            at_ms: *at_ms,
            site: *site,
            level: *level,
            reading,
        };
        if let Outcome::Alert(alert) = engine.apply(&event) {
            assert!(found.insert((alert.site, alert.start_ms)), "an alert came twice");
        }
    }
    (found, engine.late())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Short windows and small levels, so that windows meet, close and reopen often.
    #[test]
    fn the_engine_finds_what_brute_force_finds(
        steps in prop::collection::vec((-40_i64..60, 0_u32..3, 0_usize..3, 0_u32..6), 0..120),
        window_ms in 20_i64..80,
        lateness in 0_i64..=20,
    ) {
        let mut at_ms = 1_000_i64;
        let events: Vec<Plain> = steps
            .iter()
            .map(|(step, site, kind, level)| {
                at_ms += step.max(&0);
                (at_ms + step.min(&0), *site, KINDS[*kind].0, *level)
            })
            .collect();
        let rule = WindowRule { window_ms, lateness_ms: lateness, dock_above: 2, rail_above: 2 };
        prop_assert_eq!(engine_alerts(&events, rule), alerts(&events, window_ms, lateness, 2, 2));
    }
}
