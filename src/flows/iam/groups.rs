//! Groups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::users::UserView;
use super::{Action, Done, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{Change, Group, Named};
use crate::domain::{GroupName, IamPath, UniqueId, UniqueIdKind, UnixTime};

/// As many groups as an account may have (IAM quotas: 500 at most at AWS).
pub const MAX_GROUPS: usize = 1000;

/// A group as IAM tells of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// The name.
    pub name: GroupName,
    /// The path.
    pub path: IamPath,
    /// `AGPA…`
    pub id: UniqueId,
    /// The ARN.
    pub arn: String,
    /// When the group was made.
    pub created_at: UnixTime,
}

impl GroupView {
    pub(super) fn of(scene: &Scene<'_>, name: &GroupName, group: &Group) -> Self {
        Self {
            name: name.clone(),
            path: group.path.clone(),
            id: group.unique_id.clone(),
            arn: scene.group_arn(Some(&group.path), name),
            created_at: group.created_at,
        }
    }
}

impl Scene<'_> {
    /// A group's ARN; without a path where it isn't known, because there is no such group.
    pub(super) fn group_arn(&self, path: Option<&IamPath>, name: &GroupName) -> String {
        let path = path.map_or("/", IamPath::as_str);
        self.arn(&["group", path, name.as_str()].concat())
    }

    /// A group of the account.
    ///
    /// # Errors
    /// `NoSuchEntity`
    pub(super) fn group(&self, name: &GroupName) -> Result<&Arc<Group>, Refusal> {
        let group = self.account.groups.get(name);
        group.ok_or_else(|| Refusal::no_such("group", name.as_str()))
    }

    /// Whether `iam:<action>` is allowed on this group, whether or not there is one.
    pub(super) fn ask_of_group(&self, action: &str, name: &GroupName) -> Question {
        let group = self.account.groups.get(name);
        let question = Question::new(action, self.group_arn(group.map(|it| &it.path), name));
        question.shown_as(format!("group {name}"))
    }
}

/// `CreateGroup`
#[derive(Debug)]
pub struct CreateGroup {
    /// What the group is called.
    pub name: GroupName,
    /// Where it stands.
    pub path: IamPath,
}

impl Action for CreateGroup {
    type Answer = GroupView;
    const NAME: &'static str = "CreateGroup";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let arn = scene.group_arn(Some(&self.path), &self.name);
        Ok(vec![Question::new(Self::NAME, arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<GroupView>, Refusal> {
        if scene.is_taken(Named::Group, self.name.as_str()) {
            return Err(Refusal::already_exists("Group", self.name.as_str()));
        }
        if scene.account.groups.len() >= MAX_GROUPS {
            return Err(Refusal::over_quota("GroupsPerAccount", MAX_GROUPS));
        }
        let group = Group {
            path: self.path.clone(),
            unique_id: scene.draw_unique_id(UniqueIdKind::Group)?,
            created_at: scene.now,
            policies: BTreeMap::new(),
            attached: BTreeSet::new(),
        };
        let view = GroupView::of(scene, &self.name, &group);
        let change = Change::PutGroup(scene.account_id, self.name.clone(), Arc::new(group));
        Ok(Done::changed(view, vec![change]))
    }
}

/// `GetGroup`
#[derive(Debug)]
pub struct GetGroup {
    /// Which.
    pub name: GroupName,
    /// Which part of the list of its users.
    pub page: PageRequest,
}

impl Action for GetGroup {
    type Answer = (GroupView, Page<UserView>);
    const NAME: &'static str = "GetGroup";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_group(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let group = GroupView::of(scene, &self.name, scene.group(&self.name)?);
        let users = self.page.of_map(&scene.account.users, |name, user| {
            let is_in = user.groups.contains(&self.name);
            is_in.then(|| UserView::of(scene, name, user))
        });
        Ok(Done::told((group, users)))
    }
}

/// `ListGroups`
#[derive(Debug)]
pub struct ListGroups {
    /// Only those whose path begins so.
    pub path_prefix: String,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListGroups {
    type Answer = Page<GroupView>;
    const NAME: &'static str = "ListGroups";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let resource = scene.arn(&["group", &self.path_prefix].concat());
        Ok(vec![Question::new(Self::NAME, resource)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let page = self.page.of_map(&scene.account.groups, |name, group| {
            let is_below = group.path.as_str().starts_with(&self.path_prefix);
            is_below.then(|| GroupView::of(scene, name, group))
        });
        Ok(Done::told(page))
    }
}

/// `UpdateGroup`. The group stays the one it is, with its users.
#[derive(Debug)]
pub struct UpdateGroup {
    /// Which.
    pub name: GroupName,
    /// Where it is to stand.
    pub new_path: Option<IamPath>,
    /// What it is to be called.
    pub new_name: Option<GroupName>,
}

impl Action for UpdateGroup {
    type Answer = ();
    const NAME: &'static str = "UpdateGroup";
    const WRITES: bool = true;

    /// The caller must be allowed to change the group at both places (IAM user guide, "Rename an IAM group").
    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let mut asked = vec![scene.ask_of_group(Self::NAME, &self.name)];
        if let Some(group) = scene.account.groups.get(&self.name) {
            let path = self.new_path.as_ref().unwrap_or(&group.path);
            let name = self.new_name.as_ref().unwrap_or(&self.name);
            asked.push(Question::new(Self::NAME, scene.group_arn(Some(path), name)));
        }
        Ok(asked)
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut group = Group::clone(scene.group(&self.name)?);
        let name = self.new_name.as_ref().unwrap_or(&self.name);
        let is_same = name.as_str().eq_ignore_ascii_case(self.name.as_str());
        if !is_same && scene.is_taken(Named::Group, name.as_str()) {
            return Err(Refusal::already_exists("Group", name.as_str()));
        }
        let mut changes = Vec::new();
        if *name != self.name {
            let (old, new) = (self.name.clone(), name.clone());
            changes.push(Change::RenameGroup(scene.account_id, old, new));
        }
        if let Some(path) = &self.new_path {
            group.path = path.clone();
            let group = Arc::new(group);
            changes.push(Change::PutGroup(scene.account_id, name.clone(), group));
        }
        Ok(Done::changed((), changes))
    }
}

/// `DeleteGroup`
#[derive(Debug)]
pub struct DeleteGroup {
    /// Which.
    pub name: GroupName,
}

impl Action for DeleteGroup {
    type Answer = ();
    const NAME: &'static str = "DeleteGroup";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_group(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let group = scene.group(&self.name)?;
        let members = scene.snapshot.members(scene.account_id, &self.name);
        let blocked = [
            (!group.policies.is_empty(), "delete policies"),
            (!group.attached.is_empty(), "detach all policies"),
            (members > 0, "remove users from group"),
        ];
        if let Some((_, first)) = blocked.iter().find(|(is_there, _)| *is_there) {
            return Err(Refusal::delete_conflict(first));
        }
        let change = Change::RemoveGroup(scene.account_id, self.name.clone());
        Ok(Done::changed((), vec![change]))
    }
}
