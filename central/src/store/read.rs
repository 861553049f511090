//! Reading: a few connections, each seeing what is committed. Looks, chips, stations, quarantine, outbox.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use quaywatch_protocol::{
    codec,
    contract::{convert, look::Look, time::UnixMs},
    envelope,
    event::{Chip, Event},
    ids::{EventId, StationId},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::{StoreError, open_reading};
use crate::{ingest::distrust::Distrust, sites::Sites};

/// Idle connections kept; more are opened and closed as needed, bounded by the callers.
const IDLE_MAX: usize = 4;

/// A pool of reading connections.
#[derive(Debug)]
pub struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// Position in a paged list of looks, newest first.
#[derive(Clone, Debug, Default)]
pub struct LookQuery {
    /// Only this site.
    pub site: Option<String>,
    /// Only looks acquired at or after this.
    pub from: Option<UnixMs>,
    /// Only looks acquired before this.
    pub to: Option<UnixMs>,
    /// Only looks stored before this position.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: usize,
}

/// What is known of a station's events.
#[derive(Clone, Debug, Serialize)]
pub struct StationEvents {
    /// Station.
    pub station: String,
    /// Spool generation.
    pub epoch: u32,
    /// Everything up to here is accounted for.
    pub through_seq: u64,
    /// When something of this epoch last came.
    pub last_at: UnixMs,
    /// Explicit gaps in this epoch.
    pub gaps: u64,
    /// Looks lost in them.
    pub looks_lost: u64,
}

/// A refused message.
#[derive(Clone, Debug, Serialize)]
pub struct QuarantineRow {
    /// Position.
    pub position: i64,
    /// When.
    pub at: UnixMs,
    /// Topic.
    pub topic: String,
    /// Reason, a short fixed name.
    pub reason: String,
    /// What was wrong.
    pub detail: String,
    /// Length of the message, bytes.
    pub length: i64,
}

impl Readers {
    /// A pool for a database that [`super::Store::open`] has opened.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Runs a query on a connection of the pool.
    pub(super) fn with<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_reading(&self.file)?,
        };
        let answer = query(&connection)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        Ok(answer)
    }

    /// Every look that counts, in the order in which they were stored, one after the other, without what is distrusted: what the
    /// correlator is built from.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn each_look(&self, sites: &Sites, distrust: &Distrust, mut each: impl FnMut(Look)) -> Result<u64, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare(
                "SELECT station, epoch, seq, received_ms, envelope FROM event
                 WHERE kind = 'look' AND standing = '' ORDER BY position",
            )?;
            let mut rows = statement.query([])?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                let station: String = row.get(0)?;
                if distrust.covers(&station, UnixMs(row.get(3)?)) {
                    continue;
                }
                each(read_look(row, sites)?);
                count += 1;
            }
            Ok(count)
        })
    }

    /// One look that counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn look(&self, id: &EventId, sites: &Sites) -> Result<Option<Look>, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT station, epoch, seq, received_ms, envelope FROM event
                 WHERE station = ?1 AND epoch = ?2 AND seq = ?3 AND kind = 'look'",
            )?;
            let mut rows = statement.query(params![id.station.as_str(), id.epoch, to_column(id.seq)])?;
            rows.next()?.map(|row| read_look(row, sites)).transpose()
        })
    }

    /// Looks that count, newest first, with their positions.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn looks(&self, query: &LookQuery, sites: &Sites) -> Result<Vec<(i64, Look)>, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT station, epoch, seq, received_ms, envelope, position FROM event
                 WHERE kind = 'look' AND standing = '' AND (?1 IS NULL OR site = ?1)
                 AND acquired_ms >= coalesce(?2, acquired_ms) AND acquired_ms < coalesce(?3, acquired_ms + 1)
                 AND position < coalesce(?4, position + 1) ORDER BY position DESC LIMIT ?5",
            )?;
            let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
            let bounds = (query.from.map(|at| at.0), query.to.map(|at| at.0));
            let mut rows = statement.query(params![query.site, bounds.0, bounds.1, query.before, limit])?;
            let mut looks = Vec::new();
            while let Some(row) = rows.next()? {
                looks.push((row.get(5)?, read_look(row, sites)?));
            }
            Ok(looks)
        })
    }

    /// Which vessels of a look have a chip.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn chips_of(&self, look: &EventId) -> Result<Vec<u8>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT DISTINCT vessel FROM event WHERE kind = 'chip' AND station = ?1 AND epoch = ?2 AND look_seq = ?3
                     ORDER BY vessel",
                )?
                .query_map(params![look.station.as_str(), look.epoch, to_column(look.seq)], |row| row.get(0))?
                .collect::<Result<_, _>>()?)
        })
    }

    /// The JPEG of a vessel of a look.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn chip(&self, look: &EventId, vessel: u8) -> Result<Option<Vec<u8>>, StoreError> {
        self.with(|connection| {
            let envelope: Option<Vec<u8>> = connection
                .prepare_cached(
                    "SELECT envelope FROM event WHERE kind = 'chip' AND station = ?1 AND epoch = ?2 AND look_seq = ?3
                     AND vessel = ?4 ORDER BY position DESC LIMIT 1",
                )?
                .query_row(
                    params![look.station.as_str(), look.epoch, to_column(look.seq), vessel],
                    |row| row.get(0),
                )
                .optional()?;
            envelope
                .map(|bytes| match decode(look, &bytes)? {
                    Event::Chip(Chip { jpeg, .. }) => Ok(jpeg.to_vec()),
                    _ => Err(damaged(look, "is no chip")),
                })
                .transpose()
        })
    }

    /// What is known of each station's events, newest epoch first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn stations(&self) -> Result<Vec<StationEvents>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT station, epoch, through_seq, last_ms, (SELECT count(*) FROM gap g WHERE g.station = p.station
                     AND g.epoch = p.epoch), (SELECT coalesce(sum(looks_lost), 0) FROM gap g WHERE g.station = p.station
                     AND g.epoch = p.epoch) FROM progress p ORDER BY station, epoch DESC",
                )?
                .query_map([], |row| {
                    Ok(StationEvents {
                        station: row.get(0)?,
                        epoch: row.get(1)?,
                        through_seq: from_column(row.get(2)?),
                        last_at: UnixMs(row.get(3)?),
                        gaps: from_column(row.get(4)?),
                        looks_lost: from_column(row.get(5)?),
                    })
                })?
                .collect::<Result<_, _>>()?)
        })
    }

    /// Refused messages, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quarantine(&self, before: Option<i64>, limit: usize) -> Result<Vec<QuarantineRow>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT position, at_ms, topic, reason, detail, length FROM quarantine
                     WHERE position < coalesce(?1, position + 1) ORDER BY position DESC LIMIT ?2",
                )?
                .query_map(params![before, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                    Ok(QuarantineRow {
                        position: row.get(0)?,
                        at: UnixMs(row.get(1)?),
                        topic: row.get(2)?,
                        reason: row.get(3)?,
                        detail: row.get(4)?,
                        length: row.get(5)?,
                    })
                })?
                .collect::<Result<_, _>>()?)
        })
    }

    /// How many events are stored, by kind and standing (empty: it counts).
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn event_counts(&self) -> Result<Vec<(String, String, u64)>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT kind, standing, count(*) FROM event GROUP BY kind, standing ORDER BY kind, standing",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, from_column(row.get(2)?))))?
                .collect::<Result<_, _>>()?)
        })
    }
}

/// A look of a row: station, epoch, seq, received_ms, envelope.
pub(super) fn read_look(row: &Row<'_>, sites: &Sites) -> Result<Look, StoreError> {
    let station: String = row.get(0)?;
    let id = EventId {
        station: StationId::new(&station).map_err(|error| StoreError::Damaged {
            what: "event",
            id: station.clone(),
            problem: format!("station {error}"),
        })?,
        epoch: row.get(1)?,
        seq: from_column(row.get(2)?),
    };
    let bytes: Vec<u8> = row.get(4)?;
    match decode(&id, &bytes)? {
        Event::Look(look) => {
            let site = sites.get(look.site.as_str()).map(|file| &file.site);
            Ok(convert::from_wire(&id, &look, site, Some(UnixMs(row.get(3)?))))
        }
        _ => Err(damaged(&id, "is no look")),
    }
}

fn decode(id: &EventId, envelope: &[u8]) -> Result<Event, StoreError> {
    let opened = envelope::open(envelope).map_err(|error| damaged(id, &error.to_string()))?;
    codec::decode(opened.payload).map_err(|error| damaged(id, &error.to_string()))
}

fn damaged(id: &EventId, problem: &str) -> StoreError {
    StoreError::Damaged {
        what: "event",
        id: id.to_string(),
        problem: problem.to_owned(),
    }
}

fn to_column(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn from_column(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
