//! Refusals that don't tell by their time which roles there are.
//!
//! ```text
//! proven ── begin ── look the role up, decide, record ── refused? ── wait until the step is over ── answer
//! ```
//! To find that there is no role takes less than to ask its trust policy, and that takes more the longer
//! the policy is. So a refusal for the sake of a role or its policies is held until a whole number of
//! steps has gone by since it was known who asks: what proving that took is the same for all roles. Every such
//! refusal takes one step, unless something else took longer than that.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::assume_role_error::AssumeRoleError;

/// Much longer than a decision takes, and not long for whoever is refused.
const STEP: Duration = Duration::from_millis(10);

/// When a decision began.
#[derive(Debug, Clone, Copy)]
pub(super) struct EvenTime(Instant);

impl EvenTime {
    /// Now.
    pub(super) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Waits for the end of a step where the refusal is about the role. Others, and what succeeds, are
    /// not held.
    pub(super) async fn hold<T>(self, result: &Result<T, AssumeRoleError>) {
        if matches!(result, Err(AssumeRoleError::Denied(_))) {
            sleep_until(self.end_of_step(Instant::now())).await;
        }
    }

    fn end_of_step(self, now: Instant) -> Instant {
        let gone = now.saturating_duration_since(self.0).as_nanos();
        let steps = gone / STEP.as_nanos() + 1;
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        self.0 + STEP.saturating_mul(steps)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::policy::{AssumeAction, Because, Denial, StsAction};

    fn refused() -> Result<(), AssumeRoleError> {
        Err(AssumeRoleError::Denied(Denial::Refused {
            action: StsAction::Assume(AssumeAction::AssumeRole),
            because: Because::UnknownRole,
        }))
    }

    #[test]
    fn a_step_ends_after_the_call_began_and_after_now() {
        let time = EvenTime::begin();
        for (gone, steps) in [(0, 1), (1, 1), (9_999, 1), (10_000, 2), (25_000, 3)] {
            let end = time.end_of_step(time.0 + Duration::from_micros(gone));
            assert_eq!(end, time.0 + STEP * steps, "{gone}");
        }
    }

    #[tokio::test]
    async fn a_refusal_takes_a_step_at_least() {
        let time = EvenTime::begin();
        time.hold(&refused()).await;
        assert!(time.0.elapsed() >= STEP);
    }

    #[test]
    fn what_succeeds_or_fails_for_another_reason_is_not_held() {
        let time = EvenTime::begin();
        let other = Err::<(), _>(AssumeRoleError::Consumed);
        for result in [Ok(()), other] {
            assert!(time.hold(&result).now_or_never().is_some());
        }
    }
}
