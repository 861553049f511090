//! What happened to every line.

/// Counts since the start. Every line that came in is in exactly one of the first seven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Lines that are no AIS (other NMEA, comments, blanks).
    pub foreign: u64,
    /// Lines longer than a sentence may be, or not text.
    pub garbled: u64,
    /// Sentences whose checksum is wrong or missing.
    pub checksum: u64,
    /// Sentences whose fields make no sense.
    pub malformed: u64,
    /// Fragments taken into a message, or still waiting for others.
    pub fragments: u64,
    /// Messages of kinds that say nothing about a vessel here.
    pub other_kinds: u64,
    /// Messages used.
    pub used: u64,
    /// Fragments that were given up: their others never came, or too many waited.
    pub fragments_dropped: u64,
    /// Messages that the decoder refused.
    pub undecodable: u64,
    /// Positions that are outside the world or "not available".
    pub no_position: u64,
    /// Lines dropped because the station could not keep up.
    pub overrun: u64,
    /// Vessels forgotten to make room.
    pub vessels_forgotten: u64,
    /// Sources that ended, could not be reached or vanished.
    pub source_losses: u64,
}
