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

/// Whose command it is, on which alert.
type To = (State<Parts>, Extension<Who>, At<String>);

/// What a command says besides its verb.
#[derive(Default)]
struct Said {
    note: String,
    reason: String,
    until: Option<UnixMs>,
}

impl Said {
    fn note(note: String) -> Self {
        Self {
            note,
            ..Self::default()
        }
    }
}

async fn acknowledge(to: To, Body(body): Body<AcknowledgeBody>) -> Result<Json<Value>, Problem> {
    let until = body.until.as_deref().map(UnixMs::parse).transpose();
    let until = until.map_err(Problem::bad)?;
    if until.is_some_and(|until| until <= to.0.clock.now()) {
        return Err(Problem::bad("`until` is over already: expected a time to come"));
    }
    let said = Said {
        until,
        ..Said::note(body.note)
    };
    command(to, Verb::Acknowledge, body.revision, said).await
}

async fn escalate(to: To, Body(body): Body<PlainBody>) -> Result<Json<Value>, Problem> {
    command(to, Verb::Escalate, body.revision, Said::note(body.note)).await
}

async fn reopen(to: To, Body(body): Body<PlainBody>) -> Result<Json<Value>, Problem> {
    command(to, Verb::Reopen, body.revision, Said::note(body.note)).await
}

async fn close(to: To, Body(body): Body<CloseBody>) -> Result<Json<Value>, Problem> {
    if !CLOSE_REASONS.contains(&body.reason.as_str()) {
        let known = CLOSE_REASONS.join(", ");
        return Err(Problem::bad(format!("`reason` must be one of {known}")));
    }
    let said = Said {
        reason: body.reason,
        ..Said::note(body.note)
    };
    command(to, Verb::Close, body.revision, said).await
}

async fn note(to: To, Body(body): Body<NoteBody>) -> Result<Json<Value>, Problem> {
    if body.note.trim().is_empty() {
        return Err(Problem::bad("`note` is empty: expected text"));
    }
    command(to, Verb::Note, body.revision, Said::note(body.note)).await
}

async fn command(
    (State(parts), Extension(who), At(alert)): To,
    verb: Verb,
    revision: i64,
    said: Said,
) -> Result<Json<Value>, Problem> {
    check_text("note", &said.note)?;
    let (reply, answer) = oneshot::channel();
    let command = Command {
        alert: alert.clone(),
        verb,
        revision,
        actor: who.actor.clone(),
        reason: said.reason,
        note: said.note,
        until: said.until,
    };
    parts
        .commands
        .send(Work::Handle(command, reply))
        .await
        .map_err(|_| Problem::stopping())?;
    match answer.await.map_err(|_| Problem::stopping())? {
        Ok(_) => shown(&parts, &who, alert).await.map(Json),
        Err(NotDone::Unknown) => Err(Problem::missing("such alert")),
        Err(NotDone::AlreadySo) => Err(Problem::conflict("the alert is in that state already")),
        Err(NotDone::Changed(revision)) => Err(Problem::changed("the alert", revision)),
    }
}
