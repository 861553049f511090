//! Counters, and their text form for Prometheus.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{ingest::admit::Refusal, store::events::Standing};

/// One counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Its value.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Everything that is counted since the process began.
#[derive(Debug, Default)]
pub struct Counters {
    /// Messages that came on event topics.
    pub messages: Counter,
    /// Events stored.
    pub stored: Counter,
    /// Events that were stored before.
    pub duplicates: Counter,
    /// Looks given to the correlator.
    pub correlated: Counter,
    /// Looks of sites that central does not watch: stored, not correlated.
    pub unknown_site: Counter,
    /// Refused messages by reason, in the order of [`Refusal::LABELS`].
    pub refused: [Counter; Refusal::LABELS.len()],
    /// Refused messages that were counted but not kept, because too many came at once.
    pub refused_not_kept: Counter,
    /// Stored events that do not count, in the order of [`Standing::AGAINST`].
    pub against: [Counter; Standing::AGAINST.len()],
    /// Messages not taken because the way to the store was full; their stations send them again.
    pub overflow: Counter,
    /// Acks put on the way to stations.
    pub acks: Counter,
    /// Acks dropped because the way out was full; a station that sends again gets another.
    pub acks_dropped: Counter,
    /// Station states taken.
    pub states: Counter,
    /// Station states refused: unknown station, too long, no JSON.
    pub states_refused: Counter,
    /// Connections to the broker made.
    pub connections: Counter,
    /// Connections to the broker lost or refused.
    pub disconnections: Counter,
    /// Registry files that could not be taken over.
    pub registry_faults: Counter,
    /// Rules files that could not be taken over.
    pub rules_faults: Counter,
    /// Times that every HTTP connection was in use, so that the next one had to wait.
    pub http_full: Counter,
    /// Alert changes stored.
    pub alert_changes: Counter,
    /// Notifications delivered.
    pub notified: Counter,
    /// Tries to deliver a notification that failed.
    pub notify_failures: Counter,
    /// Notifications given up.
    pub notify_given_up: Counter,
}

impl Counters {
    /// Counts a refusal.
    pub fn refuse(&self, refusal: &Refusal) {
        let label = refusal.label();
        for (name, counter) in Refusal::LABELS.iter().zip(&self.refused) {
            if *name == label {
                counter.add();
            }
        }
    }

    /// Counts an event that is stored and does not count.
    pub fn stand_against(&self, standing: Standing) {
        for (known, counter) in Standing::AGAINST.iter().zip(&self.against) {
            if *known == standing {
                counter.add();
            }
        }
    }

    /// The Prometheus text form (exposition format 0.0.4).
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let plain: [(&str, &str, &Counter); 19] = [
            ("messages", "Messages that came on event topics", &self.messages),
            ("events_stored", "Events stored", &self.stored),
            ("events_duplicate", "Events that were stored before", &self.duplicates),
            ("looks_correlated", "Looks given to the correlator", &self.correlated),
            ("looks_unknown_site", "Looks of sites not watched", &self.unknown_site),
            (
                "refused_not_kept",
                "Refused messages counted but not kept",
                &self.refused_not_kept,
            ),
            ("overflow", "Messages not taken: way to the store full", &self.overflow),
            ("acks", "Acks sent", &self.acks),
            ("acks_dropped", "Acks dropped: way out full", &self.acks_dropped),
            ("states", "Station states taken", &self.states),
            ("states_refused", "Station states refused", &self.states_refused),
            (
                "broker_connections",
                "Connections to the broker made",
                &self.connections,
            ),
            (
                "broker_disconnections",
                "Connections to the broker lost or refused",
                &self.disconnections,
            ),
            (
                "registry_faults",
                "Registry files not taken over",
                &self.registry_faults,
            ),
            (
                "rules_faults",
                "Rules files not taken over, with any fault",
                &self.rules_faults,
            ),
            (
                "http_full",
                "Times that every HTTP connection was in use",
                &self.http_full,
            ),
            ("alert_changes", "Alert changes stored", &self.alert_changes),
            ("notifications", "Notifications delivered", &self.notified),
            (
                "notification_failures",
                "Failed tries to deliver a notification",
                &self.notify_failures,
            ),
        ];
        for (name, help, counter) in plain {
            head(&mut out, name, help);
            line(&mut out, name, "", counter.get());
        }
        head(&mut out, "notifications_given_up", "Notifications given up");
        line(&mut out, "notifications_given_up", "", self.notify_given_up.get());
        head(&mut out, "refused", "Messages refused, by reason");
        for (label, counter) in Refusal::LABELS.iter().zip(&self.refused) {
            line(&mut out, "refused", &format!("{{reason=\"{label}\"}}"), counter.get());
        }
        head(&mut out, "events_against", "Events stored that do not count, by reason");
        for (standing, counter) in Standing::AGAINST.iter().zip(&self.against) {
            line(
                &mut out,
                "events_against",
                &format!("{{reason=\"{}\"}}", standing.label()),
                counter.get(),
            );
        }
        out
    }
}

// Writing to a String cannot fail.
fn head(out: &mut String, name: &str, help: &str) {
    let _ = writeln!(out, "# HELP quaywatch_{name}_total {help}.");
    let _ = writeln!(out, "# TYPE quaywatch_{name}_total counter");
}

fn line(out: &mut String, name: &str, labels: &str, value: u64) {
    let _ = writeln!(out, "quaywatch_{name}_total{labels} {value}");
}
