//! Administration: users, tokens, the audit trail.

use axum::{Extension, Json, extract::State, http::StatusCode};
use quaywatch_protocol::contract::time::DAY_MS;
use serde_json::{Value, json};

use super::{
    Parts, Problem,
    auth::Who,
    described::described,
    session::{check_person, refused},
    table::{Gives, Route},
    take::{At, Body, Params, page_limit},
};
use crate::{
    account::{self, Role, Secret, TOKEN_PREFIX, password},
    store::accounts::PersonChange,
};

/// Days that a token may hold.
const TOKEN_DAYS_MAX: i64 = 3_650;

pub(super) fn routes() -> Vec<Route> {
    let (analyst, admin) = (Some(Role::Analyst), Some(Role::Admin));
    vec![
        Route::get("/users", admin, "Users", users),
        Route::post(
            "/users",
            admin,
            "Add a user, who must change the password at the first login",
            add_user,
        )
        .takes::<NewUser>()
        .gives(Gives::Created),
        Route::patch(
            "/users/{name}",
            admin,
            "Change a user and end their sessions",
            change_user,
        )
        .takes::<UserChange>(),
        Route::get("/tokens", admin, "Tokens that hold", tokens),
        Route::post("/tokens", admin, "Make a token; it is shown this once", add_token)
            .takes::<NewToken>()
            .gives(Gives::Created),
        Route::delete("/tokens/{id}", admin, "Take a token back", revoke_token),
        Route::get("/audit", analyst, "The audit trail, newest first", audit).asks::<AuditQuery>(),
        Route::get(
            "/audit/verify",
            analyst,
            "Whether the audit trail's chain of hashes holds",
            verify,
        ),
    ]
}

described! {
    /// A new user.
    NewUser {
        /// Name, 1 to 64 characters.
        name: String,
        /// Role.
        role: Role,
        /// First password, 12 to 256 characters.
        password: String,
    }
}

described! {
    /// What is to change of a user.
    UserChange {
        /// Revision that was looked at.
        revision: i64,
        /// Another role.
        role: Option<Role>,
        /// Whether they may come in no more.
        disabled: Option<bool>,
        /// Another first password.
        password: Option<String>,
    }
}

described! {
    /// A new token.
    NewToken {
        /// What it is for.
        name: String,
        /// Role.
        role: Role,
        /// Days until it ends; without: never.
        expires_days: Option<i64>,
    }
}

described! {
    /// A page of the audit trail.
    AuditQuery {
        /// `next` of the page before.
        before: Option<i64>,
        /// Entries of the page.
        limit: Option<usize>,
    }
}

async fn users(State(parts): State<Parts>) -> Result<Json<Value>, Problem> {
    let users = parts.query(|readers, _| readers.people()).await?;
    Ok(Json(json!({"users": users})))
}

async fn add_user(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    Body(body): Body<NewUser>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    check_person(&body.name, &body.password)?;
    let now = parts.wall.now();
    let (name, role) = (body.name, body.role);
    let hash = parts.hashing(move || password::hash(&body.password)).await?;
    let made = parts
        .change(move |batch| batch.add_person(&who.actor, (&name, role), (&hash, true), now))
        .await?;
    let person = made.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(json!(person))))
}

async fn change_user(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(name): At<String>,
    Body(body): Body<UserChange>,
) -> Result<Json<Value>, Problem> {
    if body.role.is_none() && body.disabled.is_none() && body.password.is_none() {
        return Err(Problem::bad(
            "nothing is to change: expected `role`, `disabled` or `password`",
        ));
    }
    if let Some(new) = &body.password {
        password::check(new, &name).map_err(Problem::bad)?;
    }
    let new = body.password;
    let hash = parts
        .hashing(move || new.map(|new| password::hash(&new)).transpose())
        .await?;
    let change = PersonChange {
        role: body.role,
        disabled: body.disabled,
        password: hash,
    };
    let now = parts.wall.now();
    let changed = parts
        .change(move |batch| batch.change_person(&who.actor, &name, body.revision, &change, now))
        .await?;
    Ok(Json(json!(changed.map_err(refused)?)))
}

async fn tokens(State(parts): State<Parts>) -> Result<Json<Value>, Problem> {
    let tokens = parts.query(|readers, _| readers.tokens()).await?;
    Ok(Json(json!({"tokens": tokens})))
}

async fn add_token(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    Body(body): Body<NewToken>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    account::check_name(&body.name).map_err(Problem::bad)?;
    if let Some(days) = body.expires_days
        && !(1..=TOKEN_DAYS_MAX).contains(&days)
    {
        return Err(Problem::bad(format!(
            "`expires_days` is {days}: expected 1 to {TOKEN_DAYS_MAX}"
        )));
    }
    let secret = Secret::new(TOKEN_PREFIX).map_err(|error| Problem::internal(&error))?;
    let (hash, now) = (secret.hash(), parts.wall.now());
    let expires_at = body.expires_days.map(|days| now.plus_ms(days * DAY_MS));
    let made = parts
        .change(move |batch| batch.add_token(&who.actor, (&body.name, body.role), &hash, expires_at, now))
        .await?;
    let mut token = json!(made.map_err(refused)?);
    if let Some(fields) = token.as_object_mut() {
        fields.insert("token".to_owned(), json!(secret.reveal()));
    }
    Ok((StatusCode::CREATED, Json(token)))
}

async fn revoke_token(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<i64>,
) -> Result<StatusCode, Problem> {
    let now = parts.wall.now();
    let done = parts
        .change(move |batch| batch.revoke_token(&who.actor, id, now))
        .await?;
    if done {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::missing("such token"))
    }
}

async fn audit(State(parts): State<Parts>, Params(query): Params<AuditQuery>) -> Result<Json<Value>, Problem> {
    let limit = page_limit(query.limit)?;
    let entries = parts
        .query(move |readers, _| readers.audit(query.before, limit))
        .await?;
    let next = (entries.len() == limit)
        .then(|| entries.last().map(|line| line.position))
        .flatten();
    Ok(Json(json!({"entries": entries, "next": next})))
}

async fn verify(State(parts): State<Parts>) -> Result<Json<Value>, Problem> {
    let chain = parts.query(|readers, _| readers.audit_verify()).await?;
    Ok(Json(json!(chain)))
}
