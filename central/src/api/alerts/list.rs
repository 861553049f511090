//! The queue: alerts a page at a time, and counted by what they have in common.

use axum::{Extension, Json, extract::State};
use quaywatch_protocol::contract::time::UnixMs;
use serde_json::{Value, json};

use crate::{
    account::Role,
    alert::{Kind, Severity},
    api::{
        Parts, Problem,
        auth::Who,
        described::described,
        table::Route,
        take::{Params, page_limit},
    },
    store::read_alerts::{AlertFilter, AlertQuery, GroupBy, Sort, severity_rank},
};

/// Characters of a text that is looked for.
const TEXT_CHARS_MAX: usize = 200;
/// States that an alert may be asked for by.
const STATES: [&str; 4] = ["open", "acknowledged", "escalated", "closed"];

pub(super) fn routes() -> Vec<Route> {
    let viewer = Some(Role::Viewer);
    vec![
        Route::get("/alerts", viewer, "Alerts, a page at a time", list).asks::<ListQuery>(),
        Route::get(
            "/alerts/groups",
            viewer,
            "Alerts counted by what they have in common",
            groups,
        )
        .asks::<GroupQuery>(),
    ]
}

described! {
    /// Parameters of the list.
    ListQuery {
        /// Only this site.
        site: Option<String>,
        /// Only this rule.
        rule: Option<String>,
        /// Only these states, by commas: open, acknowledged, escalated, closed.
        state: Option<String>,
        /// Only these severities, by commas: info, watch, warning, critical.
        severity: Option<String>,
        /// Only these kinds, by commas.
        kind: Option<String>,
        /// Only those with this text in paragraph, site or id.
        q: Option<String>,
        /// Only unread or read ones.
        unread: Option<bool>,
        /// Only silenced ones or others.
        silenced: Option<bool>,
        /// newest (default) or severity.
        sort: Option<String>,
        /// `next` of the page before.
        after: Option<String>,
        /// Entries of the page.
        limit: Option<usize>,
    }
}

described! {
    /// Parameters of the groups.
    GroupQuery {
        /// site, rule, kind, severity or state (default).
        by: Option<String>,
        /// Only this site.
        site: Option<String>,
        /// Only this rule.
        rule: Option<String>,
        /// Only these states.
        state: Option<String>,
        /// Only these severities.
        severity: Option<String>,
        /// Only these kinds.
        kind: Option<String>,
        /// Only those with this text.
        q: Option<String>,
        /// Only unread or read ones.
        unread: Option<bool>,
        /// Only silenced ones or others.
        silenced: Option<bool>,
    }
}

async fn list(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    Params(query): Params<ListQuery>,
) -> Result<Json<Value>, Problem> {
    let limit = page_limit(query.limit)?;
    let sort = match query.sort.as_deref() {
        None | Some("newest") => Sort::Newest,
        Some("severity") => Sort::Severity,
        Some(_) => return Err(Problem::bad("`sort` must be newest or severity")),
    };
    let after = query.after.as_deref().map(read_after).transpose()?;
    let filter = filter(
        (query.site, query.rule),
        [query.state, query.severity, query.kind],
        query.q,
        (query.unread, query.silenced),
    )?;
    let (wanted, viewer) = (
        AlertQuery {
            filter,
            sort,
            after,
            limit,
        },
        who.viewer(&parts),
    );
    let alerts = parts.query(move |readers, _| readers.alerts(&wanted, &viewer)).await?;
    let next = (alerts.len() == limit)
        .then(|| alerts.last().and_then(next_of))
        .flatten();
    Ok(Json(json!({"alerts": alerts, "next": next})))
}

async fn groups(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    Params(query): Params<GroupQuery>,
) -> Result<Json<Value>, Problem> {
    let by = match query.by.as_deref().unwrap_or("state") {
        "site" => GroupBy::Site,
        "rule" => GroupBy::Rule,
        "kind" => GroupBy::Kind,
        "severity" => GroupBy::Severity,
        "state" => GroupBy::State,
        _ => return Err(Problem::bad("`by` must be one of site, rule, kind, severity, state")),
    };
    let filter = filter(
        (query.site, query.rule),
        [query.state, query.severity, query.kind],
        query.q,
        (query.unread, query.silenced),
    )?;
    let viewer = who.viewer(&parts);
    let groups = parts
        .query(move |readers, _| readers.alert_groups(by, &filter, &viewer))
        .await?;
    Ok(Json(json!({"groups": groups})))
}

fn filter(
    (site, rule): (Option<String>, Option<String>),
    [state, severity, kind]: [Option<String>; 3],
    text: Option<String>,
    (unread, silenced): (Option<bool>, Option<bool>),
) -> Result<AlertFilter, Problem> {
    if text.as_ref().is_some_and(|text| text.chars().count() > TEXT_CHARS_MAX) {
        return Err(Problem::bad(format!(
            "`q` must have at most {TEXT_CHARS_MAX} characters"
        )));
    }
    Ok(AlertFilter {
        site,
        rule,
        states: some_of("state", state, &STATES)?,
        severities: some_of("severity", severity, &Severity::NAMES)?,
        kinds: some_of("kind", kind, &Kind::NAMES)?,
        text: text.filter(|text| !text.is_empty()),
        unread,
        silenced,
    })
}

fn some_of(name: &str, text: Option<String>, known: &[&str]) -> Result<Vec<String>, Problem> {
    let words: Vec<String> = text
        .iter()
        .flat_map(|text| text.split(','))
        .map(str::to_owned)
        .collect();
    match words.iter().find(|word| !known.contains(&word.as_str())) {
        Some(_) => Err(Problem::bad(format!("`{name}` must be of {}", known.join(", ")))),
        None => Ok(words),
    }
}

fn next_of(alert: &Value) -> Option<String> {
    let text = |name: &str| alert.get(name)?.as_str();
    let rank = severity_rank(text("severity")?);
    Some(format!("{rank}~{}~{}", text("opened_at")?, text("id")?))
}

fn read_after(text: &str) -> Result<(i64, UnixMs, String), Problem> {
    let mut parts = text.splitn(3, '~');
    let mut read = || {
        Some((
            parts.next()?.parse().ok()?,
            UnixMs::parse(parts.next()?).ok()?,
            parts.next()?.to_owned(),
        ))
    };
    read().ok_or_else(|| Problem::bad("`after` must be the `next` of the page before"))
}
