//! Which messages on the ack topic are believed: only central's signature counts, and only for this station and epoch.

use quaywatch_protocol::{
    ack::{Ack, AckError},
    ids::StationId,
    sign::VerifyingKey,
};
use thiserror::Error;

/// Keys of central that are believed: the one in use, and the next one while a rotation is under way.
pub const CENTRAL_KEYS_MAX: usize = 2;

/// A key of central.
#[derive(Clone, Debug)]
pub struct CentralKey {
    /// Its number, which an ack names.
    pub key_id: u16,
    /// The key.
    pub key: VerifyingKey,
}

/// Why a message is not believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It is no ack that central signed.
    #[error("{0}")]
    NotAnAck(AckError),
    /// It is for another station.
    #[error("ack is for station `{0}`")]
    OtherStation(StationId),
    /// It is for an epoch that is over, or for one that has not been.
    #[error("ack is for epoch {0}, not for the one in use")]
    OtherEpoch(u32),
}

/// The number up to which everything is committed.
///
/// # Errors
/// Any [`Refusal`].
pub fn judge(bytes: &[u8], station: &StationId, epoch: u32, keys: &[CentralKey]) -> Result<u64, Refusal> {
    let key_of = |key_id| keys.iter().find(|key| key.key_id == key_id).map(|key| key.key);
    let ack = Ack::open(bytes, key_of).map_err(Refusal::NotAnAck)?;
    if ack.through.station != *station {
        return Err(Refusal::OtherStation(ack.through.station));
    }
    if ack.through.epoch != epoch {
        return Err(Refusal::OtherEpoch(ack.through.epoch));
    }
    Ok(ack.through.seq)
}

#[cfg(test)]
mod tests {
    use quaywatch_protocol::{ids::EventId, sign::SigningKey};

    use super::*;

    fn ack(station: &str, epoch: u32, key_id: u16, seed: u8) -> Vec<u8> {
        let ack = Ack {
            through: EventId {
                station: StationId::new(station).unwrap(),
                epoch,
                seq: 7,
            },
        };
        ack.seal(key_id, &SigningKey::from_bytes(&[seed; 32])).unwrap().to_vec()
    }

    #[test]
    fn only_centrals_ack_for_this_station_and_epoch_is_believed() {
        let station = StationId::new("gs-1").unwrap();
        let keys = [CentralKey {
            key_id: 1,
            key: SigningKey::from_bytes(&[5; 32]).verifying_key(),
        }];
        let judged = |bytes: Vec<u8>| judge(&bytes, &station, 3, &keys);
        assert_eq!(judged(ack("gs-1", 3, 1, 5)), Ok(7));
        assert_eq!(
            judged(ack("gs-1", 3, 1, 6)),
            Err(Refusal::NotAnAck(AckError::NotSigned))
        );
        assert_eq!(
            judged(ack("gs-1", 3, 2, 5)),
            Err(Refusal::NotAnAck(AckError::UnknownKey(2)))
        );
        assert!(matches!(judged(ack("gs-2", 3, 1, 5)), Err(Refusal::OtherStation(_))));
        assert_eq!(judged(ack("gs-1", 4, 1, 5)), Err(Refusal::OtherEpoch(4)));
        assert!(matches!(judged(b"nonsense".to_vec()), Err(Refusal::NotAnAck(_))));
        let mut cut = ack("gs-1", 3, 1, 5);
        cut.truncate(cut.len() - 1);
        assert!(judged(cut).is_err());
    }
}
