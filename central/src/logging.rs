//! The log: one line an event on standard error, for people or as JSON.

use tracing_subscriber::EnvFilter;

use crate::config::Config;

/// Begins to log as configured. A second call changes nothing.
pub fn start(config: &Config) {
    let filter = EnvFilter::try_new(&config.log_filter).unwrap_or_default();
    let lines = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(filter);
    // Fails only where a subscriber is set already, as in tests.
    let _ = if config.log_json {
        lines.json().try_init()
    } else {
        lines.try_init()
    };
}
