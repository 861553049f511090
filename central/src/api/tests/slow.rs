//! Clients that are slow, silent, or too many.

use std::time::Duration;

use super::*;

const SOON: Duration = Duration::from_millis(200);

async fn served(patience: Patience) -> Served {
    Served::start_patiently(HttpRules::default(), true, patience).await
}

/// Writes this, and reads until the server ends the connection.
async fn until_the_end(served: &Served, sent: &str) -> String {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut told = Vec::new();
    // A server that closes while bytes are under way resets.
    let _ = tokio::time::timeout(TEST_MAX, stream.read_to_end(&mut told))
        .await
        .expect("an end in time");
    String::from_utf8(told).unwrap()
}

#[tokio::test]
async fn a_client_that_sends_no_head_or_half_of_one_or_no_other_is_cut_off() {
    let served = served(Patience {
        head: SOON,
        ..Patience::default()
    })
    .await;
    for sent in ["", "GET", "GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: "] {
        let told = until_the_end(&served, sent).await;
        assert!(!told.contains(" 200 "), "{sent:?}: {told}");
    }
    let told = until_the_end(&served, "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(told.starts_with("HTTP/1.1 200 "), "served, then idle: {told}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_refused() {
    let served = served(Patience {
        body: SOON,
        ..Patience::default()
    })
    .await;
    let half = "POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 60\r\n\r\n{\"name\"";
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(half.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    let first = tokio::time::timeout(TEST_MAX, lines.next_line())
        .await
        .expect("an answer in time")
        .unwrap();
    assert_eq!(first.as_deref(), Some("HTTP/1.1 408 Request Timeout"));
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answers_is_cut_off() {
    let served = served(Patience {
        stalled: SOON,
        ..Patience::default()
    })
    .await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let request = "GET /api/v1/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let ended = async { while stream.write_all(request.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(TEST_MAX, ended).await.expect("an end in time");
}

#[tokio::test]
async fn when_all_places_are_taken_the_next_waits_for_one_and_that_is_counted() {
    let served = served(Patience {
        connections: 2,
        ..Patience::default()
    })
    .await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .unwrap();
        let mut one = [0; 15];
        stream.read_exact(&mut one).await.unwrap();
        assert_eq!(&one, b"HTTP/1.1 200 OK");
        clients.push(stream);
    }
    assert_eq!(served.counters.http_full.get(), 1);
    let third = tokio::time::timeout(TEST_MAX, async {
        let asked = served.get("/api/v1/health");
        let freed = async { drop(clients) };
        tokio::join!(asked, freed).0
    });
    assert_eq!(third.await.expect("an answer in time").status, 200);
}
