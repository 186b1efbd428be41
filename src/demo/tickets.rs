//! Random strings that stand for something for a short while: authorization codes, access tokens.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::UnixTime;
use crate::entropy::{Entropy, EntropyError, draw};

/// What is kept behind random strings of 256 bits, each until it expires.
pub(super) struct Tickets<T> {
    lifetime_seconds: i64,
    kept: Mutex<HashMap<String, Kept<T>>>,
}

struct Kept<T> {
    expires: UnixTime,
    value: T,
}

/// No ticket was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TicketError {
    /// As many as may be kept are still valid.
    #[error("too many are open at once")]
    Full,
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl<T: Clone> Tickets<T> {
    /// At most this many valid tickets at once.
    const MAX: usize = 10_000;

    /// Tickets that are valid for `lifetime_seconds`.
    pub(super) fn lasting(lifetime_seconds: i64) -> Self {
        Self {
            lifetime_seconds,
            kept: Mutex::default(),
        }
    }

    /// Keeps `value` and returns the ticket for it.
    pub(super) fn give(
        &self,
        value: T,
        now: UnixTime,
        entropy: &dyn Entropy,
    ) -> Result<String, TicketError> {
        let ticket = URL_SAFE_NO_PAD.encode(draw::<32>(entropy)?);
        let expires = now.plus(self.lifetime_seconds);
        let mut kept = self.locked();
        kept.retain(|_, entry| entry.expires > now);
        if kept.len() >= Self::MAX {
            return Err(TicketError::Full);
        }
        kept.insert(ticket.clone(), Kept { expires, value });
        Ok(ticket)
    }

    /// What the ticket stands for; the ticket is used up, whatever comes of it.
    pub(super) fn take(&self, ticket: &str, now: UnixTime) -> Option<T> {
        let entry = self.locked().remove(ticket)?;
        (entry.expires > now).then_some(entry.value)
    }

    /// What the ticket stands for; the ticket stays valid.
    pub(super) fn find(&self, ticket: &str, now: UnixTime) -> Option<T> {
        let kept = self.locked();
        let entry = kept.get(ticket).filter(|entry| entry.expires > now)?;
        Some(entry.value.clone())
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, Kept<T>>> {
        // Each change is one insertion or removal, so a panic elsewhere left the map whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    fn given(tickets: &Tickets<u8>) -> String {
        tickets.give(7, NOW, &SystemEntropy).unwrap()
    }

    #[test]
    fn a_ticket_is_taken_once() {
        let tickets = Tickets::lasting(60);
        let ticket = given(&tickets);
        assert_eq!(tickets.take(&ticket, NOW), Some(7));
        assert_eq!(tickets.take(&ticket, NOW), None);
    }

    #[test]
    fn a_ticket_ends_with_its_lifetime() {
        let tickets = Tickets::lasting(60);
        let ticket = given(&tickets);
        assert_eq!(tickets.find(&ticket, NOW.plus(59)), Some(7));
        assert_eq!(tickets.find(&ticket, NOW.plus(60)), None);
        assert_eq!(tickets.take(&ticket, NOW.plus(60)), None);
    }

    #[test]
    fn expired_tickets_make_room() {
        let tickets = Tickets::lasting(60);
        for _ in 0..Tickets::<u8>::MAX {
            given(&tickets);
        }
        let full = tickets.give(8, NOW, &SystemEntropy);
        assert_eq!(full, Err(TicketError::Full));
        assert!(tickets.give(8, NOW.plus(60), &SystemEntropy).is_ok());
    }
}
