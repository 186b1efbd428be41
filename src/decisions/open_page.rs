//! The page that a node is filling.

use std::collections::BTreeSet;

use super::entry::{self, Waiting};
use super::marks::{MAX_MARKS, Mark};
use crate::domain::UnixTime;
use crate::store::{MAX_PAGE_MARKS, Page, PageHead, PageId, Stamp};

/// A page that has grown so long, in bytes, is full.
pub const FULL_BYTES: usize = 64 << 10;
/// A page is filled for so long, in seconds, if it isn't full sooner. No trace of it is later, but for
/// the moment in which it waited.
pub const OPEN_SECONDS: i64 = 600;

/// A page that is being filled.
#[derive(Debug)]
pub(super) struct OpenPage {
    id: PageId,
    newest: UnixTime,
    oldest: Option<UnixTime>,
    traces: u32,
    marks: BTreeSet<Mark>,
    body: Vec<u8>,
    /// The stamp under which it is kept, as far as it is.
    pub(super) kept: Option<Stamp>,
    /// What was added since then, as it waited.
    fresh: Vec<u8>,
    fresh_traces: u32,
}

impl OpenPage {
    pub(super) const fn begin(id: PageId) -> Self {
        Self {
            id,
            newest: UnixTime::EPOCH,
            oldest: None,
            traces: 0,
            marks: BTreeSet::new(),
            body: Vec::new(),
            kept: None,
            fresh: Vec::new(),
            fresh_traces: 0,
        }
    }

    /// Whether it has room for this trace.
    pub(super) fn has_room(&self, waiting: &Waiting<'_>) -> bool {
        let bytes = self.body.len() + entry::bytes_in_page(waiting.trace);
        let has_marks = self.marks.len() + MAX_MARKS <= MAX_PAGE_MARKS;
        self.body.is_empty() || (bytes <= FULL_BYTES && has_marks)
    }

    pub(super) fn is_over(&self, now: UnixTime) -> bool {
        // A clock that was set back ends it, too.
        !(0..OPEN_SECONDS).contains(&now.since(self.id.begun_at()))
    }

    pub(super) fn add(&mut self, own: &[u8], waiting: &Waiting<'_>) {
        entry::add_to(&mut self.body, waiting.trace);
        self.marks.extend(waiting.marks());
        self.newest = self.newest.max(waiting.at);
        let oldest = self
            .oldest
            .map_or(waiting.at, |oldest| oldest.min(waiting.at));
        self.oldest = Some(oldest);
        self.traces += 1;
        self.fresh.extend_from_slice(own);
        self.fresh_traces += 1;
    }

    /// How many traces of it are not kept yet.
    pub(super) const fn unwritten(&self) -> u32 {
        self.fresh_traces
    }

    /// The page, to be kept under this stamp.
    pub(super) fn page(&self, stamp: Stamp) -> Page {
        Page {
            id: self.id,
            head: PageHead {
                stamp,
                newest: self.newest,
                oldest: self.oldest.unwrap_or(self.newest),
                traces: self.traces,
                marks: self.marks.iter().copied().collect(),
            },
            body: self.body.clone(),
        }
    }

    /// Notes that it is kept.
    pub(super) fn is_kept(&mut self, stamp: Stamp) {
        self.kept = Some(stamp);
        self.fresh.clear();
        self.fresh_traces = 0;
    }

    /// What is not kept yet, as it waited.
    pub(super) fn into_fresh(self) -> Vec<u8> {
        self.fresh
    }
}
