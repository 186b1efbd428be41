//! Spans of what a node does, for an OpenTelemetry collector.
//!
//! ```text
//! metrics::Timing ── Spans: is this request chosen? ── queue, bounded ── Collector: OTLP over HTTP
//! ```
//! A trace is one request: a span for all of it, and one for each step that is measured. Names and attributes
//! are words of ours, names of the directory, and the id under which the request was answered; nothing else of
//! a request, and nothing of a person, leaves the node.
//!
//! Nothing waits for a span. Where the queue is full it is dropped and counted.

mod collector;
mod ids;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task;

pub use collector::{BATCH, Collector, CollectorError, SEND_TIMEOUT};

use self::ids::Ids;
use crate::clock;
use crate::domain::RequestId;

/// So many spans wait to be sent; one more is dropped.
pub const MAX_WAITING: usize = 4_096;
/// Requests under way are told apart in so many places, so that workers hardly meet.
const PLACES: usize = 16;

/// How many of all requests are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SampleRatio(f64);

impl SampleRatio {
    /// A share from 0 to 1.
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    /// Whether a drawn number chooses.
    fn chooses(self, drawn: u64) -> bool {
        // Of 2^32 numbers a double tells all apart.
        let drawn = u32::try_from(drawn >> 32).unwrap_or(u32::MAX);
        f64::from(drawn) < self.0 * (f64::from(u32::MAX) + 1.0)
    }
}

/// A span that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The request's.
    pub trace: [u8; 16],
    /// Its own.
    pub id: [u8; 8],
    /// The span of the whole request, where it is another.
    pub parent: Option<[u8; 8]>,
    /// What was done.
    pub name: &'static str,
    /// A step of it, where it is not the whole.
    pub step: Option<&'static str>,
    /// When it was begun.
    pub begun: SystemTime,
    /// When it was over.
    pub ended: SystemTime,
    /// What is known of the request; of the whole only.
    pub known: Known,
}

/// What is known of a request once it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// Under which id it was answered.
    pub request: Option<RequestId>,
    /// How it ended, and by which check.
    pub ended: Option<(&'static str, Option<&'static str>)>,
}

/// A request that is under way.
#[derive(Debug)]
struct UnderWay {
    trace: [u8; 16],
    whole: [u8; 8],
    known: Known,
}

/// Chooses requests and takes their spans.
#[derive(Debug)]
pub struct Spans {
    ratio: SampleRatio,
    ids: Ids,
    under_way: [Mutex<HashMap<task::Id, UnderWay>>; PLACES],
    queue: Sender<Span>,
    sent: AtomicU64,
    dropped: AtomicU64,
}

impl Spans {
    /// Spans of so many requests, and where they come out; `drawn` tells this process from others.
    pub fn new(ratio: SampleRatio, drawn: [u8; 16]) -> (Arc<Self>, Receiver<Span>) {
        let (queue, spans) = channel(MAX_WAITING);
        let spans_of = Self {
            ratio,
            ids: Ids::new(drawn),
            under_way: Default::default(),
            queue,
            sent: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        };
        (Arc::new(spans_of), spans)
    }

    /// A request begins, in this task: the span of the whole of it, if it is chosen.
    pub fn begin(self: &Arc<Self>, name: &'static str) -> Option<OpenSpan> {
        if !self.ratio.chooses(self.ids.draw()) {
            return None;
        }
        let task = task::try_id()?;
        let (trace, whole) = (self.ids.trace(), self.ids.span());
        let begun = UnderWay {
            trace,
            whole,
            known: Known::default(),
        };
        self.with_place(task, |place| place.insert(task, begun));
        Some(self.open((trace, whole), Part::Whole(task), name))
    }

    /// A step of the request that this task is at, if that was chosen.
    pub fn step(self: &Arc<Self>, name: &'static str, step: &'static str) -> Option<OpenSpan> {
        let task = task::try_id()?;
        let of = self.with_place(task, |place| {
            place
                .get(&task)
                .map(|under_way| (under_way.trace, under_way.whole))
        });
        let (trace, parent) = of?;
        let part = Part::Step { parent, step };
        Some(self.open((trace, self.ids.span()), part, name))
    }

    /// What was found out about the request that this task is at.
    pub fn note(&self, note: impl FnOnce(&mut Known)) {
        let Some(task) = task::try_id() else {
            return;
        };
        self.with_place(task, |place| {
            if let Some(under_way) = place.get_mut(&task) {
                note(&mut under_way.known);
            }
        });
    }

    /// So many were taken by the collector.
    pub fn sent(&self, spans: usize) {
        self.sent.fetch_add(spans as u64, Ordering::Relaxed);
    }

    /// So many were not.
    pub fn dropped(&self, spans: usize) {
        self.dropped.fetch_add(spans as u64, Ordering::Relaxed);
    }

    /// How many the collector took, and how many it did not or found no room.
    pub fn counts(&self) -> (u64, u64) {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (count(&self.sent), count(&self.dropped))
    }

    fn open(
        self: &Arc<Self>,
        (trace, id): ([u8; 16], [u8; 8]),
        part: Part,
        name: &'static str,
    ) -> OpenSpan {
        OpenSpan(Box::new(Opened {
            of: Arc::clone(self),
            trace,
            id,
            part,
            name,
            since: Instant::now(),
        }))
    }

    fn with_place<T>(
        &self,
        task: task::Id,
        work: impl FnOnce(&mut HashMap<task::Id, UnderWay>) -> T,
    ) -> T {
        use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(task);
        let [first, ..] = &self.under_way;
        let index = usize::try_from(hash % PLACES as u64).unwrap_or_default();
        let place = self.under_way.get(index).unwrap_or(first);
        work(&mut place.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take(&self, span: Span) {
        if self.queue.try_send(span).is_err() {
            self.dropped(1);
        }
    }
}

/// What of a request a span is.
#[derive(Debug)]
enum Part {
    Whole(task::Id),
    Step { parent: [u8; 8], step: &'static str },
}

/// A span that is over when this is dropped.
#[derive(Debug)]
pub struct OpenSpan(#[expect(dead_code, reason = "it is there to be dropped")] Box<Opened>);

#[derive(Debug)]
struct Opened {
    of: Arc<Spans>,
    trace: [u8; 16],
    id: [u8; 8],
    part: Part,
    name: &'static str,
    since: Instant,
}

impl Drop for Opened {
    fn drop(&mut self) {
        let (parent, step, known) = match self.part {
            Part::Step { parent, step } => (Some(parent), Some(step), Known::default()),
            Part::Whole(task) => {
                let under_way = self.of.with_place(task, |place| place.remove(&task));
                let known = under_way.map(|it| it.known).unwrap_or_default();
                (None, None, known)
            }
        };
        let (begun, ended) = clock::between(self.since);
        self.of.take(Span {
            trace: self.trace,
            id: self.id,
            parent,
            name: self.name,
            step,
            begun,
            ended,
            known,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(share: f64) -> (Arc<Spans>, Receiver<Span>) {
        Spans::new(SampleRatio::new(share).unwrap(), [7; 16])
    }

    fn drain(queue: &mut Receiver<Span>) -> Vec<Span> {
        std::iter::from_fn(|| queue.try_recv().ok()).collect()
    }

    /// In a task, as requests are.
    async fn in_a_task<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
        tokio::spawn(work).await.unwrap()
    }

    #[tokio::test]
    async fn the_steps_of_a_request_are_under_the_whole_of_it() {
        let (spans, mut queue) = spans(1.0);
        let request = RequestId::from_random([5; 16]);
        let of = Arc::clone(&spans);
        in_a_task(async move {
            let whole = of.begin("Ask").unwrap();
            let step = of.step("Ask", "prove").unwrap();
            task::yield_now().await;
            drop(step);
            of.note(|known| known.request = Some(request));
            of.note(|known| known.ended = Some(("refused", Some("audience"))));
            drop(whole);
            assert!(of.step("Ask", "record").is_none(), "it is over");
        })
        .await;
        let [step, whole] = &drain(&mut queue)[..] else {
            panic!("two spans")
        };
        assert_eq!((whole.parent, whole.step), (None, None));
        assert_eq!((step.parent, step.step), (Some(whole.id), Some("prove")));
        assert_eq!(step.trace, whole.trace);
        assert_ne!(step.id, whole.id);
        assert!(whole.begun <= step.begun && step.ended <= whole.ended);
        let known = Known {
            request: Some(request),
            ended: Some(("refused", Some("audience"))),
        };
        assert_eq!(whole.known, known);
        assert_eq!(step.known, Known::default());
    }

    #[tokio::test]
    async fn two_requests_have_nothing_in_common() {
        let (spans, mut queue) = spans(1.0);
        let one = |of: Arc<Spans>| async move {
            let _whole = of.begin("Ask").unwrap();
            task::yield_now().await;
            let _step = of.step("Ask", "prove").unwrap();
            task::yield_now().await;
        };
        let both = [
            tokio::spawn(one(Arc::clone(&spans))),
            tokio::spawn(one(spans)),
        ];
        for task in both {
            task.await.unwrap();
        }
        let spans = drain(&mut queue);
        let wholes: Vec<_> = spans.iter().filter(|span| span.parent.is_none()).collect();
        assert_ne!(wholes[0].trace, wholes[1].trace);
        for whole in wholes {
            let own = spans.iter().filter(|span| span.parent == Some(whole.id));
            assert_eq!(own.filter(|span| span.trace == whole.trace).count(), 1);
        }
    }

    /// How many of so many requests are chosen.
    async fn chosen(spans: Arc<Spans>, requests: usize) -> usize {
        let ask = async move {
            (0..requests)
                .filter(|_| spans.begin("Ask").is_some())
                .count()
        };
        in_a_task(ask).await
    }

    #[tokio::test]
    async fn so_many_requests_are_chosen_as_was_said() {
        for (share, range) in [(0.0, 0..=0), (0.25, 2_000..=3_000), (1.0, 10_000..=10_000)] {
            let (spans, _queue) = spans(share);
            let chosen = chosen(spans, 10_000).await;
            assert!(range.contains(&chosen), "{chosen} of {share}");
        }
        for share in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(SampleRatio::new(share), None);
        }
    }

    #[tokio::test]
    async fn what_there_is_no_room_for_is_dropped_and_counted() {
        let (spans, mut queue) = spans(1.0);
        chosen(Arc::clone(&spans), MAX_WAITING + 3).await;
        assert_eq!(drain(&mut queue).len(), MAX_WAITING);
        assert_eq!(spans.counts(), (0, 3));
    }
}
