//! The rules file's watch: other rules are put in force while central runs, and faulty ones are not.
//!
//! The file is looked at every [`RULES_EVERY`] and taken once it has stayed as it is between two looks, so that one that is being
//! written is left alone; SIGHUP has it taken at once. It is read and judged as a whole. With any fault the rules in force stay: each fault
//! goes to the log, the counter rises, and health and the console tell it until the file is mended. Good rules are saved as
//! a revision and put in force by the writer, which builds the correlator anew from every stored look: what follows is what a start
//! with this file gives.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Mutex, mpsc, oneshot, watch},
};

use crate::{
    clock::Clock,
    ingest::mqtt::Delivery,
    intake::{NewWorld, Work},
    metrics::Counters,
    rules_file,
    store::{
        read::Readers,
        revisions::{FILE, RULES},
    },
    world::{RefusedFile, World, WorldInForce},
};

/// How often the rules file is looked at; it is taken at the second look that finds it as it is.
const RULES_EVERY: Duration = Duration::from_secs(5);
/// Faults told by health and console; the log has all.
const FAULTS_TOLD_MAX: usize = 20;

/// What the watch works with.
pub(super) struct RulesWatch {
    /// The file.
    pub file: PathBuf,
    /// Its text as it was last taken or, at the start, read.
    pub text: String,
    /// The world in force.
    pub world: Arc<WorldInForce>,
    /// Held by who saves rules or zones.
    pub saving: Arc<Mutex<()>>,
    /// To the writer.
    pub work: mpsc::Sender<Work<Delivery>>,
    /// The store, for reading.
    pub readers: Arc<Readers>,
    /// Counters.
    pub counters: Arc<Counters>,
    /// Clock.
    pub clock: Arc<dyn Clock>,
}

/// The writer has gone: the process stops.
struct Stopping;

impl RulesWatch {
    /// Looks at the file until `stop` says true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut hang_up = match signal(SignalKind::hangup()) {
            Ok(hang_up) => Some(hang_up),
            Err(error) => {
                tracing::warn!("SIGHUP cannot be listened to, the rules file is looked at all the same: {error}");
                None
            }
        };
        let mut judged = self.stamp();
        let mut seen = judged;
        loop {
            let told = async {
                match &mut hang_up {
                    Some(signals) => signals.recv().await,
                    None => std::future::pending().await,
                }
            };
            let at_once = tokio::select! {
                () = tokio::time::sleep(RULES_EVERY) => false,
                _ = told => true,
                () = crate::stop::requested(&mut stop) => return,
            };
            let now = self.stamp();
            let rests = now == seen;
            seen = now;
            if at_once || (rests && now != judged) {
                judged = now;
                if self.take().await.is_err() {
                    return;
                }
            }
        }
    }

    /// When the file was written, and how long it is.
    fn stamp(&self) -> Option<(std::time::SystemTime, u64)> {
        let data = std::fs::metadata(&self.file).ok()?;
        Some((data.modified().ok()?, data.len()))
    }

    /// Takes the file over if it says something else than before.
    async fn take(&mut self) -> Result<(), Stopping> {
        // One at a time with whoever saves in the console: each builds on the world that the one before left.
        let saving = Arc::clone(&self.saving);
        let _one = saving.lock().await;
        let sites = self.world.get().sites;
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || {
            let (rules, text) = rules_file::read(&file)?;
            let unfit = rules_file::unfit(&file, &text, &sites);
            if unfit.is_empty() {
                Ok((rules, text))
            } else {
                Err(unfit)
            }
        });
        let (rules, text) = match read.await.map_err(|_| Stopping)? {
            Ok(read) => read,
            Err(faults) => {
                self.counters.rules_faults.add();
                for fault in &faults {
                    tracing::error!("rules file not taken over, the rules before stay in force: {fault}");
                }
                self.world.refuse_rules(Some(RefusedFile {
                    at: self.clock.now(),
                    faults: faults.len(),
                    first: (faults.iter().take(FAULTS_TOLD_MAX)).map(ToString::to_string).collect(),
                }));
                return Ok(());
            }
        };
        self.world.refuse_rules(None);
        if text == self.text {
            tracing::info!("rules file is as it was: nothing to do");
            return Ok(());
        }
        let readers = Arc::clone(&self.readers);
        let newest = tokio::task::spawn_blocking(move || readers.newest_revision(RULES));
        let seen = match newest.await.map_err(|_| Stopping)? {
            Ok(newest) => newest.map_or(0, |newest| newest.revision.revision),
            Err(error) => {
                tracing::error!("rules file not taken over, the store cannot be read: {error}");
                return Ok(());
            }
        };
        let world = World {
            rules: Arc::new(rules),
            ..self.world.get()
        };
        let new = NewWorld {
            subject: RULES.to_owned(),
            seen,
            by: FILE.to_owned(),
            note: "as the file had it while central ran".to_owned(),
            text: text.clone(),
            world: world.clone(),
            readers: Arc::clone(&self.readers),
        };
        let (reply, answer) = oneshot::channel();
        let sent = self.work.send(Work::Replace(Box::new(new), reply)).await;
        sent.map_err(|_| Stopping)?;
        // Nobody else saves meanwhile, so no newer revision can be in the way.
        if let Ok(revision) = answer.await.map_err(|_| Stopping)? {
            self.world.put(world);
            self.text = text;
            tracing::info!(revision, "rules file read again and put in force");
        }
        Ok(())
    }
}
