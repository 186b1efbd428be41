//! Events in a file, one JSON line each, through a writer thread.
//!
//! Callers put their event into words themselves and queue the line. The writer takes everything
//! that is queued, writes it with one call, syncs it where that is asked for, and acknowledges all
//! of it. The more callers wait, the more each write carries.

mod log;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

use self::log::LogFile;
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
    /// The file that is written, e.g. `/var/lib/rolegate/audit.jsonl`. Full files are renamed beside
    /// it to `audit-YYYYMMDDThhmmssZ.jsonl`.
    pub path: PathBuf,
    /// What makes an event kept.
    pub sync: Sync,
    /// The file is renamed before it grows past this many bytes, and when a day begins (UTC).
    pub rotate_bytes: u64,
    /// At most this many renamed files are kept.
    pub keep_files: usize,
    /// Renamed files are kept for this many days.
    pub keep_days: u32,
}

impl FileSettings {
    /// Settings for this path: `write`, 256 MiB a file, 100 files, 400 days.
    pub const fn at(path: PathBuf) -> Self {
        Self {
            path,
            sync: Sync::Write,
            rotate_bytes: 256 * 1024 * 1024,
            keep_files: 100,
            keep_days: 400,
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
pub struct FileSink {
    // `None` only while it is dropped: the writer ends when this end is gone.
    queue: Option<SyncSender<Queued>>,
    queued_bytes: Arc<AtomicUsize>,
    writer: Option<JoinHandle<()>>,
    max_wait: Duration,
}

/// A line and who waits for it.
struct Queued {
    line: Vec<u8>,
    written: oneshot::Sender<Result<(), AuditUnavailable>>,
}

impl FileSink {
    /// At most this many events wait for the writer; further ones are refused.
    pub const MAX_QUEUED: usize = 8192;
    /// At most this many bytes wait for the writer; further events are refused.
    pub const MAX_QUEUED_BYTES: usize = 32 * 1024 * 1024;
    /// How long the writer may take to acknowledge an event.
    pub const MAX_WAIT: Duration = Duration::from_secs(5);
    /// How long the writer lets events gather while many come in, so that one write and one wake-up
    /// carry them all. A lone event is written at once.
    const GATHER: Duration = Duration::from_micros(100);
    /// From this many events in one write on, the next ones are let gather.
    const MANY: usize = 4;
    /// One write carries at most this many bytes and a line.
    const MAX_BATCH_BYTES: usize = 1024 * 1024;

    /// Opens the log, creating it (mode 0600) where it isn't there, and starts its writer.
    ///
    /// # Errors
    /// [`OpenError`] where the file can't be written or another process writes it.
    pub fn open(settings: FileSettings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let log = LogFile::open(settings, clock.now())?;
        let (queue, queued) = sync_channel(Self::MAX_QUEUED);
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let mut writer = Writer {
            log,
            queued,
            queued_bytes: Arc::clone(&queued_bytes),
            clock,
        };
        let thread = std::thread::Builder::new().name("audit".to_owned());
        let thread = thread.spawn(move || writer.run());
        Ok(Self {
            queue: Some(queue),
            queued_bytes,
            writer: Some(thread.map_err(OpenError::NoThread)?),
            max_wait: Self::MAX_WAIT,
        })
    }

    fn enqueue(
        &self,
        line: Vec<u8>,
    ) -> Result<oneshot::Receiver<Result<(), AuditUnavailable>>, AuditUnavailable> {
        let queue = self.queue.as_ref().ok_or(AuditUnavailable::Closed)?;
        let size = line.len();
        let queued = self.queued_bytes.fetch_add(size, Ordering::Relaxed);
        let (written, acknowledged) = oneshot::channel();
        let outcome = if queued.saturating_add(size) > Self::MAX_QUEUED_BYTES {
            Err(AuditUnavailable::QueueFull)
        } else {
            queue
                .try_send(Queued { line, written })
                .map_err(|refused| match refused {
                    TrySendError::Full(_) => AuditUnavailable::QueueFull,
                    TrySendError::Disconnected(_) => AuditUnavailable::Closed,
                })
        };
        if outcome.is_err() {
            self.queued_bytes.fetch_sub(size, Ordering::Relaxed);
        }
        outcome.map(|()| acknowledged)
    }
}

#[async_trait]
impl AuditSink for FileSink {
    async fn record(&self, event: &Event) -> Result<(), AuditUnavailable> {
        let acknowledged = self.enqueue(event.to_line()?)?;
        match tokio::time::timeout(self.max_wait, acknowledged).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(AuditUnavailable::Closed),
            Err(_) => Err(AuditUnavailable::TimedOut),
        }
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has said so; there is nobody left to tell.
            let _ = writer.join();
        }
    }
}

struct Writer {
    log: LogFile,
    queued: Receiver<Queued>,
    queued_bytes: Arc<AtomicUsize>,
    clock: Arc<dyn Clock>,
}

impl Writer {
    /// Writes until the sink is dropped and the queue is empty.
    fn run(&mut self) {
        let mut batch = Vec::with_capacity(64 * 1024);
        let mut waiting = Vec::new();
        let mut are_many = false;
        while let Ok(first) = self.queued.recv() {
            if are_many {
                std::thread::sleep(FileSink::GATHER);
            }
            let mut next = Ok(first);
            while let Ok(Queued { line, written }) = next {
                batch.extend_from_slice(&line);
                waiting.push(written);
                next = match batch.len() {
                    ..FileSink::MAX_BATCH_BYTES => self.queued.try_recv(),
                    _ => Err(mpsc::TryRecvError::Empty),
                };
            }
            let outcome = self.log.append(&batch, self.clock.now());
            let outcome = outcome.map_err(|error| AuditUnavailable::NotWritten(error.kind()));
            self.queued_bytes.fetch_sub(batch.len(), Ordering::Relaxed);
            batch.clear();
            are_many = waiting.len() >= FileSink::MANY;
            for written in waiting.drain(..) {
                // Nobody waits any more where the caller timed out.
                let _ = written.send(outcome);
            }
        }
    }
}

#[cfg(test)]
mod tests;
