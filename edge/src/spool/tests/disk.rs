//! A disk in memory that forgets what was not flushed, and a data folder of such disks.

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
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

#[derive(Debug, Default)]
struct Platter {
    content: Vec<u8>,
    log: Vec<Op>,
    fail_sync_after: Option<usize>,
    fail_write_after: Option<usize>,
}

/// A disk; clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct SimDisk(Arc<Mutex<Platter>>);

impl SimDisk {
    pub fn with_content(content: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.lock().content = content;
        disk
    }

    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }

    pub fn content(&self) -> Vec<u8> {
        self.lock().content.clone()
    }

    pub fn log(&self) -> Vec<Op> {
        self.lock().log.clone()
    }

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
        platter.content.resize(len as usize, 0);
        platter.log.push(Op::SetLen(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.lock();
        match platter.fail_sync_after {
            Some(0) => {
                platter.fail_sync_after = None;
                return Err(io::Error::other("simulated flush failure"));
            }
            Some(good) => platter.fail_sync_after = Some(good - 1),
            None => {}
        }
        platter.log.push(Op::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut platter = self.lock();
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
}

impl SimHome {
    /// A folder with one spool in it, which belongs to `epoch`.
    pub fn holding(content: Vec<u8>, epoch: u32) -> Self {
        let home = Self::default();
        home.lock().spool = Some(SimDisk::with_content(content));
        home.lock().epoch = Some(epoch);
        home
    }

    fn lock(&self) -> MutexGuard<'_, Folder> {
        self.0.lock().unwrap()
    }

    pub fn disk(&self) -> SimDisk {
        self.lock().spool.clone().unwrap()
    }

    pub fn lose_spool(&self) {
        self.lock().spool = None;
    }

    pub fn aside_len(&self) -> usize {
        self.lock().aside.len()
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
        let disk = SimDisk::default();
        self.lock().new = Some(disk.clone());
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
        self.lock().epoch = Some(epoch);
        Ok(())
    }
}
