//! The word to stop, as every stage hears it.

use tokio::sync::watch;

/// Waits until a stop is asked for, or can no longer be asked for.
pub async fn requested(stop: &mut watch::Receiver<bool>) {
    // The value is of no use, and its guard must not live on.
    let _ = stop.wait_for(|stop| *stop).await.is_ok();
}
