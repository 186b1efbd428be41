//! How many ask one provider at once, and when it is left alone.
//!
//! Whoever asks STS waits for the provider. One that hangs, or fails again and again, must not hold up
//! a crowd, and is not asked any more for a moment.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::AccessTokenError;
use crate::domain::UnixTime;

/// So many questions to one provider are under way at once; one more is refused.
const PLACES: usize = 32;
/// After so many failures in a row the provider is left alone.
const FAILURES: u32 = 5;
/// It is left alone for so many seconds, counted from the beginning of the last question.
const REST: i64 = 10;

/// The way to one provider.
#[derive(Debug)]
pub(super) struct Line {
    places: Semaphore,
    health: Mutex<Health>,
}

#[derive(Debug, Clone, Copy)]
struct Health {
    failures: u32,
    rests_until: UnixTime,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            places: Semaphore::new(PLACES),
            health: Mutex::new(Health {
                failures: 0,
                rests_until: UnixTime::from_seconds(0),
            }),
        }
    }
}

impl Line {
    /// A place; nobody waits for one.
    pub(super) fn enter(&self, now: UnixTime) -> Result<SemaphorePermit<'_>, AccessTokenError> {
        let health = *self.health();
        if health.failures >= FAILURES && now < health.rests_until {
            return Err(AccessTokenError::Resting);
        }
        let place = self.places.try_acquire();
        place.map_err(|_| AccessTokenError::Busy)
    }

    /// Notes what became of a question.
    pub(super) fn note<T>(&self, answer: &Result<T, AccessTokenError>, now: UnixTime) {
        let failed = answer
            .as_ref()
            .is_err_and(AccessTokenError::is_provider_unreachable);
        let mut health = self.health();
        if failed {
            health.failures = health.failures.saturating_add(1);
            health.rests_until = now.plus(REST);
        } else {
            health.failures = 0;
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::outgoing::FetchError;
    use crate::federation::testing::NOW;

    fn failed() -> Result<(), AccessTokenError> {
        Err(FetchError::Status(500).into())
    }

    #[test]
    fn a_provider_that_fails_again_and_again_is_left_alone_for_a_moment() {
        let line = Line::default();
        for _ in 0..FAILURES {
            assert!(line.enter(NOW).is_ok());
            line.note(&failed(), NOW);
        }
        let resting = line.enter(NOW.plus(REST - 1));
        assert!(
            matches!(resting, Err(AccessTokenError::Resting)),
            "{resting:?}"
        );
        assert!(line.enter(NOW.plus(REST)).is_ok());
        line.note(&failed(), NOW.plus(REST));
        assert!(line.enter(NOW.plus(REST)).is_err());
        line.note(&Ok(()), NOW.plus(REST));
        assert!(line.enter(NOW.plus(REST)).is_ok());
    }

    #[test]
    fn a_token_that_is_refused_is_no_failure_of_the_provider() {
        let line = Line::default();
        for _ in 0..2 * FAILURES {
            line.note::<()>(&Err(AccessTokenError::NotValid), NOW);
        }
        assert!(line.enter(NOW).is_ok());
    }

    #[test]
    fn nobody_waits_for_a_place() {
        let line = Line::default();
        let taken: Vec<_> = (0..PLACES).map(|_| line.enter(NOW).unwrap()).collect();
        assert!(matches!(line.enter(NOW), Err(AccessTokenError::Busy)));
        drop(taken);
        assert!(line.enter(NOW).is_ok());
    }
}
