//! The gate between the link and the store: admits or refuses, holds each station to its rate, and holds floods of rubbish
//! away from the disk.

use std::sync::{Arc, PoisonError, RwLock};

use quaywatch_protocol::contract::time::UnixMs;

use super::{
    admit::{self, Admitted, Refusal},
    rate::{Bucket, Rates},
    registry::Registry,
};
use crate::{clock::Clock, metrics::Counters, store::quarantine::Refused};

/// Refused messages a second that are kept in the long run: enough to look at, too few to wear a disk.
const REFUSED_KEPT_PER_S: u32 = 10;
/// Refused messages kept at once.
const REFUSED_KEPT_BURST: u32 = 200;

/// The registry in force; replaced as a whole when its file changes.
#[derive(Debug, Default)]
pub struct RegistryInForce(RwLock<Arc<Registry>>);

impl RegistryInForce {
    /// Puts a registry in force.
    pub fn put(&self, registry: Registry) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(registry);
    }

    /// The one in force now.
    #[must_use]
    pub fn get(&self) -> Arc<Registry> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The gate.
pub struct Gate {
    registry: Arc<RegistryInForce>,
    rates: Rates,
    kept: Bucket,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
}

/// What the gate says of a message.
#[derive(Debug)]
pub enum Passage {
    /// It counts.
    Admitted(Box<Admitted>),
    /// It does not, and is kept in the quarantine.
    Refused(Refused),
    /// It does not, and is only counted.
    Dropped,
}

impl Gate {
    /// A gate for a registry, `per_s` events a second of each station, `burst` at once.
    #[must_use]
    pub fn new(
        registry: Arc<RegistryInForce>,
        (per_s, burst): (u32, u32),
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
    ) -> Self {
        let kept = Bucket::new(REFUSED_KEPT_PER_S, REFUSED_KEPT_BURST, clock.now());
        Self {
            registry,
            rates: Rates::new(per_s, burst),
            kept,
            clock,
            counters,
        }
    }

    /// The registry in force.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        self.registry.get()
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> UnixMs {
        self.clock.now()
    }

    /// Checks a message. The rate is taken from a station only by messages that it signed: others cannot use it up.
    pub fn pass(&mut self, topic: &str, bytes: &[u8]) -> Passage {
        self.counters.messages.add();
        let now = self.clock.now();
        let admitted = admit::admit(&self.registry.get(), topic, bytes).and_then(|admitted| {
            if self.rates.take(&admitted.id.station, now) {
                Ok(admitted)
            } else {
                Err(Refusal::TooMany(admitted.id.station))
            }
        });
        match admitted {
            Ok(admitted) => Passage::Admitted(Box::new(admitted)),
            Err(refusal) => self.refuse(&refusal, topic, bytes, now),
        }
    }

    fn refuse(&mut self, refusal: &Refusal, topic: &str, bytes: &[u8], now: UnixMs) -> Passage {
        self.counters.refuse(refusal);
        // What a station sent too fast comes again: nothing to keep.
        let comes_again = matches!(refusal, Refusal::TooMany(_));
        if comes_again || !self.kept.take(now) {
            self.counters.refused_not_kept.add();
            return Passage::Dropped;
        }
        tracing::warn!(
            reason = refusal.label(),
            length_bytes = bytes.len(),
            "message refused: {refusal}"
        );
        Passage::Refused(Refused::new(topic, refusal.label(), refusal.to_string(), bytes))
    }
}
