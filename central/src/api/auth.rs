//! Who asks, and whether they may: in front of every route of the table.
//!
//! A token in `Authorization` stands for a program. A cookie stands for a person, and then whatever is no reading must also prove that
//! it comes from our own page: a CSRF token, and an `Origin` that is this server's own where the browser says one.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Parts, Problem};
use crate::{
    account::{self, Role, SecretHash},
    intake::{Change, Work},
    store::{accounts::SEEN_EVERY_MS, read_alerts::Viewer},
};

/// Name of the session's cookie.
pub const COOKIE: &str = "quaywatch_session";
/// Header of the CSRF token.
pub const CSRF_HEADER: &str = "x-csrf-token";
/// What a person who must choose a password may still reach.
const BEFORE_PASSWORD: [&str; 2] = ["/session", "/session/password"];

/// Who asks.
#[derive(Clone, Debug)]
pub struct Who {
    /// As the audit trail names them.
    pub actor: String,
    /// What they may.
    pub role: Option<Role>,
    /// Their session, if they are a person.
    pub session: Option<Session>,
    /// Hash of their token, if they are a program.
    pub token: Option<SecretHash>,
}

/// A person's session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Person.
    pub name: String,
    /// Hash of the cookie.
    pub hash: SecretHash,
    /// CSRF token.
    pub csrf: String,
    /// Until when it lasts.
    pub expires_at: quaywatch_protocol::contract::time::UnixMs,
    /// Must choose a password first.
    pub must_change: bool,
}

impl Who {
    const fn nobody() -> Self {
        Self {
            actor: String::new(),
            role: None,
            session: None,
            token: None,
        }
    }

    /// For whom lists are made.
    pub fn viewer(&self, parts: &Parts) -> Viewer {
        Viewer {
            person: self.session.as_ref().map(|session| session.name.clone()),
            now: parts.clock.now(),
        }
    }
}

/// What stands in front of a route.
#[derive(Clone)]
pub struct Gate {
    /// The API's parts.
    pub parts: Parts,
    /// Role that is needed.
    pub need: Option<Role>,
    /// Path of the route.
    pub path: &'static str,
}

/// Lets a request through, or answers why not.
pub async fn pass(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    match check(&gate, request.method().clone(), request.headers().clone()).await {
        Ok(who) => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn check(gate: &Gate, method: Method, headers: HeaderMap) -> Result<Who, Problem> {
    let is_reading = is_reading(&method);
    if !is_reading && !is_own_origin(&headers) {
        return Err(Problem::forbidden(
            "the request comes from another site: expected an Origin of this server, or none",
        ));
    }
    let mut who = of(&gate.parts, &headers).await?;
    if let Some(session) = &who.session {
        let token = headers.get(CSRF_HEADER).and_then(|token| token.to_str().ok());
        if !is_reading && !token.is_some_and(|token| account::same(token, &session.csrf)) {
            return Err(Problem::forbidden(format!(
                "a change by a person needs the header {CSRF_HEADER} with `csrf` of GET /api/v1/session"
            )));
        }
        if session.must_change && gate.need.is_some() && !BEFORE_PASSWORD.contains(&gate.path) {
            return Err(Problem::forbidden(
                "choose a password of your own first (POST /api/v1/session/password)",
            ));
        }
    }
    if who.role.is_none() && gate.parts.http.anonymous_read && is_reading {
        who.role = Some(Role::Viewer);
        who.actor = "anonymous".to_owned();
    }
    match (gate.need, who.role) {
        (None, _) => Ok(who),
        (Some(_), None) => Err(Problem::nobody()),
        (Some(need), Some(role)) if role >= need => Ok(who),
        (Some(need), Some(role)) => Err(Problem::forbidden(format!(
            "this needs the role {}, and {} has {}",
            need.name(),
            who.actor,
            role.name()
        ))),
    }
}

/// Who sends these headers; nobody where they say nothing or what no longer holds.
async fn of(parts: &Parts, headers: &HeaderMap) -> Result<Who, Problem> {
    let now = parts.wall.now();
    if let Some(token) = bearer(headers) {
        let hash = account::hash_of(&token);
        let found = parts.query(move |readers, _| readers.token(&hash, now)).await?;
        let Some(token) = found else {
            return Ok(Who::nobody());
        };
        note_seen(parts, hash, token.last_used_at.map_or(0, |at| at.0), now.0);
        return Ok(Who {
            actor: format!("token:{}", token.name),
            role: Role::of(&token.role),
            session: None,
            token: Some(hash),
        });
    }
    let Some(cookie) = cookie(headers) else {
        return Ok(Who::nobody());
    };
    let hash = account::hash_of(&cookie);
    let found = parts.query(move |readers, _| readers.session(&hash, now)).await?;
    let Some(session) = found else {
        return Ok(Who::nobody());
    };
    note_seen(parts, hash, session.seen_at.0, now.0);
    Ok(Who {
        actor: session.name.clone(),
        role: Some(session.role),
        session: Some(Session {
            name: session.name,
            hash,
            csrf: account::csrf_of(&cookie),
            expires_at: session.expires_at,
            must_change: session.must_change,
        }),
        token: None,
    })
}

/// Notes now and then that a session or token is in use. A full way to the writer only makes the note late.
fn note_seen(parts: &Parts, hash: SecretHash, seen_ms: i64, now_ms: i64) {
    if now_ms.saturating_sub(seen_ms) < SEEN_EVERY_MS {
        return;
    }
    let now = quaywatch_protocol::contract::time::UnixMs(now_ms);
    let change = Change(Box::new(move |batch| {
        batch.seen(&hash, now)?;
        Ok(Box::new(|| {}))
    }));
    let _ = parts.commands.try_send(Work::Change(change));
}

fn is_reading(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == COOKIE).then(|| value.to_owned())
        })
}

/// A browser says where a change comes from; what is no browser says nothing.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let own_site = text("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let own_origin = text("origin").is_none_or(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some() && host == text("host")
    });
    own_site && own_origin
}
