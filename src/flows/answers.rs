//! Of all answers to one sign-in, one is looked at (decision 45).
//!
//! What a provider answered is shown to be real only after it was asked for the tokens, and until then
//! anybody can send it. So nothing is written for it into the store: this node remembers in a bounded
//! space which sign-ins were answered, and how many answers of a connection are being looked at.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::kept_by_browser::AttemptKey;
use crate::domain::ConnectionId;

/// So many answers of one connection are looked at at once.
pub const MAX_OF_A_CONNECTION: usize = 64;
/// So many sign-ins that were answered are remembered; then the oldest are forgotten.
pub const MAX_REMEMBERED: usize = 10_000;

/// The answers that this node looks at, or did lately.
#[derive(Debug, Default)]
pub struct Answers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// How many are being looked at; a connection without any is not there.
    of_connections: HashMap<ConnectionId, usize>,
    /// Sign-ins whose answer is being looked at, or was.
    answered: HashSet<[u8; 32]>,
    /// Those whose answer was, the oldest first.
    over: VecDeque<[u8; 32]>,
}

/// Why an answer is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// Another answer to the same sign-in is or was looked at.
    Answered,
    /// Too many of the connection are looked at.
    Busy,
}

/// The right to look at an answer. When it is dropped, the sign-in was answered.
#[derive(Debug)]
pub(super) struct Turn {
    answers: Arc<Answers>,
    attempt: AttemptKey,
    connection: ConnectionId,
    ends: End,
}

/// What becomes of a sign-in when its turn ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Answered,
    /// It can still be answered.
    Open,
}

impl Answers {
    /// Begins to look at the answer to a sign-in.
    pub(super) fn begin(
        self: &Arc<Self>,
        attempt: AttemptKey,
        connection: &ConnectionId,
    ) -> Result<Turn, NoTurn> {
        let mut kept = self.kept();
        if kept.answered.contains(&attempt.0) {
            return Err(NoTurn::Answered);
        }
        let count = kept.of_connections.entry(connection.clone()).or_default();
        if *count >= MAX_OF_A_CONNECTION {
            return Err(NoTurn::Busy);
        }
        *count += 1;
        kept.answered.insert(attempt.0);
        Ok(Turn {
            answers: Arc::clone(self),
            attempt,
            connection: connection.clone(),
            ends: End::Answered,
        })
    }

    /// What is counted is right after each change, whoever panicked in between.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Nothing was asked of the provider: the sign-in can be answered again.
    pub(super) fn give_back(mut self) {
        self.ends = End::Open;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut kept = self.answers.kept();
        kept.leave(&self.connection);
        match self.ends {
            End::Answered => kept.remember(self.attempt.0),
            End::Open => {
                kept.answered.remove(&self.attempt.0);
            }
        }
    }
}

impl Kept {
    fn leave(&mut self, connection: &ConnectionId) {
        if let Some(count) = self.of_connections.get_mut(connection) {
            *count -= 1;
            if *count == 0 {
                self.of_connections.remove(connection);
            }
        }
    }

    fn remember(&mut self, attempt: [u8; 32]) {
        self.over.push_back(attempt);
        if self.over.len() > MAX_REMEMBERED
            && let Some(oldest) = self.over.pop_front()
        {
            self.answered.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(number: usize) -> AttemptKey {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        AttemptKey(key)
    }

    fn at(connection: &str) -> ConnectionId {
        connection.parse().unwrap()
    }

    #[test]
    fn a_sign_in_is_answered_once_while_it_is_looked_at_and_after() {
        let answers = Arc::new(Answers::default());
        let turn = answers.begin(attempt(1), &at("a")).unwrap();
        for connection in ["a", "b"] {
            let again = answers.begin(attempt(1), &at(connection));
            assert_eq!(again.unwrap_err(), NoTurn::Answered);
        }
        drop(turn);
        let later = answers.begin(attempt(1), &at("a"));
        assert_eq!(later.unwrap_err(), NoTurn::Answered);
        assert!(answers.begin(attempt(2), &at("a")).is_ok());
    }

    #[test]
    fn a_turn_that_was_given_back_can_be_had_again() {
        let answers = Arc::new(Answers::default());
        answers.begin(attempt(1), &at("a")).unwrap().give_back();
        assert!(answers.begin(attempt(1), &at("a")).is_ok());
    }

    #[test]
    fn each_connection_has_so_many_turns_at_once() {
        let answers = Arc::new(Answers::default());
        let begin = |number, connection| answers.begin(attempt(number), &at(connection));
        let mut turns: Vec<Turn> = (0..MAX_OF_A_CONNECTION)
            .map(|number| begin(number, "a").unwrap())
            .collect();
        assert_eq!(begin(1_000, "a").unwrap_err(), NoTurn::Busy);
        assert!(begin(1_001, "b").is_ok());
        turns.pop();
        assert!(begin(1_000, "a").is_ok(), "a refused one was not answered");
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let answers = Arc::new(Answers::default());
        let first = answers.begin(attempt(0), &at("a")).unwrap();
        for number in 1..=MAX_REMEMBERED + 1 {
            drop(answers.begin(attempt(number), &at("a")).unwrap());
        }
        assert_eq!(answers.kept().answered.len(), MAX_REMEMBERED + 1);
        let still = answers.begin(attempt(0), &at("a"));
        assert_eq!(
            still.unwrap_err(),
            NoTurn::Answered,
            "it is being looked at"
        );
        let forgotten = answers.begin(attempt(1), &at("a"));
        assert!(forgotten.is_ok(), "the oldest that is over");
        drop(first);
        drop(forgotten);
        let kept = answers.kept();
        assert_eq!(kept.answered.len(), MAX_REMEMBERED);
        assert!(kept.of_connections.is_empty());
    }
}
