//! `GetAccountAuthorizationDetails`: everything that says what somebody may do, page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::instance_profiles::InstanceProfileView;
use super::policies::{PolicyView, VersionView};
use super::scene::{Long, bytes_of_attached, bytes_of_tags, bytes_with};
use super::{Action, Done, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{Group, InstanceProfile, Rights, Role, User};
use crate::domain::{
    GroupName, IamPath, InstanceProfileName, ManagedPolicyArn, OwnTags, PolicyName, RoleName,
    UniqueId, UnixTime, UserName,
};

/// What is asked for (`EntityType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntityKind {
    /// Users.
    User,
    /// Groups.
    Group,
    /// Roles.
    Role,
    /// Policies of the account.
    LocalManagedPolicy,
    /// Policies that every account has, as far as somebody of this one has them.
    AwsManagedPolicy,
}

impl EntityKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::User,
        Self::Group,
        Self::Role,
        Self::LocalManagedPolicy,
        Self::AwsManagedPolicy,
    ];

    /// As the model names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Role => "Role",
            Self::LocalManagedPolicy => "LocalManagedPolicy",
            Self::AwsManagedPolicy => "AWSManagedPolicy",
        }
    }
}

/// The policies of somebody.
#[derive(Debug, Clone)]
pub struct RightsDetail {
    /// Inline ones and their documents.
    pub policies: Vec<(PolicyName, String)>,
    /// Managed ones.
    pub attached: Vec<ManagedPolicyArn>,
    /// The most that all of them can give.
    pub boundary: Option<ManagedPolicyArn>,
}

impl RightsDetail {
    fn of(rights: Rights<'_>) -> Self {
        let policies = rights.policies.iter();
        Self {
            policies: policies
                .map(|(name, policy)| (name.clone(), policy.as_json().to_owned()))
                .collect(),
            attached: rights.attached.iter().cloned().collect(),
            boundary: rights.boundary.cloned(),
        }
    }
}

/// What users, groups and roles have in common.
#[derive(Debug, Clone)]
pub struct HolderDetail {
    /// The name.
    pub name: String,
    /// The path.
    pub path: IamPath,
    /// `AIDA…`, `AGPA…` or `AROA…`
    pub id: UniqueId,
    /// The ARN.
    pub arn: String,
    /// When it was made.
    pub created_at: UnixTime,
    /// Its policies.
    pub rights: RightsDetail,
    /// Its tags; a group has none.
    pub tags: OwnTags,
}

/// One of the page.
#[derive(Debug, Clone)]
pub enum Detail {
    /// A user, and the groups that they are in.
    User(HolderDetail, Vec<GroupName>),
    /// A group.
    Group(HolderDetail),
    /// A role, its trust policy, and the instance profiles that stand for it.
    Role(HolderDetail, String, Vec<InstanceProfileView>),
    /// A managed policy and its versions, the newest first.
    Policy(PolicyView, Vec<VersionView>),
}

impl Long for Detail {
    fn bytes(&self) -> usize {
        match self {
            Self::User(holder, _) | Self::Group(holder) => holder.bytes(),
            Self::Role(holder, trust, profiles) => {
                let profiles = profiles.iter().map(Long::bytes);
                holder.bytes() + bytes_with([trust.as_str()]) + profiles.sum::<usize>()
            }
            Self::Policy(policy, versions) => {
                let documents = versions.iter().filter_map(|it| it.document.as_deref());
                bytes_with(documents.chain([&*policy.description]))
            }
        }
    }
}

impl Long for HolderDetail {
    fn bytes(&self) -> usize {
        let policies = self.rights.policies.iter();
        let documents = bytes_with(policies.map(|(_, document)| document.as_str()));
        let attached = bytes_of_attached(&self.rights.attached);
        documents + bytes_of_tags(&self.tags) + attached
    }
}

/// `GetAccountAuthorizationDetails`
#[derive(Debug)]
pub struct GetAccountAuthorizationDetails {
    /// What is asked for; everything where it is empty.
    pub filter: Vec<EntityKind>,
    /// Which part.
    pub page: PageRequest,
}

/// One that could be on the page.
enum Found<'s> {
    User(&'s UserName, &'s Arc<User>),
    Group(&'s GroupName, &'s Arc<Group>),
    Role(&'s RoleName, &'s Arc<Role>),
    Policy(&'s PolicyName, ManagedPolicyArn),
    AwsPolicy(&'s ManagedPolicyArn),
}

impl Found<'_> {
    const fn kind(&self) -> EntityKind {
        match self {
            Self::User(..) => EntityKind::User,
            Self::Group(..) => EntityKind::Group,
            Self::Role(..) => EntityKind::Role,
            Self::Policy(..) => EntityKind::LocalManagedPolicy,
            Self::AwsPolicy(_) => EntityKind::AwsManagedPolicy,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::User(name, _) => name.as_str(),
            Self::Group(name, _) => name.as_str(),
            Self::Role(name, _) => name.as_str(),
            Self::Policy(name, _) => name.as_str(),
            Self::AwsPolicy(arn) => arn.as_str(),
        }
    }

    /// Where it stands among all: kinds in the order of the model, each by name.
    fn key(&self) -> String {
        let kind = match self.kind() {
            EntityKind::User => "1/",
            EntityKind::Group => "2/",
            EntityKind::Role => "3/",
            EntityKind::LocalManagedPolicy => "4/",
            EntityKind::AwsManagedPolicy => "5/",
        };
        [kind, self.name()].concat()
    }
}

impl Action for GetAccountAuthorizationDetails {
    type Answer = Page<Detail>;
    const NAME: &'static str = "GetAccountAuthorizationDetails";
    const WRITES: bool = false;

    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, "*")])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let found = all(scene).into_iter().filter(|found| self.wants(found));
        let found = found.map(|found| (found.key(), found)).collect();
        let beside = Beside::of(scene);
        let told = |found| detail(scene, &beside, &found);
        Ok(Done::told(self.page.of_long_list(found, told)))
    }
}

impl GetAccountAuthorizationDetails {
    fn wants(&self, found: &Found<'_>) -> bool {
        self.filter.is_empty() || self.filter.contains(&found.kind())
    }
}

fn all<'s>(scene: &'s Scene<'_>) -> Vec<Found<'s>> {
    let account = &scene.account;
    let users = account.users.iter();
    let groups = account.groups.iter();
    let roles = account.roles.iter();
    let policies = account.policies.iter();
    let of_aws: BTreeSet<_> = rights(scene)
        .flat_map(|rights| rights.attached.iter().chain(rights.boundary))
        .filter(|arn| arn.account().is_none())
        .collect();
    users
        .map(|(name, user)| Found::User(name, user))
        .chain(groups.map(|(name, group)| Found::Group(name, group)))
        .chain(roles.map(|(name, role)| Found::Role(name, role)))
        .chain(
            policies
                .map(|(name, policy)| Found::Policy(name, scene.policy_arn(&policy.path, name))),
        )
        .chain(of_aws.into_iter().map(Found::AwsPolicy))
        .collect()
}

/// The policies of everybody of the account.
fn rights<'s>(scene: &'s Scene<'_>) -> impl Iterator<Item = Rights<'s>> {
    let users = scene.account.users.values().map(|user| user.rights());
    let roles = scene.account.roles.values().map(|role| role.rights());
    let groups = scene.account.groups.values().map(|group| group.rights());
    users.chain(groups).chain(roles)
}

/// Instance profiles of one role, by name.
type Profiles<'s> = Vec<(&'s InstanceProfileName, &'s Arc<InstanceProfile>)>;

/// What stands elsewhere in the account and is told with what is asked for.
struct Beside<'s> {
    profiles: BTreeMap<&'s RoleName, Profiles<'s>>,
}

impl<'s> Beside<'s> {
    fn of(scene: &'s Scene<'_>) -> Self {
        let mut profiles: BTreeMap<_, Profiles<'_>> = BTreeMap::new();
        for (name, profile) in &scene.account.instance_profiles {
            if let Some(role) = &profile.role {
                profiles.entry(role).or_default().push((name, profile));
            }
        }
        Self { profiles }
    }

    fn profiles(&self, scene: &Scene<'_>, role: &RoleName) -> Vec<InstanceProfileView> {
        let profiles = self.profiles.get(role).into_iter().flatten();
        profiles
            .map(|(name, profile)| InstanceProfileView::in_list(scene, name, profile))
            .collect()
    }
}

fn policy(scene: &Scene<'_>, arn: &ManagedPolicyArn) -> Option<Detail> {
    let found = scene.policy(arn).ok()?;
    let ids = found.version_ids().into_iter().rev();
    let versions = ids.filter_map(|id| VersionView::find(found, id)).collect();
    let view = PolicyView {
        tags: OwnTags::default(),
        ..found.view(arn.clone(), scene.usage(arn))
    };
    Some(Detail::Policy(view, versions))
}

fn detail(scene: &Scene<'_>, beside: &Beside<'_>, found: &Found<'_>) -> Option<Detail> {
    Some(match found {
        Found::User(name, user) => Detail::User(
            of_user(scene, name, user),
            user.groups.iter().cloned().collect(),
        ),
        Found::Group(name, group) => Detail::Group(HolderDetail {
            name: name.to_string(),
            path: group.path.clone(),
            id: group.unique_id.clone(),
            arn: scene.group_arn(Some(&group.path), name),
            created_at: group.created_at,
            rights: RightsDetail::of(group.rights()),
            tags: OwnTags::default(),
        }),
        Found::Role(name, role) => Detail::Role(
            of_role(scene, name, role),
            role.trust.as_json().to_owned(),
            beside.profiles(scene, name),
        ),
        Found::Policy(_, arn) => policy(scene, arn)?,
        Found::AwsPolicy(arn) => policy(scene, arn)?,
    })
}

fn of_user(scene: &Scene<'_>, name: &UserName, user: &User) -> HolderDetail {
    HolderDetail {
        name: name.to_string(),
        path: user.path.clone(),
        id: user.unique_id.clone(),
        arn: scene.user_arn(Some(&user.path), name),
        created_at: user.created_at,
        rights: RightsDetail::of(user.rights()),
        tags: user.tags.clone(),
    }
}

fn of_role(scene: &Scene<'_>, name: &RoleName, role: &Role) -> HolderDetail {
    HolderDetail {
        name: name.to_string(),
        path: role.path.clone(),
        id: role.unique_id.clone(),
        arn: scene.role_arn(Some(&role.path), name),
        created_at: role.created_at,
        rights: RightsDetail::of(role.rights()),
        tags: role.tags.clone(),
    }
}
