//! What is kept: one small trait a need, each with an in-memory and an embedded implementation and
//! one conformance suite (`tests/store`) that all of them pass.
//!
//! Every stored value is sealed under a key derived from the root key, with the record's name bound
//! in (decision 4). "Not there" is `Ok(None)`; a record that doesn't unseal or parse counts as not
//! there, is logged and removed, so that damage drops a session and never fails a request. Two kinds
//! of record are no session: a damaged entry of the directory's log is an error, and a damaged
//! one-time mark still marks, because it was made when its proof was used.

pub mod embedded;
pub mod memory;
mod records;
mod sealed;

use async_trait::async_trait;

pub use records::{
    BrowserSession, Logout, MAX_CHANGE_BYTES, MAX_CHECKPOINT_BYTES, MAX_RECORD_BYTES, PersonKey,
    SessionKey, TooLarge,
};
pub use sealed::StoreSeal;

use crate::domain::UnixTime;

/// Why the store gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store can't be reached or written. Nothing was changed, or it is not known whether it
    /// was; whoever needs the answer refuses.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A record that must be there is damaged (the directory's log; never a session).
    #[error("the record {record} is damaged")]
    Damaged {
        /// The record's name.
        record: String,
    },
}

/// How many changes the directory has seen; 0 is the empty directory.
pub type Generation = u64;

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The change is durable and is this generation.
    Written(Generation),
    /// Somebody else was faster: the head is this generation and nothing was written.
    Conflict {
        /// The head found.
        head: Generation,
    },
}

/// One change of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Consecutive from 1.
    pub generation: Generation,
    /// The change, as it was appended.
    pub change: Vec<u8>,
}

/// The directory's versioned log (decision 7).
#[async_trait]
pub trait DirectoryLog: Send + Sync {
    /// The newest generation.
    async fn head(&self) -> Result<Generation, StoreError>;

    /// Appends a change if the head is still `base`: all or nothing, durable before it answers.
    async fn append(&self, base: Generation, change: &[u8]) -> Result<Appended, StoreError>;

    /// The entries after `after`, oldest first, at most `limit`.
    ///
    /// A gap, a damaged entry or an end before the head is [`StoreError::Damaged`].
    async fn read_after(
        &self,
        after: Generation,
        limit: usize,
    ) -> Result<Vec<LogEntry>, StoreError>;

    /// Keeps the whole directory as it was at `generation`, so that a start need not read the log
    /// from its beginning. The newest checkpoint wins; an older one is ignored.
    async fn save_checkpoint(
        &self,
        generation: Generation,
        directory: &[u8],
    ) -> Result<(), StoreError>;

    /// The newest checkpoint; `None` where it is damaged, because the log says all that it says.
    async fn checkpoint(&self) -> Result<Option<LogEntry>, StoreError>;
}

/// What became of a new session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is kept.
    Kept,
    /// The person has signed out at their provider since the proof was issued; nothing was kept.
    LoggedOut,
}

/// Browser sessions, and who has which.
///
/// A session can't slip past a logout: one that was there is ended, and one that is made at the same
/// time or later by a proof from before is refused. A store that keeps a person and a session apart
/// first puts the session's name to the person, then keeps the session, and then looks once more
/// whether the person is logged out.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Keeps a new session until `session.ends_at`, unless the person is logged out.
    async fn create(
        &self,
        key: &SessionKey,
        session: &BrowserSession,
    ) -> Result<Created, StoreError>;

    /// The session, unless it ended by `now` (idle or absolute limit).
    async fn find(
        &self,
        key: &SessionKey,
        now: UnixTime,
    ) -> Result<Option<BrowserSession>, StoreError>;

    /// Notes that the session was used at `now`; nothing happens where there is none.
    async fn touch(&self, key: &SessionKey, now: UnixTime) -> Result<(), StoreError>;

    /// Ends the session at once; `true` where there was one.
    async fn end(&self, key: &SessionKey) -> Result<bool, StoreError>;

    /// Ends every session of a person at once, and lets none begin by a proof that was issued before;
    /// how many there were.
    async fn end_all(&self, person: &PersonKey, logout: Logout) -> Result<usize, StoreError>;
}

/// Whether something that may be used once was used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redeemed {
    /// It had not been used before.
    First,
    /// It had been used already.
    Again,
}

/// Marks for what may be used once (decision 9).
#[async_trait]
pub trait OneTimeUse: Send + Sync {
    /// Marks `what` as used until `keep_until`, that second included: of all who ask, one is the
    /// first. Asked again with a later `keep_until`, the mark is kept until then.
    async fn redeem(
        &self,
        what: &[u8; 32],
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<Redeemed, StoreError>;

    /// Whether `what` is marked, without marking it.
    async fn is_redeemed(&self, what: &[u8; 32], now: UnixTime) -> Result<bool, StoreError>;
}
