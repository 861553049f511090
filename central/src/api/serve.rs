//! Serves what comes in at the door: so many connections at once, each with so long for its part.
//!
//! A client that sends nothing, sends a request's head or body slowly, or does not take its answer is cut off, so that it cannot keep a place
//! that others wait for. When all places are taken, further connections wait with the system until one is free, and that is counted.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

use super::listen::Door;
use crate::metrics::Counters;

/// Connections at once. A browser keeps up to six, and the process has handles for stations, broker and store to keep free: 1,024 in all
/// is what a system gives unasked.
const CONNECTIONS_MAX: usize = 256;
/// How long a connection may wait for the whole head of a request, the first or a later one.
const HEAD_MAX: Duration = Duration::from_secs(30);
/// How long the body of a request may take.
const BODY_MAX: Duration = Duration::from_secs(60);
/// How long a client may take nothing of its answer.
const STALLED_MAX: Duration = Duration::from_secs(60);
/// Bytes of a request's head, and of what is read ahead of a body.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How many clients are served at once, and how long each is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Connections at once.
    pub connections: usize,
    /// For the head of a request; an idle connection ends then, too.
    pub head: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// While the client takes nothing.
    pub stalled: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            head: HEAD_MAX,
            body: BODY_MAX,
            stalled: STALLED_MAX,
        }
    }
}

/// Serves until a stop is asked for, and then until the requests that are under way have their answers.
pub async fn serve(
    mut door: Door,
    router: Router,
    patience: Patience,
    counters: Arc<Counters>,
    mut stop: watch::Receiver<bool>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(HEAD_BYTES_MAX);
    let places = Arc::new(Semaphore::new(patience.connections));
    let under_way = GracefulShutdown::new();
    loop {
        if places.available_permits() == 0 {
            counters.http_full.add();
        }
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.ok()?;
            Some((place, door.accept().await))
        };
        let (place, (stream, peer)) = tokio::select! {
            Some(next) = next => next,
            () = crate::stop::requested(&mut stop) => break,
        };
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(patience.stalled));
        let router = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(patience);
            router.call(request)
        });
        let connection = under_way.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(peer = %peer.0, "connection ended: {error}");
            }
            drop(place);
        });
    }
    drop(door);
    under_way.shutdown().await;
}
