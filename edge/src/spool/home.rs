//! Where a spool's files live: the seam under which a simulator puts a disk of its own.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use redb::{StorageBackend, backends::FileBackend};

use super::SpoolError;

/// Spools that are kept after they could not be read; the oldest is deleted beyond this.
pub const ASIDE_FILES_MAX: usize = 4;

const SPOOL: &str = "spool.redb";
const SPOOL_NEW: &str = "spool.redb.new";
const ASIDE_PREFIX: &str = "spool.redb.lost-";
const EPOCH: &str = "spool.epoch";
const EPOCH_NEW: &str = "spool.epoch.new";
const LOCK: &str = "lock";
/// Data files are the station's alone.
const FILE_MODE: u32 = 0o600;

/// The few things a spool does with files. Each is durable when it returns.
pub trait Home {
    /// The spool, when there is one.
    ///
    /// # Errors
    /// [`SpoolError::Folder`].
    fn open(&self) -> Result<Option<Box<dyn StorageBackend>>, SpoolError>;
    /// Storage for a new spool, empty, not yet the spool; left-overs of an earlier attempt are gone.
    ///
    /// # Errors
    /// [`SpoolError::Folder`].
    fn create(&self) -> Result<Box<dyn StorageBackend>, SpoolError>;
    /// Makes what [`Home::create`] gave the spool.
    ///
    /// # Errors
    /// [`SpoolError::Folder`].
    fn publish(&self) -> Result<(), SpoolError>;
    /// Puts the spool out of the way and says where; `now_ms` goes into the name.
    ///
    /// # Errors
    /// [`SpoolError::Folder`].
    fn set_aside(&self, now_ms: i64) -> Result<String, SpoolError>;
    /// The newest epoch ever begun here, when one was; 0 when one was and its number is not known.
    ///
    /// # Errors
    /// [`SpoolError::Folder`].
    fn last_epoch(&self) -> Result<Option<u32>, SpoolError>;
    /// Remembers the newest epoch.
    ///
    /// # Errors
    /// [`SpoolError::Folder`].
    fn store_epoch(&self, epoch: u32) -> Result<(), SpoolError>;
}

/// A folder on a real disk, locked for this process.
#[derive(Debug)]
pub struct DirHome {
    folder: PathBuf,
    /// Flushes a folder: injected, so that a test can let it fail.
    flush: fn(&Path) -> io::Result<()>,
    /// Held as long as this lives.
    _lock: File,
}

impl DirHome {
    /// Makes the folder when it is missing, and locks it.
    ///
    /// # Errors
    /// [`SpoolError::InUse`], [`SpoolError::Folder`].
    pub fn new(folder: &Path) -> Result<Self, SpoolError> {
        fs::create_dir_all(folder).map_err(at(folder))?;
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_folder(parent).map_err(at(parent))?;
        }
        let path = folder.join(LOCK);
        let lock = options().open(&path).map_err(at(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::InUse(folder.display().to_string())),
            Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
        }
        Ok(Self {
            folder: folder.to_owned(),
            flush: sync_folder,
            _lock: lock,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), SpoolError> {
        let from = self.path(from);
        fs::rename(&from, self.path(to)).map_err(at(&from))?;
        (self.flush)(&self.folder).map_err(at(&self.folder))
    }

    #[cfg(test)]
    pub(super) fn flushed_by(self, flush: fn(&Path) -> io::Result<()>) -> Self {
        Self { flush, ..self }
    }

    /// Deletes the oldest spools set aside beyond the limit.
    fn thin_out(&self) -> Result<(), SpoolError> {
        let listing = fs::read_dir(&self.folder).map_err(at(&self.folder))?;
        let mut aside: Vec<String> = listing
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with(ASIDE_PREFIX))
            .collect();
        // Milliseconds have the same number of digits for the next 250 years: the order of names is the order of time.
        aside.sort_unstable();
        let surplus = aside.len().saturating_sub(ASIDE_FILES_MAX);
        for name in aside.into_iter().take(surplus) {
            let path = self.path(&name);
            tracing::warn!(file = %path.display(), "deleted the oldest spool that had been set aside");
            fs::remove_file(&path).map_err(at(&path))?;
        }
        Ok(())
    }
}

impl Home for DirHome {
    fn open(&self) -> Result<Option<Box<dyn StorageBackend>>, SpoolError> {
        let path = self.path(SPOOL);
        match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => Ok(Some(Box::new(
                FileBackend::new(file).map_err(|error| at(&path)(io::Error::other(error)))?,
            ))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    fn create(&self) -> Result<Box<dyn StorageBackend>, SpoolError> {
        let path = self.path(SPOOL_NEW);
        let file = options().truncate(true).open(&path).map_err(at(&path))?;
        Ok(Box::new(
            FileBackend::new(file).map_err(|error| at(&path)(io::Error::other(error)))?,
        ))
    }

    fn publish(&self) -> Result<(), SpoolError> {
        self.rename(SPOOL_NEW, SPOOL)
    }

    fn set_aside(&self, now_ms: i64) -> Result<String, SpoolError> {
        let name = format!("{ASIDE_PREFIX}{now_ms:013}");
        self.rename(SPOOL, &name)?;
        self.thin_out()?;
        Ok(self.path(&name).display().to_string())
    }

    fn last_epoch(&self) -> Result<Option<u32>, SpoolError> {
        let path = self.path(EPOCH);
        match fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()) {
            Ok(text) => Ok(Some(text.trim().parse().unwrap_or_else(|_| {
                tracing::warn!(file = %path.display(), "holds no number: the newest epoch is taken from the clock");
                0
            }))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    fn store_epoch(&self, epoch: u32) -> Result<(), SpoolError> {
        let path = self.path(EPOCH_NEW);
        let mut file = options().truncate(true).open(&path).map_err(at(&path))?;
        writeln!(file, "{epoch}").map_err(at(&path))?;
        file.sync_all().map_err(at(&path))?;
        drop(file);
        self.rename(EPOCH_NEW, EPOCH)
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(FILE_MODE);
    options
}

/// Flushes a folder, so that a file made or renamed in it is still there after a power loss.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> SpoolError {
    let path = path.display().to_string();
    move |source| SpoolError::Folder { path, source }
}
