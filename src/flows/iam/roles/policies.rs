//! The policies that a role has.

use super::OfRole;
use crate::directory::{Rights, Role};
use crate::domain::RoleName;
use crate::flows::iam::holders::{Attached, Holder, Inline, PolicyActions};
use crate::flows::iam::{Done, Question, Refusal, Scene};

/// As long as all inline policies of a role may be together, white space between their elements aside (IAM
/// quotas).
pub const MAX_INLINE_CHARACTERS: usize = 10_240;

impl Holder for OfRole {
    type Name = RoleName;
    const KIND: &'static str = "role";
    const ACTIONS: PolicyActions = PolicyActions {
        put: "PutRolePolicy",
        get: "GetRolePolicy",
        list: "ListRolePolicies",
        delete: "DeleteRolePolicy",
        attach: "AttachRolePolicy",
        detach: "DetachRolePolicy",
        list_attached: "ListAttachedRolePolicies",
    };
    const QUOTA: &'static str = "PoliciesPerRole";
    const MAX_CHARACTERS: usize = MAX_INLINE_CHARACTERS;

    fn rights<'s>(scene: &'s Scene<'_>, name: &RoleName) -> Result<Rights<'s>, Refusal> {
        Ok(scene.role(name)?.rights())
    }

    fn own_rights<'s>(scene: &'s Scene<'_>, name: &RoleName) -> Result<Rights<'s>, Refusal> {
        Ok(scene.modifiable_role(name)?.rights())
    }

    fn ask(scene: &Scene<'_>, action: &str, name: &RoleName) -> Question {
        scene.ask_of_role(action, name)
    }

    fn ask_of_change(scene: &Scene<'_>, action: &str, name: &RoleName) -> Question {
        scene.ask_of_bounded_role(action, name)
    }

    fn with(
        scene: &Scene<'_>,
        name: &RoleName,
        edit: impl FnOnce(&mut Inline, &mut Attached),
    ) -> Result<Done<()>, Refusal> {
        let mut role = Role::clone(scene.modifiable_role(name)?);
        edit(&mut role.policies, &mut role.attached);
        Ok(scene.with_role(name, role, ()))
    }
}
