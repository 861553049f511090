//! Reading for the pages of sites and stations: what is newest, what could be seen, what was lost.

use quaywatch_protocol::contract::{
    Look,
    time::{DAY_MS, UnixMs},
};
use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::{
    StoreError,
    events::Standing,
    read::{Readers, read_look},
    read_alerts::severity_of,
};
use crate::{
    ingest::skew::{self, Skew},
    sites::Sites,
};

/// Share of a site from which a look counts as clear here, permille.
const CLEAR_PERMILLE: i64 = 500;
/// Gaps in one answer, newest first.
const GAPS_MAX: i64 = 500;
/// Voyage alerts looked at.
const VOYAGES_MAX: i64 = 500;

/// A site in the list.
#[derive(Clone, Debug, Default)]
pub struct SiteNow {
    /// Open and escalated alerts.
    pub open: u64,
    /// The severest of them.
    pub worst: Option<&'static str>,
    /// When the newest look was acquired.
    pub last_look_at: Option<UnixMs>,
    /// When the newest look that saw half of it was.
    pub last_clear_at: Option<UnixMs>,
}

/// What could be seen of a site on a day.
#[derive(Clone, Debug, Serialize)]
pub struct SeenDay {
    /// `YYYY-MM-DD`, UTC.
    pub day: String,
    /// Looks.
    pub looks: u64,
    /// Best mean share of the zones.
    pub visible: f64,
}

/// Events of a station that will never come.
#[derive(Clone, Debug, Serialize)]
pub struct GapRow {
    /// Epoch.
    pub epoch: u32,
    /// First sequence number.
    pub first_seq: i64,
    /// Last sequence number.
    pub last_seq: i64,
    /// Looks among them.
    pub looks_lost: i64,
    /// Why.
    pub reason: String,
    /// When it was told.
    pub at: UnixMs,
}

/// A scene that a station made a look of.
#[derive(Clone, Debug, Serialize)]
pub struct SceneRow {
    /// Scene.
    pub scene: String,
    /// Site.
    pub site: String,
    /// When it was acquired.
    pub acquired_at: UnixMs,
    /// When the look came.
    pub received_at: UnixMs,
}

impl Readers {
    /// How a site stands.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn site_now(&self, site: &str) -> Result<SiteNow, StoreError> {
        self.with(|connection| {
            let (open, worst): (i64, Option<i64>) = connection
                .prepare_cached(
                    "SELECT count(*), max(severity_rank) FROM alert WHERE site = ?1 AND state IN ('open', 'escalated')",
                )?
                .query_row([site], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let newest = |clear: i64| {
                connection
                    .prepare_cached(
                        "SELECT acquired_ms FROM event WHERE kind = 'look' AND standing = '' AND site = ?1
                         AND visible_permille >= ?2 ORDER BY acquired_ms DESC LIMIT 1",
                    )?
                    .query_row(params![site, clear], |row| row.get(0))
                    .optional()
            };
            Ok(SiteNow {
                open: u64::try_from(open).unwrap_or(0),
                worst: worst.map(severity_of),
                last_look_at: newest(0)?.map(UnixMs),
                last_clear_at: newest(CLEAR_PERMILLE)?.map(UnixMs),
            })
        })
    }

    /// Days with looks, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seen_days(&self, site: &str, from: UnixMs, to: UnixMs) -> Result<Vec<SeenDay>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT date(acquired_ms / ?4, 'unixepoch') AS day, count(*), coalesce(max(visible_permille), 0) FROM event
                     WHERE kind = 'look' AND standing = '' AND site = ?1 AND acquired_ms >= ?2 AND acquired_ms < ?3
                     GROUP BY acquired_ms / ?5 ORDER BY acquired_ms / ?5",
                )?
                .query_map(params![site, from.0, to.0, 1_000_i64, DAY_MS], |row| {
                    Ok(SeenDay {
                        day: row.get(0)?,
                        looks: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
                        visible: row.get::<_, i64>(2)? as f64 / 1_000.0,
                    })
                })?
                .collect::<Result<_, _>>()?)
        })
    }

    /// The newest looks of a site in a time, by acquisition, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn site_looks(
        &self,
        site: &str,
        (from, to): (UnixMs, UnixMs),
        limit: usize,
        sites: &Sites,
    ) -> Result<Vec<Look>, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT station, epoch, seq, received_ms, envelope FROM event WHERE kind = 'look' AND standing = ''
                 AND site = ?1 AND acquired_ms >= ?2 AND acquired_ms < ?3 ORDER BY acquired_ms DESC LIMIT ?4",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut rows = statement.query(params![site, from.0, to.0, limit])?;
            let mut looks = Vec::new();
            while let Some(row) = rows.next()? {
                looks.push(read_look(row, sites)?);
            }
            Ok(looks)
        })
    }

    /// How many looks of a site there are in a time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn count_looks(&self, site: &str, from: UnixMs, to: UnixMs) -> Result<u64, StoreError> {
        self.with(|connection| {
            let count: i64 = connection
                .prepare_cached(
                    "SELECT count(*) FROM event WHERE kind = 'look' AND standing = '' AND site = ?1 AND acquired_ms >= ?2
                     AND acquired_ms < ?3",
                )?
                .query_row(params![site, from.0, to.0], |row| row.get(0))?;
            Ok(u64::try_from(count).unwrap_or(0))
        })
    }

    /// A station's gaps, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn gaps(&self, station: &str) -> Result<Vec<GapRow>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT epoch, first_seq, last_seq, looks_lost, reason, received_ms FROM gap WHERE station = ?1
                     ORDER BY received_ms DESC LIMIT ?2",
                )?
                .query_map(params![station, GAPS_MAX], |row| {
                    Ok(GapRow {
                        epoch: row.get(0)?,
                        first_seq: row.get(1)?,
                        last_seq: row.get(2)?,
                        looks_lost: row.get(3)?,
                        reason: row.get(4)?,
                        at: UnixMs(row.get(5)?),
                    })
                })?
                .collect::<Result<_, _>>()?)
        })
    }

    /// A station's newest scenes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_scenes(&self, station: &str, limit: i64) -> Result<Vec<SceneRow>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT coalesce(scene, ''), coalesce(site, ''), coalesce(acquired_ms, 0), received_ms FROM event
                     WHERE station = ?1 AND kind = 'look' ORDER BY position DESC LIMIT ?2",
                )?
                .query_map(params![station, limit], |row| {
                    Ok(SceneRow {
                        scene: row.get(0)?,
                        site: row.get(1)?,
                        acquired_at: UnixMs(row.get(2)?),
                        received_at: UnixMs(row.get(3)?),
                    })
                })?
                .collect::<Result<_, _>>()?)
        })
    }

    /// What a station's newest looks tell of its clock, those that do not count among them; `None` when they are too few.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn clock_skew(&self, station: &str) -> Result<Option<Skew>, StoreError> {
        self.with(|connection| {
            let looks: Vec<(i64, bool)> = connection
                .prepare_cached(
                    "SELECT received_ms, acquired_ms, standing = ?3 FROM event
                     WHERE station = ?1 AND kind = 'look' AND acquired_ms IS NOT NULL ORDER BY position DESC LIMIT ?2",
                )?
                .query_map(
                    params![station, skew::LOOKS_MAX as i64, Standing::FutureDated.label()],
                    |row| {
                        let (received_ms, acquired_ms): (i64, i64) = (row.get(0)?, row.get(1)?);
                        Ok((received_ms.saturating_sub(acquired_ms), row.get(2)?))
                    },
                )?
                .collect::<Result<_, _>>()?;
            let delays: Vec<i64> = looks.iter().map(|(delay_ms, _)| *delay_ms).collect();
            let future_dated = looks.iter().filter(|(_, future)| *future).count();
            Ok(skew::estimate(&delays, future_dated))
        })
    }

    /// Voyage alerts, newest first: body and state.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn voyages(&self, limit: usize) -> Result<Vec<(String, String)>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(VOYAGES_MAX).min(VOYAGES_MAX);
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT body, state FROM alert WHERE kind = 'voyage' ORDER BY opened_ms DESC, id LIMIT ?1",
                )?
                .query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?)
        })
    }
}
