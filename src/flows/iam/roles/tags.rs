//! A role's tags.

use crate::directory::Role;
use crate::domain::{OwnTags, RoleName, TagKey, TagValue};
use crate::flows::iam::tagging::{page_of_tags, with_tags, without_tags};
use crate::flows::iam::{Action, Done, Page, PageRequest, Question, Refusal, Scene};
use crate::policy::Values;

/// `TagRole`: of a service's role as well.
#[derive(Debug)]
pub struct TagRole {
    /// Which.
    pub name: RoleName,
    /// What is added.
    pub tags: OwnTags,
}

impl Action for TagRole {
    type Answer = ();
    const NAME: &'static str = "TagRole";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let question = scene.ask_of_role(Self::NAME, &self.name);
        Ok(vec![question.tagging(&self.tags)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut role = Role::clone(scene.role(&self.name)?);
        role.tags = with_tags(&role.tags, &self.tags, "TagsPerRole")?;
        Ok(scene.with_role(&self.name, role, ()))
    }
}

/// `UntagRole`: of a service's role as well.
#[derive(Debug)]
pub struct UntagRole {
    /// Which.
    pub name: RoleName,
    /// What is taken out.
    pub keys: Vec<TagKey>,
}

impl Action for UntagRole {
    type Answer = ();
    const NAME: &'static str = "UntagRole";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let keys: Values<'static> = self.keys.iter().map(ToString::to_string).collect();
        let question = scene.ask_of_role(Self::NAME, &self.name);
        Ok(vec![question.with("aws:TagKeys", keys)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut role = Role::clone(scene.role(&self.name)?);
        role.tags = without_tags(&role.tags, &self.keys);
        Ok(scene.with_role(&self.name, role, ()))
    }
}

/// `ListRoleTags`
#[derive(Debug)]
pub struct ListRoleTags {
    /// Of which.
    pub name: RoleName,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListRoleTags {
    type Answer = Page<(TagKey, TagValue)>;
    const NAME: &'static str = "ListRoleTags";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_role(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let role = scene.role(&self.name)?;
        Ok(Done::told(page_of_tags(&self.page, &role.tags)))
    }
}
