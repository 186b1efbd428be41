//! Backups of a store that is at hand, and stores made of them.
//!
//! ```text
//! archive ── read to its end ── an empty store ── everything of before is over, under another sealing key
//! ```
//! Between a backup and what is restored from it, sessions were ended and proofs used up that it knows
//! nothing of, and sealing keys were dropped. So everything that was issued before is over, unless whoever
//! restores says that nothing happened since. The sealing keys go with it: one that was dropped because
//! somebody else has it would come back, and open whatever they seal.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc::{Sender, channel};

use super::open::{OpenStore, Seals, StartError};
use super::put::{BrowserSessions, PutError, check_empty, digest_of, put_everything};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::directory::{ChangeSet, DirectoryError, behind_bar, check_whole, lift};
use crate::domain::{RequestId, UnixTime};
use crate::entropy::{Entropy, EntropyError, SystemEntropy, draw};
use crate::flows::{another_sealing_key, everything, write_archive};
use crate::store::archive::{
    ArchiveError, ArchiveReader, ArchiveSeal, ArchiveWriter, Contents, Record,
};
use crate::store::{Appended, StoreError};

/// Records that wait to be written.
const WAITING: usize = 256;
/// Pieces of an archive that wait to be written.
const PIECES: usize = 4;
/// Who changed the directory, as its log tells.
const AUTHOR: &str = "rolegate restore";

/// What becomes of what people and programs held when the backup was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhatWasHeld {
    /// It is over: sessions, credentials, and what providers had signed by now.
    Ends,
    /// It is as it was in the backup. Only where nothing was ended or used up since.
    Stays,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was begun.
    pub begun_at: UnixTime,
    /// How much there is.
    pub contents: Contents,
    /// SHA-256 of the directory, hexadecimal.
    pub digest: String,
}

/// Why no backup was made.
#[derive(Debug, thiserror::Error)]
pub enum BackUpError {
    /// The store can't be opened.
    #[error(transparent)]
    Open(#[from] StartError),
    /// The store has no whole directory.
    #[error("there is nothing whole to back up: {0}")]
    Directory(#[from] DirectoryError),
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    /// The file can't be written.
    #[error("the backup can't be written: {0}")]
    Io(#[from] std::io::Error),
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The store can't be opened.
    #[error(transparent)]
    Open(#[from] StartError),
    /// The backup can't be used.
    #[error("the backup can't be used: {0}")]
    Archive(#[from] ArchiveError),
    /// The store could not be filled.
    #[error(transparent)]
    Put(#[from] PutError),
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Writes a backup of a store.
///
/// # Errors
/// [`BackUpError`]; what was written is no backup.
pub async fn back_up(from: &Config, mut file: impl Write) -> Result<Contents, BackUpError> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let from = OpenStore::of(from, &entropy).await?;
    check_whole(&*from.log).await?;
    let archive = ArchiveWriter::new(from.archive.clone())?;
    let now = SystemClock.now();
    let (into, mut pieces) = channel::<Vec<u8>>(PIECES);
    let make = async {
        let made = write_archive((&*from.log, &*from.stock), archive, now, &into).await;
        drop(into);
        made
    };
    let write = async {
        while let Some(piece) = pieces.recv().await {
            file.write_all(&piece)?;
        }
        file.flush()
    };
    // A file that can't be written ends at once what would be written to it.
    let (contents, ()) =
        tokio::try_join!(async { make.await.map_err(BackUpError::from) }, async {
            write.await.map_err(BackUpError::from)
        })?;
    Ok(contents)
}

/// Reads a backup to its end; when it was begun, and what is in it.
///
/// # Errors
/// [`RestoreError`]
pub fn check(file: &Path, config: &Config) -> Result<(UnixTime, Contents), RestoreError> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    Ok(whole(file, Seals::of(config, &entropy)?.archive)?)
}

/// Fills the empty store of a configuration from a backup, which may be sealed under another root key,
/// that of `sealed_by`.
///
/// # Errors
/// [`RestoreError`]; a store that was written to must be emptied before it is tried again.
pub async fn restore(
    file: &Path,
    sealed_by: &Config,
    to: &Config,
    held: WhatWasHeld,
) -> Result<Restored, RestoreError> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let seal = Seals::of(sealed_by, &entropy)?.archive;
    // Before anything is made: a backup that does not open to its end restores nothing.
    let (begun_at, all) = whole(file, seal.clone())?;
    let to = OpenStore::of(to, &entropy).await?;
    check_empty(&to).await?;
    let now = SystemClock.now();
    let (into, records) = channel(WAITING);
    let path = file.to_owned();
    let reading = tokio::task::spawn_blocking(move || pass_on(&path, seal, &into));
    let sessions = match held {
        WhatWasHeld::Ends => BrowserSessions::Leave,
        WhatWasHeld::Stays => BrowserSessions::Keep,
    };
    let put = put_everything(&to, (records, all.generations), sessions, now).await;
    let read = reading.await.map_err(std::io::Error::other);
    read.map_err(ArchiveError::Io)??;
    let (_, contents) = put?;
    if held == WhatWasHeld::Ends {
        end_everything(&to, draw(entropy.as_ref())?, now).await?;
    }
    lift(&*to.log).await.map_err(PutError::from)?;
    Ok(Restored {
        begun_at,
        contents,
        digest: digest_of(&to, now).await?,
    })
}

/// Ends what was issued before, and drops the keys that it was sealed under.
async fn end_everything(
    to: &OpenStore,
    another_key: [u8; 32],
    now: UnixTime,
) -> Result<(), PutError> {
    let (position, directory) = behind_bar(&*to.log).await?;
    let generation = position.generation;
    let mut changes = everything(&directory.revocations, generation, now);
    let keys = &directory.sealing_keys;
    changes.extend(another_sealing_key(keys, another_key, now));
    let ending = ChangeSet {
        author: AUTHOR.to_owned(),
        at: now,
        request: RequestId::NIL,
        changes,
    };
    let ending = serde_json::to_vec(&ending).map_err(|source| DirectoryError::Unreadable {
        generation,
        source: source.into(),
    })?;
    match to.log.append(position, &ending).await? {
        Appended::Written(_) => Ok(()),
        Appended::Conflict { .. } => Err(PutError::Changed),
    }
}

/// When an archive was begun, and what is in it; read to its end.
fn whole(file: &Path, seal: ArchiveSeal) -> Result<(UnixTime, Contents), ArchiveError> {
    let mut archive = open(file, seal)?;
    while archive.next_record()?.is_some() {}
    archive.contents().ok_or(ArchiveError::Cut)
}

/// Passes on what is in an archive, until nobody takes it any more.
fn pass_on(file: &Path, seal: ArchiveSeal, into: &Sender<Record>) -> Result<(), ArchiveError> {
    let mut archive = open(file, seal)?;
    while let Some(record) = archive.next_record()? {
        if into.blocking_send(record).is_err() {
            break;
        }
    }
    Ok(())
}

fn open(file: &Path, seal: ArchiveSeal) -> Result<ArchiveReader<BufReader<File>>, ArchiveError> {
    let file = File::open(file).map_err(ArchiveError::Io)?;
    ArchiveReader::new(BufReader::new(file), seal)
}

#[cfg(test)]
mod tests;
