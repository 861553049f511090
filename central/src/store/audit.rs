//! The audit trail: every change of state, by whom, in a chain of hashes.
//!
//! A line's hash is SHA-256 over the hash of the line before and its own fields, each with its length in front. A line that is changed,
//! left out or put in between breaks the chain from there on. What a chain cannot show is that its end was cut off: whoever needs
//! that notes the head (`GET /audit/verify`) elsewhere.

use data_encoding::HEXLOWER;
use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Batch, StoreError, read::Readers};

/// Characters of a line's subject and detail: longer ones are cut, the whole stands where it belongs.
const TEXT_CHARS_MAX: usize = 1_000;

/// What the first line's hash is chained to.
const GENESIS: [u8; 32] = [0; 32];

/// A line.
#[derive(Clone, Debug, Serialize)]
pub struct AuditLine {
    /// Position.
    pub position: i64,
    /// When.
    pub at: UnixMs,
    /// Who: a person, `token:NAME`, `correlator`, `central`, or `machine` for who has the machine itself.
    pub actor: String,
    /// What was done, like `alert.close`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// With what.
    pub detail: String,
    /// Hash, hexadecimal.
    pub hash: String,
}

/// Whether the chain holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// True when it does.
    pub intact: bool,
    /// Lines.
    pub entries: u64,
    /// Hash of the last line, hexadecimal; empty without one.
    pub head: String,
    /// First line that does not fit.
    pub broken_at: Option<i64>,
}

impl Batch<'_> {
    /// Adds a line.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn audit(
        &mut self,
        actor: &str,
        action: &str,
        subject: &str,
        detail: &str,
        now: UnixMs,
    ) -> Result<(), StoreError> {
        let before: Option<(i64, Vec<u8>)> = self
            .transaction
            .prepare_cached("SELECT position, hash FROM audit ORDER BY position DESC LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (position, before) = before.map_or((1, GENESIS.to_vec()), |(position, hash)| (position + 1, hash));
        let cut = |text: &str| text.chars().take(TEXT_CHARS_MAX).collect::<String>();
        let (subject, detail) = (cut(subject), cut(detail));
        let hash = chained(&before, position, now.0, [actor, action, &subject, &detail]);
        self.transaction
            .prepare_cached(
                "INSERT INTO audit (position, at_ms, actor, action, subject, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![position, now.0, actor, action, subject, detail, hash])?;
        Ok(())
    }
}

impl Readers {
    /// Lines, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn audit(&self, before: Option<i64>, limit: usize) -> Result<Vec<AuditLine>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT position, at_ms, actor, action, subject, detail, hash FROM audit
                     WHERE position < coalesce(?1, 9223372036854775807) ORDER BY position DESC LIMIT ?2",
                )?
                .query_map(params![before, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                    Ok(AuditLine {
                        position: row.get(0)?,
                        at: UnixMs(row.get(1)?),
                        actor: row.get(2)?,
                        action: row.get(3)?,
                        subject: row.get(4)?,
                        detail: row.get(5)?,
                        hash: HEXLOWER.encode(&row.get::<_, Vec<u8>>(6)?),
                    })
                })?
                .collect::<Result<_, _>>()?)
        })
    }

    /// Walks the whole chain.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn audit_verify(&self) -> Result<Chain, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT position, at_ms, actor, action, subject, detail, hash FROM audit ORDER BY position",
            )?;
            let mut rows = statement.query([])?;
            let (mut before, mut entries, mut broken_at) = (GENESIS.to_vec(), 0_u64, None);
            while let Some(row) = rows.next()? {
                let position: i64 = row.get(0)?;
                let text = |at: usize| row.get::<_, String>(at);
                let fields = [text(2)?, text(3)?, text(4)?, text(5)?];
                let fields = [&*fields[0], &*fields[1], &*fields[2], &*fields[3]];
                let hash: Vec<u8> = row.get(6)?;
                entries += 1;
                let follows = i64::try_from(entries) == Ok(position);
                if broken_at.is_none() && !(follows && chained(&before, position, row.get(1)?, fields) == *hash) {
                    broken_at = Some(position);
                }
                before = hash;
            }
            Ok(Chain {
                intact: broken_at.is_none(),
                entries,
                head: if entries == 0 {
                    String::new()
                } else {
                    HEXLOWER.encode(&before)
                },
                broken_at,
            })
        })
    }
}

fn chained(before: &[u8], position: i64, at_ms: i64, fields: [&str; 4]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(position.to_be_bytes());
    hash.update(at_ms.to_be_bytes());
    for field in fields {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field.as_bytes());
    }
    hash.finalize().into()
}
