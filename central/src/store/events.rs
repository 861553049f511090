//! Events into the store: once each, with what they account for.

use quaywatch_protocol::{
    contract::time::UnixMs,
    event::{Event, Gap, GapReason},
    ids::{EventId, StationId},
};
use rusqlite::{OptionalExtension, params};

use super::{Batch, StoreError};
use crate::ingest::admit::{Admitted, Content};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stored now, and received at this instant.
    New(UnixMs),
    /// The same event was stored before.
    Duplicate,
    /// Another event has its identity; that one stays.
    Conflict,
}

/// Why a stored event does not count. Empty text: it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// A look dated later than its receipt.
    FutureDated,
    /// A payload that this version cannot read.
    Unreadable,
    /// A gap that does not end at its own sequence number, or ends before it begins.
    CrookedGap,
}

impl Standing {
    /// All that do not count, for the counters.
    pub const AGAINST: [Self; 3] = [Self::FutureDated, Self::Unreadable, Self::CrookedGap];

    /// The stored text.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Counts => "",
            Self::FutureDated => "future-dated",
            Self::Unreadable => "unreadable",
            Self::CrookedGap => "crooked-gap",
        }
    }
}

impl Batch<'_> {
    /// Stores an event unless it is there.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn record(&mut self, admitted: &Admitted, standing: Standing, now: UnixMs) -> Result<Outcome, StoreError> {
        let id = &admitted.id;
        let stored: Option<Vec<u8>> = self
            .transaction
            .prepare_cached("SELECT envelope FROM event WHERE station = ?1 AND epoch = ?2 AND seq = ?3")?
            .query_row(params![id.station.as_str(), id.epoch, to_column(id.seq)], |row| {
                row.get(0)
            })
            .optional()?;
        if let Some(envelope) = stored {
            let same = signed_part(&envelope) == signed_part(&admitted.envelope);
            return Ok(if same { Outcome::Duplicate } else { Outcome::Conflict });
        }
        let received = self.next_received(now);
        let columns = Columns::of(&admitted.content);
        self.transaction
            .prepare_cached(
                "INSERT INTO event (station, epoch, seq, received_ms, kind, standing, site, scene, acquired_ms, look_seq,
                 vessel, envelope, visible_permille) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                id.station.as_str(),
                id.epoch,
                to_column(id.seq),
                received.0,
                columns.kind,
                standing.label(),
                columns.site,
                columns.scene,
                columns.acquired_ms,
                columns.look_seq,
                columns.vessel,
                admitted.envelope,
                columns.visible_permille,
            ])?;
        if let (Content::Event(event), Standing::Counts) = (&admitted.content, standing)
            && let Event::Gap(gap) = event.as_ref()
        {
            self.record_gap(id, gap, received)?;
        }
        Ok(Outcome::New(received))
    }

    fn record_gap(&mut self, id: &EventId, gap: &Gap, received: UnixMs) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO gap (station, epoch, last_seq, first_seq, looks_lost, reason, received_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                id.station.as_str(),
                id.epoch,
                to_column(gap.last_seq),
                to_column(gap.first_seq),
                gap.looks_lost,
                gap_reason(gap.reason),
                received.0,
            ])?;
        Ok(())
    }

    /// Moves a station's progress over everything that is stored or in a gap without a hole, and gives the highest sequence
    /// number below which nothing is missing (0: the first is missing).
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn advance(&mut self, station: &StationId, epoch: u32, now: UnixMs) -> Result<u64, StoreError> {
        let station = station.as_str();
        let before: i64 = self
            .transaction
            .prepare_cached("SELECT through_seq FROM progress WHERE station = ?1 AND epoch = ?2")?
            .query_row(params![station, epoch], |row| row.get(0))
            .optional()?
            .unwrap_or(0);
        let mut through = before;
        loop {
            let next = through.saturating_add(1);
            if self.is_stored(station, epoch, next)? {
                through = next;
                continue;
            }
            // Gaps do not overlap, so the first that ends at or after `next` is the only one that can cover it.
            let covering: Option<(i64, i64)> = self
                .transaction
                .prepare_cached(
                    "SELECT first_seq, last_seq FROM gap WHERE station = ?1 AND epoch = ?2 AND last_seq >= ?3
                     ORDER BY last_seq LIMIT 1",
                )?
                .query_row(params![station, epoch, next], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            match covering {
                Some((first, last)) if first <= next => through = last,
                _ => break,
            }
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO progress (station, epoch, through_seq, last_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (station, epoch) DO UPDATE SET through_seq = ?3, last_ms = ?4",
            )?
            .execute(params![station, epoch, through, now.0])?;
        Ok(u64::try_from(through).unwrap_or(0))
    }

    fn is_stored(&self, station: &str, epoch: u32, seq: i64) -> Result<bool, StoreError> {
        Ok(self
            .transaction
            .prepare_cached("SELECT 1 FROM event WHERE station = ?1 AND epoch = ?2 AND seq = ?3")?
            .exists(params![station, epoch, seq])?)
    }
}

/// The standing of an event, given when it is received.
#[must_use]
pub fn standing(admitted: &Admitted, now: UnixMs, clock_tolerance_ms: i64) -> Standing {
    match &admitted.content {
        Content::Unreadable(_) => Standing::Unreadable,
        Content::Event(event) => match event.as_ref() {
            Event::Look(look) if look.acquired_at.get() > now.plus_ms(clock_tolerance_ms).0 => Standing::FutureDated,
            Event::Gap(gap)
                if gap.first_seq == 0 || gap.first_seq > gap.last_seq || gap.last_seq != admitted.id.seq =>
            {
                Standing::CrookedGap
            }
            _ => Standing::Counts,
        },
    }
}

/// What of an envelope makes it the same event. The key may have been rotated between two sends of one event, so neither key
/// id nor signature counts: only the payload does.
fn signed_part(envelope: &[u8]) -> &[u8] {
    quaywatch_protocol::envelope::open(envelope).map_or(envelope, |opened| opened.payload)
}

#[derive(Default)]
struct Columns<'a> {
    kind: &'static str,
    site: Option<&'a str>,
    scene: Option<&'a str>,
    acquired_ms: Option<i64>,
    look_seq: Option<i64>,
    vessel: Option<u8>,
    visible_permille: Option<i64>,
}

/// Permille in one step of a zone's visible share.
const PERMILLE_PER_STEP: i64 = 1_000 / quaywatch_protocol::look::VISIBLE_STEPS as i64;

/// Mean visible share of a look's zones, permille; a look that names no zone saw nothing.
fn visible_permille(look: &quaywatch_protocol::look::Look) -> i64 {
    let zones = i64::try_from(look.zones.len()).unwrap_or(i64::MAX);
    let sum: i64 = look
        .zones
        .iter()
        .map(|zone| i64::from(zone.visible) * PERMILLE_PER_STEP)
        .sum();
    sum.checked_div(zones).unwrap_or(0)
}

/// Gives looks that were stored before there was such a column their visible share.
pub(super) fn fill_visible(connection: &rusqlite::Connection) -> Result<(), StoreError> {
    let mut looks = connection.prepare("SELECT position, envelope FROM event WHERE kind = 'look'")?;
    let mut update = connection.prepare("UPDATE event SET visible_permille = ?2 WHERE position = ?1")?;
    let mut rows = looks.query([])?;
    while let Some(row) = rows.next()? {
        let (position, envelope): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let opened = quaywatch_protocol::envelope::open(&envelope).ok();
        let event = opened.and_then(|opened| quaywatch_protocol::codec::decode(opened.payload).ok());
        // What cannot be read any more keeps no share: it is told when it is asked for.
        if let Some(Event::Look(look)) = event {
            update.execute(params![position, visible_permille(&look)])?;
        }
    }
    Ok(())
}

impl<'a> Columns<'a> {
    fn of(content: &'a Content) -> Self {
        let kind = |kind| Self {
            kind,
            ..Self::default()
        };
        match content {
            Content::Unreadable(_) => kind("unreadable"),
            Content::Event(event) => match event.as_ref() {
                Event::Look(look) => Self {
                    site: Some(look.site.as_str()),
                    scene: Some(look.scene.as_str()),
                    acquired_ms: Some(look.acquired_at.get()),
                    visible_permille: Some(visible_permille(look)),
                    ..kind("look")
                },
                Event::Chip(chip) => Self {
                    look_seq: Some(to_column(chip.look_seq)),
                    vessel: Some(chip.vessel),
                    ..kind("chip")
                },
                Event::Gap(_) => kind("gap"),
                Event::Started(_) => kind("started"),
            },
        }
    }
}

/// Sequence numbers beyond the column's range were refused before; a number inside a payload saturates.
fn to_column(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

const fn gap_reason(reason: GapReason) -> &'static str {
    match reason {
        GapReason::SpoolFull => "spool-full",
        GapReason::Corrupt => "corrupt",
        GapReason::SpoolLost => "spool-lost",
    }
}
