//! The engine: looks in the order in which they became known, alert changes out.
//!
//! After each look the findings of its site are compared with the alerts. A finding without an alert opens one: its `opened_at`
//! is the known time of the look just applied, the earliest moment at which it could be raised. A finding that goes on, or comes
//! back within a while, updates its alert under the same id. An alert whose finding later evidence contradicts is withdrawn.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    hash::{Hash, Hasher},
    sync::Arc,
};

use quaywatch_protocol::contract::{
    Look, UnixMs,
    time::{DAY_MS, HOUR_MS},
};
use sha2::{Digest, Sha256};

use super::{
    admit::{self, Counts, Refused},
    book::SiteBook,
    finding::Finding,
    history::History,
    voyages::Voyages,
};
use crate::{
    alert::{Alert, AlertChange, Kind, Severity, Span, State, text},
    rules::{RuleKind, Rules},
};

/// Days after its last evidence within which the same finding re-opens its alert instead of raising another.
const REOPEN_DAYS: i64 = 90;
/// Days an alert is kept here after its last evidence; the store keeps it for ever.
const ALERT_KEPT_DAYS: i64 = 800;
/// Identities kept beyond the lateness limit, ms.
const IDENTITY_MARGIN_MS: i64 = 2 * HOUR_MS;

/// Site (position in the book, or the voyages), rule, subject.
type SubjectKey = (usize, usize, Arc<str>);
/// Stands for "between sites" in [`SubjectKey`].
const BETWEEN_SITES: usize = usize::MAX;

#[derive(Debug)]
struct Bound {
    finding: Arc<Finding>,
    alert: Alert,
}

/// The correlator.
#[derive(Debug)]
pub struct Engine {
    book: Arc<SiteBook>,
    rules: Rules,
    sites: Vec<History>,
    voyages: Vec<(usize, Voyages)>,
    alerts: BTreeMap<SubjectKey, Bound>,
    /// Alerts that a later episode of the same subject has replaced.
    done: Vec<Alert>,
    seen: HashMap<Arc<str>, u64>,
    seen_order: VecDeque<(i64, Arc<str>)>,
    now_ms: i64,
    counts: Counts,
}

impl Engine {
    /// An engine that has seen nothing.
    #[must_use]
    pub fn new(book: Arc<SiteBook>, rules: Rules) -> Self {
        let sites = book.sites.iter().map(History::new).collect();
        let voyages = (rules.rules.iter().enumerate())
            .filter(|(_, rule)| matches!(rule.kind, RuleKind::Voyage(_)))
            .map(|(at, _)| (at, Voyages::default()))
            .collect();
        Self {
            book,
            rules,
            sites,
            voyages,
            alerts: BTreeMap::new(),
            done: Vec::new(),
            seen: HashMap::new(),
            seen_order: VecDeque::new(),
            now_ms: i64::MIN,
            counts: Counts::default(),
        }
    }

    /// Applies a look and returns what it changed. Looks come in the order of their known time; one that claims an earlier time
    /// than the last counts as known at that time.
    pub fn apply(&mut self, look: &Look) -> Vec<AlertChange> {
        let id: Arc<str> = admit::identity(look).into();
        let known_ms = look.known_at().0;
        let Some(site) = self.book.position(&look.site) else {
            self.counts.unknown_site += 1;
            self.counts
                .fault(&id, "site", format!("is `{}`, which is not watched", look.site));
            return Vec::new();
        };
        if let Err(refused) = admit::check_clocks(look.acquired_at.0, known_ms, &self.rules) {
            self.refuse(&id, look, refused);
            return Vec::new();
        }
        if self.is_duplicate(&id, look) {
            return Vec::new();
        }
        self.now_ms = self.now_ms.max(known_ms);
        self.remember(id.clone(), look);
        let book = self.book.clone();
        let Some(plan) = book.at(site) else { return Vec::new() };
        let compact = Arc::new(admit::compact(
            look,
            id,
            self.now_ms,
            plan,
            &self.rules,
            &mut self.counts,
        ));
        self.counts.applied += 1;
        let Some(history) = self.sites.get_mut(site) else {
            return Vec::new();
        };
        let late = history.apply(compact, plan, &self.rules);
        self.counts.rollbacks += u64::from(late);
        let mut changes = Vec::new();
        self.reconcile_site(site, late, &mut changes);
        self.reconcile_voyages(site, &mut changes);
        self.cover(site, &mut changes);
        self.forget();
        changes
    }

    /// The alerts as they are, in the order of `opened_at`, then id.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        let mut all: Vec<Alert> = self
            .done
            .iter()
            .chain(self.alerts.values().map(|bound| &bound.alert))
            .cloned()
            .collect();
        all.sort_by(|a, b| a.opened_at.cmp(&b.opened_at).then_with(|| a.id.cmp(&b.id)));
        all
    }

    /// What came in and what was wrong with it.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The sites that cannot be judged, and why: "no look yet", "not enough history", or "no clear look for N days".
    #[must_use]
    pub fn not_evaluable(&self) -> Vec<(String, String)> {
        let mut list = Vec::new();
        for (plan, history) in self.book.sites.iter().zip(&self.sites) {
            let needed = self.rules.baseline.history_days_min + self.rules.baseline.guard_days;
            let (Some(first), Some(newest)) = (history.facts.first_ms, history.newest_ms()) else {
                list.push((plan.id.clone(), "no look yet".to_owned()));
                continue;
            };
            let days = UnixMs(newest).days_since(UnixMs(first));
            let stale = UnixMs(self.now_ms).days_since(UnixMs(newest));
            if stale > self.rules.time.stale_days {
                list.push((plan.id.clone(), format!("no look for {stale:.0} days")));
            } else if days < needed {
                list.push((
                    plan.id.clone(),
                    format!("not enough history: {days:.0} of {needed:.0} days"),
                ));
            }
        }
        list
    }

    /// Things held in memory, for the test that it is bounded.
    #[must_use]
    pub fn held(&self) -> usize {
        self.sites.iter().map(History::len).sum::<usize>()
            + self.voyages.iter().map(|(_, voyages)| voyages.len()).sum::<usize>()
            + self.seen.len()
            + self.alerts.len()
            + self.done.len()
    }

    fn refuse(&mut self, id: &str, look: &Look, refused: Refused) {
        let (acquired, known) = (look.acquired_at, look.known_at());
        match refused {
            Refused::Future => {
                self.counts.future += 1;
                let problem = format!("is {acquired}, later than it was received ({known}): quarantined");
                self.counts.fault(id, "acquired_at", problem);
            }
            Refused::TooLate => {
                self.counts.too_late += 1;
                let limit = self.rules.time.lateness_h;
                let problem = format!("is {acquired}, received {known}: more than {limit} hours late, listed only");
                self.counts.fault(id, "acquired_at", problem);
            }
        }
    }

    fn is_duplicate(&mut self, id: &Arc<str>, look: &Look) -> bool {
        match self.seen.get(id) {
            None => false,
            Some(print) => {
                self.counts.duplicates += 1;
                if *print != fingerprint(look) {
                    self.counts.contradictions += 1;
                    self.counts
                        .fault(id, "seq", "came before with other content: the first one counts");
                }
                true
            }
        }
    }

    fn remember(&mut self, id: Arc<str>, look: &Look) {
        self.seen.insert(id.clone(), fingerprint(look));
        self.seen_order.push_back((self.now_ms, id));
        let late_ms = (self.rules.time.lateness_h * HOUR_MS as f64) as i64;
        let floor = self.now_ms - late_ms - IDENTITY_MARGIN_MS;
        while self.seen_order.front().is_some_and(|(at, _)| *at < floor) {
            if let Some((_, id)) = self.seen_order.pop_front() {
                self.seen.remove(&id);
            }
        }
    }

    fn reconcile_site(&mut self, site: usize, late: bool, changes: &mut Vec<AlertChange>) {
        let findings: Vec<Arc<Finding>> = (self.sites.get(site))
            .map(|history| {
                history
                    .head
                    .episodes
                    .iter()
                    .map(|episode| episode.finding.clone())
                    .collect()
            })
            .unwrap_or_default();
        for finding in &findings {
            self.put(site, finding, changes);
        }
        if late {
            let late_ms = (self.rules.time.lateness_h * HOUR_MS as f64) as i64 + IDENTITY_MARGIN_MS;
            let floor = self.now_ms - late_ms;
            self.withdraw_missing(site, floor, &findings, changes);
        }
    }

    fn reconcile_voyages(&mut self, site: usize, changes: &mut Vec<AlertChange>) {
        let mut all = Vec::new();
        for (rule, voyages) in &mut self.voyages {
            let Some(history) = self.sites.get(site).filter(|history| history.head.calls_changed) else {
                return;
            };
            if let Some(RuleKind::Voyage(keys)) = self.rules.rules.get(*rule).map(|rule| rule.kind.clone()) {
                let found = voyages.update(site, &history.head, self.now_ms, &self.book, &self.rules, *rule, &keys);
                all.extend(found.into_iter().map(Arc::new));
            }
        }
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
        let before = if same {
            bound.map(|bound| bound.alert.clone())
        } else {
            None
        };
        let mut alert = self.alert_of(site, finding, before.as_ref());
        if let Some(before) = &before {
            alert.updated_at = before.updated_at;
            if alert == *before {
                if let Some(bound) = self.alerts.get_mut(&key) {
                    bound.finding = finding.clone();
                }
                return;
            }
            alert.updated_at = UnixMs(self.now_ms);
        }
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
            close(
                &mut bound.alert,
                "later evidence changed the sequence of looks: the pattern is no longer there",
            );
            bound.alert.updated_at = UnixMs(self.now_ms);
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
            expected_false_per_site_year: finding.expected_false,
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
    fn cover(&mut self, site: usize, changes: &mut Vec<AlertChange>) {
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
            bound.alert.covered_by = Some(id.clone());
            changes.push(AlertChange::Updated(bound.alert.clone()));
        }
    }

    fn forget(&mut self) {
        let floor = self.now_ms - ALERT_KEPT_DAYS * DAY_MS;
        if self.done.first().is_some_and(|alert| alert.updated_at.0 < floor) {
            self.done.retain(|alert| alert.updated_at.0 >= floor);
        }
        if self
            .alerts
            .values()
            .next()
            .is_some_and(|bound| bound.alert.updated_at.0 < floor)
        {
            self.alerts.retain(|_, bound| bound.alert.updated_at.0 >= floor);
        }
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
    let hex: String = hash
        .finalize()
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{rule}-{site}-{hex}")
}

/// Tells two looks with one identity apart.
fn fingerprint(look: &Look) -> u64 {
    let mut hash = std::hash::DefaultHasher::new();
    (
        look.acquired_at.0,
        &look.scene,
        &look.site,
        look.zones.len(),
        look.rail.len(),
        look.stacks.len(),
    )
        .hash(&mut hash);
    for zone in &look.zones {
        (&zone.zone, zone.visible.to_bits()).hash(&mut hash);
    }
    for vessel in &look.vessels {
        (
            &vessel.zone,
            vessel.length_m.to_bits(),
            vessel.confidence.to_bits(),
            vessel.mmsi,
        )
            .hash(&mut hash);
    }
    hash.finish()
}
