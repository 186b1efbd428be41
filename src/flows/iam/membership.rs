//! Who is in which group.

use super::groups::GroupView;
use super::{Action, Done, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::User;
use crate::domain::{GroupName, UserName};

/// `AddUserToGroup`; nothing happens where the user is in it.
#[derive(Debug)]
pub struct AddUserToGroup {
    /// The group.
    pub group: GroupName,
    /// The user.
    pub user: UserName,
}

impl Action for AddUserToGroup {
    type Answer = ();
    const NAME: &'static str = "AddUserToGroup";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_group(Self::NAME, &self.group)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        scene.group(&self.group)?;
        let groups = &scene.user(&self.user)?.groups;
        if groups.contains(&self.group) {
            return Ok(Done::told(()));
        }
        if groups.len() >= User::MAX_GROUPS {
            return Err(Refusal::over_quota("GroupsPerUser", User::MAX_GROUPS));
        }
        let change = scene.with_user(&self.user, |user| {
            user.groups.insert(self.group.clone());
        })?;
        Ok(Done::changed((), vec![change]))
    }
}

/// `RemoveUserFromGroup`; nothing happens where the user is not in it.
#[derive(Debug)]
pub struct RemoveUserFromGroup {
    /// The group.
    pub group: GroupName,
    /// The user.
    pub user: UserName,
}

impl Action for RemoveUserFromGroup {
    type Answer = ();
    const NAME: &'static str = "RemoveUserFromGroup";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_group(Self::NAME, &self.group)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        scene.group(&self.group)?;
        if !scene.user(&self.user)?.groups.contains(&self.group) {
            return Ok(Done::told(()));
        }
        let change = scene.with_user(&self.user, |user| {
            user.groups.remove(&self.group);
        })?;
        Ok(Done::changed((), vec![change]))
    }
}

/// `ListGroupsForUser`
#[derive(Debug)]
pub struct ListGroupsForUser {
    /// The user.
    pub user: UserName,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListGroupsForUser {
    type Answer = Page<GroupView>;
    const NAME: &'static str = "ListGroupsForUser";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_user(Self::NAME, &self.user)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let names = scene.user(&self.user)?.groups.iter();
        let groups = names.filter_map(|name| {
            let group = scene.account.groups.get(name)?;
            Some((name.to_string(), GroupView::of(scene, name, group)))
        });
        Ok(Done::told(self.page.of_list(groups.collect())))
    }
}
