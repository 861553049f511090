//! What one transaction does with events and chips: number and store them, promote chips, number everything anew.

use quaywatch_protocol::{
    contract::UnixMs,
    event::{Chip, Event},
    limits,
};
use redb::{ReadableTable, WriteTransaction};

use super::{
    Batch, Limits, SpoolError,
    marks::{CHIPS, EVENTS, State},
    record::{self, Kind, Record},
    room::{self, Dropped},
    storage,
};

/// Stores the events of a batch, making room where it must.
pub(super) fn accept_events(
    txn: &WriteTransaction,
    state: &mut State,
    limits: &Limits,
    batch: &[Event],
    dropped: &mut Dropped,
    now: UnixMs,
) -> Result<(), SpoolError> {
    let mut events = txn.open_table(EVENTS).map_err(storage("accepted"))?;
    let mut chips = txn.open_table(CHIPS).map_err(storage("accepted"))?;
    for event in batch {
        // The number is taken only when there is room; making room numbers nothing.
        let seq = state.marks.next_seq;
        let bytes = record::write(seq, event, now)?;
        while !room::fits(state, limits, 1, bytes.len() as u64) {
            if !room::drop_chip(&mut chips, state, dropped)? && !room::drop_event(&mut events, state, dropped, now)? {
                return Err(SpoolError::Full {
                    events: state.usage.events,
                    events_max: limits.events_max,
                    bytes: state.usage.bytes,
                    bytes_max: limits.bytes_max,
                });
            }
        }
        state.marks.take_seq();
        events.insert(seq, bytes.as_slice()).map_err(storage("accepted"))?;
        state.add(bytes.len());
    }
    Ok(())
}

/// Stores the chips of a batch, the oldest chips making room; says how many are stored.
pub(super) fn accept_chips(
    txn: &WriteTransaction,
    state: &mut State,
    limits: &Limits,
    batch: &Batch,
    first_seq: u64,
    dropped: &mut Dropped,
    now: UnixMs,
) -> Result<u64, SpoolError> {
    let mut chips = txn.open_table(CHIPS).map_err(storage("accepted"))?;
    let mut stored = 0;
    for chip in &batch.chips {
        if !matches!(batch.events.get(chip.event_index), Some(Event::Look(_))) {
            return Err(SpoolError::BadBatch(format!(
                "chip names event {}, which is no look",
                chip.event_index
            )));
        }
        let jpeg = chip.jpeg.as_slice().try_into().map_err(|_| {
            let (length, most) = (chip.jpeg.len(), limits::CHIP_BYTES_MAX);
            SpoolError::BadBatch(format!("chip has {length} bytes: expected at most {most}"))
        })?;
        let event = Event::Chip(Chip {
            look_seq: first_seq + chip.event_index as u64,
            vessel: chip.vessel,
            jpeg,
        });
        let key = state.marks.next_chip;
        state.marks.next_chip += 1;
        let bytes = record::write(key, &event, now)?;
        let mut room = true;
        while room && !room::fits(state, limits, 1, bytes.len() as u64) {
            room = room::drop_chip(&mut chips, state, dropped)?;
        }
        if room {
            chips.insert(key, bytes.as_slice()).map_err(storage("accepted"))?;
            state.add(bytes.len());
            state.usage.chips += 1;
            stored += 1;
        } else {
            dropped.chips += 1;
        }
    }
    Ok(stored)
}

/// Gives the oldest chips their numbers; returns the keys of chips that do not check out.
pub(super) fn number_chips(
    txn: &WriteTransaction,
    state: &mut State,
    count_max: usize,
) -> Result<Vec<u64>, SpoolError> {
    let mut events = txn.open_table(EVENTS).map_err(storage("numbered chips"))?;
    let mut chips = txn.open_table(CHIPS).map_err(storage("numbered chips"))?;
    let mut ready = Vec::new();
    let mut bad = Vec::new();
    for entry in chips.iter().map_err(storage("numbered chips"))?.take(count_max) {
        let (key, value) = entry.map_err(storage("numbered chips"))?;
        match Record::read(key.value(), value.value()).filter(|record| record.kind == Kind::Chip) {
            Some(record) => ready.push((key.value(), record.accepted_at, record.payload.to_vec())),
            None => bad.push(key.value()),
        }
    }
    for (key, accepted_at, payload) in ready {
        if let Some(value) = chips.remove(key).map_err(storage("numbered chips"))? {
            state.remove(value.value().len());
            state.usage.chips = state.usage.chips.saturating_sub(1);
        }
        let seq = state.marks.take_seq();
        let bytes = record::assemble(seq, Kind::Chip, accepted_at, &payload);
        events
            .insert(seq, bytes.as_slice())
            .map_err(storage("numbered chips"))?;
        state.add(bytes.len());
    }
    Ok(bad)
}

/// The record of `key` as one of `new_key`, the numbers inside it moved too. One that does not check out stays so.
pub(super) fn renumbered(
    key: u64,
    new_key: u64,
    bytes: &[u8],
    moved: &impl Fn(u64) -> u64,
) -> Result<Vec<u8>, SpoolError> {
    let Some(record) = Record::read(key, bytes) else {
        return Ok(bytes.to_vec());
    };
    let event = quaywatch_protocol::codec::decode(record.payload)
        .map_err(|error| SpoolError::Inconsistent(format!("event {key}: {error}")))?;
    let event = match event {
        Event::Gap(mut gap) => {
            gap.first_seq = moved(gap.first_seq);
            gap.last_seq = moved(gap.last_seq);
            Event::Gap(gap)
        }
        Event::Chip(mut chip) => {
            chip.look_seq = moved(chip.look_seq);
            Event::Chip(chip)
        }
        other => other,
    };
    record::write(new_key, &event, record.accepted_at)
}
