//! The most that a role's sessions may do.

use crate::directory::Role;
use crate::domain::{ManagedPolicyArn, RoleName};
use crate::flows::iam::{Action, Done, IamCode, Question, Refusal, Scene};

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
