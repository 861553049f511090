//! From findings to alerts: opened, updated under the same id, withdrawn, covered.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use quaywatch_protocol::contract::{
    UnixMs,
    time::{DAY_MS, HOUR_MS},
};
use sha2::{Digest, Sha256};

use super::{Engine, IDENTITY_MARGIN_MS};
use crate::{
    alert::{Alert, AlertChange, EXPECTED_FALSE_MIN, Kind, Severity, Span, State, text},
    correlate::{episode::REOPEN_DAYS, finding::Finding},
    rules::RuleKind,
};

/// Site (position in the book, or the voyages), rule, subject.
pub(super) type SubjectKey = (usize, usize, Arc<str>);
/// Stands for "between sites" in [`SubjectKey`].
const BETWEEN_SITES: usize = usize::MAX;

/// An alert and the finding that it tells.
#[derive(Debug)]
pub(super) struct Bound {
    pub finding: Arc<Finding>,
    pub alert: Arc<Alert>,
}

impl Engine {
    pub(super) fn reconcile_site(&mut self, site: usize, late: bool, changes: &mut Vec<AlertChange>) {
        let findings = match self.sites.get(site) {
            Some(history) if late || history.head.episodes.changed() => history.head.episodes.findings(),
            _ => return,
        };
        for finding in &findings {
            self.put(site, finding, changes);
        }
        if late {
            let late_ms = (self.rules.time.lateness_h * HOUR_MS as f64) as i64 + IDENTITY_MARGIN_MS;
            let floor = self.now_ms - late_ms;
            self.withdraw_missing(site, floor, &findings, changes);
        }
    }

    pub(super) fn reconcile_voyages(&mut self, site: usize, changes: &mut Vec<AlertChange>) {
        let Some(history) = self.sites.get(site).filter(|history| history.head.calls_changed) else {
            return;
        };
        let mut changed = false;
        for (rule, voyages) in &mut self.voyages {
            if let Some(RuleKind::Voyage(keys)) = self.rules.rules.get(*rule).map(|rule| &rule.kind) {
                changed |= voyages.update(site, &history.head, self.now_ms, &self.book, &self.rules, *rule, keys);
            }
        }
        if !changed {
            return;
        }
        let all: Vec<Arc<Finding>> = (self.voyages.iter())
            .flat_map(|(_, voyages)| voyages.findings().cloned())
            .collect();
        for finding in &all {
            self.put(BETWEEN_SITES, finding, changes);
        }
        let floor = self.now_ms - 10 * DAY_MS;
        self.withdraw_missing(BETWEEN_SITES, floor, &all, changes);
    }

    /// Opens or updates the alert of a finding.
    fn put(&mut self, site: usize, finding: &Arc<Finding>, changes: &mut Vec<AlertChange>) {
        let key = (site, finding.rule, finding.subject.clone());
        let bound = self.alerts.get(&key);
        if bound.is_some_and(|bound| Arc::ptr_eq(&bound.finding, finding)) {
            return;
        }
        let same =
            bound.is_some_and(|bound| finding.onset.1.saturating_sub(bound.finding.last_ms) <= REOPEN_DAYS * DAY_MS);
        if finding.contradicted.is_some() && !same {
            return;
        }
        let before = bound.filter(|_| same).map(|bound| bound.alert.clone());
        let mut alert = self.alert_of(site, finding, before.as_deref());
        if let Some(before) = &before {
            alert.updated_at = before.updated_at;
            if alert == **before {
                if let Some(bound) = self.alerts.get_mut(&key) {
                    bound.finding = finding.clone();
                }
                return;
            }
            alert.updated_at = UnixMs(self.now_ms);
        }
        let alert = Arc::new(alert);
        changes.push(match (&before, &finding.contradicted) {
            (None, _) => AlertChange::Opened(alert.clone()),
            (Some(before), Some(_)) if before.state != alert.state => AlertChange::Withdrawn(alert.clone()),
            (Some(_), _) => AlertChange::Updated(alert.clone()),
        });
        if let Some(old) = self.alerts.insert(
            key,
            Bound {
                finding: finding.clone(),
                alert,
            },
        ) && !same
        {
            self.done.push(old.alert);
        }
    }

    /// Withdraws alerts opened on evidence that a late look has overturned.
    fn withdraw_missing(
        &mut self,
        site: usize,
        floor_ms: i64,
        findings: &[Arc<Finding>],
        changes: &mut Vec<AlertChange>,
    ) {
        let low = (site, 0, Arc::from(""));
        let missing: Vec<SubjectKey> = (self.alerts.range(low..))
            .take_while(|((at, _, _), _)| *at == site)
            .filter(|(_, bound)| bound.finding.completed_ms >= floor_ms && bound.alert.state != State::Closed)
            .filter(|((_, rule, subject), _)| {
                !findings
                    .iter()
                    .any(|finding| finding.rule == *rule && finding.subject == *subject)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in missing {
            let Some(bound) = self.alerts.get_mut(&key) else {
                continue;
            };
            let alert = Arc::make_mut(&mut bound.alert);
            close(
                alert,
                "later evidence changed the sequence of looks: the pattern is no longer there",
            );
            alert.updated_at = UnixMs(self.now_ms);
            changes.push(AlertChange::Withdrawn(bound.alert.clone()));
        }
    }

    fn alert_of(&self, site: usize, finding: &Finding, before: Option<&Alert>) -> Alert {
        let rule = self.rules.rules.get(finding.rule).map_or("", |rule| rule.id.as_str());
        let opened_at = before.map_or(UnixMs(self.now_ms), |before| before.opened_at);
        let id = before.map_or_else(
            || alert_id(rule, &finding.site, site == BETWEEN_SITES, &finding.subject, opened_at),
            |before| before.id.clone(),
        );
        let mut alert = Alert {
            id,
            rule: rule.to_owned(),
            kind: finding.kind,
            site: finding.site.clone(),
            sites: finding.sites.clone(),
            opened_at,
            onset: Span {
                earliest: UnixMs(finding.onset.0),
                latest: UnixMs(finding.onset.1),
            },
            updated_at: UnixMs(self.now_ms),
            state: State::Open,
            severity: finding.severity,
            signals: finding.signals.clone(),
            expected_false_per_site_year: stated(finding.expected_false),
            text: String::new(),
            evidence: finding.evidence.iter().map(ToString::to_string).collect(),
            details: finding.details.clone(),
            covered_by: before.and_then(|before| before.covered_by.clone()),
            closed_reason: None,
        };
        let names = |id: &str| {
            let plan = self.book.position(id).and_then(|at| self.book.at(at));
            plan.map_or_else(|| id.to_owned(), |plan| plan.name.clone())
        };
        alert.text = text::paragraph(&alert, &names);
        match &finding.contradicted {
            // One of several signals is gone: less, but not nothing.
            Some(reason) if finding.kind == Kind::Coincidence => {
                alert.severity = Severity::Watch;
                alert.text = format!("Downgraded: {reason}. {}", alert.text);
                alert.details.insert("downgraded".into(), reason.as_str().into());
            }
            Some(reason) => close(&mut alert, reason),
            None => {}
        }
        alert
    }

    /// A coincidence covers the surges and growths that are its parts.
    pub(super) fn cover(&mut self, site: usize, changes: &mut Vec<AlertChange>) {
        if changes.is_empty() {
            return;
        }
        let of_site = || {
            let low = (site, 0, Arc::from(""));
            self.alerts.range(low..).take_while(move |((at, _, _), _)| *at == site)
        };
        let cover = of_site()
            .filter(|(_, bound)| bound.alert.kind == Kind::Coincidence && bound.alert.state != State::Closed)
            .map(|(_, bound)| (bound.alert.id.clone(), bound.finding.onset.0, bound.finding.last_ms))
            .next();
        let Some((id, from, to)) = cover else { return };
        let parts: Vec<SubjectKey> = of_site()
            .filter(|(_, bound)| {
                matches!(bound.alert.kind, Kind::Surge | Kind::Growth) && bound.alert.covered_by.is_none()
            })
            .filter(|(_, bound)| bound.finding.last_ms >= from && bound.finding.onset.0 <= to)
            .map(|(key, _)| key.clone())
            .collect();
        for key in parts {
            let Some(bound) = self.alerts.get_mut(&key) else {
                continue;
            };
            Arc::make_mut(&mut bound.alert).covered_by = Some(id.clone());
            changes.push(AlertChange::Updated(bound.alert.clone()));
        }
    }
}

/// A rate as alerts state it.
fn stated(per_year: f64) -> f64 {
    if per_year > 0.0 {
        per_year.max(EXPECTED_FALSE_MIN)
    } else {
        0.0
    }
}

fn close(alert: &mut Alert, reason: &str) {
    alert.state = State::Closed;
    alert.severity = Severity::Info;
    alert.closed_reason = Some(format!("withdrawn: {reason}"));
}

/// Rule, site and 48 bits over rule, site, subject and opening time: the same whatever comes later.
fn alert_id(rule: &str, site: &str, between: bool, subject: &str, opened_at: UnixMs) -> String {
    let mut hash = Sha256::new();
    for part in [rule, if between { "" } else { site }, subject] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.update(opened_at.0.to_le_bytes());
    let digest = HEXLOWER.encode(&hash.finalize());
    format!("{rule}-{site}-{digest:.12}")
}
