//! The root of an account, as a session of it is had: for one task.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::account::Digits;
use super::{AccountId, InvalidValue, ManagedPolicyArn, Partition, UniqueId};

/// A session of an account's root, which somebody of the managing account has assumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootPrincipal {
    /// The partition of its ARN.
    pub partition: Partition,
    /// The account.
    pub account: AccountId,
    /// The account that manages it.
    pub management_account: AccountId,
    /// The user or role who assumed it: `AIDA…` or `AROA…`.
    pub by: UniqueId,
}

impl RootPrincipal {
    /// `arn:aws:iam::123456789012:root`
    pub fn arn(&self) -> String {
        [
            "arn:",
            self.partition.as_str(),
            ":iam::",
            Digits::of(self.account).as_str(),
            ":root",
        ]
        .concat()
    }
}

/// What a session of a root is for (`AssumeRoot`, STS API reference).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootTask {
    /// See which credentials the root has.
    AuditCredentials,
    /// Let the root have a password again.
    CreatePassword,
    /// Take the root's credentials away.
    DeleteCredentials,
    /// Take away the policy of a bucket that nobody gets at any more.
    UnlockBucketPolicy,
    /// The same of a queue.
    UnlockQueuePolicy,
}

impl RootTask {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::AuditCredentials,
        Self::CreatePassword,
        Self::DeleteCredentials,
        Self::UnlockBucketPolicy,
        Self::UnlockQueuePolicy,
    ];

    /// The name of its policy.
    pub const fn policy_name(self) -> &'static str {
        match self {
            Self::AuditCredentials => "IAMAuditRootUserCredentials",
            Self::CreatePassword => "IAMCreateRootUserPassword",
            Self::DeleteCredentials => "IAMDeleteRootUserCredentials",
            Self::UnlockBucketPolicy => "S3UnlockBucketPolicy",
            Self::UnlockQueuePolicy => "SQSUnlockQueuePolicy",
        }
    }

    /// Its policy: `arn:aws:iam::aws:policy/root-task/…`.
    pub fn arn(self, partition: Partition) -> String {
        let name = self.policy_name();
        format!("arn:{partition}:iam::aws:policy/root-task/{name}")
    }

    /// The task whose policy this is.
    pub fn of_policy(arn: &ManagedPolicyArn) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|task| task.arn(arn.partition()) == arn.as_str())
    }

    /// The task of this policy, whose ARN is compared whole.
    ///
    /// # Errors
    /// Where it is the policy of none.
    pub fn parse(text: &str, partition: Partition) -> Result<Self, InvalidValue> {
        let mut all = Self::ALL.into_iter();
        all.find(|task| task.arn(partition) == text)
            .ok_or(InvalidValue::new(
                "task policy",
                "one of arn:aws:iam::aws:policy/root-task/: IAMAuditRootUserCredentials, IAMCreateRootUserPassword, IAMDeleteRootUserCredentials, S3UnlockBucketPolicy, SQSUnlockQueuePolicy",
            ))
    }
}

impl fmt::Display for RootTask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.policy_name())
    }
}
