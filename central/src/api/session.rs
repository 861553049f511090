//! Coming in and going out: session, set-up, own password.

use axum::{
    Extension, Json,
    extract::{ConnectInfo, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    Parts, Problem,
    auth::{COOKIE, Session, Who},
    described::described,
    listen::Peer,
    table::{Gives, Route},
    take::Body,
};
use crate::{
    account::{self, Role, Secret, password},
    store::accounts::{Refused, SESSION_MS},
};

pub(super) fn routes() -> Vec<Route> {
    let viewer = Some(Role::Viewer);
    vec![
        Route::get("/session", None, "Who asks, and whether anybody may set up", show),
        Route::post("/session", None, "Come in with name and password", come_in).takes::<LoginBody>(),
        Route::delete("/session", viewer, "Go out", go_out),
        Route::post(
            "/setup",
            None,
            "Make the first admin with the one-time link of the log",
            set_up,
        )
        .takes::<SetupBody>(),
        Route::post("/session/password", viewer, "Choose another password", change_password)
            .takes::<PasswordBody>()
            .gives(Gives::Nothing),
    ]
}

described! {
    /// Name and password.
    LoginBody {
        /// Name.
        name: String,
        /// Password.
        password: String,
    }
}

described! {
    /// The first admin.
    SetupBody {
        /// What stands behind `#` in the link.
        token: String,
        /// Name.
        name: String,
        /// Password, 12 to 256 characters.
        password: String,
    }
}

described! {
    /// A new password.
    PasswordBody {
        /// The one in use.
        current: String,
        /// The new one, 12 to 256 characters.
        new: String,
    }
}

async fn show(State(parts): State<Parts>, Extension(who): Extension<Who>) -> Result<Json<Value>, Problem> {
    let setup_required = parts.query(|readers, _| readers.is_unset()).await?;
    let user = who.session.as_ref().zip(who.role).map(|(session, role)| {
        json!({"name": session.name, "role": role.name(), "must_change_password": session.must_change})
    });
    Ok(Json(json!({
        "user": user,
        "csrf": who.session.as_ref().map(|session| &session.csrf),
        "expires_at": who.session.as_ref().map(|session| session.expires_at),
        "setup_required": setup_required,
        "anonymous_read": parts.http.anonymous_read,
    })))
}

async fn come_in(
    State(parts): State<Parts>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    Body(body): Body<LoginBody>,
) -> Result<Response, Problem> {
    let (from, now) = (peer.ip(), parts.wall.now());
    let wait_ms = parts.throttle.wait_ms(&body.name, from, now);
    if wait_ms > 0 {
        return Err(Problem::throttled(wait_ms));
    }
    let name = body.name.clone();
    let login = parts.query(move |readers, _| readers.login(&name)).await?;
    let stored = login.as_ref().map(|login| login.password.clone());
    let is_right = parts
        .hashing(move || Ok(password::verify(&body.password, stored.as_deref())))
        .await?;
    let login = login.filter(|login| is_right && !login.person.disabled);
    let Some(login) = login else {
        parts.throttle.failed(&body.name, from, now);
        tracing::warn!(%from, "login failed");
        return Err(Problem::wrong_login());
    };
    parts.throttle.succeeded(&body.name, from);
    begin(
        &parts,
        &login.person.name,
        &login.person.role,
        login.person.must_change_password,
    )
    .await
}

async fn set_up(State(parts): State<Parts>, Body(body): Body<SetupBody>) -> Result<Response, Problem> {
    check_person(&body.name, &body.password)?;
    let link = account::hash_of(&body.token);
    let (name, now) = (body.name.clone(), parts.wall.now());
    // Cheap first: hashing passwords for wrong links would be work for others to order.
    if !parts.query(|readers, _| readers.is_unset()).await? {
        return Err(Problem::conflict("there is a user already: come in with a password"));
    }
    let hash = parts.hashing(move || password::hash(&body.password)).await?;
    let made = parts
        .change(move |batch| batch.set_up(&link, &name, &hash, now))
        .await?;
    match made {
        Ok(person) => begin(&parts, &person.name, &person.role, false).await,
        Err(_) => Err(Problem::forbidden(
            "the link does not hold (any more): central writes a new one to its log at its next start",
        )),
    }
}

async fn begin(parts: &Parts, name: &str, role: &str, must_change: bool) -> Result<Response, Problem> {
    let secret = Secret::new("").map_err(|error| Problem::internal(&error))?;
    let (hash, owner, now) = (secret.hash(), name.to_owned(), parts.wall.now());
    parts
        .change(move |batch| batch.begin_session(&owner, &hash, now))
        .await?;
    let body = json!({
        "user": {"name": name, "role": role, "must_change_password": must_change},
        "csrf": account::csrf_of(secret.reveal()),
        "expires_at": now.plus_ms(SESSION_MS),
        "setup_required": false,
        "anonymous_read": parts.http.anonymous_read,
    });
    let cookie = set_cookie(parts, secret.reveal(), SESSION_MS / 1_000);
    Ok(([(header::SET_COOKIE, cookie)], Json(body)).into_response())
}

async fn go_out(State(parts): State<Parts>, Extension(who): Extension<Who>) -> Result<Response, Problem> {
    let Session { name, hash, .. } = session_of(&who)?;
    let now = parts.wall.now();
    parts.change(move |batch| batch.end_session(&name, &hash, now)).await?;
    let cookie = set_cookie(&parts, "", 0);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

async fn change_password(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    Body(body): Body<PasswordBody>,
) -> Result<StatusCode, Problem> {
    let Session { name, hash, .. } = session_of(&who)?;
    let (from, now) = (peer.ip(), parts.wall.now());
    let wait_ms = parts.throttle.wait_ms(&name, from, now);
    if wait_ms > 0 {
        return Err(Problem::throttled(wait_ms));
    }
    password::check(&body.new, &name).map_err(Problem::bad)?;
    let owner = name.clone();
    let login = parts.query(move |readers, _| readers.login(&owner)).await?;
    let stored = login.map(|login| login.password);
    let made = parts
        .hashing(move || {
            if !password::verify(&body.current, stored.as_deref()) {
                return Ok(None);
            }
            password::hash(&body.new).map(Some)
        })
        .await?;
    let Some(made) = made else {
        parts.throttle.failed(&name, from, now);
        return Err(Problem::bad("`current` is not the password in use"));
    };
    parts
        .change(move |batch| batch.change_password(&name, &made, &hash, now))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn session_of(who: &Who) -> Result<Session, Problem> {
    who.session
        .clone()
        .ok_or_else(|| Problem::bad("only a person has a session and a password"))
}

/// Checks name and password of somebody new.
pub(super) fn check_person(name: &str, password: &str) -> Result<(), Problem> {
    account::check_name(name).map_err(Problem::bad)?;
    account::password::check(password, name).map_err(Problem::bad)
}

/// What a refused change of accounts answers.
pub(super) fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::Unknown => Problem::missing("such user"),
        Refused::Taken => Problem::conflict("the name is taken"),
        Refused::Changed(revision) => Problem::changed("the user", revision),
        Refused::LastAdmin => Problem::conflict("there must be an admin who can come in: make another one first"),
        Refused::TooMany => Problem::conflict("there are as many as there may be: remove one first"),
        Refused::NoSetup => Problem::forbidden("the link does not hold"),
    }
}

fn set_cookie(parts: &Parts, value: &str, max_age_s: i64) -> String {
    let secure = if parts.http.tls { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}")
}
