//! The ack: central's signed word that everything of an epoch up to a sequence number is committed.
//!
//! It is an envelope of kind 2 without a payload. Only this removes events from a station's spool; a broker's PUBACK means
//! nothing.

use crate::{
    envelope::{self, EnvelopeError, Header, Kind, Sealed},
    ids::EventId,
    sign::{self, SigningKey, VerifyingKey},
};

/// Everything of `station` and `epoch` up to and including `through_seq` is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Station, epoch, and the highest sequence number below which nothing is missing.
    pub through: EventId,
}

/// Why bytes are no ack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckError {
    /// No envelope.
    Envelope(EnvelopeError),
    /// An envelope of another kind, or with a payload.
    NotAnAck,
    /// Signed with a key that is not central's.
    UnknownKey(u16),
    /// Not signed by central.
    NotSigned,
}

impl core::fmt::Display for AckError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Envelope(error) => error.fmt(out),
            Self::NotAnAck => out.write_str("message is no ack"),
            Self::UnknownKey(key_id) => write!(out, "ack is signed with key {key_id}, which is not central's"),
            Self::NotSigned => out.write_str("ack is not signed by central"),
        }
    }
}

impl core::error::Error for AckError {}

impl Ack {
    /// Signs the ack with central's key.
    ///
    /// # Errors
    /// [`EnvelopeError::TooLong`], which the limits on names rule out.
    pub fn seal(&self, key_id: u16, key: &SigningKey) -> Result<Sealed, EnvelopeError> {
        sign::seal(
            &Header {
                kind: Kind::Ack,
                id: self.through.clone(),
                key_id,
            },
            &[],
            key,
        )
    }

    /// Opens an ack; `key_of` gives central's key for a key id.
    ///
    /// # Errors
    /// Any [`AckError`].
    pub fn open(bytes: &[u8], key_of: impl FnOnce(u16) -> Option<VerifyingKey>) -> Result<Self, AckError> {
        let opened = envelope::open(bytes).map_err(AckError::Envelope)?;
        if opened.header.kind != Kind::Ack || !opened.payload.is_empty() {
            return Err(AckError::NotAnAck);
        }
        let key = key_of(opened.header.key_id).ok_or(AckError::UnknownKey(opened.header.key_id))?;
        sign::verify(&opened, &key).map_err(|_| AckError::NotSigned)?;
        Ok(Self {
            through: opened.header.id,
        })
    }
}
