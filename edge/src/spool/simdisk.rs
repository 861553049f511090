//! A disk in memory that forgets what was not flushed, and a data folder of such disks: for tests and the simulator only.
//!
//! A process is killed by [`SimHome::crash`]: the folder then holds a new disk with what had survived, and whatever the dying
//! process still writes goes to the old one, which nobody reads again.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a simulated disk that cannot go on ends the test"
)]

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use redb::StorageBackend;

use crate::spool::{Home, SpoolError};

/// Bytes that a disk writes as one: a write may be torn between these.
const SECTOR_BYTES: usize = 512;

/// One thing done to a disk.
#[derive(Clone, Debug)]
pub enum Op {
    /// Bytes at an offset.
    Write(u64, Vec<u8>),
    /// A new length.
    SetLen(u64),
    /// A flush.
    Sync,
}

#[derive(Debug, Default)]
struct Platter {
    content: Vec<u8>,
    /// Content when the log began.
    base: Vec<u8>,
    log: Vec<Op>,
    /// The log is cut at each flush: for work too long to be recorded.
    forgets: bool,
    fail_sync_after: Option<usize>,
    fail_write_after: Option<usize>,
    fail_any_after: Option<usize>,
}

impl Platter {
    /// Counts an operation; an error once the disk has died.
    fn alive(&mut self) -> io::Result<()> {
        match &mut self.fail_any_after {
            Some(0) => Err(io::Error::other("simulated disk died")),
            Some(good) => {
                *good -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// A disk; clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct SimDisk(Arc<Mutex<Platter>>);

impl SimDisk {
    /// A disk that holds this, flushed.
    pub fn with_content(content: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.lock().base.clone_from(&content);
        disk.lock().content = content;
        disk
    }

    /// Cuts the log at each flush from now on.
    pub fn forget(&self) {
        self.lock().forgets = true;
    }

    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }

    /// Everything on it, flushed or not.
    pub fn content(&self) -> Vec<u8> {
        self.lock().content.clone()
    }

    /// What was done to it.
    pub fn log(&self) -> Vec<Op> {
        self.lock().log.clone()
    }

    /// How much was done to it.
    pub fn log_len(&self) -> usize {
        self.lock().log.len()
    }

    /// Lets `good` more flushes through, then fails one; later ones succeed again, as a kernel's do.
    pub fn fail_sync_after(&self, good: usize) {
        self.lock().fail_sync_after = Some(good);
    }

    /// Lets `good` more writes through, then answers that the disk is full, for ever.
    pub fn fail_write_after(&self, good: usize) {
        self.lock().fail_write_after = Some(good);
    }

    /// Lets `good` more operations through, then fails every one: the process dies in the middle of its work.
    pub fn fail_any_after(&self, good: usize) {
        self.lock().fail_any_after = Some(good);
    }

    /// Has room again.
    pub fn heal(&self) {
        let mut platter = self.lock();
        platter.fail_sync_after = None;
        platter.fail_write_after = None;
        platter.fail_any_after = None;
    }

    /// Flips bits of one byte; `place` in `0.0..1.0` says where.
    pub fn rot(&self, place: f64, bits: u8) {
        let mut platter = self.lock();
        let at = (place * platter.content.len() as f64) as usize;
        if let Some(byte) = platter.content.get_mut(at) {
            *byte ^= bits.max(1);
        }
        platter.base = platter.content.clone();
    }

    /// What is on the disk when the power goes now: everything flushed, and of the rest each sector for which `survives` says so.
    pub fn after_power_loss(&self, survives: impl FnMut() -> bool) -> Vec<u8> {
        let platter = self.lock();
        after_power_loss(&platter.base, &platter.log, platter.log.len(), survives)
    }
}

impl StorageBackend for SimDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().content.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.lock();
        let start = offset as usize;
        let from = platter.content.get(start..start + out.len());
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut platter = self.lock();
        platter.alive()?;
        platter.content.resize(len as usize, 0);
        platter.log.push(Op::SetLen(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.lock();
        platter.alive()?;
        match platter.fail_sync_after {
            Some(0) => {
                platter.fail_sync_after = None;
                return Err(io::Error::other("simulated flush failure"));
            }
            Some(good) => platter.fail_sync_after = Some(good - 1),
            None => {}
        }
        if platter.forgets {
            let Platter { base, log, .. } = &mut *platter;
            log.drain(..).for_each(|op| apply(base, &op));
        } else {
            platter.log.push(Op::Sync);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut platter = self.lock();
        platter.alive()?;
        match platter.fail_write_after {
            Some(0) => return Err(io::ErrorKind::StorageFull.into()),
            Some(good) => platter.fail_write_after = Some(good - 1),
            None => {}
        }
        apply(&mut platter.content, &Op::Write(offset, data.to_vec()));
        platter.log.push(Op::Write(offset, data.to_vec()));
        Ok(())
    }
}

fn apply(content: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write(offset, data) => {
            let start = *offset as usize;
            if content.len() < start + data.len() {
                content.resize(start + data.len(), 0);
            }
            content[start..start + data.len()].copy_from_slice(data);
        }
        Op::SetLen(len) => content.resize(*len as usize, 0),
        Op::Sync => {}
    }
}

/// What is on the disk after power was lost when `log[..at]` had been done to `base`: everything flushed, and of the rest
/// each sector for which `survives` says so.
pub fn after_power_loss(base: &[u8], log: &[Op], at: usize, mut survives: impl FnMut() -> bool) -> Vec<u8> {
    let done = &log[..at];
    let flushed = done
        .iter()
        .rposition(|op| matches!(op, Op::Sync))
        .map_or(0, |last| last + 1);
    let mut content = base.to_vec();
    for op in &done[..flushed] {
        apply(&mut content, op);
    }
    for op in &done[flushed..] {
        match op {
            Op::Write(offset, data) => {
                for (index, sector) in data.chunks(SECTOR_BYTES).enumerate() {
                    if survives() {
                        apply(
                            &mut content,
                            &Op::Write(offset + (index * SECTOR_BYTES) as u64, sector.to_vec()),
                        );
                    }
                }
            }
            Op::SetLen(_) => {
                if survives() {
                    apply(&mut content, op);
                }
            }
            Op::Sync => {}
        }
    }
    content
}

/// A data folder; clones are the same folder. Its own operations are durable at once.
#[derive(Clone, Debug, Default)]
pub struct SimHome(Arc<Mutex<Folder>>);

#[derive(Debug, Default)]
struct Folder {
    spool: Option<SimDisk>,
    new: Option<SimDisk>,
    aside: BTreeMap<i64, SimDisk>,
    epoch: Option<u32>,
    forgets: bool,
    full: bool,
}

impl SimHome {
    /// A folder with one spool in it, which belongs to `epoch`.
    pub fn holding(content: Vec<u8>, epoch: u32) -> Self {
        let home = Self::default();
        home.lock().spool = Some(SimDisk::with_content(content));
        home.lock().epoch = Some(epoch);
        home
    }

    /// An empty folder whose disks cut their logs at each flush.
    pub fn forgetful() -> Self {
        let home = Self::default();
        home.lock().forgets = true;
        home
    }

    fn lock(&self) -> MutexGuard<'_, Folder> {
        self.0.lock().unwrap()
    }

    /// The spool's disk.
    pub fn disk(&self) -> SimDisk {
        self.lock().spool.clone().unwrap()
    }

    /// The spool's disk, when there is one.
    pub fn spool(&self) -> Option<SimDisk> {
        self.lock().spool.clone()
    }

    /// The spool is gone.
    pub fn lose_spool(&self) {
        self.lock().spool = None;
    }

    /// Spools set aside.
    pub fn aside_len(&self) -> usize {
        self.lock().aside.len()
    }

    /// The process is gone. `power`: the power too, and each unflushed sector survives where it says so.
    pub fn crash(&self, power: Option<&mut dyn FnMut() -> bool>) {
        let mut folder = self.lock();
        folder.new = None;
        let Some(disk) = folder.spool.take() else { return };
        let content = match power {
            Some(survives) => disk.after_power_loss(survives),
            None => disk.content(),
        };
        folder.spool = Some(folder.disk(content));
    }

    /// An old copy of the folder is put back: `content` as [`SimDisk::content`] gave it. The note of the newest epoch stays.
    pub fn put_back(&self, content: Vec<u8>) {
        let mut folder = self.lock();
        folder.spool = Some(folder.disk(content));
    }

    /// The disk has no room for anything new, or has again.
    pub fn set_full(&self, full: bool) {
        let mut folder = self.lock();
        folder.full = full;
        if let Some(disk) = &folder.spool {
            if full {
                disk.fail_write_after(0);
            } else {
                disk.heal();
            }
        }
    }
}

impl Folder {
    fn disk(&self, content: Vec<u8>) -> SimDisk {
        let disk = SimDisk::with_content(content);
        if self.forgets {
            disk.forget();
        }
        if self.full {
            disk.fail_write_after(0);
        }
        disk
    }

    fn has_room(&self) -> Result<(), SpoolError> {
        if self.full {
            return Err(SpoolError::Folder {
                path: "simulated".to_owned(),
                source: io::ErrorKind::StorageFull.into(),
            });
        }
        Ok(())
    }
}

impl Home for SimHome {
    fn open(&self) -> Result<Option<Box<dyn StorageBackend>>, SpoolError> {
        Ok(self
            .lock()
            .spool
            .clone()
            .map(|disk| Box::new(disk) as Box<dyn StorageBackend>))
    }
    fn create(&self) -> Result<Box<dyn StorageBackend>, SpoolError> {
        let mut folder = self.lock();
        folder.has_room()?;
        let disk = folder.disk(Vec::new());
        folder.new = Some(disk.clone());
        Ok(Box::new(disk))
    }
    fn publish(&self) -> Result<(), SpoolError> {
        let mut folder = self.lock();
        folder.spool = folder.new.take();
        Ok(())
    }
    fn set_aside(&self, now_ms: i64) -> Result<String, SpoolError> {
        let mut folder = self.lock();
        let disk = folder.spool.take().unwrap();
        folder.aside.insert(now_ms, disk);
        Ok(format!("aside-{now_ms}"))
    }
    fn last_epoch(&self) -> Result<Option<u32>, SpoolError> {
        Ok(self.lock().epoch)
    }
    fn store_epoch(&self, epoch: u32) -> Result<(), SpoolError> {
        let mut folder = self.lock();
        folder.has_room()?;
        folder.epoch = Some(epoch);
        Ok(())
    }
}
