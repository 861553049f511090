//! What people do to an alert: acknowledge, escalate, close, open again, note.

use axum::{Extension, Json, extract::State};
use quaywatch_protocol::contract::time::UnixMs;
use serde_json::Value;
use tokio::sync::oneshot;

use super::shown;
use crate::{
    account::Role,
    api::{
        Parts, Problem,
        auth::Who,
        described::described,
        table::Route,
        take::{At, Body, check_text},
    },
    intake::Work,
    store::alerts::{Command, NotDone, Verb},
};

/// Reasons for closing.
const CLOSE_REASONS: [&str; 4] = ["confirmed", "false-alarm", "benign", "duplicate"];

pub(super) fn routes() -> Vec<Route> {
    let analyst = Some(Role::Analyst);
    vec![
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
