//! What was refused, for people to look at: bounded, the oldest go first.

use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::params;

use super::{Batch, StoreError};

/// Refused messages kept.
pub const QUARANTINE_ROWS_MAX: i64 = 10_000;
/// Bytes kept of each: header and first fields.
pub const QUARANTINE_HEAD_BYTES_MAX: usize = 256;
/// Characters kept of a topic: one that is hostile may be long.
const TOPIC_CHARS_MAX: usize = 128;

/// A refused message.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Topic it came on.
    pub topic: String,
    /// Short fixed name of the reason.
    pub reason: &'static str,
    /// What was wrong and what was expected.
    pub detail: String,
    /// Its length, bytes.
    pub length: usize,
    /// Its first bytes.
    pub head: Vec<u8>,
}

impl Refused {
    /// Keeps what is kept of a refused message.
    #[must_use]
    pub fn new(topic: &str, reason: &'static str, detail: String, bytes: &[u8]) -> Self {
        Self {
            topic: topic.chars().take(TOPIC_CHARS_MAX).collect(),
            reason,
            detail,
            length: bytes.len(),
            head: bytes.iter().take(QUARANTINE_HEAD_BYTES_MAX).copied().collect(),
        }
    }
}

impl Batch<'_> {
    /// Puts a refused message into the quarantine.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn quarantine(&mut self, refused: &Refused, now: UnixMs) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO quarantine (at_ms, topic, reason, detail, length, head) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                now.0,
                refused.topic,
                refused.reason,
                refused.detail,
                i64::try_from(refused.length).unwrap_or(i64::MAX),
                refused.head,
            ])?;
        let newest = self.transaction.last_insert_rowid();
        self.transaction
            .prepare_cached("DELETE FROM quarantine WHERE position <= ?1")?
            .execute(params![newest - QUARANTINE_ROWS_MAX])?;
        Ok(())
    }
}
