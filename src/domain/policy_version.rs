//! Which version of a managed policy is meant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidValue;

/// The version of a managed policy, `v1` and so on (`policyVersionIdType` of the IAM model). A number is never
/// given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyVersionId(u32);

impl PolicyVersionId {
    /// `v1`
    pub const FIRST: Self = Self(1);

    const INVALID: InvalidValue =
        InvalidValue::new("policy version", "v and a number from 1 on, such as v2");

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl FromStr for PolicyVersionId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('v').ok_or(Self::INVALID)?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || digits.starts_with('0') {
            return Err(Self::INVALID);
        }
        digits.parse().map(Self).map_err(|_| Self::INVALID)
    }
}

impl TryFrom<String> for PolicyVersionId {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PolicyVersionId> for String {
    fn from(id: PolicyVersionId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for PolicyVersionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "v{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_one_spelling() {
        for good in ["v1", "v10", "v4294967295"] {
            let id: PolicyVersionId = good.parse().unwrap();
            assert_eq!(id.to_string(), good);
        }
        for bad in [
            "",
            "v",
            "v0",
            "v01",
            "1",
            "V1",
            "v+1",
            "v1.a",
            "v4294967296",
        ] {
            assert!(bad.parse::<PolicyVersionId>().is_err(), "{bad}");
        }
        assert_eq!(PolicyVersionId::FIRST.next().to_string(), "v2");
    }
}
