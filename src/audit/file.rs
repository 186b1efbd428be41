//! Events in a file, one JSON line each.
//!
//! Callers put their event into words themselves and queue the line. Whoever writes takes everything
//! that is queued, writes it with one call and acknowledges all of it: the more callers wait, the
//! more each write carries. Who writes depends on what makes an event kept:
//!
//! | sync | who writes | why |
//! |---|---|---|
//! | `write` | the caller that finds the log free | handing a line to the system takes less time than waking a thread |
//! | `fdatasync` | a thread of its own | waiting for the disk would hold up the caller's thread |

mod direct;
mod log;
mod threaded;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

use self::direct::DirectWriter;
use self::log::LogFile;
use self::threaded::ThreadedWriter;
use super::{AuditSink, AuditUnavailable, Event};
use crate::clock::Clock;

/// What makes an event kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    /// `write`: the operating system has it; it outlives the process, not a crash of the machine.
    #[default]
    Write,
    /// `fdatasync`: the disk has it.
    Fdatasync,
}

/// Where events are kept and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSettings {
    /// The file that is written, e.g. `/var/lib/rolegate/audit.jsonl`. Where somebody else moves it
    /// away, a new one is begun within a second.
    pub path: PathBuf,
    /// What makes an event kept.
    pub sync: Sync,
    /// When the file is renamed and what becomes of it; `None` where that is for somebody else to
    /// do: nothing is renamed or removed then.
    pub rotation: Option<Rotation>,
}

/// When a file is renamed, beside itself to `audit-YYYYMMDDThhmmssZ.jsonl`, and what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The file is renamed before it grows past this many bytes, and when a day begins (UTC).
    pub bytes: u64,
    /// At most this many renamed files are kept.
    pub keep_files: usize,
    /// Renamed files are kept for this many days.
    pub keep_days: u32,
}

impl FileSettings {
    /// Settings for this path: `write`, and nothing is renamed.
    pub const fn at(path: PathBuf) -> Self {
        Self {
            path,
            sync: Sync::Write,
            rotation: None,
        }
    }
}

/// Why the log can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can't be opened for appending.
    #[error("the audit log {path} can't be opened")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another process writes the file; each node needs its own.
    #[error("the audit log {path} is in use by another process; give this node a file of its own")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The writer's thread can't be started.
    #[error("the audit log's writer can't be started")]
    NoThread(#[source] io::Error),
}

/// Keeps events in a file. Dropping it writes what is queued and closes the file.
///
/// Recording needs a tokio runtime with time, which bounds the wait.
pub struct FileSink(Writer);

enum Writer {
    Direct(DirectWriter),
    Threaded(ThreadedWriter),
}

/// What became of an event.
type Kept = Result<(), AuditUnavailable>;

/// Where what became of an event is told.
type Acknowledgement = oneshot::Receiver<Kept>;

impl FileSink {
    /// At most this many events wait to be written; further ones are refused.
    pub const MAX_QUEUED: usize = 8192;
    /// At most this many bytes wait to be written; further events are refused.
    pub const MAX_QUEUED_BYTES: usize = 32 * 1024 * 1024;
    /// How long an event waits to be acknowledged.
    pub const MAX_WAIT: Duration = Duration::from_secs(5);

    /// Opens the log, creating it (mode 0600) where it isn't there.
    ///
    /// # Errors
    /// [`OpenError`] where the file can't be written or another process writes it.
    pub fn open(settings: FileSettings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let sync = settings.sync;
        let log = LogFile::open(settings, clock.now())?;
        Ok(Self(match sync {
            Sync::Write => Writer::Direct(DirectWriter::new(log, clock)),
            Sync::Fdatasync => Writer::Threaded(ThreadedWriter::start(log, clock)?),
        }))
    }
}

#[async_trait]
impl AuditSink for FileSink {
    async fn record(&self, event: &Event<'_>) -> Kept {
        match &self.0 {
            Writer::Direct(writer) => {
                let queued = event.with_line(|line| writer.queue(line))??;
                queued.written().await
            }
            Writer::Threaded(writer) => writer.record(event.to_line()?).await,
        }
    }

    fn queued_bytes(&self) -> usize {
        match &self.0 {
            Writer::Direct(writer) => writer.queued_bytes(),
            Writer::Threaded(writer) => writer.queued_bytes(),
        }
    }
}

/// Waits until somebody else has written the event.
async fn wait(acknowledged: Acknowledgement, max_wait: Duration) -> Kept {
    match Box::pin(tokio::time::timeout(max_wait, acknowledged)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(AuditUnavailable::Closed),
        Err(_) => Err(AuditUnavailable::TimedOut),
    }
}

#[cfg(test)]
mod tests;
