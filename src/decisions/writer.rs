//! From the queue into the store.
//!
//! ```text
//! queue ─ a few times a second ─> the open page of each shelf ─ write, in place of what was kept of it
//!                                   └ full, or ten minutes old: the next one
//! ```
//! Where the store can't be written, what waits goes on waiting, and then is dropped. Where somebody else
//! has changed the page, because a person was erased, it is left to them and a new one begun: nothing
//! that was taken out comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use super::entry::{self, Waiting};
use super::keeping::Keeping;
use super::open_page::OpenPage;
use super::queue::TraceQueue;
use crate::domain::UnixTime;
use crate::entropy::{Entropy, EntropyError, draw, draw_id};
use crate::store::{DecisionLog, PageId, PageWrite, PageWritten, Shelf, StoreError};

/// A page that others change every time is begun anew so often.
const ATTEMPTS: u32 = 4;

/// Puts traces into the store.
pub(super) struct TraceWriter {
    queue: Arc<TraceQueue>,
    log: Arc<dyn DecisionLog>,
    entropy: Arc<dyn Entropy>,
    keeping: Keeping,
    shelves: Mutex<[Filling; Shelf::ALL.len()]>,
    /// Bytes since somebody asked.
    bytes: AtomicU64,
}

/// What is being written of a shelf.
#[derive(Debug, Default)]
struct Filling {
    open: Option<OpenPage>,
    /// What was taken out of the queue and could not be written yet, as it waited.
    left: Vec<u8>,
}

/// Why traces were not written. They are tried again.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// By the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No page could be named.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// Others change every page at once.
    #[error("every page was changed by others at once")]
    Contended,
}

impl TraceWriter {
    /// Writes what waits in `queue`.
    pub(super) fn new(
        queue: Arc<TraceQueue>,
        log: Arc<dyn DecisionLog>,
        entropy: Arc<dyn Entropy>,
        keeping: Keeping,
    ) -> Self {
        Self {
            queue,
            log,
            entropy,
            keeping,
            shelves: Mutex::default(),
            bytes: AtomicU64::new(0),
        }
    }

    /// How many bytes were written since this was asked last.
    pub(super) fn take_bytes(&self) -> u64 {
        self.bytes.swap(0, Ordering::Relaxed)
    }

    /// Writes everything that waits now; what can't be written is written the next time.
    pub(super) async fn flush(&self, now: UnixTime) -> Result<(), NotWritten> {
        if self.queue.is_off() {
            return Ok(());
        }
        let mut shelves = self.shelves.lock().await;
        let mut outcome = Ok(());
        for (shelf, filling) in Shelf::ALL.into_iter().zip(shelves.iter_mut()) {
            if filling.left.is_empty() {
                filling.left = self.queue.take(shelf);
            }
            let filled = self.fill(shelf, filling, now).await;
            outcome = outcome.and(filled);
        }
        outcome
    }

    async fn fill(
        &self,
        shelf: Shelf,
        filling: &mut Filling,
        now: UnixTime,
    ) -> Result<(), NotWritten> {
        let left = std::mem::take(&mut filling.left);
        let mut done = 0;
        for (own, waiting) in entry::all_waiting(&left) {
            if let Err(error) = self.add(shelf, filling, (own, &waiting), now).await {
                filling.left = left.get(done..).unwrap_or_default().to_vec();
                return Err(error);
            }
            done += own.len();
        }
        self.write(shelf, filling, now).await
    }

    /// Adds a trace to the open page, or to the next one.
    async fn add(
        &self,
        shelf: Shelf,
        filling: &mut Filling,
        (own, waiting): (&[u8], &Waiting<'_>),
        now: UnixTime,
    ) -> Result<(), NotWritten> {
        let is_full = |page: &OpenPage| !page.has_room(waiting) || page.is_over(now);
        if filling.open.as_ref().is_some_and(is_full) {
            self.write(shelf, filling, now).await?;
            filling.open = None;
        }
        let mut page = match filling.open.take() {
            Some(page) => page,
            None => self.begin(now)?,
        };
        page.add(own, waiting);
        filling.open = Some(page);
        Ok(())
    }

    fn begin(&self, now: UnixTime) -> Result<OpenPage, EntropyError> {
        let drawn = draw(self.entropy.as_ref())?;
        Ok(OpenPage::begin(PageId::new(now, drawn)))
    }

    /// Writes what of the open page is not kept yet.
    async fn write(
        &self,
        shelf: Shelf,
        filling: &mut Filling,
        now: UnixTime,
    ) -> Result<(), NotWritten> {
        for _ in 0..ATTEMPTS {
            let Some(open) = filling.open.as_mut().filter(|open| open.unwritten() > 0) else {
                return Ok(());
            };
            let stamp = draw_id(self.entropy.as_ref())?;
            let page = open.page(stamp);
            let write = PageWrite {
                shelf,
                page: &page,
                over: open.kept,
                keep_seconds: self.keeping.seconds(),
            };
            if self.log.write_page(write).await? == PageWritten::Kept {
                self.queue.wrote(open.unwritten().into());
                let bytes = page.body.len() as u64;
                self.bytes.fetch_add(bytes, Ordering::Relaxed);
                open.is_kept(stamp);
                return Ok(());
            }
            let mut next = self.begin(now)?;
            if let Some(changed) = filling.open.take() {
                let fresh = changed.into_fresh();
                for (own, waiting) in entry::all_waiting(&fresh) {
                    next.add(own, &waiting);
                }
            }
            filling.open = Some(next);
        }
        Err(NotWritten::Contended)
    }
}
