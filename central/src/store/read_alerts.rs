//! Reading alerts and their history, as the API shows them.

mod query;

use quaywatch_protocol::contract::time::UnixMs;
pub use query::{AlertFilter, AlertQuery, GroupBy, Sort, Viewer};
use query::{UNREAD, Where};
use rusqlite::{Row, params_from_iter};
use serde::Serialize;
use serde_json::{Value, json};

use super::{StoreError, read::Readers, silences::is_silenced};
use crate::alert::Severity;

/// Alerts that have something in common.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// What they have in common.
    pub key: String,
    /// How many.
    pub count: u64,
    /// How many of them are unread.
    pub unread: u64,
    /// The severest of them.
    pub worst: String,
    /// When the newest was opened.
    pub newest_at: UnixMs,
}

/// A change of an alert, to be told to those who listen.
#[derive(Clone, Debug)]
pub struct Change {
    /// Position in the history.
    pub position: i64,
    /// What happened.
    pub what: String,
    /// The alert as it is now.
    pub alert: Value,
}

/// Columns of [`shown`]; `?1` is the person, `?2` now.
fn columns() -> String {
    format!(
        "id, body, state, revision, changed_ms, withdrawn, {UNREAD}, {}, handled_by, until_ms, closed_as",
        is_silenced("?2")
    )
}

impl Readers {
    /// A page of alerts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn alerts(&self, query: &AlertQuery, viewer: &Viewer) -> Result<Vec<Value>, StoreError> {
        let mut wanted = Where::of(&query.filter, viewer);
        if let Some((rank, opened, id)) = &query.after {
            let (opened, id) = (wanted.value(opened.0), wanted.value(id.clone()));
            let later = format!("(opened_ms < {opened} OR (opened_ms = {opened} AND id > {id}))");
            match query.sort {
                Sort::Newest => wanted.sql.push_str(&format!(" AND {later}")),
                Sort::Severity => {
                    let rank = wanted.value(*rank);
                    wanted.sql.push_str(&format!(
                        " AND (severity_rank < {rank} OR (severity_rank = {rank} AND {later}))"
                    ));
                }
            }
        }
        let order = match query.sort {
            Sort::Newest => "opened_ms DESC, id",
            Sort::Severity => "severity_rank DESC, opened_ms DESC, id",
        };
        let limit = wanted.value(i64::try_from(query.limit).unwrap_or(i64::MAX));
        // First the ids: whatever has to be sorted for them is sorted without the bodies.
        let sql = format!(
            "SELECT {} FROM alert WHERE id IN (SELECT id FROM alert {} WHERE {} ORDER BY {order} LIMIT {limit}) ORDER BY {order}",
            columns(),
            query.index(),
            wanted.sql
        );
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(&wanted.values))?;
            let mut alerts = Vec::new();
            while let Some(row) = rows.next()? {
                alerts.push(shown(row)?);
            }
            Ok(alerts)
        })
    }

    /// Alerts counted by what they have in common, the severest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn alert_groups(&self, by: GroupBy, filter: &AlertFilter, viewer: &Viewer) -> Result<Vec<Group>, StoreError> {
        let wanted = Where::of(filter, viewer);
        let sql = format!(
            "SELECT {column}, count(*), coalesce(sum({UNREAD}), 0), max(severity_rank), max(opened_ms) FROM alert WHERE {}
             GROUP BY {column} ORDER BY max(severity_rank) DESC, max(opened_ms) DESC, {column}",
            wanted.sql,
            column = by.column(),
        );
        self.with(|connection| {
            Ok(connection
                .prepare_cached(&sql)?
                .query_map(params_from_iter(&wanted.values), |row| {
                    Ok(Group {
                        key: row.get(0)?,
                        count: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
                        unread: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                        worst: severity_of(row.get(3)?).to_owned(),
                        newest_at: UnixMs(row.get(4)?),
                    })
                })?
                .collect::<Result<_, _>>()?)
        })
    }

    /// One alert.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn alert(&self, id: &str, viewer: &Viewer) -> Result<Option<Value>, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&format!("SELECT {} FROM alert WHERE id = ?3", columns()))?;
            let mut rows = statement.query(rusqlite::params![viewer.person, viewer.now.0, id])?;
            rows.next()?.map(shown).transpose()
        })
    }

    /// The history of an alert, oldest first, at most `limit` lines.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn alert_history(&self, id: &str, limit: usize) -> Result<Vec<Value>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT position, at_ms, what, actor, reason, note FROM alert_history WHERE alert = ?1
                     ORDER BY position LIMIT ?2",
                )?
                .query_map(rusqlite::params![id, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                    Ok(json!({
                        "position": row.get::<_, i64>(0)?,
                        "at": UnixMs(row.get(1)?),
                        "what": row.get::<_, String>(2)?,
                        "actor": row.get::<_, String>(3)?,
                        "reason": row.get::<_, String>(4)?,
                        "note": row.get::<_, String>(5)?,
                    }))
                })?
                .collect::<Result<_, _>>()?)
        })
    }

    /// The newest position in the history; 0 without one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn history_head(&self) -> Result<i64, StoreError> {
        self.with(|connection| {
            Ok(
                connection.query_row("SELECT coalesce(max(position), 0) FROM alert_history", [], |row| {
                    row.get(0)
                })?,
            )
        })
    }

    /// Changes after a position, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn changes_after(&self, position: i64, limit: usize, viewer: &Viewer) -> Result<Vec<Change>, StoreError> {
        let lines: Vec<(i64, String, String)> = self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT position, what, alert FROM alert_history WHERE position > ?1 ORDER BY position LIMIT ?2",
                )?
                .query_map(
                    rusqlite::params![position, i64::try_from(limit).unwrap_or(i64::MAX)],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )?
                .collect::<Result<_, _>>()?)
        })?;
        let mut changes = Vec::new();
        for (position, what, id) in lines {
            if let Some(alert) = self.alert(&id, viewer)? {
                changes.push(Change { position, what, alert });
            }
        }
        Ok(changes)
    }

    /// How many alerts stand in each state.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn alert_counts(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached("SELECT state, count(*) FROM alert GROUP BY state ORDER BY state")?
                .query_map([], |row| {
                    Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0)))
                })?
                .collect::<Result<_, _>>()?)
        })
    }
}

/// The severity of a rank, as the store's generated column has it.
pub(super) fn severity_of(rank: i64) -> &'static str {
    let rank = usize::try_from(rank).unwrap_or(0);
    Severity::NAMES.get(rank).copied().unwrap_or("info")
}

/// The rank of a severity.
#[must_use]
pub fn severity_rank(severity: &str) -> i64 {
    let rank = Severity::NAMES.iter().position(|each| *each == severity).unwrap_or(0);
    i64::try_from(rank).unwrap_or(0)
}

/// An alert as the API shows it: the correlator's, with the state that people gave it. An alert that later evidence took back
/// is closed, whatever people did.
fn shown(row: &Row<'_>) -> Result<Value, StoreError> {
    let id: String = row.get(0)?;
    let body: String = row.get(1)?;
    let mut alert: Value = serde_json::from_str(&body).map_err(|error| StoreError::Damaged {
        what: "alert",
        id: id.clone(),
        problem: error.to_string(),
    })?;
    let set = |text: String| {
        if text.is_empty() {
            Value::Null
        } else {
            Value::String(text)
        }
    };
    if let Some(fields) = alert.as_object_mut() {
        fields.insert("state".to_owned(), json!(row.get::<_, String>(2)?));
        fields.insert("revision".to_owned(), json!(row.get::<_, i64>(3)?));
        fields.insert("changed_at".to_owned(), json!(UnixMs(row.get(4)?)));
        fields.insert("withdrawn".to_owned(), json!(row.get::<_, bool>(5)?));
        fields.insert("unread".to_owned(), json!(row.get::<_, bool>(6)?));
        fields.insert("silenced".to_owned(), json!(row.get::<_, bool>(7)?));
        fields.insert("handled_by".to_owned(), set(row.get(8)?));
        fields.insert(
            "acknowledged_until".to_owned(),
            json!(row.get::<_, Option<i64>>(9)?.map(UnixMs)),
        );
        fields.insert("closed_as".to_owned(), set(row.get(10)?));
    }
    Ok(alert)
}
