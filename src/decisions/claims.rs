//! Claims as a trace has them: as the mapping saw them, within bounds.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::{Claim, ClaimSource, Claims, Unusable};

/// A trace has at most this many claims.
pub const MAX_CLAIMS: usize = 100;
/// A claim has at most this many values in a trace.
pub const MAX_VALUES: usize = 20;
/// A value has at most this many characters in a trace.
pub const MAX_CHARS: usize = 200;
/// All claims of a trace together have so many bytes at most, the last one left out.
pub const MAX_BYTES: usize = 16 << 10;

/// Claims, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TracedClaims<'a> {
    /// Those that are kept.
    pub kept: Vec<TracedClaim<'a>>,
    /// How many more there were.
    pub more: usize,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedClaim<'a> {
    /// Its name, or its JSON pointer.
    pub name: Cow<'a, str>,
    /// The first values.
    pub values: Vec<Cow<'a, str>>,
    /// How many more there were.
    pub more: usize,
    /// Where it came from.
    pub source: ClaimSource,
    /// Why it can't be used, where it can't.
    pub unusable: Option<Unusable>,
}

impl<'a> TracedClaims<'a> {
    pub(super) fn of(claims: &'a Claims) -> Self {
        let mut left = MAX_BYTES;
        let kept: Vec<_> = claims
            .iter()
            .take(MAX_CLAIMS)
            .map_while(|(name, claim)| {
                let traced = TracedClaim::of(name, claim);
                let has_room = left > 0;
                left = left.saturating_sub(traced.bytes());
                has_room.then_some(traced)
            })
            .collect();
        Self {
            more: claims.iter().len() - kept.len(),
            kept,
        }
    }
}

impl<'a> TracedClaim<'a> {
    fn of(name: &'a str, claim: &'a Claim) -> Self {
        let values = claim.values.iter().take(MAX_VALUES);
        Self {
            name: name.into(),
            values: values.map(|value| shortened(value)).collect(),
            more: claim.values.len().saturating_sub(MAX_VALUES),
            source: claim.source,
            unusable: claim.unusable,
        }
    }

    fn bytes(&self) -> usize {
        let values = self.values.iter().map(|value| value.len());
        self.name.len() + values.sum::<usize>()
    }
}

/// The first characters, with an ellipsis where there were more.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_CHARS) {
        None => text.into(),
        Some((end, _)) => [text.get(..end).unwrap_or_default(), "…"].concat().into(),
    }
}
