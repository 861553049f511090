//! The queue against a plain list: every order and filter, page by page.

use quaywatch_protocol::contract::time::UnixMs;

use super::*;
use crate::{
    alert::Severity,
    store::read_alerts::{AlertFilter, AlertQuery, Sort, Viewer, severity_rank},
};

const STATES: [&str; 4] = ["open", "acknowledged", "escalated", "closed"];
const SITES: [&str; 2] = ["nampo", "vostochny"];
const PAGE: usize = 7;

/// An alert as far as lists know it.
#[derive(Clone, Debug)]
struct Line {
    id: String,
    site: &'static str,
    severity: &'static str,
    state: &'static str,
    opened_ms: i64,
}

/// Every combination twice, opened in an order that has nothing to do with it, some at the same moment.
fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for number in 0..2 * STATES.len() * Severity::NAMES.len() * SITES.len() {
        lines.push(Line {
            id: format!("alert-{number:02}"),
            site: SITES[number % 2],
            severity: Severity::NAMES[number / 2 % 4],
            state: STATES[number / 8 % 4],
            opened_ms: i64::try_from(number * 37 % 23).unwrap(),
        });
    }
    lines
}

fn filled(lines: &[Line]) -> (tempfile::TempDir, Readers) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("q.db");
    drop(Store::open(&file).unwrap());
    let connection = rusqlite::Connection::open(&file).unwrap();
    for line in lines {
        let body = serde_json::json!({"id": line.id, "severity": line.severity, "opened_at": UnixMs(line.opened_ms)});
        connection
            .execute(
                "INSERT INTO alert (id, site, rule, kind, severity, opened_ms, changed_ms, withdrawn, body, handling, revision)
                 VALUES (?1, ?2, 'r', 'surge', ?3, ?4, 0, 0, ?5, ?6, 1)",
                rusqlite::params![line.id, line.site, line.severity, line.opened_ms, body.to_string(), line.state],
            )
            .unwrap();
    }
    let readers = Readers::new(&file);
    (folder, readers)
}

fn expected(lines: &[Line], filter: &AlertFilter, sort: Sort) -> Vec<String> {
    let is_in = |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|each| each == value);
    let mut found: Vec<&Line> = lines
        .iter()
        .filter(|line| is_in(&filter.states, line.state) && is_in(&filter.severities, line.severity))
        .filter(|line| filter.site.as_deref().is_none_or(|site| site == line.site))
        .collect();
    found.sort_by_key(|line| {
        let rank = if sort == Sort::Severity {
            -severity_rank(line.severity)
        } else {
            0
        };
        (rank, -line.opened_ms, line.id.clone())
    });
    found.into_iter().map(|line| line.id.clone()).collect()
}

#[test]
fn every_order_and_filter_gives_page_by_page_what_a_plain_list_gives() {
    let lines = lines();
    let (_folder, readers) = filled(&lines);
    let viewer = Viewer {
        person: None,
        now: UnixMs(0),
    };
    let some = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    for states in [&[][..], &STATES[..1], &STATES[1..3], &STATES[..3], &STATES[..]] {
        for severities in [&[][..], &Severity::NAMES[3..], &Severity::NAMES[1..3]] {
            for site in [None, Some("vostochny"), Some("elsewhere")] {
                for sort in [Sort::Newest, Sort::Severity] {
                    let filter = AlertFilter {
                        site: site.map(str::to_owned),
                        states: some(states),
                        severities: some(severities),
                        ..AlertFilter::default()
                    };
                    let (mut after, mut got) = (None, Vec::new());
                    loop {
                        let query = AlertQuery {
                            filter: filter.clone(),
                            sort,
                            after: after.take(),
                            limit: PAGE,
                        };
                        let page = readers.alerts(&query, &viewer).unwrap();
                        let ids: Vec<String> = page
                            .iter()
                            .map(|alert| alert["id"].as_str().unwrap().to_owned())
                            .collect();
                        after = ids.last().map(|id| {
                            let line = lines.iter().find(|line| line.id == *id).unwrap();
                            (severity_rank(line.severity), UnixMs(line.opened_ms), line.id.clone())
                        });
                        let is_last = ids.len() < PAGE;
                        got.extend(ids);
                        if is_last {
                            break;
                        }
                    }
                    assert_eq!(
                        got,
                        expected(&lines, &filter, sort),
                        "{states:?} {severities:?} {site:?} {sort:?}"
                    );
                }
            }
        }
    }
}
