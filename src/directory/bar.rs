//! A log that is filled from elsewhere is barred until it is whole.
//!
//! ```text
//! bar ── change, change, ... ── lift
//! ```
//! A node that found half of a log would decide by rules that were changed since, and would know nothing of
//! what was ended since. Nodes read the checkpoint first, so what bars them stands in its place: a filling
//! that breaks off, at whatever moment, leaves a log that no node begins by.

use super::format::Format;
use super::live::DirectoryError;
use super::replay::{Reader, unreadable};
use super::state::Directory;
use crate::store::{
    DirectoryLog, Generation, LogEntry, MAX_CHECKPOINT_BYTES, Position, StoreError,
};

/// Stands in the place of a checkpoint; no directory is written so.
const BAR: &[u8] = b"this log is being filled";

/// Bars an empty log that is to be filled up to `last`, or further.
///
/// # Errors
/// [`StoreError`]; it may be barred.
pub async fn bar(log: &dyn DirectoryLog, last: Generation) -> Result<(), StoreError> {
    log.save_checkpoint(last, BAR).await
}

/// That a log is not barred: nobody is filling it, and no filling of it broke off.
///
/// # Errors
/// [`DirectoryError::Barred`] where it is.
pub async fn check_whole(log: &dyn DirectoryLog) -> Result<(), DirectoryError> {
    unbarred(log.checkpoint().await?).map(drop)
}

/// The directory at the end of a barred log, and where that is.
///
/// # Errors
/// [`DirectoryError`]
pub async fn behind_bar(log: &dyn DirectoryLog) -> Result<(Position, Directory), DirectoryError> {
    let known = Format::NEWEST;
    Reader { log, known }.load_after(None).await
}

/// The log is whole, and nodes may begin by it: what its changes say takes the place of the bar.
///
/// # Errors
/// [`DirectoryError`]; it may still be barred.
pub async fn lift(log: &dyn DirectoryLog) -> Result<(), DirectoryError> {
    let (position, directory) = behind_bar(log).await?;
    let generation = position.generation;
    let mut directory =
        serde_json::to_vec(&directory).map_err(|source| unreadable(generation, source))?;
    if directory.len() > MAX_CHECKPOINT_BYTES {
        // Without one a start takes longer.
        directory.clear();
    }
    Ok(log.save_checkpoint(generation, &directory).await?)
}

/// The checkpoint to begin by; none where nothing stands in its place.
pub(super) fn unbarred(checkpoint: Option<LogEntry>) -> Result<Option<LogEntry>, DirectoryError> {
    match checkpoint {
        Some(checkpoint) if checkpoint.change == BAR => Err(DirectoryError::Barred),
        other => Ok(other.filter(|checkpoint| !checkpoint.change.is_empty())),
    }
}
