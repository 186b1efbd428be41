//! For how long traces are kept, and how much room they have.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::domain::UnixTime;
use crate::store::{DecisionLog, PageSize, Share, StoreError};

/// A day, in seconds.
const DAY: u32 = 86_400;
/// The least time for which a store is asked to keep a page that is about to be removed.
const LEAST_SECONDS: u32 = 60;

/// How long traces are kept, and how much room they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// So many days; none are kept for 0.
    pub days: u32,
    /// In so many bytes of the store; none are kept in 0.
    pub bytes: u64,
}

impl Keeping {
    /// Whether any is kept.
    pub const fn is_off(self) -> bool {
        self.days == 0 || self.bytes == 0
    }

    /// For how many seconds.
    pub(super) const fn seconds(self) -> u32 {
        let seconds = self.days.saturating_mul(DAY);
        if seconds < LEAST_SECONDS {
            LEAST_SECONDS
        } else {
            seconds
        }
    }

    /// The room of a share: strangers have an eighth, people half, keys that STS gave the rest.
    pub const fn of(self, share: Share) -> u64 {
        let eighth = self.bytes / 8;
        match share {
            Share::Strangers => eighth,
            Share::People => self.bytes / 2,
            Share::Issued => eighth * 3,
        }
    }

    /// The pages of a share that are kept no longer, and the others; they are told oldest first.
    fn part(
        self,
        share: Share,
        sizes: Vec<PageSize>,
        now: UnixTime,
    ) -> (Vec<PageSize>, Vec<PageSize>) {
        let mut bytes: u64 = sizes.iter().map(|size| size.bytes).sum();
        let oldest = now.plus(-i64::from(self.days.saturating_mul(DAY)));
        let room = self.of(share);
        sizes.into_iter().partition(|size| {
            let is_superfluous = self.is_off() || size.newest < oldest || bytes > room;
            if is_superfluous {
                bytes -= size.bytes;
            }
            is_superfluous
        })
    }
}

/// What is kept, as it was seen last.
#[derive(Debug, Default)]
pub struct Stocktaking {
    bytes: [AtomicU64; Share::ALL.len()],
    /// When the oldest page was begun; 0 where there is none.
    oldest: AtomicI64,
}

impl Stocktaking {
    /// The bytes of each share.
    pub fn bytes(&self) -> impl Iterator<Item = (Share, u64)> {
        let bytes = self.bytes.iter().map(|bytes| bytes.load(Ordering::Relaxed));
        Share::ALL.into_iter().zip(bytes)
    }

    /// When the oldest page was begun.
    pub fn oldest(&self) -> Option<UnixTime> {
        let seconds = self.oldest.load(Ordering::Relaxed);
        (seconds != 0).then_some(UnixTime::from_seconds(seconds))
    }

    /// Removes what is kept no longer, and notes what is left.
    pub(super) async fn keep_to(
        &self,
        keeping: Keeping,
        log: &dyn DecisionLog,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let mut oldest = None;
        for (share, noted) in Share::ALL.into_iter().zip(&self.bytes) {
            let sizes = log.page_sizes(share).await?;
            let (superfluous, left) = keeping.part(share, sizes, now);
            if !superfluous.is_empty() {
                let ids: Vec<_> = superfluous.iter().map(|size| size.id).collect();
                log.remove_pages(share, &ids).await?;
            }
            noted.store(left.iter().map(|size| size.bytes).sum(), Ordering::Relaxed);
            let first = left.first().map(|size| size.id.begun_at());
            oldest = first.into_iter().chain(oldest).min();
        }
        let oldest = oldest.map_or(0, UnixTime::seconds);
        self.oldest.store(oldest, Ordering::Relaxed);
        Ok(())
    }
}
