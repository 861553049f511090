//! People, sessions, tokens, the set-up link. Secrets come in and stay as hashes.

mod people;
mod sessions;
mod tokens;

pub use self::{
    people::{Login, PEOPLE_MAX, Person, PersonChange, SETUP_MS},
    sessions::{SEEN_EVERY_MS, SESSION_IDLE_MS, SESSION_MS, SESSIONS_MAX, SessionOf},
    tokens::{TOKENS_MAX, Token},
};
use super::{Batch, StoreError};

/// Why a change of accounts was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No such person or token.
    Unknown,
    /// The name is taken.
    Taken,
    /// Somebody was faster: the revision is this now.
    Changed(i64),
    /// There must be an admin who can come in.
    LastAdmin,
    /// As many as there may be.
    TooMany,
    /// The set-up link does not hold (any more), or there is a user already.
    NoSetup,
}

impl Batch<'_> {
    fn count(&self, sql: &str) -> Result<i64, StoreError> {
        Ok(self.transaction.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }
}
