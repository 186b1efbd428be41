//! From the queue into the store.
//!
//! ```text
//! queue ─ a few times a second ─> the open page of each share ─ write, in place of what was kept of it
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
use super::queue::{self, TraceQueue};
use crate::domain::UnixTime;
use crate::entropy::{Entropy, EntropyError, draw, draw_id};
use crate::store::{DecisionLog, PageId, PageWrite, PageWritten, Share, StoreError};

/// A page that others change every time is begun anew so often.
const ATTEMPTS: u32 = 4;

/// Puts traces into the store.
pub(super) struct TraceWriter {
    queue: Arc<TraceQueue>,
    log: Arc<dyn DecisionLog>,
    entropy: Arc<dyn Entropy>,
    keeping: Keeping,
    shares: Mutex<[Filling; Share::ALL.len()]>,
    /// Bytes since somebody asked.
    bytes: AtomicU64,
}

/// What is being written of a share.
#[derive(Debug, Default)]
struct Filling {
    open: Option<OpenPage>,
    /// What was taken out of the queue, as it waited.
    left: Vec<u8>,
    /// How many bytes of it were added to pages.
    added: usize,
}

impl Filling {
    /// The next trace that is to be added, with its own bytes.
    fn next(&self) -> Option<(&[u8], Waiting<'_>)> {
        entry::all_waiting(self.left.get(self.added..)?).next()
    }

    /// Adds it to the open page.
    fn add_next(&mut self) {
        let left = self.left.get(self.added..).unwrap_or_default();
        let next = entry::all_waiting(left).next();
        if let (Some((own, waiting)), Some(page)) = (next, &mut self.open) {
            page.add(own, &waiting);
            self.added += own.len();
        }
    }
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
            shares: Mutex::default(),
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
        let mut shares = self.shares.lock().await;
        let mut outcome = Ok(());
        for (share, filling) in Share::ALL.into_iter().zip(shares.iter_mut()) {
            if filling.left.is_empty() {
                self.queue.take(share, &mut filling.left);
            }
            let filled = self.fill(share, filling, now).await;
            outcome = outcome.and(filled);
        }
        outcome
    }

    /// Adds what is left to the open page and those after it, and writes them. Where this is broken off,
    /// what was not added is still left.
    async fn fill(
        &self,
        share: Share,
        filling: &mut Filling,
        now: UnixTime,
    ) -> Result<(), NotWritten> {
        while let Some((_, waiting)) = filling.next() {
            let is_full = |page: &OpenPage| !page.has_room(&waiting) || page.is_over(now);
            if filling.open.as_ref().is_some_and(is_full) {
                self.write(share, filling, now).await?;
                filling.open = None;
            }
            if filling.open.is_none() {
                filling.open = Some(self.begin(now)?);
            }
            filling.add_next();
        }
        queue::empty(&mut filling.left);
        filling.added = 0;
        self.write(share, filling, now).await
    }

    fn begin(&self, now: UnixTime) -> Result<OpenPage, EntropyError> {
        let drawn = draw(self.entropy.as_ref())?;
        Ok(OpenPage::begin(PageId::new(now, drawn)))
    }

    /// The next page, with what of the one before it is not kept yet.
    fn begin_anew(
        &self,
        changed: Option<OpenPage>,
        now: UnixTime,
    ) -> Result<OpenPage, EntropyError> {
        let mut next = self.begin(now)?;
        let fresh = changed.map(OpenPage::into_fresh).unwrap_or_default();
        for (own, waiting) in entry::all_waiting(&fresh) {
            next.add(own, &waiting);
        }
        Ok(next)
    }

    /// Writes what of the open page is not kept yet.
    async fn write(
        &self,
        share: Share,
        filling: &mut Filling,
        now: UnixTime,
    ) -> Result<(), NotWritten> {
        for _ in 0..ATTEMPTS {
            let Some(open) = filling.open.as_mut().filter(|open| open.unwritten() > 0) else {
                return Ok(());
            };
            let stamp = draw_id(self.entropy.as_ref())?;
            let over = open.kept;
            let page = open.page(stamp);
            let bytes = page.body.len() as u64;
            let write = PageWrite {
                share,
                page,
                over,
                keep_seconds: self.keeping.seconds(),
            };
            if self.log.write_page(write).await? == PageWritten::Kept {
                self.queue.wrote(open.unwritten().into());
                self.bytes.fetch_add(bytes, Ordering::Relaxed);
                open.is_kept(stamp);
                return Ok(());
            }
            filling.open = Some(self.begin_anew(filling.open.take(), now)?);
        }
        Err(NotWritten::Contended)
    }
}
