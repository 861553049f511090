//! Reading alerts and their history, as the API shows them.

use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Value, json};

use super::{StoreError, read::Readers};

/// Columns of [`shown`].
const COLUMNS: &str = "id, body, handling, revision, changed_ms, withdrawn, opened_ms";

/// Which alerts, newest first.
#[derive(Clone, Debug, Default)]
pub struct AlertQuery {
    /// Only this site.
    pub site: Option<String>,
    /// Only this state: open, acknowledged, closed.
    pub state: Option<String>,
    /// Only those after this one: its opening time and id.
    pub after: Option<(UnixMs, String)>,
    /// At most this many.
    pub limit: usize,
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

impl Readers {
    /// A page of alerts, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn alerts(&self, query: &AlertQuery) -> Result<Vec<Value>, StoreError> {
        self.with(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM alert WHERE (?1 IS NULL OR site = ?1)
                 AND (?2 IS NULL OR ?2 = CASE WHEN withdrawn THEN 'closed' ELSE handling END)
                 AND (?3 IS NULL OR opened_ms < ?3 OR (opened_ms = ?3 AND id > ?4))
                 ORDER BY opened_ms DESC, id LIMIT ?5"
            );
            let (after_ms, after_id) = match &query.after {
                Some((at, id)) => (Some(at.0), Some(id.as_str())),
                None => (None, None),
            };
            let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![query.site, query.state, after_ms, after_id, limit])?;
            let mut alerts = Vec::new();
            while let Some(row) = rows.next()? {
                alerts.push(shown(row)?);
            }
            Ok(alerts)
        })
    }

    /// One alert.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn alert(&self, id: &str) -> Result<Option<Value>, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM alert WHERE id = ?1"))?;
            let mut rows = statement.query([id])?;
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
                .query_map(params![id, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
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
    pub fn changes_after(&self, position: i64, limit: usize) -> Result<Vec<Change>, StoreError> {
        let lines: Vec<(i64, String, String)> = self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT position, what, alert FROM alert_history WHERE position > ?1 ORDER BY position LIMIT ?2",
                )?
                .query_map(params![position, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect::<Result<_, _>>()?)
        })?;
        let mut changes = Vec::new();
        for (position, what, id) in lines {
            if let Some(alert) = self.alert(&id)? {
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
                .prepare_cached(
                    "SELECT CASE WHEN withdrawn THEN 'closed' ELSE handling END AS state, count(*) FROM alert
                     GROUP BY state ORDER BY state",
                )?
                .query_map([], |row| {
                    Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0)))
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
            let depth: Option<i64> = connection
                .query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))
                .optional()?;
            Ok(u64::try_from(depth.unwrap_or(0)).unwrap_or(0))
        })
    }
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
    let withdrawn: bool = row.get(5)?;
    let handling: String = row.get(2)?;
    if let Some(fields) = alert.as_object_mut() {
        if !withdrawn {
            fields.insert("state".to_owned(), json!(handling));
        }
        fields.insert("withdrawn".to_owned(), json!(withdrawn));
        fields.insert("revision".to_owned(), json!(row.get::<_, i64>(3)?));
        fields.insert("changed_at".to_owned(), json!(UnixMs(row.get(4)?)));
    }
    Ok(alert)
}
