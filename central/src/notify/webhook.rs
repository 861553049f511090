//! Webhook: an HTTP POST of the notification. The only file that knows `ureq`.

use std::{sync::OnceLock, time::Duration};

use ureq::Agent;

/// How long a receiver may take, connection included.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Posts a notification; any answer of 200 to 299 takes it.
///
/// # Errors
/// Why it was not taken.
pub async fn post(url: String, key: String, body: String) -> Result<(), String> {
    tokio::task::spawn_blocking(move || {
        agent()
            .post(&url)
            .header("content-type", "application/json")
            .header("idempotency-key", &key)
            .send(body)
            .map(|_| ())
            .map_err(|error| error.to_string())
    })
    .await
    .map_err(|_| "try ended without an answer".to_owned())?
}

fn agent() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        Agent::config_builder()
            .timeout_global(Some(ANSWER_MAX))
            // A receiver that moved must be configured anew: alerts go nowhere that nobody wrote down.
            .max_redirects(0)
            .build()
            .into()
    })
}
