//! Alert changes as server-sent events. Each carries its position in the alert history as its id, so a listener that comes
//! back with `Last-Event-ID` misses nothing: what is told is read from the store, not from a queue that could overflow.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::State,
    http::HeaderMap,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};

use super::{
    LISTENERS_MAX, Parts, Problem,
    auth::Who,
    table::{Gives, Route},
};
use crate::account::Role;

/// Changes read at once.
const CHANGES_MAX: usize = 64;
/// Changes on the way to one listener: one that reads slower is waited for, at no one else's cost.
const WAY_MAX: usize = 64;
/// How often it is looked at whether the listener's session or token holds: one that does not hears no more after this time.
const SESSION_EVERY: Duration = Duration::from_secs(30);
/// How often a silent stream proves that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(
            "/stream",
            Some(Role::Viewer),
            "Alert changes as server-sent events",
            stream,
        )
        .gives(Gives::Media("text/event-stream")),
    ]
}

async fn stream(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let permit = Arc::clone(&parts.listeners)
        .try_acquire_owned()
        .map_err(|_| Problem::busy(format!("{LISTENERS_MAX} listeners are connected already")))?;
    let head = *parts.head.borrow();
    let from = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse::<i64>().ok())
        .filter(|id| (0..=head).contains(id))
        .unwrap_or(head);
    let (way, events) = mpsc::channel(WAY_MAX);
    tokio::spawn(async move {
        tell(parts, who, from, way).await;
        drop(permit);
    });
    Ok(Sse::new(ReceiverStream::new(events)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

async fn tell(mut parts: Parts, who: Who, mut from: i64, way: mpsc::Sender<Result<Event, Infallible>>) {
    // Says where the listener stands, so that even one that never saw a change can come back to it.
    let hello = Event::default().event("hello").id(from.to_string()).data("{}");
    if way.send(Ok(hello)).await.is_err() {
        return;
    }
    loop {
        if !still_may(&parts, &who).await {
            return;
        }
        let viewer = who.viewer(&parts);
        let Ok(changes) = parts
            .query(move |readers, _| readers.changes_after(from, CHANGES_MAX, &viewer))
            .await
        else {
            return;
        };
        if changes.is_empty() {
            tokio::select! {
                new = parts.head.wait_for(|head| *head > from) => if new.is_err() { return },
                () = tokio::time::sleep(SESSION_EVERY) => {}
                () = way.closed() => return,
                () = crate::stop::requested(&mut parts.stop) => return,
            }
            continue;
        }
        for change in changes {
            from = change.position;
            let data = json!({"what": change.what, "alert": change.alert}).to_string();
            let event = Event::default().event("alert").id(from.to_string()).data(data);
            if way.send(Ok(event)).await.is_err() {
                return;
            }
        }
    }
}

/// False once a person's session has ended, or a program's token does not hold any more.
async fn still_may(parts: &Parts, who: &Who) -> bool {
    let now = parts.wall.now();
    let holds = match (&who.session, who.token) {
        (Some(session), _) => {
            let hash = session.hash;
            parts
                .query(move |readers, _| Ok(readers.session(&hash, now)?.is_some()))
                .await
        }
        (None, Some(hash)) => {
            parts
                .query(move |readers, _| Ok(readers.token(&hash, now)?.is_some()))
                .await
        }
        // Nobody in particular: whoever reaches the port may read.
        (None, None) => Ok(true),
    };
    holds.unwrap_or(false)
}
