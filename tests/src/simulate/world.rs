//! The loop: takes what happens next from the agenda and lets the machines answer.

mod broker;
mod central;
mod faults;
mod stations;

use super::{
    Broken, Options,
    agenda::Agenda,
    broker::{Broker, ConnectionId, Message},
    central::Central,
    clock::{Error, WallClock},
    feed::{Feed, SCENES_AN_HOUR, SCENES_AN_HOUR_TIGHT, START, Scene},
    plan::Plan,
    sometimes::Sometimes,
    station::Station,
};
use crate::feed::chance::Chance;

/// Stations of a simulation.
pub const STATIONS: usize = 3;
const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: f64 = 24.0 * HOUR_MS as f64;
/// After the faults ended, everything must have arrived within this.
pub const CONVERGES_WITHIN_MS: u64 = HOUR_MS;

/// What can happen.
#[derive(Clone, Debug)]
enum Happens {
    Scene(usize, Box<Scene>),
    Timer(usize, u64),
    Connected(usize, ConnectionId),
    Subscribed(usize, ConnectionId),
    Lost(usize, ConnectionId),
    AtBroker(ConnectionId, Message),
    AtCentral(Message),
    AckAt(usize, ConnectionId, Vec<u8>),
    CentralTurn,
    StationStarts(usize),
    CentralStarts,
    BrokerStarts,
    RoomAgain(usize),
    Fault(Fault),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Cut,
    BrokerDies,
    StationDies,
    MidWrite,
    SyncFails,
    DiskFull,
    Rot,
    PutBack,
    CopyTaken,
    ClockStep,
    CentralStep,
    Hostile,
}

/// Everything there is.
pub struct World<'a> {
    /// What all seeds share.
    pub feed: &'a Feed,
    options: Options,
    plan: Plan,
    chance: Chance,
    agenda: Agenda<Happens>,
    /// The stations.
    pub stations: Vec<Station>,
    /// The broker.
    pub broker: Broker,
    /// Central.
    pub central: Central,
    /// What occurred.
    pub sometimes: Sometimes,
    /// True once the faults have ended.
    healed: bool,
    central_turn_entered: bool,
    next_connection: ConnectionId,
    overheard: Vec<Message>,
}

impl<'a> World<'a> {
    /// The world of a seed, before anything happened.
    ///
    /// # Errors
    /// The file system.
    pub fn new(feed: &'a Feed, options: Options) -> Result<Self, Broken> {
        let failed = |what: String| Broken::new("simulator", what);
        let plan = Plan::of(options.seed);
        let stations: Vec<Station> = (0..STATIONS)
            .map(|number| Station::new(number, &plan))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let central = Central::new(feed, &stations, WallClock::default()).map_err(failed)?;
        Ok(Self {
            feed,
            options,
            chance: Chance::new(options.seed, &["simulate", "world"]),
            agenda: Agenda::default(),
            stations,
            broker: Broker {
                is_up: true,
                queue_max: plan.broker_queue_max,
                ..Broker::default()
            },
            central,
            sometimes: Sometimes::default(),
            healed: false,
            central_turn_entered: false,
            next_connection: 1,
            overheard: Vec::new(),
            plan,
        })
    }

    /// Runs the hours of faults, ends the faults, and runs until nothing is under way.
    ///
    /// # Errors
    /// A promise that did not hold on the way.
    pub fn live_through(&mut self) -> Result<(), Broken> {
        let an_hour = if self.plan.tight || self.plan.cramped {
            SCENES_AN_HOUR_TIGHT
        } else {
            SCENES_AN_HOUR
        };
        let scenes = self
            .feed
            .scenes(self.options.seed, self.options.hours, STATIONS, an_hour);
        for (at_ms, station, scene) in scenes {
            self.agenda.after(at_ms, Happens::Scene(station, Box::new(scene)));
        }
        self.enter_faults();
        for station in 0..STATIONS {
            let delay_ms = self.between(0, MINUTE_MS);
            self.agenda.after(delay_ms, Happens::StationStarts(station));
        }
        self.agenda.after(0, Happens::CentralStarts);
        let end_ms = u64::from(self.options.hours) * HOUR_MS;
        self.run_until(end_ms)?;
        self.heal()?;
        let late_ms = self.agenda.now_ms().max(end_ms) + CONVERGES_WITHIN_MS;
        while !self.is_quiet()? {
            let Some(what) = self.agenda.next(late_ms) else {
                return Err(Broken::new(
                    "N1",
                    format!("not converged an hour after the faults ended: {}", self.standing()),
                ));
            };
            self.happen(what)?;
        }
        Ok(())
    }

    /// The seed that decides everything.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.options.seed
    }

    /// True now and then: what is to be given twice.
    pub fn chance_of_a_repeat(&mut self) -> bool {
        self.chance.yes(0.2)
    }

    fn run_until(&mut self, until_ms: u64) -> Result<(), Broken> {
        while let Some(what) = self.agenda.next(until_ms) {
            self.happen(what)?;
        }
        Ok(())
    }

    fn enter_faults(&mut self) {
        let plan = self.plan.clone();
        let rates = [
            (Fault::Cut, plan.cuts_a_day),
            (Fault::BrokerDies, plan.broker_kills_a_day),
            (Fault::StationDies, plan.station_kills_a_day),
            (Fault::MidWrite, plan.mid_write_a_day),
            (Fault::SyncFails, plan.sync_fails_a_day),
            (Fault::DiskFull, plan.full_a_day),
            (Fault::Rot, plan.rot_a_day),
            (Fault::PutBack, plan.put_back_a_day),
            (Fault::CopyTaken, plan.put_back_a_day * 2.0),
            (Fault::ClockStep, plan.clock_steps_a_day),
            (Fault::CentralStep, plan.central_steps_a_day),
            (Fault::Hostile, plan.hostile_a_day),
        ];
        for (fault, a_day) in rates.into_iter().filter(|(_, a_day)| *a_day > 0.0) {
            let mut at = self.chance.exponential(DAY_MS / a_day);
            while at < f64::from(self.options.hours) * HOUR_MS as f64 {
                self.agenda.after(at as u64, Happens::Fault(fault));
                at += self.chance.exponential(DAY_MS / a_day);
            }
        }
    }

    /// Ends all faults: clocks right, disks with room, everything up, a network that loses nothing.
    fn heal(&mut self) -> Result<(), Broken> {
        self.healed = true;
        self.plan = Plan::calm();
        self.broker.queue_max = usize::MAX;
        self.broker.is_up = true;
        self.central.error = Error::default();
        for index in 0..STATIONS {
            if let Some(station) = self.stations.get_mut(index) {
                station.error = Error::default();
                station.cut_until_ms = 0;
                station.home.set_full(false);
            }
            self.agenda.after(0, Happens::StationStarts(index));
        }
        self.agenda.after(0, Happens::CentralStarts);
        Ok(())
    }

    fn is_quiet(&mut self) -> Result<bool, Broken> {
        if !self.central.is_up() || !self.central.inbox.is_empty() {
            return Ok(false);
        }
        for index in 0..STATIONS {
            let Some(station) = self.stations.get_mut(index) else {
                continue;
            };
            let Some(process) = &mut station.process else {
                return Ok(false);
            };
            let standing = process.spool.standing();
            let standing = standing.map_err(|error| Broken::new("N9", error.to_string()))?;
            if !station.folder.is_empty() || standing.usage.events > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn standing(&mut self) -> String {
        let mut text = format!(
            "central up {}, inbox {}",
            self.central.is_up(),
            self.central.inbox.len()
        );
        for station in &mut self.stations {
            let usage = station
                .process
                .as_mut()
                .map(|process| process.spool.standing().map(|standing| standing.usage));
            text += &format!("; {}: folder {}, {usage:?}", station.id, station.folder.len());
        }
        text
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.chance.between([low as f64, high as f64]) as u64
    }

    fn now_ms(&self) -> u64 {
        self.agenda.now_ms()
    }

    fn trace(&self, what: impl FnOnce() -> String) {
        if self.options.trace {
            eprintln!("{:>12.3} s  {}", self.now_ms() as f64 / 1_000.0, what());
        }
    }

    fn happen(&mut self, what: Happens) -> Result<(), Broken> {
        let now_ms = self.now_ms();
        self.central.clock().set(self.central.error.shows(START, now_ms));
        match what {
            Happens::Scene(index, scene) => {
                if let Some(station) = self.stations.get_mut(index) {
                    station.folder.push_back(*scene);
                }
                self.work(index)?;
            }
            Happens::Timer(index, timer) => {
                if self.stations.get(index).is_some_and(|station| station.timer == timer) {
                    self.act(index)?;
                }
            }
            Happens::Connected(index, connection) => self.connected(index, connection)?,
            Happens::Subscribed(index, connection) => self.subscribed(index, connection)?,
            Happens::Lost(index, connection) => self.connection_lost(index, connection)?,
            Happens::AtBroker(connection, message) => self.at_broker(connection, message),
            Happens::AtCentral(message) => self.at_central(message),
            Happens::AckAt(index, connection, bytes) => self.ack_at(index, connection, &bytes)?,
            Happens::CentralTurn => self.central_turn()?,
            Happens::StationStarts(index) => self.station_starts(index)?,
            Happens::CentralStarts => self.central_starts()?,
            Happens::BrokerStarts => {
                self.broker.is_up = true;
                self.deliver_held();
            }
            Happens::RoomAgain(index) => {
                if let Some(station) = self.stations.get(index) {
                    station.home.set_full(false);
                }
            }
            Happens::Fault(fault) => self.fault(fault)?,
        }
        Ok(())
    }
}
