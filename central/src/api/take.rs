//! Readers of requests whose refusals are problems like all others: body, query, path, and the texts and numbers in them.

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::request,
};
use quaywatch_protocol::ids::{EventId, StationId};
use serde::de::DeserializeOwned;

use super::{PAGE_DEFAULT, PAGE_MAX, Problem, serve::Patience};

/// Characters of a note.
pub const NOTE_CHARS_MAX: usize = 4_000;

/// A JSON body.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let within = request.extensions().get::<Patience>().copied().unwrap_or_default().body;
        tokio::time::timeout(within, Json::<T>::from_request(request, state))
            .await
            .map_err(|_| Problem::slow(within))?
            .map(|Json(body)| Self(body))
            .map_err(|error| Problem::unread(error.status(), error.body_text()))
    }
}

/// Query parameters.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut request::Parts, state: &S) -> Result<Self, Problem> {
        Query::<T>::from_request_parts(parts, state)
            .await
            .map(|Query(query)| Self(query))
            .map_err(|error| Problem::bad(error.body_text()))
    }
}

/// What stands in the path: what is not even of its form does not exist.
pub struct At<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut request::Parts, state: &S) -> Result<Self, Problem> {
        Path::<T>::from_request_parts(parts, state)
            .await
            .map(|Path(at)| Self(at))
            .map_err(|_| Problem::missing("such resource"))
    }
}

/// Checks a free text.
pub fn check_text(name: &str, text: &str) -> Result<(), Problem> {
    let is_text = !text.chars().any(|each| each.is_control() && each != '\n');
    if text.chars().count() > NOTE_CHARS_MAX || !is_text {
        return Err(Problem::bad(format!(
            "`{name}` must be text of at most {NOTE_CHARS_MAX} characters"
        )));
    }
    Ok(())
}

/// The limit of a page, checked.
pub fn page_limit(limit: Option<usize>) -> Result<usize, Problem> {
    match limit.unwrap_or(PAGE_DEFAULT) {
        limit if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        limit => Err(Problem::bad(format!("`limit` is {limit}: expected 1 to {PAGE_MAX}"))),
    }
}

/// `station/epoch/seq`; evidence that is named otherwise (looks without numbers, from files) is not in the store.
pub fn read_event_id(text: &str) -> Option<EventId> {
    let mut parts = text.split('/');
    let id = EventId {
        station: StationId::new(parts.next()?).ok()?,
        epoch: parts.next()?.parse().ok()?,
        seq: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(id)
}
