//! The plain window rule: per site and tumbling window of event time, an alert where the largest dock and rail readings pass
//! their bounds and any tanker was there.
//!
//! This is the rule that general stream engines are usually asked for, without baselines, calls or exposure. It is here because
//! a station or a cluster may want it as a first, cheap sieve, and because it can be compared with other engines event for
//! event (`deploy/bench correlator`).
//!
//! Windows are aligned to the Unix epoch. Each site has its own watermark: its newest event time less the lateness. An event
//! whose window ended at or before the watermark is late: counted, named to the caller, not applied. Because readings only
//! raise maxima, the alert is given at the moment the last of the three conditions is met, not when the window closes. With a
//! lateness not longer than a window, at most two windows of a site are open: the state is two slots a site, and each event
//! costs the same whatever came before.

/// Sites of one engine: 32-byte slots make 64 MB of it, the most that this rule may hold.
pub const SITES_MAX: u32 = 1_000_000;

/// What an event reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reading {
    /// A level of dock activity.
    Dock,
    /// A level of rail activity.
    Rail,
    /// A tanker was seen.
    Tanker,
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Event time, Unix milliseconds.
    pub at_ms: i64,
    /// Number of the site, from 0.
    pub site: u32,
    /// The level read.
    pub level: u32,
    /// What was read.
    pub reading: Reading,
}

/// The rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowRule {
    /// Length of a window, milliseconds.
    pub window_ms: i64,
    /// How late an event may be, milliseconds; at most a window.
    pub lateness_ms: i64,
    /// The dock level must be above this.
    pub dock_above: u32,
    /// The rail level must be above this.
    pub rail_above: u32,
}

/// What is wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Windows have a length.
    #[error("`window_ms` is {0}: expected 1 or more")]
    Window(i64),
    /// More than two windows would be open.
    #[error("`lateness_ms` is {lateness_ms}: expected 0 to {window_ms}, the length of a window")]
    Lateness {
        /// The lateness.
        lateness_ms: i64,
        /// The window.
        window_ms: i64,
    },
}

/// An alert: in this window of this site all three conditions were met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WindowAlert {
    /// Number of the site.
    pub site: u32,
    /// Start of the window, Unix milliseconds.
    pub start_ms: i64,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Applied, no alert.
    Quiet,
    /// Applied; it completed the three conditions of a window.
    Alert(WindowAlert),
    /// Its window had ended: not applied.
    Late,
    /// Its site's number is [`SITES_MAX`] or more: not applied.
    NoSuchSite,
}

/// Bits of [`Slot::met`].
const DOCK: u8 = 1;
const RAIL: u8 = 2;
const TANKER: u8 = 4;
const ALL: u8 = DOCK | RAIL | TANKER;

/// One open window: when it starts, which conditions it has met.
#[derive(Clone, Copy, Debug)]
struct Slot {
    start_ms: i64,
    met: u8,
}

/// A site: its newest event time, its newest window and the one before.
#[derive(Clone, Copy, Debug)]
struct SiteState {
    newest_ms: i64,
    newest: Slot,
    older: Slot,
}

const NEVER: i64 = i64::MIN / 2;
const NO_SLOT: Slot = Slot {
    start_ms: NEVER,
    met: 0,
};
const NEW_SITE: SiteState = SiteState {
    newest_ms: NEVER,
    newest: NO_SLOT,
    older: NO_SLOT,
};

/// The engine.
#[derive(Clone, Debug)]
pub struct WindowEngine {
    rule: WindowRule,
    sites: Vec<SiteState>,
    late: u64,
}

impl WindowEngine {
    /// An engine without state.
    ///
    /// # Errors
    /// A rule that cannot hold.
    pub const fn new(rule: WindowRule) -> Result<Self, RuleError> {
        if rule.window_ms < 1 {
            return Err(RuleError::Window(rule.window_ms));
        }
        if rule.lateness_ms < 0 || rule.lateness_ms > rule.window_ms {
            return Err(RuleError::Lateness {
                lateness_ms: rule.lateness_ms,
                window_ms: rule.window_ms,
            });
        }
        Ok(Self {
            rule,
            sites: Vec::new(),
            late: 0,
        })
    }

    /// Applies one event. Constant time; memory grows with the number of sites only.
    #[inline]
    pub fn apply(&mut self, event: &Event) -> Outcome {
        let rule = self.rule;
        let index = event.site as usize;
        if index >= self.sites.len() {
            if event.site >= SITES_MAX {
                return Outcome::NoSuchSite;
            }
            self.sites.resize(index + 1, NEW_SITE);
        }
        let Some(site) = self.sites.get_mut(index) else {
            return Outcome::NoSuchSite;
        };
        if event.at_ms >= site.newest.start_ms.saturating_add(rule.window_ms) {
            // The first event of a newer window: the window before it stays open for late ones.
            let start_ms = event.at_ms.saturating_sub(event.at_ms.rem_euclid(rule.window_ms));
            let is_next = start_ms == site.newest.start_ms.saturating_add(rule.window_ms);
            site.older = if is_next {
                site.newest
            } else {
                Slot {
                    start_ms: start_ms.saturating_sub(rule.window_ms),
                    met: 0,
                }
            };
            site.newest = Slot { start_ms, met: 0 };
        }
        site.newest_ms = site.newest_ms.max(event.at_ms);
        let slot = if event.at_ms >= site.newest.start_ms {
            &mut site.newest
        } else if event.at_ms >= site.older.start_ms
            && site.older.start_ms.saturating_add(rule.window_ms) > site.newest_ms.saturating_sub(rule.lateness_ms)
        {
            &mut site.older
        } else {
            self.late += 1;
            return Outcome::Late;
        };
        let bit = match event.reading {
            Reading::Dock => u8::from(event.level > rule.dock_above) * DOCK,
            Reading::Rail => u8::from(event.level > rule.rail_above) * RAIL,
            Reading::Tanker => u8::from(event.level > 0) * TANKER,
        };
        let before = slot.met;
        slot.met |= bit;
        if slot.met == ALL && before != ALL {
            return Outcome::Alert(WindowAlert {
                site: event.site,
                start_ms: slot.start_ms,
            });
        }
        Outcome::Quiet
    }

    /// Events that came too late, so far.
    #[must_use]
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// Sites with state.
    #[must_use]
    pub const fn sites(&self) -> usize {
        self.sites.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: WindowRule = WindowRule {
        window_ms: 300_000,
        lateness_ms: 10_000,
        dock_above: 30,
        rail_above: 20,
    };

    fn event(at_ms: i64, reading: Reading, level: u32) -> Event {
        Event {
            at_ms,
            site: 3,
            level,
            reading,
        }
    }

    fn alerts(events: &[Event]) -> Vec<WindowAlert> {
        let mut engine = WindowEngine::new(RULE).unwrap();
        let outcomes = events.iter().map(|event| engine.apply(event));
        outcomes
            .filter_map(|outcome| {
                if let Outcome::Alert(alert) = outcome {
                    Some(alert)
                } else {
                    None
                }
            })
            .collect()
    }

    #[test]
    fn the_last_condition_raises_the_alert_once() {
        let events = [
            event(300_000, Reading::Dock, 31),
            event(300_010, Reading::Tanker, 1),
            event(300_020, Reading::Rail, 21),
            event(300_030, Reading::Rail, 22),
        ];
        let expected = WindowAlert {
            site: 3,
            start_ms: 300_000,
        };
        assert_eq!(alerts(&events), [expected]);
        assert!(alerts(&events[..2]).is_empty());
    }

    #[test]
    fn bounds_are_exclusive_and_windows_do_not_mix() {
        assert!(
            alerts(&[
                event(0, Reading::Dock, 30),
                event(1, Reading::Tanker, 1),
                event(2, Reading::Rail, 21)
            ])
            .is_empty()
        );
        assert!(
            alerts(&[
                event(299_999, Reading::Dock, 31),
                event(300_000, Reading::Tanker, 1),
                event(300_001, Reading::Rail, 21)
            ])
            .is_empty()
        );
    }

    #[test]
    fn an_event_late_by_less_than_the_lateness_still_alerts_and_a_later_one_is_counted() {
        let late_by = |ms: i64| {
            let mut engine = WindowEngine::new(RULE).unwrap();
            engine.apply(&event(299_000, Reading::Dock, 31));
            engine.apply(&event(299_100, Reading::Rail, 21));
            engine.apply(&event(300_000 + ms, Reading::Dock, 1));
            (engine.apply(&event(299_999, Reading::Tanker, 1)), engine.late())
        };
        assert!(matches!(late_by(9_999), (Outcome::Alert(_), 0)));
        assert_eq!(late_by(10_000), (Outcome::Late, 1));
    }

    #[test]
    fn a_site_far_ahead_does_not_make_another_late() {
        let mut engine = WindowEngine::new(RULE).unwrap();
        engine.apply(&Event {
            site: 9,
            ..event(i64::MAX - 5, Reading::Dock, 40)
        });
        assert_eq!(engine.apply(&event(5, Reading::Dock, 40)), Outcome::Quiet);
    }

    #[test]
    fn a_rule_that_cannot_hold_is_refused() {
        let rule = WindowRule {
            lateness_ms: 300_001,
            ..RULE
        };
        assert!(
            WindowEngine::new(rule)
                .unwrap_err()
                .to_string()
                .contains("expected 0 to 300000")
        );
        assert!(WindowEngine::new(WindowRule { window_ms: 0, ..RULE }).is_err());
    }

    #[test]
    fn a_site_number_beyond_the_limit_takes_no_memory() {
        let mut engine = WindowEngine::new(RULE).unwrap();
        let outcome = engine.apply(&Event {
            site: SITES_MAX,
            ..event(0, Reading::Dock, 1)
        });
        assert_eq!((outcome, engine.sites()), (Outcome::NoSuchSite, 0));
    }
}
