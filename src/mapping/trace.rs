//! What every rule did, and why: for audit records, pages and failing tests.

use serde::{Deserialize, Serialize};

use super::repair::Repair;
use crate::domain::{ClaimName, RuleId, TagKey, Unusable};

/// A value in a trace is cut to this many characters.
pub(super) const MAX_TRACED_CHARS: usize = 200;
/// A trace shows at most this many values of a claim, and of refused roles of a rule.
pub(super) const MAX_TRACED_VALUES: usize = 10;

/// What one rule did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTrace {
    /// The rule.
    pub rule: RuleId,
    /// Its description.
    pub description: String,
    /// What became of it.
    pub outcome: RuleOutcome,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleOutcome {
    /// It is switched off.
    Disabled,
    /// It isn't for the provider that proved the person.
    OtherProvider,
    /// Its condition didn't match; this is the first part that failed.
    Failed(Failure),
    /// Its captures gave more combinations than a rule may have, so it gives nothing.
    TooManyCombinations,
    /// Its condition matched.
    Matched {
        /// How many roles it gave.
        given: usize,
        /// Roles that it could not give, the first ten.
        refused: Vec<Refused>,
    },
}

/// A condition that failed, and what it saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Where it stands in the rule, e.g. `when.all[1].not`.
    pub at: String,
    /// How it compares.
    pub comparison: Comparison,
    /// What it compares with; empty for `absent`.
    pub wanted: String,
    /// The claim that it looked at.
    pub claim: ClaimName,
    /// What stood there.
    pub seen: Seen,
    /// A value that nearly matched.
    pub near_miss: Option<NearMiss>,
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// `equals`
    Equals,
    /// `one_of`
    OneOf,
    /// `glob`
    Glob,
    /// `regex`
    Regex,
    /// `absent`
    Absent,
}

/// What stood under a claim's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// Nothing.
    Absent,
    /// An object, whose members have names of their own.
    Object,
    /// A list without a value, or a text that splits into too many.
    NoValues,
    /// Values that must not be used.
    Unusable(Unusable),
    /// These values, each cut to 200 characters.
    Values {
        /// The first ten.
        first: Vec<String>,
        /// How many more there are.
        more: usize,
    },
}

/// How a value nearly matched; each holds the value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NearMiss {
    /// It differs in upper and lower case.
    Case(String),
    /// It has white space around it.
    Whitespace(String),
    /// It is one text where a list was meant: a part of it matches. `split` takes it apart.
    JoinedString(String),
    /// It is a distinguished name where its CN was meant, or the other way round.
    DistinguishedName(String),
}

/// A role that a matching rule could not give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The role as the rule writes it.
    pub role: String,
    /// What of it could not be made.
    pub field: Field,
    /// Why.
    pub because: Because,
}

/// A part of what a rule gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The role's ARN.
    Role,
    /// The session name.
    SessionName,
    /// The source identity.
    SourceIdentity,
    /// The tag of this key.
    Tag(TagKey),
}

/// Why something could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The capture of this name took nothing.
    NoCapture(String),
    /// The claim has not exactly one value that can be used.
    NoSingleValue {
        /// The claim.
        claim: ClaimName,
        /// What stood there.
        seen: Seen,
    },
    /// The value has a character that may not be put into an ARN.
    Characters(String),
    /// The text is not a role's ARN.
    NotARole(String),
    /// `allowed_roles` doesn't allow the ARN.
    NotAllowed(String),
    /// The value doesn't fit and is not to be repaired, or is too short for it.
    DoesNotFit(String),
    /// The person has as many roles as anybody may have.
    TooManyRoles,
}

/// Something to know about a role that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// A value didn't fit and was repaired.
    Repaired {
        /// What was repaired.
        field: Field,
        /// The value before, cut to 200 characters.
        from: String,
        /// How.
        how: Repair,
    },
    /// An optional tag was left out.
    TagLeftOut {
        /// Its key.
        key: TagKey,
        /// Why.
        because: Because,
    },
    /// A later rule gives the role as well; what it says of session and tags is not used.
    AlsoGivenBy(RuleId),
}

impl Seen {
    pub(super) fn values<'a>(values: impl ExactSizeIterator<Item = &'a str>) -> Self {
        let more = values.len().saturating_sub(MAX_TRACED_VALUES);
        let first = values.take(MAX_TRACED_VALUES).map(cut).collect();
        Self::Values { first, more }
    }
}

/// The first 200 characters, with an ellipsis where there were more.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_TRACED_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
    }
}
