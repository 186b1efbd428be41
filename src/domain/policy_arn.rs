//! What managed policies and instance profiles are called.

use std::fmt;
use std::str::FromStr;

use super::text::{is_aws_word, serde_as_text, text_type};
use super::{AccountId, Arn, IamPath, InvalidValue, Partition};

text_type!(
    /// The name of a policy: 1 to 128 of `[\w+=,.@-]` (`policyNameType` of the IAM model).
    PolicyName,
    "policy name",
    "1 to 128 of A-Z a-z 0-9 _ + = , . @ -",
    |text| (1..=128).contains(&text.len()) && is_aws_word(text)
);

text_type!(
    /// The name of an instance profile: 1 to 128 of `[\w+=,.@-]` (`instanceProfileNameType` of the IAM model).
    InstanceProfileName,
    "instance profile name",
    "1 to 128 of A-Z a-z 0-9 _ + = , . @ -",
    |text| (1..=128).contains(&text.len()) && is_aws_word(text)
);

/// The ARN of a managed policy: an account's own, `arn:aws:iam::123456789012:policy/path/Name`, or
/// one that every account has, `arn:aws:iam::aws:policy/path/Name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ManagedPolicyArn {
    text: Box<str>,
    partition: Partition,
    account: Option<AccountId>,
    path: IamPath,
    name: PolicyName,
}

/// Who owns the policies that every account has.
const EVERYBODY: &str = "aws";

impl ManagedPolicyArn {
    const INVALID: InvalidValue = InvalidValue::new(
        "managed policy ARN",
        "of the form arn:aws:iam::123456789012:policy/path/Name or arn:aws:iam::aws:policy/Name",
    );

    /// The ARN of a policy of this account.
    pub fn new(partition: Partition, account: AccountId, path: IamPath, name: PolicyName) -> Self {
        Self {
            text: format!("arn:{partition}:iam::{account}:policy{path}{name}").into(),
            partition,
            account: Some(account),
            path,
            name,
        }
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition.
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// The account that made it; `None` where every account has it.
    pub const fn account(&self) -> Option<AccountId> {
        self.account
    }

    /// The path, `/` where there is none.
    pub const fn path(&self) -> &IamPath {
        &self.path
    }

    /// The name without the path.
    pub const fn name(&self) -> &PolicyName {
        &self.name
    }
}

serde_as_text!(ManagedPolicyArn);

impl FromStr for ManagedPolicyArn {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let arn = Arn::parse(text).map_err(|_| Self::INVALID)?;
        let resource = arn.resource.strip_prefix("policy").ok_or(Self::INVALID)?;
        let name_at = resource.rfind('/').ok_or(Self::INVALID)? + 1;
        let (path, name) = resource.split_at_checked(name_at).ok_or(Self::INVALID)?;
        if arn.service != "iam" || !arn.region.is_empty() {
            return Err(Self::INVALID);
        }
        let account = match arn.account {
            EVERYBODY => None,
            account => Some(account.parse()?),
        };
        Ok(Self {
            text: text.into(),
            partition: arn.partition.parse()?,
            account,
            path: path.parse()?,
            name: name.parse()?,
        })
    }
}

impl fmt::Display for ManagedPolicyArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_read_as_it_is_built() {
        let built = ManagedPolicyArn::new(
            Partition::default(),
            "123456789012".parse().unwrap(),
            "/teams/a/".parse().unwrap(),
            "Read.Only".parse().unwrap(),
        );
        assert_eq!(
            built.as_str(),
            "arn:aws:iam::123456789012:policy/teams/a/Read.Only"
        );
        assert_eq!(built.as_str().parse(), Ok(built));
    }

    #[test]
    fn a_policy_of_every_account_has_none_of_its_own() {
        let arn: ManagedPolicyArn = "arn:aws:iam::aws:policy/job-function/ViewOnly"
            .parse()
            .unwrap();
        assert_eq!(arn.account(), None);
        assert_eq!(arn.name().as_str(), "ViewOnly");
    }

    #[test]
    fn nothing_else_is_one() {
        for bad in [
            "arn:aws:iam::123456789012:role/Reader",
            "arn:aws:iam::123456789012:policy",
            "arn:aws:iam::123456789012:policyReader",
            "arn:aws:iam::123456789012:policy/",
            "arn:aws:iam:us-east-1:123456789012:policy/A",
            "arn:aws:sts::123456789012:policy/A",
            "arn:aws:iam::12345:policy/A",
            "arn:aws:iam::AWS:policy/A",
        ] {
            assert!(bad.parse::<ManagedPolicyArn>().is_err(), "{bad}");
        }
    }
}
