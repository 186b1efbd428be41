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
        let (position, directory) = match checkpoint {
            None => (Position::START, Directory::default()),
            Some(checkpoint) => {
                let directory = self.open(&checkpoint)?;
                (self.position_at(checkpoint.generation).await?, directory)
            }
        };
        let mut replayed = Replayed::none(position, directory);
        loop {
            let after = replayed.position.generation;
            let entries = self.log.read_after(after, READ_LIMIT).await?;
            if entries.is_empty() {
                return Ok((replayed.position, replayed.directory));
            }
            replayed = replayed.and(&entries, self.known)?;
        }
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
}

/// What entries of the log made of a directory.
pub(super) struct Replayed {
    /// Where the last of them is.
    pub(super) position: Position,
    pub(super) directory: Directory,
    /// What they were about.
    pub(super) touched: Touched,
}

impl Replayed {
    /// No entry after this position.
    pub(super) fn none(position: Position, directory: Directory) -> Self {
        Self {
            position,
            directory,
            touched: Touched::default(),
        }
    }

    /// The same after these entries, which may be written in no newer format than `known`.
    pub(super) fn and(
        mut self,
        entries: &[LogEntry],
        known: Format,
    ) -> Result<Self, DirectoryError> {
        for entry in entries {
            self = self.and_one(entry, known)?;
        }
        Ok(self)
    }

    /// A change that makes a format the one that is used stands alone in its entry, so that nobody comes
    /// upon anything written in it before.
    fn and_one(self, entry: &LogEntry, known: Format) -> Result<Self, DirectoryError> {
        let set: ChangeSet = serde_json::from_slice(&entry.change)
            .map_err(|source| unreadable(entry.generation, source))?;
        let (directory, touched) = self.directory.after(set.changes, entry.generation);
        known.check_reads(directory.format)?;
        Ok(Self {
            position: entry.position(),
            directory,
            touched: self.touched.and(touched),
        })
    }
}

pub(super) fn unreadable(generation: Generation, source: serde_json::Error) -> DirectoryError {
    DirectoryError::Unreadable {
        generation,
        source: Arc::new(source),
    }
}
