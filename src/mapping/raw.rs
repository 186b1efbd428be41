//! A rule as it is written: the fields of its file, nothing checked yet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::repair::Repair;
use super::view::Split;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default = "enabled", skip_serializing_if = "is_enabled")]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) connections: Vec<String>,
    #[serde(default = "default_order")]
    pub(super) order: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_duration: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) session_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source_identity: Option<String>,
    #[serde(default)]
    pub(super) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed_roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) optional_tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) transitive_tags: Vec<String>,
    pub(super) when: RawCondition,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) split: BTreeMap<String, Split>,
    #[serde(default, skip_serializing_if = "RawRepair::is_default")]
    pub(super) repair: RawRepair,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tests: Vec<RawTest>,
}

/// Every field optional, so that a wrong combination is told by name and not as "no variant fits".
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCondition {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claim: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) equals: Option<Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) one_of: Option<Vec<Scalar>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) glob: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) regex: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ignore_case: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) absent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) all: Option<Vec<RawCondition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) any: Option<Vec<RawCondition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) not: Option<Box<RawCondition>>,
}

/// What a condition is, told by the fields that it has.
pub(super) enum Kind<'a> {
    All(&'a [RawCondition]),
    Any(&'a [RawCondition]),
    Not(&'a RawCondition),
    Absent(&'a str),
    Compare(&'a str),
}

impl RawCondition {
    /// `None` where the fields of two kinds stand together.
    pub(super) fn kind(&self) -> Option<Kind<'_>> {
        let compares = self.equals.is_some()
            || self.one_of.is_some()
            || self.glob.is_some()
            || self.regex.is_some()
            || self.ignore_case.is_some();
        match (&self.all, &self.any, &self.not, &self.absent, &self.claim) {
            (None, None, None, None, Some(claim)) => Some(Kind::Compare(claim)),
            _ if compares => None,
            (Some(members), None, None, None, None) => Some(Kind::All(members)),
            (None, Some(members), None, None, None) => Some(Kind::Any(members)),
            (None, None, Some(inner), None, None) => Some(Kind::Not(inner)),
            (None, None, None, Some(claim), None) => Some(Kind::Absent(claim)),
            _ => None,
        }
    }
}

/// A value to compare with; a claim's values are kept as JSON writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Scalar {
    Text(String),
    Bool(bool),
    Number(i64),
}

impl Scalar {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRepair {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) session_name: Option<Repair>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source_identity: Option<Repair>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<Repair>,
}

impl RawRepair {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTest {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) connection: Option<String>,
    pub(super) roles: Vec<String>,
    pub(super) claims: serde_json::Map<String, serde_json::Value>,
}

const fn enabled() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_enabled(enabled: &bool) -> bool {
    *enabled
}

const fn default_order() -> u32 {
    100
}
