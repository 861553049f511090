//! Alerts: list, one, evidence, commands.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection},
};
use quaywatch_protocol::{
    contract::time::UnixMs,
    ids::{EventId, StationId},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{PAGE_DEFAULT, PAGE_MAX, Parts, Problem};
use crate::{
    intake::Work,
    store::{
        alerts::{Command, NotDone, Verb},
        read_alerts::AlertQuery,
    },
};

/// Looks of an alert's evidence in one answer: the newest of them. A call's evidence has tens.
const EVIDENCE_MAX: usize = 200;
/// Lines of an alert's history in one answer.
const HISTORY_MAX: usize = 500;
/// Characters of who, why and what else.
const ACTOR_CHARS_MAX: usize = 64;
const NOTE_CHARS_MAX: usize = 4_000;
/// States that an alert may be asked for by.
const STATES: [&str; 3] = ["open", "acknowledged", "closed"];
/// Reasons for closing.
const CLOSE_REASONS: [&str; 4] = ["confirmed", "false-alarm", "benign", "duplicate"];

/// Parameters of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    site: Option<String>,
    state: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
}

/// `GET /alerts`.
pub async fn list(
    State(parts): State<Parts>,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query.map_err(|error| Problem::bad(error.body_text()))?;
    let limit = page_limit(query.limit)?;
    if let Some(state) = &query.state
        && !STATES.contains(&state.as_str())
    {
        return Err(Problem::bad(format!("`state` must be one of {}", STATES.join(", "))));
    }
    let after = query.after.as_deref().map(read_after).transpose()?;
    let wanted = AlertQuery {
        site: query.site,
        state: query.state,
        after,
        limit,
    };
    let alerts = parts.query(move |readers, _| readers.alerts(&wanted)).await?;
    let next = (alerts.len() == limit)
        .then(|| alerts.last().and_then(next_of))
        .flatten();
    Ok(Json(json!({"alerts": alerts, "next": next})))
}

/// `GET /alerts/{id}`.
pub async fn one(State(parts): State<Parts>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let (alert, history) = parts
        .query(move |readers, _| Ok((readers.alert(&id)?, readers.alert_history(&id, HISTORY_MAX)?)))
        .await?;
    let mut alert = alert.ok_or_else(|| Problem::missing("such alert"))?;
    if let Some(fields) = alert.as_object_mut() {
        fields.insert("history".to_owned(), Value::Array(history));
    }
    Ok(Json(alert))
}

/// `GET /alerts/{id}/evidence`.
pub async fn evidence(State(parts): State<Parts>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let found = parts
        .query(move |readers, sites| {
            let Some(alert) = readers.alert(&id)? else {
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

/// Body of a command.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandBody {
    revision: i64,
    actor: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    note: String,
}

/// `POST /alerts/{id}/{verb}`.
pub async fn command(
    State(parts): State<Parts>,
    Path((alert, verb)): Path<(String, String)>,
    body: Result<Json<CommandBody>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let verb = match verb.as_str() {
        "acknowledge" => Verb::Acknowledge,
        "close" => Verb::Close,
        "reopen" => Verb::Reopen,
        _ => return Err(Problem::missing("such command: expected acknowledge, close or reopen")),
    };
    let Json(body) = body.map_err(|error| Problem::bad(error.body_text()))?;
    check(&body, verb)?;
    let (reply, answer) = oneshot::channel();
    let command = Command {
        alert: alert.clone(),
        verb,
        revision: body.revision,
        actor: body.actor,
        reason: body.reason,
        note: body.note,
    };
    parts
        .commands
        .send(Work::Handle(command, reply))
        .await
        .map_err(|_| Problem::stopping())?;
    match answer.await.map_err(|_| Problem::stopping())? {
        Ok(_) => one(State(parts), Path(alert)).await,
        Err(NotDone::Unknown) => Err(Problem::missing("such alert")),
        Err(NotDone::AlreadySo) => Err(Problem::conflict("the alert is in that state already")),
        Err(NotDone::Changed(revision)) => Err(Problem::conflict(format!(
            "the alert was changed meanwhile: it has revision {revision} now; look at it again"
        ))),
    }
}

fn check(body: &CommandBody, verb: Verb) -> Result<(), Problem> {
    let is_text = |text: &str| !text.chars().any(|each| each.is_control() && each != '\n');
    if body.actor.trim().is_empty() || body.actor.chars().count() > ACTOR_CHARS_MAX || !is_text(&body.actor) {
        return Err(Problem::bad(format!(
            "`actor` must name a person in 1 to {ACTOR_CHARS_MAX} characters"
        )));
    }
    if body.note.chars().count() > NOTE_CHARS_MAX || !is_text(&body.note) {
        return Err(Problem::bad(format!(
            "`note` must be text of at most {NOTE_CHARS_MAX} characters"
        )));
    }
    let is_known = CLOSE_REASONS.contains(&body.reason.as_str());
    match verb {
        Verb::Close if !is_known => Err(Problem::bad(format!(
            "`reason` must be one of {}",
            CLOSE_REASONS.join(", ")
        ))),
        Verb::Acknowledge | Verb::Reopen if !body.reason.is_empty() => {
            Err(Problem::bad("`reason` belongs to close only: use `note`"))
        }
        _ => Ok(()),
    }
}

/// The limit of a page, checked.
pub(super) fn page_limit(limit: Option<usize>) -> Result<usize, Problem> {
    match limit.unwrap_or(PAGE_DEFAULT) {
        limit if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        limit => Err(Problem::bad(format!("`limit` is {limit}: expected 1 to {PAGE_MAX}"))),
    }
}

fn next_of(alert: &Value) -> Option<String> {
    let opened = alert.get("opened_at")?.as_str()?;
    let id = alert.get("id")?.as_str()?;
    Some(format!("{opened}~{id}"))
}

fn read_after(text: &str) -> Result<(UnixMs, String), Problem> {
    text.split_once('~')
        .and_then(|(at, id)| Some((UnixMs::parse(at).ok()?, id.to_owned())))
        .ok_or_else(|| Problem::bad("`after` must be the `next` of the page before"))
}

/// `station/epoch/seq`; evidence that is named otherwise (looks without numbers, from files) is not in the store.
fn read_event_id(text: &str) -> Option<EventId> {
    let mut parts = text.split('/');
    let id = EventId {
        station: StationId::new(parts.next()?).ok()?,
        epoch: parts.next()?.parse().ok()?,
        seq: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(id)
}
