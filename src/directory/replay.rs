//! The directory by the log, read by who knows so much.

use std::sync::Arc;

use serde::Deserialize;

use super::change::ChangeSet;
use super::format::Format;
use super::live::DirectoryError;
use super::state::Directory;
use super::touched::Touched;
use crate::store::{DirectoryLog, Generation, LogEntry, Position, StoreError};

/// Entries read from the log at a time.
pub(super) const READ_LIMIT: usize = 256;

/// Reads a log.
pub(super) struct Reader<'a> {
    pub(super) log: &'a dyn DirectoryLog,
    /// The newest format that it may be written in.
    pub(super) known: Format,
}

/// What a checkpoint of any format says of it.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    format: Format,
}

impl Reader<'_> {
    /// The directory by a checkpoint and what came after it, or by the whole log.
    pub(super) async fn load_after(
        &self,
        checkpoint: Option<LogEntry>,
    ) -> Result<(Position, Directory), DirectoryError> {
        let (position, mut directory) = match checkpoint {
            None => (Position::START, Directory::default()),
            Some(checkpoint) => {
                let directory = self.open(&checkpoint)?;
                (self.position_at(checkpoint.generation).await?, directory)
            }
        };
        let (position, _) = self.replay_rest(&mut directory, position).await?;
        Ok((position, directory))
    }

    /// Its format first: what a newer one has besides, nobody here can read.
    fn open(&self, checkpoint: &LogEntry) -> Result<Directory, DirectoryError> {
        let unreadable = |source| unreadable(checkpoint.generation, source);
        let written: Written = serde_json::from_slice(&checkpoint.change).map_err(unreadable)?;
        self.known.check_reads(written.format)?;
        serde_json::from_slice(&checkpoint.change).map_err(unreadable)
    }

    /// Where a generation is in the log.
    async fn position_at(&self, generation: Generation) -> Result<Position, DirectoryError> {
        let entries = self.log.read_after(generation.saturating_sub(1), 1).await?;
        let entry = entries.first().ok_or_else(|| StoreError::Damaged {
            record: format!("directory log {generation}"),
        })?;
        Ok(entry.position())
    }

    /// Replays what comes after `position`; says where the log ends.
    pub(super) async fn replay_rest(
        &self,
        directory: &mut Directory,
        mut position: Position,
    ) -> Result<(Position, Touched), DirectoryError> {
        let mut touched = Touched::default();
        loop {
            let entries = self.log.read_after(position.generation, READ_LIMIT).await?;
            if entries.is_empty() {
                return Ok((position, touched));
            }
            let (next, by_these) = self.replay_all(directory, position, &entries)?;
            position = next;
            touched = touched.and(by_these);
        }
    }

    pub(super) fn replay_all(
        &self,
        directory: &mut Directory,
        mut position: Position,
        entries: &[LogEntry],
    ) -> Result<(Position, Touched), DirectoryError> {
        let mut touched = Touched::default();
        for entry in entries {
            touched = touched.and(self.replay(directory, entry)?);
            position = entry.position();
        }
        Ok((position, touched))
    }

    /// A change that makes a format the one that is used stands alone in its entry, so that nobody comes
    /// upon anything written in it before.
    fn replay(
        &self,
        directory: &mut Directory,
        entry: &LogEntry,
    ) -> Result<Touched, DirectoryError> {
        let set: ChangeSet = serde_json::from_slice(&entry.change)
            .map_err(|source| unreadable(entry.generation, source))?;
        let (after, touched) = directory.after(set.changes, entry.generation);
        self.known.check_reads(after.format)?;
        *directory = after;
        Ok(touched)
    }
}

pub(super) fn unreadable(generation: Generation, source: serde_json::Error) -> DirectoryError {
    DirectoryError::Unreadable {
        generation,
        source: Arc::new(source),
    }
}
