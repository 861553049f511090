//! The envelope around everything that is signed.
//!
//! ```text
//! offset  bytes  content
//! 0       2      magic, 0x51 0x57 ("QW")
//! 2       1      version, 1
//! 3       1      kind: 1 event (station to central), 2 ack (central to station)
//! 4       1      length of the station id, 1..=24
//! 5       n      station id
//! 5+n     1..5   epoch, LEB128, shortest form
//! …       1..10  sequence number, LEB128, shortest form (for an ack: the highest one acknowledged)
//! …       1..3   key id, LEB128, shortest form: which key of the signer signed
//! …       m      payload (an event as `codec` encodes it; nothing for an ack)
//! end-64  64     Ed25519 signature over all bytes before it
//! ```
//!
//! The kind is inside what is signed, so an ack can never pass for an event. A reader that meets another version leaves the
//! message alone and says so: nothing after the version byte is promised to stay.

use heapless::Vec;

use crate::{ids::EventId, ids::StationId, limits};

/// First two bytes.
pub const MAGIC: [u8; 2] = *b"QW";
/// Version that this crate writes and reads.
pub const VERSION: u8 = 1;
/// Bytes of the signature at the end.
pub const SIGNATURE_BYTES: usize = 64;

/// A sealed envelope.
pub type Sealed = Vec<u8, { limits::ENVELOPE_BYTES_MAX }>;

/// What an envelope holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Station to central.
    Event = 1,
    /// Central to station.
    Ack = 2,
}

/// Everything before the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it holds.
    pub kind: Kind,
    /// Whose event, which one.
    pub id: EventId,
    /// Which key of the signer signed: 1 for the first, counting up as keys are rotated.
    pub key_id: u16,
}

/// Why bytes are no envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvelopeError {
    /// Longer than [`limits::ENVELOPE_BYTES_MAX`].
    TooLong,
    /// Ends before its signature is complete.
    Truncated,
    /// Does not begin with the magic.
    NotAnEnvelope,
    /// Of a version that this crate does not read.
    UnknownVersion(u8),
    /// Of a kind that is not known.
    UnknownKind(u8),
    /// The station id is no name.
    BadStation,
    /// A number is not in its shortest form or too large.
    BadNumber,
}

impl core::fmt::Display for EnvelopeError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooLong => write!(out, "message is longer than {} bytes", limits::ENVELOPE_BYTES_MAX),
            Self::Truncated => out.write_str("message is cut short"),
            Self::NotAnEnvelope => out.write_str("message is no envelope: it does not begin with \"QW\""),
            Self::UnknownVersion(version) => {
                write!(out, "envelope version {version} is not known here: expected {VERSION}")
            }
            Self::UnknownKind(kind) => write!(out, "envelope kind {kind} is not known: expected 1 (event) or 2 (ack)"),
            Self::BadStation => out.write_str("station id of the envelope is no name"),
            Self::BadNumber => {
                out.write_str("number in the envelope's header is too large or not in its shortest form")
            }
        }
    }
}

impl core::error::Error for EnvelopeError {}

/// An envelope taken apart, its signature not checked: see [`crate::sign::verify`].
#[derive(Clone, Debug)]
pub struct Opened<'a> {
    /// Header, not yet to be believed.
    pub header: Header,
    /// Payload bytes.
    pub payload: &'a [u8],
    /// What the signature covers.
    pub signed: &'a [u8],
    /// The signature.
    pub signature: &'a [u8; SIGNATURE_BYTES],
}

/// Takes an envelope apart without believing it.
///
/// # Errors
/// Any [`EnvelopeError`].
pub fn open(bytes: &[u8]) -> Result<Opened<'_>, EnvelopeError> {
    if bytes.len() > limits::ENVELOPE_BYTES_MAX {
        return Err(EnvelopeError::TooLong);
    }
    let mut reader = Reader(bytes);
    if reader.take(2)? != MAGIC {
        return Err(EnvelopeError::NotAnEnvelope);
    }
    let version = reader.byte()?;
    if version != VERSION {
        return Err(EnvelopeError::UnknownVersion(version));
    }
    let kind = match reader.byte()? {
        1 => Kind::Event,
        2 => Kind::Ack,
        other => return Err(EnvelopeError::UnknownKind(other)),
    };
    let station_bytes = usize::from(reader.byte()?);
    let station = core::str::from_utf8(reader.take(station_bytes)?).map_err(|_| EnvelopeError::BadStation)?;
    let station = StationId::new(station).map_err(|_| EnvelopeError::BadStation)?;
    let epoch = u32::try_from(reader.leb128()?).map_err(|_| EnvelopeError::BadNumber)?;
    let seq = reader.leb128()?;
    let key_id = u16::try_from(reader.leb128()?).map_err(|_| EnvelopeError::BadNumber)?;
    let (payload, signature) = reader
        .0
        .split_last_chunk::<SIGNATURE_BYTES>()
        .ok_or(EnvelopeError::Truncated)?;
    let (signed, _) = bytes
        .split_last_chunk::<SIGNATURE_BYTES>()
        .ok_or(EnvelopeError::Truncated)?;
    Ok(Opened {
        header: Header {
            kind,
            id: EventId { station, epoch, seq },
            key_id,
        },
        payload,
        signed,
        signature,
    })
}

/// Writes header and payload: what a signature is then made over and appended to.
///
/// # Errors
/// [`EnvelopeError::TooLong`].
pub fn write_unsigned(header: &Header, payload: &[u8]) -> Result<Sealed, EnvelopeError> {
    let mut out = Sealed::new();
    let station = header.id.station.as_str().as_bytes();
    let mut push = |bytes: &[u8]| out.extend_from_slice(bytes).map_err(|_| EnvelopeError::TooLong);
    push(&MAGIC)?;
    push(&[VERSION, header.kind as u8, station.len() as u8])?;
    push(station)?;
    for number in [u64::from(header.id.epoch), header.id.seq, u64::from(header.key_id)] {
        let mut rest = number;
        while rest >= 0x80 {
            push(&[(rest & 0x7f) as u8 | 0x80])?;
            rest >>= 7;
        }
        push(&[rest as u8])?;
    }
    push(payload)?;
    Ok(out)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], EnvelopeError> {
        let (head, rest) = self.0.split_at_checked(count).ok_or(EnvelopeError::Truncated)?;
        self.0 = rest;
        Ok(head)
    }

    fn byte(&mut self) -> Result<u8, EnvelopeError> {
        let (first, rest) = self.0.split_first().ok_or(EnvelopeError::Truncated)?;
        self.0 = rest;
        Ok(*first)
    }

    /// Shortest form only: a last byte of zero after others, or more than 64 bits, is refused.
    fn leb128(&mut self) -> Result<u64, EnvelopeError> {
        let mut value: u64 = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(EnvelopeError::BadNumber);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 {
                    Err(EnvelopeError::BadNumber)
                } else {
                    Ok(value)
                };
            }
        }
        Err(EnvelopeError::BadNumber)
    }
}
