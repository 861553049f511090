//! What stations say of themselves: health as JSON, retained on their state topics. Not signed: shown, never acted on.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use quaywatch_protocol::{contract::time::UnixMs, ids::StationId, topic};
use serde_json::Value;

use super::registry::Registry;

/// Bytes of a state: health of an agent takes about 1 KiB.
pub const STATE_BYTES_MAX: usize = 16 * 1024;

/// The last state of each registered station.
#[derive(Debug, Default)]
pub struct States(RwLock<BTreeMap<StationId, StationState>>);

/// A station's last state.
#[derive(Clone, Debug)]
pub struct StationState {
    /// When it came here. A retained state may be older than that.
    pub received_at: UnixMs,
    /// What it says.
    pub state: Value,
}

impl States {
    /// Takes a message of a state topic over; false when it is none of a registered station, too long, or no JSON object.
    pub fn take(&self, registry: &Registry, topic: &str, bytes: &[u8], now: UnixMs) -> bool {
        let Some(station) = topic::station_of_state(topic).filter(|station| registry.knows(station)) else {
            return false;
        };
        if bytes.len() > STATE_BYTES_MAX {
            return false;
        }
        match serde_json::from_slice::<Value>(bytes) {
            Ok(state) if state.is_object() => {
                let entry = StationState {
                    received_at: now,
                    state,
                };
                self.0
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(station, entry);
                true
            }
            _ => false,
        }
    }

    /// The last state of a station.
    #[must_use]
    pub fn get(&self, station: &StationId) -> Option<StationState> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(station)
            .cloned()
    }
}
