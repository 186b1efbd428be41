//! What a user is called, their tags, and the most that they may do.

use std::sync::Arc;

use super::tagging::{page_of_tags, with_tags, without_tags};
use super::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{Change, Named, User};
use crate::domain::{IamPath, ManagedPolicyArn, OwnTags, TagKey, TagValue, UserName};

impl Scene<'_> {
    /// As [`Self::ask_of_user`], with the user's boundary, `iam:PermissionsBoundary`.
    pub(super) fn ask_of_bounded(&self, action: &str, name: &UserName) -> Question {
        let question = self.ask_of_user(action, name);
        let user = self.account.users.get(name);
        match user.and_then(|user| user.boundary.as_ref()) {
            Some(boundary) => question.with("iam:PermissionsBoundary", boundary.to_string()),
            None => question,
        }
    }

    /// The change that makes something else of a user.
    ///
    /// # Errors
    /// `NoSuchEntity`
    pub(super) fn with_user(
        &self,
        name: &UserName,
        edit: impl FnOnce(&mut User),
    ) -> Result<Change, Refusal> {
        let mut user = User::clone(self.user(name)?);
        edit(&mut user);
        Ok(Change::PutUser(
            self.account_id,
            name.clone(),
            Arc::new(user),
        ))
    }
}

/// `UpdateUser`. The user stays who they are; sessions of the old name end, since their ARN is gone.
#[derive(Debug)]
pub struct UpdateUser {
    /// Whom.
    pub name: UserName,
    /// Where the user is to stand.
    pub new_path: Option<IamPath>,
    /// What the user is to be called.
    pub new_name: Option<UserName>,
}

impl Action for UpdateUser {
    type Answer = ();
    const NAME: &'static str = "UpdateUser";
    const WRITES: bool = true;

    /// The caller must be allowed to change the user at both places (IAM user guide, "Rename an IAM user").
    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let mut asked = vec![scene.ask_of_user(Self::NAME, &self.name)];
        if let Some(user) = scene.account.users.get(&self.name) {
            let path = self.new_path.as_ref().unwrap_or(&user.path);
            let name = self.new_name.as_ref().unwrap_or(&self.name);
            let there = scene.user_arn(Some(path), name);
            asked.push(Question::new(Self::NAME, there).of_tagged(&user.tags));
        }
        Ok(asked)
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut user = User::clone(scene.user(&self.name)?);
        let name = self.new_name.as_ref().unwrap_or(&self.name);
        let is_same = name.as_str().eq_ignore_ascii_case(self.name.as_str());
        if !is_same && scene.is_taken(Named::User, name.as_str()) {
            return Err(Refusal::already_exists("User", name.as_str()));
        }
        if let Some(path) = &self.new_path {
            user.path = path.clone();
        }
        if *name == self.name && user.path == scene.user(name)?.path {
            return Ok(Done::told(()));
        }
        let mut changes = Vec::new();
        if *name != self.name {
            changes.push(Change::RemoveUser(scene.account_id, self.name.clone()));
        }
        changes.push(Change::PutUser(
            scene.account_id,
            name.clone(),
            Arc::new(user),
        ));
        Ok(Done::changed((), changes))
    }
}

/// `TagUser`
#[derive(Debug)]
pub struct TagUser {
    /// Whom.
    pub name: UserName,
    /// The tags.
    pub tags: OwnTags,
}

impl Action for TagUser {
    type Answer = ();
    const NAME: &'static str = "TagUser";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let question = scene.ask_of_user(Self::NAME, &self.name);
        Ok(vec![question.tagging(&self.tags)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let tags = with_tags(&scene.user(&self.name)?.tags, &self.tags, "TagsPerUser")?;
        let change = scene.with_user(&self.name, |user| user.tags = tags)?;
        Ok(Done::changed((), vec![change]))
    }
}

/// `UntagUser`
#[derive(Debug)]
pub struct UntagUser {
    /// Whom.
    pub name: UserName,
    /// The keys; those that the user has not are passed over.
    pub keys: Vec<TagKey>,
}

impl Action for UntagUser {
    type Answer = ();
    const NAME: &'static str = "UntagUser";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let question = scene.ask_of_user(Self::NAME, &self.name);
        Ok(vec![question.untagging(&self.keys)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let tags = without_tags(&scene.user(&self.name)?.tags, &self.keys);
        let change = scene.with_user(&self.name, |user| user.tags = tags)?;
        Ok(Done::changed((), vec![change]))
    }
}

/// `ListUserTags`
#[derive(Debug)]
pub struct ListUserTags {
    /// Whose.
    pub name: UserName,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListUserTags {
    type Answer = Page<(TagKey, TagValue)>;
    const NAME: &'static str = "ListUserTags";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_user(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let tags = &scene.user(&self.name)?.tags;
        Ok(Done::told(page_of_tags(&self.page, tags)))
    }
}

/// `PutUserPermissionsBoundary`
#[derive(Debug)]
pub struct PutUserBoundary {
    /// Whose.
    pub name: UserName,
    /// The most that the user may do.
    pub boundary: ManagedPolicyArn,
}

impl Action for PutUserBoundary {
    type Answer = ();
    const NAME: &'static str = "PutUserPermissionsBoundary";
    const WRITES: bool = true;

    /// Asked is whether this boundary may be put, whichever there was.
    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let question = scene.ask_of_user(Self::NAME, &self.name);
        let boundary = self.boundary.to_string();
        Ok(vec![question.with("iam:PermissionsBoundary", boundary)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        scene.user(&self.name)?;
        scene.check_attachable(&self.boundary)?;
        let change = scene.with_user(&self.name, |user| {
            user.boundary = Some(self.boundary.clone());
        })?;
        Ok(Done::changed((), vec![change]))
    }
}

/// `DeleteUserPermissionsBoundary`
#[derive(Debug)]
pub struct DeleteUserBoundary {
    /// Whose.
    pub name: UserName,
}

impl Action for DeleteUserBoundary {
    type Answer = ();
    const NAME: &'static str = "DeleteUserPermissionsBoundary";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_bounded(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        if scene.user(&self.name)?.boundary.is_none() {
            let name = &self.name;
            let text = format!("The user with name {name} does not have a permission boundary.");
            return Err(Refusal::new(IamCode::NoSuchEntity, text));
        }
        let change = scene.with_user(&self.name, |user| user.boundary = None)?;
        Ok(Done::changed((), vec![change]))
    }
}
