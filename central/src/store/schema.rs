//! The tables, as numbered migrations. A migration that was released is never edited: the next one is added.

use rusqlite::Connection;

use super::StoreError;

/// What SQLite's `application_id` says of our files: "QWct".
const APPLICATION_ID: i32 = 0x5157_6374;

/// Migration `n` (counting from 1) brings `user_version` from `n - 1` to `n`.
const MIGRATIONS: &[&str] = &[FIRST, SECOND, THIRD, FOURTH];

/// Version that gave looks their visible share.
const VISIBLE_SINCE: i64 = 2;

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

/// People, what they do, and what shows it quickly: accounts, silences, revisions of rules and sites, the audit chain.
///
/// Secrets are kept as hashes: passwords as Argon2id strings, sessions, tokens and the set-up link as SHA-256 of 256 random bits.
const SECOND: &str = "
CREATE TABLE person (
    name          TEXT    PRIMARY KEY COLLATE NOCASE,
    role          TEXT    NOT NULL,                  -- viewer, analyst, admin
    password      TEXT    NOT NULL,                  -- Argon2id, PHC string
    disabled      INTEGER NOT NULL DEFAULT 0,
    must_change   INTEGER NOT NULL DEFAULT 0,
    created_ms    INTEGER NOT NULL,
    last_login_ms INTEGER,
    read_through  INTEGER NOT NULL DEFAULT 0,        -- everything up to this position of the alert history is read
    revision      INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE session (
    hash          BLOB    PRIMARY KEY,
    person        TEXT    NOT NULL COLLATE NOCASE REFERENCES person (name),
    created_ms    INTEGER NOT NULL,
    seen_ms       INTEGER NOT NULL,
    expires_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_of ON session (person, created_ms);

CREATE TABLE token (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    hash          BLOB    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    created_ms    INTEGER NOT NULL,
    created_by    TEXT    NOT NULL,
    expires_ms    INTEGER,
    last_used_ms  INTEGER,
    revoked_ms    INTEGER
) STRICT;

CREATE TABLE setup_link (
    hash          BLOB    PRIMARY KEY,
    expires_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (                                 -- each line's hash covers the line before it
    position      INTEGER PRIMARY KEY,
    at_ms         INTEGER NOT NULL,
    actor         TEXT    NOT NULL,
    action        TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    detail        TEXT    NOT NULL,
    hash          BLOB    NOT NULL
) STRICT;

CREATE TABLE silence (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    site          TEXT,
    rule          TEXT,
    zone          TEXT,
    until_ms      INTEGER NOT NULL,
    reason        TEXT    NOT NULL,
    created_by    TEXT    NOT NULL,
    created_ms    INTEGER NOT NULL,
    ended_ms      INTEGER,
    ended_by      TEXT
) STRICT;
CREATE INDEX silence_until ON silence (until_ms) WHERE ended_ms IS NULL;

CREATE TABLE revision (                              -- of the rules ('rules') and of sites ('site:ID')
    subject       TEXT    NOT NULL,
    revision      INTEGER NOT NULL,
    saved_ms      INTEGER NOT NULL,
    saved_by      TEXT    NOT NULL,
    note          TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    PRIMARY KEY (subject, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_read (
    person        TEXT    NOT NULL COLLATE NOCASE,
    alert         TEXT    NOT NULL,
    position      INTEGER NOT NULL,                  -- of the alert history, when it was read
    PRIMARY KEY (person, alert)
) STRICT, WITHOUT ROWID;

ALTER TABLE alert ADD COLUMN position INTEGER NOT NULL DEFAULT 0;       -- newest line of its history
ALTER TABLE alert ADD COLUMN zones TEXT NOT NULL DEFAULT '';            -- of its signals, like '+pier-1+yard+'
ALTER TABLE alert ADD COLUMN handled_by TEXT NOT NULL DEFAULT '';
ALTER TABLE alert ADD COLUMN until_ms INTEGER;                          -- acknowledged until
ALTER TABLE alert ADD COLUMN closed_as TEXT NOT NULL DEFAULT '';
ALTER TABLE alert ADD COLUMN state TEXT AS (CASE WHEN withdrawn THEN 'closed' ELSE handling END) VIRTUAL;
ALTER TABLE alert ADD COLUMN severity_rank INTEGER AS
    (CASE severity WHEN 'critical' THEN 3 WHEN 'warning' THEN 2 WHEN 'watch' THEN 1 ELSE 0 END) VIRTUAL;
UPDATE alert SET
    position = coalesce((SELECT max(h.position) FROM alert_history h WHERE h.alert = alert.id), 0),
    zones = coalesce((SELECT '+' || group_concat(json_extract(s.value, '$.zone'), '+') || '+'
                      FROM json_each(alert.body, '$.signals') s), '');
CREATE INDEX alert_by_state ON alert (state, opened_ms DESC, id);
CREATE INDEX alert_by_severity ON alert (severity_rank DESC, opened_ms DESC, id);
CREATE INDEX alert_of_site ON alert (site, opened_ms DESC, id);
CREATE INDEX alert_until ON alert (until_ms) WHERE until_ms IS NOT NULL;

ALTER TABLE event ADD COLUMN visible_permille INTEGER;                  -- looks: mean visible share of the zones
CREATE INDEX event_visible ON event (site, acquired_ms, visible_permille) WHERE kind = 'look' AND standing = '';
CREATE INDEX event_station ON event (station, position) WHERE kind = 'look';
CREATE INDEX outbox_head ON outbox (sink, position);
";

/// The queue by severity, and the voyages, without reading all alerts.
const THIRD: &str = "
CREATE INDEX alert_by_state_and_severity ON alert (state, severity_rank DESC, opened_ms DESC, id);
CREATE INDEX alert_of_kind ON alert (kind, opened_ms DESC, id);
";

/// Silences that begin later, and of a kind of alert.
const FOURTH: &str = "
ALTER TABLE silence ADD COLUMN from_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE silence ADD COLUMN kind TEXT;
";

/// Brings a database to the newest version, each migration in a transaction.
///
/// # Errors
/// When the file is no database of ours, or of a newer version.
pub fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    migrate_to(connection, MIGRATIONS.len())
}

/// Brings a database to a version that need not be the newest.
pub(super) fn migrate_to(connection: &mut Connection, until: usize) -> Result<(), StoreError> {
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
    for (index, migration) in MIGRATIONS.iter().take(until).enumerate() {
        let to = i64::try_from(index).unwrap_or(i64::MAX) + 1;
        if to > version {
            let transaction = connection.transaction()?;
            transaction.execute_batch(migration)?;
            if to == VISIBLE_SINCE {
                super::events::fill_visible(&transaction)?;
            }
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", to)?;
            transaction.commit()?;
        }
    }
    Ok(())
}
