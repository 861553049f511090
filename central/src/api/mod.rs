//! HTTP API under `/api/v1`, metrics, and the console.
//!
//! `docs/API.md` says what each route takes and gives; [`table`] is the list of routes and makes the OpenAPI document as well. A request
//! passes [`guard`] (host, headers), then [`auth`] (who, role, origin, CSRF), then its handler. Reading goes to the store's readers,
//! writing to the one writer, whose answer comes after the commit. Errors are `application/problem+json` (RFC 9457).

mod alerts;
mod auth;
mod described;
mod exports;
mod guard;
pub mod listen;
mod looks;
mod notify;
pub mod openapi;
mod page;
mod problem;
mod rules;
pub mod serve;
mod session;
mod silences;
mod sites;
mod stations;
mod stream;
pub mod table;
mod take;
mod users;

use std::sync::Arc;

use axum::{Router, middleware, routing};
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot, watch};

pub use self::problem::Problem;
use crate::{
    account::throttle::Throttle,
    clock::Clock,
    ingest::mqtt::Delivery,
    ingest::{gate::RegistryInForce, states::States},
    intake::{Change, Tell, Work},
    metrics::Counters,
    notify::file::Plan,
    sites::Sites,
    store::{Batch, StoreError, read::Readers},
    world::WorldInForce,
};

/// Entries of a page.
pub const PAGE_MAX: usize = 500;
/// Entries of a page that does not say.
pub const PAGE_DEFAULT: usize = 100;
/// Queries that run at once; others wait.
pub const QUERIES_MAX: usize = 4;
/// Listeners of the stream at once.
pub const LISTENERS_MAX: usize = 64;

/// Passwords hashed at once: each takes 19 MiB and a core.
pub const HASHES_MAX: usize = 2;
/// Previews at once: each takes all looks into memory.
pub const PREVIEWS_MAX: usize = 1;

/// How HTTP is served.
#[derive(Clone, Debug, Default)]
pub struct HttpRules {
    /// Over TLS.
    pub tls: bool,
    /// Names that this server has besides its addresses.
    pub names: Vec<String>,
    /// Whoever reaches the port may read.
    pub anonymous_read: bool,
}

/// What the API works with.
#[derive(Clone)]
pub struct Parts {
    /// The store, for reading.
    pub readers: Arc<Readers>,
    /// The watched sites and the rules, in force.
    pub world: Arc<WorldInForce>,
    /// The stations.
    pub registry: Arc<RegistryInForce>,
    /// What stations say of themselves.
    pub states: Arc<States>,
    /// Where commands go.
    pub commands: mpsc::Sender<Work<Delivery>>,
    /// Newest position of the alert history.
    pub head: watch::Receiver<i64>,
    /// Whether the broker is connected.
    pub connected: watch::Receiver<bool>,
    /// True once the process stops.
    pub stop: watch::Receiver<bool>,
    /// Counters.
    pub counters: Arc<Counters>,
    /// Clock.
    pub clock: Arc<dyn Clock>,
    /// The machine's clock, for sessions: in an exercise the two differ.
    pub wall: Arc<dyn Clock>,
    /// How HTTP is served.
    pub http: Arc<HttpRules>,
    /// Remembers failed logins.
    pub throttle: Arc<Throttle>,
    /// Notification sinks and routes.
    pub notify: Arc<Plan>,
    /// Held by who saves rules or zones.
    pub saving: Arc<Mutex<()>>,
    /// Bounds the previews.
    pub previews: Arc<Semaphore>,
    /// Bounds the hashing of passwords.
    pub hashes: Arc<Semaphore>,
    /// Bounds the queries.
    pub queries: Arc<Semaphore>,
    /// Bounds the listeners.
    pub listeners: Arc<Semaphore>,
}

impl Parts {
    /// Runs a query on a thread that may block, a few at once.
    ///
    /// # Errors
    /// [`Problem`] of status 500 when the store fails, 503 when the process stops.
    pub(crate) async fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Readers, &Sites) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let _permit = self.queries.acquire().await.map_err(|_| Problem::stopping())?;
        let (readers, sites) = (Arc::clone(&self.readers), self.world.get().sites);
        tokio::task::spawn_blocking(move || query(&readers, &sites))
            .await
            .map_err(|_| Problem::internal("a query ended without an answer"))?
            .map_err(|error| Problem::store(&error))
    }

    /// Has the writer change something, and gives what it answered, after the commit.
    ///
    /// # Errors
    /// [`Problem`] of status 503 when the process stops: after a failed commit it does.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        let change = Change(Box::new(move |batch| {
            let made = change(batch)?;
            let tell: Tell = Box::new(move || {
                // Whoever asked may have gone meanwhile; what was done stays done.
                let _ = reply.send(made);
            });
            Ok(tell)
        }));
        self.commands
            .send(Work::Change(change))
            .await
            .map_err(|_| Problem::stopping())?;
        answer.await.map_err(|_| Problem::stopping())
    }

    /// Hashes passwords on a thread that may take long, a few at once.
    ///
    /// # Errors
    /// [`Problem`] of status 500 when the system gives no randomness.
    pub(crate) async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<T, Problem> {
        let _permit = self.hashes.acquire().await.map_err(|_| Problem::stopping())?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Problem::internal("hashing ended without an answer"))?
            .map_err(|error| Problem::internal(&error))
    }
}

/// The router.
pub fn router(parts: Parts) -> Router {
    let gate = auth::Gate {
        parts: parts.clone(),
        need: Some(crate::account::Role::Viewer),
        path: "/metrics",
    };
    let metrics = routing::get(stations::metrics)
        .layer::<_, std::convert::Infallible>(middleware::from_fn_with_state(gate, auth::pass));
    let http = Arc::clone(&parts.http);
    Router::new()
        .nest("/api/v1", table::router(&parts))
        .route("/metrics", metrics)
        .fallback(page::serve)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(middleware::from_fn_with_state(http, guard::guard))
        .with_state(parts)
}

#[cfg(test)]
mod tests;
