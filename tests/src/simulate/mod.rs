//! A deterministic simulation of the whole product: stations, broker and central in one thread, on simulated time, disk and network.
//!
//! What runs is the real thing: the stations' spool ([`quaywatch_edge::spool`]) and the logic of their link
//! ([`quaywatch_edge::link::machine`]), central's gate, intake, store and correlator. What is simulated lies behind their seams: the
//! clocks, the disk under a spool, every message's way, the moments at which a process dies. Everything follows from one seed.
//!
//! A seed chooses which faults there are ([`plan`], by swarm: each seed leaves some out, so that one fault cannot hide behind another),
//! then [`world`] runs the scenes of some hours under them, ends the faults, waits until nothing is under way, and asks
//! [`check`] whether the promises held. [`witness`] stands outside the system and writes down what was promised to whom.
//! [`sometimes`] counts that each fault and each odd path really occurred.

pub mod agenda;
pub mod broker;
pub mod central;
pub mod check;
pub mod clock;
pub mod damage;
pub mod feed;
pub mod many;
pub mod plan;
pub mod sometimes;
pub mod station;
pub mod witness;
pub mod world;

use std::fmt;

use self::sometimes::Sometimes;

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Decides everything.
    pub seed: u64,
    /// Hours in which scenes arrive and faults happen.
    pub hours: u32,
    /// Tell every step on standard error.
    pub trace: bool,
}

/// A promise that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which promise: N1 to N9.
    pub promise: &'static str,
    /// What was seen.
    pub what: String,
}

impl Broken {
    /// A broken promise.
    pub fn new(promise: &'static str, what: impl Into<String>) -> Self {
        Self {
            promise,
            what: what.into(),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.promise, self.what)
    }
}

/// Runs one seed.
///
/// # Errors
/// The first promise that did not hold.
pub fn run(feed: &feed::Feed, options: Options) -> Result<Sometimes, Broken> {
    let mut world = world::World::new(feed, options)?;
    world.live_through()?;
    check::everything(&mut world)?;
    Ok(world.sometimes)
}
