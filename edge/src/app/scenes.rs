//! From the folder into the spool: one finished scene after the other.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Duration,
};

use quaywatch_protocol::{
    contract::convert::to_wire,
    event::Event,
    limits::{CHIP_BYTES_MAX, VESSELS_PER_LOOK_MAX},
};
use tokio::sync::watch;

use super::{
    lessons::Lesson,
    processor::{ProcessError, Processed, Processor, ReferenceCounts},
};
use crate::{
    clock::Clock,
    config,
    health::LastScene,
    metrics::{Counter, Counters},
    spool::{Accepted, Batch, BatchChip, SceneNote, SpoolError, SpoolHandle},
    watch::{Folder, Group, Tracker, group::group},
};

/// Wait after the station itself could not work (no model, no memory): long enough to read the log.
const STATION_FAULT_WAIT_MS: u64 = 30_000;
/// Wait for an ack to make room in a full spool.
const SPOOL_FULL_WAIT_MS: u64 = 1_000;

/// The loop's parts.
pub struct Scenes {
    /// Configuration of the folder.
    pub config: config::Scenes,
    /// Pictures of one scene.
    pub chips_per_scene: usize,
    /// What turns a scene into looks.
    pub processor: Arc<dyn Processor>,
    /// Where looks go.
    pub spool: SpoolHandle,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Counters.
    pub counters: Arc<Counters>,
    /// The newest scene, for the health report.
    pub last_scene: Arc<Mutex<Option<LastScene>>>,
}

/// A stop that is waited for on a thread that may block.
struct Stop<'a> {
    stop: watch::Receiver<bool>,
    runtime: &'a tokio::runtime::Handle,
}

impl Stop<'_> {
    fn is_set(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits; true when it is time to stop.
    fn wait_ms(&mut self, ms: u64) -> bool {
        let set = self.stop.wait_for(|stop| *stop);
        self.runtime
            .block_on(async { tokio::time::timeout(Duration::from_millis(ms), set).await.is_ok() })
    }
}

/// Runs until `stop` turns true, on a thread that may block.
///
/// # Errors
/// Whatever ends the spool; scenes that cannot be read are no error.
pub fn run(scenes: &Scenes, stop: watch::Receiver<bool>, runtime: &tokio::runtime::Handle) -> Result<(), SpoolError> {
    let folder = Folder::new(&scenes.config.folder);
    let mut tracker = Tracker::new(scenes.config.stable_polls);
    let mut stop = Stop { stop, runtime };
    let mut was_there = true;
    while !stop.wait_ms(u64::from(scenes.config.poll_ms)) {
        let entries = match folder.list() {
            Ok(entries) => entries,
            Err(error) => {
                scenes.counters.count(Counter::FolderFaults);
                if was_there {
                    let place = scenes.config.folder.display();
                    tracing::error!(folder = %place, %error, "the folder of scenes cannot be listed; trying on");
                }
                was_there = false;
                continue;
            }
        };
        if !was_there {
            tracing::info!(folder = %scenes.config.folder.display(), "the folder of scenes is there again");
            was_there = true;
        }
        for group in tracker.look(group(&entries)) {
            if stop.is_set() {
                return Ok(());
            }
            match scenes.take(&folder, &group, &mut stop)? {
                Outcome::Settled => tracker.settle(&group.name),
                Outcome::TryAgain => {
                    stop.wait_ms(STATION_FAULT_WAIT_MS);
                    break;
                }
            }
        }
        if let Err(error) = folder
            .thin_out(scenes.config.done_keep, scenes.config.quarantine_keep)
            .map(|gone| scenes.counters.add(Counter::ScenesForgotten, gone))
        {
            tracing::warn!(%error, "old scenes cannot be deleted");
        }
    }
    Ok(())
}

enum Outcome {
    Settled,
    TryAgain,
}

impl Scenes {
    fn take(&self, folder: &Folder, group: &Group, stop: &mut Stop<'_>) -> Result<Outcome, SpoolError> {
        if let Some(note) = self.spool.with(|spool, _| spool.scene(&group.name))? {
            self.again(folder, group, &note);
            return Ok(Outcome::Settled);
        }
        let began_ms = self.clock.monotonic_ms();
        let path = folder.path_of(&group.name);
        tracing::info!(scene = %group.name, bytes = group.bytes, "scene found");
        // A panic in a decoder is the scene's fault as far as anyone can tell, and must not stop the station.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.processor.process(&path))).unwrap_or_else(|_| {
            Err(ProcessError::Scene(
                "reading it failed inside this software: see the log".to_owned(),
            ))
        });
        let processed = match outcome {
            Ok(processed) => processed,
            Err(ProcessError::Scene(reason)) => {
                self.quarantine(folder, group, &reason);
                return Ok(Outcome::Settled);
            }
            Err(ProcessError::Station(reason)) => {
                tracing::error!(scene = %group.name, reason, "the station cannot work on this scene; trying on");
                return Ok(Outcome::TryAgain);
            }
        };
        for warning in &processed.warnings {
            tracing::warn!(scene = %group.name, warning, "scene");
        }
        self.count_references(processed.references);
        let batch = match self.batch(group, &processed) {
            Ok(batch) => batch,
            Err(reason) => {
                self.quarantine(folder, group, &reason);
                return Ok(Outcome::Settled);
            }
        };
        let Some(accepted) = self.accept(&batch, stop)? else {
            // Asked to stop while the spool was full: nothing was accepted, the scene stays for the next start.
            return Ok(Outcome::TryAgain);
        };
        self.learn(group, processed.lessons);
        self.tell(group, &batch, &accepted, began_ms);
        self.put_away(folder, group);
        Ok(Outcome::Settled)
    }

    /// Keeps what the looks taught, which are in the spool now. What cannot be kept is told, and the station goes on.
    fn learn(&self, group: &Group, lessons: Vec<Lesson>) {
        let mut counts = ReferenceCounts::default();
        for lesson in lessons {
            if let Err(error) = lesson.keep(&mut counts) {
                tracing::warn!(scene = %group.name, %error, "references: not learnt");
            }
        }
        self.count_references(counts);
    }

    fn count_references(&self, counts: ReferenceCounts) {
        for (counter, count) in [
            (Counter::ReferencesLearnt, counts.learnt),
            (Counter::ReferencesAnew, counts.anew),
            (Counter::ReferencesRefused, counts.refused),
            (Counter::ReferenceFaults, counts.faults),
        ] {
            self.counters.add(counter, count);
        }
    }

    /// A scene that was processed before: put away, unless it is another one of the same name.
    fn again(&self, folder: &Folder, group: &Group, note: &SceneNote) {
        if note.bytes == group.bytes {
            self.counters.count(Counter::ScenesSeenAgain);
            tracing::info!(scene = %group.name, done_at = %note.finished_at, "scene was processed before");
            self.put_away(folder, group);
            return;
        }
        let (name, then, at, now) = (&group.name, note.bytes, note.finished_at, group.bytes);
        let reason = format!(
            "a scene named {name} with {then} bytes was processed at {at}, and this one has {now}: give it another name"
        );
        self.quarantine(folder, group, &reason);
    }

    /// Everything a scene gave, ready for the spool; looks that cannot travel are left out, and when none can, the reason.
    fn batch(&self, group: &Group, processed: &Processed) -> Result<Batch, String> {
        let mut events = Vec::with_capacity(processed.looks.len());
        let mut place_of = Vec::with_capacity(processed.looks.len());
        let mut refused = Vec::new();
        for look in &processed.looks {
            match to_wire(look) {
                Ok(wire) => {
                    place_of.push(Some(events.len()));
                    events.push(Event::Look(wire));
                }
                Err(error) => {
                    self.counters.count(Counter::LooksRefused);
                    tracing::error!(scene = %group.name, site = %look.site, %error, "look left out");
                    place_of.push(None);
                    refused.push(error.to_string());
                }
            }
        }
        if events.is_empty() && !refused.is_empty() {
            return Err(refused.join("\n"));
        }
        let mut chips = Vec::new();
        for chip in processed.chips.iter().take(self.chips_per_scene) {
            let event_index = place_of.get(chip.look).copied().flatten();
            // A look with more vessels than travel renumbers them: its chips would show others.
            let vessels = processed.looks.get(chip.look).map_or(0, |look| look.vessels.len());
            match (event_index, u8::try_from(chip.vessel)) {
                (Some(event_index), Ok(vessel))
                    if chip.jpeg.len() <= CHIP_BYTES_MAX && vessels <= VESSELS_PER_LOOK_MAX =>
                {
                    chips.push(BatchChip {
                        event_index,
                        vessel,
                        jpeg: chip.jpeg.clone(),
                    });
                }
                _ => self.counters.count(Counter::ChipsRefused),
            }
        }
        Ok(Batch {
            scene: Some(SceneNote {
                name: group.name.clone(),
                bytes: group.bytes,
                finished_at: self.clock.now(),
            }),
            events,
            chips,
        })
    }

    /// Accepts the batch, waiting for room; `None` when it is time to stop first.
    fn accept(&self, batch: &Batch, stop: &mut Stop<'_>) -> Result<Option<Accepted>, SpoolError> {
        loop {
            let now = self.clock.now();
            match self.spool.with(|spool, _| spool.accept(batch, now)) {
                Ok(accepted) => {
                    self.spool.ring();
                    return Ok(Some(accepted));
                }
                Err(error @ SpoolError::Full { .. }) => {
                    self.counters.count(Counter::SpoolRefusals);
                    tracing::warn!(%error, "waiting for an ack");
                }
                Err(error) => return Err(error),
            }
            if stop.wait_ms(SPOOL_FULL_WAIT_MS) {
                return Ok(None);
            }
        }
    }

    fn tell(&self, group: &Group, batch: &Batch, accepted: &Accepted, began_ms: u64) {
        let took_ms = self.clock.monotonic_ms() - began_ms;
        let looks = batch.events.len();
        tracing::info!(
            scene = %group.name, looks, first_seq = accepted.first_seq, chips = accepted.chips, took_ms,
            "scene done: its looks are in the spool"
        );
        if accepted.looks_dropped + accepted.chips_dropped > 0 {
            let (looks, chips) = (accepted.looks_dropped, accepted.chips_dropped);
            tracing::error!(
                looks,
                chips,
                "the spool is full: the oldest were dropped, a gap says so"
            );
        }
        self.counters.count(Counter::ScenesDone);
        self.counters.add(Counter::LooksAccepted, looks as u64);
        self.counters.add(Counter::ChipsAccepted, accepted.chips);
        self.counters.add(Counter::LooksDropped, accepted.looks_dropped);
        self.counters.add(Counter::ChipsDropped, accepted.chips_dropped);
        if let Ok(mut last) = self.last_scene.lock() {
            *last = Some(LastScene {
                name: group.name.clone(),
                at: self.clock.now(),
                looks,
                took_ms,
            });
        }
    }

    fn put_away(&self, folder: &Folder, group: &Group) {
        if !self.config.move_done {
            return;
        }
        if let Err(error) = folder.put_away(group) {
            self.counters.count(Counter::PutAwayFaults);
            tracing::error!(scene = %group.name, %error, "scene is done and cannot be moved");
        }
    }

    fn quarantine(&self, folder: &Folder, group: &Group, reason: &str) {
        self.counters.count(Counter::ScenesQuarantined);
        tracing::error!(scene = %group.name, reason, "scene goes to quarantine");
        if let Err(error) = folder.quarantine(group, reason) {
            self.counters.count(Counter::PutAwayFaults);
            tracing::error!(scene = %group.name, %error, "scene cannot be moved to quarantine");
        }
    }
}

#[cfg(test)]
mod tests;
