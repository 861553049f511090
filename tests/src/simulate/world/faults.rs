//! The faults, when they happen.

use quaywatch_edge::spool::simdisk::SimDisk;
use quaywatch_protocol::{ids::EventId, sign, topic};

use super::{Fault, HOUR_MS, Happens, MINUTE_MS, SECOND_MS, STATIONS, World};
use crate::simulate::{Broken, broker::Message, clock::Error, feed::SCENES_AN_HOUR_TIGHT, station::KEY_ID};

impl World<'_> {
    pub(super) fn fault(&mut self, fault: Fault) -> Result<(), Broken> {
        if self.healed {
            return Ok(());
        }
        let index = self.chance.whole([0, STATIONS as u32 - 1]) as usize;
        let now_ms = self.now_ms();
        self.trace(|| format!("fault {fault:?} (gs-{index})"));
        match fault {
            Fault::Cut => {
                let length_ms = self.chance.exponential(self.plan.cut_mean_min * MINUTE_MS as f64) as u64;
                if let Some(station) = self.stations.get_mut(index) {
                    station.cut_until_ms = now_ms + length_ms;
                }
                self.sometimes.saw("network cut");
            }
            Fault::BrokerDies => self.broker_dies(),
            Fault::StationDies => {
                let power = self.chance.yes(self.plan.power);
                self.sometimes
                    .saw(if power { "station lost power" } else { "station killed" });
                if self
                    .stations
                    .get(index)
                    .is_some_and(|station| station.process.is_some())
                {
                    self.died(index, power);
                }
            }
            Fault::MidWrite => {
                let good = self.chance.whole([0, 40]) as usize;
                self.on_disk(index, "station died in the middle of a write", |disk| {
                    disk.fail_any_after(good)
                });
            }
            Fault::SyncFails => {
                let good = self.chance.whole([0, 5]) as usize;
                self.on_disk(index, "flush failed", |disk| disk.fail_sync_after(good));
            }
            Fault::DiskFull => {
                if let Some(station) = self.stations.get(index) {
                    station.home.set_full(true);
                    self.sometimes.saw("station disk full");
                    let length_ms = self.between(MINUTE_MS, 2 * HOUR_MS);
                    self.agenda.after(length_ms, Happens::RoomAgain(index));
                }
            }
            Fault::Rot => {
                let (place, bits) = (self.chance.unit(), self.chance.whole([1, 255]) as u8);
                self.died(index, false);
                if let Some(station) = self.stations.get_mut(index)
                    && let Some(disk) = station.home.spool()
                {
                    disk.rot(place, bits);
                    station.tainted = true;
                    self.sometimes.saw("spool rotted");
                }
            }
            Fault::CopyTaken => {
                if let Some(station) = self.stations.get_mut(index) {
                    // A copy of a live file is no copy: it is taken while the process is down.
                    if station.process.is_none() {
                        station.old_copy = station.home.spool().map(|disk| disk.content());
                    } else {
                        self.died(index, false);
                        if let Some(station) = self.stations.get_mut(index) {
                            station.old_copy = station.home.spool().map(|disk| disk.content());
                        }
                    }
                }
            }
            Fault::PutBack => {
                if let Some(copy) = self.stations.get_mut(index).and_then(|station| station.old_copy.take()) {
                    self.died(index, false);
                    if let Some(station) = self.stations.get_mut(index) {
                        station.home.put_back(copy);
                        station.promised.lose_disk();
                        station.tainted = true;
                        self.sometimes.saw("old spool put back");
                    }
                }
            }
            Fault::ClockStep => {
                let (offset_ms, drift_ppm) = (
                    self.chance.between([-86.4e6, 86.4e6]) as i64,
                    self.chance.between([-200.0, 200.0]) as i64,
                );
                let is_dead = self.chance.yes(self.plan.clock_dead);
                if let Some(station) = self.stations.get_mut(index) {
                    station.error = Error {
                        offset_ms,
                        drift_ppm,
                        is_dead,
                    };
                    self.sometimes.saw(if is_dead { "clock dead" } else { "clock stepped" });
                }
            }
            Fault::CentralStep => {
                self.central.error.offset_ms = self.chance.between([-3.6e6, 3.6e6]) as i64;
                self.sometimes.saw("central clock stepped");
            }
            Fault::Hostile => self.hostile(index)?,
        }
        Ok(())
    }

    pub(super) fn on_disk(&mut self, index: usize, name: &'static str, harm: impl FnOnce(&SimDisk)) {
        if let Some(station) = self.stations.get(index).filter(|station| station.process.is_some())
            && let Some(disk) = station.home.spool()
        {
            harm(&disk);
            self.sometimes.saw(name);
        }
    }

    pub(super) fn broker_dies(&mut self) {
        self.broker.is_up = false;
        if self.plan.broker_forgets {
            self.sometimes
                .saw_many("broker killed with queue", self.broker.queue.len() as u64);
            self.broker.queue.clear();
        } else {
            self.sometimes
                .saw_many("broker kept its queue", self.broker.queue.len() as u64);
        }
        let connections = std::mem::take(&mut self.broker.connections);
        if self.plan.broker_silent {
            self.sometimes.saw("broker gone without a word");
        } else {
            for (connection, (index, _)) in connections {
                let delay_ms = self.between(1, 2 * SECOND_MS);
                self.agenda.after(delay_ms, Happens::Lost(index, connection));
            }
        }
        let away_ms = self.between(SECOND_MS, 10 * MINUTE_MS);
        self.agenda.after(away_ms, Happens::BrokerStarts);
    }

    /// A message by somebody who has no station's key.
    pub(super) fn hostile(&mut self, index: usize) -> Result<(), Broken> {
        let Some(station) = self.stations.get(index) else {
            return Ok(());
        };
        let topic = topic::event(&station.id).to_string();
        let heard = self
            .overheard
            .len()
            .checked_sub(1)
            .map(|last| self.chance.whole([0, last as u32]) as usize);
        let heard = heard.and_then(|at| self.overheard.get(at)).cloned();
        let message = match self.chance.whole([0, 4]) {
            0 => Message {
                topic,
                bytes: (0..self.chance.whole([0, 600]))
                    .map(|_| self.chance.whole([0, 255]) as u8)
                    .collect(),
            },
            // A station's own words again: they count once.
            1 => match heard {
                Some(message) => message,
                None => return Ok(()),
            },
            // Another station's words on this station's topic.
            2 => match heard {
                Some(message) => Message { topic, ..message },
                None => return Ok(()),
            },
            // Signed with a key of their own.
            3 => {
                let Some((_, _, forged)) = self
                    .feed
                    .scenes(self.options.seed ^ 0xdead, 1, 1, SCENES_AN_HOUR_TIGHT)
                    .into_iter()
                    .next()
                else {
                    return Ok(());
                };
                let Some(event) = forged.looks.first() else {
                    return Ok(());
                };
                let id = EventId {
                    station: station.id.clone(),
                    epoch: self.chance.whole([1, 3_000_000]),
                    seq: u64::from(self.chance.whole([1, 500])),
                };
                let key = sign::SigningKey::from_bytes(&[250; 32]);
                let sealed = sign::seal_event(&id, event, KEY_ID, &key);
                Message {
                    topic,
                    bytes: sealed
                        .map_err(|error| Broken::new("simulator", error.to_string()))?
                        .to_vec(),
                }
            }
            // A station's words with one bit changed.
            _ => match heard {
                Some(mut message) => {
                    let at = self.chance.whole([0, message.bytes.len().saturating_sub(1) as u32]) as usize;
                    if let Some(byte) = message.bytes.get_mut(at) {
                        *byte ^= 1 << self.chance.whole([0, 7]);
                    }
                    message
                }
                None => return Ok(()),
            },
        };
        self.at_central(message);
        Ok(())
    }
}
