//! The API in process: every route, hostile requests, the stream.

use std::{net::SocketAddr, sync::Arc};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, watch},
};

use super::{BODY_BYTES_MAX, LISTENERS_MAX, Parts, QUERIES_MAX, router};
use crate::{
    ingest::{admit::admit, gate::RegistryInForce, mqtt::Delivery, states::States},
    intake::{Intake, Setup, Work},
    metrics::Counters,
    store::{Store, read::Readers},
    testing::{HandClock, NOW, Simple, Station, look, registry, sites},
};

/// A served API over a store with a writer behind it.
struct Served {
    address: SocketAddr,
    work: mpsc::Sender<Work<Delivery>>,
    head: Arc<watch::Sender<i64>>,
    intake: Arc<std::sync::Mutex<Intake<Simple>>>,
    station: Station,
    _stop: watch::Sender<bool>,
    _folder: TempDir,
}

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

impl Served {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("q.db");
        let (readers, station) = (Arc::new(Readers::new(&file)), Station::new("gs-1", 1));
        let (clock, counters, sites) = (HandClock::at(NOW), Arc::new(Counters::default()), Arc::new(sites()));
        let setup = Setup {
            sites: sites.clone(),
            sinks: Vec::new(),
            clock_tolerance_ms: 0,
            clock: clock.clone(),
            counters: counters.clone(),
        };
        let (intake, _) = Intake::start(Store::open(&file).unwrap(), &readers, Simple::default(), setup).unwrap();
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
        let parts = Parts {
            readers,
            sites,
            registry: in_force,
            states: Arc::new(States::default()),
            commands: work.clone(),
            head,
            connected: watch::channel(true).1,
            stop,
            counters,
            clock,
            queries: Arc::new(Semaphore::new(QUERIES_MAX)),
            listeners: Arc::new(Semaphore::new(LISTENERS_MAX)),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router(parts)).await });
        Self {
            address,
            work,
            head: head_out,
            intake,
            station,
            _stop: stop_out,
            _folder: folder,
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

    async fn raw(&self, request: String) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).await.unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.raw(format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        ))
        .await
    }

    async fn post(&self, path: &str, extra: &str, body: &str) -> Answer {
        let length = body.len();
        self.raw(format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:80\r\nconnection: close\r\ncontent-type: application/json\r\n{extra}content-length: {length}\r\n\r\n{body}"
        ))
        .await
    }
}

const OURS: &str = "x-quaywatch: 1\r\n";
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
    let body = json!({"revision": 1, "actor": "Ana", "reason": "benign", "note": "known call"}).to_string();
    let closed = served.post(&format!("{ALERT}/close"), OURS, &body).await;
    assert_eq!(
        (closed.status, closed.json()["state"].as_str()),
        (200, Some("closed")),
        "{}",
        closed.body
    );
    let again = served.post(&format!("{ALERT}/close"), OURS, &body).await;
    assert_eq!(again.status, 409, "two people at once: the second is told");
    assert!(again.body.contains("revision 2"));
    let history = served.get(ALERT).await.json();
    assert_eq!(history["history"][1]["actor"], "Ana");
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
        ("/app.js", 200),
    ] {
        assert_eq!(served.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn commands_from_foreign_pages_and_bodies_out_of_bounds_are_refused() {
    let served = Served::start().await;
    served.take_look(1);
    let body = |actor: &str| json!({"revision": 1, "actor": actor, "reason": "benign"}).to_string();
    let close = format!("{ALERT}/close");
    assert_eq!(
        served.post(&close, "", &body("Ana")).await.status,
        403,
        "without the header"
    );
    assert_eq!(served.post(&close, OURS, &body("")).await.status, 400);
    assert_eq!(served.post(&close, OURS, &body("a\u{0}b")).await.status, 400);
    assert_eq!(served.post(&close, OURS, "{\"revision\":1").await.status, 400);
    assert_eq!(
        served
            .post(&close, OURS, &body(&"x".repeat(BODY_BYTES_MAX)))
            .await
            .status,
        400
    );
    assert_eq!(
        served
            .post(&format!("{ALERT}/explode"), OURS, &body("Ana"))
            .await
            .status,
        404
    );
    let rebound = "GET /api/v1/alerts HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    assert_eq!(
        served.raw(rebound.to_owned()).await.status,
        403,
        "a foreign name that was pointed here"
    );
    assert_eq!(served.get(ALERT).await.json()["state"], "open");
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
        !page.contains("<style")
            && !page.contains("http://")
            && !page.contains("https://")
            && !page.contains(" style=")
    );
}

#[tokio::test]
async fn a_listener_hears_changes_and_one_that_comes_back_misses_none() {
    let served = Served::start().await;
    served.take_look(1);
    let mut live = listen(&served, None).await;
    assert_eq!(live.next().await, ("hello".to_owned(), 1));
    served.take_look(2);
    assert_eq!(live.next().await, ("alert".to_owned(), 2));
    drop(live);
    served.take_look(3);
    served.take_look(4);
    let mut back = listen(&served, Some(2)).await;
    assert_eq!(back.next().await, ("hello".to_owned(), 2));
    assert_eq!(back.next().await, ("alert".to_owned(), 3));
    assert_eq!(back.next().await, ("alert".to_owned(), 4));
    drop(served.work);
}

/// How long a test waits before it gives up.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

struct Listener(BufReader<TcpStream>);

async fn listen(served: &Served, last: Option<i64>) -> Listener {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let last = last.map_or(String::new(), |id| format!("last-event-id: {id}\r\n"));
    let request = format!("GET /api/v1/stream HTTP/1.1\r\nhost: localhost\r\n{last}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    Listener(BufReader::new(stream))
}

impl Listener {
    /// The next event's name and id.
    async fn next(&mut self) -> (String, i64) {
        tokio::time::timeout(PATIENCE, self.read())
            .await
            .expect("an event in time")
    }

    async fn read(&mut self) -> (String, i64) {
        let (mut name, mut id) = (String::new(), None);
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).await.unwrap() > 0, "stream ended");
            let line = line.trim_end();
            // A space after the colon is the writer's choice.
            match line.split_once(':').map(|(field, value)| (field, value.trim_start())) {
                Some(("event", text)) => name = text.to_owned(),
                Some(("id", text)) => id = text.parse().ok(),
                _ => {}
            }
            if let (true, Some(id)) = (line.is_empty(), id) {
                return (name, id);
            }
        }
    }
}
