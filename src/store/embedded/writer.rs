//! The one thread that writes, and commits for many at once.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use redb::{Database, WriteTransaction};
use tokio::sync::{mpsc, oneshot};

use crate::causes::with_causes;
use crate::store::StoreError;
use crate::store::sealed::unavailable;

/// How many jobs wait at most; further callers wait before they are queued.
const QUEUED_JOBS: usize = 1024;

/// How many jobs share a commit at most.
const JOBS_PER_COMMIT: usize = 256;

/// Why a commit failed. What it would have written may be there or not, but whole.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotWritten {
    /// The file could not be written.
    #[error("the commit failed")]
    Failed(#[source] Arc<redb::Error>),
    /// The thread that writes has ended.
    #[error("the store is closed")]
    Closed,
}

/// Queues jobs for the writing thread.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(database: Arc<Database>) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUED_JOBS);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_all(&database, queue))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Does `work` in a transaction and answers when that is durable.
    ///
    /// The transaction is shared: an error of `work` fails all jobs in it, so it is for failures of
    /// the file alone. Once queued, the work is done even if the caller goes away.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Work {
            pending: Some(work),
            outcome: None,
            answer,
        });
        let closed = || unavailable(NotWritten::Closed);
        let jobs = self.jobs.as_ref().ok_or_else(closed)?;
        jobs.send(job).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?.map_err(unavailable)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes the store panicked");
        }
    }
}

trait Job: Send {
    fn run(&mut self, transaction: &WriteTransaction) -> Result<(), redb::Error>;
    fn answer(self: Box<Self>, committed: Result<(), NotWritten>);
}

struct Work<F, T> {
    pending: Option<F>,
    outcome: Option<T>,
    answer: oneshot::Sender<Result<T, NotWritten>>,
}

impl<F, T> Job for Work<F, T>
where
    F: FnOnce(&WriteTransaction) -> Result<T, redb::Error> + Send,
    T: Send,
{
    fn run(&mut self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        if let Some(work) = self.pending.take() {
            self.outcome = Some(work(transaction)?);
        }
        Ok(())
    }

    /// A caller that went away gets no answer.
    fn answer(self: Box<Self>, committed: Result<(), NotWritten>) {
        let outcome = self.outcome.ok_or(NotWritten::Closed);
        let _gone = self.answer.send(committed.and(outcome));
    }
}

fn write_all(database: &Database, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    let mut jobs = Vec::with_capacity(JOBS_PER_COMMIT);
    while queue.blocking_recv_many(&mut jobs, JOBS_PER_COMMIT) > 0 {
        let committed = commit(database, &mut jobs).map_err(|error| {
            tracing::error!(error = with_causes(&error), "a commit of the store failed");
            NotWritten::Failed(Arc::new(error))
        });
        for job in jobs.drain(..) {
            job.answer(committed.clone());
        }
    }
}

/// One transaction; redb's commits are durable (`Durability::Immediate`) unless told otherwise.
fn commit(database: &Database, jobs: &mut [Box<dyn Job>]) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    for job in jobs {
        job.run(&transaction)?;
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;
    use redb::{ReadableDatabase, TableDefinition};

    use super::*;

    const TABLE: TableDefinition<'static, u64, u64> = TableDefinition::new("table");

    fn database() -> Arc<Database> {
        let database = Database::builder().create_with_backend(InMemoryBackend::new());
        Arc::new(database.unwrap())
    }

    fn insert(
        key: u64,
    ) -> impl FnOnce(&WriteTransaction) -> Result<(), redb::Error> + Send + 'static {
        move |transaction| {
            transaction.open_table(TABLE)?.insert(key, key)?;
            Ok(())
        }
    }

    /// Holds the writer until everybody is queued, and gives what became of each.
    async fn write_behind_another(
        writer: &Writer,
        last: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error> + Send + 'static,
    ) -> [Result<(), StoreError>; 3] {
        let (running, is_running) = oneshot::channel();
        let (release, released) = oneshot::channel::<()>();
        let first = writer.write(move |transaction| {
            running.send(()).unwrap();
            released.blocking_recv().unwrap();
            insert(1)(transaction)
        });
        let others = async {
            is_running.await.unwrap();
            tokio::join!(writer.write(insert(2)), writer.write(last), async {
                release.send(()).unwrap();
            })
        };
        let (first, (second, third, ())) = tokio::join!(first, others);
        [first, second, third]
    }

    fn not_written(outcome: Result<(), StoreError>) -> NotWritten {
        match outcome {
            Err(StoreError::Unavailable(cause)) => *cause.downcast().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn what_is_queued_together_is_committed_together() {
        let database = database();
        let writer = Writer::start(Arc::clone(&database)).unwrap();
        let fails = |_: &WriteTransaction| Err(redb::Error::Corrupted("on purpose".to_owned()));
        let [first, second, third] = write_behind_another(&writer, fails).await;
        assert!(first.is_ok());
        for outcome in [second, third] {
            assert!(matches!(not_written(outcome), NotWritten::Failed(_)));
        }
        let table = database.begin_read().unwrap().open_table(TABLE).unwrap();
        assert!(table.get(1).unwrap().is_some());
        assert!(table.get(2).unwrap().is_none());
    }

    #[tokio::test]
    async fn a_failed_transaction_stops_no_later_one() {
        let writer = Writer::start(database()).unwrap();
        let fails = |_: &WriteTransaction| Err(redb::Error::Corrupted("on purpose".to_owned()));
        assert!(writer.write::<()>(fails).await.is_err());
        assert!(writer.write(insert(1)).await.is_ok());
    }

    #[tokio::test]
    async fn a_writer_that_panicked_refuses() {
        let writer = Writer::start(database()).unwrap();
        let panics = |_: &WriteTransaction| -> Result<(), redb::Error> { panic!("on purpose") };
        for outcome in [writer.write(panics).await, writer.write(insert(1)).await] {
            assert!(matches!(not_written(outcome), NotWritten::Closed));
        }
    }
}
