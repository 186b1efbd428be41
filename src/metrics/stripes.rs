//! The same counts several times over, so that threads don't wait for one another's processor caches.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads share a stripe where there are more of them.
const STRIPES: usize = 8;

/// A value for every few threads.
#[derive(Debug, Default)]
pub(crate) struct Stripes<T>([Stripe<T>; STRIPES]);

/// Two lines of a cache, since processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe<T>(T);

impl<T> Stripes<T> {
    /// That of this thread.
    pub(crate) fn own(&self) -> &T {
        let [first, ..] = &self.0;
        &self.0.get(own_stripe()).unwrap_or(first).0
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|stripe| &stripe.0)
    }
}

fn own_stripe() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    OWN.with(|own| {
        own.get().unwrap_or_else(|| {
            let taken = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES;
            own.set(Some(taken));
            taken
        })
    })
}
