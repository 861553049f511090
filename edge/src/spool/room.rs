//! Making room: what goes when a spool is full, and the gaps that say so. Rules in [`super`].

use quaywatch_protocol::{
    contract::UnixMs,
    event::{Event, Gap, GapReason},
};
use redb::{ReadableTable, Table};

use super::{
    Limits, SpoolError,
    marks::{Marks, State},
    record::{self, Kind, Record},
    storage,
};

/// Bytes of a gap's record, at most; room for one is kept whenever something is dropped.
const GAP_RECORD_BYTES_MAX: u64 = 64;

type Records<'txn> = Table<'txn, u64, &'static [u8]>;

/// What had to go in one transaction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dropped {
    pub(super) looks: u64,
    /// Chips have no number yet: each takes one in [`write_chip_gap`].
    pub(super) chips: u64,
}

/// True when `events` more records of `bytes` together fit, and the gap that dropping takes.
pub(super) const fn fits(state: &State, limits: &Limits, events: u64, bytes: u64) -> bool {
    state.usage.events + events < limits.events_max
        && state.usage.bytes + bytes + GAP_RECORD_BYTES_MAX <= limits.bytes_max
}

/// Drops the oldest chip; false when there is none.
pub(super) fn drop_chip(chips: &mut Records<'_>, state: &mut State, dropped: &mut Dropped) -> Result<bool, SpoolError> {
    let Some((_, value)) = chips.pop_first().map_err(storage("made room"))? else {
        return Ok(false);
    };
    state.remove(value.value().len());
    state.usage.chips = state.usage.chips.saturating_sub(1);
    dropped.chips += 1;
    Ok(true)
}

/// Puts a gap in the place of the oldest event that was certainly never sent, joined with the gaps beside it; false when
/// there is no such event.
pub(super) fn drop_event(
    events: &mut Records<'_>,
    state: &mut State,
    dropped: &mut Dropped,
    now: UnixMs,
) -> Result<bool, SpoolError> {
    let Some(found) = oldest_unsent(events, &state.marks)? else {
        return Ok(false);
    };
    let mut gap = Gap {
        first_seq: found.seq,
        last_seq: found.seq,
        looks_lost: u32::from(found.kind == Kind::Look),
        reason: GapReason::SpoolFull,
    };
    for neighbour in [found.before, found.after].into_iter().flatten() {
        gap.first_seq = gap.first_seq.min(neighbour.first_seq);
        gap.last_seq = gap.last_seq.max(neighbour.last_seq);
        gap.looks_lost = gap.looks_lost.saturating_add(neighbour.looks_lost);
        remove(events, state, neighbour.last_seq)?;
    }
    remove(events, state, found.seq)?;
    put(events, state, &gap, now)?;
    dropped.looks += u64::from(found.kind == Kind::Look);
    Ok(true)
}

struct Unsent {
    seq: u64,
    kind: Kind,
    before: Option<Gap>,
    after: Option<Gap>,
}

fn oldest_unsent(events: &Records<'_>, marks: &Marks) -> Result<Option<Unsent>, SpoolError> {
    let mut before: Option<Gap> = None;
    let mut found: Option<Unsent> = None;
    for entry in events
        .range(marks.offered_through + 1..)
        .map_err(storage("made room"))?
    {
        let (key, value) = entry.map_err(storage("made room"))?;
        let record = Record::read(key.value(), value.value());
        let gap = record.as_ref().and_then(Record::gap);
        let gap = gap.filter(|gap| gap.reason == GapReason::SpoolFull);
        if let Some(found) = &mut found {
            found.after = gap;
            break;
        }
        match record {
            Some(record) if record.kind != Kind::Gap => {
                found = Some(Unsent {
                    seq: key.value(),
                    kind: record.kind,
                    before: before.take(),
                    after: None,
                });
            }
            // A record that went bad since opening is left for `offer`, which makes a gap of it.
            _ => before = gap,
        }
    }
    Ok(found)
}

/// Gives the chips that were dropped their numbers, inside one gap at the end.
pub(super) fn write_chip_gap(
    events: &mut Records<'_>,
    state: &mut State,
    chips_dropped: u64,
    now: UnixMs,
) -> Result<(), SpoolError> {
    if chips_dropped == 0 {
        return Ok(());
    }
    // Never beside another gap: an event of the batch that made room was numbered just before.
    let gap = Gap {
        first_seq: state.marks.next_seq,
        last_seq: state.marks.next_seq + chips_dropped - 1,
        looks_lost: 0,
        reason: GapReason::SpoolFull,
    };
    state.marks.next_seq += chips_dropped;
    put(events, state, &gap, now)
}

fn put(events: &mut Records<'_>, state: &mut State, gap: &Gap, now: UnixMs) -> Result<(), SpoolError> {
    let bytes = record::write(gap.last_seq, &Event::Gap(gap.clone()), now)?;
    debug_assert!(bytes.len() as u64 <= GAP_RECORD_BYTES_MAX);
    events
        .insert(gap.last_seq, bytes.as_slice())
        .map_err(storage("made room"))?;
    state.add(bytes.len());
    Ok(())
}

fn remove(events: &mut Records<'_>, state: &mut State, seq: u64) -> Result<(), SpoolError> {
    if let Some(value) = events.remove(seq).map_err(storage("made room"))? {
        state.remove(value.value().len());
    }
    Ok(())
}
