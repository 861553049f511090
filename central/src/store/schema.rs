//! The tables, as numbered migrations. A migration that was released is never edited: the next one is added.

use rusqlite::Connection;

use super::StoreError;

/// What SQLite's `application_id` says of our files: "QWct".
const APPLICATION_ID: i32 = 0x5157_6374;

/// Migration `n` (counting from 1) brings `user_version` from `n - 1` to `n`.
const MIGRATIONS: &[&str] = &[FIRST];

/// Times are Unix milliseconds. `event.standing` is empty for events that count, else the reason why they do not.
const FIRST: &str = "
CREATE TABLE event (
    position    INTEGER PRIMARY KEY,                 -- order of commit
    station     TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    received_ms INTEGER NOT NULL UNIQUE,             -- strictly rising with position
    kind        TEXT    NOT NULL,                    -- look, gap, chip, started, unreadable
    standing    TEXT    NOT NULL,
    site        TEXT,                                -- looks
    scene       TEXT,                                -- looks
    acquired_ms INTEGER,                             -- looks
    look_seq    INTEGER,                             -- chips
    vessel      INTEGER,                             -- chips
    envelope    BLOB    NOT NULL,                    -- as it came, signature included
    UNIQUE (station, epoch, seq)
) STRICT;
CREATE INDEX event_look ON event (site, acquired_ms, position) WHERE kind = 'look';
CREATE INDEX event_look_in_order ON event (position) WHERE kind = 'look' AND standing = '';
CREATE INDEX event_chip ON event (station, epoch, look_seq, vessel) WHERE kind = 'chip';

CREATE TABLE progress (                              -- everything up to through_seq is accounted for
    station     TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    through_seq INTEGER NOT NULL,
    last_ms     INTEGER NOT NULL,
    PRIMARY KEY (station, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE gap (                                   -- events that will never come
    station     TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    last_seq    INTEGER NOT NULL,
    first_seq   INTEGER NOT NULL,
    looks_lost  INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    received_ms INTEGER NOT NULL,
    PRIMARY KEY (station, epoch, last_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE alert (
    id          TEXT    PRIMARY KEY,
    site        TEXT    NOT NULL,
    rule        TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    severity    TEXT    NOT NULL,
    opened_ms   INTEGER NOT NULL,
    changed_ms  INTEGER NOT NULL,
    withdrawn   INTEGER NOT NULL,                    -- 1: later evidence took it back
    body        TEXT    NOT NULL,                    -- the correlator's alert, JSON
    handling    TEXT    NOT NULL DEFAULT 'open',     -- what people did: open, acknowledged, closed
    revision    INTEGER NOT NULL                     -- counts every change, for people who edit at once
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_by_time ON alert (opened_ms DESC, id);

CREATE TABLE alert_history (                         -- every change of an alert, by evidence or by people
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    alert       TEXT    NOT NULL,
    at_ms       INTEGER NOT NULL,
    what        TEXT    NOT NULL,                    -- opened, updated, withdrawn, acknowledged, closed, reopened
    actor       TEXT    NOT NULL,                    -- correlator, or who
    reason      TEXT    NOT NULL,
    note        TEXT    NOT NULL,
    body        TEXT    NOT NULL                     -- the alert as it was then
) STRICT;
CREATE INDEX alert_history_of ON alert_history (alert, position);

CREATE TABLE outbox (                                -- notifications still to be sent, one a sink
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    sink        TEXT    NOT NULL,
    history     INTEGER NOT NULL,                    -- alert_history.position: with sink, the idempotency key
    tries       INTEGER NOT NULL DEFAULT 0,
    next_ms     INTEGER NOT NULL,
    UNIQUE (sink, history)
) STRICT;
CREATE INDEX outbox_due ON outbox (sink, next_ms);

CREATE TABLE quarantine (                            -- what was refused; the oldest go when it is full
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    topic       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    detail      TEXT    NOT NULL,
    length      INTEGER NOT NULL,
    head        BLOB    NOT NULL
) STRICT;
";

/// Brings a database to the newest version, each migration in a transaction.
///
/// # Errors
/// When the file is no database of ours, or of a newer version.
pub fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (tables > 0 || version > 0) {
        return Err(StoreError::Foreign);
    }
    if version > newest {
        return Err(StoreError::Newer { version, newest });
    }
    for (index, migration) in MIGRATIONS.iter().enumerate() {
        let to = i64::try_from(index).unwrap_or(i64::MAX) + 1;
        if to > version {
            let transaction = connection.transaction()?;
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", to)?;
            transaction.commit()?;
        }
    }
    Ok(())
}
