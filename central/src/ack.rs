//! Acks: central's signed word, after the commit, that everything up to a number is committed.

use quaywatch_protocol::{ack::Ack, ids::EventId, sign::SigningKey};

/// Central's key, and its number.
#[derive(Clone)]
pub struct AckSigner {
    key: SigningKey,
    key_id: u16,
}

impl AckSigner {
    /// A signer.
    #[must_use]
    pub const fn new(key: SigningKey, key_id: u16) -> Self {
        Self { key, key_id }
    }

    /// A sealed ack. Must only be asked for what is committed.
    ///
    /// # Errors
    /// [`quaywatch_protocol::envelope::EnvelopeError::TooLong`], which the limits on names rule out.
    pub fn seal(&self, through: EventId) -> Result<Vec<u8>, quaywatch_protocol::envelope::EnvelopeError> {
        Ack { through }
            .seal(self.key_id, &self.key)
            .map(|sealed| sealed.to_vec())
    }
}

impl std::fmt::Debug for AckSigner {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "AckSigner(key {})", self.key_id)
    }
}
