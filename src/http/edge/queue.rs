//! Requests that wait for their worker, and how many may.
//!
//! A worker is one thread, and what a call costs is its time: while it verifies one proof, the others that
//! have come wait. It goes round all connections that are ready, again and again; whoever comes in a round
//! waits for those before them in it. A round takes so many requests, and those beyond are refused at
//! once, which costs a fraction of an answer, instead of being answered too late. Nobody counts who waits
//! for something else: a slow body, a provider, a store.
//!
//! ```text
//! ready:  request, request, …, request │ request, request, …  │ the round's end
//!         taken, as many as may be     │ 503, Retry-After     │ all may be taken again
//! ```

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::metrics::Metrics;

thread_local! {
    /// How many requests this worker has taken in this round.
    static TAKEN: Cell<usize> = const { Cell::new(0) };
    static END: RefCell<End> = const { RefCell::new(End::NotThere) };
}

/// What tells that a round is over: a task that comes after all that were ready when its first request did.
enum End {
    NotThere,
    Spawned,
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
        let taken = TAKEN.get();
        if taken >= self.most {
            self.metrics.shed();
            return Err(QueueFull);
        }
        TAKEN.set(taken + 1);
        self.metrics.waits();
        if taken == 0 {
            self.await_end();
        }
        Ok(())
    }

    /// Has the end of the round come after whoever is ready now.
    fn await_end(&self) {
        let end = END.replace(End::Spawned);
        match end {
            End::Sleeping(end) => end.wake(),
            End::Spawned => {}
            End::NotThere => {
                actix_web::rt::spawn(RoundEnd(Arc::clone(&self.metrics)));
            }
        }
    }
}

/// The task that ends rounds, as long as its worker runs.
struct RoundEnd(Arc<Metrics>);

impl Future for RoundEnd {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.have_waited(TAKEN.replace(0));
        END.set(End::Sleeping(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for RoundEnd {
    fn drop(&mut self) {
        // Where the thread itself is ending, there are no more rounds either.
        let taken = TAKEN.try_with(|taken| taken.replace(0));
        self.0.have_waited(taken.unwrap_or_default());
        let _ended = END.try_with(|end| end.replace(End::NotThere));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Gauges;
    use crate::turn::next_turn;

    fn entered(queue: &Queue, many: usize) -> usize {
        (0..many).filter(|_| queue.enter().is_ok()).count()
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
