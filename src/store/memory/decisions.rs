//! Pages of decisions, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Full, MemoryStore};
use crate::store::sealed::unavailable;
use crate::store::{
    DecisionLog, Heads, MAX_PAGE_BYTES, Page, PageHead, PageId, PageSize, PageWrite, PageWritten,
    Share, StoreError, TooLarge,
};

/// A mark has four bytes.
const MARK_BYTES: usize = size_of::<u32>();

/// The pages by share, apart from everything else, so that no session waits for them.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<BTreeMap<(Share, PageId), Kept>>);

/// What is kept of a page.
#[derive(Debug)]
struct Kept {
    head: PageHead,
    body: Vec<u8>,
}

impl Kept {
    fn bytes(&self) -> u64 {
        (self.body.len() + self.head.marks.len() * MARK_BYTES) as u64
    }
}

impl Pages {
    fn all(&self) -> MutexGuard<'_, BTreeMap<(Share, PageId), Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every name of a share is at least this, and none is more than [`LAST`].
const FIRST: PageId = PageId::of([0; 16]);
const LAST: PageId = PageId::of([0xff; 16]);

#[async_trait]
impl DecisionLog for MemoryStore {
    async fn write_page(&self, write: PageWrite<'_>) -> Result<PageWritten, StoreError> {
        let page = write.page;
        TooLarge::check(page.body.len(), MAX_PAGE_BYTES).map_err(unavailable)?;
        let mut pages = self.decisions.all();
        let name = (write.share, page.id);
        let found = pages.get(&name).map(|kept| kept.head.stamp);
        if found != write.over {
            return Ok(PageWritten::Changed);
        }
        if found.is_none() && pages.len() >= self.capacity {
            return Err(unavailable(Full(self.capacity)));
        }
        let kept = Kept {
            head: page.head.clone(),
            body: page.body.clone(),
        };
        pages.insert(name, kept);
        Ok(PageWritten::Kept)
    }

    async fn page_heads(
        &self,
        share: Share,
        before: Option<PageId>,
        limit: usize,
    ) -> Result<Heads, StoreError> {
        let pages = self.decisions.all();
        let range = (share, FIRST)..(share, before.unwrap_or(LAST));
        let mut older = pages.range(range).rev();
        let heads: Vec<_> = older
            .by_ref()
            .take(limit)
            .map(|((_, id), kept)| (*id, kept.head.clone()))
            .collect();
        let last = heads.last().map(|(id, _)| *id);
        let next = last.filter(|_| older.next().is_some());
        Ok(Heads { heads, next })
    }

    async fn page(&self, share: Share, id: PageId) -> Result<Option<Page>, StoreError> {
        let pages = self.decisions.all();
        Ok(pages.get(&(share, id)).map(|kept| Page {
            id,
            head: kept.head.clone(),
            body: kept.body.clone(),
        }))
    }

    async fn page_sizes(&self, share: Share) -> Result<Vec<PageSize>, StoreError> {
        let pages = self.decisions.all();
        let of_share = pages.range((share, FIRST)..=(share, LAST));
        let sizes = of_share.map(|((_, id), kept)| PageSize {
            id: *id,
            bytes: kept.bytes(),
            newest: kept.head.newest,
        });
        Ok(sizes.collect())
    }

    async fn remove_pages(&self, share: Share, ids: &[PageId]) -> Result<(), StoreError> {
        let mut pages = self.decisions.all();
        for id in ids {
            pages.remove(&(share, *id));
        }
        Ok(())
    }
}
