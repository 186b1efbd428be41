//! `GetAccountAuthorizationDetails`: everything that says what somebody may do, page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Action, Done, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{ManagedPolicy, Rights, Role, User};
use crate::domain::{
    IamPath, ManagedPolicyArn, OwnTags, PolicyName, RoleName, UniqueId, UnixTime, UserName,
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

/// What users and roles have in common.
#[derive(Debug, Clone)]
pub struct HolderDetail {
    /// The name.
    pub name: String,
    /// The path.
    pub path: IamPath,
    /// `AIDA…` or `AROA…`
    pub id: UniqueId,
    /// The ARN.
    pub arn: String,
    /// When it was made.
    pub created_at: UnixTime,
    /// Its policies.
    pub rights: RightsDetail,
    /// Its tags.
    pub tags: OwnTags,
}

/// A managed policy, and how many have it.
#[derive(Debug, Clone)]
pub struct PolicyDetail {
    /// The ARN.
    pub arn: ManagedPolicyArn,
    /// Of one of the account: its id, description and when it was made.
    pub own: Option<(UniqueId, String, UnixTime)>,
    /// What it says.
    pub document: String,
    /// How many have it.
    pub attached: usize,
    /// How many have it as their boundary.
    pub bounding: usize,
}

/// One of the page. Groups come here, between users and roles, and further versions of policies in
/// [`PolicyDetail`].
#[derive(Debug, Clone)]
pub enum Detail {
    /// A user.
    User(HolderDetail),
    /// A role and its trust policy.
    Role(HolderDetail, String),
    /// A managed policy.
    Policy(PolicyDetail),
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
    Role(&'s RoleName, &'s Arc<Role>),
    Policy(&'s PolicyName, &'s Arc<ManagedPolicy>),
    AwsPolicy(&'s ManagedPolicyArn),
}

impl Found<'_> {
    const fn kind(&self) -> EntityKind {
        match self {
            Self::User(..) => EntityKind::User,
            Self::Role(..) => EntityKind::Role,
            Self::Policy(..) => EntityKind::LocalManagedPolicy,
            Self::AwsPolicy(_) => EntityKind::AwsManagedPolicy,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::User(name, _) => name.as_str(),
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
        let page = self.page.of_list(found);
        let uses = Uses::of(scene);
        let items = page.items.into_iter();
        Ok(Done::told(Page {
            items: items
                .filter_map(|found| detail(scene, &uses, &found))
                .collect(),
            marker: page.marker,
        }))
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
    let roles = account.roles.iter();
    let policies = account.policies.iter();
    let of_aws: BTreeSet<_> = rights(scene)
        .flat_map(|rights| rights.attached.iter().chain(rights.boundary))
        .filter(|arn| arn.account().is_none())
        .collect();
    users
        .map(|(name, user)| Found::User(name, user))
        .chain(roles.map(|(name, role)| Found::Role(name, role)))
        .chain(policies.map(|(name, policy)| Found::Policy(name, policy)))
        .chain(of_aws.into_iter().map(Found::AwsPolicy))
        .collect()
}

/// The policies of everybody of the account.
fn rights<'s>(scene: &'s Scene<'_>) -> impl Iterator<Item = Rights<'s>> {
    let users = scene.account.users.values().map(|user| user.rights());
    let roles = scene.account.roles.values().map(|role| role.rights());
    users.chain(roles)
}

/// How many have each managed policy, and how many as their boundary.
#[derive(Default)]
struct Uses<'s>(BTreeMap<&'s ManagedPolicyArn, (usize, usize)>);

impl<'s> Uses<'s> {
    fn of(scene: &'s Scene<'_>) -> Self {
        let mut uses = Self::default();
        for rights in rights(scene) {
            for arn in rights.attached {
                uses.0.entry(arn).or_default().0 += 1;
            }
            if let Some(arn) = rights.boundary {
                uses.0.entry(arn).or_default().1 += 1;
            }
        }
        uses
    }

    fn policy(
        &self,
        arn: ManagedPolicyArn,
        own: Option<(UniqueId, String, UnixTime)>,
        document: &str,
    ) -> PolicyDetail {
        let (attached, bounding) = self.0.get(&arn).copied().unwrap_or_default();
        PolicyDetail {
            arn,
            own,
            document: document.to_owned(),
            attached,
            bounding,
        }
    }
}

fn detail(scene: &Scene<'_>, had: &Uses<'_>, found: &Found<'_>) -> Option<Detail> {
    Some(match found {
        Found::User(name, user) => Detail::User(HolderDetail {
            name: name.to_string(),
            path: user.path.clone(),
            id: user.unique_id.clone(),
            arn: scene.user_arn(Some(&user.path), name),
            created_at: user.created_at,
            rights: RightsDetail::of(user.rights()),
            tags: user.tags.clone(),
        }),
        Found::Role(name, role) => {
            let detail = HolderDetail {
                name: name.to_string(),
                path: role.path.clone(),
                id: role.unique_id.clone(),
                arn: role
                    .arn(scene.partition, scene.account_id, name)
                    .to_string(),
                created_at: role.created_at,
                rights: RightsDetail::of(role.rights()),
                tags: role.tags.clone(),
            };
            Detail::Role(detail, role.trust.as_json().to_owned())
        }
        Found::Policy(name, policy) => {
            let (path, name) = (policy.path.clone(), PolicyName::clone(name));
            let arn = ManagedPolicyArn::new(scene.partition, scene.account_id, path, name);
            let (id, text) = (policy.unique_id.clone(), policy.description.clone());
            let own = Some((id, text, policy.created_at));
            Detail::Policy(had.policy(arn, own, policy.document.as_json()))
        }
        Found::AwsPolicy(arn) => {
            let document = scene.snapshot.policies().find(arn)?;
            let arn = ManagedPolicyArn::clone(arn);
            Detail::Policy(had.policy(arn, None, document.as_json()))
        }
    })
}
