//! Bytes from anywhere: they are refused with a reason, never a panic, and nothing forged is believed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

#[allow(dead_code, reason = "shared with the other protocol tests")]
mod support;

use proptest::prelude::*;
use quaywatch_protocol::{
    ack::{Ack, AckError},
    codec::{self, CodecError},
    contract::convert,
    envelope::{self, EnvelopeError, Header, Kind},
    event::Event,
    ids::{EventId, StationId},
    limits,
    sign::{self, SigningKey},
};
use support::{busy_look, golden_key};

fn id() -> EventId {
    EventId {
        station: StationId::new("gs-1").unwrap(),
        epoch: 7,
        seq: 9,
    }
}

fn sealed() -> Vec<u8> {
    let event = Event::Look(convert::to_wire(&busy_look()).unwrap());
    sign::seal_event(&id(), &event, 1, &golden_key()).unwrap().to_vec()
}

/// True when the bytes would be believed as an event of the golden key.
fn believed(bytes: &[u8]) -> bool {
    envelope::open(bytes).is_ok_and(|opened| {
        opened.header.kind == Kind::Event
            && sign::verify(&opened, &golden_key().verifying_key()).is_ok()
            && codec::decode(opened.payload).is_ok()
    })
}

#[test]
fn an_honest_envelope_is_believed() {
    assert!(believed(&sealed()));
}

#[test]
fn one_changed_bit_anywhere_is_not_believed() {
    let honest = sealed();
    for index in 0..honest.len() {
        for bit in 0..8 {
            let mut forged = honest.clone();
            forged[index] ^= 1 << bit;
            assert!(!believed(&forged), "byte {index} bit {bit}");
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let honest = sealed();
    for length in 0..honest.len() {
        assert!(!believed(&honest[..length]), "{length} bytes");
    }
}

#[test]
fn another_stations_key_is_not_believed() {
    let event = Event::Look(convert::to_wire(&busy_look()).unwrap());
    let other = SigningKey::from_bytes(&[8; 32]);
    assert!(!believed(&sign::seal_event(&id(), &event, 1, &other).unwrap()));
}

#[test]
fn an_event_is_no_ack_and_an_ack_is_no_event() {
    let key = golden_key();
    let ack = Ack { through: id() }.seal(1, &key).unwrap();
    assert!(!believed(&ack));
    assert_eq!(
        Ack::open(&sealed(), |_| Some(key.verifying_key())),
        Err(AckError::NotAnAck)
    );
    assert_eq!(
        Ack::open(&ack, |_| Some(key.verifying_key())),
        Ok(Ack { through: id() })
    );
    assert_eq!(Ack::open(&ack, |_| None), Err(AckError::UnknownKey(1)));
}

#[test]
fn a_signed_message_is_an_ack_by_its_kind_and_by_having_nothing_to_say() {
    let key = golden_key();
    for (kind, payload) in [(Kind::Ack, &b"x"[..]), (Kind::Event, &b""[..])] {
        let header = Header {
            kind,
            id: id(),
            key_id: 1,
        };
        let sealed = sign::seal(&header, payload, &key).unwrap();
        assert_eq!(
            Ack::open(&sealed, |_| Some(key.verifying_key())),
            Err(AckError::NotAnAck),
            "{kind:?}"
        );
    }
}

#[test]
fn refusals_say_what_was_wrong() {
    let mut newer = sealed();
    newer[2] = 9;
    assert_eq!(envelope::open(&newer).unwrap_err(), EnvelopeError::UnknownVersion(9));
    assert_eq!(envelope::open(b"hello").unwrap_err(), EnvelopeError::NotAnEnvelope);
    assert_eq!(envelope::open(b"Q").unwrap_err(), EnvelopeError::Truncated);
    let huge = vec![0; limits::ENVELOPE_BYTES_MAX + 1];
    assert_eq!(envelope::open(&huge).unwrap_err(), EnvelopeError::TooLong);
    assert!(envelope::open(&newer).unwrap_err().to_string().contains("version 9"));
}

#[test]
fn a_number_in_a_longer_form_than_needed_is_refused() {
    // Station "a", epoch 0 written in two bytes.
    let mut bytes = b"QW\x01\x01\x01a\x80\x00\x01\x01".to_vec();
    bytes.extend([0; 64]);
    assert_eq!(envelope::open(&bytes).unwrap_err(), EnvelopeError::BadNumber);
}

#[test]
fn a_payload_with_something_behind_it_or_in_a_longer_form_is_refused() {
    let opened_payload = codec::encode(&Event::Look(convert::to_wire(&busy_look()).unwrap())).unwrap();
    let mut longer = opened_payload.to_vec();
    longer.push(0);
    assert_eq!(codec::decode(&longer), Err(CodecError::TrailingBytes(1)));
    // The variant number 0 written as a 16-bit number: the decoder alone would take it.
    let mut wide = vec![251, 0, 0];
    wide.extend_from_slice(&opened_payload[1..]);
    assert_eq!(codec::decode(&wide), Err(CodecError::NotCanonical));
}

#[test]
fn the_largest_look_fits_its_envelope() {
    let mut look = busy_look();
    let vessel = look.vessels[0].clone();
    look.vessels = vec![vessel; limits::VESSELS_PER_LOOK_MAX + 40];
    let wire = convert::to_wire(&look).unwrap();
    assert_eq!(wire.vessels.len(), limits::VESSELS_PER_LOOK_MAX);
    assert_eq!(wire.vessels_left_out, 40);
    sign::seal_event(&id(), &Event::Look(wire), 1, &golden_key()).unwrap();
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = envelope::open(&bytes);
        let _ = codec::decode(&bytes);
        let _ = Ack::open(&bytes, |_| Some(golden_key().verifying_key()));
        prop_assert!(!believed(&bytes));
    }

    #[test]
    fn a_mutated_payload_decodes_to_itself_or_not_at_all(at in 0usize..240, value: u8) {
        let mut payload = codec::encode(&Event::Look(convert::to_wire(&busy_look()).unwrap())).unwrap();
        let index = at % payload.len();
        payload[index] = value;
        if let Ok(event) = codec::decode(&payload) {
            prop_assert_eq!(codec::encode(&event).unwrap(), payload);
        }
    }

    #[test]
    fn any_header_survives_its_envelope(
        station in "[A-Za-z0-9_-][A-Za-z0-9._-]{0,23}", epoch: u32, seq: u64, key_id: u16,
        payload in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let header = Header { kind: Kind::Event, id: EventId { station: StationId::new(&station).unwrap(), epoch, seq }, key_id };
        let bytes = sign::seal(&header, &payload, &golden_key()).unwrap();
        let opened = envelope::open(&bytes).unwrap();
        prop_assert_eq!(&opened.header, &header);
        prop_assert_eq!(opened.payload, payload.as_slice());
    }
}

#[test]
fn numbers_at_the_edges_of_their_forms_survive_an_envelope() {
    for edge in [0, 1, 127, 128, (1 << 14) - 1, 1 << 14, 1 << 63, u64::MAX] {
        let header = Header {
            kind: Kind::Event,
            id: EventId {
                station: StationId::new("gs-1").unwrap(),
                epoch: u32::try_from(edge).unwrap_or(u32::MAX),
                seq: edge,
            },
            key_id: u16::try_from(edge).unwrap_or(u16::MAX),
        };
        let bytes = sign::seal(&header, b"payload", &golden_key()).unwrap();
        assert_eq!(envelope::open(&bytes).unwrap().header, header, "{edge}");
    }
}

#[test]
fn a_payload_beyond_the_longest_is_refused_for_its_length_alone() {
    let bytes = vec![0; limits::PAYLOAD_BYTES_MAX + 1];
    assert_eq!(codec::decode(&bytes).unwrap_err(), CodecError::TooLong);
    assert_ne!(codec::decode(&bytes[1..]).unwrap_err(), CodecError::TooLong);
}
