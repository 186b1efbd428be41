//! Pages of decisions: heads and bodies apart, so that a search reads only what it must, and the sizes,
//! which are no secret, by themselves.

use async_trait::async_trait;
use redb::{ReadableTable, TableDefinition, WriteTransaction};

use super::EmbeddedStore;
use crate::domain::UnixTime;
use crate::store::decisions::MAX_HEAD_BYTES;
use crate::store::sealed::{Damage, RecordName, StoreSeal};
use crate::store::{
    DecisionLog, Heads, MAX_PAGE_BYTES, Page, PageHead, PageId, PageSize, PageWrite, PageWritten,
    Share, Stamp, StoreError,
};

/// A share's number and a page's name.
pub(super) type PageKey = [u8; 17];
pub(super) type PageTable = TableDefinition<'static, &'static PageKey, &'static [u8]>;
/// What a page takes, and the time of the newest trace in it.
type Size = (u64, i64);

pub(super) const HEADS: PageTable = TableDefinition::new("decision_heads");
pub(super) const BODIES: PageTable = TableDefinition::new("decision_bodies");
pub(super) const SIZES: TableDefinition<'static, &'static PageKey, Size> =
    TableDefinition::new("decision_sizes");

/// So many heads are looked at in one transaction.
const HEADS_AT_A_TIME: usize = 256;

/// Makes the tables where they aren't there.
pub(super) fn add_tables(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    transaction.open_table(HEADS)?;
    transaction.open_table(BODIES)?;
    transaction.open_table(SIZES)?;
    Ok(())
}

const fn name<'a>(table: &'static str, key: &'a PageKey) -> RecordName<'a> {
    RecordName { table, key }
}

const fn head_name(key: &PageKey) -> RecordName<'_> {
    name("decision_heads", key)
}

const fn body_name(key: &PageKey) -> RecordName<'_> {
    name("decision_bodies", key)
}

fn key_of(share: Share, id: PageId) -> PageKey {
    let mut key = [0; 17];
    let (first, rest) = key.split_at_mut(1);
    first.copy_from_slice(&[share.number()]);
    rest.copy_from_slice(id.bytes());
    key
}

fn id_of(key: &PageKey) -> PageId {
    PageId::of(key.last_chunk().copied().unwrap_or_default())
}

/// The keys of a share's pages before `before`.
fn keys_before(share: Share, before: Option<PageId>) -> (PageKey, PageKey) {
    let last = before.unwrap_or(PageId::of([0xff; 16]));
    (key_of(share, PageId::of([0; 16])), key_of(share, last))
}

fn open_head(seal: &StoreSeal, key: &PageKey, stored: &[u8]) -> Result<PageHead, Damage> {
    seal.open_value(head_name(key), stored, MAX_HEAD_BYTES)
}

/// The stamp of the page that is there. A damaged head has one that nobody knows.
fn stamp_in(
    heads: &impl ReadableTable<&'static PageKey, &'static [u8]>,
    seal: &StoreSeal,
    key: &PageKey,
) -> Result<Option<Stamp>, redb::Error> {
    let stored = heads.get(key)?;
    Ok(stored.map(|stored| {
        let head = open_head(seal, key, stored.value());
        head.map_or([0; 16], |head| head.stamp)
    }))
}

#[async_trait]
impl DecisionLog for EmbeddedStore {
    async fn write_page(&self, write: PageWrite<'_>) -> Result<PageWritten, StoreError> {
        let (page, over) = (write.page, write.over);
        let key = key_of(write.share, page.id);
        let body = self
            .seal
            .seal_bytes(body_name(&key), &page.body, MAX_PAGE_BYTES)?;
        let head = self
            .seal
            .seal_value(head_name(&key), &page.head, MAX_HEAD_BYTES)?;
        let bytes = (head.len() + body.len()) as u64;
        let size = (bytes, page.head.newest.seconds());
        let seal = self.seal.clone();
        self.writer
            .write(move |transaction| {
                let mut heads = transaction.open_table(HEADS)?;
                if stamp_in(&heads, &seal, &key)? != over {
                    return Ok(PageWritten::Changed);
                }
                heads.insert(&key, head.as_slice())?;
                transaction
                    .open_table(BODIES)?
                    .insert(&key, body.as_slice())?;
                transaction.open_table(SIZES)?.insert(&key, size)?;
                Ok(PageWritten::Kept)
            })
            .await
    }

    async fn page_heads(
        &self,
        share: Share,
        before: Option<PageId>,
        limit: usize,
    ) -> Result<Heads, StoreError> {
        let limit = limit.min(HEADS_AT_A_TIME);
        self.read_blocking(move |transaction, seal| {
            heads_in(
                &transaction.open_table(HEADS)?,
                seal,
                (share, before),
                limit,
            )
        })
        .await
    }

    async fn page(&self, share: Share, id: PageId) -> Result<Option<Page>, StoreError> {
        let key = key_of(share, id);
        self.read_blocking(move |transaction, seal| {
            let heads = transaction.open_table(HEADS)?;
            let bodies = transaction.open_table(BODIES)?;
            let (Some(head), Some(body)) = (heads.get(&key)?, bodies.get(&key)?) else {
                return Ok(None);
            };
            let opened = open_head(seal, &key, head.value()).and_then(|head| {
                let body = seal.open_bytes(body_name(&key), body.value(), MAX_PAGE_BYTES)?;
                Ok(Page { id, head, body })
            });
            Ok(opened.inspect_err(|damage| told(*damage, id)).ok())
        })
        .await
    }

    async fn page_sizes(&self, share: Share) -> Result<Vec<PageSize>, StoreError> {
        self.read_blocking(move |transaction, _| {
            let (first, last) = keys_before(share, None);
            let sizes = transaction.open_table(SIZES)?;
            let mut all = Vec::new();
            for size in sizes.range::<&PageKey>(&first..=&last)? {
                let (key, size) = size?;
                let (bytes, newest) = size.value();
                all.push(PageSize {
                    id: id_of(key.value()),
                    bytes,
                    newest: UnixTime::from_seconds(newest),
                });
            }
            Ok(all)
        })
        .await
    }

    async fn remove_pages(&self, share: Share, ids: &[PageId]) -> Result<(), StoreError> {
        let keys: Vec<PageKey> = ids.iter().map(|id| key_of(share, *id)).collect();
        self.writer
            .write(move |transaction| {
                let mut heads = transaction.open_table(HEADS)?;
                let mut bodies = transaction.open_table(BODIES)?;
                let mut sizes = transaction.open_table(SIZES)?;
                for key in &keys {
                    heads.remove(key)?;
                    bodies.remove(key)?;
                    sizes.remove(key)?;
                }
                Ok(())
            })
            .await
    }
}

fn heads_in(
    table: &impl ReadableTable<&'static PageKey, &'static [u8]>,
    seal: &StoreSeal,
    (share, before): (Share, Option<PageId>),
    limit: usize,
) -> Result<Heads, redb::Error> {
    let (first, last) = keys_before(share, before);
    let mut older = table.range::<&PageKey>(&first..&last)?.rev();
    let (mut heads, mut looked_at) = (Vec::new(), None);
    for stored in older.by_ref().take(limit) {
        let (key, stored) = stored?;
        let id = id_of(key.value());
        looked_at = Some(id);
        match open_head(seal, key.value(), stored.value()) {
            Ok(head) => heads.push((id, head)),
            Err(damage) => told(damage, id),
        }
    }
    let next = looked_at.filter(|_| older.next().is_some());
    Ok(Heads { heads, next })
}

fn told(damage: Damage, id: PageId) {
    tracing::warn!(%damage, page = %id, "left a damaged page of decisions out");
}
