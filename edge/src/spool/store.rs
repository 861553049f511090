//! The spool itself: accept, offer, acknowledge. Protocol and invariants in [`super`].

use quaywatch_protocol::{contract::UnixMs, event::Event, ids::StationId};
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction};

use super::{
    Accepted, AckOutcome, BATCH_CHIPS_MAX, BATCH_EVENTS_MAX, Batch, CHIPS_AT_ONCE_MAX, Home, Limits,
    OFFERED_AT_ONCE_MAX, Offered, Opened, SceneNote, SpoolError, Standing,
    marks::{CHIPS, EVENTS, MARKS, SCENES, State},
    numbering, open,
    record::{self, Record},
    room::{self, Dropped},
    scenes, storage,
};

/// A station's durable outbox.
#[derive(Debug)]
pub struct Spool {
    db: Database,
    station: StationId,
    limits: Limits,
    state: State,
    /// Set by the first error of the storage, and never cleared.
    broken: bool,
}

impl Spool {
    /// Opens the spool of `station` in `home`, or begins one; see [`Opened`].
    ///
    /// # Errors
    /// Set-up and storage; content that cannot be read is set aside, not an error.
    pub fn open(
        home: &dyn Home,
        station: &StationId,
        limits: Limits,
        now: UnixMs,
    ) -> Result<(Self, Opened), SpoolError> {
        open::open(home, station, limits, now)
    }

    pub(super) fn assemble(db: Database, station: &StationId, limits: Limits, state: State) -> Self {
        Self {
            db,
            station: station.clone(),
            limits,
            state,
            broken: false,
        }
    }

    /// Whose spool this is.
    #[must_use]
    pub const fn station(&self) -> &StationId {
        &self.station
    }

    /// Epoch of the events in it.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.state.marks.epoch
    }

    /// Takes a batch: when this returns, it is on the disk.
    ///
    /// # Errors
    /// [`SpoolError::Full`] and [`SpoolError::BadBatch`] leave everything as it was; all others are the end of this process.
    pub fn accept(&mut self, batch: &Batch, now: UnixMs) -> Result<Accepted, SpoolError> {
        if batch.events.len() > BATCH_EVENTS_MAX || batch.chips.len() > BATCH_CHIPS_MAX {
            return Err(SpoolError::BadBatch(format!(
                "{} events and {} chips: expected at most {BATCH_EVENTS_MAX} and {BATCH_CHIPS_MAX}",
                batch.events.len(),
                batch.chips.len()
            )));
        }
        self.write(|txn, state, limits| {
            let mut dropped = Dropped::default();
            let first_seq = state.marks.next_seq;
            numbering::accept_events(txn, state, limits, &batch.events, &mut dropped, now)?;
            let chips = numbering::accept_chips(txn, state, limits, batch, first_seq, &mut dropped, now)?;
            let last_seq = first_seq + batch.events.len() as u64 - 1;
            let mut events = txn.open_table(EVENTS).map_err(storage("accepted"))?;
            room::write_chip_gap(&mut events, state, dropped.chips, now)?;
            drop(events);
            if last_seq.saturating_sub(state.marks.acked_through) <= OFFERED_AT_ONCE_MAX as u64 {
                // The link would send these at once: mark them now and save it a flush.
                state.marks.offered_through = state.marks.offered_through.max(last_seq);
            }
            let scenes_forgotten = match &batch.scene {
                Some(note) => scenes::remember(txn, state, note)?,
                None => 0,
            };
            Ok(Accepted {
                first_seq,
                last_seq,
                chips,
                looks_dropped: dropped.looks,
                chips_dropped: dropped.chips,
                scenes_forgotten,
            })
        })
    }

    /// Events after number `after`, in order, at most `count_max` of them ([`OFFERED_AT_ONCE_MAX`] at most): to be sent.
    /// Chips get their numbers here, when nothing else is waiting.
    ///
    /// # Errors
    /// Any storage error.
    pub fn offer(&mut self, after: u64, count_max: usize, now: UnixMs) -> Result<Vec<Offered>, SpoolError> {
        let after = after.max(self.state.marks.acked_through);
        let count_max = count_max.min(OFFERED_AT_ONCE_MAX);
        let (mut offered, bad) = self.peek(after, count_max)?;
        if let Some(range) = bad {
            tracing::error!(
                first_seq = range.0,
                last_seq = range.1,
                "a stored event does not check out: it becomes a gap"
            );
            self.write(|txn, state, _| open::mend(txn, state, &[range], &[], now))?;
            (offered, _) = self.peek(after, count_max)?;
        }
        let last = offered.last().map_or(after, |offered| offered.seq);
        let caught_up = last + 1 == self.state.marks.next_seq;
        let room = count_max.saturating_sub(offered.len()).min(CHIPS_AT_ONCE_MAX);
        let promote = if caught_up && self.state.usage.chips > 0 {
            room
        } else {
            0
        };
        if promote == 0 && last <= self.state.marks.offered_through {
            return Ok(offered);
        }
        self.write(|txn, state, _| {
            let mut bad_chips = Vec::new();
            if promote > 0 {
                bad_chips = numbering::number_chips(txn, state, promote)?;
            }
            open::mend(txn, state, &[], &bad_chips, now)?;
            let through = if promote > 0 { state.marks.next_seq - 1 } else { last };
            state.marks.offered_through = state.marks.offered_through.max(through);
            Ok(())
        })?;
        if promote > 0 {
            (offered, _) = self.peek(after, count_max)?;
        }
        Ok(offered)
    }

    /// Believes an ack whose signature was checked: everything up to `through` is committed at central.
    ///
    /// # Errors
    /// Any storage error.
    pub fn ack(&mut self, through: u64) -> Result<AckOutcome, SpoolError> {
        if through >= self.state.marks.next_seq {
            return Ok(AckOutcome::Ahead);
        }
        if through <= self.state.marks.acked_through {
            return Ok(AckOutcome::Stale);
        }
        self.write(|txn, state, _| {
            let mut events = txn.open_table(EVENTS).map_err(storage("removed what was acked"))?;
            let mut removed = 0;
            let mut freed = Vec::new();
            events
                .retain_in(..=through, |_, value| {
                    freed.push(value.len());
                    removed += 1;
                    false
                })
                .map_err(storage("removed what was acked"))?;
            freed.into_iter().for_each(|bytes| state.remove(bytes));
            state.marks.acked_through = through;
            state.marks.offered_through = state.marks.offered_through.max(through);
            Ok(AckOutcome::Removed(removed))
        })
    }

    /// Begins a new epoch with what is stored, because central knows numbers of this one that this spool never gave: it is
    /// an old copy of itself, and its next events would be taken for repetitions. A gap says that events may be lost.
    ///
    /// # Errors
    /// [`SpoolError::DeadClock`], and any storage error.
    pub fn renew_epoch(&mut self, home: &dyn Home, now: UnixMs) -> Result<(), SpoolError> {
        let last_epoch = home.last_epoch()?.unwrap_or(0).max(self.state.marks.epoch);
        let epoch = open::next_epoch(Some(last_epoch), now)?;
        home.store_epoch(epoch)?;
        self.write(|txn, state, _| {
            let doing = "numbered its events anew";
            // Numbers move by a constant: the first stored one becomes 2, after the gap.
            let acked = state.marks.acked_through;
            let moved = |seq: u64| if seq > acked { seq - acked + 1 } else { 0 };
            let mut kept = Vec::new();
            let mut events = txn.open_table(EVENTS).map_err(storage(doing))?;
            while let Some((key, value)) = events.pop_first().map_err(storage(doing))? {
                state.remove(value.value().len());
                kept.push((key.value(), value.value().to_vec()));
            }
            let lost = record::write(1, &Event::Gap(open::lost_gap(1)), now)?;
            state.add(lost.len());
            events.insert(1, lost.as_slice()).map_err(storage(doing))?;
            for (key, bytes) in kept {
                let bytes = numbering::renumbered(key, moved(key), &bytes, &moved)?;
                state.add(bytes.len());
                events.insert(moved(key), bytes.as_slice()).map_err(storage(doing))?;
            }
            let mut chips = txn.open_table(CHIPS).map_err(storage(doing))?;
            let mut waiting = Vec::new();
            for entry in chips.iter().map_err(storage(doing))? {
                let (key, value) = entry.map_err(storage(doing))?;
                waiting.push((key.value(), value.value().to_vec()));
            }
            for (key, bytes) in waiting {
                let bytes = numbering::renumbered(key, key, &bytes, &moved)?;
                chips.insert(key, bytes.as_slice()).map_err(storage(doing))?;
            }
            state.marks.epoch = epoch;
            state.marks.next_seq = moved(state.marks.next_seq);
            state.marks.acked_through = 0;
            state.marks.offered_through = 0;
            Ok(())
        })
    }

    /// What is remembered of a scene.
    ///
    /// # Errors
    /// Any storage error.
    pub fn scene(&mut self, name: &str) -> Result<Option<SceneNote>, SpoolError> {
        self.read(|txn| {
            let table = txn.open_table(SCENES).map_err(storage("looked up a scene"))?;
            scenes::recall(&table, name)
        })
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// Any storage error.
    pub fn standing(&mut self) -> Result<Standing, SpoolError> {
        let State { marks, usage } = self.state;
        let oldest_accepted_at = self.read(|txn| {
            let mut oldest = None;
            for table in [EVENTS, CHIPS] {
                let table = txn.open_table(table).map_err(storage("looked for its oldest event"))?;
                if let Some((key, value)) = table.first().map_err(storage("looked for its oldest event"))?
                    && let Some(record) = Record::read(key.value(), value.value())
                {
                    oldest = Some(oldest.map_or(record.accepted_at, |other| record.accepted_at.min(other)));
                }
            }
            Ok(oldest)
        })?;
        Ok(Standing {
            epoch: marks.epoch,
            last_seq: marks.next_seq - 1,
            acked_through: marks.acked_through,
            usage,
            oldest_accepted_at,
        })
    }

    /// Events after `after`, and the first range found bad among them, at which it stops.
    #[allow(clippy::type_complexity, reason = "private, used twice, named right here")]
    fn peek(&mut self, after: u64, count_max: usize) -> Result<(Vec<Offered>, Option<(u64, u64)>), SpoolError> {
        self.read(|txn| {
            let table = txn.open_table(EVENTS).map_err(storage("read events to offer"))?;
            let mut offered = Vec::new();
            let mut covered_through = after;
            for entry in table
                .range(after + 1..)
                .map_err(storage("read events to offer"))?
                .take(count_max)
            {
                let (key, value) = entry.map_err(storage("read events to offer"))?;
                let seq = key.value();
                let Some(record) = Record::read(seq, value.value()) else {
                    return Ok((offered, Some((covered_through + 1, seq))));
                };
                offered.push(Offered {
                    seq,
                    payload: record.payload.to_vec(),
                });
                covered_through = seq;
            }
            Ok((offered, None))
        })
    }

    /// Writes nonsense where the record of an event was, as a bug or a bad page would.
    #[cfg(test)]
    pub(super) fn spoil(&mut self, seq: u64) {
        self.write(|txn, _, _| {
            let mut table = txn.open_table(EVENTS).map_err(storage("spoiled"))?;
            table.insert(seq, b"nonsense".as_slice()).map_err(storage("spoiled"))?;
            Ok(())
        })
        .unwrap();
    }

    fn read<T>(&mut self, work: impl FnOnce(&ReadTransaction) -> Result<T, SpoolError>) -> Result<T, SpoolError> {
        if self.broken {
            return Err(SpoolError::Broken);
        }
        let outcome = self
            .db
            .begin_read()
            .map_err(storage("began to read"))
            .and_then(|txn| work(&txn));
        self.note(outcome)
    }

    /// One flushed transaction; the marks and counts change only with it.
    fn write<T>(
        &mut self,
        work: impl FnOnce(&WriteTransaction, &mut State, &Limits) -> Result<T, SpoolError>,
    ) -> Result<T, SpoolError> {
        if self.broken {
            return Err(SpoolError::Broken);
        }
        let mut state = self.state;
        let outcome = self
            .db
            .begin_write()
            .map_err(storage("began to write"))
            .and_then(|txn| {
                let done = work(&txn, &mut state, &self.limits)?;
                {
                    let mut table = txn.open_table(MARKS).map_err(storage("wrote its marks"))?;
                    state.marks.write(&mut table)?;
                }
                txn.commit().map_err(storage("flushed"))?;
                Ok(done)
            });
        if outcome.is_ok() {
            self.state = state;
        }
        self.note(outcome)
    }

    fn note<T>(&mut self, outcome: Result<T, SpoolError>) -> Result<T, SpoolError> {
        if outcome.as_ref().is_err_and(SpoolError::is_fatal) {
            self.broken = true;
        }
        outcome
    }
}
