//! Alerts, their history, and the notifications that follow, in the transaction of the event that changed them.

use std::collections::BTreeSet;

use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::{OptionalExtension, params};

use super::{Batch, StoreError};
use crate::alert::{Alert, State};

/// What is written as `actor` where evidence, not a person, changed an alert.
pub const CORRELATOR: &str = "correlator";

/// One line of an alert's history, as it is told to those who listen.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Position in the history: rises by one or more with each change of any alert.
    pub position: i64,
    /// The alert.
    pub alert: String,
    /// What happened.
    pub what: &'static str,
}

/// What a person does to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Has seen it and works on it.
    Acknowledge,
    /// Is done with it.
    Close,
    /// Wants it back.
    Reopen,
}

/// A person's command.
#[derive(Clone, Debug)]
pub struct Command {
    /// Alert id.
    pub alert: String,
    /// What to do.
    pub verb: Verb,
    /// Revision of the alert that the person saw.
    pub revision: i64,
    /// Who.
    pub actor: String,
    /// Why (for closing: confirmed, false-alarm, benign, duplicate).
    pub reason: String,
    /// Free text.
    pub note: String,
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// No such alert.
    Unknown,
    /// Somebody or something changed it meanwhile: its revision is this now.
    Changed(i64),
    /// It is in that state already.
    AlreadySo,
}

struct Stored {
    body: String,
    handling: String,
    revision: i64,
}

impl Batch<'_> {
    /// Stores an alert as the correlator has it now; `None` when that is what is stored.
    ///
    /// An alert that a person closed opens again when it rests on a look that it did not rest on before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_alert(&mut self, alert: &Alert, sinks: &[String], now: UnixMs) -> Result<Vec<Told>, StoreError> {
        let body = serde_json::to_string(alert).map_err(|error| damaged(&alert.id, &error))?;
        let before = self.stored_alert(&alert.id)?;
        if before.as_ref().is_some_and(|stored| stored.body == body) {
            return Ok(Vec::new());
        }
        let withdrawn = alert.state == State::Closed;
        let reopens = match &before {
            Some(stored) if stored.handling == "closed" && !withdrawn => has_new_evidence(alert, &stored.body)?,
            _ => false,
        };
        let handling = match &before {
            Some(stored) if !reopens => stored.handling.clone(),
            _ => "open".to_owned(),
        };
        let revision = before.as_ref().map_or(1, |stored| stored.revision + 1);
        self.transaction
            .prepare_cached(
                "INSERT INTO alert (id, site, rule, kind, severity, opened_ms, changed_ms, withdrawn, body, handling, revision)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (id) DO UPDATE SET site = ?2, rule = ?3, kind = ?4, severity = ?5, opened_ms = ?6,
                 changed_ms = ?7, withdrawn = ?8, body = ?9, handling = ?10, revision = ?11",
            )?
            .execute(params![
                alert.id,
                alert.site,
                alert.rule,
                kind_name(alert)?,
                alert.severity.name(),
                alert.opened_at.0,
                now.0,
                withdrawn,
                body,
                handling,
                revision,
            ])?;
        let what = match (&before, withdrawn) {
            (None, false) => "opened",
            (_, true) => "withdrawn",
            (Some(_), false) => "updated",
        };
        let reason = alert.closed_reason.as_deref().unwrap_or("");
        let mut told = vec![self.tell(&alert.id, what, CORRELATOR, reason, "", &body, sinks, now)?];
        if reopens {
            told.push(self.tell(&alert.id, "reopened", CORRELATOR, "new evidence", "", &body, sinks, now)?);
        }
        Ok(told)
    }

    /// Takes back every stored alert whose id is not among these: after a change of rules.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn withdraw_others(
        &mut self,
        kept: &BTreeSet<&str>,
        sinks: &[String],
        now: UnixMs,
    ) -> Result<Vec<Told>, StoreError> {
        let stored: Vec<(String, String)> = self
            .transaction
            .prepare_cached("SELECT id, body FROM alert WHERE withdrawn = 0")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut told = Vec::new();
        for (id, body) in stored {
            if kept.contains(id.as_str()) {
                continue;
            }
            let mut alert: Alert = serde_json::from_str(&body).map_err(|error| damaged(&id, &error))?;
            alert.state = State::Closed;
            alert.closed_reason = Some("the rules that are in force now do not raise it".to_owned());
            told.extend(self.put_alert(&alert, sinks, now)?);
        }
        Ok(told)
    }

    /// Carries out a person's command.
    ///
    /// # Errors
    /// [`StoreError`]; inside, [`NotDone`].
    pub fn handle(
        &mut self,
        command: &Command,
        sinks: &[String],
        now: UnixMs,
    ) -> Result<Result<Told, NotDone>, StoreError> {
        let Some(stored) = self.stored_alert(&command.alert)? else {
            return Ok(Err(NotDone::Unknown));
        };
        if stored.revision != command.revision {
            return Ok(Err(NotDone::Changed(stored.revision)));
        }
        let (handling, what) = match command.verb {
            Verb::Acknowledge => ("acknowledged", "acknowledged"),
            Verb::Close => ("closed", "closed"),
            Verb::Reopen => ("open", "reopened"),
        };
        if stored.handling == handling {
            return Ok(Err(NotDone::AlreadySo));
        }
        self.transaction
            .prepare_cached("UPDATE alert SET handling = ?2, revision = revision + 1, changed_ms = ?3 WHERE id = ?1")?
            .execute(params![command.alert, handling, now.0])?;
        let Command {
            alert,
            actor,
            reason,
            note,
            ..
        } = command;
        self.tell(alert, what, actor, reason, note, &stored.body, sinks, now)
            .map(Ok)
    }

    #[allow(clippy::too_many_arguments, reason = "the columns of one row")]
    fn tell(
        &mut self,
        alert: &str,
        what: &'static str,
        actor: &str,
        reason: &str,
        note: &str,
        body: &str,
        sinks: &[String],
        now: UnixMs,
    ) -> Result<Told, StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO alert_history (alert, at_ms, what, actor, reason, note, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![alert, now.0, what, actor, reason, note, body])?;
        let position = self.transaction.last_insert_rowid();
        for sink in sinks {
            self.transaction
                .prepare_cached("INSERT INTO outbox (sink, history, next_ms) VALUES (?1, ?2, ?3)")?
                .execute(params![sink, position, now.0])?;
        }
        Ok(Told {
            position,
            alert: alert.to_owned(),
            what,
        })
    }

    fn stored_alert(&self, id: &str) -> Result<Option<Stored>, StoreError> {
        Ok(self
            .transaction
            .prepare_cached("SELECT body, handling, revision FROM alert WHERE id = ?1")?
            .query_row([id], |row| {
                Ok(Stored {
                    body: row.get(0)?,
                    handling: row.get(1)?,
                    revision: row.get(2)?,
                })
            })
            .optional()?)
    }

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

fn has_new_evidence(alert: &Alert, before: &str) -> Result<bool, StoreError> {
    let before: Alert = serde_json::from_str(before).map_err(|error| damaged(&alert.id, &error))?;
    let known: BTreeSet<&String> = before.evidence.iter().collect();
    Ok(alert.evidence.iter().any(|look| !known.contains(look)))
}

fn kind_name(alert: &Alert) -> Result<String, StoreError> {
    let value = serde_json::to_value(alert.kind).map_err(|error| damaged(&alert.id, &error))?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

fn damaged(id: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Damaged {
        what: "alert",
        id: id.to_owned(),
        problem: error.to_string(),
    }
}
