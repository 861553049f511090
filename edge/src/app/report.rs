//! Health reports at an interval: logged, and handed to the link to be retained.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::watch;

use crate::{
    clock::{Clock, StepWatch},
    health::{self, ClockHealth, Health, LastScene, SpoolHealth},
    metrics::{Counter, Counters},
    spool::{Limits, SpoolError, SpoolHandle},
};

/// Interval at which the clock is watched for steps.
const CLOCK_WATCH_MS: u64 = 1_000;

/// The reporter's parts.
pub struct Reporter {
    /// Station id.
    pub station: String,
    /// Version of the agent.
    pub software: &'static str,
    /// Head of the model's SHA-256, hexadecimal.
    pub model: String,
    /// Interval of reports, seconds.
    pub interval_s: u32,
    /// The spool and what it may hold.
    pub spool: SpoolHandle,
    /// What it may hold.
    pub limits: Limits,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Counters.
    pub counters: Arc<Counters>,
    /// The newest scene.
    pub last_scene: Arc<Mutex<Option<LastScene>>>,
    /// True while connected.
    pub online: watch::Receiver<bool>,
    /// Where the newest report goes.
    pub out: watch::Sender<String>,
}

/// Reports until `stop` turns true: at the interval, and at once when the connection comes or a scene is done.
///
/// # Errors
/// Whatever ends the spool.
pub async fn run(mut reporter: Reporter, mut stop: watch::Receiver<bool>) -> Result<(), SpoolError> {
    let mut clock = ClockHealth {
        steps: 0,
        last_step_ms: None,
    };
    let mut steps = StepWatch::new(reporter.clock.as_ref());
    let began_ms = reporter.clock.monotonic_ms();
    let mut ticks = tokio::time::interval(Duration::from_millis(CLOCK_WATCH_MS));
    let mut due_ms = began_ms;
    let mut scenes_done = 0;
    loop {
        let mut changed = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
            _ = reporter.online.changed() => true,
            _ = ticks.tick() => false,
        };
        if let Some(step_ms) = steps.step_ms(reporter.clock.as_ref()) {
            reporter.counters.count(Counter::ClockSteps);
            tracing::warn!(step_ms, "the clock was set");
            clock.steps += 1;
            clock.last_step_ms = Some(step_ms);
            changed = true;
        }
        let done = reporter.counters.get(Counter::ScenesDone) + reporter.counters.get(Counter::ScenesQuarantined);
        changed |= done != scenes_done;
        scenes_done = done;
        let now_ms = reporter.clock.monotonic_ms();
        if changed || now_ms >= due_ms {
            let is_due = now_ms >= due_ms;
            if is_due {
                due_ms = now_ms + u64::from(reporter.interval_s) * 1_000;
            }
            reporter.report(clock, now_ms - began_ms, is_due).await?;
        }
    }
}

impl Reporter {
    async fn report(&self, clock: ClockHealth, up_ms: u64, log: bool) -> Result<(), SpoolError> {
        let standing = self.spool.call(|spool, _| spool.standing()).await?;
        let now = self.clock.now();
        let health = Health {
            station: self.station.clone(),
            state: "online",
            at: now,
            software: self.software,
            model: self.model.clone(),
            connected: *self.online.borrow(),
            up_s: up_ms / 1_000,
            spool: SpoolHealth::new(&standing, &self.limits, now),
            last_scene: self.last_scene.lock().ok().and_then(|last| last.clone()),
            clock,
            counters: health::counted(&self.counters),
        };
        let text = health.to_json();
        if log {
            tracing::info!(health = %text, "health");
        }
        self.out.send_replace(text);
        Ok(())
    }
}
