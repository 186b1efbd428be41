//! A managed policy's tags.

use crate::directory::ManagedPolicy;
use crate::domain::{ManagedPolicyArn, OwnTags};
use crate::flows::iam::policies::Found;
use crate::flows::iam::tagging::{TagActions, Tagged};
use crate::flows::iam::{Done, Question, Refusal, Scene};

/// Managed policies.
#[derive(Debug)]
pub struct OfPolicy;

impl Tagged for OfPolicy {
    type Name = ManagedPolicyArn;
    const ACTIONS: TagActions = TagActions {
        tag: "TagPolicy",
        untag: "UntagPolicy",
        list: "ListPolicyTags",
    };
    const QUOTA: &'static str = "TagsPerPolicy";

    fn ask(scene: &Scene<'_>, action: &str, arn: &ManagedPolicyArn) -> Question {
        scene.ask_of_policy(action, arn)
    }

    /// One that every account has, has none.
    fn tags(scene: &Scene<'_>, arn: &ManagedPolicyArn) -> Result<OwnTags, Refusal> {
        Ok(match scene.policy(arn)? {
            Found::Own(policy) => policy.tags.clone(),
            Found::Aws(_) => OwnTags::default(),
        })
    }

    fn retagged(
        scene: &Scene<'_>,
        arn: &ManagedPolicyArn,
        edit: impl FnOnce(&OwnTags) -> Result<OwnTags, Refusal>,
    ) -> Result<Done<()>, Refusal> {
        let mut policy = ManagedPolicy::clone(scene.own_policy(arn)?);
        policy.tags = edit(&policy.tags)?;
        Ok(scene.with_policy(arn.name(), policy, ()))
    }
}
