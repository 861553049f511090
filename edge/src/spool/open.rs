//! Opening: find the spool, or set aside what cannot be read, or begin a new one; then check every record.

use std::panic::{AssertUnwindSafe, catch_unwind};

use quaywatch_protocol::{
    contract::UnixMs,
    event::{Event, Gap, GapReason},
    ids::StationId,
};
use redb::{Database, ReadableDatabase, ReadableTable, StorageBackend, WriteTransaction};

use super::{
    CACHE_BYTES, Home, Limits, Spool, SpoolError, Usage,
    marks::{CHIPS, EVENTS, IDENTITY, MARKS, Marks, SCENE_ORDER, SCENES, STATION, State},
    record::{self, Kind, Record},
    storage,
};
use crate::clock::minutes_since_2020;

/// How a spool came to be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenedHow {
    /// There had never been one here.
    Fresh,
    /// It was there.
    Found,
    /// There had been one; it is gone or could not be read. The new epoch begins with a gap that says so.
    Lost {
        /// Where the remains are, when there are any.
        set_aside: Option<String>,
        /// What was wrong.
        why: String,
    },
}

/// What opening found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Where the spool came from.
    pub how: OpenedHow,
    /// Records that did not check out and were made gaps.
    pub corrupt: u64,
}

/// Opens the spool of `station`, or begins one.
///
/// # Errors
/// Whatever is not a matter of the spool's content: another process, another station, newer format, dead clock, storage or
/// folder failing. Content that cannot be read is no error: it is set aside.
pub(super) fn open(
    home: &dyn Home,
    station: &StationId,
    limits: Limits,
    now: UnixMs,
) -> Result<(Spool, Opened), SpoolError> {
    let last_epoch = home.last_epoch()?;
    let lost = match home.open()? {
        Some(disk) => match catch_unwind(AssertUnwindSafe(|| existing(disk, station, now))) {
            Ok(Ok((db, state, corrupt))) => {
                if last_epoch.is_none_or(|last| last < state.marks.epoch) {
                    home.store_epoch(state.marks.epoch)?;
                }
                let how = OpenedHow::Found;
                return Ok((Spool::assemble(db, station, limits, state), Opened { how, corrupt }));
            }
            Ok(Err(error)) if is_damage(&error) => Some((Some(home.set_aside(now.0)?), error.to_string())),
            Ok(Err(error)) => return Err(error),
            Err(_) => Some((
                Some(home.set_aside(now.0)?),
                "the database gave up on its pages".to_owned(),
            )),
        },
        None => last_epoch.map(|epoch| (None, format!("there is none, and epoch {epoch} had been begun"))),
    };
    let (db, state) = begin(home, station, last_epoch, lost.is_some(), now)?;
    let how = match lost {
        Some((set_aside, why)) => OpenedHow::Lost { set_aside, why },
        None => OpenedHow::Fresh,
    };
    Ok((Spool::assemble(db, station, limits, state), Opened { how, corrupt: 0 }))
}

/// The next epoch: from the clock, and never one that was begun before.
pub(super) fn next_epoch(last_epoch: Option<u32>, now: UnixMs) -> Result<u32, SpoolError> {
    let by_clock = minutes_since_2020(now).ok_or(SpoolError::DeadClock(now))?;
    Ok(last_epoch.map_or(by_clock, |last| by_clock.max(last.saturating_add(1))))
}

/// True for an error that says that the bytes are wrong, rather than that the disk or the set-up is.
fn is_damage(error: &SpoolError) -> bool {
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    match error {
        SpoolError::Inconsistent(_) => true,
        SpoolError::Storage { source, .. } => match &**source {
            redb::Error::Corrupted(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TableDoesNotExist(_)
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::UpgradeRequired(_) => true,
            redb::Error::Io(io) => matches!(io.kind(), InvalidData | UnexpectedEof),
            _ => false,
        },
        _ => false,
    }
}

fn database(disk: Box<dyn StorageBackend>) -> Result<Database, SpoolError> {
    Database::builder()
        .set_cache_size(CACHE_BYTES)
        // Every page is checked on every open, not only after a crash: bit rot is found here, not in the middle of work.
        .set_check_integrity_on_open(true)
        .create_with_backend(AnyDisk(disk))
        .map_err(|error| match error {
            redb::DatabaseError::DatabaseAlreadyOpen => SpoolError::InUse("of the spool".to_owned()),
            other => storage("opened")(other),
        })
}

/// Opens a spool that exists and checks every record.
fn existing(
    disk: Box<dyn StorageBackend>,
    station: &StationId,
    now: UnixMs,
) -> Result<(Database, State, u64), SpoolError> {
    let length = disk.len().map_err(storage("asked for its length"))?;
    if length == 0 {
        // The database would take an empty file for a new one.
        return Err(SpoolError::Inconsistent("its file is empty".to_owned()));
    }
    let db = database(disk)?;
    let read = db.begin_read().map_err(storage("opened"))?;
    let marks = Marks::read(&read.open_table(MARKS).map_err(storage("opened"))?)?;
    let owner = read.open_table(IDENTITY).map_err(storage("opened"))?;
    let owner = owner.get(STATION).map_err(storage("opened"))?;
    let found = owner.map(|guard| guard.value().to_owned()).unwrap_or_default();
    if found != station.as_str() {
        return Err(SpoolError::OtherStation {
            found,
            expected: station.clone(),
        });
    }
    drop(read);
    let (state, corrupt) = check(&db, marks, now)?;
    Ok((db, state, corrupt))
}

/// Begins an epoch in a new file, which becomes the spool only when it is whole.
fn begin(
    home: &dyn Home,
    station: &StationId,
    last_epoch: Option<u32>,
    after_loss: bool,
    now: UnixMs,
) -> Result<(Database, State), SpoolError> {
    let mut marks = Marks::new(next_epoch(last_epoch, now)?);
    let mut usage = Usage::default();
    let db = database(home.create()?)?;
    let txn = db.begin_write().map_err(storage("began"))?;
    {
        let mut events = txn.open_table(EVENTS).map_err(storage("began"))?;
        txn.open_table(CHIPS).map_err(storage("began"))?;
        txn.open_table(SCENES).map_err(storage("began"))?;
        txn.open_table(SCENE_ORDER).map_err(storage("began"))?;
        let mut identity = txn.open_table(IDENTITY).map_err(storage("began"))?;
        identity.insert(STATION, station.as_str()).map_err(storage("began"))?;
        if after_loss {
            let seq = marks.take_seq();
            let bytes = record::write(seq, &Event::Gap(lost_gap(seq)), now)?;
            events.insert(seq, bytes.as_slice()).map_err(storage("began"))?;
            usage = Usage {
                events: 1,
                chips: 0,
                bytes: bytes.len() as u64,
            };
        }
        marks.write(&mut txn.open_table(MARKS).map_err(storage("began"))?)?;
    }
    txn.commit().map_err(storage("began"))?;
    home.publish()?;
    // Last: nothing is accepted before, so a crash in between loses nothing and repeats no epoch.
    home.store_epoch(marks.epoch)?;
    Ok((db, State { marks, usage }))
}

/// The gap that stands for a spool that is lost.
pub(super) const fn lost_gap(seq: u64) -> Gap {
    Gap {
        first_seq: seq,
        last_seq: seq,
        looks_lost: 0,
        reason: GapReason::SpoolLost,
    }
}

/// Reads every record, makes a gap of each that does not check out and of each hole, and counts what is there.
fn check(db: &Database, marks: Marks, now: UnixMs) -> Result<(State, u64), SpoolError> {
    let mut state = State {
        marks,
        usage: Usage::default(),
    };
    let (bad_events, bad_chips) = survey(db, &mut state)?;
    let corrupt = (bad_events.len() + bad_chips.len()) as u64;
    if corrupt > 0 {
        let txn = db.begin_write().map_err(storage("mended"))?;
        mend(&txn, &mut state, &bad_events, &bad_chips, now)?;
        txn.commit().map_err(storage("mended"))?;
    }
    Ok((state, corrupt))
}

/// Ranges of numbers without a good record, and keys of chips that are none.
type Bad = (Vec<(u64, u64)>, Vec<u64>);

fn survey(db: &Database, state: &mut State) -> Result<Bad, SpoolError> {
    let read = db.begin_read().map_err(storage("checked its records"))?;
    let events = read.open_table(EVENTS).map_err(storage("checked its records"))?;
    let chips = read.open_table(CHIPS).map_err(storage("checked its records"))?;
    read.open_table(SCENES).map_err(storage("checked its records"))?;
    read.open_table(SCENE_ORDER).map_err(storage("checked its records"))?;
    let (mut bad_events, mut bad_chips) = (Vec::new(), Vec::new());
    let mut covered_through = state.marks.acked_through;
    for entry in events.iter().map_err(storage("checked its records"))? {
        let (key, value) = entry.map_err(storage("checked its records"))?;
        let (key, bytes) = (key.value(), value.value());
        if key <= state.marks.acked_through || key >= state.marks.next_seq {
            return Err(SpoolError::Inconsistent(format!("event {key} is outside its marks")));
        }
        state.add(bytes.len());
        let first = covered_through + 1;
        match Record::read(key, bytes) {
            None => bad_events.push((first, key)),
            Some(record) if record.kind == Kind::Gap => {}
            Some(_) if first == key => {}
            Some(_) => bad_events.push((first, key - 1)),
        }
        covered_through = key;
    }
    if covered_through + 1 < state.marks.next_seq {
        bad_events.push((covered_through + 1, state.marks.next_seq - 1));
    }
    for entry in chips.iter().map_err(storage("checked its records"))? {
        let (key, value) = entry.map_err(storage("checked its records"))?;
        state.add(value.value().len());
        state.usage.chips += 1;
        if Record::read(key.value(), value.value()).is_none_or(|record| record.kind != Kind::Chip) {
            bad_chips.push(key.value());
        }
    }
    Ok((bad_events, bad_chips))
}

pub(super) fn mend(
    txn: &WriteTransaction,
    state: &mut State,
    bad_events: &[(u64, u64)],
    bad_chips: &[u64],
    now: UnixMs,
) -> Result<(), SpoolError> {
    let mut events = txn.open_table(EVENTS).map_err(storage("mended"))?;
    let mut chips = txn.open_table(CHIPS).map_err(storage("mended"))?;
    let mut ranges = bad_events.to_vec();
    for key in bad_chips {
        if let Some(value) = chips.remove(key).map_err(storage("mended"))? {
            state.remove(value.value().len());
            state.usage.chips = state.usage.chips.saturating_sub(1);
        }
        let seq = state.marks.take_seq();
        ranges.push((seq, seq));
    }
    for (first_seq, last_seq) in ranges {
        // What it was is not known any more: counted as looks, which errs on the loud side.
        let looks_lost = u32::try_from(last_seq - first_seq + 1).unwrap_or(u32::MAX);
        let gap = Gap {
            first_seq,
            last_seq,
            looks_lost,
            reason: GapReason::Corrupt,
        };
        let bytes = record::write(last_seq, &Event::Gap(gap), now)?;
        let replaced = events.insert(last_seq, bytes.as_slice()).map_err(storage("mended"))?;
        if let Some(old) = replaced {
            state.remove(old.value().len());
        }
        state.add(bytes.len());
    }
    state
        .marks
        .write(&mut txn.open_table(MARKS).map_err(storage("mended"))?)
}

/// A storage of any kind, where the database wants one kind.
#[derive(Debug)]
struct AnyDisk(Box<dyn StorageBackend>);

type Bounds = std::ops::Bound<u64>;

impl StorageBackend for AnyDisk {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read(offset, out)
    }
    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> std::io::Result<()> {
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write(offset, data)
    }
    fn close(&self) -> std::io::Result<()> {
        self.0.close()
    }
    fn try_lock_range(&self, start: Bounds, end: Bounds) -> Result<bool, redb::BackendError> {
        self.0.try_lock_range(start, end)
    }
    fn unlock_range(&self, start: Bounds, end: Bounds) -> Result<(), redb::BackendError> {
        self.0.unlock_range(start, end)
    }
}
