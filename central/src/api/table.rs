//! The table of routes: one line makes the route, its guard, its limit on bodies and its part of the OpenAPI document. A route that
//! is not in the table does not exist.

use std::convert::Infallible;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    http::Method,
    middleware,
    routing::{MethodFilter, MethodRouter, on},
};
use serde_json::Value;

use super::{Parts, auth, described::Described};
use crate::account::Role;

/// Bytes of a request's body: a command with a long note.
pub const BODY_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a body that carries a rules or site file.
pub const FILE_BODY_BYTES_MAX: usize = 4 << 20;

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// A JSON object.
    Json,
    /// 201 and a JSON object.
    Created,
    /// 204.
    Nothing,
    /// Something else.
    Media(&'static str),
}

type SchemaOf = fn() -> Value;

/// One route.
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path under `/api/v1`.
    pub path: &'static str,
    /// Role that is needed; none: nobody is.
    pub need: Option<Role>,
    /// One line for people.
    pub summary: &'static str,
    /// What it answers with.
    pub gives: Gives,
    /// Schema of its query.
    pub query: Option<SchemaOf>,
    /// Schema of its body.
    pub body: Option<SchemaOf>,
    /// Bytes that its body may have.
    pub body_bytes_max: usize,
    handler: MethodRouter<Parts>,
}

impl Route {
    /// A GET that answers with JSON.
    pub fn get<H, T>(path: &'static str, need: Option<Role>, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, Parts>,
        T: 'static,
    {
        Self::new(Method::GET, path, need, summary, on(MethodFilter::GET, handler))
    }

    /// A POST that answers with JSON.
    pub fn post<H, T>(path: &'static str, need: Option<Role>, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, Parts>,
        T: 'static,
    {
        Self::new(Method::POST, path, need, summary, on(MethodFilter::POST, handler))
    }

    /// A PUT that answers with JSON.
    pub fn put<H, T>(path: &'static str, need: Option<Role>, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, Parts>,
        T: 'static,
    {
        Self::new(Method::PUT, path, need, summary, on(MethodFilter::PUT, handler))
    }

    /// A PATCH that answers with JSON.
    pub fn patch<H, T>(path: &'static str, need: Option<Role>, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, Parts>,
        T: 'static,
    {
        Self::new(Method::PATCH, path, need, summary, on(MethodFilter::PATCH, handler))
    }

    /// A DELETE that answers with nothing.
    pub fn delete<H, T>(path: &'static str, need: Option<Role>, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, Parts>,
        T: 'static,
    {
        Self::new(Method::DELETE, path, need, summary, on(MethodFilter::DELETE, handler)).gives(Gives::Nothing)
    }

    fn new(
        method: Method,
        path: &'static str,
        need: Option<Role>,
        summary: &'static str,
        handler: MethodRouter<Parts>,
    ) -> Self {
        Self {
            method,
            path,
            need,
            summary,
            gives: Gives::Json,
            query: None,
            body: None,
            body_bytes_max: BODY_BYTES_MAX,
            handler,
        }
    }

    /// Answers with something else than JSON.
    #[must_use]
    pub const fn gives(mut self, gives: Gives) -> Self {
        self.gives = gives;
        self
    }

    /// Has query parameters.
    #[must_use]
    pub fn asks<T: Described>(mut self) -> Self {
        self.query = Some(T::schema);
        self
    }

    /// Takes a body.
    #[must_use]
    pub fn takes<T: Described>(mut self) -> Self {
        self.body = Some(T::schema);
        self
    }

    /// Takes a body that carries a file.
    #[must_use]
    pub const fn long(mut self) -> Self {
        self.body_bytes_max = FILE_BODY_BYTES_MAX;
        self
    }
}

/// All routes under `/api/v1`.
#[must_use]
pub fn routes() -> Vec<Route> {
    [
        super::session::routes(),
        super::users::routes(),
        super::alerts::routes(),
        super::exports::routes(),
        super::silences::routes(),
        super::sites::routes(),
        super::looks::routes(),
        super::stations::routes(),
        super::rules::routes(),
        super::notify::routes(),
        super::stream::routes(),
        super::openapi::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The router of all routes.
pub fn router(parts: &Parts) -> Router<Parts> {
    routes().into_iter().fold(Router::new(), |router, route| {
        let gate = auth::Gate {
            parts: parts.clone(),
            need: route.need,
            path: route.path,
        };
        let handler = route
            .handler
            .layer::<_, Infallible>(middleware::from_fn_with_state(gate, auth::pass))
            .layer(DefaultBodyLimit::max(route.body_bytes_max));
        router.route(route.path, handler)
    })
}
