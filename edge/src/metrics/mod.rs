//! Counters: one for each thing that is refused, dropped, retried or done, under a name that stays.
//!
//! They count since the process began, are part of the health report ([`crate::health`]) and are logged with it.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $variant:ident => $name:literal,)+) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Counter {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Counter {
            /// All counters, in the order of the report.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in reports and logs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

counters! {
    /// Scenes processed and accepted into the spool.
    ScenesDone => "scenes_done",
    /// Scenes that could not be read, moved to quarantine.
    ScenesQuarantined => "scenes_quarantined",
    /// Scenes found again after they had been processed: put away without a second look.
    ScenesSeenAgain => "scenes_seen_again",
    /// Times the scenes folder could not be listed.
    FolderFaults => "folder_faults",
    /// Finished scenes moved out of the way that could not be moved.
    PutAwayFaults => "put_away_faults",
    /// Scenes deleted from `done/` or `quarantine/` by their retention limits.
    ScenesForgotten => "scenes_forgotten",
    /// Looks accepted into the spool.
    LooksAccepted => "looks_accepted",
    /// Looks that could not be put into wire form; each is a fault of this software or a site file.
    LooksRefused => "looks_refused",
    /// Chips accepted into the spool.
    ChipsAccepted => "chips_accepted",
    /// Chips larger than an event may be, left out.
    ChipsRefused => "chips_refused",
    /// References of empty zones that a look taught and that are on the disk.
    ReferencesLearnt => "references_learnt",
    /// References that were damaged or of another format and were set aside, or that did not belong to the picture and were begun anew.
    ReferencesAnew => "references_anew",
    /// References that were not begun, or not read, because the site has as many as it may.
    ReferencesRefused => "references_refused",
    /// Times references could not be read or written; the looks went out without.
    ReferenceFaults => "reference_faults",
    /// Looks dropped because the spool was full; each is inside a gap.
    LooksDropped => "looks_dropped",
    /// Chips dropped because the spool was full; each is inside a gap.
    ChipsDropped => "chips_dropped",
    /// Times nothing could be accepted because the spool was full of what may already have been sent.
    SpoolRefusals => "spool_refusals",
    /// Stored events that did not check out; each is a gap.
    EventsCorrupt => "events_corrupt",
    /// Spools that could not be opened and were set aside.
    SpoolsLost => "spools_lost",
    /// Events handed to the broker, resends included.
    EventsOffered => "events_offered",
    /// Events handed to the broker again.
    EventsResent => "events_resent",
    /// Events removed from the spool by an ack.
    EventsAcked => "events_acked",
    /// Acks that were believed.
    Acks => "acks",
    /// Messages on the ack topic that were no ack, not signed by central, or for somebody else.
    AcksRefused => "acks_refused",
    /// Acks for an epoch that is over, or that told nothing new.
    AcksStale => "acks_stale",
    /// Acks for events that this spool never made: it is an old copy of itself.
    AcksAhead => "acks_ahead",
    /// Connections to the broker that were made.
    Connects => "connects",
    /// Connections or attempts that ended.
    Disconnects => "disconnects",
    /// Times the window was sent again because no ack came.
    AckTimeouts => "ack_timeouts",
    /// Wall-clock steps.
    ClockSteps => "clock_steps",
    /// Health reports that could not be handed to the broker.
    HealthDropped => "health_dropped",
}

/// The counters of one agent.
#[derive(Debug, Default)]
pub struct Counters {
    values: [AtomicU64; Counter::ALL.len()],
}

impl Counters {
    /// Adds `count`.
    pub fn add(&self, counter: Counter, count: u64) {
        if let Some(value) = self.values.get(counter as usize) {
            value.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Adds one.
    pub fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// What it stands at.
    #[must_use]
    pub fn get(&self, counter: Counter) -> u64 {
        self.values
            .get(counter as usize)
            .map_or(0, |value| value.load(Ordering::Relaxed))
    }

    /// Names and values, in order.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Counter::ALL.iter().map(|counter| (counter.name(), self.get(*counter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_has_a_name_of_its_own_and_counts_alone() {
        let counters = Counters::default();
        counters.add(Counter::HealthDropped, 3);
        counters.count(Counter::ScenesDone);
        let told: Vec<_> = counters.all().filter(|(_, value)| *value > 0).collect();
        assert_eq!(told, [("scenes_done", 1), ("health_dropped", 3)]);
        let mut names: Vec<_> = counters.all().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Counter::ALL.len());
    }
}
