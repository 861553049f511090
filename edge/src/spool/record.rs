//! A stored event: its bytes, and the check that they are the ones that were written. Format in [`super`].

use quaywatch_protocol::{
    codec,
    contract::UnixMs,
    event::{Event, Gap},
};
use sha2::{Digest, Sha256};

use super::SpoolError;

const RECORD_VERSION: u8 = 1;
const CHECK_BYTES: usize = 8;
const HEAD_BYTES: usize = 10;

/// What a record holds, known without decoding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Look = 0,
    Gap = 1,
    Chip = 2,
    Started = 3,
}

impl Kind {
    pub(super) const fn of(event: &Event) -> Self {
        match event {
            Event::Look(_) => Self::Look,
            Event::Gap(_) => Self::Gap,
            Event::Chip(_) => Self::Chip,
            Event::Started(_) => Self::Started,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Look),
            1 => Some(Self::Gap),
            2 => Some(Self::Chip),
            3 => Some(Self::Started),
            _ => None,
        }
    }
}

/// A record whose check was right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) kind: Kind,
    pub(super) accepted_at: UnixMs,
    pub(super) payload: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads the record under `key`; `None` when it is not what was written there.
    pub(super) fn read(key: u64, bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
        let (check, payload) = rest.split_first_chunk::<CHECK_BYTES>()?;
        if *check != check_of(key, head, payload) {
            return None;
        }
        let [version, kind, accepted_at @ ..] = *head;
        (version == RECORD_VERSION).then_some(())?;
        Some(Self {
            kind: Kind::from_byte(kind)?,
            accepted_at: UnixMs(i64::from_le_bytes(accepted_at)),
            payload,
        })
    }

    /// The gap that it holds, when it holds one.
    pub(super) fn gap(&self) -> Option<Gap> {
        if self.kind != Kind::Gap {
            return None;
        }
        match codec::decode(self.payload) {
            Ok(Event::Gap(gap)) => Some(gap),
            _ => None,
        }
    }
}

/// Bytes of `event` under `key`.
pub(super) fn write(key: u64, event: &Event, accepted_at: UnixMs) -> Result<Vec<u8>, SpoolError> {
    let payload = codec::encode(event).map_err(|error| SpoolError::BadBatch(error.to_string()))?;
    Ok(assemble(key, Kind::of(event), accepted_at, &payload))
}

/// Bytes of a payload that is encoded already.
pub(super) fn assemble(key: u64, kind: Kind, accepted_at: UnixMs, payload: &[u8]) -> Vec<u8> {
    let mut head = [0; HEAD_BYTES];
    let (front, time) = head.split_at_mut(2);
    front.copy_from_slice(&[RECORD_VERSION, kind as u8]);
    time.copy_from_slice(&accepted_at.0.to_le_bytes());
    let mut bytes = Vec::with_capacity(HEAD_BYTES + CHECK_BYTES + payload.len());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(&check_of(key, &head, payload));
    bytes.extend_from_slice(payload);
    bytes
}

fn check_of(key: u64, head: &[u8; HEAD_BYTES], payload: &[u8]) -> [u8; CHECK_BYTES] {
    let mut hash = Sha256::new();
    hash.update(key.to_le_bytes());
    hash.update(head);
    hash.update(payload);
    let digest = hash.finalize();
    let mut check = [0; CHECK_BYTES];
    for (to, from) in check.iter_mut().zip(digest) {
        *to = from;
    }
    check
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use quaywatch_protocol::{event::Started, ids::VersionName};

    use super::*;

    fn started() -> Event {
        Event::Started(Started {
            software: VersionName::new("1.2.3").unwrap(),
            model_sha256_head: [7; 8],
        })
    }

    #[test]
    fn the_bytes_of_version_1_are_fixed_for_ever() {
        let bytes = write(42, &started(), UnixMs(1_710_293_400_000)).unwrap();
        insta::assert_snapshot!(HEXLOWER.encode(&bytes), @"0103c0396e358e010000af4635423f0415b00305312e322e330707070707070707");
        assert_eq!(Record::read(42, &bytes).unwrap().kind, Kind::Started);
    }

    #[test]
    fn any_altered_bit_or_another_key_is_noticed() {
        let bytes = write(42, &started(), UnixMs(5)).unwrap();
        assert!(Record::read(43, &bytes).is_none());
        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut bad = bytes.clone();
                bad[index] ^= 1 << bit;
                assert!(Record::read(42, &bad).is_none(), "byte {index} bit {bit}");
            }
            assert!(Record::read(42, &bytes[..index]).is_none());
        }
    }
}
