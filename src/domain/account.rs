//! Accounts and partitions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::InvalidValue;
use super::text::deserialize_text;

/// A twelve-digit account number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// The twelve digits of an account.
pub(super) struct Digits([u8; 12]);

impl Digits {
    pub(super) fn of(account: AccountId) -> Self {
        let mut digits = [b'0'; 12];
        let mut rest = account.0;
        let (pairs, _) = digits.as_chunks_mut::<2>();
        for [ten, one] in pairs.iter_mut().rev() {
            let two = (rest % 100) as u8;
            *ten += two / 10;
            *one += two % 10;
            rest /= 100;
        }
        Self(digits)
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Serialize for AccountId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Digits::of(*self).as_str())
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer)
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

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(Digits::of(*self).as_str())
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
