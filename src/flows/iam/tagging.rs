//! Tags, of whatever can have them.

use std::fmt;

use super::{Action, Done, Page, PageRequest, Question, Refusal, Scene};
use crate::domain::{OwnTags, SessionTags, TagKey, TagValue, TagsError};
use crate::policy::Values;

/// Whatever can have tags.
pub trait Tagged: fmt::Debug + Send + Sync + 'static {
    /// What it goes by.
    type Name: fmt::Debug + Send + Sync;
    /// What its actions are called.
    const ACTIONS: TagActions;
    /// What IAM calls the quota of its tags.
    const QUOTA: &'static str;

    /// Whether `iam:<action>` is allowed on it, whether or not it is there.
    fn ask(scene: &Scene<'_>, action: &str, name: &Self::Name) -> Question;

    /// Its tags.
    ///
    /// # Errors
    /// `NoSuchEntity`
    fn tags(scene: &Scene<'_>, name: &Self::Name) -> Result<OwnTags, Refusal>;

    /// What is left once its tags are what is made of them.
    ///
    /// # Errors
    /// As [`Self::tags`], where it is not the account's to change, and as `edit`.
    fn retagged(
        scene: &Scene<'_>,
        name: &Self::Name,
        edit: impl FnOnce(&OwnTags) -> Result<OwnTags, Refusal>,
    ) -> Result<Done<()>, Refusal>;
}

/// What the actions of tags are called.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "each is the action of its name")]
pub struct TagActions {
    pub tag: &'static str,
    pub untag: &'static str,
    pub list: &'static str,
}

/// `TagUser` and the like.
#[derive(Debug)]
pub struct Tag<T: Tagged> {
    /// What is given tags.
    pub name: T::Name,
    /// The tags.
    pub tags: OwnTags,
}

impl<T: Tagged> Action for Tag<T> {
    type Answer = ();
    const NAME: &'static str = T::ACTIONS.tag;
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let question = T::ask(scene, Self::NAME, &self.name);
        Ok(vec![question.tagging(&self.tags)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        T::retagged(scene, &self.name, |before| {
            with_tags(before, &self.tags, T::QUOTA)
        })
    }
}

/// The tags with `added`, each in place of the one whose key is the same in any case.
///
/// # Errors
/// `LimitExceeded`
fn with_tags(before: &OwnTags, added: &OwnTags, quota: &str) -> Result<OwnTags, Refusal> {
    let mut tags = before.clone();
    for (key, value) in added.iter() {
        tags.remove(key);
        let put = tags.put(key.clone(), value.clone());
        put.map_err(|error| match error {
            TagsError::TooMany | TagsError::DuplicateKey => {
                Refusal::over_quota(quota, SessionTags::MAX)
            }
        })?;
    }
    Ok(tags)
}

/// `UntagUser` and the like.
#[derive(Debug)]
pub struct Untag<T: Tagged> {
    /// What loses tags.
    pub name: T::Name,
    /// Their keys, in any case; those that are not there are passed over.
    pub keys: Vec<TagKey>,
}

impl<T: Tagged> Action for Untag<T> {
    type Answer = ();
    const NAME: &'static str = T::ACTIONS.untag;
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let keys: Values<'static> = self.keys.iter().map(ToString::to_string).collect();
        let question = T::ask(scene, Self::NAME, &self.name);
        Ok(vec![question.with("aws:TagKeys", keys)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        T::retagged(scene, &self.name, |before| {
            let mut tags = before.clone();
            for key in &self.keys {
                tags.remove(key);
            }
            Ok(tags)
        })
    }
}

/// `ListUserTags` and the like.
#[derive(Debug)]
pub struct ListTags<T: Tagged> {
    /// Whose.
    pub name: T::Name,
    /// Which part of the list, in the order of keys.
    pub page: PageRequest,
}

impl<T: Tagged> Action for ListTags<T> {
    type Answer = Page<(TagKey, TagValue)>;
    const NAME: &'static str = T::ACTIONS.list;
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![T::ask(scene, Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let tags = T::tags(scene, &self.name)?;
        let tags = tags.iter();
        let keyed = tags.map(|(key, value)| (key.to_string(), (key.clone(), value.clone())));
        Ok(Done::told(self.page.of_list(keyed.collect())))
    }
}

impl Question {
    /// This question, about what would be made with these tags, and whether it may be given them.
    pub(super) fn making<T: Tagged>(self, tags: &OwnTags) -> Vec<Self> {
        let tagging = Self::new(T::ACTIONS.tag, &*self.resource).tagging(tags);
        let has_tags = !tags.is_empty();
        let own = std::iter::once(self.tagging(tags));
        own.chain(has_tags.then_some(tagging)).collect()
    }
}
