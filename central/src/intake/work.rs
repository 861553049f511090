//! What can wake the writer, and what it tells when it is done.

use std::sync::Arc;

use quaywatch_protocol::{contract::time::UnixMs, ids::EventId};
use tokio::sync::oneshot;

use crate::{
    correlate::view::{SiteAsk, SiteView},
    ingest::{admit::Admitted, distrust::Distrust},
    store::{
        Batch, StoreError,
        alerts::{Command, NotDone, Told},
        quarantine::Refused,
        read::Readers,
    },
    world::World,
};

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
