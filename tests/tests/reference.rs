//! The correlator's engine against its brute-force reference: random histories, in every order, with duplicates, delays, restarts.
//!
//! Some here; `quaywatch-feed-histories --histories 10000` runs as many as one likes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::sync::Arc;

use quaywatch_tests::reference::{
    correlator::histories::sites,
    engine::{Book, agree, steady},
    medley,
};

/// Histories in a test run.
const HISTORIES: u64 = 200;
/// Medleys in a test run: larger, and under every kind of rule.
const MEDLEYS: u64 = 24;
/// Alerts among them, at least: a comparison of nothing with nothing shows nothing.
const ALERTS_MIN: usize = 20;

#[test]
fn the_engine_says_what_the_reference_says_however_looks_arrive() {
    let sites = sites().unwrap();
    let book = Arc::new(Book::new(&sites));
    let mut alerts = 0;
    for seed in 1..=HISTORIES {
        alerts += agree(&sites, &book, seed)
            .unwrap_or_else(|problem| panic!("{problem}"))
            .len();
    }
    assert!(alerts >= ALERTS_MIN, "only {alerts} alerts in {HISTORIES} histories");
}

#[test]
fn every_rule_says_the_same_however_looks_arrive() {
    let sites = medley::sites().unwrap();
    let book = Arc::new(Book::new(&sites));
    let mut alerts = 0;
    for seed in 1..=MEDLEYS {
        let (rules, looks) = (medley::rules(seed).unwrap(), medley::looks(seed));
        alerts += steady(&book, &rules, &looks, seed).unwrap_or_else(|problem| panic!("{problem}"));
    }
    assert!(alerts >= ALERTS_MIN, "only {alerts} alerts in {MEDLEYS} medleys");
}
