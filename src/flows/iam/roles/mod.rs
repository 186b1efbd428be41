//! Roles: made, shown, changed and removed.

mod boundary;
mod policies;
mod service_linked;
mod tags;
mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use boundary::{DeleteRolePermissionsBoundary, PutRolePermissionsBoundary};
pub use policies::MAX_INLINE_CHARACTERS;
pub use service_linked::{
    CreateServiceLinkedRole, DeleteServiceLinkedRole, GetServiceLinkedRoleDeletionStatus,
};
pub use update::{UpdateAssumeRolePolicy, UpdateRole, UpdateRoleDescription};

use super::scene::{Long, bytes_with};
use super::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{Change, Named, Role, UnknownPrincipal};
use crate::domain::{
    IamPath, Issuer, ManagedPolicyArn, OwnTags, RoleName, SessionDuration, UniqueId, UniqueIdKind,
    UnixTime,
};
use crate::policy::{PolicyKind, TrustPolicy};
use crate::store::{KeyUse, UsedKey};

/// As many roles as an account may have (IAM quotas: 5,000 at AWS; here as many as are known to work).
pub const MAX_ROLES: usize = 100_000;
/// As long as a trust policy may be, white space between its elements aside (IAM quotas, the highest).
pub const MAX_TRUST_CHARACTERS: usize = 4096;

/// Roles.
#[derive(Debug)]
pub struct OfRole;

/// A role as IAM tells of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleView {
    /// The name.
    pub name: RoleName,
    /// The path.
    pub path: IamPath,
    /// `AROA…`
    pub id: UniqueId,
    /// The ARN.
    pub arn: String,
    /// When the role was made.
    pub created_at: UnixTime,
    /// Who may assume it.
    pub trust: String,
    /// For people.
    pub description: String,
    /// The longest session.
    pub max_session: SessionDuration,
    /// The most that its sessions may do.
    pub boundary: Option<ManagedPolicyArn>,
    /// Its tags.
    pub tags: OwnTags,
}

impl RoleView {
    pub(super) fn of(scene: &Scene<'_>, name: &RoleName, role: &Role) -> Self {
        Self {
            name: name.clone(),
            path: role.path.clone(),
            id: role.unique_id.clone(),
            arn: scene.role_arn(Some(&role.path), name),
            created_at: role.created_at,
            trust: scene.shown_trust(&role.trust),
            description: role.description.clone(),
            max_session: role.max_session_duration,
            boundary: role.boundary.clone(),
            tags: role.tags.clone(),
        }
    }

    /// What lists tell of a role: neither its tags nor its boundary.
    pub(super) fn in_list(scene: &Scene<'_>, name: &RoleName, role: &Role) -> Self {
        Self {
            boundary: None,
            tags: OwnTags::default(),
            ..Self::of(scene, name, role)
        }
    }
}

impl Long for RoleView {
    fn bytes(&self) -> usize {
        bytes_with([&*self.trust, &*self.description])
    }
}

/// Where the roles stand that services made for themselves.
const OF_SERVICES: &str = "/aws-service-role/";

fn is_service_linked(path: &IamPath) -> bool {
    path.as_str().starts_with(OF_SERVICES)
}

impl Scene<'_> {
    /// A role's ARN; without a path where it isn't known, because there is no such role.
    pub(super) fn role_arn(&self, path: Option<&IamPath>, name: &RoleName) -> String {
        let path = path.map_or("/", IamPath::as_str);
        self.arn(&["role", path, name.as_str()].concat())
    }

    /// A role of the account.
    ///
    /// # Errors
    /// `NoSuchEntity`
    pub(super) fn role(&self, name: &RoleName) -> Result<&Arc<Role>, Refusal> {
        let role = self.account.roles.get(name);
        role.ok_or_else(|| Refusal::no_such("role", name.as_str()))
    }

    /// A role of the account that is to be changed.
    ///
    /// # Errors
    /// `NoSuchEntity`, `UnmodifiableEntity` of a role that a service has made for itself.
    pub(super) fn modifiable_role(&self, name: &RoleName) -> Result<&Arc<Role>, Refusal> {
        let role = self.role(name)?;
        if !is_service_linked(&role.path) {
            return Ok(role);
        }
        let text = format!(
            "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        );
        Err(Refusal::new(IamCode::UnmodifiableEntity, text))
    }

    /// Whether `iam:<action>` is allowed on this role, whether or not there is one.
    pub(super) fn ask_of_role(&self, action: &str, name: &RoleName) -> Question {
        let question = match self.account.roles.get(name) {
            Some(role) => {
                Question::new(action, self.role_arn(Some(&role.path), name)).of_tagged(&role.tags)
            }
            None => Question::new(action, self.role_arn(None, name)),
        };
        question.shown_as(format!("role {name}"))
    }

    /// The same, where the role's boundary has a say in what its policies may become.
    pub(super) fn ask_of_bounded_role(&self, action: &str, name: &RoleName) -> Question {
        let question = self.ask_of_role(action, name);
        let role = self.account.roles.get(name);
        match role.and_then(|role| role.boundary.as_ref()) {
            Some(boundary) => question.with("iam:PermissionsBoundary", boundary.to_string()),
            None => question,
        }
    }

    /// An answer, once the role is changed; nothing is, where it is the same.
    pub(super) fn with_role<A>(&self, name: &RoleName, role: Role, answer: A) -> Done<A> {
        let before = self.account.roles.get(name);
        Done::replaced((before, role), answer, |role| {
            Change::PutRole(self.account_id, name.clone(), role)
        })
    }

    /// A trust policy as it is kept: with the unique ids of the users and roles that it names.
    ///
    /// # Errors
    /// `MalformedPolicyDocument`, `LimitExceeded`
    pub(super) fn trust_of(&self, text: &str) -> Result<TrustPolicy, Refusal> {
        let malformed = |text: String| Refusal::new(IamCode::MalformedPolicyDocument, text);
        let policy = TrustPolicy::parse(text)
            .map_err(|error| malformed(error.iam_message(PolicyKind::RoleTrust)))?;
        if policy.counted_characters() > MAX_TRUST_CHARACTERS {
            return Err(Refusal::over_quota("ACLSizePerRole", MAX_TRUST_CHARACTERS));
        }
        let issuers = self.account.oidc_providers.keys();
        let issuers: Vec<&str> = issuers.map(Issuer::without_scheme).collect();
        if let Some(key) = policy.unrestricted_key(&issuers) {
            let text = format!(
                "Missing required condition on {key}: everybody can have tokens of this provider, so the trust policy must say whose it accepts."
            );
            return Err(malformed(text));
        }
        if policy.named().next().is_none() {
            return Ok(policy);
        }
        let bound = self.snapshot.directory().bind(self.partition, &policy);
        let bound = bound.map_err(|unknown| malformed(unknown.to_string()))?;
        match self.snapshot.principal_names().missing(&bound) {
            None => Ok(bound),
            Some(id) => Err(malformed(UnknownPrincipal(id.to_string()).to_string())),
        }
    }

    /// A trust policy as it is shown: with the ARNs of those who are there.
    pub(super) fn shown_trust(&self, policy: &TrustPolicy) -> String {
        if policy.named().next().is_none() {
            return policy.as_json().to_owned();
        }
        self.snapshot.principal_names().show(policy)
    }
}

/// Whether the account can have one more role, of this name.
///
/// # Errors
/// `EntityAlreadyExists`, `LimitExceeded`
fn check_room(scene: &Scene<'_>, name: &RoleName) -> Result<(), Refusal> {
    if scene.is_taken(Named::Role, name.as_str()) {
        return Err(Refusal::already_exists("Role", name.as_str()));
    }
    if scene.account.roles.len() >= MAX_ROLES {
        return Err(Refusal::over_quota("RolesPerAccount", MAX_ROLES));
    }
    Ok(())
}

/// `CreateRole`
#[derive(Debug)]
pub struct CreateRole {
    /// What the role is called.
    pub name: RoleName,
    /// Where it stands.
    pub path: IamPath,
    /// Who may assume it.
    pub trust: String,
    /// For people.
    pub description: String,
    /// The longest session.
    pub max_session: SessionDuration,
    /// The most that its sessions may do.
    pub boundary: Option<ManagedPolicyArn>,
    /// Its tags.
    pub tags: OwnTags,
}

impl Action for CreateRole {
    type Answer = RoleView;
    const NAME: &'static str = "CreateRole";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let arn = scene.role_arn(Some(&self.path), &self.name);
        let mut own = Question::new(Self::NAME, arn);
        if let Some(boundary) = &self.boundary {
            own = own.with("iam:PermissionsBoundary", boundary.to_string());
        }
        Ok(own.making::<OfRole>(&self.tags))
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<RoleView>, Refusal> {
        if is_service_linked(&self.path) {
            let text = "Path /aws-service-role/ is for roles that CreateServiceLinkedRole makes.";
            return Err(Refusal::new(IamCode::InvalidInput, text));
        }
        check_room(scene, &self.name)?;
        if let Some(boundary) = &self.boundary {
            scene.check_attachable(boundary)?;
        }
        let role = Role {
            path: self.path.clone(),
            unique_id: scene.draw_unique_id(UniqueIdKind::Role)?,
            description: self.description.clone(),
            max_session_duration: self.max_session,
            trust: scene.trust_of(&self.trust)?,
            tags: self.tags.clone(),
            policies: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: self.boundary.clone(),
            created_at: scene.now,
        };
        let view = RoleView::of(scene, &self.name, &role);
        Ok(scene.with_role(&self.name, role, view))
    }
}

/// `GetRole`
#[derive(Debug)]
pub struct GetRole {
    /// Which.
    pub name: RoleName,
}

impl Action for GetRole {
    type Answer = (RoleView, Option<KeyUse>);
    const NAME: &'static str = "GetRole";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_role(Self::NAME, &self.name)])
    }

    fn looks_up(&self, scene: &Scene<'_>) -> Option<UsedKey> {
        let role = scene.account.roles.get(&self.name)?;
        Some(UsedKey::of_role(&role.unique_id))
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let role = scene.role(&self.name)?;
        let view = RoleView::of(scene, &self.name, role);
        Ok(Done::told((view, scene.last_use.clone())))
    }
}

/// `ListRoles`
#[derive(Debug)]
pub struct ListRoles {
    /// Only those whose path begins so.
    pub path_prefix: String,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListRoles {
    type Answer = Page<RoleView>;
    const NAME: &'static str = "ListRoles";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let resource = scene.arn(&["role", &self.path_prefix].concat());
        Ok(vec![Question::new(Self::NAME, resource)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Page<RoleView>>, Refusal> {
        let page = self.page.of_long_map(&scene.account.roles, |name, role| {
            let is_below = role.path.as_str().starts_with(&self.path_prefix);
            is_below.then(|| RoleView::in_list(scene, name, role))
        });
        Ok(Done::told(page))
    }
}

/// `DeleteRole`
#[derive(Debug)]
pub struct DeleteRole {
    /// Which.
    pub name: RoleName,
}

impl Action for DeleteRole {
    type Answer = ();
    const NAME: &'static str = "DeleteRole";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_role(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let role = scene.modifiable_role(&self.name)?;
        let blocked = [
            (
                scene.is_in_profile(&self.name),
                "remove roles from instance profile",
            ),
            (!role.policies.is_empty(), "delete policies"),
            (!role.attached.is_empty(), "detach all policies"),
        ];
        if let Some((_, first)) = blocked.iter().find(|(is_there, _)| *is_there) {
            return Err(Refusal::delete_conflict(first));
        }
        let change = Change::RemoveRole(scene.account_id, self.name.clone());
        Ok(Done::changed((), vec![change]))
    }
}
