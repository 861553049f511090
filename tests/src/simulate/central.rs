//! Central: the real gate, intake, store and correlator, on a file that can be torn.

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use quaywatch_central::{
    ack::AckSigner,
    correlate::Engine,
    ingest::{
        gate::{Gate, Passage, RegistryInForce},
        registry::Registry,
    },
    intake::{BATCH_MAX, Intake, Setup, Work},
    metrics::Counters,
    store::{Store, read::Readers},
};
use quaywatch_protocol::{event::Event, ids::EventId, keyfile, sign::SigningKey};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{
    Broken,
    broker::Message,
    clock::{Error, WallClock},
    damage::torn,
    feed::{CLOCK_TOLERANCE_MS, Feed, name_of},
    station::{KEY_ID, Station},
};
use crate::feed::chance::Chance;

/// Events of one station a second, and at once: central's defaults.
const RATE: (u32, u32) = (200, 2_000);

/// Bytes of the header of SQLite's write-ahead log.
const LOG_HEADER_BYTES: usize = 32;

/// When within a batch central dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Before anything of it is written.
    BeforeCommit,
    /// While the commit is being flushed: each sector of the log may or may not be there.
    InCommit,
    /// After the commit, before its acks.
    BeforeAcks,
}

/// What a batch came to.
#[derive(Debug, Default)]
pub struct Taken {
    /// Acks to be sent, with whom they are for.
    pub acks: Vec<(EventId, Vec<u8>)>,
    /// Looks that are committed, by station, scene and site.
    pub committed: Vec<(String, (String, String))>,
    /// Messages that did not count.
    pub refused: u64,
}

struct Process {
    intake: Intake<Engine>,
    gate: Gate,
}

/// Central, whether its process runs or not.
pub struct Central {
    folder: TempDir,
    generation: u32,
    file: PathBuf,
    clock: WallClock,
    /// How its clock errs.
    pub error: Error,
    registry: Arc<RegistryInForce>,
    /// Its key.
    pub key: SigningKey,
    process: Option<Process>,
    /// What came and was not worked on.
    pub inbox: VecDeque<Message>,
}

impl Central {
    /// A central that is not running, with the feed's past in its store.
    ///
    /// # Errors
    /// The file system.
    pub fn new(feed: &Feed, stations: &[Station], clock: WallClock) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let file = folder.path().join("central-0.db");
        fs::copy(feed.store_file(), &file).map_err(|error| error.to_string())?;
        if let Ok(log) = fs::read(log_of(feed.store_file())) {
            fs::write(log_of(&file), log).map_err(|error| error.to_string())?;
        }
        let entries: String = stations
            .iter()
            .map(|station| {
                let public = keyfile::public_text(&station.key);
                format!(
                    "[[station]]\nid = \"{}\"\n[[station.key]]\nid = {KEY_ID}\npublic = \"{public}\"\n",
                    station.id
                )
            })
            .collect();
        let registry = Arc::new(RegistryInForce::default());
        registry.put(Registry::parse(&entries).map_err(|faults| format!("{faults:?}"))?);
        Ok(Self {
            folder,
            generation: 0,
            file,
            clock,
            error: Error::default(),
            registry,
            key: SigningKey::from_bytes(&[200; 32]),
            process: None,
            inbox: VecDeque::new(),
        })
    }

    /// True while the process runs.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.process.is_some()
    }

    /// The database.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The clock, to be set.
    #[must_use]
    pub const fn clock(&self) -> &WallClock {
        &self.clock
    }

    /// Starts the process from what is on the disk.
    ///
    /// # Errors
    /// A start that fails: what a crash leaves must always open.
    pub fn start(&mut self, feed: &Feed) -> Result<(), Broken> {
        let failed = |error: String| Broken::new("N9", format!("central does not start again: {error}"));
        let counters = Arc::new(Counters::default());
        let setup = Setup {
            world: feed.world(),
            distrust: Arc::default(),
            routing: Arc::new(quaywatch_central::notify::route::Routing::all_to(vec![
                "log".to_owned(),
            ])),
            clock_tolerance_ms: CLOCK_TOLERANCE_MS,
            clock: Arc::new(self.clock.clone()),
            counters: Arc::clone(&counters),
        };
        let store = Store::open(&self.file).map_err(|error| failed(error.to_string()))?;
        let readers = Readers::new(&self.file);
        let (intake, _) =
            Intake::start(store, &readers, feed.engine(), setup).map_err(|error| failed(error.to_string()))?;
        let gate = Gate::new(Arc::clone(&self.registry), RATE, Arc::new(self.clock.clone()), counters);
        self.process = Some(Process { intake, gate });
        Ok(())
    }

    /// Works on a batch from the inbox; `None` when the process died over it or is not running.
    ///
    /// # Errors
    /// An intake that fails although nothing is wrong with its disk.
    pub fn turn(&mut self, death: Option<Death>, chance: &mut Chance) -> Result<Option<Taken>, Broken> {
        let Some(process) = &mut self.process else {
            return Ok(None);
        };
        let mut taken = Taken::default();
        let mut work = Vec::new();
        for message in self.inbox.drain(..self.inbox.len().min(BATCH_MAX)) {
            match process.gate.pass(&message.topic, &message.bytes) {
                Passage::Admitted(admitted) => {
                    if let quaywatch_central::ingest::admit::Content::Event(event) = &admitted.content
                        && let Some(name) = name_of(event)
                    {
                        taken.committed.push((admitted.id.station.to_string(), name));
                    }
                    work.push(Work::Event(admitted, ()));
                }
                Passage::Refused(refused) => {
                    taken.refused += 1;
                    work.push(Work::Refused(refused, ()));
                }
                Passage::Dropped => taken.refused += 1,
            }
        }
        if death == Some(Death::BeforeCommit) {
            self.kill(None)?;
            return Ok(None);
        }
        let before = (death == Some(Death::InCommit)).then(|| self.bytes());
        let done = self
            .process
            .as_mut()
            .map(|process| process.intake.take(work))
            .transpose();
        let done = done.map_err(|error| Broken::new("N9", format!("the intake failed: {error}")))?;
        if let Some((database, log)) = before {
            let (database_now, log_now) = self.bytes();
            // A checkpoint moves the log into the database only once the commit is safe: then nothing can be torn any more.
            let torn_log = (database == database_now).then(|| torn(&with_header_of(log, &log_now), &log_now, chance));
            self.kill(torn_log)?;
            return Ok(None);
        }
        if death == Some(Death::BeforeAcks) {
            self.kill(None)?;
            return Ok(None);
        }
        let signer = AckSigner::new(self.key.clone(), KEY_ID);
        for through in done.into_iter().flat_map(|done| done.through) {
            let sealed = signer.seal(through.clone());
            let sealed = sealed.map_err(|error| Broken::new("N6", format!("ack cannot be sealed: {error}")))?;
            taken.acks.push((through, sealed));
        }
        Ok(Some(taken))
    }

    fn bytes(&self) -> (Vec<u8>, Vec<u8>) {
        let read = |path: &Path| fs::read(path).unwrap_or_default();
        (read(&self.file), read(&log_of(&self.file)))
    }

    /// Ends the process where it stands: its files as they are, or with another log.
    ///
    /// # Errors
    /// The file system.
    pub fn kill(&mut self, log: Option<Vec<u8>>) -> Result<(), Broken> {
        let failed = |error: std::io::Error| Broken::new("simulator", error.to_string());
        let (database, log_now) = self.bytes();
        self.generation += 1;
        let next = self.folder.path().join(format!("central-{}.db", self.generation));
        fs::write(&next, database).map_err(failed)?;
        fs::write(log_of(&next), log.unwrap_or(log_now)).map_err(failed)?;
        self.process = None;
        // Whatever the dying process still wrote is in the old file, which nobody reads again.
        let old = std::mem::replace(&mut self.file, next);
        for file in [log_of(&old), old] {
            let _ = fs::remove_file(file);
        }
        self.inbox.clear();
        Ok(())
    }

    /// A look into the database beside the process.
    ///
    /// # Errors
    /// [`rusqlite::Error`].
    pub fn database(&self) -> rusqlite::Result<Connection> {
        Connection::open(&self.file)
    }

    /// How far each epoch of each station is stored without a hole.
    ///
    /// # Errors
    /// [`rusqlite::Error`].
    pub fn progress(&self) -> rusqlite::Result<Vec<(String, u32, u64)>> {
        let connection = self.database()?;
        let mut statement = connection.prepare("SELECT station, epoch, through_seq FROM progress")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64)))?;
        rows.collect()
    }
}

/// Names of what a stored envelope says; nothing when it is no look.
#[must_use]
pub fn stored_name(envelope: &[u8]) -> Option<(String, String)> {
    let opened = quaywatch_protocol::envelope::open(envelope).ok()?;
    let event: Event = quaywatch_protocol::codec::decode(opened.payload).ok()?;
    name_of(&event)
}

/// A log before a commit, with the header that the commit gave it.
///
/// When SQLite begins its log anew it flushes the new header before it writes a frame. Old frames under a new header do not count; under the
/// old one they would, and put pages back that a checkpoint has long moved on.
fn with_header_of(mut log: Vec<u8>, after: &[u8]) -> Vec<u8> {
    let header = after.get(..LOG_HEADER_BYTES).unwrap_or_default();
    log.resize(log.len().max(header.len()), 0);
    if let Some(part) = log.get_mut(..header.len()) {
        part.copy_from_slice(header);
    }
    log
}

fn log_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}
