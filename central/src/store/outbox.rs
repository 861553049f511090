//! Notifications still to be sent: one row a change and sink, struck off when the sink has it.

use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::params;

use super::{Batch, StoreError, read::Readers};

/// A notification to send.
#[derive(Clone, Debug)]
pub struct Due {
    /// Position in the outbox.
    pub position: i64,
    /// Position in the alert history: with the sink, the idempotency key.
    pub history: i64,
    /// Tries so far.
    pub tries: u32,
    /// What happened.
    pub what: String,
    /// The alert as it was then, JSON.
    pub body: String,
}

/// What waits for one sink.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// How many.
    pub count: u64,
    /// When the oldest of them happened.
    pub oldest_at: Option<UnixMs>,
    /// Most tries of one of them.
    pub tries_max: u32,
}

impl Batch<'_> {
    /// Strikes a notification off the outbox: its sink has it, or it was given up.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn outbox_done(&mut self, position: i64) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("DELETE FROM outbox WHERE position = ?1")?
            .execute([position])?;
        Ok(())
    }

    /// Notes a failed try, and when the next one is due.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn outbox_later(&mut self, position: i64, next: UnixMs) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("UPDATE outbox SET tries = tries + 1, next_ms = ?2 WHERE position = ?1")?
            .execute(params![position, next.0])?;
        Ok(())
    }
}

impl Readers {
    /// Notifications of a sink that are due, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn outbox_due(&self, sink: &str, now: UnixMs, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT o.position, o.history, o.tries, h.what, h.body FROM outbox o JOIN alert_history h
                     ON h.position = o.history WHERE o.sink = ?1 AND o.next_ms <= ?2 ORDER BY o.position LIMIT ?3",
                )?
                .query_map(params![sink, now.0, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                    Ok(Due {
                        position: row.get(0)?,
                        history: row.get(1)?,
                        tries: row.get(2)?,
                        what: row.get(3)?,
                        body: row.get(4)?,
                    })
                })?
                .collect::<Result<_, _>>()?)
        })
    }

    /// Notifications that wait to be sent, over all sinks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn outbox_depth(&self) -> Result<u64, StoreError> {
        self.with(|connection| {
            let depth: i64 = connection.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))?;
            Ok(u64::try_from(depth).unwrap_or(0))
        })
    }

    /// What waits for a sink.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn outbox_of(&self, sink: &str) -> Result<Waiting, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT count(*), min(h.at_ms), coalesce(max(o.tries), 0) FROM outbox o JOIN alert_history h
                     ON h.position = o.history WHERE o.sink = ?1",
                )?
                .query_row([sink], |row| {
                    Ok(Waiting {
                        count: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
                        oldest_at: row.get::<_, Option<i64>>(1)?.map(UnixMs),
                        tries_max: row.get(2)?,
                    })
                })?)
        })
    }
}
