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
    pub fn leave(&self, event: &Event<'_>, beside: Beside<'_>) {
        if self.is_off {
            return;
        }
        let (share, trace) = Trace::of(event, beside);
        // It is put into words where it waits: this thread's place, which hardly anybody else wants.
        let mut place = own(self.places.own());
        let is_left = entry::add_waiting(place.of(share), &trace, MAX_WAITING_BYTES);
        drop(place);
        if !is_left {
            self.counts.dropped(1);
        }
    }

    /// Moves everything that waits for a share to the end of `taken`.
    pub(super) fn take(&self, share: Share, taken: &mut Vec<u8>) {
        for place in self.places.iter() {
            let mut place = own(place);
            let waiting = place.of(share);
            taken.extend_from_slice(waiting);
            empty(waiting);
        }
    }

    pub(super) fn wrote(&self, traces: u64) {
        self.counts.wrote(traces);
    }
}

/// Empties a buffer, and keeps its memory as long as about as much is in it every time: to give that back and
/// take it again costs more than what was in it.
pub(super) fn empty(buffer: &mut Vec<u8>) {
    let usual = buffer.len().saturating_mul(2);
    buffer.clear();
    buffer.shrink_to(usual);
}

fn own(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_keeps_the_memory_of_what_is_usually_in_it() {
        let mut buffer = vec![0; 1000];
        empty(&mut buffer);
        assert!(buffer.is_empty() && buffer.capacity() >= 1000);
        buffer.push(0);
        empty(&mut buffer);
        assert!(buffer.capacity() < 1000);
    }
}
