//! Does this message count for a station? Topic, envelope and key must all say so (promise N8). Pure: no clock, no I/O.
//!
//! What carries a believed signature is *admitted*, whatever its payload holds: it will be accounted for and acknowledged,
//! because its station would otherwise send it for ever. A payload that cannot be read is kept as it came
//! ([`Content::Unreadable`]), so that a newer central can read it. Everything else is *refused*: kept in the quarantine,
//! counted, and never acknowledged.

use std::fmt;

use quaywatch_protocol::{
    codec::{self, CodecError},
    envelope::{self, EnvelopeError, Kind},
    event::Event,
    ids::{EventId, StationId},
    sign, topic,
};

use super::registry::{NoKey, Registry};

/// Largest sequence number: what the store's signed 64-bit column holds.
pub const SEQ_MAX: u64 = i64::MAX as u64;

/// A message that counts for its station.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Which event of whom.
    pub id: EventId,
    /// Which key signed it.
    pub key_id: u16,
    /// What it says.
    pub content: Content,
    /// The envelope as it came: evidence that its station said so.
    pub envelope: Vec<u8>,
}

/// What an admitted message says.
#[derive(Clone, Debug)]
pub enum Content {
    /// An event.
    Event(Box<Event>),
    /// A signed payload that this version cannot read.
    Unreadable(CodecError),
}

/// Why a message does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its topic is no station's event topic.
    ForeignTopic,
    /// It is no envelope, or one of another version.
    Envelope(EnvelopeError),
    /// It is an ack, not an event.
    NotAnEvent,
    /// It has sequence number 0, or one that is too large.
    BadSequence(u64),
    /// Topic and envelope name different stations.
    WrongStation {
        /// Station of the topic.
        topic: StationId,
        /// Station of the envelope.
        envelope: StationId,
    },
    /// There is no key to check it with.
    NoKey(NoKey, StationId, u16),
    /// The signature is not by the station's key.
    NotSigned(StationId),
    /// The station sends more than its limit; it will send this one again.
    TooMany(StationId),
    /// Another event with the same identity is stored already.
    Conflict(EventId),
}

impl Refusal {
    /// Every label that [`Self::label`] gives, for the counters.
    pub const LABELS: [&'static str; 15] = [
        "foreign-topic",
        "too-long",
        "not-an-envelope",
        "truncated",
        "unknown-version",
        "bad-header",
        "not-an-event",
        "wrong-station",
        "unknown-station",
        "revoked-station",
        "unknown-key",
        "revoked-key",
        "not-signed",
        "too-many",
        "conflict",
    ];

    /// A short fixed name: counter label and quarantine reason.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::ForeignTopic => "foreign-topic",
            Self::Envelope(EnvelopeError::TooLong) => "too-long",
            Self::Envelope(EnvelopeError::NotAnEnvelope) => "not-an-envelope",
            Self::Envelope(EnvelopeError::Truncated) => "truncated",
            Self::Envelope(EnvelopeError::UnknownVersion(_)) => "unknown-version",
            Self::Envelope(_) | Self::BadSequence(_) => "bad-header",
            Self::NotAnEvent => "not-an-event",
            Self::WrongStation { .. } => "wrong-station",
            Self::NoKey(NoKey::UnknownStation, ..) => "unknown-station",
            Self::NoKey(NoKey::RevokedStation, ..) => "revoked-station",
            Self::NoKey(NoKey::UnknownKey, ..) => "unknown-key",
            Self::NoKey(NoKey::RevokedKey, ..) => "revoked-key",
            Self::NotSigned(_) => "not-signed",
            Self::TooMany(_) => "too-many",
            Self::Conflict(_) => "conflict",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForeignTopic => {
                out.write_str("topic is no station's event topic: expected quaywatch/1/event/<station>")
            }
            Self::Envelope(error) => error.fmt(out),
            Self::NotAnEvent => out.write_str("envelope holds an ack: expected an event"),
            Self::BadSequence(seq) => write!(out, "sequence number is {seq}: expected 1 to {SEQ_MAX}"),
            Self::WrongStation { topic, envelope } => {
                write!(
                    out,
                    "came on the topic of station `{topic}`, but its envelope names station `{envelope}`"
                )
            }
            Self::NoKey(NoKey::UnknownStation, station, _) => write!(out, "station `{station}` is not registered"),
            Self::NoKey(NoKey::RevokedStation, station, _) => write!(out, "station `{station}` is revoked"),
            Self::NoKey(NoKey::UnknownKey, station, key) => write!(out, "station `{station}` has no key {key}"),
            Self::NoKey(NoKey::RevokedKey, station, key) => write!(out, "key {key} of station `{station}` is revoked"),
            Self::NotSigned(station) => write!(out, "signature is not by the named key of station `{station}`"),
            Self::TooMany(station) => write!(out, "station `{station}` sends more events than its limit"),
            Self::Conflict(id) => write!(
                out,
                "another event is stored under {id} already: it is kept, this one is not"
            ),
        }
    }
}

/// Checks a message.
///
/// # Errors
/// Any [`Refusal`] but [`Refusal::TooMany`] and [`Refusal::Conflict`], which later stages find.
pub fn admit(registry: &Registry, topic: &str, bytes: &[u8]) -> Result<Admitted, Refusal> {
    let of_topic = topic::station_of_event(topic).ok_or(Refusal::ForeignTopic)?;
    let opened = envelope::open(bytes).map_err(Refusal::Envelope)?;
    if opened.header.kind != Kind::Event {
        return Err(Refusal::NotAnEvent);
    }
    let id = opened.header.id.clone();
    if id.station != of_topic {
        return Err(Refusal::WrongStation {
            topic: of_topic,
            envelope: id.station,
        });
    }
    if id.seq == 0 || id.seq > SEQ_MAX {
        return Err(Refusal::BadSequence(id.seq));
    }
    let key_id = opened.header.key_id;
    let key = registry
        .key(&id.station, key_id)
        .map_err(|why| Refusal::NoKey(why, id.station.clone(), key_id))?;
    sign::verify(&opened, key).map_err(|_| Refusal::NotSigned(id.station.clone()))?;
    let content = match codec::decode(opened.payload) {
        Ok(event) => Content::Event(Box::new(event)),
        Err(error) => Content::Unreadable(error),
    };
    Ok(Admitted {
        id,
        key_id,
        content,
        envelope: bytes.to_vec(),
    })
}
