//! Which users, groups and roles have a managed policy.

use super::UsageFilter;
use crate::directory::Rights;
use crate::domain::{GroupName, IamPath, ManagedPolicyArn, RoleName, UniqueId, UserName};
use crate::flows::iam::{Action, Done, Page, PageRequest, Question, Refusal, Scene};

/// Which kind of holders is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityFilter {
    /// Users.
    User,
    /// Groups.
    Group,
    /// Roles.
    Role,
    /// Anything else, of which there is none here.
    Other,
}

/// Who has the policy.
#[derive(Debug, Default)]
pub struct Entities {
    /// Users.
    pub users: Vec<(UserName, UniqueId)>,
    /// Groups.
    pub groups: Vec<(GroupName, UniqueId)>,
    /// Roles.
    pub roles: Vec<(RoleName, UniqueId)>,
    /// Where the next page begins, where there is one.
    pub marker: Option<String>,
}

/// Somebody who has the policy.
enum Entity {
    User(UserName, UniqueId),
    Group(GroupName, UniqueId),
    Role(RoleName, UniqueId),
}

impl Entities {
    fn of(page: Page<Entity>) -> Self {
        let mut entities = Self {
            marker: page.marker,
            ..Self::default()
        };
        for entity in page.items {
            match entity {
                Entity::User(name, id) => entities.users.push((name, id)),
                Entity::Group(name, id) => entities.groups.push((name, id)),
                Entity::Role(name, id) => entities.roles.push((name, id)),
            }
        }
        entities
    }
}

/// `ListEntitiesForPolicy`
#[derive(Debug)]
pub struct ListEntitiesForPolicy {
    /// Which policy.
    pub arn: ManagedPolicyArn,
    /// Only holders of this kind.
    pub kind: Option<EntityFilter>,
    /// Only who has it so.
    pub usage: Option<UsageFilter>,
    /// Only those whose path begins so.
    pub path_prefix: String,
    /// Which part of the list.
    pub page: PageRequest,
}

impl ListEntitiesForPolicy {
    fn has_it(&self, rights: Rights<'_>) -> bool {
        let is_attached = rights.attached.contains(&self.arn);
        let is_boundary = rights.boundary == Some(&self.arn);
        match self.usage {
            None => is_attached || is_boundary,
            Some(UsageFilter::PermissionsPolicy) => is_attached,
            Some(UsageFilter::PermissionsBoundary) => is_boundary,
        }
    }

    fn is_meant(&self, kind: EntityFilter, path: &IamPath, rights: Rights<'_>) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
            && path.as_str().starts_with(&self.path_prefix)
            && self.has_it(rights)
    }
}

impl Action for ListEntitiesForPolicy {
    type Answer = Entities;
    const NAME: &'static str = "ListEntitiesForPolicy";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_policy(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Entities>, Refusal> {
        scene.policy(&self.arn)?;
        let mut listed = Vec::new();
        for (name, group) in &scene.account.groups {
            if self.is_meant(EntityFilter::Group, &group.path, group.rights()) {
                let entity = Entity::Group(name.clone(), group.unique_id.clone());
                listed.push((format!("group/{name}"), entity));
            }
        }
        for (name, role) in &scene.account.roles {
            if self.is_meant(EntityFilter::Role, &role.path, role.rights()) {
                let entity = Entity::Role(name.clone(), role.unique_id.clone());
                listed.push((format!("role/{name}"), entity));
            }
        }
        for (name, user) in &scene.account.users {
            if self.is_meant(EntityFilter::User, &user.path, user.rights()) {
                let entity = Entity::User(name.clone(), user.unique_id.clone());
                listed.push((format!("user/{name}"), entity));
            }
        }
        Ok(Done::told(Entities::of(self.page.of_list(listed))))
    }
}
