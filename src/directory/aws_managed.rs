//! The managed policies that every account has: our own texts, which mean what AWS's of the same names
//! mean ("AWS managed policies", IAM user guide).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::domain::{ManagedPolicyArn, Partition, RootTask, UniqueId, UnixTime};
use crate::policy::IdentityPolicy;

/// Each by its path and name, its id at AWS, what it is for, and what it says. A test reads all of them.
const TEXTS: [(&str, &str, &str, &str); 7] = [
    (
        "/AdministratorAccess",
        "ANPAIWMBCKSKIEE64ZLYK",
        "Everything.",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "/AmazonS3FullAccess",
        "ANPAIFIR6V6BVTRAHWINE",
        "Everything with buckets and what is in them.",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}]}"#,
    ),
    (
        "/AmazonS3ReadOnlyAccess",
        "ANPAIZTJ4DXE7G6AGAE6M",
        "Reading of buckets and of what is in them.",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}"#,
    ),
    (
        "/IAMFullAccess",
        "ANPAI7XKCFMBPM3QQRRVQ",
        "Everything in IAM.",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount","organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit","organizations:DescribePolicy","organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots","organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}]}"#,
    ),
    (
        "/PowerUserAccess",
        "ANPAJYRXTHIB4FOVS3ZXS",
        "Everything but the administration of users, roles and the organisation.",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetPrimaryEmail","account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeOrganization"],"Resource":"*"}]}"#,
    ),
    (
        "/ReadOnlyAccess",
        "ANPAILL3HVNFSB6DCOWYQ",
        "Reading of everything, what is kept in it included.",
        include_str!("aws_managed/ReadOnlyAccess.json"),
    ),
    (
        "/SecurityAudit",
        "ANPAIX2T3QCXHR2OGGCTO",
        "Reading of how everything is set up, not of what is kept in it.",
        include_str!("aws_managed/SecurityAudit.json"),
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

/// A policy that every account has and none can change.
#[derive(Debug)]
pub struct AwsManaged {
    /// `ANPA…`
    pub id: UniqueId,
    /// What it is for.
    pub description: &'static str,
    /// What it says.
    pub document: IdentityPolicy,
}

static POLICIES: LazyLock<BTreeMap<&str, AwsManaged>> = LazyLock::new(|| {
    let read = |(name, id, description, text): (&'static str, &str, _, &str)| {
        let policy = AwsManaged {
            id: id.parse().ok()?,
            description,
            document: text.trim_end().parse().ok()?,
        };
        Some((name, policy))
    };
    TEXTS.into_iter().filter_map(read).collect()
});

impl AwsManaged {
    /// Since when there are such policies (2015-02-06).
    pub const CREATED_AT: UnixTime = UnixTime::from_seconds(1_423_247_986);

    /// The policy of this ARN, where every account has it.
    pub fn find(arn: &ManagedPolicyArn) -> Option<&'static Self> {
        if arn.account().is_some() {
            return None;
        }
        POLICIES.get([arn.path().as_str(), arn.name().as_str()].concat().as_str())
    }

    /// All of them, with their ARNs in this partition.
    pub fn all(partition: Partition) -> impl Iterator<Item = (ManagedPolicyArn, &'static Self)> {
        POLICIES.iter().filter_map(move |(name, policy)| {
            let arn = format!("arn:{partition}:iam::aws:policy{name}");
            Some((arn.parse().ok()?, policy))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Caller, Context, Request};

    #[test]
    fn every_task_has_a_policy_that_nobody_else_can_have() {
        for task in RootTask::ALL {
            assert!(of_task(task).is_some(), "{task}");
            let arn = task.arn(Partition::Aws).parse().unwrap();
            assert!(AwsManaged::find(&arn).is_none(), "{task}");
        }
    }

    #[test]
    fn every_text_is_a_policy_and_is_found_by_its_arn() {
        for (name, id, _, text) in TEXTS {
            let arn = ["arn:aws:iam::aws:policy", name].concat();
            let found = AwsManaged::find(&arn.parse().unwrap()).unwrap();
            assert_eq!(found.document.as_json(), text.trim_end());
            assert_eq!(found.id.as_str(), id);
        }
        assert_eq!(AwsManaged::all(Partition::Aws).count(), TEXTS.len());
    }

    #[test]
    fn an_account_s_own_policy_is_none_of_them() {
        let own = "arn:aws:iam::123456789012:policy/AdministratorAccess";
        assert!(AwsManaged::find(&own.parse().unwrap()).is_none());
        let unknown = "arn:aws:iam::aws:policy/team/AdministratorAccess";
        assert!(AwsManaged::find(&unknown.parse().unwrap()).is_none());
    }

    fn allows(name: &str, action: &str) -> bool {
        let arn = ["arn:aws:iam::aws:policy/", name].concat();
        let policy = AwsManaged::find(&arn.parse().unwrap()).unwrap();
        let context = Context::new();
        let request = Request {
            caller: Caller::Anonymous,
            action,
            resource: "arn:aws:s3:::bucket/key",
            context: &context,
        };
        !policy.document.evaluate(name, &request).allows.is_empty()
    }

    #[test]
    fn who_may_only_read_changes_nothing_and_reads_no_secret() {
        for action in [
            "s3:GetObject",
            "ec2:DescribeInstances",
            "iam:ListRoles",
            "dynamodb:Query",
            "sts:GetCallerIdentity",
            "secretsmanager:ListSecrets",
        ] {
            assert!(allows("ReadOnlyAccess", action), "{action}");
        }
        for action in [
            "s3:PutObject",
            "s3:DeleteBucket",
            "iam:CreateUser",
            "iam:PassRole",
            "sts:AssumeRole",
            "sts:GetFederationToken",
            "secretsmanager:GetSecretValue",
            "kms:Decrypt",
            "ec2:RunInstances",
            "rolegate:ApplyDirectory",
        ] {
            assert!(!allows("ReadOnlyAccess", action), "{action}");
            assert!(!allows("SecurityAudit", action), "{action}");
        }
    }

    #[test]
    fn an_auditor_sees_how_things_are_set_up_and_nothing_that_is_kept_in_them() {
        for action in ["s3:GetBucketPolicy", "iam:GetRole", "kms:GetKeyPolicy"] {
            assert!(allows("SecurityAudit", action), "{action}");
        }
        for action in [
            "s3:GetObject",
            "dynamodb:GetItem",
            "sqs:ReceiveMessage",
            "logs:GetLogEvents",
        ] {
            assert!(!allows("SecurityAudit", action), "{action}");
        }
    }
}
