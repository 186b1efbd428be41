//! Why no statement of a trust policy allowed somebody, as a trace has it.

use crate::audit::CheckOutcome;
use crate::decisions::TracedCheck;
use crate::flows::assume_role_error::AssumeRoleError;
use crate::policy::{self, Assumption, Because, Denial, Miss, MissedBy, RoleTerms};

/// A trace has so many statements that did not apply.
pub(super) const MAX_MISSES: usize = 20;

/// Whether the trust policy was silent, so that one may ask what its statements lack.
pub(super) fn is_silence(error: &AssumeRoleError) -> bool {
    matches!(
        error,
        AssumeRoleError::Denied(Denial::Refused {
            because: Because::NoAllow,
            ..
        })
    )
}

/// What the statements lack.
pub(super) fn misses(
    assumption: &Assumption<'_>,
    role: Option<RoleTerms<'_>>,
) -> Vec<TracedCheck<'static>> {
    let misses = role.map(|role| policy::misses(assumption, role));
    let misses = misses.unwrap_or_default().into_iter().take(MAX_MISSES);
    misses.map(traced).collect()
}

fn traced(miss: Miss) -> TracedCheck<'static> {
    let (expected, found) = match miss.why {
        MissedBy::Condition { wanted, found } => (wanted, found),
        other => (miss.action.as_str().to_owned(), other.to_string()),
    };
    TracedCheck {
        name: format!("trust policy, {}", miss.statement).into(),
        outcome: CheckOutcome::Failed,
        expected: Some(expected.into()),
        found: Some(found.into()),
    }
}
