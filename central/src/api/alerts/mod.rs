//! Alerts: one with its history, its evidence, who has read it; the list and the commands stand in files of their own.

mod commands;
mod list;

use axum::{Extension, Json, extract::State, http::StatusCode};
use quaywatch_protocol::ids::EventId;
use serde_json::{Value, json};

use super::{
    Parts, Problem,
    auth::Who,
    table::{Gives, Route},
    take::{At, read_event_id},
};
use crate::account::Role;

/// Looks of an alert's evidence in one answer: the newest of them. A call's evidence has tens.
const EVIDENCE_MAX: usize = 200;
/// Lines of an alert's history in one answer.
const HISTORY_MAX: usize = 500;

pub(super) fn routes() -> Vec<Route> {
    let viewer = Some(Role::Viewer);
    let mut routes = list::routes();
    routes.extend([
        Route::post("/alerts/read-all", viewer, "Mark everything as read", read_all).gives(Gives::Nothing),
        Route::get("/alerts/{id}", viewer, "One alert with its history", one),
        Route::get(
            "/alerts/{id}/evidence",
            viewer,
            "The looks that an alert rests on",
            evidence,
        ),
        Route::post("/alerts/{id}/read", viewer, "Mark an alert as read", read).gives(Gives::Nothing),
    ]);
    routes.extend(commands::routes());
    routes
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

/// The looks that an alert names as its evidence. Looks without numbers, from files, have other names and are not in the store.
pub(super) fn named_in(alert: &Value) -> Vec<EventId> {
    let names = alert.get("evidence").and_then(Value::as_array);
    names
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().and_then(read_event_id))
        .collect()
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
            let named = named_in(&alert);
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
