//! Lines that their callers write: whoever finds the log free writes everything that is queued.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::log::LogFile;
use super::{Acknowledgement, FileSink, Kept, wait};
use crate::audit::AuditUnavailable;
use crate::clock::Clock;
use crate::turn::next_turn;

/// A queue and the log that it is written to. Dropping it writes what is queued.
pub(super) struct DirectWriter {
    queue: Mutex<Batch>,
    log: Mutex<Log>,
    clock: Arc<dyn Clock>,
    max_wait: Duration,
}

/// Lines that are written with one call, and who waits for each of them.
#[derive(Default)]
struct Batch {
    lines: Vec<u8>,
    waiting: Vec<oneshot::Sender<Kept>>,
}

struct Log {
    file: LogFile,
    /// What is being written; empty in between, with room for the next.
    batch: Batch,
}

impl Batch {
    /// Room beyond this is given back after a write.
    const KEPT_BYTES: usize = 1024 * 1024;

    fn clear(&mut self) {
        self.lines.clear();
        self.lines.shrink_to(Self::KEPT_BYTES);
        self.waiting.clear();
    }
}

impl DirectWriter {
    pub(super) fn new(file: LogFile, clock: Arc<dyn Clock>) -> Self {
        Self {
            queue: Mutex::default(),
            log: Mutex::new(Log {
                file,
                batch: Batch::default(),
            }),
            clock,
            max_wait: FileSink::MAX_WAIT,
        }
    }

    /// Queues a line.
    pub(super) fn queue(&self, line: &[u8]) -> Result<Queued<'_>, AuditUnavailable> {
        let acknowledged = self.enqueue(line)?;
        let line = QueuedLine(self);
        Ok(Queued { line, acknowledged })
    }

    /// So many bytes wait to be written.
    pub(super) fn queued_bytes(&self) -> usize {
        self.batch().lines.len()
    }

    fn enqueue(&self, line: &[u8]) -> Result<Acknowledgement, AuditUnavailable> {
        let mut queue = self.batch();
        let bytes = queue.lines.len().saturating_add(line.len());
        if bytes > FileSink::MAX_QUEUED_BYTES || queue.waiting.len() >= FileSink::MAX_QUEUED {
            return Err(AuditUnavailable::QueueFull);
        }
        let (written, acknowledged) = oneshot::channel();
        queue.lines.extend_from_slice(line);
        queue.waiting.push(written);
        Ok(acknowledged)
    }

    /// Writes until nothing is queued, or somebody else is writing. Nothing is left behind: who
    /// writes looks at the queue again after the log is free, and finds what was queued by those who
    /// found it taken.
    fn write_queued(&self) {
        while !self.batch().waiting.is_empty() {
            let mut log = match self.log.try_lock() {
                Ok(log) => log,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            let Log { file, batch } = &mut *log;
            // What a writer that panicked left behind is not known to be kept.
            batch.clear();
            mem::swap(&mut *self.batch(), batch);
            if batch.waiting.is_empty() {
                continue;
            }
            let outcome = file.append(&batch.lines, self.clock.now());
            let outcome = outcome.map_err(|error| AuditUnavailable::NotWritten(error.kind()));
            for written in batch.waiting.drain(..) {
                // Nobody waits any more where the caller timed out.
                let _ = written.send(outcome);
            }
        }
    }

    fn batch(&self) -> MutexGuard<'_, Batch> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for DirectWriter {
    fn drop(&mut self) {
        self.write_queued();
    }
}

/// A line that is queued, and where it is told what became of it.
#[must_use = "it is written in time only where somebody waits for it"]
pub(super) struct Queued<'w> {
    line: QueuedLine<'w>,
    acknowledged: Acknowledgement,
}

impl Queued<'_> {
    /// Sees to it that the line is written, by whomsoever.
    pub(super) async fn written(self) -> Kept {
        let Self {
            line,
            mut acknowledged,
        } = self;
        // Whatever else this thread has to answer queues its lines meanwhile, so that one write
        // carries them all.
        next_turn().await;
        if let Ok(outcome) = acknowledged.try_recv() {
            mem::forget(line);
            return outcome;
        }
        let max_wait = line.0.max_wait;
        drop(line);
        match acknowledged.try_recv() {
            Ok(outcome) => outcome,
            // Another thread is writing, and writes this line next.
            Err(TryRecvError::Empty) => wait(acknowledged, max_wait).await,
            Err(TryRecvError::Closed) => Err(AuditUnavailable::Closed),
        }
    }
}

/// A line that is queued. It is written when this is dropped, so that it is, too, where the caller
/// is dropped in between.
struct QueuedLine<'w>(&'w DirectWriter);

impl Drop for QueuedLine<'_> {
    fn drop(&mut self) {
        self.0.write_queued();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Waker};

    use super::*;
    use crate::audit::file::FileSettings;
    use crate::clock::FixedClock;
    use crate::domain::UnixTime;

    const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);
    const LINE: &[u8] = b"{}\n";

    fn writer(folder: &tempfile::TempDir) -> DirectWriter {
        let settings = FileSettings::at(folder.path().join("audit.jsonl"));
        let log = LogFile::open(settings, NOW).unwrap();
        DirectWriter::new(log, Arc::new(FixedClock::at(NOW)))
    }

    fn written(folder: &tempfile::TempDir) -> usize {
        let text = std::fs::read(folder.path().join("audit.jsonl")).unwrap();
        text.len() / LINE.len()
    }

    fn is_pending(future: Pin<&mut impl Future>) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        future.poll(&mut context).is_pending()
    }

    #[test]
    fn the_queue_is_bounded_in_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder);
        let large = vec![b' '; FileSink::MAX_QUEUED_BYTES + 1];
        assert_eq!(
            writer.enqueue(&large).err(),
            Some(AuditUnavailable::QueueFull)
        );
        assert!(writer.enqueue(LINE).is_ok());
    }

    #[test]
    fn the_queue_is_bounded_in_events() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder);
        let kept = (0..FileSink::MAX_QUEUED).map(|_| writer.enqueue(LINE).unwrap());
        let kept: Vec<_> = kept.collect();
        assert_eq!(
            writer.enqueue(LINE).err(),
            Some(AuditUnavailable::QueueFull)
        );
        assert_eq!(kept.len(), FileSink::MAX_QUEUED);
    }

    #[test]
    fn dropping_the_writer_writes_what_is_queued() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder);
        drop(writer.enqueue(LINE).unwrap());
        drop(writer.enqueue(LINE).unwrap());
        drop(writer);
        assert_eq!(written(&folder), 2);
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_leaves_its_line_written() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder);
        let mut recording = Box::pin(writer.queue(LINE).unwrap().written());
        assert!(is_pending(recording.as_mut()));
        assert_eq!(written(&folder), 0);
        drop(recording);
        assert_eq!(written(&folder), 1);
    }

    #[tokio::test]
    async fn what_was_queued_while_another_wrote_is_written_by_it() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder);
        let busy = writer.log.lock().unwrap();
        let mut recording = Box::pin(writer.queue(LINE).unwrap().written());
        for _ in 0..3 {
            assert!(is_pending(recording.as_mut()));
        }
        assert_eq!(written(&folder), 0);
        drop(busy);
        writer.write_queued();
        assert_eq!(recording.await, Ok(()));
        assert_eq!(written(&folder), 1);
    }

    #[tokio::test]
    #[expect(
        clippy::await_holding_lock,
        reason = "the log is taken for as long as the test waits for it"
    )]
    async fn a_log_that_stays_taken_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(&folder);
        writer.max_wait = Duration::from_millis(1);
        let busy = writer.log.lock().unwrap();
        let queued = writer.queue(LINE).unwrap();
        assert_eq!(queued.written().await, Err(AuditUnavailable::TimedOut));
        drop(busy);
    }
}
