//! `run`: the correlator, its broker, the HTTP API and the page, until SIGTERM or SIGINT.

use std::path::PathBuf;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::{CliError, check_config};
use crate::{
    app::{self, Ready},
    logging,
};

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Runs. One line of JSON on standard output says when and where central can be reached.
///
/// # Errors
/// [`CliError::Usage`] for a configuration that cannot be used, [`CliError::Failed`] when central had to stop.
pub fn main(args: &Args) -> Result<(), CliError> {
    let loaded = check_config::load(&args.config)?;
    logging::start(&loaded.config);
    let failed = |problem: String| CliError::Failed(problem);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(format!("threads cannot be started: {error}")))?;
    let outcome = runtime.block_on(async {
        let (stop_out, stop) = watch::channel(false);
        let mut terminate = signal(SignalKind::terminate()).map_err(|error| failed(error.to_string()))?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| failed(error.to_string()))?;
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            stop_out.send_replace(true);
            // Kept, so that the receivers see a value and not a closed channel.
            std::future::pending::<()>().await;
            drop(stop_out);
        });
        app::run(loaded, stop, announce)
            .await
            .map_err(|error| failed(error.to_string()))
    });
    // Threads that still wait for a disk or a network must not hold the process.
    runtime.shutdown_background();
    outcome
}

fn announce(ready: &Ready) {
    tracing::info!(http = %ready.http, broker = ready.broker, looks = ready.looks, "ready");
    if let Ok(line) = serde_json::to_string(ready) {
        println!("{line}");
    }
}
