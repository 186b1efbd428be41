//! Taking a gateway from one store to another.
//!
//! ```text
//! source ── log, change by change ──> target, which must be empty
//!        ── marks, logouts, sessions ─>
//! both heads and both directories must be the same at the end
//! ```
//! The target seals everything under its own root key.

use std::sync::Arc;

use tokio::sync::mpsc::channel;

use super::open::{OpenStore, StartError};
use super::put::{BrowserSessions, PutError, check_empty, digest_of, put_everything};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::directory::{DirectoryError, check_whole, lift};
use crate::entropy::{Entropy, SystemEntropy};
use crate::store::StoreError;
use crate::store::archive::{Contents, take_everything};

/// Records that wait to be written.
const WAITING: usize = 256;

/// What was taken to the other store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// How much.
    pub contents: Contents,
    /// SHA-256 of the directory, hexadecimal: of both.
    pub digest: String,
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
    /// The source has no whole directory.
    #[error("there is nothing whole to migrate: {0}")]
    NotWhole(#[source] DirectoryError),
    /// The source failed.
    #[error("the store to migrate from failed, and the target is incomplete; empty it: {0}")]
    Source(#[from] StoreError),
    /// The target could not be filled.
    #[error(transparent)]
    Put(#[from] PutError),
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
    check_whole(&*from.log)
        .await
        .map_err(MigrateError::NotWhole)?;
    check_empty(&to).await?;
    let last = from.log.head().await?.generation;
    let (into, records) = channel(WAITING);
    let take = async {
        let taken = take_everything(&*from.log, &*from.stock, now, &into).await;
        drop(into);
        taken
    };
    let (taken, put) = tokio::join!(
        take,
        put_everything(&to, (records, last), BrowserSessions::Keep, now)
    );
    taken?;
    let (head, contents) = put?;
    if from.log.head().await? != head || to.log.head().await? != head {
        return Err(MigrateError::Changed);
    }
    lift(&*to.log).await.map_err(PutError::from)?;
    let digest = digest_of(&from, now).await?;
    if digest_of(&to, now).await? != digest {
        return Err(MigrateError::Changed);
    }
    Ok(Migrated { contents, digest })
}
