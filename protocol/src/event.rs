//! What a station puts into its spool: one numbered thing after the other.

use heapless::Vec;
use serde::{Deserialize, Serialize};

use crate::{ids::VersionName, limits, look::Look};

/// A thing that a station tells central. Variants are added at the end and never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(
    clippy::large_enum_variant,
    reason = "nothing here allocates, and events are handled one at a time"
)]
pub enum Event {
    /// What one scene said about one site.
    Look(Look),
    /// Events that will never come, and why.
    Gap(Gap),
    /// A small picture of a vessel, as evidence; lowest priority on the link.
    Chip(Chip),
    /// The agent began to work: what it works with.
    Started(Started),
}

/// A run of sequence numbers whose events are lost; takes the place of its last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// First lost sequence number.
    pub first_seq: u64,
    /// Last lost sequence number.
    pub last_seq: u64,
    /// How many of them were looks.
    pub looks_lost: u32,
    /// Why.
    pub reason: GapReason,
}

/// Why events were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GapReason {
    /// The spool was full: the lowest priority, then the oldest, had to go.
    SpoolFull,
    /// Stored bytes did not check out.
    Corrupt,
    /// The spool before this one could not be opened; its events are unknown.
    SpoolLost,
}

/// A small picture of a vessel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chip {
    /// Sequence number of the look it belongs to, in the same epoch.
    pub look_seq: u64,
    /// Position of the vessel in that look.
    pub vessel: u8,
    /// JPEG bytes.
    pub jpeg: Vec<u8, { limits::CHIP_BYTES_MAX }>,
}

/// What the agent works with; holds until the next one in the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Version of the agent.
    pub software: VersionName,
    /// First eight bytes of the SHA-256 of the model file; zero without a model.
    pub model_sha256_head: [u8; 8],
}
