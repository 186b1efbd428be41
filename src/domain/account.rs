//! Accounts and partitions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidValue;

/// A twelve-digit account number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(u64);

impl AccountId {
    const INVALID: InvalidValue = InvalidValue::new("account id", "exactly twelve digits");

    /// The number behind the digits, below 10^12.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The account with this number, or `None` at 10^12 and above.
    pub const fn from_number(number: u64) -> Option<Self> {
        if number < 1_000_000_000_000 {
            Some(Self(number))
        } else {
            None
        }
    }
}

impl FromStr for AccountId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Self::INVALID);
        }
        text.parse().map(Self).map_err(|_| Self::INVALID)
    }
}

impl TryFrom<String> for AccountId {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(account: AccountId) -> Self {
        account.to_string()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:012}", self.0)
    }
}

/// The second part of an ARN: which separate world of AWS names it belongs to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Partition {
    /// `aws`
    #[default]
    Aws,
    /// `aws-cn`
    AwsCn,
    /// `aws-us-gov`
    AwsUsGov,
}

impl Partition {
    /// The partition as an ARN writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
        }
    }
}

impl FromStr for Partition {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "aws" => Ok(Self::Aws),
            "aws-cn" => Ok(Self::AwsCn),
            "aws-us-gov" => Ok(Self::AwsUsGov),
            _ => Err(InvalidValue::new("partition", "aws, aws-cn or aws-us-gov")),
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_keeps_its_leading_zeros() {
        assert_eq!(
            "000000000042".parse::<AccountId>().unwrap().to_string(),
            "000000000042"
        );
    }

    #[test]
    fn account_is_exactly_twelve_ascii_digits() {
        for text in [
            "",
            "12345678901",
            "1234567890123",
            "12345678901a",
            "+12345678901",
            "１２３４",
        ] {
            assert_eq!(text.parse::<AccountId>(), Err(AccountId::INVALID), "{text}");
        }
    }
}
