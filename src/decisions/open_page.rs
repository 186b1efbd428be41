//! The page that a node is filling.

use super::entry::{self, Waiting};
use super::marks::MAX_MARKS;
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
    /// Its marks are put in order before it is written.
    page: Page,
    /// The stamp under which it is kept, as far as it is.
    pub(super) kept: Option<Stamp>,
    /// What was added since then, as it waited.
    fresh: Vec<u8>,
    fresh_traces: u32,
}

impl OpenPage {
    /// With room for all that it will hold: it is filled within a moment where there is much.
    pub(super) fn begin(id: PageId) -> Self {
        Self {
            page: Page {
                id,
                head: PageHead {
                    stamp: [0; 16],
                    newest: UnixTime::EPOCH,
                    oldest: UnixTime::EPOCH,
                    traces: 0,
                    marks: Vec::new(),
                },
                body: Vec::with_capacity(FULL_BYTES),
            },
            kept: None,
            fresh: Vec::new(),
            fresh_traces: 0,
        }
    }

    /// Whether it has room for this trace.
    pub(super) fn has_room(&self, waiting: &Waiting<'_>) -> bool {
        let Page { head, body, .. } = &self.page;
        let bytes = body.len() + entry::bytes_in_page(waiting.trace);
        let has_marks = head.marks.len() + MAX_MARKS <= MAX_PAGE_MARKS;
        body.is_empty() || (bytes <= FULL_BYTES && has_marks)
    }

    pub(super) fn is_over(&self, now: UnixTime) -> bool {
        // A clock that was set back ends it, too.
        !(0..OPEN_SECONDS).contains(&now.since(self.page.id.begun_at()))
    }

    pub(super) fn add(&mut self, own: &[u8], waiting: &Waiting<'_>) {
        let Page { head, body, .. } = &mut self.page;
        entry::add_to(body, waiting.trace);
        head.marks.extend(waiting.marks());
        head.newest = head.newest.max(waiting.at);
        head.oldest = match head.traces {
            0 => waiting.at,
            _ => head.oldest.min(waiting.at),
        };
        head.traces += 1;
        self.fresh.extend_from_slice(own);
        self.fresh_traces += 1;
    }

    /// How many traces of it are not kept yet.
    pub(super) const fn unwritten(&self) -> u32 {
        self.fresh_traces
    }

    /// The page, to be kept under this stamp.
    pub(super) fn page(&mut self, stamp: Stamp) -> &Page {
        let head = &mut self.page.head;
        head.stamp = stamp;
        head.marks.sort_unstable();
        head.marks.dedup();
        &self.page
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
