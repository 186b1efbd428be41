//! Answers that were given, for being sent once more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::UnixTime;

/// An answer is sent once more within this many seconds: later it would be refused for its age alone.
const FRESH_SECONDS: i64 = 200;

/// The last good answer to each that asked; they are registered, so that there are few.
#[derive(Debug)]
pub(super) struct Earlier<T>(Mutex<HashMap<String, (UnixTime, T)>>);

impl<T> Default for Earlier<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Earlier<T> {
    /// Keeps the answer to `whom`, in place of the one before.
    pub(super) fn keep(&self, whom: &str, answer: T, now: UnixTime) {
        // One insertion, so a panic elsewhere left the map whole.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(whom.to_owned(), (now, answer));
    }

    /// The last answer to `whom`, if it is fresh.
    pub(super) fn find(&self, whom: &str, now: UnixTime) -> Option<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, answer) = kept.get(whom)?;
        (now.since(*at) < FRESH_SECONDS).then(|| answer.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    #[test]
    fn the_last_answer_is_found_by_whom_it_was_for_while_it_is_fresh() {
        let earlier = Earlier::default();
        earlier.keep("a", 1, NOW);
        earlier.keep("a", 2, NOW);
        earlier.keep("b", 3, NOW);
        assert_eq!(earlier.find("a", NOW.plus(199)), Some(2));
        assert_eq!(earlier.find("a", NOW.plus(200)), None);
        assert_eq!(earlier.find("c", NOW), None);
    }
}
