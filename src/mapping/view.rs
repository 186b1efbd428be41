//! The claims of one person as one rule reads them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::MAX_SPLIT_VALUES;
use crate::domain::{ClaimName, FederatedIdentity, Unusable};

/// How a string that holds several values is taken apart. Empty parts are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// At commas; white space around a part doesn't belong to it.
    Comma,
    /// At white space, as `scope` is written (RFC 6749, section 3.3).
    Space,
}

/// What stands under a claim's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lookup<'a> {
    /// The provider sent no such claim.
    Absent,
    /// It sent an object: its members have names of their own.
    Object,
    /// It sent a list without a value, or one that split into too many.
    NoValues,
    /// It is there and must not be used.
    Unusable(Unusable),
    /// At least one value.
    Values(Vec<&'a str>),
}

pub(super) struct View<'a> {
    pub(super) identity: &'a FederatedIdentity,
    pub(super) split: &'a BTreeMap<ClaimName, Split>,
}

impl<'a> View<'a> {
    /// The claim of this name. `sub` is the subject that was proved, whatever the claims say.
    pub(super) fn look_up(&self, name: &ClaimName) -> Lookup<'a> {
        if name.as_str() == "sub" {
            return Lookup::Values(vec![self.identity.subject.as_str()]);
        }
        let Some(claim) = self.identity.claims.find(name) else {
            return self.missing(name);
        };
        if let Some(unusable) = claim.unusable {
            return Lookup::Unusable(unusable);
        }
        let whole = claim.values.iter().map(String::as_str);
        let values: Vec<&str> = match self.split.get(name) {
            None => whole.collect(),
            Some(split) => whole
                .flat_map(|text| split.parts(text))
                .take(MAX_SPLIT_VALUES + 1)
                .collect(),
        };
        if values.is_empty() || self.split.contains_key(name) && values.len() > MAX_SPLIT_VALUES {
            return Lookup::NoValues;
        }
        Lookup::Values(values)
    }

    fn missing(&self, name: &ClaimName) -> Lookup<'a> {
        let pointer = if name.as_str().starts_with('/') {
            format!("{name}/")
        } else {
            format!("/{}/", name.as_str().replace('~', "~0").replace('/', "~1"))
        };
        let mut names = self.identity.claims.iter().map(|(name, _)| name);
        if names.any(|name| name.starts_with(&pointer)) {
            Lookup::Object
        } else {
            Lookup::Absent
        }
    }
}

impl Split {
    fn parts(self, text: &str) -> impl Iterator<Item = &str> {
        let at = move |c: char| match self {
            Self::Comma => c == ',',
            Self::Space => c.is_ascii_whitespace(),
        };
        text.split(at)
            .map(str::trim)
            .filter(|part| !part.is_empty())
    }
}
