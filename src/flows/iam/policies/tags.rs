//! A managed policy's tags.

use crate::directory::ManagedPolicy;
use crate::domain::{ManagedPolicyArn, OwnTags, TagKey, TagValue};
use crate::flows::iam::policies::Found;
use crate::flows::iam::tagging::{page_of_tags, with_tags, without_tags};
use crate::flows::iam::{Action, Done, Page, PageRequest, Question, Refusal, Scene};
use crate::policy::Values;

/// `TagPolicy`
#[derive(Debug)]
pub struct TagPolicy {
    /// Which.
    pub arn: ManagedPolicyArn,
    /// What is added.
    pub tags: OwnTags,
}

impl Action for TagPolicy {
    type Answer = ();
    const NAME: &'static str = "TagPolicy";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let question = scene.ask_of_policy(Self::NAME, &self.arn);
        Ok(vec![question.tagging(&self.tags)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut policy = ManagedPolicy::clone(scene.own_policy(&self.arn)?);
        policy.tags = with_tags(&policy.tags, &self.tags, "TagsPerPolicy")?;
        Ok(scene.with_policy(self.arn.name(), policy, ()))
    }
}

/// `UntagPolicy`
#[derive(Debug)]
pub struct UntagPolicy {
    /// Which.
    pub arn: ManagedPolicyArn,
    /// What is taken out.
    pub keys: Vec<TagKey>,
}

impl Action for UntagPolicy {
    type Answer = ();
    const NAME: &'static str = "UntagPolicy";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let keys: Values<'static> = self.keys.iter().map(ToString::to_string).collect();
        let question = scene.ask_of_policy(Self::NAME, &self.arn);
        Ok(vec![question.with("aws:TagKeys", keys)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut policy = ManagedPolicy::clone(scene.own_policy(&self.arn)?);
        policy.tags = without_tags(&policy.tags, &self.keys);
        Ok(scene.with_policy(self.arn.name(), policy, ()))
    }
}

/// `ListPolicyTags`
#[derive(Debug)]
pub struct ListPolicyTags {
    /// Of which.
    pub arn: ManagedPolicyArn,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListPolicyTags {
    type Answer = Page<(TagKey, TagValue)>;
    const NAME: &'static str = "ListPolicyTags";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_policy(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let none = OwnTags::default();
        let tags = match scene.policy(&self.arn)? {
            Found::Own(policy) => &policy.tags,
            Found::Aws(_) => &none,
        };
        Ok(Done::told(page_of_tags(&self.page, tags)))
    }
}
