//! Session tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::text::text_type;

fn is_tag_text(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_alphanumeric() || is_separator(c) || "_.:/=+-@".contains(c))
}

/// `\p{Z}`: the separators among white space.
const fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}')
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
        )
}

text_type!(
    /// A tag's key: 1 to 128 of `[\p{L}\p{Z}\p{N}_.:/=+\-@]`, not beginning with `aws:`.
    TagKey,
    "tag key",
    "1 to 128 letters, digits, spaces or _ . : / = + - @ and not begin with aws:",
    |text| (1..=128).contains(&text.chars().count())
        && is_tag_text(text)
        && !text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
);

text_type!(
    /// A tag's value: up to 256 of `[\p{L}\p{Z}\p{N}_.:/=+\-@]`.
    TagValue,
    "tag value",
    "at most 256 letters, digits, spaces or _ . : / = + - @",
    |text| text.chars().count() <= 256 && is_tag_text(text)
);

/// The tags of a session: at most 50, keys unique without regard to case, in the order given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<(TagKey, TagValue, bool)>",
    into = "Vec<(TagKey, TagValue, bool)>"
)]
pub struct SessionTags(Vec<(TagKey, TagValue, bool)>);

/// Why tags can't stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TagsError {
    /// More than 50 tags.
    #[error("there are at most 50 tags")]
    TooMany,
    /// Two keys that differ in case only, or not at all.
    #[error("tag keys must differ in more than upper and lower case")]
    DuplicateKey,
}

impl SessionTags {
    /// At most this many tags (STS model, `tagListType`).
    pub const MAX: usize = 50;

    /// No tags.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Adds a tag; `transitive` ones are inherited by the roles that the session goes on to.
    ///
    /// # Errors
    /// [`TagsError`] when it would be the 51st, or its key is there already in any case.
    pub fn add(&mut self, key: TagKey, value: TagValue, transitive: bool) -> Result<(), TagsError> {
        if self.has(&key) {
            return Err(TagsError::DuplicateKey);
        }
        if self.0.len() >= Self::MAX {
            return Err(TagsError::TooMany);
        }
        self.0.push((key, value, transitive));
        Ok(())
    }

    /// Whether there is a tag of this key, in any case.
    pub fn has(&self, key: &TagKey) -> bool {
        self.0.iter().any(|(present, ..)| same_key(present, key))
    }

    /// Every tag: key, value, and whether it is transitive.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&TagKey, &TagValue, bool)> {
        self.0
            .iter()
            .map(|(key, value, transitive)| (key, value, *transitive))
    }

    /// Whether there is no tag.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The tags of a user or role: at most 50, keys unique without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<TagKey, TagValue>",
    into = "BTreeMap<TagKey, TagValue>"
)]
pub struct OwnTags(BTreeMap<TagKey, TagValue>);

impl OwnTags {
    /// Adds a tag, in place of the one of the same key.
    ///
    /// # Errors
    /// [`TagsError`] where it would be the 51st, or a key differs from it in case alone.
    pub fn put(&mut self, key: TagKey, value: TagValue) -> Result<(), TagsError> {
        let others = self.0.keys().filter(|present| **present != key);
        if others.clone().any(|present| same_key(present, &key)) {
            return Err(TagsError::DuplicateKey);
        }
        if others.count() >= SessionTags::MAX {
            return Err(TagsError::TooMany);
        }
        self.0.insert(key, value);
        Ok(())
    }

    /// Takes a tag out, in any case.
    pub fn remove(&mut self, key: &TagKey) {
        self.0.retain(|present, _| !same_key(present, key));
    }

    /// Whether there is a tag of this key, in any case.
    pub fn has(&self, key: &TagKey) -> bool {
        self.0.keys().any(|present| same_key(present, key))
    }

    /// Every tag: key and value.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&TagKey, &TagValue)> {
        self.0.iter()
    }

    /// Whether there is no tag.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<TagKey, TagValue>> for OwnTags {
    type Error = TagsError;

    fn try_from(tags: BTreeMap<TagKey, TagValue>) -> Result<Self, Self::Error> {
        if tags.len() > SessionTags::MAX {
            return Err(TagsError::TooMany);
        }
        let mut keys: Vec<_> = tags.keys().map(|key| key.as_str().to_lowercase()).collect();
        keys.sort_unstable();
        keys.dedup();
        if keys.len() < tags.len() {
            return Err(TagsError::DuplicateKey);
        }
        Ok(Self(tags))
    }
}

impl From<OwnTags> for BTreeMap<TagKey, TagValue> {
    fn from(tags: OwnTags) -> Self {
        tags.0
    }
}

fn same_key(one: &TagKey, other: &TagKey) -> bool {
    one.as_str().to_lowercase() == other.as_str().to_lowercase()
}

impl TryFrom<Vec<(TagKey, TagValue, bool)>> for SessionTags {
    type Error = TagsError;

    fn try_from(list: Vec<(TagKey, TagValue, bool)>) -> Result<Self, Self::Error> {
        let mut tags = Self::none();
        for (key, value, transitive) in list {
            tags.add(key, value, transitive)?;
        }
        Ok(tags)
    }
}

impl From<SessionTags> for Vec<(TagKey, TagValue, bool)> {
    fn from(tags: SessionTags) -> Self {
        tags.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str) -> (TagKey, TagValue, bool) {
        (key.parse().unwrap(), "v".parse().unwrap(), false)
    }

    #[test]
    fn keys_are_unique_without_regard_to_case() {
        let list = vec![tag("Team"), tag("team")];
        assert_eq!(SessionTags::try_from(list), Err(TagsError::DuplicateKey));
    }

    #[test]
    fn fifty_tags_at_most() {
        let list = (0..51).map(|n| tag(&format!("k{n}"))).collect::<Vec<_>>();
        assert_eq!(SessionTags::try_from(list), Err(TagsError::TooMany));
    }

    #[test]
    fn key_is_not_aws_own() {
        assert!("aws:team".parse::<TagKey>().is_err());
        assert!("AWS:team".parse::<TagKey>().is_err());
        assert!("team<".parse::<TagKey>().is_err());
        assert!("Ünïted tëam/1".parse::<TagKey>().is_ok());
    }
}
