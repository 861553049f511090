//! Listeners of the stream of changes.

use super::*;

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

#[tokio::test]
async fn a_program_whose_token_is_taken_back_hears_no_more() {
    let served = Served::start().await;
    let new = json!({"name": "script", "role": "viewer"});
    let made = served.post(Role::Admin, "/api/v1/tokens", &new).await.json();
    let mine = format!("authorization: Bearer {}", made["token"].as_str().unwrap());
    let mut live = listen_as(&served, &mine, None).await;
    assert_eq!(live.next().await.0, "hello");
    served.take_look(1);
    assert_eq!(live.next().await, ("alert".to_owned(), 1));
    let gone = format!("/api/v1/tokens/{}", made["id"]);
    let taken_back = served.send("DELETE", &gone, &served.browser(Role::Admin), "").await;
    assert_eq!(taken_back.status, 204, "{}", taken_back.body);
    served.take_look(2);
    let mut rest = String::new();
    tokio::time::timeout(TEST_MAX, async {
        // The last chunk is empty.
        while !rest.ends_with("\r\n0\r\n") {
            assert!(live.0.read_line(&mut rest).await.unwrap() > 0, "{rest}");
        }
    })
    .await
    .expect("an end in time");
    assert!(!rest.contains("alert"), "{rest}");
}

struct Listener(BufReader<TcpStream>);

async fn listen(served: &Served, last: Option<i64>) -> Listener {
    let cookie = served.cookie(Role::Viewer);
    listen_as(served, &format!("cookie: quaywatch_session={cookie}"), last).await
}

async fn listen_as(served: &Served, who: &str, last: Option<i64>) -> Listener {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let last = last.map_or(String::new(), |id| format!("last-event-id: {id}\r\n"));
    let request = format!("GET /api/v1/stream HTTP/1.1\r\nhost: localhost\r\n{who}\r\n{last}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    Listener(BufReader::new(stream))
}

impl Listener {
    /// The next event's name and id.
    async fn next(&mut self) -> (String, i64) {
        tokio::time::timeout(TEST_MAX, self.read())
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
