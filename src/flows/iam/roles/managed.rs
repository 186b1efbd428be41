//! The managed policies that a role has, and the one that bounds it.

use crate::directory::{Rights, Role};
use crate::domain::{ManagedPolicyArn, PolicyName, RoleName};
use crate::flows::iam::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};

/// A managed policy as lists of attached ones tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Its name.
    pub name: PolicyName,
    /// Its ARN.
    pub arn: ManagedPolicyArn,
}

impl Attached {
    /// The page of those whose path begins so, by name.
    pub(in crate::flows::iam) fn page<'p>(
        page: &PageRequest,
        path_prefix: &str,
        attached: impl Iterator<Item = &'p ManagedPolicyArn>,
    ) -> Page<Self> {
        let below = attached.filter(|arn| arn.path().as_str().starts_with(path_prefix));
        let keyed = below.map(|arn| {
            let (name, arn) = (arn.name().clone(), arn.clone());
            (format!("{name} {arn}"), Self { name, arn })
        });
        page.of_list(keyed.collect())
    }
}

impl Scene<'_> {
    fn ask_of_attaching(
        &self,
        action: &str,
        role: &RoleName,
        policy: &ManagedPolicyArn,
    ) -> Question {
        let question = self.ask_of_bounded_role(action, role);
        question.with("iam:PolicyARN", policy.to_string())
    }
}

/// `AttachRolePolicy`
#[derive(Debug)]
pub struct AttachRolePolicy {
    /// To which role.
    pub role: RoleName,
    /// Which policy.
    pub policy: ManagedPolicyArn,
}

impl Action for AttachRolePolicy {
    type Answer = ();
    const NAME: &'static str = "AttachRolePolicy";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_attaching(
            Self::NAME,
            &self.role,
            &self.policy,
        )])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut role = Role::clone(scene.modifiable_role(&self.role)?);
        scene.check_attachable(&self.policy)?;
        role.attached.insert(self.policy.clone());
        if role.attached.len() > Rights::MAX_ATTACHED {
            let most = Rights::MAX_ATTACHED;
            return Err(Refusal::over_quota("PoliciesPerRole", most));
        }
        Ok(scene.with_role(&self.role, role, ()))
    }
}

/// `DetachRolePolicy`
#[derive(Debug)]
pub struct DetachRolePolicy {
    /// From which role.
    pub role: RoleName,
    /// Which policy.
    pub policy: ManagedPolicyArn,
}

impl Action for DetachRolePolicy {
    type Answer = ();
    const NAME: &'static str = "DetachRolePolicy";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_attaching(
            Self::NAME,
            &self.role,
            &self.policy,
        )])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut role = Role::clone(scene.modifiable_role(&self.role)?);
        if !role.attached.remove(&self.policy) {
            let text = format!("Policy {} was not found.", self.policy);
            return Err(Refusal::new(IamCode::NoSuchEntity, text));
        }
        Ok(scene.with_role(&self.role, role, ()))
    }
}

/// `ListAttachedRolePolicies`
#[derive(Debug)]
pub struct ListAttachedRolePolicies {
    /// Of which role.
    pub role: RoleName,
    /// Only those whose path begins so.
    pub path_prefix: String,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListAttachedRolePolicies {
    type Answer = Page<Attached>;
    const NAME: &'static str = "ListAttachedRolePolicies";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_role(Self::NAME, &self.role)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let role = scene.role(&self.role)?;
        let attached = role.attached.iter();
        Ok(Done::told(Attached::page(
            &self.page,
            &self.path_prefix,
            attached,
        )))
    }
}

/// `PutRolePermissionsBoundary`
#[derive(Debug)]
pub struct PutRolePermissionsBoundary {
    /// Of which role.
    pub role: RoleName,
    /// The most that its sessions may do from now on.
    pub boundary: ManagedPolicyArn,
}

impl Action for PutRolePermissionsBoundary {
    type Answer = ();
    const NAME: &'static str = "PutRolePermissionsBoundary";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let question = scene.ask_of_role(Self::NAME, &self.role);
        let boundary = self.boundary.to_string();
        Ok(vec![question.with("iam:PermissionsBoundary", boundary)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut role = Role::clone(scene.modifiable_role(&self.role)?);
        scene.check_attachable(&self.boundary)?;
        role.boundary = Some(self.boundary.clone());
        Ok(scene.with_role(&self.role, role, ()))
    }
}

/// `DeleteRolePermissionsBoundary`
#[derive(Debug)]
pub struct DeleteRolePermissionsBoundary {
    /// Of which role.
    pub role: RoleName,
}

impl Action for DeleteRolePermissionsBoundary {
    type Answer = ();
    const NAME: &'static str = "DeleteRolePermissionsBoundary";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_bounded_role(Self::NAME, &self.role)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut role = Role::clone(scene.modifiable_role(&self.role)?);
        if role.boundary.take().is_none() {
            let text = format!("The role {} has no permissions boundary.", self.role);
            return Err(Refusal::new(IamCode::NoSuchEntity, text));
        }
        Ok(scene.with_role(&self.role, role, ()))
    }
}
