//! What a session is to stay within, as whoever asks for it says.

use crate::credentials::Extent;
use crate::directory::Snapshot;
use crate::domain::{AccountId, ManagedPolicyArn};
use crate::policy::IdentityPolicy;

/// Session policies: the session may do what its role or user may, within what these allow together.
#[derive(Debug, Clone, Default)]
pub struct Narrowing {
    /// One that comes with the request.
    pub policy: Option<IdentityPolicy>,
    /// Managed ones, at most [`Narrowing::MAX_ARNS`].
    pub policy_arns: Vec<ManagedPolicyArn>,
}

/// A managed policy that a session should stay within is none that the account has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Policy {arn} does not exist or is not attachable")]
pub struct UnknownPolicy {
    /// Which one.
    pub arn: ManagedPolicyArn,
}

impl Narrowing {
    /// As many managed policies as STS takes for a session.
    pub const MAX_ARNS: usize = 10;

    /// The extent of a session in `account`, as far as this says it.
    ///
    /// # Errors
    /// Where a managed policy is not one that the account has.
    pub(super) fn extent(
        &self,
        account: AccountId,
        snapshot: &Snapshot,
    ) -> Result<Extent, UnknownPolicy> {
        for arn in &self.policy_arns {
            let is_reachable = arn.account().is_none_or(|owner| owner == account)
                && arn.partition() == snapshot.partition();
            if !is_reachable || snapshot.policies().find(arn).is_none() {
                return Err(UnknownPolicy { arn: arn.clone() });
            }
        }
        Ok(Extent {
            policies: self.policy.iter().cloned().collect(),
            policy_arns: self.policy_arns.clone(),
            ..Extent::default()
        })
    }
}
