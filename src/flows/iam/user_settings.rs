//! What a user is called, their tags, and the most that they may do.

use std::sync::Arc;

use super::holders::OfUser;
use super::tagging::{TagActions, Tagged};
use super::users::is_taken;
use super::{Action, Done, IamCode, Question, Refusal, Scene};
use crate::directory::{Change, User};
use crate::domain::{IamPath, ManagedPolicyArn, OwnTags, UserName};

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
        if !is_same && is_taken(&scene.account, name) {
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

impl Tagged for OfUser {
    type Name = UserName;
    const ACTIONS: TagActions = TagActions {
        tag: "TagUser",
        untag: "UntagUser",
        list: "ListUserTags",
    };
    const QUOTA: &'static str = "TagsPerUser";

    fn ask(scene: &Scene<'_>, action: &str, name: &UserName) -> Question {
        scene.ask_of_user(action, name)
    }

    fn tags(scene: &Scene<'_>, name: &UserName) -> Result<OwnTags, Refusal> {
        Ok(scene.user(name)?.tags.clone())
    }

    fn retagged(
        scene: &Scene<'_>,
        name: &UserName,
        edit: impl FnOnce(&OwnTags) -> Result<OwnTags, Refusal>,
    ) -> Result<Done<()>, Refusal> {
        let tags = edit(&scene.user(name)?.tags)?;
        let change = scene.with_user(name, |user| user.tags = tags)?;
        Ok(Done::changed((), vec![change]))
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
