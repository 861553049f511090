//! The one writer: takes what was admitted, in batches, and does everything that follows from it in one transaction.
//!
//! ```text
//! event -> dedupe -> event row, gap, progress -> correlator -> alert rows, history, outbox -> COMMIT -> acks, PUBACKs
//! ```
//!
//! The correlator has taken a look in before its transaction commits. So when a commit fails, memory is ahead of the disk:
//! the error is fatal, the process stops, and the next start builds the correlator anew from what is stored (promise N9). The
//! acks leave only after the commit (promise N6).

use std::{collections::BTreeSet, sync::Arc};

use quaywatch_protocol::{
    contract::{convert, look::Look, time::UnixMs},
    event::Event,
    ids::EventId,
};
use tokio::sync::oneshot;

use crate::{
    alert::{Alert, AlertChange},
    clock::Clock,
    correlate::{
        SiteBook,
        view::{SiteAsk, SiteView},
    },
    ingest::{
        admit::{Admitted, Content, Refusal},
        distrust::Distrust,
    },
    metrics::Counters,
    notify::route::Routing,
    rules::Rules,
    sites::Sites,
    store::{
        Batch, Store, StoreError,
        alerts::{Command, NotDone, Told},
        events::{self, Outcome, Standing},
        quarantine::Refused,
        read::Readers,
    },
    world::World,
};

/// Inputs of one transaction: an fsync is shared by this many at most.
pub const BATCH_MAX: usize = 256;

/// What the writer needs of a correlator: pure, synchronous, and a function of the looks it was given.
pub trait Correlator: Send {
    /// Takes a look in, and tells which alerts are new or different.
    fn apply(&mut self, look: &Look) -> Vec<AlertChange>;
    /// All alerts as they are now.
    fn alerts(&self) -> Vec<Alert>;
    /// One that has seen nothing, for other sites and rules.
    #[must_use]
    fn anew(&self, sites: &Sites, rules: &Rules) -> Self
    where
        Self: Sized;
    /// What it knows of a site, for people to look at; `None` for one that it does not watch.
    fn site_view(&self, _ask: &SiteAsk) -> Option<SiteView> {
        None
    }
}

impl Correlator for crate::correlate::Engine {
    fn apply(&mut self, look: &Look) -> Vec<AlertChange> {
        Self::apply(self, look)
    }

    fn alerts(&self) -> Vec<Alert> {
        Self::alerts(self)
    }

    fn anew(&self, sites: &Sites, rules: &Rules) -> Self {
        Self::new(
            Arc::new(SiteBook::new(sites.iter().map(|file| &file.site))),
            rules.clone(),
        )
    }

    fn site_view(&self, ask: &SiteAsk) -> Option<SiteView> {
        Self::site_view(self, ask)
    }
}

/// What a person's change does inside the transaction.
pub type Doing = dyn FnOnce(&mut Batch<'_>) -> Result<Tell, StoreError> + Send;

/// A change of what people own: accounts, silences, marks. Gives what is to be told after the commit.
pub struct Change(pub Box<Doing>);

/// Tells whoever asked, once it is committed.
pub type Tell = Box<dyn FnOnce() + Send>;

impl std::fmt::Debug for Change {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Change(..)")
    }
}

/// Other rules or sites, to be saved and put in force.
#[derive(Debug)]
pub struct NewWorld {
    /// What is saved: `rules` or `site:ID`.
    pub subject: String,
    /// Revision that was looked at.
    pub seen: i64,
    /// By whom.
    pub by: String,
    /// Why.
    pub note: String,
    /// The text.
    pub text: String,
    /// All sites and rules, with it.
    pub world: World,
    /// Where looks are read from.
    pub readers: Arc<Readers>,
}

/// Everything that can wake the writer. `D` is whatever must be given back to the link after the commit.
#[derive(Debug)]
pub enum Work<D> {
    /// A message that counts.
    Event(Box<Admitted>, D),
    /// A message that does not, to be kept.
    Refused(Refused, D),
    /// A person's command.
    Handle(Command, oneshot::Sender<Result<Told, NotDone>>),
    /// What became of notifications.
    Outbox(Vec<OutboxMark>, oneshot::Sender<()>),
    /// A change of what people own.
    Change(Change),
    /// A question that the correlator answers.
    Ask(SiteAsk, oneshot::Sender<Option<SiteView>>),
    /// Other rules or sites: saved as this revision, or refused because this one is the newest. Put in force as well.
    Replace(Box<NewWorld>, oneshot::Sender<Result<i64, i64>>),
    /// Other times in which stations are not to be believed: the correlator is built anew without what was received then.
    Distrust(Arc<Distrust>, Arc<Readers>),
    /// Time has passed: acknowledgements may be over.
    Tick,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug)]
pub enum OutboxMark {
    /// Its sink has it, or it was given up.
    Done(i64),
    /// It failed; the next try is due then.
    Later(i64, UnixMs),
}

/// What a batch did, all of it committed.
#[derive(Debug)]
pub struct Taken<D> {
    /// To be given back to the link.
    pub deliveries: Vec<D>,
    /// Per station and epoch, the highest sequence number below which nothing is missing.
    pub through: Vec<EventId>,
    /// Alert changes, oldest first.
    pub told: Vec<Told>,
}

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

/// Gives a correlator every stored look of a watched site that counts.
fn feed<C: Correlator>(
    correlator: &mut C,
    readers: &Readers,
    sites: &Sites,
    distrust: &Distrust,
) -> Result<u64, StoreError> {
    readers.each_look(sites, distrust, |look| {
        if sites.get(&look.site).is_some() {
            correlator.apply(&look);
        }
    })
}

/// Stores an event once, and gives its look if the correlator is to have it.
fn record(
    batch: &mut Batch<'_>,
    admitted: &Admitted,
    sites: &Sites,
    clock_tolerance_ms: i64,
    now: UnixMs,
    counters: &Counters,
) -> Result<Option<Look>, StoreError> {
    let standing = events::standing(admitted, now, clock_tolerance_ms);
    let received = match batch.record(admitted, standing, now)? {
        Outcome::New(received) => received,
        Outcome::Duplicate => {
            counters.duplicates.add();
            return Ok(None);
        }
        Outcome::Conflict => {
            let refusal = Refusal::Conflict(admitted.id.clone());
            counters.refuse(&refusal);
            tracing::warn!(event = %admitted.id, "{refusal}");
            let topic = quaywatch_protocol::topic::event(&admitted.id.station);
            let refused = Refused::new(&topic, refusal.label(), refusal.to_string(), &admitted.envelope);
            batch.quarantine(&refused, now)?;
            return Ok(None);
        }
    };
    counters.stored.add();
    if standing != Standing::Counts {
        counters.stand_against(standing);
        tracing::warn!(event = %admitted.id, reason = standing.label(), "event is stored and does not count");
        return Ok(None);
    }
    let Content::Event(event) = &admitted.content else {
        return Ok(None);
    };
    let Event::Look(look) = event.as_ref() else {
        return Ok(None);
    };
    let Some(site) = sites.get(look.site.as_str()) else {
        counters.unknown_site.add();
        tracing::warn!(event = %admitted.id, site = %look.site, "look of a site that is not watched: stored, not correlated");
        return Ok(None);
    };
    counters.correlated.add();
    Ok(Some(convert::from_wire(
        &admitted.id,
        look,
        Some(&site.site),
        Some(received),
    )))
}
