//! Tags of what an account owns, as IAM changes and lists them.

use super::{IamCode, Page, PageRequest, Question, Refusal};
use crate::domain::{OwnTags, SessionTags, TagKey, TagValue, TagsError};
use crate::policy::Values;

/// These tags with others put in their place. IAM tells keys apart by more than case: a tag whose key is
/// there in another case takes its place.
///
/// # Errors
/// `LimitExceeded` where there would be more than 50.
pub(super) fn tagged(own: &OwnTags, added: &OwnTags) -> Result<OwnTags, Refusal> {
    let mut tags = own.clone();
    for (key, value) in added.iter() {
        tags.remove(key);
        tags.put(key.clone(), value.clone())
            .map_err(|error| match error {
                TagsError::TooMany => Refusal::over_quota("TagsPerResource", SessionTags::MAX),
                TagsError::DuplicateKey => Refusal::new(IamCode::InvalidInput, error.to_string()),
            })?;
    }
    Ok(tags)
}

/// These tags without those of the keys, in any case.
pub(super) fn untagged(own: &OwnTags, keys: &[TagKey]) -> OwnTags {
    let mut tags = own.clone();
    for key in keys {
        tags.remove(key);
    }
    tags
}

/// A page of tags, in the order of their keys.
pub(super) fn page(tags: &OwnTags, page: &PageRequest) -> Page<(TagKey, TagValue)> {
    let tags = tags
        .iter()
        .map(|(key, value)| (key.to_string(), (key.clone(), value.clone())));
    page.of_list(tags.collect())
}

impl Question {
    /// The same with the keys of the tags that would be taken away: `aws:TagKeys`.
    #[must_use]
    pub fn untagging(self, keys: &[TagKey]) -> Self {
        let keys: Values<'static> = keys.iter().map(ToString::to_string).collect();
        self.with("aws:TagKeys", keys)
    }
}
