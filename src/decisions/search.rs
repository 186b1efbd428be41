//! Finding traces.
//!
//! ```text
//! heads of all shares ─ marks say that it may be in there ─> by their newest trace, the latest first
//!   └ nothing unread can be later ─> the page ─> what fits
//!      └ as many as were asked for are later than all that is left: done
//! ```
//! A page is filled for ten minutes at most, so that nothing in it is much later than its beginning. A
//! search reads so many pages and no more; it says then from where to go on.

use std::collections::{BinaryHeap, VecDeque};

use serde::{Deserialize, Serialize};

use super::entry;
use super::marks::{self, Mark};
use super::open_page::OPEN_SECONDS;
use super::trace::{End, Trace, TracedCaller, TracedPerson};
use crate::domain::{AccessKeyId, ConnectionId, IssuerName, ProviderArn, RequestId, UnixTime};
use crate::store::{DecisionLog, Heads, PageHead, PageId, Share, StoreError};

/// So many traces are told at once.
pub const MAX_FOUND: usize = 1_000;
/// So many pages are read for one answer.
pub const MAX_PAGES: usize = 500;
/// So many heads are read at a time.
const HEADS_AT_A_TIME: usize = 128;
/// A trace may be a little later than the ten minutes of its page: it waited.
const SLACK_SECONDS: i64 = 60;

/// What is looked for. What isn't set doesn't matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wanted {
    /// A person, a session or who signed: a subject, an e-mail address, a name, a session's name, a user's name
    /// or an ARN, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Who vouches for the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<IssuerName>,
    /// The connection that they came by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionId>,
    /// The account's own provider that vouched for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderArn>,
    /// Whether it was refused, or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<bool>,
    /// The check that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// The credentials that were given, or the key of who signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<AccessKeyId>,
    /// From then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<UnixTime>,
}

/// Where a search goes on: with what is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The time of the last trace that was told.
    pub at: UnixTime,
    /// So many microseconds after the beginning of its second.
    #[serde(default)]
    pub micros: u32,
    /// Its request; all of this second are older than what was told where there is none.
    pub request: Option<RequestId>,
}

/// A part of what there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The newest first.
    pub decisions: Vec<Trace<'static>>,
    /// Where to go on; none where that was all.
    pub next: Option<Place>,
}

impl Wanted {
    /// Whether a trace is what is looked for.
    pub fn fits(&self, trace: &Trace<'_>) -> bool {
        let person = trace.person.as_ref();
        let is_refused = matches!(trace.end, End::Refused { .. });
        holds(self.person.as_ref(), |name| is_called(trace, name))
            && holds(self.issuer.as_ref(), |issuer| {
                person.is_some_and(|person| *person.issuer == *issuer)
            })
            && holds(self.connection.as_ref(), |connection| {
                trace.connection.as_deref() == Some(connection)
            })
            && holds(self.provider.as_ref(), |provider| {
                trace.provider.as_deref() == Some(provider)
            })
            && holds(self.refused.as_ref(), |refused| *refused == is_refused)
            && holds(self.check.as_ref(), |check| {
                trace.failed_check() == Some(check.as_str())
            })
            && holds(self.key.as_ref(), |key| has_key(trace, key))
            && holds(self.since.as_ref(), |since| trace.at >= *since)
    }

    /// What the marks of a page must have.
    fn marks(&self) -> Vec<Mark> {
        let refused = self.refused.filter(|refused| *refused);
        let marks = [
            self.person.as_deref().map(marks::of_name),
            self.connection
                .as_ref()
                .map(|connection| marks::of_connection(connection.as_str())),
            refused.map(|_| marks::of_refusal()),
            self.check.as_deref().map(marks::of_check),
            self.key.as_ref().map(|key| marks::of_key(key.as_str())),
        ];
        marks.into_iter().flatten().collect()
    }
}

fn holds<T>(wanted: Option<&T>, fits: impl FnOnce(&T) -> bool) -> bool {
    wanted.is_none_or(fits)
}

fn has_key(trace: &Trace<'_>, key: &AccessKeyId) -> bool {
    let issued = trace.issued.as_ref();
    let caller = trace.caller.as_ref();
    let keys = [
        issued.map(|issued| issued.access_key_id.as_str()),
        caller.and_then(|caller| caller.access_key_id.as_deref()),
    ];
    keys.contains(&Some(key.as_str()))
}

fn is_called(trace: &Trace<'_>, name: &str) -> bool {
    let person = trace.person.as_ref();
    let caller = trace.caller.as_ref();
    let names = [
        person.map(|person| person.subject.as_str()),
        person.and_then(TracedPerson::email),
        person.and_then(TracedPerson::name),
        trace.session.as_deref(),
        caller.map(|caller| &*caller.name),
        caller.and_then(TracedCaller::short_name),
    ];
    names
        .into_iter()
        .flatten()
        .any(|own| own.eq_ignore_ascii_case(name))
}

/// Whether all of these may be in the page.
pub(super) fn may_have(head: &PageHead, marks: &[Mark]) -> bool {
    let is_there = |mark: &Mark| head.marks.binary_search(mark).is_ok();
    marks.iter().all(is_there)
}

/// The heads of one share, the newest first.
struct Walk {
    share: Share,
    heads: VecDeque<(PageId, PageHead)>,
    /// Before which page to read on.
    before: Option<PageId>,
    is_over: bool,
}

impl Walk {
    const fn of(share: Share) -> Self {
        Self {
            share,
            heads: VecDeque::new(),
            before: None,
            is_over: false,
        }
    }

    /// The next head, which stays.
    async fn peek(&mut self, log: &dyn DecisionLog) -> Result<Option<PageId>, StoreError> {
        while self.heads.is_empty() && !self.is_over {
            let asked = log.page_heads(self.share, self.before, HEADS_AT_A_TIME);
            let Heads { heads, next } = asked.await?;
            self.heads = heads.into();
            self.before = next;
            self.is_over = next.is_none();
        }
        Ok(self.heads.front().map(|(id, _)| *id))
    }
}

/// The walks through all shares as one: the page that was begun last comes first.
pub(super) struct Walks([Walk; Share::ALL.len()]);

impl Walks {
    pub(super) fn all() -> Self {
        Self(Share::ALL.map(Walk::of))
    }

    /// The walk with the next page, and that page.
    async fn first(
        &mut self,
        log: &dyn DecisionLog,
    ) -> Result<Option<(PageId, &mut Walk)>, StoreError> {
        let mut first: Option<(PageId, &mut Walk)> = None;
        for walk in &mut self.0 {
            if let Some(id) = walk.peek(log).await?
                && first.as_ref().is_none_or(|(other, _)| id > *other)
            {
                first = Some((id, walk));
            }
        }
        Ok(first)
    }

    async fn peek(&mut self, log: &dyn DecisionLog) -> Result<Option<PageId>, StoreError> {
        Ok(self.first(log).await?.map(|(id, _)| id))
    }

    pub(super) async fn next(
        &mut self,
        log: &dyn DecisionLog,
    ) -> Result<Option<(Share, PageId, PageHead)>, StoreError> {
        let Some((_, walk)) = self.first(log).await? else {
            return Ok(None);
        };
        let share = walk.share;
        let head = walk.heads.pop_front();
        Ok(head.map(|(id, head)| (share, id, head)))
    }
}

/// The newest traces that are wanted, older than `after` where it is set; at most `limit`.
pub(super) async fn search(
    log: &dyn DecisionLog,
    wanted: &Wanted,
    after: Option<Place>,
    limit: usize,
) -> Result<Found, StoreError> {
    let mut search = Search {
        log,
        wanted,
        after,
        marks: wanted.marks(),
        walks: Walks::all(),
        pages: BinaryHeap::new(),
        best: Best::of(limit.clamp(1, MAX_FOUND)),
    };
    search.gather_pages().await?;
    let mut read = 0;
    while let Some(next) = search.pages.pop() {
        let is_too_old = wanted.since.is_some_and(|since| next.newest < since);
        if is_too_old || search.best.is_full_with(next.newest) {
            break;
        }
        if read >= MAX_PAGES {
            return Ok(search.best.later_than(next.newest));
        }
        read += 1;
        search.read(&next).await?;
        search.gather_pages().await?;
    }
    Ok(search.best.all())
}

/// A search under way.
struct Search<'a> {
    log: &'a dyn DecisionLog,
    wanted: &'a Wanted,
    after: Option<Place>,
    marks: Vec<Mark>,
    walks: Walks,
    pages: BinaryHeap<Candidate>,
    best: Best,
}

/// A page that may have something; the one with the latest trace comes first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    newest: UnixTime,
    id: PageId,
    share: Share,
}

impl Search<'_> {
    /// Looks at heads until no further one can be of a page with a later trace than the first of those
    /// that were found.
    async fn gather_pages(&mut self) -> Result<(), StoreError> {
        while let Some(next) = self.walks.peek(self.log).await? {
            let latest = next.begun_at().plus(OPEN_SECONDS + SLACK_SECONDS);
            if self.pages.peek().is_some_and(|page| page.newest >= latest) {
                break;
            }
            if let Some((share, id, head)) = self.walks.next(self.log).await?
                && self.may_have(&head)
            {
                self.pages.push(Candidate {
                    newest: head.newest,
                    id,
                    share,
                });
            }
        }
        Ok(())
    }

    fn may_have(&self, head: &PageHead) -> bool {
        let has_older = self.after.is_none_or(|place| head.oldest <= place.at);
        has_older && may_have(head, &self.marks)
    }

    async fn read(&mut self, candidate: &Candidate) -> Result<(), StoreError> {
        let Some(page) = self.log.page(candidate.share, candidate.id).await? else {
            return Ok(());
        };
        for (_, trace) in entry::all_in_page(&page.body) {
            let is_older = self.after.is_none_or(|place| place_of(&trace) < place);
            if is_older && self.wanted.fits(&trace) {
                self.best.take(trace);
            }
        }
        Ok(())
    }
}

fn place_of(trace: &Trace<'_>) -> Place {
    Place {
        at: trace.at,
        micros: trace.micros,
        request: Some(trace.request),
    }
}

/// The newest that were found.
struct Best {
    limit: usize,
    found: Vec<Trace<'static>>,
    /// Whether one was let go, because there were more than the limit.
    is_more: bool,
}

impl Best {
    const fn of(limit: usize) -> Self {
        Self {
            limit,
            found: Vec::new(),
            is_more: false,
        }
    }

    fn take(&mut self, trace: Trace<'static>) {
        self.found.push(trace);
        if self.found.len() > self.limit.saturating_mul(2) {
            self.tidy();
        }
    }

    fn tidy(&mut self) {
        self.found
            .sort_by_key(|trace| std::cmp::Reverse(place_of(trace)));
        // What nobody knew whether it was written was written twice.
        self.found.dedup_by_key(|trace| place_of(trace));
        if self.found.len() > self.limit {
            self.found.truncate(self.limit);
            self.is_more = true;
        }
    }

    /// Whether so many were found later than this that nothing earlier matters.
    fn is_full_with(&mut self, latest: UnixTime) -> bool {
        let later = self.found.iter().filter(|trace| trace.at > latest).count();
        let is_full = later >= self.limit;
        self.is_more |= is_full;
        is_full
    }

    fn all(mut self) -> Found {
        self.tidy();
        let last = self.found.last().map(place_of);
        Found {
            next: last.filter(|_| self.is_more),
            decisions: self.found,
        }
    }

    /// What is later than this, since no more was read; and from there on.
    fn later_than(mut self, latest: UnixTime) -> Found {
        self.found.retain(|trace| trace.at > latest);
        self.tidy();
        let rest = Place {
            at: latest.plus(1),
            micros: 0,
            request: None,
        };
        let last = self.found.last().map(place_of);
        Found {
            next: last.filter(|_| self.is_more).or(Some(rest)),
            decisions: self.found,
        }
    }
}

/// The trace of a request.
pub(super) async fn find(
    log: &dyn DecisionLog,
    request: RequestId,
) -> Result<Option<Trace<'static>>, StoreError> {
    let marks = [marks::of_request(request)];
    let mut walks = Walks::all();
    while let Some((share, id, head)) = walks.next(log).await? {
        if !may_have(&head, &marks) {
            continue;
        }
        let Some(page) = log.page(share, id).await? else {
            continue;
        };
        let mut traces = entry::all_in_page(&page.body);
        if let Some((_, trace)) = traces.find(|(_, trace)| trace.request == request) {
            return Ok(Some(trace));
        }
    }
    Ok(None)
}
