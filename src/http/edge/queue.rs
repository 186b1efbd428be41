//! Requests that wait for their worker, and how many may.
//!
//! A worker is one thread, and what a call costs is its time: while it verifies one proof, the others that
//! have come wait. It goes round all connections that are ready, again and again; whoever comes in a round
//! waits for those before them in it. A round takes so many requests. Of those beyond, some are refused at
//! once instead of being answered too late. A refusal costs a part of an answer, so that a worker that
//! refused everybody would answer nobody: it refuses so many a second, and leaves the others unread, where
//! they cost it nothing. They come first in the next rounds, in their order. Nobody counts who waits for
//! something else: a slow body, a provider, a store.
//!
//! ```text
//! ready:  request, request, …, request │ request, …       │ request, request, …        │ the round's end
//!         taken, as many as may be     │ 503, Retry-After │ unread, the next to be taken │
//! ```

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Connection;
use crate::metrics::Metrics;

/// So many requests a second each worker refuses, before it leaves others unread.
const REFUSALS_PER_SECOND: u32 = 1_000;
/// So many of them at once, where it has refused nobody for a while.
const REFUSALS_AT_ONCE: u32 = 250;
/// One that was read and is refused beyond those is told it so much later.
const LATE: Duration = Duration::from_secs(2);

thread_local! {
    static ROUND: Round = const { Round::new() };
}

/// What a worker has done in its round.
struct Round {
    /// Requests that it has taken.
    taken: Cell<usize>,
    /// Places that are kept for connections that were left unread in earlier rounds.
    kept: Cell<usize>,
    /// Requests that it may refuse.
    refusals: Cell<u32>,
    refilled_at: Cell<Option<Instant>>,
    unread: RefCell<VecDeque<Connection>>,
    end: RefCell<End>,
}

/// What tells that a round is over: a task that comes after all that were ready when its first request did.
enum End {
    NotThere,
    Awake,
    Sleeping(Waker),
}

/// This worker takes no more requests in this round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more requests wait than can be answered in time; try again")]
pub struct QueueFull;

/// The queue before each worker.
#[derive(Debug, Clone)]
pub struct Queue {
    most: usize,
    metrics: Arc<Metrics>,
}

impl Queue {
    /// Each worker takes so many requests in a round.
    pub const fn new(most: usize, metrics: Arc<Metrics>) -> Self {
        Self { most, metrics }
    }

    /// One more request. It must be asked by a worker, or whoever else has tasks of its own thread.
    ///
    /// # Errors
    /// [`QueueFull`]; it is counted.
    pub fn enter(&self) -> Result<(), QueueFull> {
        ROUND.with(|round| {
            if !round.has_room(self.most) {
                self.metrics.shed();
                return Err(QueueFull);
            }
            let taken = round.taken.get();
            round.taken.set(taken + 1);
            self.metrics.waits();
            if taken == 0 {
                self.await_end(round);
            }
            Ok(())
        })
    }

    /// Whether a connection is to be left unread, over which a request has come that would be one too many.
    /// It is called when its turn has come.
    pub(super) fn leaves_unread(
        &self,
        connection: &Connection,
        has_come: impl FnOnce() -> bool,
    ) -> bool {
        ROUND.with(|round| {
            let is_left = !round.has_room(self.most) && has_come() && !round.may_refuse();
            if is_left {
                self.metrics.waits();
                round.unread.borrow_mut().push_back(connection.clone());
            }
            is_left
        })
    }

    /// Whoever was taken and has found no place further on may be refused after this: at once, or later where
    /// this worker has refused others. Who has no answer yet asks nothing over the same connection, so that
    /// refusals come no faster than the worker can do besides its work.
    pub async fn pace_refusal() {
        if !ROUND.with(Round::may_refuse) {
            sleep(LATE).await;
        }
    }

    /// A connection that was called is read now: the place that was kept for it is anybody's.
    pub(super) fn release() {
        ROUND.with(|round| round.kept.set(round.kept.get().saturating_sub(1)));
    }

    /// What the task does that ends a round.
    #[cfg(test)]
    pub(super) fn end_round(&self) {
        ROUND.with(|round| {
            let taken = round.turn(self.most, &self.metrics);
            self.metrics.have_waited(taken);
        });
    }

    /// Has the end of the round come after whoever is ready now.
    fn await_end(&self, round: &Round) {
        let end = round.end.replace(End::Awake);
        match end {
            End::Sleeping(end) => end.wake(),
            End::Awake => {}
            End::NotThere => {
                actix_web::rt::spawn(RoundEnd(self.clone()));
            }
        }
    }
}

impl Round {
    const fn new() -> Self {
        Self {
            taken: Cell::new(0),
            kept: Cell::new(0),
            refusals: Cell::new(REFUSALS_AT_ONCE),
            refilled_at: Cell::new(None),
            unread: RefCell::new(VecDeque::new()),
            end: RefCell::new(End::NotThere),
        }
    }

    fn has_room(&self, most: usize) -> bool {
        self.taken.get().saturating_add(self.kept.get()) < most
    }

    fn may_refuse(&self) -> bool {
        let left = self.refusals.get();
        self.refusals.set(left.saturating_sub(1));
        left > 0
    }

    /// The next round begins with those that were left unread. Gives how many requests were taken in the
    /// last one.
    fn turn(&self, most: usize, metrics: &Metrics) -> usize {
        self.refill(Instant::now());
        let mut kept = 0;
        while kept < most {
            let Some(connection) = self.unread.borrow_mut().pop_front() else {
                break;
            };
            metrics.have_waited(1);
            kept += usize::from(connection.call());
        }
        self.kept.set(kept);
        self.taken.replace(0)
    }

    fn refill(&self, now: Instant) {
        let since = self.refilled_at.get().unwrap_or(now);
        // In whole ones: a shorter time counts with the next one.
        let more = (now - since).min(Duration::from_secs(1)) * REFUSALS_PER_SECOND;
        let more = u32::try_from(more.as_secs()).unwrap_or(REFUSALS_AT_ONCE);
        if more > 0 || self.refilled_at.get().is_none() {
            let refusals = self.refusals.get().saturating_add(more);
            self.refusals.set(refusals.min(REFUSALS_AT_ONCE));
            self.refilled_at.set(Some(now));
        }
    }

    /// Whether the round goes on with nobody to begin it.
    fn goes_on(&self) -> bool {
        self.kept.get() > 0 || !self.unread.borrow().is_empty()
    }
}

/// The task that ends rounds, as long as its worker runs.
struct RoundEnd(Queue);

impl Future for RoundEnd {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Queue { most, metrics } = &self.0;
        ROUND.with(|round| {
            metrics.have_waited(round.turn(*most, metrics));
            let waker = context.waker();
            let end = if round.goes_on() {
                waker.wake_by_ref();
                End::Awake
            } else {
                End::Sleeping(waker.clone())
            };
            round.end.replace(end);
        });
        Poll::Pending
    }
}

impl Drop for RoundEnd {
    fn drop(&mut self) {
        // Where the thread itself is ending, there are no more rounds either.
        let _ended = ROUND.try_with(|round| {
            let unread = round.unread.take().len();
            let waited = round.taken.replace(0) + unread;
            self.0.metrics.have_waited(waited);
            round.kept.set(0);
            round.end.replace(End::NotThere);
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::poll_immediate;

    use super::super::{Bounded, ConnectionLimits};
    use super::*;
    use crate::metrics::Gauges;
    use crate::turn::next_turn;

    fn entered(queue: &Queue, many: usize) -> usize {
        (0..many).filter(|_| queue.enter().is_ok()).count()
    }

    /// Connections over which a request has come; each is there as long as what is returned.
    fn connections(many: usize) -> Vec<Connection> {
        let limits = ConnectionLimits {
            head: Duration::from_mins(1),
            idle: Duration::from_mins(1),
            taking: Duration::from_mins(1),
        };
        let one = |_| Bounded::new(tokio::io::empty(), limits).connection();
        (0..many).map(one).collect()
    }

    fn left_unread(queue: &Queue, connections: &[Connection]) -> usize {
        let left = |connection: &&Connection| queue.leaves_unread(connection, || true);
        connections.iter().filter(left).count()
    }

    /// A round in which nobody else is taken or refused.
    fn full_round(queue: &Queue) {
        assert!(entered(queue, queue.most) > 0);
        let refused = connections(usize::try_from(REFUSALS_AT_ONCE).unwrap());
        assert_eq!(left_unread(queue, &refused), 0);
    }

    #[actix_web::test]
    async fn so_many_are_refused_before_others_are_left_unread() {
        let queue = Queue::new(1, Arc::default());
        let few = connections(3);
        assert_eq!(left_unread(&queue, &few), 0);
        full_round(&queue);
        assert!(!queue.leaves_unread(&few[0], || false));
        assert_eq!(left_unread(&queue, &few), 3);
    }

    #[actix_web::test]
    async fn who_was_left_unread_comes_before_who_comes_later() {
        let queue = Queue::new(2, Arc::default());
        full_round(&queue);
        let few = connections(3);
        assert_eq!(left_unread(&queue, &few), 3);
        queue.end_round();
        assert_eq!(entered(&queue, 5), 0);
        Queue::release();
        Queue::release();
        assert_eq!(entered(&queue, 5), 2);
        queue.end_round();
        assert_eq!(entered(&queue, 5), 1);
        Queue::release();
        assert_eq!(entered(&queue, 5), 1);
        queue.end_round();
        assert_eq!(entered(&queue, 5), 2);
    }

    #[actix_web::test]
    async fn a_place_is_kept_for_one_round_and_for_nobody_who_is_gone() {
        let queue = Queue::new(2, Arc::default());
        full_round(&queue);
        let (mut gone, there) = (connections(3), connections(1));
        assert_eq!(left_unread(&queue, &gone), 3);
        assert_eq!(left_unread(&queue, &there), 1);
        gone.clear();
        queue.end_round();
        assert_eq!(entered(&queue, 5), 1);
        queue.end_round();
        assert_eq!(entered(&queue, 5), 2);
    }

    #[actix_web::test]
    async fn refusals_come_back_with_time() {
        let round = Round::new();
        let now = Instant::now();
        let refusals = |round: &Round| {
            (0..=REFUSALS_AT_ONCE)
                .filter(|_| round.may_refuse())
                .count()
        };
        round.refill(now);
        assert_eq!(refusals(&round), 250);
        let milliseconds = |many| now + Duration::from_millis(many);
        round.refill(milliseconds(10));
        assert_eq!(refusals(&round), 10);
        round.refill(milliseconds(10) + Duration::from_micros(600));
        round.refill(milliseconds(11));
        assert_eq!(refusals(&round), 1);
        round.refill(milliseconds(100_000));
        assert_eq!(refusals(&round), 250);
    }

    #[actix_web::test]
    async fn who_was_read_is_refused_at_once_as_long_as_few_are() {
        for _ in 0..REFUSALS_AT_ONCE {
            assert_eq!(poll_immediate(Queue::pace_refusal()).await, Some(()));
        }
        assert_eq!(poll_immediate(Queue::pace_refusal()).await, None);
    }

    #[actix_web::test]
    async fn a_round_takes_so_many_and_the_next_one_as_many() {
        let queue = Queue::new(3, Arc::default());
        for _ in 0..4 {
            assert_eq!(entered(&queue, 5), 3);
            assert_eq!(entered(&queue, 5), 0);
            next_turn().await;
        }
    }

    #[actix_web::test]
    async fn a_round_is_over_when_all_that_were_ready_have_had_their_turn() {
        let queue = Queue::new(2, Arc::default());
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let queue = queue.clone();
                actix_web::rt::spawn(async move { queue.enter().is_ok() })
            })
            .collect();
        let mut taken = 0;
        for task in tasks {
            taken += usize::from(task.await.unwrap());
        }
        assert_eq!(taken, 2);
        assert_eq!(entered(&queue, 5), 2);
    }

    #[actix_web::test]
    async fn each_worker_has_a_queue_of_its_own() {
        let queue = Queue::new(1, Arc::default());
        assert_eq!(entered(&queue, 2), 1);
        let other = queue.clone();
        let by_other = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move { entered(&other, 2) })
        });
        assert_eq!(by_other.join().unwrap(), 1);
        assert_eq!(entered(&queue, 2), 0);
    }

    #[actix_web::test]
    async fn how_many_wait_and_how_many_could_not_is_told() {
        let metrics = Arc::new(Metrics::default());
        let queue = Queue::new(2, Arc::clone(&metrics));
        let told = || metrics.text(Gauges::default()).unwrap();
        assert_eq!(entered(&queue, 5), 2);
        assert!(
            told().contains("rolegate_requests_waiting 2.0\n"),
            "{}",
            told()
        );
        assert!(told().contains("rolegate_requests_shed_total 3\n"));
        next_turn().await;
        assert!(
            told().contains("rolegate_requests_waiting 0.0\n"),
            "{}",
            told()
        );
    }
}
