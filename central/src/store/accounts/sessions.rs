//! Sessions of people: begun by a password, ended by themselves, by silence, by time, by a newer one.

use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::{OptionalExtension, params};

use crate::{
    account::{Role, SecretHash},
    store::{Batch, StoreError, read::Readers},
};

/// Sessions of one person; the oldest ends for a new one.
pub const SESSIONS_MAX: i64 = 32;
/// How long a session lasts at most.
pub const SESSION_MS: i64 = 12 * 3_600_000;
/// How long it lasts without a request.
pub const SESSION_IDLE_MS: i64 = 3_600_000;
/// Requests of one session within this time are noted as one.
pub const SEEN_EVERY_MS: i64 = 60_000;

/// Who a session's cookie stands for.
#[derive(Clone, Debug)]
pub struct SessionOf {
    /// Person.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Must choose a password first.
    pub must_change: bool,
    /// Until when it lasts.
    pub expires_at: UnixMs,
    /// When last noted.
    pub seen_at: UnixMs,
}

impl Batch<'_> {
    /// Begins a session.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_session(&mut self, name: &str, hash: &SecretHash, now: UnixMs) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("DELETE FROM session WHERE expires_ms <= ?1 OR seen_ms <= ?2")?
            .execute(params![now.0, now.0 - SESSION_IDLE_MS])?;
        self.transaction
            .prepare_cached(
                "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE person = ?1 ORDER BY created_ms DESC
                 LIMIT -1 OFFSET ?2)",
            )?
            .execute(params![name, SESSIONS_MAX - 1])?;
        self.transaction
            .prepare_cached(
                "INSERT INTO session (hash, person, created_ms, seen_ms, expires_ms) VALUES (?1, ?2, ?3, ?3, ?4)",
            )?
            .execute(params![hash, name, now.0, now.0 + SESSION_MS])?;
        self.transaction
            .prepare_cached("UPDATE person SET last_login_ms = ?2 WHERE name = ?1")?
            .execute(params![name, now.0])?;
        self.audit(name, "session.begin", name, "", now)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_session(&mut self, name: &str, hash: &SecretHash, now: UnixMs) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("DELETE FROM session WHERE hash = ?1")?
            .execute([hash])?;
        self.audit(name, "session.end", name, "", now)
    }

    /// Notes that a session or token is in use.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seen(&mut self, hash: &SecretHash, now: UnixMs) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("UPDATE session SET seen_ms = ?2 WHERE hash = ?1")?
            .execute(params![hash, now.0])?;
        self.transaction
            .prepare_cached("UPDATE token SET last_used_ms = ?2 WHERE hash = ?1")?
            .execute(params![hash, now.0])?;
        Ok(())
    }
}

impl Readers {
    /// Whose session this is, if it lasts and they may come in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn session(&self, hash: &SecretHash, now: UnixMs) -> Result<Option<SessionOf>, StoreError> {
        self.with(|connection| {
            let found: Option<(String, String, bool, i64, i64)> = connection
                .prepare_cached(
                    "SELECT p.name, p.role, p.must_change, s.expires_ms, s.seen_ms FROM session s JOIN person p ON p.name = s.person
                     WHERE s.hash = ?1 AND s.expires_ms > ?2 AND s.seen_ms > ?3 AND p.disabled = 0",
                )?
                .query_row(params![hash, now.0, now.0 - SESSION_IDLE_MS], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                })
                .optional()?;
            Ok(found.and_then(|(name, role, must_change, expires_ms, seen_ms)| {
                Some(SessionOf {
                    name,
                    role: Role::of(&role)?,
                    must_change,
                    expires_at: UnixMs(expires_ms),
                    seen_at: UnixMs(seen_ms),
                })
            }))
        })
    }
}
