//! Work that can't be stopped or that strangers ask for, on a bounded number of threads; no provider
//! takes them all, and nobody who is known takes those of their provider.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::domain::{ProviderRef, Subject};

/// Calls at once for one person. Whoever sends many responses waits for themselves.
const EACH_PERSON: usize = 1;
/// So many keys may be kept that nobody uses.
const IDLE_KEYS: usize = 32;

/// How much is done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls at once, over all providers; at least 1.
    pub at_once: usize,
    /// Calls at once for one provider; at least 1.
    pub each_provider: usize,
    /// How long a call waits for its place before it is refused.
    pub wait: Duration,
    /// Calls of a provider that wait for its places; one more is refused at once.
    pub line: usize,
}

impl Default for Limits {
    /// As many calls as there are processors, half of them for one provider; 2 seconds, 1,024 calls,
    /// which one processor gets through in less than that.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self {
            at_once: processors,
            each_provider: (processors / 2).max(1),
            wait: Duration::from_secs(2),
            line: 1_024,
        }
    }
}

/// Why there was no place for a call in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Overload {
    /// The person has a call under way, and others before this one.
    #[error("too many SAML verifications of this person are under way")]
    Person,
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

/// Whose work it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asker<'a> {
    /// Somebody who wrote to a provider's consumers and has proven nothing: they share its places.
    Stranger(&'a ProviderRef),
    /// Whom a provider has vouched for.
    Person(&'a ProviderRef, &'a Subject),
}

/// Bounded places for blocking work, fewer for each provider, and one for each person.
#[derive(Debug)]
pub(super) struct Bulkhead {
    limits: Limits,
    places: Arc<Semaphore>,
    by_provider: PlacesBy<ProviderRef>,
    by_person: PlacesBy<(ProviderRef, Subject)>,
    waiting: AtomicUsize,
    /// Of each provider that has any, those that wait for nothing but a place.
    lines: Lines,
}

/// How full the places are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Calls that have a place.
    pub busy: usize,
    /// Calls that wait for one.
    pub waiting: usize,
}

/// A call that waits for its place.
struct Waiting<'b>(&'b AtomicUsize);

impl<'b> Waiting<'b> {
    fn begin(waiting: &'b AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many calls of each provider wait for its places.
#[derive(Debug, Default)]
struct Lines(Mutex<HashMap<ProviderRef, usize>>);

/// A call that stands in its provider's line.
struct InLine<'b> {
    lines: &'b Lines,
    provider: &'b ProviderRef,
}

impl Lines {
    fn known(&self) -> MutexGuard<'_, HashMap<ProviderRef, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, provider: &ProviderRef, most: usize) -> Result<(), Overload> {
        let waiting = self.known().get(provider).copied().unwrap_or_default();
        if waiting < most {
            Ok(())
        } else {
            Err(Overload::Provider)
        }
    }

    fn enter<'b>(&'b self, provider: &'b ProviderRef, most: usize) -> Result<InLine<'b>, Overload> {
        self.check(provider, most)?;
        *self.known().entry(provider.clone()).or_default() += 1;
        Ok(InLine {
            lines: self,
            provider,
        })
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        let mut known = self.lines.known();
        let Some(waiting) = known.get_mut(self.provider) else {
            return;
        };
        *waiting = waiting.saturating_sub(1);
        if *waiting == 0 {
            known.remove(self.provider);
        }
    }
}

/// Places for each of many keys; those of keys that nobody uses are forgotten.
#[derive(Debug)]
struct PlacesBy<K> {
    each: usize,
    known: Mutex<Known<K>>,
}

#[derive(Debug)]
struct Known<K> {
    places: HashMap<K, Arc<Semaphore>>,
    /// At so many keys it is looked which of them nobody uses.
    sweep_at: usize,
}

/// A place for one call. It belongs to the work and not to whoever waits for its result.
struct Place {
    _person: Option<OwnedSemaphorePermit>,
    _provider: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Bulkhead {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            places: Arc::new(Semaphore::new(limits.at_once.max(1))),
            by_provider: PlacesBy::new(limits.each_provider.max(1)),
            by_person: PlacesBy::new(EACH_PERSON),
            waiting: AtomicUsize::new(0),
            lines: Lines::default(),
        }
    }

    /// Whether a call of this provider could wait for a place: asked before what leads to the call is done.
    pub(super) fn check_line(&self, provider: &ProviderRef) -> Result<(), Overload> {
        self.lines.check(provider, self.limits.line)
    }

    /// How full the places are now.
    pub(super) fn load(&self) -> Load {
        let free = self.places.available_permits();
        Load {
            busy: self.limits.at_once.max(1).saturating_sub(free),
            waiting: self.waiting.load(Ordering::Relaxed),
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
    pub(super) async fn run<T, F>(&self, asker: Asker<'_>, work: F) -> Result<T, RunError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let place = self.place(asker).await.map_err(RunError::Overload)?;
        let worker = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        // The other error of a join is that the task was cancelled, which happens only to one that
        // has not begun when the program ends.
        worker.await.map_err(|_| RunError::Panicked)
    }

    /// The narrowest place comes first: who waits for it holds up nobody else.
    async fn place(&self, asker: Asker<'_>) -> Result<Place, Overload> {
        let _waiting = Waiting::begin(&self.waiting);
        let (provider, person) = match asker {
            Asker::Stranger(provider) => (provider, None),
            Asker::Person(provider, subject) => {
                let key = (provider.clone(), subject.clone());
                (provider, Some(self.by_person.of(key)))
            }
        };
        let mut lacking = Overload::Person;
        let taken = timeout(self.limits.wait, async {
            let of_person = match person {
                Some(places) => Some(places.acquire_owned().await?),
                None => None,
            };
            lacking = Overload::Provider;
            let Ok(_in_line) = self.lines.enter(provider, self.limits.line) else {
                return Ok(None);
            };
            let places = self.by_provider.of(provider.clone());
            let of_provider = places.acquire_owned().await?;
            lacking = Overload::All;
            let of_all = Arc::clone(&self.places).acquire_owned().await?;
            Ok::<_, AcquireError>(Some(Place {
                _person: of_person,
                _provider: of_provider,
                _all: of_all,
            }))
        });
        match taken.await {
            Ok(Ok(Some(place))) => Ok(place),
            // The line is full, or time is up. Nobody closes these semaphores.
            Ok(Ok(None) | Err(_)) | Err(_) => Err(lacking),
        }
    }
}

impl<K: Eq + Hash> PlacesBy<K> {
    fn new(each: usize) -> Self {
        let known = Known {
            places: HashMap::new(),
            sweep_at: IDLE_KEYS,
        };
        Self {
            each,
            known: Mutex::new(known),
        }
    }

    /// The places of this key. Whoever has or awaits one of them holds them.
    fn of(&self, key: K) -> Arc<Semaphore> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.places.len() >= known.sweep_at {
            // Those that nobody holds are all free, so that new ones are as good.
            known.places.retain(|_, it| Arc::strong_count(it) > 1);
            known.sweep_at = known.places.len() * 2 + IDLE_KEYS;
        }
        let places = known.places.entry(key);
        let places = places.or_insert_with(|| Arc::new(Semaphore::new(self.each)));
        Arc::clone(places)
    }
}

#[cfg(test)]
mod tests;
