//! HTTP API under `/api/v1`, metrics, and the page.
//!
//! | route | answers |
//! |---|---|
//! | `GET /api/v1/alerts?site=&state=&after=&limit=` | alerts, newest first; `next` is the `after` of the next page |
//! | `GET /api/v1/alerts/{id}` | one alert with its history |
//! | `GET /api/v1/alerts/{id}/evidence` | the looks it rests on, oldest first, with what chips there are |
//! | `POST /api/v1/alerts/{id}/{acknowledge,close,reopen}` | carries out a person's command |
//! | `GET /api/v1/looks?site=&from=&to=&before=&limit=` | looks, newest first |
//! | `GET /api/v1/looks/{station}/{epoch}/{seq}` | one look |
//! | `GET /api/v1/looks/{station}/{epoch}/{seq}/chips/{vessel}` | JPEG of a vessel |
//! | `GET /api/v1/sites`, `GET /api/v1/sites/{id}` | sites; one site's GeoJSON |
//! | `GET /api/v1/stations` | stations: registry, progress, gaps, last state |
//! | `GET /api/v1/quarantine?before=&limit=` | refused messages, newest first |
//! | `GET /api/v1/stream` | alert changes as server-sent events; resumes after `Last-Event-ID` |
//! | `GET /api/v1/health` | whether the broker is connected, and counts |
//! | `GET /metrics` | counters for Prometheus |
//!
//! Errors are `application/problem+json` (RFC 9457). There are no accounts yet: whoever reaches the port may read and command,
//! so it listens on loopback only. Commands need the header `X-Quaywatch: 1`, which no foreign web page can send without asking
//! first, and a `Host` that is this server's own name, so that no foreign name can be pointed at it.

mod alerts;
mod guard;
mod looks;
mod page;
mod problem;
mod stations;
mod stream;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing};
use tokio::sync::{Semaphore, mpsc, watch};

pub use self::problem::Problem;
use crate::{
    clock::Clock,
    ingest::mqtt::Delivery,
    ingest::{gate::RegistryInForce, states::States},
    intake::Work,
    metrics::Counters,
    sites::Sites,
    store::{StoreError, read::Readers},
};

/// Bytes of a request's body: a command with a long note.
pub const BODY_BYTES_MAX: usize = 16 * 1024;
/// Entries of a page.
pub const PAGE_MAX: usize = 500;
/// Entries of a page that does not say.
pub const PAGE_DEFAULT: usize = 100;
/// Queries that run at once; others wait.
pub const QUERIES_MAX: usize = 4;
/// Listeners of the stream at once.
pub const LISTENERS_MAX: usize = 64;

/// What the API works with.
#[derive(Clone)]
pub struct Parts {
    /// The store, for reading.
    pub readers: Arc<Readers>,
    /// The watched sites.
    pub sites: Arc<Sites>,
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
        let (readers, sites) = (Arc::clone(&self.readers), Arc::clone(&self.sites));
        tokio::task::spawn_blocking(move || query(&readers, &sites))
            .await
            .map_err(|_| Problem::internal("a query ended without an answer"))?
            .map_err(|error| Problem::store(&error))
    }
}

/// The router.
pub fn router(parts: Parts) -> Router {
    let api = Router::new()
        .route("/alerts", routing::get(alerts::list))
        .route("/alerts/{id}", routing::get(alerts::one))
        .route("/alerts/{id}/evidence", routing::get(alerts::evidence))
        .route("/alerts/{id}/{verb}", routing::post(alerts::command))
        .route("/looks", routing::get(looks::list))
        .route("/looks/{station}/{epoch}/{seq}", routing::get(looks::one))
        .route(
            "/looks/{station}/{epoch}/{seq}/chips/{vessel}",
            routing::get(looks::chip),
        )
        .route("/sites", routing::get(stations::sites))
        .route("/sites/{id}", routing::get(stations::site))
        .route("/stations", routing::get(stations::stations))
        .route("/quarantine", routing::get(stations::quarantine))
        .route("/health", routing::get(stations::health))
        .route("/stream", routing::get(stream::stream));
    Router::new()
        .nest("/api/v1", api)
        .route("/metrics", routing::get(stations::metrics))
        .merge(page::router())
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(middleware::from_fn(guard::guard))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(parts)
}

#[cfg(test)]
mod tests;
