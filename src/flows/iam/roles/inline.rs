//! A role's inline policies.

use crate::directory::Role;
use crate::domain::{PolicyName, RoleName};
use crate::flows::iam::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};
use crate::policy::{IdentityPolicy, PolicyKind};

/// As long as all inline policies of a role may be together, white space between their elements aside (IAM
/// quotas).
pub const MAX_INLINE_CHARACTERS: usize = 10_240;

/// An identity policy.
///
/// # Errors
/// `MalformedPolicyDocument`
pub(in crate::flows::iam) fn identity_policy(text: &str) -> Result<IdentityPolicy, Refusal> {
    IdentityPolicy::parse(text).map_err(|error| {
        let text = error.iam_message(PolicyKind::IdentityBased);
        Refusal::new(IamCode::MalformedPolicyDocument, text)
    })
}

/// One of a role's own policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlinePolicy {
    /// Whose.
    pub role: RoleName,
    /// What it is called.
    pub name: PolicyName,
    /// What it says.
    pub document: String,
}

/// `PutRolePolicy`
#[derive(Debug)]
pub struct PutRolePolicy {
    /// Whose.
    pub role: RoleName,
    /// What it is called.
    pub name: PolicyName,
    /// What it says.
    pub document: String,
}

impl Action for PutRolePolicy {
    type Answer = ();
    const NAME: &'static str = "PutRolePolicy";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_bounded_role(Self::NAME, &self.role)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut role = Role::clone(scene.modifiable_role(&self.role)?);
        let document = identity_policy(&self.document)?;
        role.policies.insert(self.name.clone(), document);
        let sizes = role.policies.values();
        let whole: usize = sizes.map(IdentityPolicy::counted_characters).sum();
        if whole > MAX_INLINE_CHARACTERS {
            let text = format!(
                "Maximum policy size of {MAX_INLINE_CHARACTERS} bytes exceeded for role {}",
                self.role
            );
            return Err(Refusal::new(IamCode::LimitExceeded, text));
        }
        Ok(scene.with_role(&self.role, role, ()))
    }
}

/// A role's policy of this name.
///
/// # Errors
/// `NoSuchEntity`
fn find<'r>(role: &'r Role, name: &PolicyName) -> Result<&'r IdentityPolicy, Refusal> {
    let found = role.policies.get(name);
    found.ok_or_else(|| Refusal::no_such("role policy", name.as_str()))
}

/// `GetRolePolicy`
#[derive(Debug)]
pub struct GetRolePolicy {
    /// Whose.
    pub role: RoleName,
    /// Which.
    pub name: PolicyName,
}

impl Action for GetRolePolicy {
    type Answer = InlinePolicy;
    const NAME: &'static str = "GetRolePolicy";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_role(Self::NAME, &self.role)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<InlinePolicy>, Refusal> {
        let policy = find(scene.role(&self.role)?, &self.name)?;
        Ok(Done::told(InlinePolicy {
            role: self.role.clone(),
            name: self.name.clone(),
            document: policy.as_json().to_owned(),
        }))
    }
}

/// `ListRolePolicies`
#[derive(Debug)]
pub struct ListRolePolicies {
    /// Whose.
    pub role: RoleName,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListRolePolicies {
    type Answer = Page<PolicyName>;
    const NAME: &'static str = "ListRolePolicies";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_role(Self::NAME, &self.role)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let role = scene.role(&self.role)?;
        let name_of = |name: &PolicyName, _: &IdentityPolicy| Some(name.clone());
        Ok(Done::told(self.page.of_map(&role.policies, name_of)))
    }
}

/// `DeleteRolePolicy`
#[derive(Debug)]
pub struct DeleteRolePolicy {
    /// Whose.
    pub role: RoleName,
    /// Which.
    pub name: PolicyName,
}

impl Action for DeleteRolePolicy {
    type Answer = ();
    const NAME: &'static str = "DeleteRolePolicy";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_bounded_role(Self::NAME, &self.role)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut role = Role::clone(scene.modifiable_role(&self.role)?);
        find(&role, &self.name)?;
        role.policies.remove(&self.name);
        Ok(scene.with_role(&self.role, role, ()))
    }
}
