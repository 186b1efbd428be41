//! What can be wrong with a rule.

use std::fmt;

use crate::domain::{InvalidValue, TagsError};

/// What is wrong with a rule, and where: `when.all[0].regex: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// The place in the file: the path of a field, or `line 3, column 7` where it isn't TOML.
    pub path: String,
    /// What is wrong there.
    pub problem: RuleProblem,
}

/// What is wrong at one place of a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleProblem {
    /// Not TOML, a field of the wrong kind, or one that isn't known.
    #[error("{0}")]
    Syntax(String),
    /// A text that isn't what it must be.
    #[error("{0}")]
    Invalid(#[from] InvalidValue),
    /// The rule names nobody whom it is for.
    #[error("name at least one connection; an empty list means nobody")]
    NoConnection,
    /// Nothing to give.
    #[error("list at least one role")]
    NoRole,
    /// Templates without a fence.
    #[error("list the ARN patterns that {{…}} in roles may lead to")]
    NoAllowedRoles,
    /// A fixed role that `allowed_roles` doesn't allow.
    #[error("the role is on no pattern of allowed_roles")]
    RoleNotAllowed,
    /// A pattern of `allowed_roles` that no role's ARN can match.
    #[error("write a role's ARN such as arn:aws:iam::*:role/team/*; * doesn't cross a colon")]
    NotARolePattern,
    /// A role that can't become a role's ARN.
    #[error("write a role's ARN such as arn:aws:iam::{{account}}:role/team/Name")]
    NotARoleTemplate,
    /// A condition that says nothing, or two things.
    #[error(
        "a condition is one of: all, any, not, absent, or claim with one of equals, one_of, glob, \
         regex"
    )]
    NotOneCondition,
    /// `all`, `any` or `one_of` without members.
    #[error("the list is empty")]
    EmptyList,
    /// `ignore_case` where it means nothing.
    #[error("ignore_case goes with equals, one_of and glob; a regex says (?i)")]
    IgnoreCase,
    /// `/groups` instead of `groups`.
    #[error("a claim at the top is named without the slash")]
    PointerToTop,
    /// An expression that doesn't compile.
    #[error("the expression can't be used: {0}")]
    Regex(String),
    /// A capture under `not` never has a value.
    #[error("the capture {0} stands under not, where nothing is captured")]
    CaptureUnderNot(String),
    /// A name that would have two values at once.
    #[error("the capture {0} is made twice in one all")]
    CaptureTwice(String),
    /// A template that can't be read.
    #[error("{{ and }} enclose the name of a claim or capture; write {{{{ or }}}} for a brace")]
    Template,
    /// Tags that can't stand together.
    #[error(transparent)]
    Tags(#[from] TagsError),
    /// `optional_tags` or `transitive_tags` names a tag that isn't there.
    #[error("there is no tag of this name under [tags]")]
    UnknownTag,
    /// Only a session name may be cut.
    #[error("truncate is for session_name only; use hash or refuse")]
    Truncate,
    /// More than there may be.
    #[error("at most {most} {what}")]
    TooMany {
        /// The bound.
        most: usize,
        /// Of what.
        what: &'static str,
    },
}

impl RuleError {
    pub(super) fn new(path: impl Into<String>, problem: impl Into<RuleProblem>) -> Self {
        Self {
            path: path.into(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path, self.problem)
    }
}

impl std::error::Error for RuleError {}

/// Refuses what is longer than its bound.
pub(super) fn at_most(
    path: &str,
    count: usize,
    most: usize,
    what: &'static str,
) -> Result<(), RuleError> {
    if count > most {
        return Err(RuleError::new(path, RuleProblem::TooMany { most, what }));
    }
    Ok(())
}
