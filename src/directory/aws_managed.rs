//! The managed policies that every account has: our own texts, which mean what AWS's of the same names
//! mean ("AWS managed policies", IAM user guide).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::domain::{ManagedPolicyArn, RootTask};
use crate::policy::IdentityPolicy;

/// Each by its path and name. A test reads all of them.
const TEXTS: [(&str, &str); 5] = [
    (
        "/AdministratorAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "/AmazonS3FullAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}]}"#,
    ),
    (
        "/AmazonS3ReadOnlyAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}"#,
    ),
    (
        "/IAMFullAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount","organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit","organizations:DescribePolicy","organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots","organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}]}"#,
    ),
    (
        "/PowerUserAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetPrimaryEmail","account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeOrganization"],"Resource":"*"}]}"#,
    ),
];

/// What each task of a root's session may do, and that it may do nothing else, whoever allows it: the credentials
/// of the root itself, or the policies of buckets or queues ("AWS managed policies for IAM", user guide). Nothing
/// else than such a session can have them.
const TASKS: [(RootTask, &str); 5] = [
    (
        RootTask::AuditCredentials,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetAccessKeyLastUsed","iam:GetLoginProfile","iam:GetUser","iam:ListAccessKeys","iam:ListMFADevices","iam:ListSigningCertificates"],"Resource":["arn:aws:iam::*:root","arn:aws-cn:iam::*:root","arn:aws-us-gov:iam::*:root"]},{"Effect":"Deny","Action":["iam:GetAccessKeyLastUsed","iam:GetLoginProfile","iam:GetUser","iam:ListAccessKeys","iam:ListMFADevices","iam:ListSigningCertificates"],"NotResource":["arn:aws:iam::*:root","arn:aws-cn:iam::*:root","arn:aws-us-gov:iam::*:root"]},{"Effect":"Allow","Action":["iam:GetAccountSummary"],"Resource":"*"},{"Effect":"Deny","NotAction":["iam:GetAccessKeyLastUsed","iam:GetLoginProfile","iam:GetUser","iam:ListAccessKeys","iam:ListMFADevices","iam:ListSigningCertificates","iam:GetAccountSummary"],"Resource":"*"}]}"#,
    ),
    (
        RootTask::CreatePassword,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:CreateLoginProfile","iam:GetLoginProfile"],"Resource":["arn:aws:iam::*:root","arn:aws-cn:iam::*:root","arn:aws-us-gov:iam::*:root"]},{"Effect":"Deny","Action":["iam:CreateLoginProfile","iam:GetLoginProfile"],"NotResource":["arn:aws:iam::*:root","arn:aws-cn:iam::*:root","arn:aws-us-gov:iam::*:root"]},{"Effect":"Deny","NotAction":["iam:CreateLoginProfile","iam:GetLoginProfile"],"Resource":"*"}]}"#,
    ),
    (
        RootTask::DeleteCredentials,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:DeactivateMFADevice","iam:DeleteAccessKey","iam:DeleteLoginProfile","iam:DeleteSigningCertificate","iam:GetAccessKeyLastUsed","iam:GetLoginProfile","iam:GetUser","iam:ListAccessKeys","iam:ListMFADevices","iam:ListSigningCertificates"],"Resource":["arn:aws:iam::*:root","arn:aws-cn:iam::*:root","arn:aws-us-gov:iam::*:root"]},{"Effect":"Deny","Action":["iam:DeactivateMFADevice","iam:DeleteAccessKey","iam:DeleteLoginProfile","iam:DeleteSigningCertificate","iam:GetAccessKeyLastUsed","iam:GetLoginProfile","iam:GetUser","iam:ListAccessKeys","iam:ListMFADevices","iam:ListSigningCertificates"],"NotResource":["arn:aws:iam::*:root","arn:aws-cn:iam::*:root","arn:aws-us-gov:iam::*:root"]},{"Effect":"Allow","Action":["iam:GetAccountSummary"],"Resource":"*"},{"Effect":"Deny","NotAction":["iam:DeactivateMFADevice","iam:DeleteAccessKey","iam:DeleteLoginProfile","iam:DeleteSigningCertificate","iam:GetAccessKeyLastUsed","iam:GetLoginProfile","iam:GetUser","iam:ListAccessKeys","iam:ListMFADevices","iam:ListSigningCertificates","iam:GetAccountSummary"],"Resource":"*"}]}"#,
    ),
    (
        RootTask::UnlockBucketPolicy,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:DeleteBucketPolicy","s3:GetBucketPolicy","s3:ListAllMyBuckets","s3:PutBucketPolicy"],"Resource":"*"},{"Effect":"Deny","NotAction":["s3:DeleteBucketPolicy","s3:GetBucketPolicy","s3:ListAllMyBuckets","s3:PutBucketPolicy"],"Resource":"*"}]}"#,
    ),
    (
        RootTask::UnlockQueuePolicy,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:GetQueueAttributes","sqs:GetQueueUrl","sqs:ListQueues","sqs:SetQueueAttributes"],"Resource":"*"},{"Effect":"Deny","NotAction":["sqs:GetQueueAttributes","sqs:GetQueueUrl","sqs:ListQueues","sqs:SetQueueAttributes"],"Resource":"*"}]}"#,
    ),
];

static OF_TASKS: LazyLock<Vec<(RootTask, IdentityPolicy)>> = LazyLock::new(|| {
    let read = |(task, text): (RootTask, &str)| Some((task, text.parse().ok()?));
    TASKS.into_iter().filter_map(read).collect()
});

/// The policy of a task.
pub(super) fn of_task(task: RootTask) -> Option<&'static IdentityPolicy> {
    let mut all = OF_TASKS.iter();
    all.find(|(own, _)| *own == task).map(|(_, policy)| policy)
}

static POLICIES: LazyLock<BTreeMap<&str, IdentityPolicy>> = LazyLock::new(|| {
    let read = |(name, text): (&'static str, &str)| Some((name, text.parse().ok()?));
    TEXTS.into_iter().filter_map(read).collect()
});

/// The policy of this ARN, where every account has it.
pub(super) fn find(arn: &ManagedPolicyArn) -> Option<&'static IdentityPolicy> {
    if arn.account().is_some() {
        return None;
    }
    POLICIES.get([arn.path().as_str(), arn.name().as_str()].concat().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_has_a_policy_that_nobody_else_can_have() {
        for task in RootTask::ALL {
            assert!(of_task(task).is_some(), "{task}");
            let arn = task.arn(crate::domain::Partition::Aws).parse().unwrap();
            assert!(find(&arn).is_none(), "{task}");
        }
    }

    #[test]
    fn every_text_is_a_policy_and_is_found_by_its_arn() {
        for (name, text) in TEXTS {
            let arn = ["arn:aws:iam::aws:policy", name].concat();
            let found = find(&arn.parse().unwrap()).unwrap();
            assert_eq!(found.as_json(), text);
        }
    }

    #[test]
    fn an_account_s_own_policy_is_none_of_them() {
        let own = "arn:aws:iam::123456789012:policy/AdministratorAccess";
        assert!(find(&own.parse().unwrap()).is_none());
        let unknown = "arn:aws:iam::aws:policy/team/AdministratorAccess";
        assert!(find(&unknown.parse().unwrap()).is_none());
    }
}
