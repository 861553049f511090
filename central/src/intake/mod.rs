//! The one writer: takes what was admitted, in batches, and does everything that follows from it in one transaction.
//!
//! ```text
//! event -> dedupe -> event row, gap, progress -> correlator -> alert rows, history, outbox -> COMMIT -> acks, PUBACKs
//! ```
//!
//! The correlator has taken a look in before its transaction commits. So when a commit fails, memory is ahead of the disk:
//! the error is fatal, the process stops, and the next start builds the correlator anew from what is stored (promise N9). The
//! acks leave only after the commit (promise N6).

mod correlator;
mod record;
mod work;

use std::{collections::BTreeSet, sync::Arc};

use quaywatch_protocol::ids::EventId;

pub use self::{
    correlator::Correlator,
    work::{Change, Doing, NewWorld, OutboxMark, Taken, Tell, Work},
};
use self::{correlator::feed, record::record};
use crate::{
    clock::Clock,
    ingest::distrust::Distrust,
    metrics::Counters,
    notify::route::Routing,
    store::{Store, StoreError, alerts::Told, read::Readers},
    world::World,
};

/// Inputs of one transaction: an fsync is shared by this many at most.
pub const BATCH_MAX: usize = 256;

/// The writer's parts.
pub struct Intake<C> {
    store: Store,
    correlator: C,
    world: World,
    distrust: Arc<Distrust>,
    routing: Arc<Routing>,
    clock_tolerance_ms: i64,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
}

/// How an intake is set up.
pub struct Setup {
    /// The watched sites, and the rules.
    pub world: World,
    /// What was received and is not to count.
    pub distrust: Arc<Distrust>,
    /// Who is notified of what.
    pub routing: Arc<Routing>,
    /// How far a look may be dated after its receipt, milliseconds.
    pub clock_tolerance_ms: i64,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The counters.
    pub counters: Arc<Counters>,
}

impl<C: Correlator> Intake<C> {
    /// Builds the correlator from the stored looks, and brings the stored alerts to what it says: after a change of rules or
    /// sites they differ.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn start(store: Store, readers: &Readers, mut correlator: C, setup: Setup) -> Result<(Self, u64), StoreError> {
        let looks = feed(&mut correlator, readers, &setup.world.sites, &setup.distrust)?;
        let mut intake = Self {
            store,
            correlator,
            world: setup.world,
            distrust: setup.distrust,
            routing: setup.routing,
            clock_tolerance_ms: setup.clock_tolerance_ms,
            clock: setup.clock,
            counters: setup.counters,
        };
        let _ = intake.reconcile()?;
        Ok((intake, looks))
    }

    fn reconcile(&mut self) -> Result<Vec<Told>, StoreError> {
        let now = self.clock.now();
        let alerts = self.correlator.alerts();
        let ids: BTreeSet<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
        let mut batch = self.store.begin()?;
        let mut told = Vec::new();
        for alert in &alerts {
            told.extend(batch.put_alert(alert, &self.routing, now)?);
        }
        told.extend(batch.withdraw_others(&ids, &self.routing, now)?);
        batch.commit()?;
        let changes = told.len();
        if changes > 0 {
            tracing::warn!(
                changes,
                "stored alerts differed from what the rules and sites in force say: brought to them"
            );
        }
        Ok(told)
    }

    /// Saves other rules or sites and puts them in force: the correlator is built anew from all stored looks, and alerts are
    /// brought to it. Nothing else is written meanwhile; stations keep what they send until it is acknowledged.
    fn replace(&mut self, new: NewWorld) -> Result<(Result<i64, i64>, Vec<Told>), StoreError> {
        let now = self.clock.now();
        let mut batch = self.store.begin()?;
        let saved = batch.save_revision(&new.subject, new.seen, (&new.by, &new.note), &new.text, now)?;
        batch.commit()?;
        let Ok(revision) = saved else {
            return Ok((saved, Vec::new()));
        };
        self.world = new.world;
        let (looks, told) = self.rebuild(&new.readers)?;
        tracing::info!(
            subject = new.subject,
            revision,
            looks,
            alerts = told.len(),
            by = new.by,
            "put in force"
        );
        Ok((Ok(revision), told))
    }

    /// Puts other times of distrust in force; nothing to do when they are the same.
    fn distrust(&mut self, distrust: Arc<Distrust>, readers: &Readers) -> Result<Vec<Told>, StoreError> {
        if distrust == self.distrust {
            return Ok(Vec::new());
        }
        self.distrust = distrust;
        let (looks, told) = self.rebuild(readers)?;
        tracing::warn!(
            looks,
            alerts = told.len(),
            "what counts of the stations' words has changed: built anew"
        );
        Ok(told)
    }

    /// Builds the correlator from all stored looks that count, and brings the alerts to it.
    fn rebuild(&mut self, readers: &Readers) -> Result<(u64, Vec<Told>), StoreError> {
        let mut correlator = self.correlator.anew(&self.world.sites, &self.world.rules);
        let looks = feed(&mut correlator, readers, &self.world.sites, &self.distrust)?;
        self.correlator = correlator;
        Ok((looks, self.reconcile()?))
    }

    /// Takes a batch, in one transaction.
    ///
    /// # Errors
    /// [`StoreError`]: the intake must not be used again.
    pub fn take<D>(&mut self, work: Vec<Work<D>>) -> Result<Taken<D>, StoreError> {
        let mut taken = Taken {
            deliveries: Vec::with_capacity(work.len()),
            through: Vec::new(),
            told: Vec::new(),
        };
        let mut touched = BTreeSet::new();
        let mut commands = Vec::new();
        let mut marks = Vec::new();
        let mut tells: Vec<Tell> = Vec::new();
        let mut worlds = Vec::new();
        let mut distrusts = Vec::new();
        let now = self.clock.now();
        let mut batch = self.store.begin()?;
        for item in work {
            match item {
                Work::Event(admitted, delivery) => {
                    touched.insert((admitted.id.station.clone(), admitted.id.epoch));
                    let counting = record(
                        &mut batch,
                        &admitted,
                        &self.world.sites,
                        self.clock_tolerance_ms,
                        now,
                        &self.counters,
                    )?;
                    let station = admitted.id.station.as_str();
                    if let Some(look) = counting.filter(|look| !self.distrust.covers(station, look.known_at())) {
                        for change in self.correlator.apply(&look) {
                            taken.told.extend(batch.put_alert(change.alert(), &self.routing, now)?);
                        }
                    }
                    taken.deliveries.push(delivery);
                }
                Work::Refused(refused, delivery) => {
                    batch.quarantine(&refused, now)?;
                    taken.deliveries.push(delivery);
                }
                Work::Handle(command, reply) => {
                    let done = batch.handle(&command, &self.routing, now)?;
                    taken.told.extend(done.iter().cloned());
                    commands.push((reply, done));
                }
                Work::Outbox(each, reply) => {
                    for mark in each {
                        match mark {
                            OutboxMark::Done(position) => batch.outbox_done(position)?,
                            OutboxMark::Later(position, next) => batch.outbox_later(position, next)?,
                        }
                    }
                    marks.push(reply);
                }
                Work::Change(change) => tells.push((change.0)(&mut batch)?),
                Work::Ask(ask, reply) => {
                    let _ = reply.send(self.correlator.site_view(&ask));
                }
                Work::Replace(new, reply) => worlds.push((new, reply)),
                Work::Distrust(distrust, readers) => distrusts.push((distrust, readers)),
                Work::Tick => taken.told.extend(batch.end_acknowledgements(&self.routing, now)?),
            }
        }
        for (station, epoch) in touched {
            let seq = batch.advance(&station, epoch, now)?;
            if seq > 0 {
                taken.through.push(EventId { station, epoch, seq });
            }
        }
        batch.commit()?;
        for _ in &taken.told {
            self.counters.alert_changes.add();
        }
        // Whoever asked may have gone meanwhile; what was done stays done.
        for (reply, done) in commands {
            let _ = reply.send(done);
        }
        for reply in marks {
            let _ = reply.send(());
        }
        for tell in tells {
            tell();
        }
        for (new, reply) in worlds {
            let (saved, told) = self.replace(*new)?;
            taken.told.extend(told);
            let _ = reply.send(saved);
        }
        for (distrust, readers) in distrusts {
            taken.told.extend(self.distrust(distrust, &readers)?);
        }
        Ok(taken)
    }
}
