//! What the station says of itself, as JSON: logged, and retained on the broker under the station's state topic.

use std::collections::BTreeMap;

use quaywatch_protocol::contract::UnixMs;
use serde::Serialize;

use crate::{
    link::STATE_BYTES_MAX,
    metrics::Counters,
    spool::{Limits, Standing},
};

/// A health report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Health {
    /// Station id.
    pub station: String,
    /// `online`; the last will and the farewell say `offline`.
    pub state: &'static str,
    /// The station's clock when it was made.
    pub at: UnixMs,
    /// Version of the agent.
    pub software: &'static str,
    /// Head of the model's SHA-256, hexadecimal.
    pub model: String,
    /// True while the broker is connected.
    pub connected: bool,
    /// Seconds since the agent began.
    pub up_s: u64,
    /// The spool.
    pub spool: SpoolHealth,
    /// The newest scene, when there was one.
    pub last_scene: Option<LastScene>,
    /// The clock.
    pub clock: ClockHealth,
    /// Counters since the agent began; those at zero are left out.
    pub counters: BTreeMap<&'static str, u64>,
}

/// The spool in a health report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpoolHealth {
    /// Epoch.
    pub epoch: u32,
    /// Highest number given.
    pub last_seq: u64,
    /// Highest number acked.
    pub acked_through: u64,
    /// Events stored, chips included.
    pub events: u64,
    /// Events it may hold.
    pub events_max: u64,
    /// Chips among them without a number.
    pub chips: u64,
    /// Bytes stored.
    pub bytes: u64,
    /// Bytes it may hold.
    pub bytes_max: u64,
    /// Age of the oldest event, seconds, by the station's clock.
    pub oldest_age_s: Option<i64>,
}

/// The newest scene in a health report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastScene {
    /// Name of its file.
    pub name: String,
    /// When its looks were accepted.
    pub at: UnixMs,
    /// Looks it gave.
    pub looks: usize,
    /// Milliseconds from finding it to having its looks in the spool.
    pub took_ms: u64,
}

/// The clock in a health report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClockHealth {
    /// Steps seen since the agent began.
    pub steps: u64,
    /// The last of them, milliseconds.
    pub last_step_ms: Option<i64>,
}

impl SpoolHealth {
    /// From what the spool says of itself.
    #[must_use]
    pub fn new(standing: &Standing, limits: &Limits, now: UnixMs) -> Self {
        Self {
            epoch: standing.epoch,
            last_seq: standing.last_seq,
            acked_through: standing.acked_through,
            events: standing.usage.events,
            events_max: limits.events_max,
            chips: standing.usage.chips,
            bytes: standing.usage.bytes,
            bytes_max: limits.bytes_max,
            oldest_age_s: standing.oldest_accepted_at.map(|at| now.0.saturating_sub(at.0) / 1_000),
        }
    }
}

impl Health {
    /// The report as one line of JSON; counters are left out of one that would be too long to be retained.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        if text.len() <= STATE_BYTES_MAX {
            return text;
        }
        let short = Self {
            counters: BTreeMap::new(),
            last_scene: None,
            ..self.clone()
        };
        serde_json::to_string(&short).unwrap_or_default()
    }
}

/// Counters that are not zero.
#[must_use]
pub fn counted(counters: &Counters) -> BTreeMap<&'static str, u64> {
    counters.all().filter(|(_, value)| *value > 0).collect()
}

/// What is retained when the station is not there.
#[must_use]
pub fn farewell(station: &str) -> String {
    format!(r#"{{"station":"{station}","state":"offline"}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Counter;

    fn health() -> Health {
        let counters = Counters::default();
        for counter in Counter::ALL {
            counters.add(*counter, u64::MAX / 2);
        }
        Health {
            station: "s".repeat(24),
            state: "online",
            at: UnixMs(1_710_293_400_000),
            software: "0.1.0",
            model: "00".repeat(8),
            connected: true,
            up_s: 5,
            spool: SpoolHealth {
                epoch: u32::MAX,
                last_seq: u64::MAX,
                acked_through: u64::MAX,
                events: 1,
                events_max: 2,
                chips: 0,
                bytes: 3,
                bytes_max: 4,
                oldest_age_s: Some(7),
            },
            last_scene: None,
            clock: ClockHealth {
                steps: 0,
                last_step_ms: None,
            },
            counters: counted(&counters),
        }
    }

    #[test]
    fn a_report_with_every_counter_at_its_largest_is_short_enough_to_be_retained() {
        let text = health().to_json();
        assert!(text.len() <= STATE_BYTES_MAX, "{}", text.len());
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["state"], "online");
        assert_eq!(value["counters"].as_object().unwrap().len(), Counter::ALL.len());
    }

    #[test]
    fn a_scene_with_an_absurd_name_does_not_make_a_report_too_long() {
        let mut health = health();
        health.last_scene = Some(LastScene {
            name: "x".repeat(STATE_BYTES_MAX),
            at: UnixMs(0),
            looks: 0,
            took_ms: 0,
        });
        let text = health.to_json();
        assert!(text.len() <= STATE_BYTES_MAX && text.contains("online"));
    }

    #[test]
    fn the_farewell_is_json_that_says_offline() {
        let value: serde_json::Value = serde_json::from_str(&farewell("gs-1")).unwrap();
        assert_eq!(
            (value["station"].as_str(), value["state"].as_str()),
            (Some("gs-1"), Some("offline"))
        );
    }
}
