//! The managed policies that every account has: our own texts, which mean what AWS's of the same names
//! mean ("AWS managed policies", IAM user guide).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::domain::ManagedPolicyArn;
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
