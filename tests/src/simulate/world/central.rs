//! Central: batches, deaths, acks.

use quaywatch_protocol::ids::EventId;

use super::{Happens, MINUTE_MS, SECOND_MS, World};
use crate::simulate::{Broken, broker::Message, central::Death};

impl World<'_> {
    pub(super) fn at_central(&mut self, message: Message) {
        if !self.central.is_up() || !self.broker.is_up {
            self.sometimes.saw("message for a dead central");
            return;
        }
        self.central.inbox.push_back(message);
        if !self.central_turn_entered {
            self.central_turn_entered = true;
            let delay_ms = self.between(1, 200);
            self.agenda.after(delay_ms, Happens::CentralTurn);
        }
    }

    pub(super) fn central_turn(&mut self) -> Result<(), Broken> {
        self.central_turn_entered = false;
        let deaths = [
            (Death::BeforeCommit, "central killed before its commit"),
            (Death::InCommit, "central died in its commit"),
            (Death::BeforeAcks, "central killed before its acks"),
        ];
        let mut death = None;
        for ((kind, name), share) in deaths.into_iter().zip(self.plan.central_dies) {
            if death.is_none() && self.central.is_up() && self.chance.yes(share) {
                self.sometimes.saw(name);
                death = Some(kind);
            }
        }
        let was_up = self.central.is_up();
        let Some(taken) = self.central.turn(death, &mut self.chance)? else {
            if was_up {
                self.trace(|| format!("central dies: {death:?}"));
                let away_ms =
                    self.chance
                        .exponential(self.plan.central_away_mean_min * MINUTE_MS as f64) as u64;
                self.agenda.after(away_ms.max(SECOND_MS), Happens::CentralStarts);
            }
            return Ok(());
        };
        self.sometimes.saw_many("hostile message refused", taken.refused);
        for (station, name) in taken.committed {
            if let Some(station) = self.stations.iter_mut().find(|known| known.id.as_str() == station) {
                station.promised.committed.insert(name);
            }
        }
        for (through, bytes) in taken.acks {
            self.send_ack(&through, &bytes);
        }
        if !self.central.inbox.is_empty() && !self.central_turn_entered {
            self.central_turn_entered = true;
            self.agenda.after(1, Happens::CentralTurn);
        }
        Ok(())
    }

    pub(super) fn send_ack(&mut self, through: &EventId, bytes: &[u8]) {
        let Some(index) = self.stations.iter().position(|station| station.id == through.station) else {
            return;
        };
        if let Some(station) = self.stations.get_mut(index) {
            station.promised.ack(through.epoch, through.seq);
        }
        if let Some(connection) = self.broker.subscribed(index).filter(|_| self.broker.is_up) {
            self.carry(Happens::AckAt(index, connection, bytes.to_vec()));
        }
    }

    pub(super) fn central_starts(&mut self) -> Result<(), Broken> {
        if self.central.is_up() {
            return Ok(());
        }
        self.central.start(self.feed)?;
        self.trace(|| "central starts".to_owned());
        // Promise N6: whatever was acknowledged is there.
        let progress = self
            .central
            .progress()
            .map_err(|error| Broken::new("N6", error.to_string()))?;
        for station in &self.stations {
            for (epoch, acked) in &station.promised.acked {
                let through = progress
                    .iter()
                    .find(|(id, of, _)| id == station.id.as_str() && of == epoch)
                    .map_or(0, |(_, _, through)| *through);
                if through < *acked {
                    return Err(Broken::new(
                        "N6",
                        format!(
                            "{} epoch {epoch}: acknowledged through {acked}, stored through {through}",
                            station.id
                        ),
                    ));
                }
            }
        }
        self.deliver_held();
        Ok(())
    }
}
