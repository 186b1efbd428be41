//! What decisions were made by: a trace of every attempt, for administrators (decision 19).
//!
//! ```text
//! the audit has the line ─ Trace ─> TraceQueue ─ four times a second ─> pages ─> store
//!                                    └ full: dropped and counted              │
//! administrator: by request, person, connection, check, key ─ heads' marks ─ pages ┘
//! ```
//! Nothing waits for a trace and nothing depends on one: the audit is the authority ([`crate::audit`]).
//! Traces are kept for so many days and in so many bytes, and a person can be erased from them.

mod claims;
mod entry;
mod erase;
mod keeping;
mod marks;
mod open_page;
mod queue;
mod search;
mod steps;
#[cfg(test)]
mod tests;
mod trace;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

pub use claims::{TracedClaim, TracedClaims};
pub use keeping::{Keeping, Stocktaking};
pub use queue::TraceQueue;
pub use search::{Found, MAX_FOUND, Place, Wanted};
pub use steps::{Step, StepState, steps};
pub use trace::{
    Beside, End, RoleVerdict, Trace, TracedBound, TracedCaller, TracedCheck, TracedDuration,
    TracedKey, TracedPerson,
};
pub use writer::NotWritten;

use self::erase::Erasure;
use self::writer::TraceWriter;
use crate::domain::{IssuerName, RequestId, Subject, UnixTime};
use crate::entropy::Entropy;
use crate::metrics::Metrics;
use crate::store::{DecisionLog, StoreError};

/// What is kept no longer is removed so often, in seconds.
const KEEPING_SECONDS: i64 = 60;
/// Of the room that there is, as much may be written before it is looked at sooner.
const KEEPING_PART: u64 = 32;

/// The traces of a gateway.
pub struct Decisions {
    queue: Arc<TraceQueue>,
    log: Arc<dyn DecisionLog>,
    entropy: Arc<dyn Entropy>,
    keeping: Keeping,
    writer: TraceWriter,
    stock: Stocktaking,
    kept_at: AtomicI64,
    written: AtomicU64,
}

impl fmt::Debug for Decisions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Decisions")
            .field("keeping", &self.keeping)
            .finish_non_exhaustive()
    }
}

impl Decisions {
    /// Traces in this store, kept like this and counted there.
    pub fn new(
        log: Arc<dyn DecisionLog>,
        entropy: Arc<dyn Entropy>,
        keeping: Keeping,
        metrics: &Metrics,
    ) -> Self {
        let counts = Arc::clone(&metrics.decisions);
        let queue = Arc::new(TraceQueue::counting(counts, keeping.is_off()));
        let (own, drawn) = (Arc::clone(&log), Arc::clone(&entropy));
        Self {
            writer: TraceWriter::new(Arc::clone(&queue), own, drawn, keeping),
            queue,
            log,
            entropy,
            keeping,
            stock: Stocktaking::default(),
            kept_at: AtomicI64::new(i64::MIN),
            written: AtomicU64::new(0),
        }
    }

    /// Where traces are left.
    pub const fn queue(&self) -> &Arc<TraceQueue> {
        &self.queue
    }

    /// Whether any are kept.
    pub const fn is_off(&self) -> bool {
        self.keeping.is_off()
    }

    /// What is kept, as it was seen within the last minute.
    pub const fn stock(&self) -> &Stocktaking {
        &self.stock
    }

    /// Writes what waits, and removes what is kept no longer where that is due.
    ///
    /// # Errors
    /// [`NotWritten`]; it is tried again the next time.
    pub async fn tick(&self, now: UnixTime) -> Result<(), NotWritten> {
        self.flush(now).await?;
        let written = self.writer.take_bytes();
        let written = written + self.written.fetch_add(written, Ordering::Relaxed);
        let since = now
            .seconds()
            .wrapping_sub(self.kept_at.load(Ordering::Relaxed));
        let is_due =
            !(0..KEEPING_SECONDS).contains(&since) || written > self.keeping.bytes / KEEPING_PART;
        if is_due {
            self.keep(now).await?;
        }
        Ok(())
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// [`NotWritten`]; it is tried again the next time.
    pub async fn flush(&self, now: UnixTime) -> Result<(), NotWritten> {
        self.writer.flush(now).await
    }

    /// Removes what is kept no longer.
    ///
    /// # Errors
    /// [`StoreError`]; it is tried again a minute later.
    pub async fn keep(&self, now: UnixTime) -> Result<(), StoreError> {
        self.kept_at.store(now.seconds(), Ordering::Relaxed);
        self.written.store(0, Ordering::Relaxed);
        let log = self.log.as_ref();
        self.stock.keep_to(self.keeping, log, now).await
    }

    /// The newest traces that are wanted, older than `after`; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn search(
        &self,
        wanted: &Wanted,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Found, StoreError> {
        search::search(self.log.as_ref(), wanted, after, limit).await
    }

    /// The trace of a request.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(&self, request: RequestId) -> Result<Option<Trace<'static>>, StoreError> {
        search::find(self.log.as_ref(), request).await
    }

    /// Takes every trace of a person out that is kept; how many there were. What waits on other nodes at
    /// this moment may come after.
    ///
    /// # Errors
    /// [`NotWritten`]; some may have been taken out.
    pub async fn erase(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        now: UnixTime,
    ) -> Result<usize, NotWritten> {
        self.flush(now).await?;
        let erasure = Erasure {
            log: self.log.as_ref(),
            entropy: self.entropy.as_ref(),
            issuer,
            subject,
            keep_seconds: self.keeping.seconds(),
        };
        erasure.run().await
    }
}
