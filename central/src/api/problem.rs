//! Errors as `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::store::StoreError;

/// An error answer.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    more: Map<String, Value>,
    retry_after_s: Option<i64>,
}

impl Problem {
    /// What was asked for does not exist.
    pub fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no {what}"))
    }

    /// A parameter or body is wrong.
    pub fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Somebody else was faster.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// Somebody else was faster: this is the revision now.
    pub fn changed(what: &str, revision: i64) -> Self {
        let mut problem = Self::conflict(format!(
            "{what} was changed meanwhile: it has revision {revision} now; look at it again"
        ));
        problem.more.insert("revision".to_owned(), json!(revision));
        problem
    }

    /// A text with faults.
    pub fn faults(what: &str, faults: Vec<String>) -> Self {
        let detail = format!("{what} cannot be used: {} fault(s)", faults.len());
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
        problem.more.insert("faults".to_owned(), json!(faults));
        problem
    }

    /// Nobody, or a session that ended.
    pub fn nobody() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "this needs a session (POST /api/v1/session) or a token (Authorization: Bearer …)",
        )
    }

    /// A wrong name or password.
    pub fn wrong_login() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "name or password is wrong")
    }

    /// Not from there, or not by them.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// Too many tries.
    pub fn throttled(wait_ms: i64) -> Self {
        let wait_s = wait_ms.div_euclid(1_000) + 1;
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            format!("too many wrong passwords: try again in {wait_s} s"),
        );
        problem.retry_after_s = Some(wait_s);
        problem
    }

    /// Too many at once.
    pub fn busy(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// Another server failed.
    pub fn bad_gateway(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, detail)
    }

    /// The process stops.
    pub fn stopping() -> Self {
        Self::busy("central is stopping")
    }

    /// A fault of ours.
    pub fn internal(detail: &str) -> Self {
        tracing::error!("{detail}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "central failed: see its log")
    }

    /// The store failed. The caller learns no more than that.
    pub fn store(error: &StoreError) -> Self {
        Self::internal(&format!("query failed: {error}"))
    }

    /// What a request's reader says: too long stays too long, everything else is malformed.
    pub fn unread(status: StatusCode, detail: String) -> Self {
        match status {
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::new(status, detail),
            _ => Self::bad(detail),
        }
    }

    /// The body of a request did not come within this time.
    pub fn slow(within: Duration) -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not come within {} s", within.as_secs()),
        )
    }

    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            more: Map::new(),
            retry_after_s: None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = self.more;
        body.insert("type".to_owned(), json!("about:blank"));
        body.insert(
            "title".to_owned(),
            json!(self.status.canonical_reason().unwrap_or_default()),
        );
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        body.insert("detail".to_owned(), json!(self.detail));
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, content_type, Value::Object(body).to_string()).into_response();
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Answer for a method that a route does not have.
pub async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "the resource has no such method")
}
