//! The API in process: every route, hostile requests, the stream.

use std::{net::SocketAddr, sync::Arc};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, watch},
};

use super::{
    HASHES_MAX, HttpRules, LISTENERS_MAX, PREVIEWS_MAX, Parts, QUERIES_MAX,
    listen::Door,
    router,
    serve::{Patience, serve},
};
use crate::{
    account::{self, Role, Secret, password},
    ingest::{admit::admit, gate::RegistryInForce, mqtt::Delivery, states::States},
    intake::{Intake, Setup, Work},
    metrics::Counters,
    notify::{Sink, file::Plan, route::Routing},
    rules::DEFAULT_TOML,
    store::{Store, read::Readers, revisions},
    testing::{HandClock, NOW, SITE, Simple, Station, look, registry, world},
    world::WorldInForce,
};

mod accounts;
mod every_route;
mod slow;
mod stream;
mod work;

/// A served API over a store with a writer behind it, and a person of each role.
struct Served {
    address: SocketAddr,
    work: mpsc::Sender<Work<Delivery>>,
    head: Arc<watch::Sender<i64>>,
    intake: Arc<std::sync::Mutex<Intake<Simple>>>,
    clock: Arc<HandClock>,
    counters: Arc<Counters>,
    station: Station,
    people: Vec<(Role, Secret)>,
    _stop: watch::Sender<bool>,
    folder: TempDir,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}", self.body))
    }
}

/// The password of everybody in these tests.
const PASSWORD: &str = "correct horse battery";

impl Served {
    async fn start() -> Self {
        Self::start_with(HttpRules::default(), true).await
    }

    async fn start_with(http: HttpRules, with_people: bool) -> Self {
        Self::start_patiently(http, with_people, Patience::default()).await
    }

    async fn start_patiently(http: HttpRules, with_people: bool, patience: Patience) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("q.db");
        let (readers, station) = (Arc::new(Readers::new(&file)), Station::new("gs-1", 1));
        let (clock, counters, world) = (HandClock::at(NOW), Arc::new(Counters::default()), world());
        let mut store = Store::open(&file).unwrap();
        let mut batch = store.begin().unwrap();
        batch.in_force(revisions::RULES, DEFAULT_TOML, NOW).unwrap();
        batch.in_force(&revisions::of_site("vostochny"), SITE, NOW).unwrap();
        let mut people = Vec::new();
        if with_people {
            let hash = password::hash(PASSWORD).unwrap();
            for role in Role::ALL {
                let secret = Secret::new("").unwrap();
                batch
                    .add_person("central", (role.name(), role), (&hash, false), NOW)
                    .unwrap()
                    .unwrap();
                batch.begin_session(role.name(), &secret.hash(), NOW).unwrap();
                people.push((role, secret));
            }
        }
        batch.commit().unwrap();
        let setup = Setup {
            world: world.clone(),
            distrust: Arc::default(),
            routing: Arc::new(Routing::default()),
            clock_tolerance_ms: 0,
            clock: clock.clone(),
            counters: counters.clone(),
        };
        let (intake, _) = Intake::start(store, &readers, Simple::default(), setup).unwrap();
        let intake = Arc::new(std::sync::Mutex::new(intake));
        let in_force = Arc::new(RegistryInForce::default());
        in_force.put(registry(&[&station]));
        let (work, mut work_in) = mpsc::channel::<Work<Delivery>>(8);
        let (head_out, head) = watch::channel(0);
        let head_out = Arc::new(head_out);
        let (writer, teller) = (Arc::clone(&intake), Arc::clone(&head_out));
        tokio::spawn(async move {
            while let Some(item) = work_in.recv().await {
                let taken = writer.lock().unwrap().take(vec![item]).unwrap();
                if let Some(last) = taken.told.last() {
                    teller.send_replace(last.position);
                }
            }
        });
        let (stop_out, stop) = watch::channel(false);
        let plan = Plan {
            sinks: vec![("log".to_owned(), Sink::Log)],
            routes: Vec::new(),
        };
        let parts = Parts {
            readers,
            world: Arc::new(WorldInForce::new(world)),
            registry: in_force,
            states: Arc::new(States::default()),
            commands: work.clone(),
            head,
            connected: watch::channel(true).1,
            stop,
            counters: counters.clone(),
            clock: clock.clone(),
            wall: clock.clone(),
            http: Arc::new(http),
            throttle: Arc::default(),
            notify: Arc::new(plan),
            saving: Arc::default(),
            previews: Arc::new(Semaphore::new(PREVIEWS_MAX)),
            hashes: Arc::new(Semaphore::new(HASHES_MAX)),
            queries: Arc::new(Semaphore::new(QUERIES_MAX)),
            listeners: Arc::new(Semaphore::new(LISTENERS_MAX)),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counted = Arc::clone(&parts.counters);
        let until = parts.stop.clone();
        tokio::spawn(serve(
            Door::open(listener, None),
            router(parts),
            patience,
            counted,
            until,
        ));
        Self {
            address,
            work,
            head: head_out,
            intake,
            clock,
            counters,
            station,
            people,
            _stop: stop_out,
            folder,
        }
    }

    /// Takes a look in, as the writer does.
    fn take_look(&self, seq: u64) {
        let bytes = self.station.sealed(seq, &look(&format!("s{seq}"), NOW));
        let admitted = admit(&registry(&[&self.station]), &self.station.topic(), &bytes).unwrap();
        let taken = self
            .intake
            .lock()
            .unwrap()
            .take(vec![Work::Event(Box::new(admitted), ())])
            .unwrap();
        self.head.send_replace(taken.told.last().unwrap().position);
    }

    /// The cookie of somebody with this role.
    fn cookie(&self, role: Role) -> &str {
        self.people.iter().find(|(each, _)| *each == role).unwrap().1.reveal()
    }

    /// The headers of a browser of somebody with this role.
    fn browser(&self, role: Role) -> String {
        let cookie = self.cookie(role);
        let csrf = account::csrf_of(cookie);
        format!("cookie: quaywatch_session={cookie}\r\nx-csrf-token: {csrf}\r\norigin: http://localhost\r\n")
    }

    async fn raw(&self, request: String) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = Vec::new();
        // A server that refuses a long body may close before it has read all of it.
        let _ = stream.read_to_end(&mut text).await;
        let text = String::from_utf8_lossy(&text).into_owned();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        self.raw(format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    /// Asks as a viewer.
    async fn get(&self, path: &str) -> Answer {
        let cookie = self.cookie(Role::Viewer);
        self.raw(format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncookie: a=b; quaywatch_session={cookie}\r\n\r\n"
        ))
        .await
    }

    /// Commands as somebody with this role.
    async fn post(&self, role: Role, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &self.browser(role), &body.to_string()).await
    }
}

const ALERT: &str = "/api/v1/alerts/simple-vostochny";

#[tokio::test]
async fn an_alert_is_listed_shown_with_its_evidence_and_closed_by_a_person() {
    let served = Served::start().await;
    served.take_look(1);
    let list = served.get("/api/v1/alerts?state=open").await.json();
    assert_eq!(list["alerts"][0]["id"], "simple-vostochny");
    let one = served.get(ALERT).await.json();
    assert_eq!(
        (one["state"].as_str(), one["revision"].as_i64()),
        (Some("open"), Some(1))
    );
    let evidence = served.get(&format!("{ALERT}/evidence")).await.json();
    assert_eq!(evidence["looks"][0]["id"], "gs-1/1/1");
    assert_eq!(evidence["looks"][0]["look"]["vessels"][0]["zone"], "oil-berth");
    let body = json!({"revision": 1, "reason": "benign", "note": "known call"});
    let closed = served.post(Role::Analyst, &format!("{ALERT}/close"), &body).await;
    assert_eq!(
        (closed.status, closed.json()["state"].as_str()),
        (200, Some("closed")),
        "{}",
        closed.body
    );
    let again = served.post(Role::Admin, &format!("{ALERT}/close"), &body).await;
    assert_eq!(again.status, 409, "two people at once: the second is told");
    assert_eq!(again.json()["revision"], 2);
    let history = served.get(ALERT).await.json();
    assert_eq!(history["history"][1]["actor"], "analyst");
}

#[tokio::test]
async fn pages_of_alerts_and_looks_follow_each_other_without_a_hole() {
    let served = Served::start().await;
    for seq in 1..=7 {
        served.take_look(seq);
    }
    let (mut next, mut scenes) = (String::new(), Vec::new());
    loop {
        let page = served.get(&format!("/api/v1/looks?limit=3{next}")).await.json();
        scenes.extend(
            page["looks"]
                .as_array()
                .unwrap()
                .iter()
                .map(|look| look["scene"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_i64() {
            Some(before) => next = format!("&before={before}"),
            None => break,
        }
    }
    assert_eq!(scenes, ["s7", "s6", "s5", "s4", "s3", "s2", "s1"]);
    let page = served.get("/api/v1/alerts?limit=1").await.json();
    let after = page["next"].as_str().unwrap();
    let last = served
        .get(&format!("/api/v1/alerts?limit=1&after={after}"))
        .await
        .json();
    assert_eq!(last["alerts"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn every_bad_request_gets_a_problem_that_says_what_was_expected() {
    let served = Served::start().await;
    served.take_look(1);
    for (path, status, told) in [
        ("/api/v1/alerts?limit=0", 400, "1 to 500"),
        ("/api/v1/alerts?limit=501", 400, "1 to 500"),
        ("/api/v1/alerts?stat=open", 400, "stat"),
        ("/api/v1/alerts?state=openn", 400, "acknowledged"),
        ("/api/v1/alerts?after=x", 400, "next"),
        ("/api/v1/alerts/none", 404, "alert"),
        ("/api/v1/alerts/none/evidence", 404, "alert"),
        ("/api/v1/looks?from=yesterday", 400, "RFC 3339"),
        ("/api/v1/looks/gs-1/1/99", 404, "look"),
        ("/api/v1/looks/gs-1/1/1/chips/0", 404, "chip"),
        ("/api/v1/sites/%27%20OR%201=1", 404, "site"),
        ("/api/v2/alerts", 404, "resource"),
    ] {
        let answer = served.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.head.contains("application/problem+json"), "{path}");
        assert!(
            answer.json()["detail"].as_str().unwrap().contains(told),
            "{path}: {}",
            answer.body
        );
    }
    for (path, status) in [
        ("/api/v1/sites", 200),
        ("/api/v1/stations", 200),
        ("/api/v1/health", 200),
        ("/metrics", 200),
        ("/", 200),
        ("/api/v1/openapi.json", 200),
        ("/api/v1/sites/vostochny", 200),
        ("/api/v1/sites/vostochny/overview", 200),
        ("/api/v1/sites/vostochny/lanes", 200),
        ("/api/v1/rules", 200),
    ] {
        assert_eq!(served.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn every_answer_keeps_browsers_strict() {
    let served = Served::start().await;
    for path in ["/", "/api/v1/alerts", "/nothing"] {
        let head = served.get(path).await.head;
        assert!(
            head.contains("content-security-policy: default-src 'none'"),
            "{path}: {head}"
        );
        assert!(head.contains("x-content-type-options: nosniff"), "{path}");
    }
    let page = served.get("/").await.body;
    assert!(
        !page.contains("<style") && !page.contains(" style=") && !page.contains("<script>"),
        "no inline"
    );
}

/// How long a test waits before it gives up.
const TEST_MAX: std::time::Duration = std::time::Duration::from_secs(30);
