//! Alerts: list, groups, one, evidence, commands, read marks.

use axum::{Extension, Json, extract::State, http::StatusCode};
use quaywatch_protocol::{
    contract::time::UnixMs,
    ids::{EventId, StationId},
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{
    PAGE_DEFAULT, PAGE_MAX, Parts, Problem,
    auth::Who,
    described::described,
    table::{Gives, Route},
    take::{At, Body, Params},
};
use crate::{
    account::Role,
    intake::Work,
    store::{
        alerts::{Command, NotDone, Verb},
        read_alerts::{AlertFilter, AlertQuery, GroupBy, Sort, severity_rank},
    },
};

/// Looks of an alert's evidence in one answer: the newest of them. A call's evidence has tens.
const EVIDENCE_MAX: usize = 200;
/// Lines of an alert's history in one answer.
const HISTORY_MAX: usize = 500;
/// Characters of a note.
pub(super) const NOTE_CHARS_MAX: usize = 4_000;
/// Characters of a text that is looked for.
const TEXT_CHARS_MAX: usize = 200;
/// States that an alert may be asked for by.
const STATES: [&str; 4] = ["open", "acknowledged", "escalated", "closed"];
/// Severities that an alert may be asked for by.
const SEVERITIES: [&str; 4] = ["info", "watch", "warning", "critical"];
/// Kinds that an alert may be asked for by.
const KINDS: [&str; 8] = [
    "coincidence",
    "surge",
    "slowdown",
    "voyage",
    "shift",
    "ledger",
    "dark_count",
    "growth",
];
/// Reasons for closing.
const CLOSE_REASONS: [&str; 4] = ["confirmed", "false-alarm", "benign", "duplicate"];

pub(super) fn routes() -> Vec<Route> {
    let (viewer, analyst) = (Some(Role::Viewer), Some(Role::Analyst));
    vec![
        Route::get("/alerts", viewer, "Alerts, a page at a time", list).asks::<ListQuery>(),
        Route::get(
            "/alerts/groups",
            viewer,
            "Alerts counted by what they have in common",
            groups,
        )
        .asks::<GroupQuery>(),
        Route::post("/alerts/read-all", viewer, "Mark everything as read", read_all).gives(Gives::Nothing),
        Route::get("/alerts/{id}", viewer, "One alert with its history", one),
        Route::get(
            "/alerts/{id}/evidence",
            viewer,
            "The looks that an alert rests on",
            evidence,
        ),
        Route::post("/alerts/{id}/read", viewer, "Mark an alert as read", read).gives(Gives::Nothing),
        Route::post(
            "/alerts/{id}/acknowledge",
            analyst,
            "Take an alert on, until a time if one is given",
            acknowledge,
        )
        .takes::<AcknowledgeBody>(),
        Route::post("/alerts/{id}/escalate", analyst, "Call for somebody else", escalate).takes::<PlainBody>(),
        Route::post("/alerts/{id}/reopen", analyst, "Open an alert again", reopen).takes::<PlainBody>(),
        Route::post("/alerts/{id}/close", analyst, "Close an alert with a reason", close).takes::<CloseBody>(),
        Route::post("/alerts/{id}/note", analyst, "Add a note", note).takes::<NoteBody>(),
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

described! {
    /// A command that needs no more than the revision.
    PlainBody {
        /// Revision that was looked at.
        revision: i64,
        /// Free text.
        #[serde(default)]
        note: String,
    }
}

described! {
    /// Body of acknowledge.
    AcknowledgeBody {
        /// Revision that was looked at.
        revision: i64,
        /// Until when (RFC 3339); without: until somebody changes it.
        until: Option<String>,
        /// Free text.
        #[serde(default)]
        note: String,
    }
}

described! {
    /// Body of close.
    CloseBody {
        /// Revision that was looked at.
        revision: i64,
        /// confirmed, false-alarm, benign or duplicate.
        reason: String,
        /// Free text.
        #[serde(default)]
        note: String,
    }
}

described! {
    /// Body of note.
    NoteBody {
        /// Revision that was looked at.
        revision: i64,
        /// Free text.
        note: String,
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
        severities: some_of("severity", severity, &SEVERITIES)?,
        kinds: some_of("kind", kind, &KINDS)?,
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

/// One alert with its history.
pub(super) async fn shown(parts: &Parts, who: &Who, id: String) -> Result<Value, Problem> {
    let viewer = who.viewer(parts);
    let (alert, history) = parts
        .query(move |readers, _| Ok((readers.alert(&id, &viewer)?, readers.alert_history(&id, HISTORY_MAX)?)))
        .await?;
    let mut alert = alert.ok_or_else(|| Problem::missing("such alert"))?;
    if let Some(fields) = alert.as_object_mut() {
        fields.insert("history".to_owned(), Value::Array(history));
    }
    Ok(alert)
}

async fn one(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
) -> Result<Json<Value>, Problem> {
    shown(&parts, &who, id).await.map(Json)
}

async fn evidence(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
) -> Result<Json<Value>, Problem> {
    let viewer = who.viewer(&parts);
    let found = parts
        .query(move |readers, sites| {
            let Some(alert) = readers.alert(&id, &viewer)? else {
                return Ok(None);
            };
            let named: Vec<EventId> = alert
                .get("evidence")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|name| name.as_str().and_then(read_event_id))
                .collect();
            let left_out = named.len().saturating_sub(EVIDENCE_MAX);
            let mut looks = Vec::new();
            for event in named.iter().skip(left_out) {
                if let Some(look) = readers.look(event, sites)? {
                    looks.push(json!({"id": event.to_string(), "look": look, "chips": readers.chips_of(event)?}));
                }
            }
            Ok(Some(json!({"looks": looks, "left_out": left_out})))
        })
        .await?;
    found.map(Json).ok_or_else(|| Problem::missing("such alert"))
}

async fn acknowledge(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
    Body(body): Body<AcknowledgeBody>,
) -> Result<Json<Value>, Problem> {
    let until = body
        .until
        .as_deref()
        .map(UnixMs::parse)
        .transpose()
        .map_err(Problem::bad)?;
    if until.is_some_and(|until| until <= parts.clock.now()) {
        return Err(Problem::bad("`until` is over already: expected a time to come"));
    }
    command(
        &parts,
        &who,
        id,
        Verb::Acknowledge,
        (body.revision, body.note, String::new(), until),
    )
    .await
}

async fn escalate(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
    Body(body): Body<PlainBody>,
) -> Result<Json<Value>, Problem> {
    command(
        &parts,
        &who,
        id,
        Verb::Escalate,
        (body.revision, body.note, String::new(), None),
    )
    .await
}

async fn reopen(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
    Body(body): Body<PlainBody>,
) -> Result<Json<Value>, Problem> {
    command(
        &parts,
        &who,
        id,
        Verb::Reopen,
        (body.revision, body.note, String::new(), None),
    )
    .await
}

async fn close(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
    Body(body): Body<CloseBody>,
) -> Result<Json<Value>, Problem> {
    if !CLOSE_REASONS.contains(&body.reason.as_str()) {
        return Err(Problem::bad(format!(
            "`reason` must be one of {}",
            CLOSE_REASONS.join(", ")
        )));
    }
    command(
        &parts,
        &who,
        id,
        Verb::Close,
        (body.revision, body.note, body.reason, None),
    )
    .await
}

async fn note(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
    Body(body): Body<NoteBody>,
) -> Result<Json<Value>, Problem> {
    if body.note.trim().is_empty() {
        return Err(Problem::bad("`note` is empty: expected text"));
    }
    command(
        &parts,
        &who,
        id,
        Verb::Note,
        (body.revision, body.note, String::new(), None),
    )
    .await
}

async fn command(
    parts: &Parts,
    who: &Who,
    alert: String,
    verb: Verb,
    (revision, note, reason, until): (i64, String, String, Option<UnixMs>),
) -> Result<Json<Value>, Problem> {
    check_text("note", &note)?;
    let (reply, answer) = oneshot::channel();
    let command = Command {
        alert: alert.clone(),
        verb,
        revision,
        actor: who.actor.clone(),
        reason,
        note,
        until,
    };
    parts
        .commands
        .send(Work::Handle(command, reply))
        .await
        .map_err(|_| Problem::stopping())?;
    match answer.await.map_err(|_| Problem::stopping())? {
        Ok(_) => shown(parts, who, alert).await.map(Json),
        Err(NotDone::Unknown) => Err(Problem::missing("such alert")),
        Err(NotDone::AlreadySo) => Err(Problem::conflict("the alert is in that state already")),
        Err(NotDone::Changed(revision)) => Err(Problem::changed("the alert", revision)),
    }
}

async fn read(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
) -> Result<StatusCode, Problem> {
    mark(&parts, &who, Some(id)).await
}

async fn read_all(State(parts): State<Parts>, Extension(who): Extension<Who>) -> Result<StatusCode, Problem> {
    mark(&parts, &who, None).await
}

async fn mark(parts: &Parts, who: &Who, alert: Option<String>) -> Result<StatusCode, Problem> {
    let Some(session) = &who.session else {
        return Err(Problem::bad("only people have read marks: expected a session"));
    };
    if let Some(id) = alert.clone() {
        let viewer = who.viewer(parts);
        let found = parts.query(move |readers, _| readers.alert(&id, &viewer)).await?;
        found.ok_or_else(|| Problem::missing("such alert"))?;
    }
    let name = session.name.clone();
    parts
        .change(move |batch| batch.mark_read(&name, alert.as_deref()))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Checks a free text.
pub(super) fn check_text(name: &str, text: &str) -> Result<(), Problem> {
    let is_text = !text.chars().any(|each| each.is_control() && each != '\n');
    if text.chars().count() > NOTE_CHARS_MAX || !is_text {
        return Err(Problem::bad(format!(
            "`{name}` must be text of at most {NOTE_CHARS_MAX} characters"
        )));
    }
    Ok(())
}

/// The limit of a page, checked.
pub(super) fn page_limit(limit: Option<usize>) -> Result<usize, Problem> {
    match limit.unwrap_or(PAGE_DEFAULT) {
        limit if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        limit => Err(Problem::bad(format!("`limit` is {limit}: expected 1 to {PAGE_MAX}"))),
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

/// `station/epoch/seq`; evidence that is named otherwise (looks without numbers, from files) is not in the store.
pub(super) fn read_event_id(text: &str) -> Option<EventId> {
    let mut parts = text.split('/');
    let id = EventId {
        station: StationId::new(parts.next()?).ok()?,
        epoch: parts.next()?.parse().ok()?,
        seq: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(id)
}
