//! What looks taught about empty zones, held back until the spool has accepted the looks.
//!
//! A reference that learns from a look which never becomes an event would learn from the same scene again after a restart: the scene
//! stays in its folder, and is looked at anew. So a [`Lesson`] is kept only after [`accept`](crate::spool::Spool::accept) returned. The other
//! way round, a station that dies between the two forgets one lesson, which costs nothing: a reference is knowledge, not evidence.

use crate::{
    look::{FolderReferences, StoreError},
    zones::{local::LocalZone, reference::Reference},
};

use super::processor::ReferenceCounts;

/// What one look taught.
#[derive(Debug)]
pub struct Lesson {
    /// The references of the look's site.
    pub stored: FolderReferences,
    /// What they become.
    pub learnt: Vec<(LocalZone, Reference)>,
}

impl Lesson {
    /// Writes it to the disk and counts what became of it.
    ///
    /// # Errors
    /// The file that cannot be written; it is counted, too.
    pub fn keep(mut self, counts: &mut ReferenceCounts) -> Result<(), StoreError> {
        let before = self.stored.refused;
        let outcome = self.stored.learn(&self.learnt);
        counts.refused += self.stored.refused - before;
        match outcome {
            Ok(learnt) => {
                counts.learnt += learnt;
                Ok(())
            }
            Err(error) => {
                counts.faults += 1;
                Err(error)
            }
        }
    }
}
