//! `run`: the agent.

use std::{path::PathBuf, sync::Arc};

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{Exit, check_config, complain};
use crate::{
    app::{self, detecting::Detecting},
    clock::SystemClock,
    config::Config,
};

/// Threads of the event loop: it only waits for the network; detection and the spool have threads of their own.
const EVENT_LOOP_THREADS: usize = 1;

/// Command line of `run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Configuration file (TOML); `check-config --explain` prints one with every key
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Runs the agent until SIGTERM or SIGINT.
pub(super) fn run(args: &Args) -> Exit {
    let config = match Config::read(&args.config) {
        Ok(config) => config,
        Err(faults) => {
            check_config::list(&args.config, &faults);
            return Exit::Usage;
        }
    };
    log(&config);
    let processor = match Detecting::new(&config, std::sync::Arc::new(crate::clock::SystemClock::new())) {
        Ok(processor) => processor,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    match work(config, processor) {
        Ok(()) => Exit::Done,
        Err(error) => {
            tracing::error!(error, "the agent ends");
            Exit::Failed
        }
    }
}

fn log(config: &Config) {
    // The filter was checked with the configuration.
    let filter = EnvFilter::try_new(&config.log_filter).unwrap_or_default();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if config.log_json {
        lines.json().init();
    } else {
        lines.with_ansi(false).init();
    }
}

fn work(config: Config, processor: Detecting) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(EVENT_LOOP_THREADS)
        .enable_all()
        .build()
        .map_err(|error| format!("no event loop: {error}"))?;
    let outcome = runtime.block_on(async {
        let no_signal = |error| format!("signals cannot be heard: {error}");
        let mut terminate = signal(SignalKind::terminate()).map_err(no_signal)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signal)?;
        let asked_to_stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let clock = Arc::new(SystemClock::new());
        app::run(config, Arc::new(processor), clock, asked_to_stop)
            .await
            .map_err(|error| error.to_string())
    });
    // A scene that was abandoned may still be at work on its thread: it is not waited for.
    runtime.shutdown_background();
    outcome
}
