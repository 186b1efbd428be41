//! Every policy that has a say in one request: the caller's own, what bounds them, and the
//! resource's.
//!
//! Nothing here is "not checked": what there is none of says so by name, and an empty list allows
//! nothing.

use std::fmt;

use crate::domain::{AccountId, Partition, RoleArn};

use super::document::{IdentityPolicy, ResourcePolicy, TrustPolicy};
use super::statement::Effect;

/// The kind of a policy in one decision, in AWS's words ("Troubleshoot access denied error
/// messages", IAM user guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// Of the user, one of their groups, or the role.
    IdentityBased,
    /// Of the resource.
    ResourceBased,
    /// Of the role that somebody would assume.
    RoleTrust,
    /// The most that the user's or role's policies can give.
    PermissionsBoundary,
    /// The most that a session can do, said by who began it.
    Session,
}

impl PolicyKind {
    /// `identity-based`, `role trust`, …: what stands before "policy" where a kind is silent, but
    /// for a boundary, which is no "policy".
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdentityBased => "identity-based policy",
            Self::ResourceBased => "resource-based policy",
            Self::RoleTrust => "role trust policy",
            Self::PermissionsBoundary => "permissions boundary",
            Self::Session => "session policy",
        }
    }

    /// The same with its article, as an explicit deny is told.
    pub const fn with_article(self) -> &'static str {
        match self {
            Self::IdentityBased => "an identity-based policy",
            Self::ResourceBased => "a resource-based policy",
            Self::RoleTrust => "the role trust policy",
            Self::PermissionsBoundary => "a permissions boundary",
            Self::Session => "a session policy",
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A policy and what it goes by: its ARN, or its name where it is an inline one.
#[derive(Debug, Clone, Copy)]
pub struct NamedPolicy<'a> {
    /// What the answer calls it.
    pub name: &'a str,
    /// The policy.
    pub policy: &'a IdentityPolicy,
}

/// The caller's side.
///
/// What they may do is what their own policies allow, within the boundary, within the session's
/// policies.
#[derive(Debug, Clone, Copy)]
pub struct Authority<'a> {
    /// Inline and attached policies of the user, their groups, or the role. Of a session from
    /// `GetFederationToken`: those of the user who made it.
    pub identity: &'a [NamedPolicy<'a>],
    /// What bounds them.
    pub boundary: Boundary<'a>,
    /// What bounds the session.
    pub session: SessionBounds<'a>,
}

impl Authority<'_> {
    /// Of whoever has no policies: it allows nothing, so that only the resource's policy can.
    pub const NONE: Self = Self {
        identity: &[],
        boundary: Boundary::Unbounded,
        session: SessionBounds::Unbounded,
    };

    /// Whether there is a resource, and are conditions, under which one of these actions could be allowed. They
    /// are given in lower case. It denies nothing that a decision by these policies would allow; what it doesn't deny
    /// must be decided. A root has none, and what it may do is asked elsewhere.
    pub fn could_allow(&self, actions: &[&str]) -> bool {
        let any = |policies: &[NamedPolicy<'_>], action| {
            policies.iter().any(|it| it.policy.could_allow(action))
        };
        actions.iter().any(|action| {
            let is_within_boundary = match &self.boundary {
                Boundary::Unbounded => true,
                Boundary::Within(policy) => policy.policy.could_allow(action),
            };
            let is_within_session = match self.session {
                SessionBounds::Unbounded => true,
                SessionBounds::Within(policies) => any(policies, action),
            };
            any(self.identity, action) && is_within_boundary && is_within_session
        })
    }
}

impl IdentityPolicy {
    fn could_allow(&self, action: &str) -> bool {
        let mut statements = self.document().statements().iter();
        statements.any(|it| it.effect == Effect::Allow && it.covers_action(action))
    }
}

/// The permissions boundary of a user or role.
#[derive(Debug, Clone, Copy)]
pub enum Boundary<'a> {
    /// There is none.
    Unbounded,
    /// No more than this policy allows.
    Within(NamedPolicy<'a>),
}

/// The session policies of a session.
#[derive(Debug, Clone, Copy)]
pub enum SessionBounds<'a> {
    /// There are none: a role's session may do what its role may, a session from `GetSessionToken`
    /// what its user may, and one from `GetFederationToken` nothing.
    Unbounded,
    /// No more than any of these allows, the inline one and the managed ones together. Without any,
    /// nothing.
    Within(&'a [NamedPolicy<'a>]),
}

/// The resource's side.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The partition of the resource's ARN.
    pub partition: Partition,
    /// Whose the resource is.
    pub account: AccountId,
    /// What the resource itself says.
    pub policy: TargetPolicy<'a>,
}

/// What a resource says of who may do what with it.
#[derive(Debug, Clone, Copy)]
pub enum TargetPolicy<'a> {
    /// It has no policy: callers of its account only, by their own policies.
    Silent,
    /// It is a role that somebody would assume. It must allow, whatever the caller's policies say.
    Trust {
        /// The role's ARN, by which the policy goes.
        role: &'a RoleArn,
        /// Its trust policy.
        policy: &'a TrustPolicy,
    },
    /// It has a policy. In one account it allows beside the caller's policies, across accounts both
    /// must.
    Resource {
        /// What the policy goes by.
        name: &'a str,
        /// The policy.
        policy: &'a ResourcePolicy,
    },
}

impl<'a> Target<'a> {
    /// A role as somebody would assume it.
    pub const fn role(role: &'a RoleArn, policy: &'a TrustPolicy) -> Self {
        Self {
            partition: role.partition(),
            account: role.account(),
            policy: TargetPolicy::Trust { role, policy },
        }
    }

    /// A resource without a policy of its own.
    pub const fn without_policy(partition: Partition, account: AccountId) -> Self {
        Self {
            partition,
            account,
            policy: TargetPolicy::Silent,
        }
    }

    pub(super) const fn kind(&self) -> PolicyKind {
        match self.policy {
            TargetPolicy::Trust { .. } => PolicyKind::RoleTrust,
            TargetPolicy::Silent | TargetPolicy::Resource { .. } => PolicyKind::ResourceBased,
        }
    }
}
