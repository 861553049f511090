//! Notifications: alert changes that wait in the outbox go to sinks, at least once, each with an idempotency key.
//!
//! An outbox row is written in the transaction of the change itself and struck off only after its sink has it, so a crash in
//! between sends it twice: the key `<sink>-<position in the history>` is then the same, and the receiver can tell. A sink that
//! fails is tried again with growing pauses, without holding up what comes after; after [`TRIES_MAX`] tries it is given up,
//! logged and counted.

pub mod email;
pub mod file;
pub mod mqtt;
pub mod route;
#[cfg(test)]
mod tests;
pub mod webhook;

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};

use self::{email::Mail, mqtt::Bus, webhook::Hook};
use crate::{
    clock::Clock,
    ingest::mqtt::Delivery,
    intake::{OutboxMark, Work},
    metrics::Counters,
    store::{outbox::Due, read::Readers},
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
    Webhook(Hook),
    /// Mail to people; what is due at once comes in one.
    Email(Box<Mail>),
    /// A topic of a broker.
    Mqtt(Bus),
}

/// A notification.
#[derive(Clone, Debug)]
pub struct Note {
    /// What happened.
    pub what: String,
    /// Idempotency key.
    pub key: String,
    /// The alert as it was then.
    pub alert: Value,
}

impl Note {
    /// As machines get it.
    ///
    /// # Errors
    /// Never, unless memory runs out.
    pub fn body(&self) -> Result<String, String> {
        let Self { what, key, alert } = self;
        serde_json::to_string(&json!({"what": what, "key": key, "alert": alert})).map_err(|error| error.to_string())
    }
}

impl Sink {
    /// The kind, as in the notification file.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Webhook(_) => "webhook",
            Self::Email(_) => "email",
            Self::Mqtt(_) => "mqtt",
        }
    }

    /// Most notes of one delivery.
    const fn together(&self) -> usize {
        match self {
            Self::Email(_) => DUE_MAX,
            Self::Log | Self::Webhook(_) | Self::Mqtt(_) => 1,
        }
    }

    /// Delivers notes: all of them or none.
    ///
    /// # Errors
    /// Why the sink did not take them.
    pub async fn deliver(&self, notes: &[Note], now: quaywatch_protocol::contract::time::UnixMs) -> Result<(), String> {
        match self {
            Self::Log => notes.iter().for_each(log),
            Self::Webhook(hook) => {
                for note in notes {
                    hook.post(note.key.clone(), note.body()?, now).await?;
                }
            }
            Self::Email(mail) => mail.send(notes).await?,
            Self::Mqtt(bus) => {
                for note in notes {
                    bus.publish(note).await?;
                }
            }
        }
        Ok(())
    }
}

/// What a sink's worker works with.
pub struct Worker {
    /// Name of the sink in the outbox: the same after a restart, so that what waits still goes there.
    pub name: String,
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
    /// The machine's clock, for signatures: in an exercise the two differ.
    pub wall: Arc<dyn Clock>,
    /// Counters.
    pub counters: Arc<Counters>,
}

impl Worker {
    /// Delivers until the process stops.
    pub async fn run(mut self) {
        let name = self.name.clone();
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
            for some in due.chunks(self.sink.together()) {
                self.try_some(some, &mut marks).await;
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

    async fn try_some(&self, due: &[Due], marks: &mut Vec<OutboxMark>) {
        let name = &self.name;
        let notes = due.iter().map(|each| note(each, name)).collect::<Result<Vec<_>, _>>();
        let delivered = match notes {
            Ok(notes) => self.sink.deliver(&notes, self.wall.now()).await,
            Err(error) => Err(error),
        };
        for each in due {
            marks.push(self.mark(each, delivered.as_ref().err()));
        }
    }

    fn mark(&self, due: &Due, error: Option<&String>) -> OutboxMark {
        let (sink, history) = (self.name.as_str(), due.history);
        match error {
            None => {
                self.counters.notified.add();
                OutboxMark::Done(due.position)
            }
            Some(error) if due.tries + 1 >= TRIES_MAX => {
                self.counters.notify_given_up.add();
                tracing::error!(sink, history, "notification given up after {TRIES_MAX} tries: {error}");
                OutboxMark::Done(due.position)
            }
            Some(error) => {
                self.counters.notify_failures.add();
                let pause_ms = pause_ms(due.tries);
                tracing::warn!(
                    sink,
                    history,
                    "notification failed, next try in {} s: {error}",
                    pause_ms / 1_000
                );
                OutboxMark::Later(due.position, self.clock.now().plus_ms(pause_ms))
            }
        }
    }
}

fn note(due: &Due, sink: &str) -> Result<Note, String> {
    Ok(Note {
        what: due.what.clone(),
        key: format!("{sink}-{}", due.history),
        alert: serde_json::from_str(&due.body).map_err(|error| format!("stored alert: {error}"))?,
    })
}

/// One line for people; the whole alert is in the store.
fn log(note: &Note) {
    let field = |name: &str| note.alert.get(name).and_then(Value::as_str).unwrap_or_default();
    tracing::info!(
        target: "quaywatch_central::notification",
        key = note.key,
        alert = field("id"),
        severity = field("severity"),
        site = field("site"),
        "alert {}: {}", note.what, field("text")
    );
}

/// A note that tries a sink out.
#[must_use]
pub fn trial(sink: &str, by: &str, now: quaywatch_protocol::contract::time::UnixMs) -> Note {
    Note {
        what: "test".to_owned(),
        key: format!("{sink}-test-{}", now.0),
        alert: json!({
            "id": "test", "kind": "test", "rule": "test", "site": "test", "severity": "info", "opened_at": now,
            "text": format!("This is a test of the sink {sink}, asked for by {by}. Nothing happened."),
        }),
    }
}

/// Doubles with each try up to the longest.
fn pause_ms(tries: u32) -> i64 {
    PAUSE_MIN_MS.saturating_mul(1_i64 << tries.min(20)).min(PAUSE_MAX_MS)
}
