//! Revisions of the rules and of sites: every text that was ever in force, who saved it and why.

use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::{Batch, StoreError, read::Readers};

/// What the rules are filed under.
pub const RULES: &str = "rules";
/// Who saved what came from a file.
pub const FILE: &str = "file";
/// Revisions in one answer.
const LISTED_MAX: i64 = 500;

/// What a site is filed under.
#[must_use]
pub fn of_site(site: &str) -> String {
    format!("site:{site}")
}

/// A revision without its text.
#[derive(Clone, Debug, Serialize)]
pub struct Revision {
    /// Counts from 1.
    pub revision: i64,
    /// When.
    pub saved_at: UnixMs,
    /// By whom; `file`: it was found so at a start.
    pub saved_by: String,
    /// Why.
    pub note: String,
}

/// The newest revision and its text.
#[derive(Clone, Debug)]
pub struct Newest {
    /// The revision.
    pub revision: Revision,
    /// The text.
    pub text: String,
}

impl Batch<'_> {
    /// Saves a text as the next revision if `seen` is the newest; else gives the newest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn save_revision(
        &mut self,
        subject: &str,
        seen: i64,
        (by, note): (&str, &str),
        text: &str,
        now: UnixMs,
    ) -> Result<Result<i64, i64>, StoreError> {
        let newest: i64 = self
            .transaction
            .prepare_cached("SELECT coalesce(max(revision), 0) FROM revision WHERE subject = ?1")?
            .query_row([subject], |row| row.get(0))?;
        if newest != seen {
            return Ok(Err(newest));
        }
        self.transaction
            .prepare_cached("INSERT INTO revision (subject, revision, saved_ms, saved_by, note, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![subject, newest + 1, now.0, by, note, text])?;
        self.audit(by, "revision.save", &format!("{subject} {}", newest + 1), note, now)?;
        Ok(Ok(newest + 1))
    }

    /// What is in force of a subject whose file says `file`: the newest edit, be it in the file or in the store.
    ///
    /// A file that differs from what it was at the last start was edited meanwhile and becomes the newest revision; one that is as it
    /// was gives way to what was saved since.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn in_force(&mut self, subject: &str, file: &str, now: UnixMs) -> Result<Newest, StoreError> {
        let from_file: Option<String> = self
            .transaction
            .prepare_cached(
                "SELECT text FROM revision WHERE subject = ?1 AND saved_by = ?2 ORDER BY revision DESC LIMIT 1",
            )?
            .query_row([subject, FILE], |row| row.get(0))
            .optional()?;
        if from_file.as_deref() != Some(file) {
            let seen = newest(&self.transaction, subject)?.map_or(0, |newest| newest.revision.revision);
            let _ = self.save_revision(subject, seen, (FILE, "as the file had it at start"), file, now)?;
        }
        newest(&self.transaction, subject)?.ok_or_else(|| StoreError::Damaged {
            what: "revision",
            id: subject.to_owned(),
            problem: "is missing right after it was saved".to_owned(),
        })
    }
}

fn newest(connection: &Connection, subject: &str) -> Result<Option<Newest>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT revision, saved_ms, saved_by, note, text FROM revision WHERE subject = ?1 ORDER BY revision DESC LIMIT 1",
        )?
        .query_row([subject], |row| {
            Ok(Newest {
                revision: Revision {
                    revision: row.get(0)?,
                    saved_at: UnixMs(row.get(1)?),
                    saved_by: row.get(2)?,
                    note: row.get(3)?,
                },
                text: row.get(4)?,
            })
        })
        .optional()?)
}

impl Readers {
    /// The newest revision.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn newest_revision(&self, subject: &str) -> Result<Option<Newest>, StoreError> {
        self.with(|connection| newest(connection, subject))
    }

    /// All revisions, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn revisions(&self, subject: &str) -> Result<Vec<Revision>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT revision, saved_ms, saved_by, note FROM revision WHERE subject = ?1 ORDER BY revision DESC LIMIT ?2",
                )?
                .query_map(params![subject, LISTED_MAX], |row| {
                    Ok(Revision {
                        revision: row.get(0)?,
                        saved_at: UnixMs(row.get(1)?),
                        saved_by: row.get(2)?,
                        note: row.get(3)?,
                    })
                })?
                .collect::<Result<_, _>>()?)
        })
    }

    /// The text of a revision.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn revision_text(&self, subject: &str, revision: i64) -> Result<Option<String>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached("SELECT text FROM revision WHERE subject = ?1 AND revision = ?2")?
                .query_row(params![subject, revision], |row| row.get(0))
                .optional()?)
        })
    }
}
