//! Filling an empty store with what another one had. Until it is whole no node begins by it.

use aws_lc_rs::digest::{SHA256, digest};
use tokio::sync::mpsc::Receiver;

use super::open::OpenStore;
use crate::directory::{DirectoryError, LiveDirectory, bar};
use crate::domain::UnixTime;
use crate::store::archive::{Contents, Record};
use crate::store::{
    Appended, Created, Generation, NotTheirs, Position, Redeemed, ShortLived, StoreError,
};

/// Why a store could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// Something is there.
    #[error("the store to write to has a directory already, of generation {0}; name an empty one")]
    NotEmpty(u64),
    /// There is nothing to write.
    #[error("there is no directory to take")]
    NothingThere,
    /// A store failed.
    #[error("a store failed, and the target is incomplete; empty it and repeat: {0}")]
    Store(#[from] StoreError),
    /// The directory can't be read back.
    #[error("the directory can't be read back, and the target may be wrong; empty it: {0}")]
    Directory(#[from] DirectoryError),
    /// Somebody wrote meanwhile.
    #[error("the target was changed meanwhile; stop every node, empty it and repeat")]
    Changed,
}

/// What becomes of browsers' sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BrowserSessions {
    Keep,
    Leave,
}

/// That nothing is in the store.
pub(super) async fn check_empty(to: &OpenStore) -> Result<(), PutError> {
    match to.log.head().await? {
        Position::START => Ok(()),
        head => Err(PutError::NotEmpty(head.generation)),
    }
}

/// Writes every record to an empty store, which is barred from then on; where its log ends then, which is
/// at `last`, and what was written.
pub(super) async fn put_everything(
    to: &OpenStore,
    (mut records, last): (Receiver<Record>, Generation),
    sessions: BrowserSessions,
    now: UnixTime,
) -> Result<(Position, Contents), PutError> {
    if last == 0 {
        return Err(PutError::NothingThere);
    }
    bar(&*to.log, last).await?;
    let mut filling = Filling {
        to,
        head: Position::START,
        contents: Contents::default(),
        now,
    };
    while let Some(record) = records.recv().await {
        if sessions == BrowserSessions::Leave
            && matches!(record, Record::ShortLived(ShortLived::Session(..)))
        {
            continue;
        }
        filling.put(record).await?;
    }
    if filling.head.generation != last {
        return Err(PutError::Changed);
    }
    Ok((filling.head, filling.contents))
}

struct Filling<'a> {
    to: &'a OpenStore,
    head: Position,
    contents: Contents,
    now: UnixTime,
}

impl Filling<'_> {
    async fn put(&mut self, record: Record) -> Result<(), PutError> {
        // Counted where it was not there: a walk through a store may come by a record twice.
        let is_new = match &record {
            Record::Change(entry) => {
                self.head = match self.to.log.append(self.head, &entry.change).await? {
                    Appended::Written(written) if written == entry.position() => written,
                    Appended::Written(_) | Appended::Conflict { .. } => {
                        return Err(PutError::Changed);
                    }
                };
                true
            }
            // The log says all that it says, and its place is taken.
            Record::Checkpoint(_) => true,
            Record::ShortLived(record) => self.put_short_lived(record).await?,
        };
        if is_new {
            self.contents.count(&record);
        }
        Ok(())
    }

    async fn put_short_lived(&self, record: &ShortLived) -> Result<bool, StoreError> {
        match record {
            ShortLived::Mark(what, keep_until) => {
                let redeemed = self.to.marks.redeem(what, *keep_until, self.now).await?;
                Ok(redeemed == Redeemed::First)
            }
            ShortLived::Logout(person, logout) => {
                self.to.sessions.end_all(person, *logout).await?;
                Ok(true)
            }
            ShortLived::Session(key, session) => {
                match self.to.sessions.create(key, session).await {
                    // One from before sessions had places.
                    Err(StoreError::Unavailable(cause)) if cause.is::<NotTheirs>() => Ok(false),
                    created => Ok(created? == Created::Kept),
                }
            }
        }
    }
}

/// SHA-256, hexadecimal, of the directory as a node of this store would have it.
pub(super) async fn digest_of(store: &OpenStore, now: UnixTime) -> Result<String, PutError> {
    let log = std::sync::Arc::clone(&store.log);
    let directory = LiveDirectory::open(log, store.partition, i64::MAX, now).await?;
    let snapshot = directory.snapshot(now)?;
    let bytes = serde_json::to_vec(snapshot.directory().as_ref()).unwrap_or_default();
    Ok(data_encoding::HEXLOWER.encode(digest(&SHA256, &bytes).as_ref()))
}
