//! The numbers that a spool goes by, and the tables' definitions. Format in [`super`].

use redb::{ReadableTable, Table, TableDefinition};

use super::{SpoolError, Usage, storage};

pub(super) const MARKS: TableDefinition<'_, &str, u64> = TableDefinition::new("marks");
pub(super) const IDENTITY: TableDefinition<'_, &str, &str> = TableDefinition::new("identity");
pub(super) const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");
pub(super) const CHIPS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("chips");
pub(super) const SCENES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("scenes");
pub(super) const SCENE_ORDER: TableDefinition<'_, u64, &str> = TableDefinition::new("scene_order");

/// Key of the station's id in [`IDENTITY`].
pub(super) const STATION: &str = "station";
const FORMAT: &str = "format";

/// Everything about a spool that is not in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) epoch: u32,
    pub(super) next_seq: u64,
    pub(super) acked_through: u64,
    pub(super) offered_through: u64,
    pub(super) next_chip: u64,
    pub(super) next_scene: u64,
}

impl Marks {
    /// Marks of an empty spool.
    pub(super) const fn new(epoch: u32) -> Self {
        Self {
            epoch,
            next_seq: 1,
            acked_through: 0,
            offered_through: 0,
            next_chip: 0,
            next_scene: 0,
        }
    }

    /// Gives out the next number.
    pub(super) const fn take_seq(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }

    pub(super) fn write(&self, table: &mut Table<'_, &str, u64>) -> Result<(), SpoolError> {
        for (name, value) in [
            (FORMAT, super::FORMAT_VERSION),
            ("epoch", u64::from(self.epoch)),
            ("next_seq", self.next_seq),
            ("acked_through", self.acked_through),
            ("offered_through", self.offered_through),
            ("next_chip", self.next_chip),
            ("next_scene", self.next_scene),
        ] {
            table.insert(name, value).map_err(storage("wrote its marks"))?;
        }
        Ok(())
    }

    pub(super) fn read(table: &impl ReadableTable<&'static str, u64>) -> Result<Self, SpoolError> {
        let get = |name: &'static str| {
            let value = table.get(name).map_err(storage("read its marks"))?;
            value
                .map(|guard| guard.value())
                .ok_or_else(|| SpoolError::Inconsistent(format!("mark `{name}` is missing")))
        };
        let format = get(FORMAT)?;
        if format > super::FORMAT_VERSION {
            return Err(SpoolError::NewerFormat(format));
        }
        let marks = Self {
            epoch: u32::try_from(get("epoch")?)
                .map_err(|_| SpoolError::Inconsistent("mark `epoch` is more than 32 bits".to_owned()))?,
            next_seq: get("next_seq")?,
            acked_through: get("acked_through")?,
            offered_through: get("offered_through")?,
            next_chip: get("next_chip")?,
            next_scene: get("next_scene")?,
        };
        if format == 0 || !(marks.acked_through <= marks.offered_through && marks.offered_through < marks.next_seq) {
            return Err(SpoolError::Inconsistent(format!("marks are out of order: {marks:?}")));
        }
        Ok(marks)
    }
}

/// What a write transaction changes beside its tables; kept only when it commits.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) marks: Marks,
    pub(super) usage: Usage,
}

impl State {
    pub(super) const fn add(&mut self, record_bytes: usize) {
        self.usage.events += 1;
        self.usage.bytes += record_bytes as u64;
    }

    pub(super) const fn remove(&mut self, record_bytes: usize) {
        self.usage.events = self.usage.events.saturating_sub(1);
        self.usage.bytes = self.usage.bytes.saturating_sub(record_bytes as u64);
    }
}
