//! Why no statement of a trust policy allowed something, for administrators.

use std::fmt;

use super::assume::{Assumption, RoleTerms, StsAction, describe_session, needed_actions};
use super::context::{Context, Values};
use super::decide::Request;
use super::error::StatementName;

/// A statement that could have allowed it, and what of it did not fit first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// The action that nothing allowed.
    pub action: StsAction,
    /// The statement.
    pub statement: StatementName,
    /// What did not fit.
    pub why: MissedBy,
}

/// What of a statement did not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissedBy {
    /// It is about others.
    Principal,
    /// It is about other actions.
    Action,
    /// This condition does not hold.
    Condition {
        /// Operator, key and values, as the policy has them.
        wanted: String,
        /// What the request has under the key.
        found: String,
    },
}

impl fmt::Display for MissedBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal => formatter.write_str("it names other principals"),
            Self::Action => formatter.write_str("it is about other actions"),
            Self::Condition { wanted, found } => {
                write!(formatter, "it wants {wanted}, and there is {found}")
            }
        }
    }
}

/// What the allowing statements of the role's trust policy lack, where none of them allows an action
/// that is needed; nothing where all is allowed, or something is denied.
pub fn misses(assumption: &Assumption<'_>, role: RoleTerms<'_>) -> Vec<Miss> {
    let mut context = Context::over(&assumption.context);
    describe_session(&mut context, assumption, role);
    let arn = role.arn.as_str();
    for action in needed_actions(assumption) {
        let request = Request {
            caller: assumption.caller,
            action: action.as_str(),
            resource: arn,
            context: &context,
        };
        let evaluation = role.trust.evaluate(arn, &request);
        if !evaluation.explicit_denies.is_empty() {
            return Vec::new();
        }
        if evaluation.allows.is_empty() {
            let misses = role.trust.misses(&request).into_iter();
            let miss = |(statement, why)| Miss {
                action,
                statement,
                why,
            };
            return misses.map(miss).collect();
        }
    }
    Vec::new()
}

/// The values of a key, in words.
pub(super) fn found(values: Option<&Values<'_>>) -> String {
    match values {
        None => "no such key".to_owned(),
        Some(Values::Unreadable) => "a value that can't be read".to_owned(),
        Some(Values::One(value)) => format!("{value:?}"),
        Some(Values::Many(values)) => format!("{values:?}"),
    }
}
