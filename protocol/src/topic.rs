//! MQTT topics. The station is in the topic, so that a broker's access rules can hold each station to its own.
//!
//! | topic | who writes | what |
//! |---|---|---|
//! | `quaywatch/1/event/<station>` | station | sealed events, QoS 1, not retained |
//! | `quaywatch/1/ack/<station>` | central | sealed acks, QoS 0, not retained: a lost one is replaced when the event is sent again |
//! | `quaywatch/1/state/<station>` | station | health as JSON, retained; the last will says `offline` |

use core::fmt::Write;

use crate::{ids::StationId, limits};

/// A topic.
pub type Topic = heapless::String<{ limits::TOPIC_BYTES_MAX }>;

/// Filter for the events of all stations.
pub const EVENTS_FILTER: &str = "quaywatch/1/event/+";
/// Filter for the states of all stations.
pub const STATES_FILTER: &str = "quaywatch/1/state/+";
const EVENT: &str = "quaywatch/1/event/";
const ACK: &str = "quaywatch/1/ack/";
const STATE: &str = "quaywatch/1/state/";

/// Where a station publishes its events.
#[must_use]
pub fn event(station: &StationId) -> Topic {
    joined(EVENT, station)
}

/// Where a station listens for acks.
#[must_use]
pub fn ack(station: &StationId) -> Topic {
    joined(ACK, station)
}

/// Where a station keeps its retained state.
#[must_use]
pub fn state(station: &StationId) -> Topic {
    joined(STATE, station)
}

/// The station of an event topic, or `None` for any other topic.
#[must_use]
pub fn station_of_event(topic: &str) -> Option<StationId> {
    StationId::new(topic.strip_prefix(EVENT)?).ok()
}

/// The station of a state topic, or `None` for any other topic.
#[must_use]
pub fn station_of_state(topic: &str) -> Option<StationId> {
    StationId::new(topic.strip_prefix(STATE)?).ok()
}

fn joined(prefix: &str, station: &StationId) -> Topic {
    const { assert!(EVENT.len() + limits::STATION_ID_BYTES_MAX <= limits::TOPIC_BYTES_MAX) };
    let mut topic = Topic::new();
    // Cannot fail: the longest prefix and the longest id fit, as asserted above.
    let _ = write!(topic, "{prefix}{station}");
    topic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_is_read_back_from_its_own_topic_only() {
        let station = StationId::new("gs-vlad-1").unwrap();
        assert_eq!(station_of_event(&event(&station)), Some(station.clone()));
        assert_eq!(station_of_state(&state(&station)), Some(station.clone()));
        assert_eq!(station_of_event(&ack(&station)), None);
        assert_eq!(station_of_event("quaywatch/1/event/a/b"), None);
        assert_eq!(station_of_event("quaywatch/1/event/"), None);
    }
}
