//! What is kept: one small trait a need, each implemented in memory, in one file and in Redis, and one
//! conformance suite (`tests/store`) that all of them pass.
//!
//! Every stored value is sealed under a key derived from the root key, with the record's name bound
//! in (decision 4). "Not there" is `Ok(None)`; a record that doesn't unseal or parse counts as not
//! there, is logged and removed, so that damage drops a session and never fails a request. Two kinds
//! of record are no session: a damaged entry of the directory's log is an error, and a damaged
//! one-time mark still marks, because it was made when its proof was used.

pub mod archive;
mod counted;
mod decisions;
mod details;
pub mod embedded;
mod families;
mod key_uses;
pub mod memory;
mod personal_roles;
mod records;
pub mod redis;
mod sealed;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

pub use counted::Counted;
pub use decisions::{
    DecisionLog, Heads, MAX_PAGE_BYTES, MAX_PAGE_MARKS, Page, PageHead, PageId, PageSize,
    PageWrite, PageWritten, Share, Stamp,
};
pub use details::{SessionDetails, TakenRole};
pub use families::{
    Begun, Ending, FamiliesOf, FamilyKey, RefreshFamilies, RefreshFamily, Rotated, Rotation,
    TokenDigest,
};
pub use key_uses::{KEY_USE_SECONDS, KeyUse, KeyUses, UsedKey};
pub use personal_roles::{
    MAX_FAVOURITES, MAX_RECENT, PERSONAL_ROLES_SECONDS, PersonalRoles, RecentRole, RolesChange,
    RolesChanged, RolesOfPerson,
};
pub use records::{
    BrowserSession, Logout, MAX_CHANGE_BYTES, MAX_CHECKPOINT_BYTES, MAX_RECORD_BYTES, NotTheirs,
    PersonKey, SessionKey, SessionPlace, SessionProof, TooLarge,
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

/// A place in the directory's log: how many changes led there, and which was the last.
///
/// A generation alone would not do: a store that fails over may have lost the last changes, and others
/// get their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// How many changes there were.
    pub generation: Generation,
    /// SHA-256 of the last; zeros where there was none.
    last: [u8; 32],
}

impl Position {
    /// Before the first change.
    pub const START: Self = Self {
        generation: 0,
        last: [0; 32],
    };

    /// The place after `change`, which is this generation.
    pub fn after(generation: Generation, change: &[u8]) -> Self {
        let mut last = [0; 32];
        last.copy_from_slice(digest(&SHA256, change).as_ref());
        Self { generation, last }
    }
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The change is durable and leads here.
    Written(Position),
    /// The head is another than the one that the change was made for; nothing was written.
    Conflict {
        /// The head found.
        head: Position,
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

impl LogEntry {
    /// The place after this change.
    pub fn position(&self) -> Position {
        Position::after(self.generation, &self.change)
    }
}

/// The directory's versioned log (decision 7).
#[async_trait]
pub trait DirectoryLog: Send + Sync {
    /// The end of the log. It moves on with every append; it moves back, or elsewhere, only where the
    /// store lost changes.
    async fn head(&self) -> Result<Position, StoreError>;

    /// Appends a change if the head is still `base`: all or nothing, durable before it answers.
    ///
    /// After [`StoreError::Unavailable`] the change may be there or come to be there: only the log
    /// tells.
    async fn append(&self, base: Position, change: &[u8]) -> Result<Appended, StoreError>;

    /// The entries after `after`, oldest first, at most `limit`; at least one where there is one.
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

    /// Waits until somebody else may have appended. A notice may be missing or for nothing: it saves
    /// time, and whoever must know looks at the head. A store of one process never says anything.
    async fn changed(&self) {
        std::future::pending::<()>().await;
    }
}

/// What became of a new session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is kept.
    Kept,
    /// The person has signed out at their provider since the proof was issued; nothing was kept.
    LoggedOut,
    /// The person has this session in that place, and it is not over; nothing was kept.
    Taken(SessionKey),
}

/// Browser sessions, and who has which.
///
/// A session can't slip past a logout: one that was there is ended, and one that is made at the same
/// time or later by a proof from before is refused. A store that does not do both in one step first keeps
/// the session and then looks whether the person is logged out.
///
/// A person has 256 places, and each holds one session: a session's name says which.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Keeps a new session until `session.ends_at`, unless the person is logged out, or its place is taken.
    ///
    /// A name that is not the person's is [`NotTheirs`], in [`StoreError::Unavailable`].
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

    /// Notes that credentials are taken in the session, for as long as it lives; `false` where there is none
    /// any more. Of a note and an end, one is first: either the end gives the session with the note, or
    /// the note finds none.
    async fn note_taken(&self, key: &SessionKey, taken: &TakenRole) -> Result<bool, StoreError>;

    /// Every session of a person that is not over at `now`, with its name, in any order. One that is made or
    /// ended meanwhile may be there or not.
    async fn sessions_of(
        &self,
        person: &PersonKey,
        now: UnixTime,
    ) -> Result<Vec<(SessionKey, BrowserSession)>, StoreError>;

    /// Ends the session at once; the session, where there was one.
    async fn end(&self, key: &SessionKey) -> Result<Option<BrowserSession>, StoreError>;

    /// Ends every session of a person at once, and lets none begin by a proof that was issued before;
    /// those that there were.
    async fn end_all(
        &self,
        person: &PersonKey,
        logout: Logout,
    ) -> Result<Vec<BrowserSession>, StoreError>;
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

/// What is kept for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Marks of what was used.
    Mark,
    /// That people signed out at their provider.
    Logout,
    /// Browsers' sessions.
    Session,
}

impl Kind {
    /// Every kind, in the order in which a store is filled: a session after what may end it.
    pub const ALL: [Self; 3] = [Self::Mark, Self::Logout, Self::Session];
}

/// A record that is over one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShortLived {
    /// A session and its name.
    Session(SessionKey, Box<BrowserSession>),
    /// That a person signed out.
    Logout(PersonKey, Logout),
    /// What was used, and until when that is remembered.
    Mark([u8; 32], UnixTime),
}

/// Nobody knows how long a damaged mark holds; none holds longer than this, in seconds: a token of 24
/// hours, with the difference that clocks may have.
pub const DAMAGED_MARK_SECONDS: i64 = 25 * 3600;

/// What a store keeps for a while, to be looked through or taken to another one.
#[async_trait]
pub trait Stock: Send + Sync {
    /// Sends every record of a kind that is not over at `now`, in any order. What is made meanwhile may be
    /// missing; a record may come twice.
    async fn take_stock(
        &self,
        kind: Kind,
        now: UnixTime,
        into: tokio::sync::mpsc::Sender<ShortLived>,
    ) -> Result<(), StoreError>;
}
