//! From statements that apply to a decision.

use std::fmt::{self, Write as _};

use super::authority::{NamedPolicy, PolicyKind};
use super::caller::Caller;
use super::context::Context;
use super::error::StatementName;
use super::principal::MatchedBy;

/// What is asked of a policy.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub caller: Caller<'a>,
    /// `service:Name`, in any case.
    pub action: &'a str,
    /// The ARN of what it is about.
    pub resource: &'a str,
    /// The condition keys.
    pub context: &'a Context<'a>,
}

/// A statement that had a say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StatementRef {
    /// What its policy is to the request.
    pub kind: PolicyKind,
    /// What its policy goes by; a trust policy goes by the ARN of its role.
    pub policy: Box<str>,
    /// The statement.
    pub statement: StatementName,
    /// How it came to be about the caller.
    pub matched_by: MatchedBy,
}

impl StatementRef {
    /// What it displays, written at once: every record of an issued session has one.
    pub fn to_text(&self) -> String {
        const USUAL_BYTES: usize = 64;
        let mut text = String::with_capacity(USUAL_BYTES + self.policy.len());
        // Writing to a string has no way to fail.
        let _written = write!(text, "{self}");
        text
    }
}

impl fmt::Display for StatementRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the machinery of `write!`: every record of an issued session names one.
        fmt::Display::fmt(&self.statement, formatter)?;
        formatter.write_str(" of ")?;
        formatter.write_str(&self.policy)
    }
}

/// The statements of one policy that apply to a request, in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evaluation {
    /// Any of these denies, whatever allows.
    pub explicit_denies: Vec<StatementRef>,
    /// These allow where nothing denies.
    pub allows: Vec<StatementRef>,
}

/// What a caller's own policies say of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityDecision {
    /// Allowed by these statements.
    Allow(Vec<StatementRef>),
    /// Denied by these statements, whatever others allow.
    ExplicitDeny(Vec<StatementRef>),
    /// No statement allows it.
    ImplicitDeny,
}

impl IdentityDecision {
    /// Whether the request is allowed.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }
}

/// Decides by the caller's own policies alone: explicit deny, then allow, then implicit deny.
pub fn decide_identity(policies: &[NamedPolicy<'_>], request: &Request<'_>) -> IdentityDecision {
    let mut all = Evaluation::default();
    for named in policies {
        let evaluation = named.policy.evaluate(named.name, request);
        all.explicit_denies.extend(evaluation.explicit_denies);
        all.allows.extend(evaluation.allows);
    }
    if !all.explicit_denies.is_empty() {
        IdentityDecision::ExplicitDeny(all.explicit_denies)
    } else if !all.allows.is_empty() {
        IdentityDecision::Allow(all.allows)
    } else {
        IdentityDecision::ImplicitDeny
    }
}
