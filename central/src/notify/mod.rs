//! Notifications: alert changes that wait in the outbox go to sinks, at least once, each with an idempotency key.
//!
//! An outbox row is written in the transaction of the change itself and struck off only after its sink has it, so a crash in
//! between sends it twice: the key `<sink>-<position in the history>` is then the same, and the receiver can tell. A sink that
//! fails is tried again with growing pauses, without holding up what comes after; after [`TRIES_MAX`] tries it is given up,
//! logged and counted.

mod webhook;

use std::{sync::Arc, time::Duration};

use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    clock::Clock,
    ingest::mqtt::Delivery,
    intake::{OutboxMark, Work},
    metrics::Counters,
    store::read::{Due, Readers},
};

/// Tries before a notification is given up: with the pauses below, about a day and a half.
pub const TRIES_MAX: u32 = 45;
/// First pause after a failed try, milliseconds.
const PAUSE_MIN_MS: i64 = 2_000;
/// Longest pause between tries, milliseconds.
const PAUSE_MAX_MS: i64 = 3_600_000;
/// Notifications read from the outbox at once.
const DUE_MAX: usize = 32;
/// How often the outbox is looked at for tries that have become due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where notifications go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// The log.
    Log,
    /// A URL that takes a POST.
    Webhook(String),
}

impl Sink {
    /// The sink's name in the outbox: the same after a restart, so that what waits still goes there.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Log => "log".to_owned(),
            Self::Webhook(url) => format!("webhook:{url}"),
        }
    }

    async fn deliver(&self, due: &Due, key: &str) -> Result<(), String> {
        match self {
            Self::Log => log(due, key),
            Self::Webhook(url) => webhook::post(url.clone(), key.to_owned(), body(due, key)?).await,
        }
    }
}

/// What a sink's worker works with.
pub struct Worker {
    /// The sink.
    pub sink: Sink,
    /// The store, for reading.
    pub readers: Arc<Readers>,
    /// Where it is told what became of notifications.
    pub marks: mpsc::Sender<Work<Delivery>>,
    /// Changes when something new was written.
    pub head: watch::Receiver<i64>,
    /// True once the process stops.
    pub stop: watch::Receiver<bool>,
    /// Clock.
    pub clock: Arc<dyn Clock>,
    /// Counters.
    pub counters: Arc<Counters>,
}

impl Worker {
    /// Delivers until the process stops.
    pub async fn run(mut self) {
        let name = self.sink.name();
        while !*self.stop.borrow() {
            let (readers, sink, now) = (Arc::clone(&self.readers), name.clone(), self.clock.now());
            let due = tokio::task::spawn_blocking(move || readers.outbox_due(&sink, now, DUE_MAX)).await;
            let due = match due {
                Ok(Ok(due)) => due,
                Ok(Err(error)) => {
                    tracing::error!("outbox of {name} cannot be read: {error}");
                    Vec::new()
                }
                Err(_) => Vec::new(),
            };
            let mut marks = Vec::with_capacity(due.len());
            for each in &due {
                marks.push(self.try_one(each, &name).await);
                if *self.stop.borrow() {
                    break;
                }
            }
            if !marks.is_empty() {
                let (reply, done) = oneshot::channel();
                if self.marks.send(Work::Outbox(marks, reply)).await.is_err() || done.await.is_err() {
                    return;
                }
                continue;
            }
            tokio::select! {
                new = self.head.changed() => if new.is_err() { return },
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = crate::stop::requested(&mut self.stop) => {}
            }
        }
    }

    async fn try_one(&self, due: &Due, name: &str) -> OutboxMark {
        let key = format!("{name}-{}", due.history);
        match self.sink.deliver(due, &key).await {
            Ok(()) => {
                self.counters.notified.add();
                OutboxMark::Done(due.position)
            }
            Err(error) if due.tries + 1 >= TRIES_MAX => {
                self.counters.notify_given_up.add();
                tracing::error!(
                    sink = name,
                    key,
                    "notification given up after {TRIES_MAX} tries: {error}"
                );
                OutboxMark::Done(due.position)
            }
            Err(error) => {
                self.counters.notify_failures.add();
                let pause_ms = pause_ms(due.tries);
                tracing::warn!(
                    sink = name,
                    key,
                    "notification failed, next try in {} s: {error}",
                    pause_ms / 1_000
                );
                OutboxMark::Later(due.position, self.clock.now().plus_ms(pause_ms))
            }
        }
    }
}

/// One line for people; the whole alert is in the store.
fn log(due: &Due, key: &str) -> Result<(), String> {
    let alert: serde_json::Value = serde_json::from_str(&due.body).map_err(|error| format!("stored alert: {error}"))?;
    let field = |name: &str| alert.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    tracing::info!(
        target: "quaywatch_central::notification",
        key,
        alert = field("id"),
        severity = field("severity"),
        site = field("site"),
        "alert {}: {}", due.what, field("text")
    );
    Ok(())
}

/// What a webhook gets: what happened, the key, and the alert as it was then.
fn body(due: &Due, key: &str) -> Result<String, String> {
    #[derive(serde::Serialize)]
    struct Body<'a> {
        what: &'a str,
        key: &'a str,
        alert: &'a RawValue,
    }
    let alert: &RawValue = serde_json::from_str(&due.body).map_err(|error| format!("stored alert: {error}"))?;
    serde_json::to_string(&Body {
        what: &due.what,
        key,
        alert,
    })
    .map_err(|error| error.to_string())
}

/// Doubles with each try up to the longest.
fn pause_ms(tries: u32) -> i64 {
    PAUSE_MIN_MS.saturating_mul(1_i64 << tries.min(20)).min(PAUSE_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_no_further() {
        let pauses: Vec<i64> = (0..TRIES_MAX).map(pause_ms).collect();
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!((pauses[0], pauses[44]), (PAUSE_MIN_MS, PAUSE_MAX_MS));
        let total_h = pauses.iter().sum::<i64>() as f64 / 3_600_000.0;
        assert!((24.0..48.0).contains(&total_h), "{total_h} h");
    }
}
