//! Lines that a thread writes and syncs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::log::LogFile;
use super::{Acknowledgement, FileSink, Kept, OpenError, wait};
use crate::audit::AuditUnavailable;
use crate::clock::Clock;

/// A queue and the thread that empties it.
pub(super) struct ThreadedWriter {
    // `None` only while it is dropped: the thread ends when this end is gone.
    queue: Option<SyncSender<Queued>>,
    queued_bytes: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
    max_wait: Duration,
}

/// A line and who waits for it.
struct Queued {
    line: Vec<u8>,
    written: oneshot::Sender<Kept>,
}

impl ThreadedWriter {
    /// How long the thread lets events gather while many come in, so that one write and one wake-up
    /// carry them all. A lone event is written at once.
    const GATHER: Duration = Duration::from_micros(100);
    /// From this many events in one write on, the next ones are let gather.
    const MANY: usize = 4;
    /// One write carries at most this many bytes and a line.
    const MAX_BATCH_BYTES: usize = 1024 * 1024;

    /// Starts the thread.
    pub(super) fn start(log: LogFile, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let (queue, queued) = sync_channel(FileSink::MAX_QUEUED);
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let mut emptying = Emptying {
            log,
            queued,
            queued_bytes: Arc::clone(&queued_bytes),
            clock,
        };
        let thread = std::thread::Builder::new().name("audit".to_owned());
        let thread = thread.spawn(move || emptying.run());
        Ok(Self {
            queue: Some(queue),
            queued_bytes,
            thread: Some(thread.map_err(OpenError::NoThread)?),
            max_wait: FileSink::MAX_WAIT,
        })
    }

    /// Queues a line and waits until it is kept.
    pub(super) async fn record(&self, line: Vec<u8>) -> Kept {
        wait(self.enqueue(line)?, self.max_wait).await
    }

    /// So many bytes wait to be written, or are being written.
    pub(super) fn queued_bytes(&self) -> usize {
        self.queued_bytes.load(Ordering::Relaxed)
    }

    fn enqueue(&self, line: Vec<u8>) -> Result<Acknowledgement, AuditUnavailable> {
        let queue = self.queue.as_ref().ok_or(AuditUnavailable::Closed)?;
        let size = line.len();
        let queued = self.queued_bytes.fetch_add(size, Ordering::Relaxed);
        let (written, acknowledged) = oneshot::channel();
        let outcome = if queued.saturating_add(size) > FileSink::MAX_QUEUED_BYTES {
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

impl Drop for ThreadedWriter {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

/// What the thread has.
struct Emptying {
    log: LogFile,
    queued: Receiver<Queued>,
    queued_bytes: Arc<AtomicUsize>,
    clock: Arc<dyn Clock>,
}

impl Emptying {
    /// Writes until the other end is dropped and the queue is empty.
    fn run(&mut self) {
        let mut batch = Vec::with_capacity(64 * 1024);
        let mut waiting = Vec::new();
        let mut are_many = false;
        while let Ok(first) = self.queued.recv() {
            if are_many {
                std::thread::sleep(ThreadedWriter::GATHER);
            }
            let mut next = Ok(first);
            while let Ok(Queued { line, written }) = next {
                batch.extend_from_slice(&line);
                waiting.push(written);
                next = match batch.len() {
                    ..ThreadedWriter::MAX_BATCH_BYTES => self.queued.try_recv(),
                    _ => Err(mpsc::TryRecvError::Empty),
                };
            }
            let outcome = self.log.append(&batch, self.clock.now());
            let outcome = outcome.map_err(|error| AuditUnavailable::NotWritten(error.kind()));
            self.queued_bytes.fetch_sub(batch.len(), Ordering::Relaxed);
            batch.clear();
            are_many = waiting.len() >= ThreadedWriter::MANY;
            for written in waiting.drain(..) {
                // Nobody waits any more where the caller timed out.
                let _ = written.send(outcome);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &[u8] = b"{}\n";

    /// A queue that nobody empties.
    fn without_thread(queue: SyncSender<Queued>) -> ThreadedWriter {
        ThreadedWriter {
            queue: Some(queue),
            queued_bytes: Arc::default(),
            thread: None,
            max_wait: Duration::from_millis(1),
        }
    }

    #[test]
    fn the_queue_is_bounded_in_events() {
        let (queue, _kept) = sync_channel(2);
        let writer = without_thread(queue);
        assert!(writer.enqueue(LINE.to_vec()).is_ok());
        assert!(writer.enqueue(LINE.to_vec()).is_ok());
        assert_eq!(
            writer.enqueue(LINE.to_vec()).err(),
            Some(AuditUnavailable::QueueFull)
        );
        assert_eq!(writer.queued_bytes.load(Ordering::Relaxed), 2 * LINE.len());
    }

    #[test]
    fn the_queue_is_bounded_in_bytes() {
        let (queue, _kept) = sync_channel(2);
        let writer = without_thread(queue);
        let large = vec![b' '; FileSink::MAX_QUEUED_BYTES + 1];
        assert_eq!(
            writer.enqueue(large).err(),
            Some(AuditUnavailable::QueueFull)
        );
        assert!(writer.enqueue(LINE.to_vec()).is_ok());
    }

    #[tokio::test]
    async fn a_thread_that_does_not_answer_is_not_waited_for() {
        let (queue, _kept) = sync_channel(2);
        let writer = without_thread(queue);
        assert_eq!(
            writer.record(LINE.to_vec()).await,
            Err(AuditUnavailable::TimedOut)
        );
    }

    #[tokio::test]
    async fn a_thread_that_ended_is_closed() {
        let (queue, kept) = sync_channel(2);
        drop(kept);
        let writer = without_thread(queue);
        assert_eq!(
            writer.record(LINE.to_vec()).await,
            Err(AuditUnavailable::Closed)
        );
    }
}
