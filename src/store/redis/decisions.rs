//! Pages of decisions.
//!
//! ```text
//! write    in one step: the stamp is the expected one ─> the page, its name, its size
//! remove   the names and sizes ─> the pages
//! ```
//! A page expires by itself. Its name and size stay until somebody removes them, as what keeps to the
//! budgets does every minute, and count until then; all of a share's expire together.

use async_trait::async_trait;
use redis::{Value, cmd};

use super::calls::Call;
use super::directory::{script, value};
use super::failure::Failure;
use super::{RedisStore, SLACK_SECONDS, scripts};
use crate::domain::UnixTime;
use crate::store::decisions::MAX_HEAD_BYTES;
use crate::store::sealed::{Damage, RecordName};
use crate::store::{
    DecisionLog, Heads, MAX_PAGE_BYTES, Page, PageHead, PageId, PageSize, PageWrite, PageWritten,
    Share, StoreError,
};

const HEADS: &str = "decision_heads";
const BODIES: &str = "decision_bodies";

/// So many heads are read at a time.
const HEADS_AT_A_TIME: usize = 256;
/// So many pages are removed by one command at most.
const REMOVALS: usize = 256;

#[async_trait]
impl DecisionLog for RedisStore {
    async fn write_page(&self, write: PageWrite<'_>) -> Result<PageWritten, StoreError> {
        let (share, page) = (write.share, write.page);
        let name = sealed_name(share, page.id);
        let record = |table| RecordName { table, key: &name };
        let body = self
            .seal
            .seal_bytes(record(BODIES), &page.body, MAX_PAGE_BYTES)?;
        let head = self
            .seal
            .seal_value(record(HEADS), &page.head, MAX_HEAD_BYTES)?;
        let bytes = head.len() + body.len();
        let key = self.keys.page(share, page.id);
        let (pages, sizes) = (self.keys.pages(share), self.keys.page_sizes(share));
        let mut command = script(scripts::WRITE_PAGE, &[&key, &pages, &sizes]);
        command
            .arg(write.over.as_ref().map_or(&[][..], |stamp| stamp))
            .arg(&page.head.stamp[..])
            .arg(head)
            .arg(body)
            .arg(page.id.to_string())
            .arg(format!("{bytes}:{}", page.head.newest.seconds()))
            .arg(i64::from(write.keep_seconds).saturating_add(SLACK_SECONDS));
        match self.decisions.ask_at_length(&command, bytes).await? {
            Value::Int(1) => Ok(PageWritten::Kept),
            Value::Int(_) => Ok(PageWritten::Changed),
            _ => Err(Failure::Unexpected.into()),
        }
    }

    async fn page_heads(
        &self,
        share: Share,
        before: Option<PageId>,
        limit: usize,
    ) -> Result<Heads, StoreError> {
        let limit = limit.min(HEADS_AT_A_TIME);
        let mut names = cmd("ZRANGE");
        names.arg(self.keys.pages(share));
        match before {
            Some(before) => names.arg(format!("({before}")),
            None => names.arg("+"),
        };
        names.arg("-").arg("BYLEX").arg("REV");
        // One more tells whether that was all.
        names.arg("LIMIT").arg(0).arg(limit.saturating_add(1));
        let names: Vec<String> = value(self.decisions.ask(&names).await?)?;
        let is_all = names.len() <= limit;
        let ids: Vec<PageId> = names
            .iter()
            .take(limit)
            .filter_map(|name| name.parse().ok())
            .collect();
        let next = ids.last().copied().filter(|_| !is_all);
        let heads = self.heads_of(share, &ids).await?;
        Ok(Heads { heads, next })
    }

    async fn page(&self, share: Share, id: PageId) -> Result<Option<Page>, StoreError> {
        let mut read = cmd("HMGET");
        read.arg(self.keys.page(share, id)).arg("head").arg("body");
        let read = self.decisions.ask_at_length(&read, MAX_PAGE_BYTES).await?;
        let found: (Option<Vec<u8>>, Option<Vec<u8>>) = value(read)?;
        let (Some(head), Some(body)) = found else {
            return Ok(None);
        };
        let name = sealed_name(share, id);
        let body_name = RecordName {
            table: BODIES,
            key: &name,
        };
        let opened = self.open_page_head(share, id, &head).and_then(|head| {
            let body = self.seal.open_bytes(body_name, &body, MAX_PAGE_BYTES)?;
            Ok(Page { id, head, body })
        });
        Ok(opened.inspect_err(|damage| told(*damage, id)).ok())
    }

    async fn page_sizes(&self, share: Share) -> Result<Vec<PageSize>, StoreError> {
        let mut read = cmd("HGETALL");
        read.arg(self.keys.page_sizes(share));
        let read = self.decisions.ask_at_length(&read, MAX_PAGE_BYTES).await?;
        let sizes: Vec<(String, String)> = value(read)?;
        let mut sizes: Vec<PageSize> = sizes.iter().filter_map(size_of_page).collect();
        sizes.sort_unstable_by_key(|size| size.id);
        Ok(sizes)
    }

    async fn remove_pages(&self, share: Share, ids: &[PageId]) -> Result<(), StoreError> {
        for ids in ids.chunks(REMOVALS) {
            let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let keys: Vec<String> = ids.iter().map(|id| self.keys.page(share, *id)).collect();
            let (pages, sizes) = (self.keys.pages(share), self.keys.page_sizes(share));
            let mut all = cmd("UNLINK");
            all.arg(&keys);
            let mut leave = cmd("ZREM");
            leave.arg(&pages).arg(&names);
            let mut forget = cmd("HDEL");
            forget.arg(&sizes).arg(&names);
            let key = pages.clone();
            // All are under one tag, so one server has them.
            let calls = [all, leave, forget].map(|command| Call {
                key: key.clone(),
                command,
            });
            for answer in self.decisions.in_order(calls.into()).await? {
                let _removed: i64 = value(answer)?;
            }
        }
        Ok(())
    }
}

impl RedisStore {
    async fn heads_of(
        &self,
        share: Share,
        ids: &[PageId],
    ) -> Result<Vec<(PageId, PageHead)>, StoreError> {
        let calls: Vec<Call> = ids
            .iter()
            .map(|id| {
                let key = self.keys.page(share, *id);
                let mut command = cmd("HGET");
                command.arg(&key).arg("head");
                Call { key, command }
            })
            .collect();
        let mut heads = Vec::with_capacity(ids.len());
        for (id, answer) in ids.iter().zip(self.decisions.in_order(calls).await?) {
            let Some(stored) = value::<Option<Vec<u8>>>(answer)? else {
                continue;
            };
            match self.open_page_head(share, *id, &stored) {
                Ok(head) => heads.push((*id, head)),
                Err(damage) => told(damage, *id),
            }
        }
        Ok(heads)
    }

    fn open_page_head(&self, share: Share, id: PageId, stored: &[u8]) -> Result<PageHead, Damage> {
        let name = sealed_name(share, id);
        let name = RecordName {
            table: HEADS,
            key: &name,
        };
        self.seal.open_value(name, stored, MAX_HEAD_BYTES)
    }
}

/// What a page's records are sealed under: the share's number and the page's name.
fn sealed_name(share: Share, id: PageId) -> Vec<u8> {
    [&[share.number()][..], id.bytes()].concat()
}

fn size_of_page((name, size): &(String, String)) -> Option<PageSize> {
    let (bytes, newest) = size.split_once(':')?;
    Some(PageSize {
        id: name.parse().ok()?,
        bytes: bytes.parse().ok()?,
        newest: UnixTime::from_seconds(newest.parse().ok()?),
    })
}

fn told(damage: Damage, id: PageId) {
    tracing::warn!(%damage, page = %id, "left a damaged page of decisions out");
}
