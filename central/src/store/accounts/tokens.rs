//! Tokens of programs: made by an admin, shown once, taken back.

use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::Refused;
use crate::{
    account::{Role, SecretHash},
    store::{Batch, StoreError, read::Readers},
};

/// Tokens that hold.
pub const TOKENS_MAX: i64 = 1_000;

/// A token as admins see one.
#[derive(Clone, Debug, Serialize)]
pub struct Token {
    /// Id.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// Role.
    pub role: String,
    /// When made.
    pub created_at: UnixMs,
    /// By whom.
    pub created_by: String,
    /// Until when it holds.
    pub expires_at: Option<UnixMs>,
    /// When last used, to the minute.
    pub last_used_at: Option<UnixMs>,
}

const TOKEN: &str = "id, name, role, created_ms, created_by, expires_ms, last_used_ms";

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: row.get(0)?,
        name: row.get(1)?,
        role: row.get(2)?,
        created_at: UnixMs(row.get(3)?),
        created_by: row.get(4)?,
        expires_at: row.get::<_, Option<i64>>(5)?.map(UnixMs),
        last_used_at: row.get::<_, Option<i64>>(6)?.map(UnixMs),
    })
}

impl Batch<'_> {
    /// Adds a token.
    ///
    /// # Errors
    /// [`StoreError`]; inside, [`Refused`].
    pub fn add_token(
        &mut self,
        by: &str,
        (name, role): (&str, Role),
        hash: &SecretHash,
        expires_at: Option<UnixMs>,
        now: UnixMs,
    ) -> Result<Result<Token, Refused>, StoreError> {
        if self.count("SELECT count(*) FROM token WHERE revoked_ms IS NULL")? >= TOKENS_MAX {
            return Ok(Err(Refused::TooMany));
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO token (hash, name, role, created_ms, created_by, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![hash, name, role.name(), now.0, by, expires_at.map(|at| at.0)])?;
        let id = self.transaction.last_insert_rowid();
        self.audit(by, "token.add", &format!("{id} {name}"), role.name(), now)?;
        let row = self
            .transaction
            .prepare_cached(&format!("SELECT {TOKEN} FROM token WHERE id = ?1"))?
            .query_row([id], token)?;
        Ok(Ok(row))
    }

    /// Takes a token back; false when there is none that holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn revoke_token(&mut self, by: &str, id: i64, now: UnixMs) -> Result<bool, StoreError> {
        let changed = self
            .transaction
            .prepare_cached("UPDATE token SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL")?
            .execute(params![id, now.0])?;
        if changed > 0 {
            self.audit(by, "token.revoke", &id.to_string(), "", now)?;
        }
        Ok(changed > 0)
    }
}

impl Readers {
    /// The token, if it holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn token(&self, hash: &SecretHash, now: UnixMs) -> Result<Option<Token>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(&format!(
                    "SELECT {TOKEN} FROM token WHERE hash = ?1 AND revoked_ms IS NULL
                     AND (expires_ms IS NULL OR expires_ms > ?2)"
                ))?
                .query_row(params![hash, now.0], token)
                .optional()?)
        })
    }

    /// Tokens that were not taken back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(&format!(
                    "SELECT {TOKEN} FROM token WHERE revoked_ms IS NULL ORDER BY id"
                ))?
                .query_map([], token)?
                .collect::<Result<_, _>>()?)
        })
    }
}
