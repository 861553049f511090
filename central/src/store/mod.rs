//! Where events rest: one SQLite file.
//!
//! One thread writes ([`Store`]), in transactions that take an event, what follows from it (progress, gaps, alerts, their
//! history) and the notifications to send, all together or not at all. Others read through [`read::Readers`], each seeing a
//! committed state. `synchronous = FULL` with a write-ahead log: a commit that returned survives the loss of power, if the disk
//! honours fsync. After any error of a write the process stops and recovers on start (promise N9): see [`crate::intake`].

pub mod accounts;
pub mod alerts;
pub mod audit;
pub mod events;
pub mod outbox;
pub mod quarantine;
pub mod read;
pub mod read_alerts;
pub mod read_sites;
pub mod revisions;
mod schema;
pub mod silences;

use std::path::Path;

use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use thiserror::Error;

/// How long a writer waits for another process that holds the file (a backup), milliseconds.
const BUSY_MS: u32 = 5_000;
/// Prepared statements kept by a connection.
const STATEMENTS_KEPT: usize = 64;
/// Size to which the write-ahead log is cut back after a checkpoint, bytes.
const WAL_BYTES_KEPT: i64 = 64 << 20;

/// Why the store could not do something.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database answered with an error.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file is another program's database.
    #[error("file is a database of another program: expected one made by quaywatch-central, or none")]
    Foreign,
    /// The file was written by a newer version.
    #[error("database has version {version}, and this program knows versions up to {newest}: run the newer program")]
    Newer {
        /// Version of the file.
        version: i64,
        /// Newest version known here.
        newest: i64,
    },
    /// Stored bytes are not what was stored.
    #[error("stored {what} {id} is damaged: {problem}")]
    Damaged {
        /// Table or kind.
        what: &'static str,
        /// Which one.
        id: String,
        /// What was wrong.
        problem: String,
    },
}

/// The writing side: one a database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    last_received: UnixMs,
}

impl Store {
    /// Opens or makes a database and brings it to the newest version.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let mut connection = Connection::open(file)?;
        connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS.into()))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)?;
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        schema::migrate(&mut connection)?;
        let last: Option<i64> = connection.query_row("SELECT max(received_ms) FROM event", [], |row| row.get(0))?;
        Ok(Self {
            connection,
            last_received: UnixMs(last.unwrap_or(0)),
        })
    }

    /// True when an event was ever stored here.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn has_events(&self) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .query_row("SELECT EXISTS (SELECT 1 FROM event)", [], |row| row.get(0))?)
    }

    /// Begins a transaction. Dropped without [`Batch::commit`], nothing of it happened.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn begin(&mut self) -> Result<Batch<'_>, StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Batch {
            transaction,
            received: self.last_received,
            last_received: &mut self.last_received,
        })
    }
}

/// A transaction.
#[derive(Debug)]
pub struct Batch<'a> {
    transaction: Transaction<'a>,
    received: UnixMs,
    last_received: &'a mut UnixMs,
}

impl Batch<'_> {
    /// The receive time of the next event: the clock's, or a millisecond after the last one, whichever is later. So receive
    /// times rise strictly, even when the clock steps back.
    pub fn next_received(&mut self, now: UnixMs) -> UnixMs {
        self.received = now.max(self.received.plus_ms(1));
        self.received
    }

    /// Makes it all durable: when this returns, it happened.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]: then nothing of it happened, as far as is known; stop and recover on start.
    pub fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit()?;
        *self.last_received = self.received;
        Ok(())
    }
}

/// Opens a connection that can only read.
fn open_reading(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS.into()))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

#[cfg(test)]
mod tests;
