//! The agent as a whole: its stages, connected here and nowhere else, supervised, and drained in order.
//!
//! ```text
//! scenes folder -> scenes (processor) -> spool -> link ==MQTT==> broker
//!                                          \-> report -/
//! ```
//!
//! The spool is the only thing between the stages, so each may stop or fail alone: nothing is in flight that is not on the disk.
//! When one stage ends with an error, all others are told to stop and the process ends: a supervisor (systemd) starts it
//! again, and the spool has everything. When asked to stop, scenes stop first (the one at work is given [`DRAIN_MS`]; abandoned,
//! it is done again at the next start), then the report, then the link says goodbye.

mod chips;
pub mod detecting;
mod hearing;
pub mod lessons;
pub mod processor;
pub mod report;
pub mod scenes;

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use data_encoding::HEXLOWER;
use quaywatch_protocol::{
    event::{Event, Started},
    ids::VersionName,
};
use thiserror::Error;
use tokio::{sync::watch, task::JoinHandle};

use self::{processor::Processor, report::Reporter, scenes::Scenes};
use crate::{
    clock::Clock,
    config::Config,
    health,
    link::drive::{self, Link, Signer},
    metrics::{Counter, Counters},
    spool::{Batch, DirHome, Opened, OpenedHow, Spool, SpoolError, SpoolHandle},
};

/// Time that the scene at work is given when the agent is asked to stop.
pub const DRAIN_MS: u64 = 10_000;
/// Time that each of the other stages is given.
const STAGE_STOP_MS: u64 = 5_000;
/// Version of the agent.
pub const SOFTWARE: &str = env!("CARGO_PKG_VERSION");

/// Why the agent ended.
#[derive(Debug, Error)]
pub enum AppError {
    /// The spool cannot go on.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// A stage ended without being asked to.
    #[error("{0} ended unexpectedly: see the log")]
    Stage(&'static str),
}

/// Runs the agent until `asked_to_stop` is ready.
///
/// # Errors
/// [`AppError`]: the process must end with a failure, and be started again.
pub async fn run(
    config: Config,
    processor: Arc<dyn Processor>,
    clock: Arc<dyn Clock>,
    asked_to_stop: impl Future<Output = ()>,
) -> Result<(), AppError> {
    let counters = Arc::new(Counters::default());
    let spool = open_spool(&config, clock.as_ref(), &counters, processor.as_ref())?;
    let last_scene = Arc::new(Mutex::new(None));
    let (stop_scenes, scenes_stop) = watch::channel(false);
    let (stop_report, report_stop) = watch::channel(false);
    let (stop_link, link_stop) = watch::channel(false);
    let (online, is_online) = watch::channel(false);
    let (report_out, report_in) = watch::channel(String::new());
    let station = config.station.as_str().to_owned();

    let reporter = Reporter {
        station: station.clone(),
        software: SOFTWARE,
        model: HEXLOWER.encode(&processor.model_sha256_head()),
        interval_s: config.health_interval_s,
        spool: spool.clone(),
        limits: config.spool,
        clock: Arc::clone(&clock),
        counters: Arc::clone(&counters),
        last_scene: Arc::clone(&last_scene),
        online: is_online,
        out: report_out,
    };
    let scenes = Scenes {
        config: config.scenes,
        chips_per_scene: config.chips_per_scene,
        processor,
        spool: spool.clone(),
        clock: Arc::clone(&clock),
        counters: Arc::clone(&counters),
        last_scene,
    };
    let link = Link {
        broker: config.broker,
        window_events: config.window_events,
        signer: Signer {
            key_id: config.key_id,
            key: config.key,
        },
        central: config.central,
        spool,
        clock,
        counters,
        random: Box::new(system_random),
        health: report_in,
        farewell: health::farewell(&station),
        online,
    };

    let runtime = tokio::runtime::Handle::current();
    let mut scenes = tokio::task::spawn_blocking(move || scenes::run(&scenes, scenes_stop, &runtime));
    let mut report = tokio::spawn(report::run(reporter, report_stop));
    let mut link = tokio::spawn(drive::run(link, link_stop));
    tracing::info!(station, version = SOFTWARE, "the agent is at work");

    let early = tokio::select! {
        () = asked_to_stop => None,
        outcome = &mut scenes => Some(ended("scenes", outcome)),
        outcome = &mut report => Some(ended("report", outcome)),
        outcome = &mut link => Some(ended("link", outcome)),
    };
    tracing::info!("stopping");
    let mut outcome = early.map_or(Ok(()), Err);
    for (name, stop, stage, wait_ms) in [
        ("scenes", stop_scenes, scenes, DRAIN_MS),
        ("report", stop_report, report, STAGE_STOP_MS),
        ("link", stop_link, link, STAGE_STOP_MS),
    ] {
        stop.send_replace(true);
        outcome = outcome.and(drained(name, stage, wait_ms).await);
    }
    outcome
}

type Stage = JoinHandle<Result<(), SpoolError>>;

/// A stage that ended before it was asked to.
fn ended(name: &'static str, outcome: Result<Result<(), SpoolError>, tokio::task::JoinError>) -> AppError {
    match outcome {
        Ok(Err(error)) => {
            tracing::error!(stage = name, %error, "stage failed");
            AppError::Spool(error)
        }
        Ok(Ok(())) | Err(_) => AppError::Stage(name),
    }
}

/// Waits for a stage that was asked to stop; one that takes too long is abandoned, which loses nothing.
async fn drained(name: &'static str, stage: Stage, wait_ms: u64) -> Result<(), AppError> {
    if stage.is_finished() {
        // Its outcome was taken when it ended.
        return Ok(());
    }
    match tokio::time::timeout(Duration::from_millis(wait_ms), stage).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(outcome) => Err(ended(name, outcome)),
        Err(_) => {
            tracing::warn!(
                stage = name,
                "did not stop in time and is abandoned: what it had not finished is done again"
            );
            Ok(())
        }
    }
}

/// Opens the spool, says how that went, and puts the first event of this run into it.
fn open_spool(
    config: &Config,
    clock: &dyn Clock,
    counters: &Counters,
    processor: &dyn Processor,
) -> Result<SpoolHandle, SpoolError> {
    let home = DirHome::new(&config.data)?;
    let began_ms = clock.monotonic_ms();
    let (mut spool, opened) = Spool::open(&home, &config.station, config.spool, clock.now())?;
    let standing = spool.standing()?;
    let took_ms = clock.monotonic_ms() - began_ms;
    tracing::info!(
        epoch = standing.epoch,
        last_seq = standing.last_seq,
        events = standing.usage.events,
        took_ms,
        "spool is open"
    );
    let Opened { how, corrupt } = opened;
    if let OpenedHow::Lost { set_aside, why } = how {
        counters.count(Counter::SpoolsLost);
        tracing::error!(
            why,
            ?set_aside,
            "the spool before this one is lost; a new epoch begins with a gap that says so"
        );
    }
    if corrupt > 0 {
        counters.add(Counter::EventsCorrupt, corrupt);
        tracing::error!(corrupt, "stored events did not check out and became gaps");
    }
    let software = VersionName::new(SOFTWARE).map_err(|error| SpoolError::BadBatch(error.to_string()))?;
    let started = Batch {
        events: vec![Event::Started(Started {
            software,
            model_sha256_head: processor.model_sha256_head(),
        })],
        ..Batch::default()
    };
    match spool.accept(&started, clock.now()) {
        Ok(_) => {}
        // Full of what may have been sent: the start is the least of what central should know.
        Err(error @ SpoolError::Full { .. }) => tracing::warn!(%error, "the start is not told"),
        Err(error) => return Err(error),
    }
    Ok(SpoolHandle::new(spool, Box::new(home)))
}

/// A number in `0.0..1.0` from the operating system; the middle when it has none to give: jitter is no secret.
fn system_random() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / (f64::from(u32::MAX) + 1.0))
}
