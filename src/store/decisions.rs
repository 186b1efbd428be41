//! What is kept of decisions: pages, each with the traces of some time.
//!
//! ```text
//! page ─ head: when, how many, how large; marks, by which it is known what is not in it
//!      └ body: the traces, one after another
//! ```
//! A store knows nothing of what a trace is. It keeps pages in three shares, each with a budget of its
//! own, so that what strangers bring about takes nothing from people.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::domain::{InvalidValue, UnixTime};

/// The most bytes of a page's body: 256 KiB.
pub const MAX_PAGE_BYTES: usize = 256 << 10;

/// The most marks of a page.
pub const MAX_PAGE_MARKS: usize = 16_384;

/// The most bytes that a head takes when serialised.
pub(super) const MAX_HEAD_BYTES: usize = 64 + 5 * MAX_PAGE_MARKS;

/// Whose traces stand together, because they share a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Share {
    /// Refusals of callers whom nobody has proven.
    Strangers,
    /// What people did who were proven, or was refused to them.
    People,
    /// Credentials that STS gave, of which there may be many a second.
    Issued,
}

impl Share {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Strangers, Self::People, Self::Issued];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strangers => "strangers",
            Self::People => "people",
            Self::Issued => "issued",
        }
    }

    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Strangers => 1,
            Self::People => 2,
            Self::Issued => 3,
        }
    }
}

/// A page's name: when it was begun, and what was drawn. Names are in the order of their times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId([u8; 16]);

impl PageId {
    /// The name of a page that is begun now.
    pub fn new(begun_at: UnixTime, drawn: [u8; 8]) -> Self {
        let mut id = [0; 16];
        let (time, rest) = id.split_at_mut(8);
        time.copy_from_slice(&begun_at.seconds().to_be_bytes());
        rest.copy_from_slice(&drawn);
        Self(id)
    }

    /// Before every page that is begun at `time` or later.
    pub fn before(time: UnixTime) -> Self {
        Self::new(time, [0; 8])
    }

    /// When the page was begun.
    pub fn begun_at(self) -> UnixTime {
        let time = self.0.first_chunk().copied().unwrap_or_default();
        UnixTime::from_seconds(i64::from_be_bytes(time))
    }

    pub(super) const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(super) const fn of(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for PageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl FromStr for PageId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        let invalid = InvalidValue::new("page id", "32 hexadecimal digits");
        bytes.map(Self).ok_or(invalid)
    }
}

/// By which it is told whether a page was changed: drawn for each write.
pub type Stamp = [u8; 16];

/// A page's head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageHead {
    /// Of the last write.
    pub stamp: Stamp,
    /// No trace in it is later.
    pub newest: UnixTime,
    /// No trace in it is earlier.
    pub oldest: UnixTime,
    /// How many traces it has.
    pub traces: u32,
    /// Fingerprints of what is in it, in order.
    pub marks: Vec<u32>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its name.
    pub id: PageId,
    /// Its head.
    pub head: PageHead,
    /// The traces.
    pub body: Vec<u8>,
}

/// A write of a page.
#[derive(Debug, Clone, Copy)]
pub struct PageWrite<'a> {
    /// Where.
    pub share: Share,
    /// What.
    pub page: &'a Page,
    /// The stamp of the page that it takes the place of; none where it is new.
    pub over: Option<Stamp>,
    /// A store that forgets by itself may forget the page after so many seconds.
    pub keep_seconds: u32,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageWritten {
    /// The page is kept.
    Kept,
    /// What stands there is another page than the one that was to be replaced, or none is there any
    /// more. Nothing was written.
    Changed,
}

/// What a page takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize {
    /// Which page.
    pub id: PageId,
    /// Its body and its head, as they are kept.
    pub bytes: u64,
    /// No trace in it is later.
    pub newest: UnixTime,
}

/// Traces of decisions, for administrators. Nothing depends on them: what is lost is missed by whoever
/// looks for it, and the audit log has it too.
#[async_trait]
pub trait DecisionLog: Send + Sync {
    /// Keeps a page, in place of what it says that it takes the place of: all or nothing, durable as a
    /// session is.
    async fn write_page(&self, write: PageWrite<'_>) -> Result<PageWritten, StoreError>;

    /// The heads of pages before `before`, the newest first, at most `limit` of them. Damaged ones are
    /// left out; fewer than `limit` names are looked at only where there are no more.
    async fn page_heads(
        &self,
        share: Share,
        before: Option<PageId>,
        limit: usize,
    ) -> Result<Heads, StoreError>;

    /// The page; `None` where there is none, or it is damaged.
    async fn page(&self, share: Share, id: PageId) -> Result<Option<Page>, StoreError>;

    /// What every page takes, the oldest first.
    async fn page_sizes(&self, share: Share) -> Result<Vec<PageSize>, StoreError>;

    /// Removes these pages, whatever stands in them.
    async fn remove_pages(&self, share: Share, ids: &[PageId]) -> Result<(), StoreError>;
}

/// A part of the heads of a share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heads {
    /// The newest first.
    pub heads: Vec<(PageId, PageHead)>,
    /// Before which page to go on; none where that was all.
    pub next: Option<PageId>,
}
