//! Work that can't be stopped or that strangers ask for, on a bounded number of threads; no provider
//! takes them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::domain::ProviderRef;

/// How much is done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls at once, over all providers; at least 1.
    pub at_once: usize,
    /// Calls at once for one provider; at least 1.
    pub each_provider: usize,
    /// How long a call waits for its place before it is refused.
    pub wait: Duration,
}

impl Default for Limits {
    /// As many calls as there are processors, half of them for one provider, 2 seconds.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self {
            at_once: processors,
            each_provider: (processors / 2).max(1),
            wait: Duration::from_secs(2),
        }
    }
}

/// Why there was no place for a call in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Overload {
    /// The provider has as many calls under way as one may have.
    #[error("too many SAML verifications of this provider are under way")]
    Provider,
    /// All places are taken, by several providers.
    #[error("too many SAML verifications are under way")]
    All,
}

/// Why work gave no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunError {
    /// There was no place in time.
    Overload(Overload),
    /// The work panicked.
    Panicked,
}

/// Bounded places for blocking work, and fewer for each provider.
#[derive(Debug)]
pub(super) struct Bulkhead {
    limits: Limits,
    places: Arc<Semaphore>,
    by_provider: Mutex<HashMap<ProviderRef, Arc<Semaphore>>>,
}

/// A place for one call. It belongs to the work and not to whoever waits for its result.
struct Place {
    _of_provider: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Bulkhead {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            places: Arc::new(Semaphore::new(limits.at_once.max(1))),
            by_provider: Mutex::default(),
        }
    }

    /// One that has no place and waits for none.
    #[cfg(test)]
    pub(super) fn without_places() -> Self {
        Self {
            places: Arc::new(Semaphore::new(0)),
            ..Self::new(Limits {
                wait: Duration::ZERO,
                ..Limits::default()
            })
        }
    }

    /// Does the work on a thread of its own.
    pub(super) async fn run<T, F>(&self, provider: &ProviderRef, work: F) -> Result<T, RunError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let place = self.place(provider).await.map_err(RunError::Overload)?;
        let worker = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        // The other error of a join is that the task was cancelled, which happens only to one that
        // has not begun when the program ends.
        worker.await.map_err(|_| RunError::Panicked)
    }

    /// The provider's place comes first: whoever waits for it holds up nobody of another provider.
    async fn place(&self, provider: &ProviderRef) -> Result<Place, Overload> {
        let places = self.of_provider(provider);
        let mut lacking = Overload::Provider;
        let taken = timeout(self.limits.wait, async {
            let of_provider = places.acquire_owned().await;
            lacking = Overload::All;
            let of_all = Arc::clone(&self.places).acquire_owned().await;
            // Nobody closes these semaphores.
            (of_provider.ok(), of_all.ok())
        });
        match taken.await {
            Ok((Some(of_provider), Some(of_all))) => Ok(Place {
                _of_provider: of_provider,
                _of_all: of_all,
            }),
            Ok(_) | Err(_) => Err(lacking),
        }
    }

    fn of_provider(&self, provider: &ProviderRef) -> Arc<Semaphore> {
        let mut by_provider = self
            .by_provider
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = by_provider.get(provider) {
            return Arc::clone(places);
        }
        // One that nobody else holds has all its places free, so it is as good as a new one.
        by_provider.retain(|_, places| Arc::strong_count(places) > 1);
        let places = Arc::new(Semaphore::new(self.limits.each_provider.max(1)));
        by_provider.insert(provider.clone(), Arc::clone(&places));
        places
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::sync::oneshot;

    use super::*;

    fn provider(id: &str) -> ProviderRef {
        ProviderRef::Connection(id.parse().unwrap())
    }

    fn bulkhead(at_once: usize, each_provider: usize) -> Arc<Bulkhead> {
        Arc::new(Bulkhead::new(Limits {
            at_once,
            each_provider,
            wait: Duration::from_millis(20),
        }))
    }

    /// A call that is under way until it is let go.
    struct UnderWay {
        let_go: mpsc::Sender<()>,
        caller: tokio::task::JoinHandle<Result<(), RunError>>,
    }

    impl UnderWay {
        async fn begin(bulkhead: &Arc<Bulkhead>, id: &str) -> Self {
            let (let_go, wait) = mpsc::channel();
            let (begun, has_begun) = oneshot::channel();
            let work = move || {
                begun.send(()).unwrap();
                wait.recv().unwrap();
            };
            let (bulkhead, of) = (Arc::clone(bulkhead), provider(id));
            let caller = tokio::spawn(async move { bulkhead.run(&of, work).await });
            has_begun.await.unwrap();
            Self { let_go, caller }
        }
    }

    #[tokio::test]
    async fn a_provider_that_is_busy_holds_up_no_other() {
        let bulkhead = bulkhead(2, 1);
        let busy = UnderWay::begin(&bulkhead, "busy").await;
        let refused = bulkhead.run(&provider("busy"), || ()).await;
        assert_eq!(refused, Err(RunError::Overload(Overload::Provider)));
        assert_eq!(bulkhead.run(&provider("other"), || 7).await, Ok(7));
        busy.let_go.send(()).unwrap();
        assert_eq!(busy.caller.await.unwrap(), Ok(()));
        assert_eq!(bulkhead.run(&provider("busy"), || 8).await, Ok(8));
    }

    #[tokio::test]
    async fn places_over_all_providers_are_bounded() {
        let bulkhead = bulkhead(2, 2);
        let first = UnderWay::begin(&bulkhead, "first").await;
        let second = UnderWay::begin(&bulkhead, "second").await;
        let refused = bulkhead.run(&provider("third"), || ()).await;
        assert_eq!(refused, Err(RunError::Overload(Overload::All)));
        for call in [first, second] {
            call.let_go.send(()).unwrap();
            assert_eq!(call.caller.await.unwrap(), Ok(()));
        }
        assert_eq!(bulkhead.run(&provider("third"), || 3).await, Ok(3));
    }

    #[tokio::test]
    async fn a_place_stays_taken_until_the_work_is_over_even_when_the_caller_has_gone() {
        let bulkhead = bulkhead(1, 1);
        let call = UnderWay::begin(&bulkhead, "gone").await;
        call.caller.abort();
        assert!(call.caller.await.unwrap_err().is_cancelled());
        let refused = bulkhead.run(&provider("gone"), || ()).await;
        assert_eq!(refused, Err(RunError::Overload(Overload::Provider)));
        call.let_go.send(()).unwrap();
        let place = Arc::clone(&bulkhead.places).acquire_owned().await.unwrap();
        drop(place);
        assert_eq!(bulkhead.run(&provider("gone"), || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_its_place() {
        let bulkhead = bulkhead(1, 1);
        let panicking = bulkhead
            .run(&provider("a"), || panic!("as C code would"))
            .await;
        assert_eq!(panicking, Err::<(), _>(RunError::Panicked));
        assert_eq!(bulkhead.run(&provider("a"), || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn providers_that_are_idle_are_forgotten_and_busy_ones_are_not() {
        let bulkhead = bulkhead(4, 1);
        let busy = UnderWay::begin(&bulkhead, "busy").await;
        for id in ["one", "two", "three"] {
            assert_eq!(bulkhead.run(&provider(id), || ()).await, Ok(()));
        }
        let mut kept: Vec<_> = bulkhead
            .by_provider
            .lock()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        kept.sort();
        assert_eq!(kept, [provider("busy"), provider("three")]);
        busy.let_go.send(()).unwrap();
        assert_eq!(busy.caller.await.unwrap(), Ok(()));
    }

    #[test]
    fn by_default_one_provider_has_half_of_the_places_and_at_least_one() {
        let limits = Limits::default();
        assert!(limits.each_provider >= 1);
        assert!(limits.each_provider * 2 <= limits.at_once.max(2));
        assert_eq!(limits.wait, Duration::from_secs(2));
    }
}
