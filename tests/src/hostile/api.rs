//! The HTTP API, whole: its router, the real writer and store behind it, asked by an administrator, so that only what is in the request
//! can refuse it. An input is a line `METHOD TARGET`, then the body.
//!
//! Passwords of full length are not among the seeds: hashing one takes as long as a thousand other requests.

use std::{
    cell::RefCell,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Method, Request, StatusCode, Uri, header},
};
use quaywatch_central::{
    account::{Role, Secret, csrf_of},
    api::{self, HASHES_MAX, HttpRules, LISTENERS_MAX, PREVIEWS_MAX, Parts, QUERIES_MAX, listen::Peer},
    ingest::mqtt::Delivery,
    intake::{Intake, Setup, Work},
    notify::{Sink, file::Plan, route::Routing},
    rules::DEFAULT_TOML,
    store::{Store, read::Readers, revisions},
    world::WorldInForce,
};
use tempfile::TempDir;
use tokio::{
    runtime::Runtime,
    sync::{Semaphore, mpsc, watch},
};
use tower::ServiceExt;

use crate::simulate::{
    clock::WallClock,
    feed::{CLOCK_TOLERANCE_MS, Feed, START},
};

/// Requests that one store answers before a fresh one takes its place: what they leave behind must not slow the later ones.
const REQUESTS_MAX: u32 = 5_000;
/// Commands that wait for the writer.
const COMMANDS_MAX: usize = 8;
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 << 20;

thread_local! {
    static SERVED: RefCell<Option<Served>> = const { RefCell::new(None) };
    static FEED: RefCell<Option<Feed>> = const { RefCell::new(None) };
}

/// Asks what the bytes say. An answer of status 500 is a fault: a handler panicked, or ran into what it should have refused.
pub fn ask(bytes: &[u8]) {
    let Some(request) = request_of(bytes) else { return };
    SERVED.with_borrow_mut(|served| {
        if served.as_ref().is_none_or(|served| served.asked >= REQUESTS_MAX) {
            let started = FEED.with_borrow_mut(Served::start);
            assert!(started.is_ok(), "the API does not start: {:?}", started.err());
            *served = started.ok();
        }
        if let Some(served) = served {
            let (status, body) = served.answer(request);
            assert!(
                status != StatusCode::INTERNAL_SERVER_ERROR && status != StatusCode::SERVICE_UNAVAILABLE,
                "{status}: {}",
                String::from_utf8_lossy(&body)
            );
            if status == StatusCode::UNAUTHORIZED {
                // The session was ended: the next request needs another.
                served.asked = REQUESTS_MAX;
            }
        }
    });
}

/// What the HTTP library would make of these bytes; `None` for what it refuses by itself.
fn request_of(bytes: &[u8]) -> Option<Request<Body>> {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let line = std::str::from_utf8(&bytes[..end]).ok()?;
    let (method, target) = line.trim_end().split_once(' ')?;
    let body = bytes.get(end + 1..).unwrap_or_default().to_vec();
    Request::builder()
        .method(Method::from_bytes(method.as_bytes()).ok()?)
        .uri(target.parse::<Uri>().ok()?)
        .body(Body::from(body))
        .ok()
}

/// A served API.
struct Served {
    runtime: Runtime,
    router: Router,
    secret: Secret,
    asked: u32,
    _ends: (watch::Sender<i64>, watch::Sender<bool>),
    _folder: TempDir,
}

impl Served {
    /// An API over the past of a documented case, which `feed` keeps.
    fn start(feed: &mut Option<Feed>) -> Result<Self, String> {
        let feed = match feed {
            Some(feed) => feed,
            None => feed.insert(Feed::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))?),
        };
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let folder = tempfile::tempdir().map_err(|error| told(&error))?;
        let file = folder.path().join("central.db");
        std::fs::copy(feed.store_file(), &file).map_err(|error| told(&error))?;
        let secret = Secret::new("")?;
        let mut store = Store::open(&file).map_err(|error| told(&error))?;
        prepared(&mut store, feed, &secret).map_err(|error| told(&error))?;
        let (readers, clock, counters) = (
            Arc::new(Readers::new(&file)),
            Arc::new(WallClock::default()),
            Arc::default(),
        );
        clock.set(START);
        let setup = Setup {
            world: feed.world(),
            distrust: Arc::default(),
            routing: Arc::new(Routing::default()),
            clock_tolerance_ms: CLOCK_TOLERANCE_MS,
            clock: Arc::clone(&clock) as _,
            counters: Arc::clone(&counters),
        };
        let (mut intake, _) = Intake::start(store, &readers, feed.engine(), setup).map_err(|error| told(&error))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| told(&error))?;
        let (commands, mut work) = mpsc::channel::<Work<Delivery>>(COMMANDS_MAX);
        runtime.spawn(async move {
            while let Some(item) = work.recv().await {
                if intake.take(vec![item]).is_err() {
                    return;
                }
            }
        });
        let (head_out, head) = watch::channel(0);
        let (stop_out, stop) = watch::channel(false);
        let router = api::router(Parts {
            readers,
            world: Arc::new(WorldInForce::new(feed.world())),
            registry: Arc::default(),
            states: Arc::default(),
            commands,
            head,
            connected: watch::channel(true).1,
            stop,
            counters,
            clock: Arc::clone(&clock) as _,
            wall: clock,
            http: Arc::new(HttpRules::default()),
            throttle: Arc::default(),
            notify: Arc::new(Plan {
                sinks: vec![("log".to_owned(), Sink::Log)],
                routes: Vec::new(),
            }),
            saving: Arc::default(),
            previews: Arc::new(Semaphore::new(PREVIEWS_MAX)),
            hashes: Arc::new(Semaphore::new(HASHES_MAX)),
            queries: Arc::new(Semaphore::new(QUERIES_MAX)),
            listeners: Arc::new(Semaphore::new(LISTENERS_MAX)),
        });
        Ok(Self {
            runtime,
            router,
            secret,
            asked: 0,
            _ends: (head_out, stop_out),
            _folder: folder,
        })
    }

    fn answer(&mut self, mut request: Request<Body>) -> (StatusCode, Vec<u8>) {
        self.asked += 1;
        let headers = request.headers_mut();
        for (name, value) in [
            ("host", "localhost".to_owned()),
            ("origin", "http://localhost".to_owned()),
            ("content-type", "application/json".to_owned()),
            ("cookie", format!("quaywatch_session={}", self.secret.reveal())),
            ("x-csrf-token", csrf_of(self.secret.reveal())),
        ] {
            headers.extend(
                value
                    .parse()
                    .ok()
                    .map(|value| (header::HeaderName::from_static(name), value)),
            );
        }
        let from = SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000));
        request.extensions_mut().insert(ConnectInfo(Peer(from)));
        let router = self.router.clone();
        self.runtime.block_on(async {
            let Ok(answer) = router.oneshot(request).await;
            let status = answer.status();
            let is_stream =
                (answer.headers().get(header::CONTENT_TYPE)).is_some_and(|kind| kind == "text/event-stream");
            if is_stream {
                return (status, Vec::new());
            }
            let body = to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await;
            assert!(body.is_ok(), "an answer that breaks off");
            (status, body.unwrap_or_default().to_vec())
        })
    }
}

/// A store in which somebody is at work.
fn prepared(store: &mut Store, feed: &Feed, secret: &Secret) -> Result<(), quaywatch_central::store::StoreError> {
    let mut batch = store.begin()?;
    batch.in_force(revisions::RULES, DEFAULT_TOML, START)?;
    for file in feed.sites.iter() {
        batch.in_force(&revisions::of_site(&file.site.id), &file.text, START)?;
    }
    // Nobody knows the password: the session is there already.
    drop(batch.add_person("central", ("admin", Role::Admin), ("", false), START)?);
    batch.begin_session("admin", &secret.hash(), START)?;
    batch.commit()
}
