//! The broker's access rules, in mosquitto's form: each station writes its own events and state and reads its own acks; central reads
//! all of those and writes acks. Names are those of the certificates (`use_identity_as_username true`). A station that is revoked has no
//! lines, so the broker lets it say nothing, even with a certificate that still holds.

use std::fmt::Write;

use quaywatch_protocol::topic;

use super::edit::CENTRAL_NAME;
use crate::ingest::registry::Registry;

/// The rules, as text.
#[must_use]
pub fn rules(registry: &Registry) -> String {
    let mut text = format!(
        "# Made by `quaywatch-central station acl` from the station registry: make it anew after each change there, and let the broker read\n\
         # it again (mosquitto: SIGHUP).\n\n\
         user {CENTRAL_NAME}\ntopic read {}\ntopic read {}\ntopic write quaywatch/1/ack/+\n",
        topic::EVENTS_FILTER,
        topic::STATES_FILTER
    );
    for (id, _) in registry.iter().filter(|(_, station)| !station.revoked) {
        // A String takes whatever is written to it.
        let _ = write!(
            text,
            "\nuser {id}\ntopic write {}\ntopic write {}\ntopic read {}\n",
            topic::event(id),
            topic::state(id),
            topic::ack(id)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        enrol::edit::{What, revoke},
        testing::Station,
    };

    #[test]
    fn each_station_has_its_own_topics_and_a_revoked_one_has_none() {
        let text: String = ["gs-1", "gs-2"].map(|id| Station::new(id, 1).entry()).concat();
        let text = revoke(&text, "gs-2", What::Station, None).unwrap();
        let rules = rules(&Registry::parse(&text).unwrap());
        assert!(
            rules.ends_with(
                "\nuser gs-1\ntopic write quaywatch/1/event/gs-1\ntopic write quaywatch/1/state/gs-1\ntopic read quaywatch/1/ack/gs-1\n"
            ),
            "{rules}"
        );
        assert!(!rules.contains("gs-2"));
    }
}
