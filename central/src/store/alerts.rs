//! Alerts, their history, and the notifications that follow, in the transaction of the event that changed them.

use std::collections::BTreeSet;

use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::{OptionalExtension, params};

use super::{Batch, StoreError, silences::is_silenced};
use crate::{
    alert::{Alert, State},
    notify::route::{News, Routing},
};

/// What is written as `actor` where evidence, not a person, changed an alert.
pub const CORRELATOR: &str = "correlator";

/// Who ends an acknowledgement whose time is over.
pub const CLOCK: &str = "clock";

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
    /// Calls for somebody else.
    Escalate,
    /// Only adds a note.
    Note,
    /// Is done with it.
    Close,
    /// Wants it back.
    Reopen,
}

impl Verb {
    /// The word of the command, and of the line in the audit trail.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Escalate => "escalate",
            Self::Note => "note",
            Self::Close => "close",
            Self::Reopen => "reopen",
        }
    }

    /// What it leads to: the state (`None`: as it was), and the word of the history.
    const fn outcome(self) -> (Option<&'static str>, &'static str) {
        match self {
            Self::Acknowledge => (Some("acknowledged"), "acknowledged"),
            Self::Escalate => (Some("escalated"), "escalated"),
            Self::Note => (None, "noted"),
            Self::Close => (Some("closed"), "closed"),
            Self::Reopen => (Some("open"), "reopened"),
        }
    }
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
    /// Until when an acknowledgement holds; without it, until somebody changes it.
    pub until: Option<UnixMs>,
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
    site: String,
    severity: String,
}

/// One line of history to be written.
struct Line<'a> {
    alert: &'a str,
    what: &'static str,
    actor: &'a str,
    reason: &'a str,
    note: &'a str,
    body: &'a str,
    site: &'a str,
    severity: &'a str,
}

impl Batch<'_> {
    /// Stores an alert as the correlator has it now; `None` when that is what is stored.
    ///
    /// An alert that a person closed opens again when it rests on a look that it did not rest on before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_alert(&mut self, alert: &Alert, routing: &Routing, now: UnixMs) -> Result<Vec<Told>, StoreError> {
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
        let zones: String = alert
            .signals
            .iter()
            .fold("+".to_owned(), |zones, signal| zones + &signal.zone + "+");
        self.transaction
            .prepare_cached(
                "INSERT INTO alert (id, site, rule, kind, severity, opened_ms, changed_ms, withdrawn, body, handling, revision, zones)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT (id) DO UPDATE SET site = ?2, rule = ?3, kind = ?4, severity = ?5, opened_ms = ?6,
                 changed_ms = ?7, withdrawn = ?8, body = ?9, handling = ?10, revision = ?11, zones = ?12",
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
                zones,
            ])?;
        if reopens {
            self.forget_handling(&alert.id)?;
        }
        let what = match (&before, withdrawn) {
            (None, false) => "opened",
            (_, true) => "withdrawn",
            (Some(_), false) => "updated",
        };
        let reason = alert.closed_reason.as_deref().unwrap_or("");
        let line = |what, reason| Line {
            alert: &alert.id,
            what,
            actor: CORRELATOR,
            reason,
            note: "",
            body: &body,
            site: &alert.site,
            severity: alert.severity.name(),
        };
        let mut told = vec![self.tell(&line(what, reason), routing, now)?];
        if reopens {
            told.push(self.tell(&line("reopened", "new evidence"), routing, now)?);
        }
        Ok(told)
    }

    fn forget_handling(&mut self, alert: &str) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("UPDATE alert SET handled_by = '', until_ms = NULL, closed_as = '' WHERE id = ?1")?
            .execute([alert])?;
        Ok(())
    }

    /// Takes back every stored alert whose id is not among these: after a change of rules.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn withdraw_others(
        &mut self,
        kept: &BTreeSet<&str>,
        routing: &Routing,
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
            told.extend(self.put_alert(&alert, routing, now)?);
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
        routing: &Routing,
        now: UnixMs,
    ) -> Result<Result<Told, NotDone>, StoreError> {
        let Some(stored) = self.stored_alert(&command.alert)? else {
            return Ok(Err(NotDone::Unknown));
        };
        if stored.revision != command.revision {
            return Ok(Err(NotDone::Changed(stored.revision)));
        }
        let (handling, what) = command.verb.outcome();
        // An acknowledgement may be given another time.
        let again = command.verb == Verb::Acknowledge && command.until.is_some();
        if handling == Some(stored.handling.as_str()) && !again {
            return Ok(Err(NotDone::AlreadySo));
        }
        self.transaction
            .prepare_cached(
                "UPDATE alert SET handling = coalesce(?2, handling), revision = revision + 1, changed_ms = ?3 WHERE id = ?1",
            )?
            .execute(params![command.alert, handling, now.0])?;
        if handling.is_some() {
            let closed_as = if command.verb == Verb::Close {
                command.reason.as_str()
            } else {
                ""
            };
            let by = if command.verb == Verb::Reopen {
                ""
            } else {
                command.actor.as_str()
            };
            self.transaction
                .prepare_cached("UPDATE alert SET handled_by = ?2, until_ms = ?3, closed_as = ?4 WHERE id = ?1")?
                .execute(params![
                    command.alert,
                    by,
                    command.until.map(|until| until.0),
                    closed_as
                ])?;
        }
        let line = Line {
            alert: &command.alert,
            what,
            actor: &command.actor,
            reason: &command.reason,
            note: &command.note,
            body: &stored.body,
            site: &stored.site,
            severity: &stored.severity,
        };
        self.tell(&line, routing, now).map(Ok)
    }

    /// Opens acknowledged alerts whose time is over again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_acknowledgements(&mut self, routing: &Routing, now: UnixMs) -> Result<Vec<Told>, StoreError> {
        let over: Vec<(String, i64)> = self
            .transaction
            .prepare_cached("SELECT id, revision FROM alert WHERE until_ms <= ?1 AND handling = 'acknowledged'")?
            .query_map([now.0], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut told = Vec::new();
        for (alert, revision) in over {
            let command = Command {
                alert,
                verb: Verb::Reopen,
                revision,
                actor: CLOCK.to_owned(),
                reason: "acknowledgement ended".to_owned(),
                note: String::new(),
                until: None,
            };
            told.extend(self.handle(&command, routing, now)?);
        }
        Ok(told)
    }

    /// Writes a line of history, of the audit trail, and the notifications that follow unless the alert is silenced.
    fn tell(&mut self, line: &Line<'_>, routing: &Routing, now: UnixMs) -> Result<Told, StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO alert_history (alert, at_ms, what, actor, reason, note, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![line.alert, now.0, line.what, line.actor, line.reason, line.note, line.body])?;
        let position = self.transaction.last_insert_rowid();
        self.transaction
            .prepare_cached("UPDATE alert SET position = ?2 WHERE id = ?1")?
            .execute(params![line.alert, position])?;
        let detail = [line.reason, line.note].map(str::trim).join(" ");
        self.audit(
            line.actor,
            &format!("alert.{}", line.what),
            line.alert,
            detail.trim(),
            now,
        )?;
        let news = News {
            what: line.what,
            site: line.site,
            severity: line.severity,
        };
        let due = routing.due(&news, now);
        if !due.is_empty() && !self.is_silenced(line.alert, now)? {
            for (sink, at) in due {
                self.transaction
                    .prepare_cached("INSERT INTO outbox (sink, history, next_ms) VALUES (?1, ?2, ?3)")?
                    .execute(params![sink, position, at.0])?;
            }
        }
        Ok(Told {
            position,
            alert: line.alert.to_owned(),
            what: line.what,
        })
    }

    fn is_silenced(&self, alert: &str, now: UnixMs) -> Result<bool, StoreError> {
        let sql = format!("SELECT {} FROM alert WHERE id = ?1", is_silenced("?2"));
        Ok(self
            .transaction
            .prepare_cached(&sql)?
            .query_row(params![alert, now.0], |row| row.get(0))
            .optional()?
            .unwrap_or(false))
    }

    fn stored_alert(&self, id: &str) -> Result<Option<Stored>, StoreError> {
        Ok(self
            .transaction
            .prepare_cached("SELECT body, handling, revision, site, severity FROM alert WHERE id = ?1")?
            .query_row([id], |row| {
                Ok(Stored {
                    body: row.get(0)?,
                    handling: row.get(1)?,
                    revision: row.get(2)?,
                    site: row.get(3)?,
                    severity: row.get(4)?,
                })
            })
            .optional()?)
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
