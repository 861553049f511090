//! Signatures: Ed25519 (RFC 8032) over the bytes of an envelope, checked strictly.

use ed25519_dalek::{Signature, Signer};
pub use ed25519_dalek::{SigningKey, VerifyingKey};

use crate::{
    codec::{self, CodecError},
    envelope::{self, EnvelopeError, Header, Kind, Opened, Sealed},
    event::Event,
    ids::EventId,
    limits,
};

/// Why an event could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// The payload.
    Codec(CodecError),
    /// The envelope.
    Envelope(EnvelopeError),
}

impl core::fmt::Display for SealError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Codec(error) => error.fmt(out),
            Self::Envelope(error) => error.fmt(out),
        }
    }
}

impl core::error::Error for SealError {}

/// The signature does not belong to these bytes and this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSigned;

impl core::fmt::Display for NotSigned {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("signature does not verify under the signer's key")
    }
}

impl core::error::Error for NotSigned {}

/// Encodes, wraps and signs an event.
///
/// # Errors
/// [`SealError`] when the event is larger than the limits allow.
pub fn seal_event(id: &EventId, event: &Event, key_id: u16, key: &SigningKey) -> Result<Sealed, SealError> {
    let payload = codec::encode(event).map_err(SealError::Codec)?;
    let header = Header {
        kind: Kind::Event,
        id: id.clone(),
        key_id,
    };
    seal(&header, &payload, key).map_err(SealError::Envelope)
}

/// Wraps and signs a payload.
///
/// # Errors
/// [`EnvelopeError::TooLong`].
pub fn seal(header: &Header, payload: &[u8], key: &SigningKey) -> Result<Sealed, EnvelopeError> {
    let mut sealed = envelope::write_unsigned(header, payload)?;
    let signature = key.sign(&sealed).to_bytes();
    sealed
        .extend_from_slice(&signature)
        .map_err(|_| EnvelopeError::TooLong)?;
    debug_assert!(sealed.len() <= limits::ENVELOPE_BYTES_MAX);
    Ok(sealed)
}

/// Checks the signature of an opened envelope, strictly: no weak keys, no second form of a signature.
///
/// # Errors
/// [`NotSigned`].
pub fn verify(opened: &Opened<'_>, key: &VerifyingKey) -> Result<(), NotSigned> {
    let signature = Signature::from_bytes(opened.signature);
    key.verify_strict(opened.signed, &signature).map_err(|_| NotSigned)
}
