//! The spool: where an event rests at the station until central has said, signed, that it is committed.
//!
//! # What it promises
//!
//! An event is *accepted* when [`Spool::accept`] returns: it is on the disk, flushed. From then on it reaches central, or a
//! [`Gap`](quaywatch_protocol::event::Gap) that covers its number does: nothing disappears without a number. Every accepted event takes exactly one
//! sequence number, and every number of an epoch is accounted for by exactly one record, so `accepted = acked + stored + gaps`
//! holds at any moment, and after any crash.
//!
//! # Files
//!
//! In the data folder, made with mode 0600, the folder flushed after every create and rename ([`home`]):
//!
//! | file | content |
//! |---|---|
//! | `spool.redb` | the database (redb: copy-on-write B-trees with a checksum for every page) |
//! | `spool.redb.new` | one being made; renamed when its first commit is flushed |
//! | `spool.epoch` | decimal number of the newest epoch ever begun here, so that none is begun twice |
//! | `spool.redb.lost-<ms>` | one that could not be read, for a person to look at; at most [`home::ASIDE_FILES_MAX`] |
//! | `lock` | held by the one process that may use the folder |
//!
//! # Format, version 1
//!
//! | table | key | value |
//! |---|---|---|
//! | `marks` | name | u64: `format`, `epoch`, `next_seq`, `acked_through`, `offered_through`, `next_chip`, `next_scene` |
//! | `identity` | `station` | the station's id: a spool is not handed on to another |
//! | `events` | sequence number | record |
//! | `chips` | order of acceptance | record of a chip that has no number yet |
//! | `scenes` | file name of a scene | u64 ms when accepted, u64 bytes, u64 order, little-endian |
//! | `scene_order` | order | file name |
//!
//! ```text
//! record: offset  bytes  content
//!         0       1      version, 1
//!         1       1      kind: 0 look, 1 gap, 2 chip, 3 started
//!         2       8      Unix ms when accepted, little-endian
//!         10      8      check: the first bytes of SHA-256 over key (u64, little-endian), bytes 0..10, payload
//!         18      n      payload, as `protocol::codec` encodes the event
//! ```
//!
//! Payloads are stored *unsealed*. The signature is put on when an event is offered to the broker: Ed25519 is deterministic, so a
//! resend is the same bytes, and a rotated key signs what the old one had not sent. A spool of a later format is refused, not
//! converted; an earlier one would be converted on open.
//!
//! # Numbers
//!
//! A look gets its number when it is accepted. A *chip* waits without one until every look before it has been offered
//! ([`Spool::offer`]), because acks are cumulative: a numbered chip would hold back the ack of every look after it. So the wire
//! order is strictly the order of numbers, and looks still overtake chips.
//!
//! `offered_through` is flushed **before** an event beyond it is handed out, so anything above it was certainly never sent. Only
//! there may the spool change its mind: when full, it drops the oldest chips (each takes a fresh number inside a `Gap`), then
//! the oldest unsent looks (a `Gap` takes the place of the last of a run). What may have been sent is never dropped: when only
//! that is left, [`Spool::accept`] refuses ([`SpoolError::Full`]), nothing is half accepted, and the scene stays in its folder.
//!
//! # Invariants
//!
//! 1. `acked_through <= offered_through < next_seq`; the numbers above `acked_through` and below `next_seq` are covered without
//!    holes or overlap: a record with key k covers from the key before it (or `acked_through`) exclusive to k inclusive, and
//!    only a `Gap` covers more than one.
//! 2. No number above `offered_through` has left [`Spool::offer`].
//! 3. The payload under a number at or below `offered_through` does not change, save that one found corrupt becomes a `Gap` of
//!    the same range.
//! 4. Looks and the note that their scene is done are in one transaction: a scene is never processed twice.
//! 5. After an error of the storage nothing is written any more ([`SpoolError::Broken`]): the process stops, and recovers by
//!    opening the spool again. An fsync that failed once cannot be trusted when it succeeds the next time.
//!
//! # What survives what
//!
//! | failure | outcome |
//! |---|---|
//! | process killed, at any point | all accepted events |
//! | power lost, at any point, unsynced writes lost or torn | all accepted events |
//! | a stored payload altered | that event becomes `Gap { Corrupt }` |
//! | pages altered, file truncated or deleted | set aside, new epoch that begins with `Gap { SpoolLost }` |
//! | an old copy of the data folder put back | found by central's ack for an event that was not made: new epoch, what is stored is numbered anew |
//! | disk full or failing | the process stops; what was accepted is there when it starts again |
//! | page altered *and* the crash of the same moment | redb may go back one commit; found like an old copy |

pub mod handle;
pub mod home;
mod marks;
mod numbering;
mod open;
mod record;
mod room;
mod scenes;
#[cfg(any(test, feature = "simulation"))]
pub mod simdisk;
mod store;
#[cfg(test)]
mod tests;

use quaywatch_protocol::{contract::UnixMs, event::Event, ids::StationId};
use thiserror::Error;

pub use handle::SpoolHandle;
pub use home::{DirHome, Home};
pub use open::{Opened, OpenedHow};
pub use scenes::SceneNote;
pub use store::Spool;

/// Version of the format that this software writes.
pub const FORMAT_VERSION: u64 = 1;
/// Events and chips a spool holds unless configured otherwise: about 200 scenes a day for half a year.
pub const EVENTS_MAX_DEFAULT: u64 = 100_000;
/// Most events that may be configured: opening checks each one, at about a million a second.
pub const EVENTS_MAX_MAX: u64 = 1_000_000;
/// Fewest events that may be configured: twice what may be on the way at once.
pub const EVENTS_MAX_MIN: u64 = 2 * OFFERED_AT_ONCE_MAX as u64;
/// Payload bytes a spool holds unless configured otherwise; the file takes up to about twice as much.
pub const BYTES_MAX_DEFAULT: u64 = 64 << 20;
/// Most bytes that may be configured: opening reads them all, which must stay within seconds.
pub const BYTES_MAX_MAX: u64 = 1 << 30;
/// Fewest bytes that may be configured: the largest batch, and what may be on the way.
pub const BYTES_MAX_MIN: u64 = 4 << 20;
/// Events handed out in one go, and numbers marked as offered ahead of their sending.
pub const OFFERED_AT_ONCE_MAX: usize = 64;
/// Chips numbered in one go: at most these stand between a new look and the broker.
pub const CHIPS_AT_ONCE_MAX: usize = 4;
/// Events of one scene: a look for each site, and one event more.
pub const BATCH_EVENTS_MAX: usize = 65;
/// Chips of one scene.
pub const BATCH_CHIPS_MAX: usize = 160;
/// Scenes remembered as done; the oldest are forgotten beyond this.
pub const SCENES_REMEMBERED_MAX: u64 = 50_000;
/// Memory of the database's page cache: the working set is the window and the upper pages of the trees.
const CACHE_BYTES: usize = 4 << 20;

/// How much a spool may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Records, numbered or not.
    pub events_max: u64,
    /// Bytes of all records.
    pub bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events_max: EVENTS_MAX_DEFAULT,
            bytes_max: BYTES_MAX_DEFAULT,
        }
    }
}

/// What belongs together: accepted whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The scene that these are from, when they are from one.
    pub scene: Option<SceneNote>,
    /// Events, in the order of their numbers; at most [`BATCH_EVENTS_MAX`].
    pub events: Vec<Event>,
    /// Chips of these events; at most [`BATCH_CHIPS_MAX`].
    pub chips: Vec<BatchChip>,
}

/// A chip of a look in the same batch.
#[derive(Clone, Debug)]
pub struct BatchChip {
    /// Position of its look in [`Batch::events`].
    pub event_index: usize,
    /// Position of the vessel in that look.
    pub vessel: u8,
    /// JPEG bytes, at most [`quaywatch_protocol::limits::CHIP_BYTES_MAX`].
    pub jpeg: Vec<u8>,
}

/// A batch that is on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Number of the first event.
    pub first_seq: u64,
    /// Number of the last one; `first_seq - 1` for a batch without events.
    pub last_seq: u64,
    /// Chips stored.
    pub chips: u64,
    /// Looks that had to go to make room.
    pub looks_dropped: u64,
    /// Chips that had to go, new ones included.
    pub chips_dropped: u64,
    /// Scenes no longer remembered.
    pub scenes_forgotten: u64,
}

/// An event to be sealed and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Its number.
    pub seq: u64,
    /// Its payload, as `protocol::codec` encodes it.
    pub payload: Vec<u8>,
}

/// What an ack did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckOutcome {
    /// This many records were removed.
    Removed(u64),
    /// It told nothing new.
    Stale,
    /// It speaks of events that this spool has not made: the spool is an old copy of itself.
    Ahead,
}

/// How full a spool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Records, chips without a number included.
    pub events: u64,
    /// Chips without a number.
    pub chips: u64,
    /// Bytes of all records.
    pub bytes: u64,
}

/// What a spool says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Epoch.
    pub epoch: u32,
    /// Highest number given.
    pub last_seq: u64,
    /// Highest number acked.
    pub acked_through: u64,
    /// How full it is.
    pub usage: Usage,
    /// When the oldest record was accepted.
    pub oldest_accepted_at: Option<UnixMs>,
}

/// Why a spool did not do what it was asked.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// No room, and nothing that may be dropped. Nothing was accepted; try again after an ack.
    #[error(
        "spool is full: {events} events of {events_max}, {bytes} bytes of {bytes_max}, none of which may be dropped, as all may have been sent"
    )]
    Full {
        /// Events stored.
        events: u64,
        /// Events allowed.
        events_max: u64,
        /// Bytes stored.
        bytes: u64,
        /// Bytes allowed.
        bytes_max: u64,
    },
    /// The batch can never be stored.
    #[error("batch cannot be stored: {0}")]
    BadBatch(String),
    /// The storage failed. Nothing more is written until the spool is opened again.
    #[error("storage of the spool failed while it {doing}: {source}")]
    Storage {
        /// What was going on.
        doing: &'static str,
        /// What the storage said.
        source: Box<redb::Error>,
    },
    /// The storage failed earlier.
    #[error("spool takes nothing more after an error of its storage: the process must start again")]
    Broken,
    /// Stored numbers contradict each other.
    #[error("spool is not consistent: {0}")]
    Inconsistent(String),
    /// The spool was made for another station.
    #[error("spool belongs to station `{found}`, not `{expected}`: give each station a data folder of its own")]
    OtherStation {
        /// Whose it is.
        found: String,
        /// Who asked.
        expected: StationId,
    },
    /// The spool was written by newer software.
    #[error("spool has format {0}, newer than {FORMAT_VERSION}, which this version reads: use the newer version again")]
    NewerFormat(u64),
    /// Another process has it open.
    #[error("data folder {0} is in use by another process")]
    InUse(String),
    /// A new spool needs an epoch, and the clock is dead.
    #[error("a new spool needs the time, and the clock says {0}: set the clock, then start again")]
    DeadClock(UnixMs),
    /// The data folder failed.
    #[error("{path}: {source}")]
    Folder {
        /// What file or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl SpoolError {
    /// True when the process must stop; false when only this request failed.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        !matches!(self, Self::Full { .. } | Self::BadBatch(_))
    }
}

/// Turns an error of the database into one of the spool, with what was going on.
fn storage<E: Into<redb::Error>>(doing: &'static str) -> impl FnOnce(E) -> SpoolError {
    move |error| SpoolError::Storage {
        doing,
        source: Box::new(error.into()),
    }
}
