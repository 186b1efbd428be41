//! What would be decided, told in detail: for who tries policies out.

use super::authorise::{Authorisation, Refusal, authorise};
use super::authority::{Authority, Boundary, Target};
use super::decide::{Request, StatementRef};
use super::document::{Document, IdentityPolicy, ResourcePolicy};
use super::error::StatementName;
use super::places::{Position, statements};

/// What would be decided (`PolicyEvaluationDecisionType` of the IAM model).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimulatedDecision {
    /// It would be allowed.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// Nothing that would have to allows it.
    ImplicitDeny,
}

/// What would be decided, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// The decision.
    pub decision: SimulatedDecision,
    /// The statements that made it; none where nothing allows it.
    pub statements: Vec<StatementRef>,
    /// Whether the boundary allows it, where there is one.
    pub allowed_by_boundary: Option<bool>,
}

/// What [`authorise`] answers.
pub fn simulate(
    request: &Request<'_>,
    authority: &Authority<'_>,
    target: &Target<'_>,
) -> Simulated {
    let (decision, statements) = match authorise(request, authority, target) {
        Authorisation::Allow { by } => (SimulatedDecision::Allowed, by),
        Authorisation::Deny(Refusal::Explicit { by, others }) => {
            let all = std::iter::once(by).chain(others).collect();
            (SimulatedDecision::ExplicitDeny, all)
        }
        Authorisation::Deny(Refusal::Silent(_)) => (SimulatedDecision::ImplicitDeny, Vec::new()),
    };
    let allowed_by_boundary = match authority.boundary {
        Boundary::Unbounded => None,
        Boundary::Within(named) => {
            let evaluation = named.policy.evaluate(named.name, request);
            Some(evaluation.explicit_denies.is_empty() && !evaluation.allows.is_empty())
        }
    };
    Simulated {
        decision,
        statements,
        allowed_by_boundary,
    }
}

/// Where a statement begins, and the character behind it.
fn place_of(document: &Document, name: &StatementName) -> Option<(Position, Position)> {
    let mut names = document.statements().iter().map(|it| &it.name);
    let number = names.position(|own| own == name)?;
    let places = statements(document.text());
    let place = places.get(number)?;
    let at = |byte| Position::of(document.text(), byte);
    Some((at(place.start), at(place.end)))
}

impl IdentityPolicy {
    /// Where a statement begins, and the character behind it.
    pub fn place_of(&self, statement: &StatementName) -> Option<(Position, Position)> {
        place_of(self.document(), statement)
    }
}

impl ResourcePolicy {
    /// Where a statement begins, and the character behind it.
    pub fn place_of(&self, statement: &StatementName) -> Option<(Position, Position)> {
        place_of(self.document(), statement)
    }
}
