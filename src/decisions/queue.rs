//! Where traces wait until they are written.
//!
//! Whoever answers a request leaves its trace here and goes on: a lock that hardly anybody else wants,
//! and some hundred bytes. Nobody is woken; who writes comes by several times a second. Where more
//! waits than may, a trace is dropped and counted. The audit has it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::entry;
use super::trace::{Beside, Trace};
use crate::audit::Event;
use crate::metrics::{Stripes, Traces};
use crate::store::Share;

/// So many bytes of a share may wait, in each of eight places that threads share.
pub const MAX_WAITING_BYTES: usize = 1 << 20;

/// Traces that wait.
#[derive(Debug, Default)]
pub struct TraceQueue {
    /// Where nothing is kept, nothing waits.
    is_off: bool,
    places: Stripes<Mutex<Place>>,
    counts: Arc<Traces>,
}

/// By share.
#[derive(Debug, Default)]
struct Place([Vec<u8>; Share::ALL.len()]);

impl Place {
    fn of(&mut self, share: Share) -> &mut Vec<u8> {
        let Self([strangers, people, issued]) = self;
        match share {
            Share::Strangers => strangers,
            Share::People => people,
            Share::Issued => issued,
        }
    }
}

impl TraceQueue {
    /// A queue that takes nothing.
    pub fn off() -> Self {
        Self {
            is_off: true,
            ..Self::default()
        }
    }

    /// A queue that counts there.
    pub(super) fn counting(counts: Arc<Traces>, is_off: bool) -> Self {
        Self {
            is_off,
            counts,
            ..Self::default()
        }
    }

    /// Whether nothing is kept.
    pub const fn is_off(&self) -> bool {
        self.is_off
    }

    /// Leaves the trace of what the audit has written.
    pub fn leave(&self, event: &Event, beside: Beside<'_>) {
        if self.is_off {
            return;
        }
        let share = Trace::share(event, &beside);
        let Some(entry) = entry::waiting(&Trace::of(event, beside)) else {
            return self.counts.dropped(1);
        };
        let mut place = own(self.places.own());
        let waiting = place.of(share);
        if waiting.len() + entry.len() > MAX_WAITING_BYTES {
            drop(place);
            return self.counts.dropped(1);
        }
        waiting.extend_from_slice(&entry);
    }

    /// Everything that waits for a share.
    pub(super) fn take(&self, share: Share) -> Vec<u8> {
        let mut all = Vec::new();
        for place in self.places.iter() {
            let waiting = std::mem::take(own(place).of(share));
            if all.is_empty() {
                all = waiting;
            } else {
                all.extend_from_slice(&waiting);
            }
        }
        all
    }

    pub(super) fn wrote(&self, traces: u64) {
        self.counts.wrote(traces);
    }
}

fn own(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
