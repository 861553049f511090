//! Payload bytes: the one file that knows bincode.
//!
//! The form is bincode 2 with its standard configuration (little-endian, variable-length integers), with three rules on top,
//! because that form alone admits several byte strings for one value: a payload is at most [`limits::PAYLOAD_BYTES_MAX`] long,
//! nothing follows the value, and encoding the decoded value must give the same bytes again.

use bincode::{
    config::{self, Configuration, Limit, LittleEndian, Varint},
    enc::write::Writer,
    error::EncodeError,
};
use heapless::Vec;

use crate::{event::Event, limits};

/// Encoded payload.
pub type Payload = Vec<u8, { limits::PAYLOAD_BYTES_MAX }>;

type Config = Configuration<LittleEndian, Varint, Limit<{ limits::PAYLOAD_BYTES_MAX }>>;
const CONFIG: Config = config::standard().with_limit::<{ limits::PAYLOAD_BYTES_MAX }>();

/// Why bytes are no event, or an event has no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// Longer than [`limits::PAYLOAD_BYTES_MAX`].
    TooLong,
    /// No event begins like this, or it ends too early.
    Malformed,
    /// This many bytes follow the event.
    TrailingBytes(usize),
    /// The same event has another, shorter or ordered, form.
    NotCanonical,
}

impl core::fmt::Display for CodecError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooLong => write!(out, "payload is longer than {} bytes", limits::PAYLOAD_BYTES_MAX),
            Self::Malformed => out.write_str("payload is no event: it is cut short or holds a value out of range"),
            Self::TrailingBytes(count) => write!(out, "payload has {count} bytes after its event"),
            Self::NotCanonical => out.write_str("payload is not in canonical form"),
        }
    }
}

impl core::error::Error for CodecError {}

/// Encodes an event.
///
/// # Errors
/// [`CodecError::TooLong`].
pub fn encode(event: &Event) -> Result<Payload, CodecError> {
    let mut payload = Payload::new();
    bincode::serde::encode_into_writer(event, Appended(&mut payload), CONFIG).map_err(|_| CodecError::TooLong)?;
    Ok(payload)
}

/// Writes at the end of a payload, so that only the bytes of the event are touched and not the room for the longest one.
struct Appended<'a>(&'a mut Payload);

impl Writer for Appended<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes).map_err(|_| EncodeError::UnexpectedEnd)
    }
}

/// Decodes an event and checks that these are the bytes that [`encode`] makes of it.
///
/// # Errors
/// Any [`CodecError`].
pub fn decode(bytes: &[u8]) -> Result<Event, CodecError> {
    if bytes.len() > limits::PAYLOAD_BYTES_MAX {
        return Err(CodecError::TooLong);
    }
    let (event, length): (Event, usize) =
        bincode::serde::decode_from_slice(bytes, CONFIG).map_err(|_| CodecError::Malformed)?;
    if length != bytes.len() {
        return Err(CodecError::TrailingBytes(bytes.len() - length));
    }
    if encode(&event)?.as_slice() != bytes {
        return Err(CodecError::NotCanonical);
    }
    Ok(event)
}
