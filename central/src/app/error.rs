//! Why central could not run, or had to stop.

use std::{net::SocketAddr, path::PathBuf};

use thiserror::Error;

use crate::{config::Config, store::StoreError};

/// Why central could not run, or had to stop.
#[derive(Debug, Error)]
pub enum AppError {
    /// The store.
    #[error("{file}: {error}")]
    Store {
        /// Database file.
        file: PathBuf,
        /// What happened.
        error: StoreError,
    },
    /// A port.
    #[error("cannot listen on {address} for {what}: {problem}")]
    Listen {
        /// Address.
        address: SocketAddr,
        /// For what.
        what: &'static str,
        /// What happened.
        problem: String,
    },
    /// Rules or a site that were saved in the console, and that this program cannot use.
    #[error(
        "revision {revision} of {subject}, saved by {by}, cannot be used: {problem}; change its file, whose content is then in force"
    )]
    Revision {
        /// Of what.
        subject: String,
        /// Which.
        revision: i64,
        /// Whose.
        by: String,
        /// What was wrong.
        problem: String,
    },
    /// TLS of the API.
    #[error("{0}")]
    Tls(String),
    /// A stage ended by itself.
    #[error("{0} ended: central stops, and recovers on its next start")]
    StageEnded(&'static str),
}

/// An error of the store, with the name of its file.
pub(super) fn store_error(config: &Config, error: StoreError) -> AppError {
    AppError::Store {
        file: config.store_file.clone(),
        error,
    }
}
