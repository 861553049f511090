//! The spool as the asynchronous parts of the agent hold it: one at a time, off the event loop, with a bell.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::{Home, Spool, SpoolError};

struct Inside {
    spool: Spool,
    home: Box<dyn Home + Send>,
}

/// A shared spool; clones are the same one.
#[derive(Clone)]
pub struct SpoolHandle {
    inside: Arc<Mutex<Inside>>,
    bell: Arc<Notify>,
}

impl SpoolHandle {
    /// Shares `spool`, which lives in `home`.
    #[must_use]
    pub fn new(spool: Spool, home: Box<dyn Home + Send>) -> Self {
        Self {
            inside: Arc::new(Mutex::new(Inside { spool, home })),
            bell: Arc::new(Notify::new()),
        }
    }

    /// Does something with the spool on this thread: for threads that may block.
    ///
    /// # Errors
    /// What `work` returns; [`SpoolError::Broken`] when an earlier user of the spool panicked.
    pub fn with<T>(&self, work: impl FnOnce(&mut Spool, &dyn Home) -> Result<T, SpoolError>) -> Result<T, SpoolError> {
        let mut inside = self.inside.lock().map_err(|_| SpoolError::Broken)?;
        let Inside { spool, home } = &mut *inside;
        work(spool, home.as_ref())
    }

    /// Does something with the spool on a thread that may block.
    ///
    /// # Errors
    /// As [`SpoolHandle::with`].
    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Spool, &dyn Home) -> Result<T, SpoolError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let handle = self.clone();
        tokio::task::spawn_blocking(move || handle.with(work))
            .await
            .unwrap_or(Err(SpoolError::Broken))
    }

    /// Tells the link that there is something new.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Waits for [`SpoolHandle::ring`]; one ring is kept.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }
}
