//! The stations: scenes into spools, events onto the network, acks back.

use quaywatch_edge::{
    link::{acks, machine::Action},
    spool::{AckOutcome, OpenedHow, SpoolError},
};
use quaywatch_protocol::topic;

use super::{Happens, MINUTE_MS, SECOND_MS, World};
use crate::simulate::{
    Broken,
    broker::{ConnectionId, Message},
    feed::START,
    station::central_keys,
};

impl World<'_> {
    pub(super) fn station_starts(&mut self, index: usize) -> Result<(), Broken> {
        let now_ms = self.now_ms();
        let Some(station) = self.stations.get_mut(index) else {
            return Ok(());
        };
        if station.process.is_some() {
            return Ok(());
        }
        let wall = station.error.shows(START, now_ms);
        match station.start(now_ms, wall) {
            Ok(opened) => {
                let how = match &opened.how {
                    OpenedHow::Fresh => "spool begun",
                    OpenedHow::Found => "spool found again",
                    OpenedHow::Lost { .. } => {
                        station.promised.lose_disk();
                        "spool set aside"
                    }
                };
                self.sometimes.saw(how);
                self.sometimes.saw_many("record found corrupt", opened.corrupt);
                self.trace(|| format!("gs-{index} starts: {opened:?}"));
                self.work(index)?;
                self.act(index)
            }
            Err(error) => {
                if matches!(error, SpoolError::DeadClock(_)) {
                    self.sometimes.saw("epoch refused by a dead clock");
                }
                self.trace(|| format!("gs-{index} cannot start: {error}"));
                self.died(index, false);
                Ok(())
            }
        }
    }

    /// The process is gone; the power too, when said so.
    pub(super) fn died(&mut self, index: usize, power: bool) {
        let away_ms = if self.healed {
            SECOND_MS
        } else {
            self.between(SECOND_MS, 3 * MINUTE_MS)
        };
        let Some(station) = self.stations.get_mut(index) else {
            return;
        };
        let connection = station.process.take().and_then(|process| process.connection);
        let chance = &mut self.chance;
        let survives = chance.unit();
        let mut coin = || chance.yes(survives);
        station
            .home
            .crash(power.then_some(&mut coin as &mut dyn FnMut() -> bool));
        if let Some(connection) = connection {
            self.broker.connections.remove(&connection);
        }
        self.agenda.after(away_ms, Happens::StationStarts(index));
    }

    pub(super) fn failed(&mut self, index: usize, error: &SpoolError) {
        self.trace(|| format!("gs-{index} stops: {error}"));
        // What a failed flush had written may or may not be there.
        let power = self.chance.yes(0.5);
        self.died(index, power);
    }

    /// Works on the scenes in the folder, as the agent does.
    pub(super) fn work(&mut self, index: usize) -> Result<(), Broken> {
        let now_ms = self.now_ms();
        loop {
            let Some(station) = self.stations.get_mut(index) else {
                return Ok(());
            };
            let wall = station.error.shows(START, now_ms);
            let (Some(process), Some(scene)) = (&mut station.process, station.folder.front()) else {
                return Ok(());
            };
            let names: Vec<_> = scene.names().collect();
            let known = match process.spool.scene(&scene.name) {
                Ok(known) => known,
                Err(error) => {
                    self.failed(index, &error);
                    return Ok(());
                }
            };
            if known.is_some() {
                self.sometimes.saw("scene known from before the crash");
            } else {
                station.promised.tried.extend(names.iter().cloned());
                match process.spool.accept(&scene.batch(wall), wall) {
                    Ok(accepted) => {
                        self.sometimes.saw_many("look dropped for room", accepted.looks_dropped);
                        self.sometimes.saw_many("chip dropped for room", accepted.chips_dropped);
                        process.machine.spooled();
                    }
                    Err(SpoolError::Full { .. }) => {
                        self.sometimes.saw("spool full");
                        return Ok(());
                    }
                    Err(error) => {
                        self.failed(index, &error);
                        return Ok(());
                    }
                }
            }
            station.promised.accepted.extend(names);
            let usage = process.spool.standing().map(|standing| standing.usage);
            let usage = usage.map_err(|error| Broken::new("N9", error.to_string()))?;
            if usage.events > station.limits.events_max || usage.bytes > station.limits.bytes_max {
                return Err(Broken::new(
                    "N7",
                    format!("spool of gs-{index} beyond its limit: {usage:?}"),
                ));
            }
            if known.is_none() && self.chance.yes(self.plan.before_put_away) {
                self.sometimes.saw("station died before it put the scene away");
                self.died(index, false);
                return Ok(());
            }
            station.folder.pop_front();
            self.act(index)?;
        }
    }

    /// Lets the link's logic act until it waits.
    pub(super) fn act(&mut self, index: usize) -> Result<(), Broken> {
        loop {
            let now_ms = self.now_ms();
            let random = self.chance.unit();
            let Some(station) = self.stations.get_mut(index) else {
                return Ok(());
            };
            let is_cut = station.cut_until_ms > now_ms;
            let Some(process) = &mut station.process else {
                return Ok(());
            };
            let mono_ms = process.monotonic_ms(now_ms);
            let is_heard = process
                .connection
                .is_some_and(|id| self.broker.connections.contains_key(&id));
            if is_heard && !is_cut && self.broker.is_up {
                // Keep-alives are answered.
                process.machine.heard(mono_ms);
            }
            let timeouts = process.machine.ack_timeouts();
            let action = process.machine.next(mono_ms, random);
            self.sometimes
                .saw_many("window sent again", process.machine.ack_timeouts() - timeouts);
            match action {
                Action::Wait(until_ms) => {
                    station.timer += 1;
                    let delay_ms = until_ms.saturating_sub(mono_ms).max(1);
                    self.agenda.after(delay_ms, Happens::Timer(index, station.timer));
                    return Ok(());
                }
                Action::Connect => {
                    let connection = self.next_connection;
                    self.next_connection += 1;
                    process.connection = Some(connection);
                    let delay_ms = self.between(20, 800);
                    if self.broker.is_up && !is_cut {
                        self.agenda.after(delay_ms, Happens::Connected(index, connection));
                    } else if self.chance.yes(0.5) {
                        self.agenda.after(delay_ms, Happens::Lost(index, connection));
                    }
                }
                Action::Close(reason) => {
                    if let Some(connection) = process.connection.take() {
                        self.broker.connections.remove(&connection);
                    }
                    self.sometimes.saw(reason);
                }
                Action::Send {
                    after,
                    count,
                    again_through,
                } => self.send(index, after, count, again_through)?,
            }
        }
    }

    pub(super) fn send(&mut self, index: usize, after: u64, count: usize, again_through: u64) -> Result<(), Broken> {
        let now_ms = self.now_ms();
        let Some(station) = self.stations.get_mut(index) else {
            return Ok(());
        };
        let wall = station.error.shows(START, now_ms);
        let Some(process) = &mut station.process else {
            return Ok(());
        };
        let offered = match process.spool.offer(after, count, wall) {
            Ok(offered) => offered,
            Err(error) => {
                self.failed(index, &error);
                return Ok(());
            }
        };
        if offered.len() > count {
            return Err(Broken::new(
                "N7",
                format!("gs-{index} was handed {} events, {count} asked for", offered.len()),
            ));
        }
        let mono_ms = process.monotonic_ms(now_ms);
        process.machine.sent(
            mono_ms,
            offered.iter().map(|event| event.seq),
            offered.is_empty(),
            false,
        );
        let again = offered.iter().filter(|event| event.seq <= again_through).count();
        self.sometimes.saw_many("event sent again", again as u64);
        let (epoch, connection) = (process.spool.epoch(), process.connection);
        let is_cut = station.cut_until_ms > now_ms;
        let topic = topic::event(&station.id).to_string();
        for event in offered {
            let Some(station) = self.stations.get_mut(index) else {
                continue;
            };
            let bytes = station.seal(epoch, event.seq, &event.payload);
            let bytes = bytes.map_err(|error| Broken::new("N1", format!("event cannot be sealed: {error}")))?;
            let message = Message {
                topic: topic.clone(),
                bytes,
            };
            if is_cut {
                self.sometimes.saw("message cut off");
                continue;
            }
            if let Some(connection) = connection {
                self.carry(Happens::AtBroker(connection, message));
            }
        }
        Ok(())
    }

    /// Puts a message on its way, with whatever the network does to it.
    pub(super) fn carry(&mut self, arrival: Happens) {
        if self.chance.yes(self.plan.loss) {
            self.sometimes.saw("message lost");
            return;
        }
        let delay_ms = self.between(10, 400);
        if self.chance.yes(self.plan.double) {
            self.sometimes.saw("message doubled");
            let later_ms = self.between(10, 20 * SECOND_MS);
            self.agenda.after(later_ms, arrival.clone());
        }
        let delay_ms = if self.chance.yes(self.plan.overtaken) {
            self.sometimes.saw("message overtaken");
            self.between(SECOND_MS, 10 * MINUTE_MS)
        } else {
            delay_ms
        };
        self.agenda.after(delay_ms, arrival);
    }

    pub(super) fn connected(&mut self, index: usize, connection: ConnectionId) -> Result<(), Broken> {
        if !self.broker.is_up || !self.is_reachable(index, connection) {
            return Ok(());
        }
        let now_ms = self.now_ms();
        self.broker.connections.insert(connection, (index, false));
        if let Some(process) = self
            .stations
            .get_mut(index)
            .and_then(|station| station.process.as_mut())
        {
            let mono_ms = process.monotonic_ms(now_ms);
            process.machine.connected(mono_ms);
        }
        let delay_ms = self.between(10, 400);
        self.agenda.after(delay_ms, Happens::Subscribed(index, connection));
        self.act(index)
    }

    pub(super) fn subscribed(&mut self, index: usize, connection: ConnectionId) -> Result<(), Broken> {
        if !self.is_reachable(index, connection) {
            return Ok(());
        }
        let now_ms = self.now_ms();
        match self.broker.connections.get_mut(&connection) {
            Some((_, is_subscribed)) => *is_subscribed = true,
            None => return Ok(()),
        }
        if let Some(process) = self
            .stations
            .get_mut(index)
            .and_then(|station| station.process.as_mut())
        {
            let mono_ms = process.monotonic_ms(now_ms);
            process.machine.subscribed(mono_ms);
        }
        self.act(index)
    }

    /// True when the station still believes in this connection and its network is not cut.
    pub(super) fn is_reachable(&self, index: usize, connection: ConnectionId) -> bool {
        self.stations.get(index).is_some_and(|station| {
            station.cut_until_ms <= self.now_ms()
                && station
                    .process
                    .as_ref()
                    .is_some_and(|process| process.connection == Some(connection))
        })
    }

    pub(super) fn connection_lost(&mut self, index: usize, connection: ConnectionId) -> Result<(), Broken> {
        let (now_ms, random) = (self.now_ms(), self.chance.unit());
        self.broker.connections.remove(&connection);
        let Some(process) = self
            .stations
            .get_mut(index)
            .and_then(|station| station.process.as_mut())
        else {
            return Ok(());
        };
        if process.connection == Some(connection) {
            process.connection = None;
            let mono_ms = process.monotonic_ms(now_ms);
            process.machine.lost(mono_ms, random);
            self.act(index)?;
        }
        Ok(())
    }

    pub(super) fn ack_at(&mut self, index: usize, connection: ConnectionId, bytes: &[u8]) -> Result<(), Broken> {
        if !self.is_reachable(index, connection) {
            return Ok(());
        }
        let now_ms = self.now_ms();
        let keys = central_keys(&self.central.key);
        let Some(station) = self.stations.get_mut(index) else {
            return Ok(());
        };
        let wall = station.error.shows(START, now_ms);
        let Some(process) = &mut station.process else {
            return Ok(());
        };
        let mono_ms = process.monotonic_ms(now_ms);
        process.machine.heard(mono_ms);
        let through = match acks::judge(bytes, &station.id, process.spool.epoch(), &keys) {
            Ok(through) => through,
            Err(acks::Refusal::OtherEpoch(_)) => {
                self.sometimes.saw("ack of another epoch");
                return Ok(());
            }
            Err(refusal) => return Err(Broken::new("N6", format!("central's ack was refused: {refusal}"))),
        };
        let outcome = match process.spool.ack(through) {
            Ok(AckOutcome::Removed(_)) => {
                process.machine.acked(mono_ms, through);
                Ok(())
            }
            Ok(AckOutcome::Stale) => Ok(()),
            Ok(AckOutcome::Ahead) => {
                self.sometimes.saw("ack ahead of the spool");
                process
                    .spool
                    .renew_epoch(&station.home, wall)
                    .map(|()| process.machine.renumbered())
            }
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            if matches!(error, SpoolError::DeadClock(_)) {
                self.sometimes.saw("epoch refused by a dead clock");
            }
            self.failed(index, &error);
            return Ok(());
        }
        self.work(index)?;
        self.act(index)
    }
}
