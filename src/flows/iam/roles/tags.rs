//! A role's tags; those of a service's role can be changed as well.

use super::OfRole;
use crate::directory::Role;
use crate::domain::{OwnTags, RoleName};
use crate::flows::iam::tagging::{TagActions, Tagged};
use crate::flows::iam::{Done, Question, Refusal, Scene};

impl Tagged for OfRole {
    type Name = RoleName;
    const ACTIONS: TagActions = TagActions {
        tag: "TagRole",
        untag: "UntagRole",
        list: "ListRoleTags",
    };
    const QUOTA: &'static str = "TagsPerRole";

    fn ask(scene: &Scene<'_>, action: &str, name: &RoleName) -> Question {
        scene.ask_of_role(action, name)
    }

    fn tags(scene: &Scene<'_>, name: &RoleName) -> Result<OwnTags, Refusal> {
        Ok(scene.role(name)?.tags.clone())
    }

    fn retagged(
        scene: &Scene<'_>,
        name: &RoleName,
        edit: impl FnOnce(&OwnTags) -> Result<OwnTags, Refusal>,
    ) -> Result<Done<()>, Refusal> {
        let mut role = Role::clone(scene.role(name)?);
        role.tags = edit(&role.tags)?;
        Ok(scene.with_role(name, role, ()))
    }
}
