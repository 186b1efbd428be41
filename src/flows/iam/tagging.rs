//! What tags become when some are added or taken out.

use super::{Page, PageRequest, Question, Refusal};
use crate::domain::{OwnTags, SessionTags, TagKey, TagValue, TagsError};
use crate::policy::Values;

/// The tags with `added`, each in place of the one whose key is the same in any case.
///
/// # Errors
/// `LimitExceeded`
pub(super) fn with_tags(tags: &OwnTags, added: &OwnTags, quota: &str) -> Result<OwnTags, Refusal> {
    let mut all = tags.clone();
    for (key, value) in added.iter() {
        all.remove(key);
        let put = all.put(key.clone(), value.clone());
        put.map_err(|error| match error {
            TagsError::TooMany | TagsError::DuplicateKey => {
                Refusal::over_quota(quota, SessionTags::MAX)
            }
        })?;
    }
    Ok(all)
}

/// The tags without those of these keys, in any case.
pub(super) fn without_tags(tags: &OwnTags, keys: &[TagKey]) -> OwnTags {
    let mut rest = tags.clone();
    for key in keys {
        rest.remove(key);
    }
    rest
}

/// A page of tags, in the order of their keys.
pub(super) fn page_of_tags(page: &PageRequest, tags: &OwnTags) -> Page<(TagKey, TagValue)> {
    let tags = tags.iter();
    let keyed = tags.map(|(key, value)| (key.to_string(), (key.clone(), value.clone())));
    page.of_list(keyed.collect())
}

impl Question {
    /// The same with the keys of the tags that would be taken out: `aws:TagKeys`.
    #[must_use]
    pub fn untagging(self, keys: &[TagKey]) -> Self {
        let keys: Values<'static> = keys.iter().map(ToString::to_string).collect();
        self.with("aws:TagKeys", keys)
    }
}
