//! Brings the link's logic, the MQTT connection and the spool together; decides nothing itself.

use std::{sync::Arc, time::Duration};

use quaywatch_protocol::{
    envelope::{Header, Kind},
    ids::EventId,
    sign::{self, SigningKey},
};
use tokio::sync::watch;

use super::{
    acks::{self, CentralKey, Refusal},
    machine::{Action, Machine},
    mqtt::{Broker, Choked, Connection, Heard},
};
use crate::{
    clock::Clock,
    metrics::{Counter, Counters},
    spool::{AckOutcome, Offered, SpoolError, SpoolHandle},
};

/// Longest sleep between two looks at the state, whatever it says: a bound on the damage of a forgotten wake-up.
const SLEEP_MAX_MS: u64 = 60_000;

/// What signs a station's events.
pub struct Signer {
    /// Number of the key, which an envelope names.
    pub key_id: u16,
    /// The key.
    pub key: SigningKey,
}

/// Everything the link needs.
pub struct Link {
    /// Where the broker is.
    pub broker: Broker,
    /// Events on the way at once.
    pub window_events: usize,
    /// The station's key.
    pub signer: Signer,
    /// Keys of central.
    pub central: Vec<CentralKey>,
    /// The spool.
    pub spool: SpoolHandle,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Counters.
    pub counters: Arc<Counters>,
    /// Numbers in `0.0..1.0` for jitter.
    pub random: Box<dyn FnMut() -> f64 + Send>,
    /// Health reports to be retained, newest only.
    pub health: watch::Receiver<String>,
    /// State to be retained when the station leaves, and as its last will.
    pub farewell: String,
    /// True while connected, for the health report.
    pub online: watch::Sender<bool>,
}

struct Driver {
    link: Link,
    machine: Machine,
    connection: Option<Connection>,
    epoch: u32,
}

/// Runs the link until `stop` turns true.
///
/// # Errors
/// Whatever ends the spool; a broker that is away is no error.
pub async fn run(link: Link, mut stop: watch::Receiver<bool>) -> Result<(), SpoolError> {
    let standing = link.spool.call(|spool, _| spool.standing()).await?;
    let keep_alive_ms = u64::from(link.broker.keep_alive_s) * 1_000;
    let mut driver = Driver {
        machine: Machine::new(link.window_events, keep_alive_ms, standing.acked_through),
        epoch: standing.epoch,
        connection: None,
        link,
    };
    let mut health = driver.link.health.clone();
    let spool = driver.link.spool.clone();
    loop {
        let sleep_ms = driver.act().await?;
        tokio::select! {
            // Leaving goes first, then what the broker says: acks make room for everything else.
            biased;
            () = set(&mut stop) => break,
            heard = heard(&mut driver.connection) => driver.handle(heard).await?,
            Ok(()) = health.changed() => driver.publish_health(),
            () = spool.rung() => driver.machine.spooled(),
            () = tokio::time::sleep(Duration::from_millis(sleep_ms.min(SLEEP_MAX_MS))) => {}
        }
    }
    driver.link.online.send_replace(false);
    if let Some(connection) = driver.connection.take() {
        connection.close(&driver.link.farewell).await;
    }
    Ok(())
}

/// Waits until it is true, or its sender is gone.
async fn set(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn heard(connection: &mut Option<Connection>) -> Heard {
    match connection {
        Some(connection) => connection.heard().await,
        None => std::future::pending().await,
    }
}

impl Driver {
    fn now_ms(&self) -> u64 {
        self.link.clock.monotonic_ms()
    }

    /// Does what the machine asks for until it says to wait; returns for how long.
    async fn act(&mut self) -> Result<u64, SpoolError> {
        loop {
            let now_ms = self.now_ms();
            let timeouts = self.machine.ack_timeouts();
            let action = self.machine.next(now_ms, (self.link.random)());
            let newly = self.machine.ack_timeouts() - timeouts;
            self.link.counters.add(Counter::AckTimeouts, newly);
            if newly > 0 {
                tracing::warn!("no ack moved for a while: the window is sent again");
            }
            match action {
                Action::Wait(until_ms) => return Ok(until_ms.saturating_sub(now_ms).max(1)),
                Action::Connect => {
                    let station = self.link.spool.call(|spool, _| Ok(spool.station().clone())).await?;
                    let farewell = self.link.farewell.clone();
                    self.connection = Some(Connection::open(&self.link.broker, &station, farewell));
                }
                Action::Close(reason) => self.closed(reason),
                Action::Send {
                    after,
                    count,
                    again_through,
                } => self.send(after, count, again_through).await?,
            }
        }
    }

    async fn send(&mut self, after: u64, count: usize, again_through: u64) -> Result<(), SpoolError> {
        let now = self.link.clock.now();
        let (offered, station, epoch) = self
            .link
            .spool
            .call(move |spool, _| Ok((spool.offer(after, count, now)?, spool.station().clone(), spool.epoch())))
            .await?;
        let exhausted = offered.is_empty();
        let mut sent = Vec::with_capacity(offered.len());
        let mut choked = false;
        for event in offered {
            let id = EventId {
                station: station.clone(),
                epoch,
                seq: event.seq,
            };
            match self.publish(&id, &event)? {
                Ok(()) => sent.push(event.seq),
                Err(Choked) => {
                    choked = true;
                    break;
                }
            }
        }
        let again = sent.iter().filter(|seq| **seq <= again_through).count() as u64;
        self.link.counters.add(Counter::EventsOffered, sent.len() as u64);
        self.link.counters.add(Counter::EventsResent, again);
        self.machine.sent(self.now_ms(), sent, exhausted, choked);
        Ok(())
    }

    fn publish(&self, id: &EventId, event: &Offered) -> Result<Result<(), Choked>, SpoolError> {
        let header = Header {
            kind: Kind::Event,
            id: id.clone(),
            key_id: self.link.signer.key_id,
        };
        let sealed = sign::seal(&header, &event.payload, &self.link.signer.key)
            .map_err(|error| SpoolError::Inconsistent(format!("event {id} cannot be sealed: {error}")))?;
        Ok(match &self.connection {
            Some(connection) => connection.publish_event(&sealed),
            None => Err(Choked),
        })
    }

    async fn handle(&mut self, heard: Heard) -> Result<(), SpoolError> {
        let now_ms = self.now_ms();
        match heard {
            Heard::Connected => self.machine.connected(now_ms),
            Heard::Subscribed => {
                self.machine.subscribed(now_ms);
                self.link.counters.count(Counter::Connects);
                self.link.online.send_replace(true);
                tracing::info!(broker = ?self.link.broker, "connected");
                self.publish_health();
            }
            Heard::Ack(bytes) => {
                self.machine.heard(now_ms);
                self.ack(&bytes).await?;
            }
            Heard::Alive => self.machine.heard(now_ms),
            Heard::Drained => self.machine.drained(),
            Heard::Lost(reason) => {
                self.machine.lost(now_ms, (self.link.random)());
                self.closed(&reason);
            }
        }
        Ok(())
    }

    fn closed(&mut self, reason: &str) {
        self.connection = None;
        self.link.online.send_replace(false);
        self.link.counters.count(Counter::Disconnects);
        tracing::warn!(broker = ?self.link.broker, reason, "not connected; what is spooled waits");
    }

    async fn ack(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        let spool = self.link.spool.clone();
        let station = spool.call(|spool, _| Ok(spool.station().clone())).await?;
        let through = match acks::judge(bytes, &station, self.epoch, &self.link.central) {
            Ok(through) => through,
            Err(refusal) => {
                let counter = match refusal {
                    Refusal::OtherEpoch(_) => Counter::AcksStale,
                    Refusal::NotAnAck(_) | Refusal::OtherStation(_) => Counter::AcksRefused,
                };
                self.link.counters.count(counter);
                tracing::warn!(%refusal, "message on the ack topic is not believed");
                return Ok(());
            }
        };
        match spool.call(move |spool, _| spool.ack(through)).await? {
            AckOutcome::Removed(count) => {
                self.link.counters.count(Counter::Acks);
                self.link.counters.add(Counter::EventsAcked, count);
                self.machine.acked(self.now_ms(), through);
            }
            AckOutcome::Stale => self.link.counters.count(Counter::AcksStale),
            AckOutcome::Ahead => {
                self.link.counters.count(Counter::AcksAhead);
                let now = self.link.clock.now();
                self.epoch = spool
                    .call(move |spool, home| spool.renew_epoch(home, now).map(|()| spool.epoch()))
                    .await?;
                self.machine.renumbered();
                tracing::error!(
                    through,
                    new_epoch = self.epoch,
                    "central has events that this spool never made: the data folder is an old copy; a new epoch begins"
                );
            }
        }
        Ok(())
    }

    fn publish_health(&mut self) {
        let text = self.link.health.borrow().clone();
        if let Some(connection) = self
            .connection
            .as_ref()
            .filter(|_| self.machine.is_online() && !text.is_empty())
            && connection.publish_state(&text).is_err()
        {
            self.link.counters.count(Counter::HealthDropped);
        }
    }
}
