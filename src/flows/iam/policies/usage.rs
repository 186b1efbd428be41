//! Who has a managed policy.

use std::collections::HashMap;

use crate::directory::{Account, Rights};
use crate::domain::ManagedPolicyArn;

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

/// Who has which policy, in one account.
pub(in crate::flows::iam) struct Usages<'a>(HashMap<&'a ManagedPolicyArn, Usage>);

impl<'a> Usages<'a> {
    /// Of every user, group and role.
    pub(in crate::flows::iam) fn of(account: &'a Account) -> Self {
        let mut usages = Self(HashMap::new());
        for role in account.roles.values() {
            usages.add(role.rights());
        }
        for user in account.users.values() {
            usages.add(user.rights());
        }
        for group in account.groups.values() {
            usages.add(group.rights());
        }
        usages
    }

    fn add(&mut self, rights: Rights<'a>) {
        for arn in rights.attached {
            self.0.entry(arn).or_default().attachments += 1;
        }
        if let Some(arn) = rights.boundary {
            self.0.entry(arn).or_default().boundaries += 1;
        }
    }

    pub(in crate::flows::iam) fn find(&self, arn: &ManagedPolicyArn) -> Usage {
        self.0.get(arn).copied().unwrap_or_default()
    }
}
