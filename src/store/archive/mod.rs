//! A backup: everything that a store keeps, in one file that only the root key opens.
//!
//! ```text
//! archive = "rolegate backup 1\n" | id (16) | frame, frame, ... the last one
//! frame   = length (4, big endian) | seal("archive", id, number of the frame; record)
//! ```
//! Each frame opens in its own archive and place only, and the last says how much came before it: an
//! archive that was cut, put together of two or changed does not open to its end.

mod read;
mod write;

use std::fmt;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Sender, channel};

pub use read::{ArchiveError, ArchiveReader};
pub use write::{ArchiveSeal, ArchiveWriter};

use super::{
    BrowserSession, DirectoryLog, Generation, Kind, LogEntry, Logout, PersonKey, SessionKey,
    ShortLived, Stock, StoreError,
};
use crate::domain::UnixTime;

/// What an archive begins with.
const MAGIC: &[u8; 18] = b"rolegate backup 1\n";
/// The purpose of the sealing key under the root key, and what frames are sealed for.
const PURPOSE: &str = "archive";
/// A frame has so many bytes at most: a checkpoint, and what is around it.
const MAX_FRAME_BYTES: usize = super::MAX_CHECKPOINT_BYTES + 64;

/// Changes read at a time.
const CHANGES: usize = 256;
/// Records that wait for whoever takes them.
const WAITING: usize = 256;

/// Everything that a store keeps is one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A change of the directory.
    Change(LogEntry),
    /// The directory as it was.
    Checkpoint(LogEntry),
    /// What is over one day.
    ShortLived(ShortLived),
}

/// How much there is of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contents {
    /// Changes of the directory.
    pub generations: Generation,
    /// Marks of what was used.
    pub marks: u64,
    /// People who signed out at their provider.
    pub logouts: u64,
    /// Sessions of browsers.
    pub sessions: u64,
}

impl Contents {
    /// Counts a record.
    pub const fn count(&mut self, record: &Record) {
        match record {
            Record::Change(entry) => self.generations = entry.generation,
            Record::Checkpoint(_) => {}
            Record::ShortLived(ShortLived::Mark(..)) => self.marks += 1,
            Record::ShortLived(ShortLived::Logout(..)) => self.logouts += 1,
            Record::ShortLived(ShortLived::Session(..)) => self.sessions += 1,
        }
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            generations,
            marks,
            logouts,
            sessions,
        } = self;
        write!(
            f,
            "{generations} changes, {marks} marks, {logouts} logouts and {sessions} sessions"
        )
    }
}

/// A record as it stands in an archive. New kinds come last: their place is their number.
#[derive(Debug, Serialize, Deserialize)]
enum Frame {
    Change(Generation, Vec<u8>),
    Checkpoint(Generation, Vec<u8>),
    Mark([u8; 32], UnixTime),
    Logout(PersonKey, Logout),
    Session(SessionKey, Box<BrowserSession>),
    /// The last one: when the archive was begun, and what is in it.
    End(UnixTime, Contents),
}

/// Sends everything that a store keeps: the directory's changes, oldest first, its checkpoint, then what
/// is not over at `now`. What is made meanwhile may be missing.
///
/// # Errors
/// [`StoreError`]; what was sent until then is not all.
pub async fn take_everything(
    log: &dyn DirectoryLog,
    stock: &dyn Stock,
    now: UnixTime,
    into: &Sender<Record>,
) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let entries = log.read_after(after, CHANGES).await?;
        let Some(last) = entries.last() else { break };
        after = last.generation;
        for entry in entries {
            if into.send(Record::Change(entry)).await.is_err() {
                return Ok(());
            }
        }
    }
    // One that was made meanwhile is of changes that are not here.
    let checkpoint = log.checkpoint().await?;
    if let Some(entry) = checkpoint.filter(|entry| entry.generation <= after)
        && into.send(Record::Checkpoint(entry)).await.is_err()
    {
        return Ok(());
    }
    take_short_lived(stock, now, into).await
}

async fn take_short_lived(
    stock: &dyn Stock,
    now: UnixTime,
    into: &Sender<Record>,
) -> Result<(), StoreError> {
    let (sender, mut records) = channel(WAITING);
    let pass_on = async {
        while let Some(record) = records.recv().await {
            if into.send(Record::ShortLived(record)).await.is_err() {
                break;
            }
        }
        drop(records);
    };
    let take = async {
        for kind in Kind::ALL {
            stock.take_stock(kind, now, sender.clone()).await?;
        }
        drop(sender);
        Ok(())
    };
    let (taken, ()) = tokio::join!(take, pass_on);
    taken
}

impl From<Record> for Frame {
    fn from(record: Record) -> Self {
        match record {
            Record::Change(LogEntry { generation, change }) => Self::Change(generation, change),
            Record::Checkpoint(LogEntry { generation, change }) => {
                Self::Checkpoint(generation, change)
            }
            Record::ShortLived(ShortLived::Mark(what, until)) => Self::Mark(what, until),
            Record::ShortLived(ShortLived::Logout(person, logout)) => Self::Logout(person, logout),
            Record::ShortLived(ShortLived::Session(key, session)) => Self::Session(key, session),
        }
    }
}

#[cfg(test)]
mod tests;
