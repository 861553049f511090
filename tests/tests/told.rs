//! What the correlator says about the documented cases and about medleys (`reference/medley/`), to the letter: every alert and its text,
//! every site's view, with a digest of each figure that is not printed.
//!
//! The other tests ask whether what is said is true; these ask whether it changed. One file a case in `tests/told`, from seed 1 and the
//! installed rules, and one file for all medleys:
//!
//! ```text
//! <looks>; alerts: <opened, updated, withdrawn>; all changes <digest of every state of every alert>; <digest of what was refused or left out>
//! <opened>  <severity>  <kind>  <site>  <state>  <chance alerts> a site-year  <evidence> looks  <digest of the alert>
//!     <the paragraph that an analyst reads>
//! view <time> <site>  <calls>  <baselines>  <ledgers>  <digest of the view, the stated rates, and why sites cannot be judged>
//! ```
//!
//! A digest is the beginning of the SHA-256 of the JSON. When a change is meant, `QUAYWATCH_TOLD=write cargo test --test told` writes the files
//! anew, and the review sees in them what analysts will read from then on; `quaywatch-feed-cases --alerts --seeds 1` prints the figures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use quaywatch_central::{
    alert::{AlertChange, Kind},
    correlate::{Engine, SiteBook, view::SiteAsk},
    replay,
    rules::Rules,
};
use quaywatch_protocol::contract::{Look, Site, UnixMs, time::DAY_MS};
use quaywatch_tests::{
    feed::{
        cases::{Case, scripts},
        station::Noise,
    },
    reference::medley,
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

const SEED: u64 = 1;
/// Medleys, seeds 1 to this.
const MEDLEYS: u64 = 48;
/// Times at which every site is looked at, evenly over the looks.
const VIEWS: usize = 8;
/// And once after so many looks, while sites are still being learnt.
const EARLY_LOOKS: usize = 25;
/// How far back a view goes.
const VIEW_DAYS: i64 = 120;
/// Bytes of a digest that are printed: a change by chance goes unseen once in 2^64.
const DIGEST_BYTES: usize = 8;

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// JSON whose figures are rounded to nine digits: mathematics libraries differ in the last ones.
fn json(what: &impl Serialize) -> String {
    fn round(value: &mut Value) {
        match value {
            Value::Number(number) if number.is_f64() => {
                let short: f64 = format!("{:.8e}", number.as_f64().unwrap()).parse().unwrap();
                *value = short.into();
            }
            Value::Array(items) => items.iter_mut().for_each(round),
            Value::Object(fields) => fields.values_mut().for_each(round),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(what).unwrap();
    round(&mut value);
    value.to_string()
}

fn digest(what: &impl Serialize) -> String {
    short(Sha256::digest(json(what)).as_slice())
}

fn short(bytes: &[u8]) -> String {
    bytes.iter().take(DIGEST_BYTES).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The view of every site at a time.
fn views(engine: &Engine, sites: &[String], now: UnixMs, text: &mut String) {
    for site in sites {
        let ask = SiteAsk {
            site: site.clone(),
            from: UnixMs(now.0 - VIEW_DAYS * DAY_MS),
            to: now,
            now,
        };
        let view = engine.site_view(&ask).unwrap();
        let chances: Vec<(usize, f64)> = engine
            .chances(site)
            .iter()
            .map(|each| (each.rule, each.per_year))
            .collect();
        writeln!(
            text,
            "view {now} {site}  {} calls  {} baselines  {} ledgers  {}",
            view.calls.len(),
            view.baselines.len(),
            view.ledger.len(),
            digest(&(&view, chances, engine.not_evaluable()))
        )
        .unwrap();
    }
}

/// All that is said about a case.
fn told_of(case: &Case) -> String {
    let sites: Vec<&Site> = case.sites().collect();
    told(&sites, case.rules(), case.looks(SEED, Noise::Station).unwrap())
}

/// All that is said of some looks.
fn told(sites: &[&Site], rules: &Rules, looks: Vec<Look>) -> String {
    let (count, every) = (looks.len(), looks.len().div_ceil(VIEWS));
    let book = Arc::new(SiteBook::new(sites.iter().copied()));
    let sites: Vec<String> = sites.iter().map(|site| site.id.clone()).collect();
    let (mut seen, mut shown) = (0, String::new());
    let (mut all, mut kinds) = (Sha256::new(), [0_u32; 3]);
    let outcome = replay::watched(book, rules.clone(), looks, None, &mut |engine, look, changes| {
        seen += 1;
        for change in changes {
            kinds[match change {
                AlertChange::Opened(_) => 0,
                AlertChange::Updated(_) => 1,
                AlertChange::Withdrawn(_) => 2,
            }] += 1;
            all.update(json(change.alert()));
        }
        if seen == EARLY_LOOKS || seen % every == 0 || seen == count {
            views(engine, &sites, look.known_at(), &mut shown);
        }
    });
    let [opened, updated, withdrawn] = kinds;
    let mut text = format!(
        "{count} looks; alerts: {opened} opened, {updated} updated, {withdrawn} withdrawn; all changes {}; {}\n",
        short(all.finalize().as_slice()),
        digest(&format!("{:?}", outcome.counts))
    );
    for alert in &outcome.alerts {
        writeln!(
            text,
            "{}  {}  {}  {}  {:?}  {} a site-year  {} looks  {}\n    {}",
            alert.opened_at,
            alert.severity.name(),
            alert.kind.name(),
            alert.site,
            alert.state,
            alert.expected_false_per_site_year,
            alert.evidence.len(),
            digest(alert),
            alert.text
        )
        .unwrap();
    }
    text + &shown
}

/// The first line in which two texts differ, with both.
fn difference(wanted: &str, found: &str) -> String {
    let (mut old, mut new) = (wanted.lines(), found.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (old.next(), new.next()) {
            (None, None) => return "only the ends of lines differ".to_owned(),
            (old, new) if old == new => {}
            (old, new) => {
                return format!(
                    "line {number}\n  was {}\n  is  {}",
                    old.unwrap_or("(nothing)"),
                    new.unwrap_or("(nothing)")
                );
            }
        }
    }
}

/// Compares a case with its file, or writes the file.
fn case_compared(script: &Path) -> Result<(), String> {
    let case = Case::read(script, &top().join("deploy/rules/default.toml"))?;
    compared(case.name(), &told_of(&case))
}

/// Compares what is said with what a file holds, or writes the file.
fn compared(name: &str, found: &str) -> Result<(), String> {
    let path = top().join("tests/told").join(format!("{name}.txt"));
    if std::env::var_os("QUAYWATCH_TOLD").is_some_and(|word| word == "write") {
        return std::fs::write(&path, found).map_err(|error| format!("{}: {error}", path.display()));
    }
    let wanted = std::fs::read_to_string(&path).map_err(|error| format!("tests/told/{name}.txt: {error}"))?;
    if wanted == found {
        return Ok(());
    }
    Err(format!(
        "tests/told/{name}.txt, {}\n(when that is meant: QUAYWATCH_TOLD=write cargo test --test told)",
        difference(&wanted, found)
    ))
}

#[test]
fn what_is_said_about_the_documented_cases_is_what_was_said_before() {
    let problems: Vec<String> = scripts(&top().join("tests/scripts"))
        .unwrap()
        .iter()
        .filter_map(|script| case_compared(script).err())
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn what_is_said_about_medleys_is_what_was_said_before_and_every_rule_speaks() {
    let sites = medley::sites().unwrap();
    let sites: Vec<&Site> = sites.iter().collect();
    let text: String = (1..=MEDLEYS)
        .map(|seed| {
            let told = told(&sites, &medley::rules(seed).unwrap(), medley::looks(seed));
            // Paragraphs are in the digests of their alerts, and are printed for the documented cases.
            let lines = told.lines().filter(|line| !line.starts_with("    "));
            lines.fold(format!("medley {seed}\n"), |text, line| text + line + "\n")
        })
        .collect();
    for kind in Kind::NAMES {
        assert!(
            text.contains(&format!("  {kind}  ")),
            "no alert of kind {kind} in {MEDLEYS} medleys"
        );
    }
    compared("medley", &text).unwrap();
}
