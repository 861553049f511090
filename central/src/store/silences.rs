//! Silences: alerts of a site, rule, kind or zone that are listed and not notified, from a time until another.

use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::params;
use serde::Serialize;

use super::{Batch, StoreError, read::Readers};

/// Silences that hold at once, or will: each is looked at for each alert.
pub const SILENCES_MAX: i64 = 200;
/// Silences in one answer, newest first.
const LISTED_MAX: i64 = 500;

/// True for an alert that a silence matches; `?now` is bound by who uses it.
pub(super) fn is_silenced(now: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM silence s WHERE s.ended_ms IS NULL AND s.until_ms > {now} AND s.from_ms <= {now}
         AND (s.kind IS NULL OR s.kind = alert.kind) AND (s.site IS NULL OR s.site = alert.site) AND (s.rule IS NULL OR s.rule = alert.rule)
         AND (s.zone IS NULL OR instr(alert.zones, '+' || s.zone || '+') > 0))"
    )
}

/// What is to be silent: all that is given must match.
#[derive(Clone, Debug, Default)]
pub struct NewSilence {
    /// Site.
    pub site: Option<String>,
    /// Rule.
    pub rule: Option<String>,
    /// Kind of alert.
    pub kind: Option<String>,
    /// Zone of a signal.
    pub zone: Option<String>,
    /// From when.
    pub from: UnixMs,
    /// Until when.
    pub until: UnixMs,
    /// Why.
    pub reason: String,
}

/// A silence.
#[derive(Clone, Debug, Serialize)]
pub struct Silence {
    /// Id.
    pub id: i64,
    /// Site.
    pub site: Option<String>,
    /// Rule.
    pub rule: Option<String>,
    /// Kind of alert.
    pub kind: Option<String>,
    /// Zone.
    pub zone: Option<String>,
    /// From when.
    pub from: UnixMs,
    /// Until when.
    pub until: UnixMs,
    /// Why.
    pub reason: String,
    /// By whom.
    pub created_by: String,
    /// When.
    pub created_at: UnixMs,
    /// When it was ended by hand.
    pub ended_at: Option<UnixMs>,
    /// By whom.
    pub ended_by: Option<String>,
    /// True while it holds; one that is yet to begin does not.
    pub active: bool,
    /// True while it is yet to begin.
    pub planned: bool,
}

impl Batch<'_> {
    /// Adds a silence; `None` when there are as many as there may be.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn silence(&mut self, by: &str, new: &NewSilence, now: UnixMs) -> Result<Option<i64>, StoreError> {
        let holding: i64 = self
            .transaction
            .prepare_cached("SELECT count(*) FROM silence WHERE ended_ms IS NULL AND until_ms > ?1")?
            .query_row([now.0], |row| row.get(0))?;
        if holding >= SILENCES_MAX {
            return Ok(None);
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO silence (site, rule, zone, until_ms, reason, created_by, created_ms, from_ms, kind)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                new.site,
                new.rule,
                new.zone,
                new.until.0,
                new.reason,
                by,
                now.0,
                new.from.0,
                new.kind,
            ])?;
        let id = self.transaction.last_insert_rowid();
        let part = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} {value}"));
        let parts: Vec<String> = [
            part("site", &new.site),
            part("rule", &new.rule),
            part("kind", &new.kind),
            part("zone", &new.zone),
        ]
        .into_iter()
        .flatten()
        .collect();
        let from = if new.from > now {
            format!(" from {}", new.from)
        } else {
            String::new()
        };
        let detail = format!("{}{from} until {}: {}", parts.join(", "), new.until, new.reason);
        self.audit(by, "silence.add", &id.to_string(), &detail, now)?;
        Ok(Some(id))
    }

    /// Ends a silence now; false when none holds under this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_silence(&mut self, by: &str, id: i64, now: UnixMs) -> Result<bool, StoreError> {
        let changed = self
            .transaction
            .prepare_cached(
                "UPDATE silence SET ended_ms = ?2, ended_by = ?3 WHERE id = ?1 AND ended_ms IS NULL AND until_ms > ?2",
            )?
            .execute(params![id, now.0, by])?;
        if changed > 0 {
            self.audit(by, "silence.end", &id.to_string(), "", now)?;
        }
        Ok(changed > 0)
    }
}

impl Readers {
    /// Silences that hold or will, and those that ended if asked for; newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn silences(&self, ended_too: bool, now: UnixMs) -> Result<Vec<Silence>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT id, site, rule, zone, until_ms, reason, created_by, created_ms, ended_ms, ended_by,
                     ended_ms IS NULL AND until_ms > ?1 AND from_ms <= ?1 AS active, from_ms, kind,
                     ended_ms IS NULL AND from_ms > ?1 FROM silence
                     WHERE (ended_ms IS NULL AND until_ms > ?1) OR ?2 ORDER BY id DESC LIMIT ?3",
                )?
                .query_map(params![now.0, ended_too, LISTED_MAX], |row| {
                    Ok(Silence {
                        id: row.get(0)?,
                        site: row.get(1)?,
                        rule: row.get(2)?,
                        zone: row.get(3)?,
                        until: UnixMs(row.get(4)?),
                        reason: row.get(5)?,
                        created_by: row.get(6)?,
                        created_at: UnixMs(row.get(7)?),
                        ended_at: row.get::<_, Option<i64>>(8)?.map(UnixMs),
                        ended_by: row.get(9)?,
                        active: row.get(10)?,
                        from: UnixMs(row.get(11)?),
                        kind: row.get(12)?,
                        planned: row.get(13)?,
                    })
                })?
                .collect::<Result<_, _>>()?)
        })
    }
}
