//! Which alerts are asked for, by whom, in which order, and the conditions that this makes.

use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::ToSql;

use crate::store::silences::is_silenced;

/// For whom and when a list is made.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The person whose unread marks count; none for tokens.
    pub person: Option<String>,
    /// Now: silences hold until a time.
    pub now: UnixMs,
}

/// Order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Newest first.
    #[default]
    Newest,
    /// Severest first, among equals newest first.
    Severity,
}

/// Which alerts.
#[derive(Clone, Debug, Default)]
pub struct AlertFilter {
    /// Only this site.
    pub site: Option<String>,
    /// Only this rule.
    pub rule: Option<String>,
    /// Only these states; empty: all.
    pub states: Vec<String>,
    /// Only these severities; empty: all.
    pub severities: Vec<String>,
    /// Only these kinds; empty: all.
    pub kinds: Vec<String>,
    /// Only those with this text in paragraph, site or id.
    pub text: Option<String>,
    /// Only read or unread ones.
    pub unread: Option<bool>,
    /// Only silenced ones or others.
    pub silenced: Option<bool>,
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct AlertQuery {
    /// Which.
    pub filter: AlertFilter,
    /// In which order.
    pub sort: Sort,
    /// Only those after this one: its severity's rank, opening time and id.
    pub after: Option<(i64, UnixMs, String)>,
    /// At most this many.
    pub limit: usize,
}

impl AlertQuery {
    /// The index by which a list of states is in its order, so that reading ends with the page. Left to itself the store reads all
    /// alerts of the states and sorts them: with 10,000 of them 0.7 s instead of a few milliseconds.
    pub(super) fn index(&self) -> &'static str {
        match self.sort {
            _ if self.filter.states.is_empty() || self.filter.site.is_some() => "",
            Sort::Newest => "INDEXED BY alert_by_state",
            Sort::Severity => "INDEXED BY alert_by_state_and_severity",
        }
    }
}

/// What groups are made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// Site.
    Site,
    /// Rule.
    Rule,
    /// Kind.
    Kind,
    /// Severity.
    Severity,
    /// State.
    State,
}

impl GroupBy {
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Rule => "rule",
            Self::Kind => "kind",
            Self::Severity => "severity",
            Self::State => "state",
        }
    }
}

/// True for an alert with something new for the person of `?1`; false for nobody.
pub(super) const UNREAD: &str = "(?1 IS NOT NULL AND position > max(
    coalesce((SELECT read_through FROM person WHERE name = ?1), 0),
    coalesce((SELECT r.position FROM alert_read r WHERE r.person = ?1 AND r.alert = alert.id), 0)))";

/// Conditions and their values.
pub(super) struct Where {
    pub(super) sql: String,
    pub(super) values: Vec<Box<dyn ToSql>>,
}

impl Where {
    pub(super) fn of(filter: &AlertFilter, viewer: &Viewer) -> Self {
        let mut made = Self {
            // Names the second value too: a statement must use all that is bound.
            sql: "?2 IS NOT NULL".to_owned(),
            values: vec![Box::new(viewer.person.clone()), Box::new(viewer.now.0)],
        };
        made.one_of("site", filter.site.as_slice());
        made.one_of("rule", filter.rule.as_slice());
        made.one_of("state", &filter.states);
        made.one_of("severity", &filter.severities);
        made.one_of("kind", &filter.kinds);
        if let Some(text) = &filter.text {
            let at = made.value(text.to_lowercase());
            // Only the paragraph of the body: its other texts are numbers and names.
            made.sql.push_str(&format!(
                " AND (instr(lower(json_extract(body, '$.text')), {at}) > 0 OR instr(lower(site), {at}) > 0 OR instr(lower(id), {at}) > 0)"
            ));
        }
        for (wanted, is) in [(filter.unread, UNREAD.to_owned()), (filter.silenced, is_silenced("?2"))] {
            match wanted {
                Some(true) => made.sql.push_str(&format!(" AND {is}")),
                Some(false) => made.sql.push_str(&format!(" AND NOT {is}")),
                None => {}
            }
        }
        made
    }

    pub(super) fn value(&mut self, value: impl ToSql + 'static) -> String {
        self.values.push(Box::new(value));
        format!("?{}", self.values.len())
    }

    fn one_of(&mut self, column: &str, wanted: &[String]) {
        if wanted.is_empty() {
            return;
        }
        let places: Vec<String> = wanted.iter().map(|each| self.value(each.clone())).collect();
        self.sql.push_str(&format!(" AND {column} IN ({})", places.join(", ")));
    }
}
