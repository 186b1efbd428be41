//! Who has a managed policy.

use crate::domain::ManagedPolicyArn;
use crate::flows::iam::Scene;

/// How many users, groups and roles have a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// As one of their policies.
    pub attachments: u32,
    /// As the one that bounds them.
    pub boundaries: u32,
}

/// How a policy is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageFilter {
    /// To say what somebody may do.
    PermissionsPolicy,
    /// To bound somebody.
    PermissionsBoundary,
}

impl Usage {
    pub(super) const fn is(self, filter: UsageFilter) -> bool {
        match filter {
            UsageFilter::PermissionsPolicy => self.attachments > 0,
            UsageFilter::PermissionsBoundary => self.boundaries > 0,
        }
    }
}

impl Scene<'_> {
    /// Who of the account has a policy.
    pub(in crate::flows::iam) fn usage(&self, arn: &ManagedPolicyArn) -> Usage {
        Usage {
            attachments: self.snapshot.attachments(self.account_id, arn),
            boundaries: self.snapshot.boundaries(self.account_id, arn),
        }
    }
}
