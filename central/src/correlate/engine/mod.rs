//! The engine: looks in the order in which they became known, alert changes out.
//!
//! After each look the findings of its site are compared with the alerts. A finding without an alert opens one: its `opened_at`
//! is the known time of the look just applied, the earliest moment at which it could be raised. A finding that goes on, or comes
//! back within a while, updates its alert under the same id. An alert whose finding later evidence contradicts is withdrawn.

mod reconcile;
mod seen;

use std::{collections::BTreeMap, sync::Arc};

use quaywatch_protocol::contract::{
    Look, UnixMs,
    time::{DAY_MS, HOUR_MS},
};

use self::{
    reconcile::{Bound, SubjectKey},
    seen::Seen,
};
use super::{
    admit::{self, Counts, Refused},
    background::Background,
    book::SiteBook,
    coincide::learning_days,
    history::History,
    view::{self, SiteAsk, SiteView},
    voyages::Voyages,
};
use crate::{
    alert::{Alert, AlertChange},
    rules::{RuleKind, Rules},
};

/// Days an alert is kept here after its last evidence; the store keeps it for ever.
const ALERT_KEPT_DAYS: i64 = 800;
/// Identities kept beyond the lateness limit, ms.
const IDENTITY_MARGIN_MS: i64 = 2 * HOUR_MS;

/// How often a coincidence rule would be met at a site by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// Position of the rule in the rules file.
    pub rule: usize,
    /// Coincidences a year.
    pub per_year: f64,
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
    done: Vec<Arc<Alert>>,
    seen: Seen,
    /// Identity of the look at hand, in memory that the next one takes over.
    id: String,
    now_ms: i64,
    /// Day, counted from 1970, on which alerts were last looked through for old ones.
    forgot_day: i64,
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
            seen: Seen::default(),
            id: String::new(),
            now_ms: i64::MIN,
            forgot_day: i64::MIN,
            counts: Counts::default(),
        }
    }

    /// Applies a look and returns what it changed. Looks come in the order of their known time; one that claims an earlier time
    /// than the last counts as known at that time.
    pub fn apply(&mut self, look: &Look) -> Vec<AlertChange> {
        admit::put_identity(look, &mut self.id);
        let id: Arc<str> = self.id.as_str().into();
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
        if let Some(same) = self.seen.before(&id, look) {
            self.counts.duplicates += 1;
            if !same {
                self.counts.contradictions += 1;
                self.counts
                    .fault(&id, "seq", "came before with other content: the first one counts");
            }
            return Vec::new();
        }
        self.now_ms = self.now_ms.max(known_ms);
        let late_ms = (self.rules.time.lateness_h * HOUR_MS as f64) as i64;
        self.seen
            .remember(id.clone(), look, self.now_ms, late_ms + IDENTITY_MARGIN_MS);
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
            .map(|alert| (**alert).clone())
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

    /// Id of a rule by its position in the rules file.
    #[must_use]
    pub fn rule_id(&self, rule: usize) -> Option<&str> {
        self.rules.rules.get(rule).map(|rule| rule.id.as_str())
    }

    /// Chance coincidences a year at a site, by rule, as of its newest look. Empty before the site can be judged, and where so many would come
    /// that the rule is not raised.
    #[must_use]
    pub fn chances(&self, site: &str) -> Vec<Chance> {
        let Some(position) = self.book.position(site) else {
            return Vec::new();
        };
        let history = self.sites.get(position);
        let Some((first, newest, history)) =
            history.and_then(|history| Some((history.facts.first_ms?, history.newest_ms()?, history)))
        else {
            return Vec::new();
        };
        if UnixMs(newest).days_since(UnixMs(first)) < learning_days(&self.rules) {
            return Vec::new();
        }
        let Some(plan) = self.book.at(position) else {
            return Vec::new();
        };
        let background = Background {
            plan,
            rules: &self.rules,
            facts: &history.facts,
            state: &history.head,
            now_ms: newest,
        };
        let rules = self.rules.rules.iter().enumerate();
        rules
            .filter(|(_, rule)| rule.watches(site))
            .filter_map(|(at, rule)| {
                let RuleKind::Coincidence(keys, kinds) = &rule.kind else {
                    return None;
                };
                let per_year = background.expected_false(keys, kinds);
                (per_year <= keys.false_per_year_max).then_some(Chance { rule: at, per_year })
            })
            .collect()
    }

    /// What is known of a site, for people to look at; `None` for one that is not watched.
    #[must_use]
    pub fn site_view(&self, ask: &SiteAsk) -> Option<SiteView> {
        let position = self.book.position(&ask.site)?;
        let (plan, history) = (self.book.at(position)?, self.sites.get(position)?);
        let mut view = view::of(plan, history, &self.rules, ask);
        view.why_not = self
            .not_evaluable()
            .into_iter()
            .find(|(site, _)| *site == ask.site)
            .map(|(_, why)| why);
        Some(view)
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

    /// Forgets the alerts of long ago, once a day: any of them may be the oldest.
    fn forget(&mut self) {
        let today = self.now_ms.div_euclid(DAY_MS);
        if today == self.forgot_day {
            return;
        }
        self.forgot_day = today;
        let floor = self.now_ms - ALERT_KEPT_DAYS * DAY_MS;
        self.done.retain(|alert| alert.updated_at.0 >= floor);
        self.alerts.retain(|_, bound| bound.alert.updated_at.0 >= floor);
    }
}
