//! Sinks against real listeners on loopback, and the worker from the outbox to them.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc as std_mpsc,
    thread,
};

use data_encoding::HEXLOWER;
use quaywatch_protocol::contract::time::UnixMs;

use super::*;
use crate::{
    ingest::admit::admit,
    intake::{Intake, Setup},
    notify::{email::MailTls, route::Routing},
    store::Store,
    testing::{HandClock, NOW, Simple, Station, look, registry, world},
};

#[test]
fn pauses_grow_to_an_hour_and_no_further() {
    let pauses: Vec<i64> = (0..TRIES_MAX).map(pause_ms).collect();
    assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
    assert_eq!((pauses[0], pauses[44]), (PAUSE_MIN_MS, PAUSE_MAX_MS));
    let total_h = pauses.iter().sum::<i64>() as f64 / 3_600_000.0;
    assert!((24.0..48.0).contains(&total_h), "{total_h} h");
}

/// A request that a receiver got.
#[derive(Debug)]
struct Got {
    headers: Vec<String>,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.headers.iter();
        lines
            .filter_map(|line| line.split_once(": "))
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }
}

/// A receiver of POSTs that answers with these statuses, one after the other, and tells what it got.
fn receiver(statuses: Vec<u16>) -> (String, std_mpsc::Receiver<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/alerts", listener.local_addr().unwrap());
    let (out, got) = std_mpsc::channel();
    thread::spawn(move || {
        for status in statuses {
            let (mut stream, _) = listener.accept().unwrap();
            out.send(read_request(&mut stream)).unwrap();
            let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, got)
}

fn read_request(stream: &mut TcpStream) -> Got {
    let mut reader = BufReader::new(stream);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim_end().is_empty() {
            break;
        }
        headers.push(line.trim_end().to_owned());
    }
    let mut got = Got {
        headers,
        body: String::new(),
    };
    let length: usize = got.header("content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    got.body = String::from_utf8(body).unwrap();
    got
}

/// A store with one alert change in the outbox of `sink`, a writer, and the worker of the sink.
struct Line {
    folder: tempfile::TempDir,
    clock: Arc<HandClock>,
    /// Wakes the worker.
    head: watch::Sender<i64>,
    /// Tells each time that the writer has noted what became of a try.
    noted: mpsc::Receiver<()>,
    stop: watch::Sender<bool>,
    worker: tokio::task::JoinHandle<()>,
    writer: tokio::task::JoinHandle<()>,
}

impl Line {
    fn start(name: &str, sink: Sink, looks: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("q.db");
        let (clock, counters, station) = (
            HandClock::at(NOW),
            Arc::new(Counters::default()),
            Station::new("gs-1", 1),
        );
        let readers = Arc::new(Readers::new(&file));
        let setup = Setup {
            world: world(),
            distrust: Arc::default(),
            routing: Arc::new(Routing::all_to(vec![name.to_owned()])),
            clock_tolerance_ms: 0,
            clock: clock.clone(),
            counters: counters.clone(),
        };
        let (mut intake, _) = Intake::start(Store::open(&file).unwrap(), &readers, Simple::default(), setup).unwrap();
        for seq in 1..=looks {
            let bytes = station.sealed(seq, &look(&format!("s{seq}"), NOW));
            let admitted = admit(&registry(&[&station]), &station.topic(), &bytes).unwrap();
            intake.take(vec![Work::Event(Box::new(admitted), ())]).unwrap();
        }
        let (marks, mut marks_in) = mpsc::channel::<Work<Delivery>>(8);
        let (noted_out, noted) = mpsc::channel(8);
        let writer = tokio::spawn(async move {
            while let Some(item) = marks_in.recv().await {
                intake.take(vec![item]).unwrap();
                noted_out.send(()).await.unwrap();
            }
        });
        let ((stop, stopping), (head, seen)) = (watch::channel(false), watch::channel(0));
        let worker = Worker {
            name: name.to_owned(),
            sink,
            readers,
            marks,
            head: seen,
            stop: stopping,
            clock: clock.clone(),
            wall: clock.clone(),
            counters,
        };
        let worker = tokio::spawn(worker.run());
        Self {
            folder,
            clock,
            head,
            noted,
            stop,
            worker,
            writer,
        }
    }

    /// Once the last try is noted: this much later, and the worker looks again.
    async fn later(&mut self, ms: i64) {
        self.noted.recv().await.unwrap();
        self.clock.set(self.clock.now().plus_ms(ms));
        self.head.send_modify(|head| *head += 1);
    }

    async fn end(self) -> usize {
        self.stop.send_replace(true);
        self.worker.await.unwrap();
        self.writer.await.unwrap();
        let readers = Readers::new(&self.folder.path().join("q.db"));
        usize::try_from(readers.outbox_depth().unwrap()).unwrap()
    }
}

async fn next<T: Send + 'static>(got: std_mpsc::Receiver<T>) -> (T, std_mpsc::Receiver<T>) {
    tokio::task::spawn_blocking(move || (got.recv_timeout(Duration::from_secs(30)).unwrap(), got))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_fails_gets_the_same_key_again_signed_anew_and_then_no_more() {
    let (url, got) = receiver(vec![500, 200]);
    let hook = Hook {
        url,
        secret: Some("0123456789abcdef".to_owned()),
    };
    let mut line = Line::start("hook", Sink::Webhook(hook), 1);
    let (first, got) = next(got).await;
    line.later(10_000).await;
    let (second, got) = next(got).await;
    assert_eq!(first.header("idempotency-key"), Some("hook-1"));
    assert_eq!(second.header("idempotency-key"), Some("hook-1"));
    assert_eq!(first.body, second.body);
    let body: Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!(
        (&body["what"], &body["alert"]["id"]),
        (&json!("opened"), &json!("simple-vostochny"))
    );
    let expected = |at_s: i64, body: &str| {
        use hmac::{Hmac, Mac};
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"0123456789abcdef").unwrap();
        mac.update(format!("{at_s}.{body}").as_bytes());
        format!("t={at_s},v1={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
    };
    let at_s = NOW.0 / 1_000;
    assert_eq!(
        first.header(webhook::SIGNATURE_HEADER),
        Some(expected(at_s, &first.body).as_str())
    );
    assert_eq!(
        second.header(webhook::SIGNATURE_HEADER),
        Some(expected(at_s + 10, &second.body).as_str())
    );
    // The receiver is gone now: a third try would fail and stay in the outbox.
    assert_eq!(line.end().await, 0);
    assert!(got.try_recv().is_err());
}

/// A mail server that takes one mail and tells it.
fn mail_server() -> (u16, std_mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (out, got) = std_mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).unwrap();
        say("220 here");
        let (mut mail, mut in_data) = (String::new(), false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap() == 0 {
                return;
            }
            match (in_data, line.trim_end()) {
                (true, ".") => {
                    in_data = false;
                    out.send(std::mem::take(&mut mail)).unwrap();
                    say("250 taken");
                }
                (true, text) => mail.push_str(&format!("{text}\n")),
                (false, "DATA") => {
                    in_data = true;
                    say("354 go on");
                }
                (false, "QUIT") => {
                    say("221 bye");
                    return;
                }
                (false, _) => say("250 yes"),
            }
        }
    });
    (port, got)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_due_at_once_comes_in_one_mail() {
    let (port, got) = mail_server();
    let to = ["duty@example.org".to_owned()];
    let mail = Mail::new("127.0.0.1".into(), port, MailTls::None, None, "q@example.org", &to).unwrap();
    let line = Line::start("duty", Sink::Email(Box::new(mail)), 3);
    let (mail, _) = next(got).await;
    assert!(mail.contains("Subject: 3 alert changes"), "{mail}");
    assert!(mail.contains("To: duty@example.org"), "{mail}");
    assert_eq!(mail.matches("key duty-").count(), 3, "{mail}");
    assert_eq!(line.end().await, 0);
}

/// A broker that takes one message of QoS 1 and tells topic and payload.
fn broker() -> (u16, std_mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (out, got) = std_mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        while let Some((kind, body)) = packet(&mut stream) {
            match kind >> 4 {
                1 => stream.write_all(&[0x20, 2, 0, 0]).unwrap(),
                3 => {
                    assert_eq!(kind & 0b0110, 0b0010, "QoS 1");
                    let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
                    let topic = String::from_utf8(body[2..2 + length].to_vec()).unwrap();
                    let payload = String::from_utf8(body[4 + length..].to_vec()).unwrap();
                    out.send((topic, payload)).unwrap();
                    stream
                        .write_all(&[0x40, 2, body[2 + length], body[3 + length]])
                        .unwrap();
                }
                _ => return,
            }
        }
    });
    (port, got)
}

fn packet(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut byte = [0_u8];
    stream.read_exact(&mut byte).ok()?;
    let kind = byte[0];
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        stream.read_exact(&mut byte).ok()?;
        length |= usize::from(byte[0] & 0x7f) << shift;
        shift += 7;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((kind, body))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_has_a_notification_when_it_says_so() {
    let (port, got) = broker();
    let bus = Bus {
        host: "127.0.0.1".into(),
        port,
        topic: "quaywatch/alerts".into(),
        login: None,
    };
    let line = Line::start("bus", Sink::Mqtt(bus), 1);
    let ((topic, payload), _) = next(got).await;
    assert_eq!(topic, "quaywatch/alerts");
    let body: Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(body["key"], "bus-1");
    assert_eq!(line.end().await, 0);
}

#[tokio::test]
async fn a_sink_that_nobody_listens_on_says_so() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let note = trial("x", "Ana", UnixMs(0));
    let bus = Sink::Mqtt(Bus {
        host: "127.0.0.1".into(),
        port,
        topic: "t".into(),
        login: None,
    });
    assert!(
        !bus.deliver(std::slice::from_ref(&note), NOW)
            .await
            .unwrap_err()
            .is_empty()
    );
    let hook = Sink::Webhook(Hook {
        url: format!("http://127.0.0.1:{port}/"),
        secret: None,
    });
    assert!(!hook.deliver(&[note], NOW).await.unwrap_err().is_empty());
}
