//! Erasing a person.

use super::entry;
use super::marks;
use super::search::{Walks, may_have};
use super::trace::Trace;
use crate::domain::{IssuerName, Subject};
use crate::entropy::{Entropy, draw_id};
use crate::store::{DecisionLog, Page, PageId, PageWrite, PageWritten, Share};

use super::writer::NotWritten;

/// A page that others change meanwhile is read and written so often.
const ATTEMPTS: u32 = 8;

/// Takes every trace of a person out; how many there were.
pub(super) struct Erasure<'a> {
    pub(super) log: &'a dyn DecisionLog,
    pub(super) entropy: &'a dyn Entropy,
    pub(super) issuer: &'a IssuerName,
    pub(super) subject: &'a Subject,
    pub(super) keep_seconds: u32,
}

impl Erasure<'_> {
    pub(super) async fn run(&self) -> Result<usize, NotWritten> {
        let marks = [marks::of_person(
            self.issuer.as_str(),
            self.subject.as_str(),
        )];
        let mut walks = Walks::all();
        let mut erased = 0;
        while let Some((share, id, head)) = walks.next(self.log).await? {
            if may_have(&head, &marks) {
                erased += self.of_page(share, id).await?;
            }
        }
        Ok(erased)
    }

    async fn of_page(&self, share: Share, id: PageId) -> Result<usize, NotWritten> {
        for _ in 0..ATTEMPTS {
            let Some(page) = self.log.page(share, id).await? else {
                return Ok(0);
            };
            let (rest, erased) = self.without(&page);
            if erased == 0 {
                return Ok(0);
            }
            let mut next = rest;
            next.head.stamp = draw_id(self.entropy)?;
            let write = PageWrite {
                share,
                page: &next,
                over: Some(page.head.stamp),
                keep_seconds: self.keep_seconds,
            };
            if self.log.write_page(write).await? == PageWritten::Kept {
                return Ok(erased);
            }
        }
        Err(NotWritten::Contended)
    }

    /// The page without the person's traces, and how many they are. Marks stay true of all that is left,
    /// so they are made anew: nobody shall learn from them who was here.
    fn without(&self, page: &Page) -> (Page, usize) {
        let mut next = page.clone();
        next.body.clear();
        next.head.marks.clear();
        next.head.traces = 0;
        let mut erased = 0;
        for (entry, trace) in entry::all_in_page(&page.body) {
            if self.is_theirs(&trace) {
                erased += 1;
                continue;
            }
            entry::add_to(&mut next.body, entry);
            next.head.marks.extend(marks::of_trace(&trace));
            next.head.traces += 1;
        }
        next.head.marks.sort_unstable();
        next.head.marks.dedup();
        (next, erased)
    }

    fn is_theirs(&self, trace: &Trace<'_>) -> bool {
        trace.person.as_ref().is_some_and(|person| {
            *person.issuer == *self.issuer && *person.subject == *self.subject
        })
    }
}
