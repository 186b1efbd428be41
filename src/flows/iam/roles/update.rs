//! What a role says of itself, and who may assume it.

use super::RoleView;
use crate::directory::Role;
use crate::domain::{RoleName, SessionDuration};
use crate::flows::iam::{Action, Done, Question, Refusal, Scene};

/// `UpdateRole`
#[derive(Debug)]
pub struct UpdateRole {
    /// Which.
    pub name: RoleName,
    /// For people; stays where it isn't given.
    pub description: Option<String>,
    /// The longest session; stays where it isn't given.
    pub max_session: Option<SessionDuration>,
}

impl Action for UpdateRole {
    type Answer = ();
    const NAME: &'static str = "UpdateRole";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_role(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut role = Role::clone(scene.modifiable_role(&self.name)?);
        if let Some(description) = &self.description {
            role.description.clone_from(description);
        }
        if let Some(max_session) = self.max_session {
            role.max_session_duration = max_session;
        }
        Ok(scene.with_role(&self.name, role, ()))
    }
}

/// `UpdateRoleDescription`: of a service's role as well.
#[derive(Debug)]
pub struct UpdateRoleDescription {
    /// Which.
    pub name: RoleName,
    /// For people.
    pub description: String,
}

impl Action for UpdateRoleDescription {
    type Answer = RoleView;
    const NAME: &'static str = "UpdateRoleDescription";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_role(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<RoleView>, Refusal> {
        let mut role = Role::clone(scene.role(&self.name)?);
        role.description.clone_from(&self.description);
        let view = RoleView::of(scene, &self.name, &role);
        Ok(scene.with_role(&self.name, role, view))
    }
}

/// `UpdateAssumeRolePolicy`
#[derive(Debug)]
pub struct UpdateAssumeRolePolicy {
    /// Which.
    pub name: RoleName,
    /// Who may assume it.
    pub trust: String,
}

impl Action for UpdateAssumeRolePolicy {
    type Answer = ();
    const NAME: &'static str = "UpdateAssumeRolePolicy";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_role(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut role = Role::clone(scene.modifiable_role(&self.name)?);
        role.trust = scene.trust_of(&self.trust)?;
        Ok(scene.with_role(&self.name, role, ()))
    }
}
