//! Taking a gateway from one store to another.
//!
//! ```text
//! source ── log, change by change ──> target, which must be empty
//!        ── checkpoint ────────────>
//!        ── marks, logouts, sessions ─>
//! both heads and both directories must be the same at the end
//! ```
//! The target seals everything under its own root key.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use tokio::sync::mpsc::{Receiver, channel};

use super::open::{OpenStore, StartError};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::directory::{DirectoryError, LiveDirectory};
use crate::domain::UnixTime;
use crate::entropy::{Entropy, SystemEntropy};
use crate::store::{Appended, Created, Position, Redeemed, ShortLived, StoreError};

/// Changes read at a time.
const CHANGES: usize = 256;
/// Records that wait to be written.
const WAITING: usize = 256;

/// What was taken to the other store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// Changes of the directory.
    pub generations: u64,
    /// SHA-256 of the directory, hexadecimal: of both.
    pub digest: String,
    /// Marks of what was used.
    pub marks: usize,
    /// People who signed out at their provider.
    pub logouts: usize,
    /// Sessions of browsers.
    pub sessions: usize,
}

/// Why a gateway was not taken to another store.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A store can't be opened.
    #[error(transparent)]
    Open(#[from] StartError),
    /// Both are the same place, or one keeps nothing.
    #[error("{0}")]
    Places(&'static str),
    /// There is nothing to take.
    #[error("the store to migrate from has no directory")]
    NothingThere,
    /// Something is there.
    #[error(
        "the store to migrate to has a directory already, of generation {0}; name an empty one"
    )]
    NotEmpty(u64),
    /// A store failed.
    #[error("a store failed, and the target is incomplete; empty it and repeat: {0}")]
    Store(#[from] StoreError),
    /// The directory can't be read back.
    #[error("the directory can't be read back, and the target may be wrong; empty it: {0}")]
    Directory(#[from] DirectoryError),
    /// Somebody wrote meanwhile.
    #[error(
        "one of the stores was changed meanwhile; stop every node, empty the target and repeat"
    )]
    Changed,
}

/// Takes everything from the store of one configuration to that of another. Nodes must be stopped.
///
/// # Errors
/// [`MigrateError`]; the source is as it was.
pub async fn migrate(from: &Config, to: &Config) -> Result<Migrated, MigrateError> {
    if from.store == to.store {
        return Err(MigrateError::Places("both stores are the same"));
    }
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let from = OpenStore::of(from, &entropy).await?;
    let to = OpenStore::of(to, &entropy).await?;
    let now = SystemClock.now();
    let head = copy_log(&from, &to).await?;
    copy_checkpoint(&from, &to).await?;
    let mut migrated = copy_short_lived(&from, &to, now).await?;
    if from.log.head().await? != head || to.log.head().await? != head {
        return Err(MigrateError::Changed);
    }
    migrated.generations = head.generation;
    migrated.digest = digest_of(&from, now).await?;
    if digest_of(&to, now).await? != migrated.digest {
        return Err(MigrateError::Changed);
    }
    Ok(migrated)
}

async fn copy_log(from: &OpenStore, to: &OpenStore) -> Result<Position, MigrateError> {
    let found = to.log.head().await?;
    if found != Position::START {
        return Err(MigrateError::NotEmpty(found.generation));
    }
    let mut head = found;
    loop {
        let entries = from.log.read_after(head.generation, CHANGES).await?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            match to.log.append(head, &entry.change).await? {
                Appended::Written(written) => head = written,
                Appended::Conflict { .. } => return Err(MigrateError::Changed),
            }
        }
    }
    if head == Position::START {
        return Err(MigrateError::NothingThere);
    }
    Ok(head)
}

async fn copy_checkpoint(from: &OpenStore, to: &OpenStore) -> Result<(), MigrateError> {
    if let Some(kept) = from.log.checkpoint().await? {
        to.log
            .save_checkpoint(kept.generation, &kept.change)
            .await?;
    }
    Ok(())
}

async fn copy_short_lived(
    from: &OpenStore,
    to: &OpenStore,
    now: UnixTime,
) -> Result<Migrated, MigrateError> {
    let (into, records) = channel(WAITING);
    let (sent, written) = tokio::join!(
        from.stock.take_stock(now, into),
        write_short_lived(to, records, now)
    );
    let migrated = written?;
    sent?;
    Ok(migrated)
}

async fn write_short_lived(
    to: &OpenStore,
    mut records: Receiver<ShortLived>,
    now: UnixTime,
) -> Result<Migrated, MigrateError> {
    let mut migrated = Migrated {
        generations: 0,
        digest: String::new(),
        marks: 0,
        logouts: 0,
        sessions: 0,
    };
    while let Some(record) = records.recv().await {
        match record {
            ShortLived::Mark(what, keep_until) => {
                // A walk through a store may come by a record twice.
                let redeemed = to.marks.redeem(&what, keep_until, now).await?;
                migrated.marks += usize::from(redeemed == Redeemed::First);
            }
            ShortLived::Logout(person, logout) => {
                to.sessions.end_all(&person, logout).await?;
                migrated.logouts += 1;
            }
            ShortLived::Session(key, session) => {
                let created = to.sessions.create(&key, &session).await?;
                migrated.sessions += usize::from(created == Created::Kept);
            }
        }
    }
    Ok(migrated)
}

/// Of the directory as a node of this store would have it.
async fn digest_of(store: &OpenStore, now: UnixTime) -> Result<String, MigrateError> {
    let log = Arc::clone(&store.log);
    let directory = LiveDirectory::open(log, store.partition, i64::MAX, now).await?;
    let snapshot = directory.snapshot(now)?;
    let bytes = serde_json::to_vec(snapshot.directory().as_ref()).unwrap_or_default();
    Ok(data_encoding::HEXLOWER.encode(digest(&SHA256, &bytes).as_ref()))
}
