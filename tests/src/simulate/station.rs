//! A station: a folder of scenes, a spool on a simulated disk, the logic of the link, and a clock that errs.

use std::collections::{BTreeMap, VecDeque};

use quaywatch_edge::{
    link::{WINDOW_EVENTS_DEFAULT, acks::CentralKey, machine::Machine},
    spool::{BYTES_MAX_MIN, EVENTS_MAX_MIN, Limits, Opened, Spool, SpoolError, simdisk::SimHome},
};
use quaywatch_protocol::{
    contract::time::UnixMs,
    envelope::{Header, Kind},
    ids::{EventId, StationId},
    sign::{self, SigningKey},
};

use super::{broker::ConnectionId, clock::Error, feed::Scene, plan::Plan, witness::Promised};

/// Keep-alive of the link, milliseconds.
const KEEP_ALIVE_MS: u64 = 30_000;
/// A spool that what is on the way can fill: smaller than may be configured ([`EVENTS_MAX_MIN`] is twice the link's window), so that the
/// spool's refusal is seen too.
const CRAMPED: Limits = Limits {
    events_max: WINDOW_EVENTS_DEFAULT as u64 / 4,
    bytes_max: BYTES_MAX_MIN,
};
/// Sealed events that are kept for sending again.
const SEALED_KEPT_MAX: usize = 8 * WINDOW_EVENTS_DEFAULT;
/// Number of every station's key.
pub const KEY_ID: u16 = 1;

/// A station, whether its process runs or not.
pub struct Station {
    /// Its id.
    pub id: StationId,
    /// Its key.
    pub key: SigningKey,
    /// Its data folder.
    pub home: SimHome,
    /// Scenes that wait.
    pub folder: VecDeque<Scene>,
    /// How its clock errs.
    pub error: Error,
    /// How much its spool may hold.
    pub limits: Limits,
    /// The process, while it runs.
    pub process: Option<Process>,
    /// Its network is cut until then.
    pub cut_until_ms: u64,
    /// What it was promised.
    pub promised: Promised,
    /// A copy of its spool of some time ago.
    pub old_copy: Option<Vec<u8>>,
    /// An old copy or rotten bytes may have gone unnoticed: what it had accepted may be missing.
    pub tainted: bool,
    /// Only the newest timer counts.
    pub timer: u64,
    /// Events as they went over the wire, with their payloads: a signature depends on nothing else, and takes longer than all the rest.
    sealed: BTreeMap<(u32, u64), (Vec<u8>, Vec<u8>)>,
}

/// A running agent.
pub struct Process {
    /// The spool.
    pub spool: Spool,
    /// The link's logic.
    pub machine: Machine,
    /// The connection that the link believes in.
    pub connection: Option<ConnectionId>,
    /// When it started.
    pub started_ms: u64,
}

impl Process {
    /// The monotonic clock of this process.
    #[must_use]
    pub const fn monotonic_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.started_ms)
    }
}

impl Station {
    /// A station that is not running.
    ///
    /// # Errors
    /// Never for the ids used here.
    pub fn new(number: usize, plan: &Plan) -> Result<Self, String> {
        Ok(Self {
            id: StationId::new(&format!("gs-{number}")).map_err(|error| error.to_string())?,
            key: SigningKey::from_bytes(&[number as u8 + 1; 32]),
            home: SimHome::forgetful(),
            folder: VecDeque::new(),
            error: Error::default(),
            limits: if plan.cramped {
                CRAMPED
            } else if plan.tight {
                Limits {
                    events_max: EVENTS_MAX_MIN,
                    bytes_max: BYTES_MAX_MIN,
                }
            } else {
                Limits::default()
            },
            process: None,
            cut_until_ms: 0,
            promised: Promised::default(),
            old_copy: None,
            tainted: false,
            timer: 0,
            sealed: BTreeMap::new(),
        })
    }

    /// Starts the process.
    ///
    /// # Errors
    /// Whatever keeps an agent from starting.
    pub fn start(&mut self, now_ms: u64, wall: UnixMs) -> Result<Opened, SpoolError> {
        let (mut spool, opened) = Spool::open(&self.home, &self.id, self.limits, wall)?;
        let acked_through = spool.standing()?.acked_through;
        self.process = Some(Process {
            machine: Machine::new(WINDOW_EVENTS_DEFAULT, KEEP_ALIVE_MS, acked_through),
            spool,
            connection: None,
            started_ms: now_ms,
        });
        Ok(opened)
    }

    /// An event of this station as it goes over the wire.
    ///
    /// # Errors
    /// Never for what a spool hands out.
    pub fn seal(&mut self, epoch: u32, seq: u64, payload: &[u8]) -> Result<Vec<u8>, String> {
        if let Some((of, sealed)) = self.sealed.get(&(epoch, seq))
            && of == payload
        {
            return Ok(sealed.clone());
        }
        let header = Header {
            kind: Kind::Event,
            id: EventId {
                station: self.id.clone(),
                epoch,
                seq,
            },
            key_id: KEY_ID,
        };
        let sealed = sign::seal(&header, payload, &self.key).map_err(|error| error.to_string())?;
        self.sealed.insert((epoch, seq), (payload.to_vec(), sealed.to_vec()));
        if self.sealed.len() > SEALED_KEPT_MAX {
            self.sealed.pop_first();
        }
        Ok(sealed.to_vec())
    }
}

/// Central's key as the stations know it.
#[must_use]
pub fn central_keys(key: &SigningKey) -> Vec<CentralKey> {
    vec![CentralKey {
        key_id: KEY_ID,
        key: key.verifying_key(),
    }]
}
