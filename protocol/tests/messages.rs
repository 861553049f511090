//! What people read in logs and in the quarantine: the text of each fault, of each id and of each topic.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use quaywatch_protocol::{
    ack::AckError,
    codec::CodecError,
    envelope::EnvelopeError,
    ids::{EventId, SceneId, StationId},
    sign::{NotSigned, SealError},
    topic,
};

fn station() -> StationId {
    StationId::new("gs-vlad-1").unwrap()
}

#[test]
fn every_fault_says_what_is_wrong_and_what_was_expected() {
    let texts = [
        (CodecError::TooLong.to_string(), "payload is longer than 7168 bytes"),
        (
            CodecError::Malformed.to_string(),
            "payload is no event: it is cut short or holds a value out of range",
        ),
        (
            CodecError::TrailingBytes(3).to_string(),
            "payload has 3 bytes after its event",
        ),
        (CodecError::NotCanonical.to_string(), "payload is not in canonical form"),
        (EnvelopeError::TooLong.to_string(), "message is longer than 8192 bytes"),
        (EnvelopeError::Truncated.to_string(), "message is cut short"),
        (
            EnvelopeError::NotAnEnvelope.to_string(),
            "message is no envelope: it does not begin with \"QW\"",
        ),
        (
            EnvelopeError::UnknownVersion(9).to_string(),
            "envelope version 9 is not known here: expected 1",
        ),
        (
            EnvelopeError::UnknownKind(7).to_string(),
            "envelope kind 7 is not known: expected 1 (event) or 2 (ack)",
        ),
        (
            EnvelopeError::BadStation.to_string(),
            "station id of the envelope is no name",
        ),
        (
            EnvelopeError::BadNumber.to_string(),
            "number in the envelope's header is too large or not in its shortest form",
        ),
        // One that only passes another on says it in the other's words.
        (
            SealError::Codec(CodecError::NotCanonical).to_string(),
            "payload is not in canonical form",
        ),
        (
            SealError::Envelope(EnvelopeError::Truncated).to_string(),
            "message is cut short",
        ),
        (
            AckError::Envelope(EnvelopeError::Truncated).to_string(),
            "message is cut short",
        ),
        (AckError::NotAnAck.to_string(), "message is no ack"),
        (
            AckError::UnknownKey(4).to_string(),
            "ack is signed with key 4, which is not central's",
        ),
        (AckError::NotSigned.to_string(), "ack is not signed by central"),
        (
            NotSigned.to_string(),
            "signature does not verify under the signer's key",
        ),
        (
            StationId::new(".hidden").unwrap_err().to_string(),
            "expected 1 to 24 characters of a-z, A-Z, 0-9, `-`, `_`, `.`, not starting with a dot",
        ),
        (
            SceneId::new("").unwrap_err().to_string(),
            "expected 1 to 80 characters of a-z, A-Z, 0-9, `-`, `_`, `.`, not starting with a dot",
        ),
    ];
    for (said, expected) in texts {
        assert_eq!(said, expected);
    }
}

#[test]
fn an_event_is_named_by_station_epoch_and_number() {
    let id = EventId {
        station: station(),
        epoch: 2_206_441,
        seq: 17,
    };
    assert_eq!(id.to_string(), "gs-vlad-1/2206441/17");
    assert_eq!(format!("{:?}", id.station), "\"gs-vlad-1\"");
}

#[test]
fn each_kind_of_message_has_its_own_topic() {
    assert_eq!(topic::event(&station()), "quaywatch/1/event/gs-vlad-1");
    assert_eq!(topic::ack(&station()), "quaywatch/1/ack/gs-vlad-1");
    assert_eq!(topic::state(&station()), "quaywatch/1/state/gs-vlad-1");
    // The longest id fits a topic.
    let longest = StationId::new(&"x".repeat(24)).unwrap();
    assert_eq!(
        topic::event(&longest),
        format!("quaywatch/1/event/{}", "x".repeat(24)).as_str()
    );
}
