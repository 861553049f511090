//! Silences.

use axum::{Extension, Json, extract::State, http::StatusCode};
use quaywatch_protocol::contract::time::{DAY_MS, UnixMs};
use serde_json::{Value, json};

use super::{
    Parts, Problem,
    auth::Who,
    described::described,
    table::{Gives, Route},
    take::{At, Body, Params, check_text},
};
use crate::{
    account::Role,
    alert::Kind,
    store::silences::{NewSilence, SILENCES_MAX},
};

/// Days that a silence may last: one that is forgotten must end.
const DAYS_MAX: i64 = 366;
/// Characters of a site's, rule's or zone's id.
const ID_CHARS_MAX: usize = 128;

pub(super) fn routes() -> Vec<Route> {
    let (viewer, analyst) = (Some(Role::Viewer), Some(Role::Analyst));
    vec![
        Route::get("/silences", viewer, "Silences that hold or will", list).asks::<ListQuery>(),
        Route::post(
            "/silences",
            analyst,
            "Silence a site, rule, kind or zone until a time",
            add,
        )
        .takes::<SilenceBody>()
        .gives(Gives::Created),
        Route::delete("/silences/{id}", analyst, "End a silence now", end),
    ]
}

described! {
    /// Parameters of the list.
    ListQuery {
        /// Those that ended too.
        ended: Option<bool>,
    }
}

described! {
    /// A new silence.
    SilenceBody {
        /// Site.
        site: Option<String>,
        /// Rule.
        rule: Option<String>,
        /// Kind of alert.
        kind: Option<String>,
        /// Zone of a signal.
        zone: Option<String>,
        /// From when (RFC 3339); by default now.
        from: Option<String>,
        /// Until when (RFC 3339).
        until: String,
        /// Why.
        reason: String,
    }
}

async fn list(State(parts): State<Parts>, Params(query): Params<ListQuery>) -> Result<Json<Value>, Problem> {
    let (ended, now) = (query.ended.unwrap_or(false), parts.clock.now());
    let silences = parts.query(move |readers, _| readers.silences(ended, now)).await?;
    Ok(Json(json!({"silences": silences})))
}

async fn add(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    Body(body): Body<SilenceBody>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let now = parts.clock.now();
    let until = UnixMs::parse(&body.until).map_err(Problem::bad)?;
    if until <= now || until > now.plus_ms(DAYS_MAX * DAY_MS) {
        return Err(Problem::bad(format!(
            "`until` must be a time to come, within {DAYS_MAX} days"
        )));
    }
    let from = match &body.from {
        Some(from) => UnixMs::parse(from).map_err(Problem::bad)?,
        None => now,
    };
    if from >= until {
        return Err(Problem::bad("`from` must be before `until`"));
    }
    if let Some(kind) = body.kind.as_deref().filter(|kind| !Kind::NAMES.contains(kind)) {
        return Err(Problem::bad(format!(
            "`kind` is \"{kind}\": expected one of {}",
            Kind::NAMES.join(", ")
        )));
    }
    check_text("reason", &body.reason)?;
    if body.reason.trim().is_empty() {
        return Err(Problem::bad("`reason` is empty: expected why"));
    }
    let ids = [&body.site, &body.rule, &body.zone];
    if ids.iter().all(|id| id.is_none()) && body.kind.is_none() {
        return Err(Problem::bad(
            "nothing is to be silent: expected `site`, `rule`, `kind` or `zone`",
        ));
    }
    let is_fit =
        |id: &String| !id.is_empty() && id.chars().count() <= ID_CHARS_MAX && !id.chars().any(char::is_control);
    if !ids.into_iter().flatten().all(is_fit) {
        return Err(Problem::bad(format!(
            "`site`, `rule` and `zone` must have 1 to {ID_CHARS_MAX} characters"
        )));
    }
    let new = NewSilence {
        site: body.site,
        rule: body.rule,
        kind: body.kind,
        zone: body.zone,
        from,
        until,
        reason: body.reason,
    };
    let made = parts.change(move |batch| batch.silence(&who.actor, &new, now)).await?;
    let id = made.ok_or_else(|| Problem::conflict(format!("{SILENCES_MAX} silences hold already: end one first")))?;
    let silences = parts.query(move |readers, _| readers.silences(false, now)).await?;
    let silence = silences.into_iter().find(|silence| silence.id == id);
    Ok((StatusCode::CREATED, Json(json!(silence))))
}

async fn end(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<i64>,
) -> Result<StatusCode, Problem> {
    let now = parts.clock.now();
    if parts
        .change(move |batch| batch.end_silence(&who.actor, id, now))
        .await?
    {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::missing("such silence that holds"))
    }
}
