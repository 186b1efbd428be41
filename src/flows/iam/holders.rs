//! The policies of users, groups and roles: inline ones, and managed ones that are attached.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{Change, Group, Rights, User};
use crate::domain::{GroupName, ManagedPolicyArn, PolicyName, UserName};
use crate::policy::{IdentityPolicy, PolicyKind};

/// Inline policies of a user have so many characters altogether, white space left aside (IAM quotas).
pub const MAX_USER_POLICY_CHARACTERS: usize = 2048;
/// Inline policies of a group have so many characters altogether, white space left aside (IAM quotas).
pub const MAX_GROUP_POLICY_CHARACTERS: usize = 5120;

/// An identity policy.
///
/// # Errors
/// `MalformedPolicyDocument`
pub(super) fn identity_policy(text: &str) -> Result<IdentityPolicy, Refusal> {
    IdentityPolicy::parse(text).map_err(|error| {
        let text = error.iam_message(PolicyKind::IdentityBased);
        Refusal::new(IamCode::MalformedPolicyDocument, text)
    })
}

/// Whoever has policies of their own.
pub trait Holder: fmt::Debug + Send + Sync + 'static {
    /// What it goes by.
    type Name: fmt::Debug + fmt::Display + Clone + Send + Sync;
    /// As IAM's texts call it.
    const KIND: &'static str;
    /// What its actions are called.
    const ACTIONS: PolicyActions;
    /// What IAM calls the quota of its managed policies.
    const QUOTA: &'static str;
    /// As many characters as its inline policies may have.
    const MAX_CHARACTERS: usize;

    /// Its policies.
    ///
    /// # Errors
    /// `NoSuchEntity`
    fn rights<'s>(scene: &'s Scene<'_>, name: &Self::Name) -> Result<Rights<'s>, Refusal>;

    /// Its policies, where they are the account's to change.
    ///
    /// # Errors
    /// As [`Self::rights`]; `UnmodifiableEntity`.
    fn own_rights<'s>(scene: &'s Scene<'_>, name: &Self::Name) -> Result<Rights<'s>, Refusal> {
        Self::rights(scene, name)
    }

    /// Whether `iam:<action>` is allowed on it.
    fn ask(scene: &Scene<'_>, action: &str, name: &Self::Name) -> Question;

    /// The same of an action that changes its policies, in which its boundary may have a say.
    fn ask_of_change(scene: &Scene<'_>, action: &str, name: &Self::Name) -> Question {
        Self::ask(scene, action, name)
    }

    /// What is left once it has other policies.
    ///
    /// # Errors
    /// As [`Self::own_rights`].
    fn with(
        scene: &Scene<'_>,
        name: &Self::Name,
        edit: impl FnOnce(&mut Inline, &mut Attached),
    ) -> Result<Done<()>, Refusal>;
}

/// Inline policies.
pub type Inline = BTreeMap<PolicyName, IdentityPolicy>;
/// Managed policies.
pub type Attached = BTreeSet<ManagedPolicyArn>;

/// What a holder's actions are called.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "each is the action of its name")]
pub struct PolicyActions {
    pub put: &'static str,
    pub get: &'static str,
    pub list: &'static str,
    pub delete: &'static str,
    pub attach: &'static str,
    pub detach: &'static str,
    pub list_attached: &'static str,
}

/// Users.
#[derive(Debug)]
pub struct OfUser;

impl Holder for OfUser {
    type Name = UserName;
    const KIND: &'static str = "user";
    const ACTIONS: PolicyActions = PolicyActions {
        put: "PutUserPolicy",
        get: "GetUserPolicy",
        list: "ListUserPolicies",
        delete: "DeleteUserPolicy",
        attach: "AttachUserPolicy",
        detach: "DetachUserPolicy",
        list_attached: "ListAttachedUserPolicies",
    };
    const QUOTA: &'static str = "PoliciesPerUser";
    const MAX_CHARACTERS: usize = MAX_USER_POLICY_CHARACTERS;

    fn rights<'s>(scene: &'s Scene<'_>, name: &UserName) -> Result<Rights<'s>, Refusal> {
        Ok(scene.user(name)?.rights())
    }

    fn ask(scene: &Scene<'_>, action: &str, name: &UserName) -> Question {
        scene.ask_of_bounded(action, name)
    }

    fn with(
        scene: &Scene<'_>,
        name: &UserName,
        edit: impl FnOnce(&mut Inline, &mut Attached),
    ) -> Result<Done<()>, Refusal> {
        let before = scene.user(name)?;
        let mut user = User::clone(before);
        edit(&mut user.policies, &mut user.attached);
        Ok(Done::replaced((Some(before), user), (), |user| {
            Change::PutUser(scene.account_id, name.clone(), user)
        }))
    }
}

/// Groups.
#[derive(Debug)]
pub struct OfGroup;

impl Holder for OfGroup {
    type Name = GroupName;
    const KIND: &'static str = "group";
    const ACTIONS: PolicyActions = PolicyActions {
        put: "PutGroupPolicy",
        get: "GetGroupPolicy",
        list: "ListGroupPolicies",
        delete: "DeleteGroupPolicy",
        attach: "AttachGroupPolicy",
        detach: "DetachGroupPolicy",
        list_attached: "ListAttachedGroupPolicies",
    };
    const QUOTA: &'static str = "PoliciesPerGroup";
    const MAX_CHARACTERS: usize = MAX_GROUP_POLICY_CHARACTERS;

    fn rights<'s>(scene: &'s Scene<'_>, name: &GroupName) -> Result<Rights<'s>, Refusal> {
        Ok(scene.group(name)?.rights())
    }

    fn ask(scene: &Scene<'_>, action: &str, name: &GroupName) -> Question {
        scene.ask_of_group(action, name)
    }

    fn with(
        scene: &Scene<'_>,
        name: &GroupName,
        edit: impl FnOnce(&mut Inline, &mut Attached),
    ) -> Result<Done<()>, Refusal> {
        let before = scene.group(name)?;
        let mut group = Group::clone(before);
        edit(&mut group.policies, &mut group.attached);
        Ok(Done::replaced((Some(before), group), (), |group| {
            Change::PutGroup(scene.account_id, name.clone(), group)
        }))
    }
}

/// `PutUserPolicy`, `PutGroupPolicy`, `PutRolePolicy`
#[derive(Debug)]
pub struct PutPolicy<H: Holder> {
    /// Whose.
    pub of: H::Name,
    /// The policy's name.
    pub name: PolicyName,
    /// What it says.
    pub document: String,
}

impl<H: Holder> Action for PutPolicy<H> {
    type Answer = ();
    const NAME: &'static str = H::ACTIONS.put;
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![H::ask_of_change(scene, Self::NAME, &self.of)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let rights = H::own_rights(scene, &self.of)?;
        let policy = identity_policy(&self.document)?;
        let others = rights
            .policies
            .iter()
            .filter(|(name, _)| **name != self.name);
        let characters = others.map(|(_, policy)| policy.counted_characters());
        if characters.sum::<usize>() + policy.counted_characters() > H::MAX_CHARACTERS {
            let text = format!(
                "Maximum policy size of {} bytes exceeded for {} {}",
                H::MAX_CHARACTERS,
                H::KIND,
                self.of
            );
            return Err(Refusal::new(IamCode::LimitExceeded, text));
        }
        H::with(scene, &self.of, |policies, _| {
            policies.insert(self.name.clone(), policy);
        })
    }
}

/// An inline policy as IAM tells of one.
#[derive(Debug)]
pub struct PolicyView<N> {
    /// Whose.
    pub of: N,
    /// Its name.
    pub name: PolicyName,
    /// What it says.
    pub policy: IdentityPolicy,
}

/// `GetUserPolicy`, `GetGroupPolicy`, `GetRolePolicy`
#[derive(Debug)]
pub struct GetPolicy<H: Holder> {
    /// Whose.
    pub of: H::Name,
    /// The policy's name.
    pub name: PolicyName,
}

/// An inline policy.
///
/// # Errors
/// `NoSuchEntity`
fn inline<'s, H: Holder>(
    rights: Rights<'s>,
    name: &PolicyName,
) -> Result<&'s IdentityPolicy, Refusal> {
    let kind = [H::KIND, " policy"].concat();
    let found = rights.policies.get(name);
    found.ok_or_else(|| Refusal::no_such(&kind, name.as_str()))
}

impl<H: Holder> Action for GetPolicy<H> {
    type Answer = PolicyView<H::Name>;
    const NAME: &'static str = H::ACTIONS.get;
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![H::ask(scene, Self::NAME, &self.of)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let policy = inline::<H>(H::rights(scene, &self.of)?, &self.name)?;
        Ok(Done::told(PolicyView {
            of: self.of.clone(),
            name: self.name.clone(),
            policy: policy.clone(),
        }))
    }
}

/// `ListUserPolicies`, `ListGroupPolicies`, `ListRolePolicies`
#[derive(Debug)]
pub struct ListPolicies<H: Holder> {
    /// Whose.
    pub of: H::Name,
    /// Which part of the list.
    pub page: PageRequest,
}

impl<H: Holder> Action for ListPolicies<H> {
    type Answer = Page<PolicyName>;
    const NAME: &'static str = H::ACTIONS.list;
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![H::ask(scene, Self::NAME, &self.of)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let policies = H::rights(scene, &self.of)?.policies;
        let page = self.page.of_map(policies, |name, _| Some(name.clone()));
        Ok(Done::told(page))
    }
}

/// `DeleteUserPolicy`, `DeleteGroupPolicy`, `DeleteRolePolicy`
#[derive(Debug)]
pub struct DeletePolicy<H: Holder> {
    /// Whose.
    pub of: H::Name,
    /// The policy's name.
    pub name: PolicyName,
}

impl<H: Holder> Action for DeletePolicy<H> {
    type Answer = ();
    const NAME: &'static str = H::ACTIONS.delete;
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![H::ask_of_change(scene, Self::NAME, &self.of)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        inline::<H>(H::own_rights(scene, &self.of)?, &self.name)?;
        H::with(scene, &self.of, |policies, _| {
            policies.remove(&self.name);
        })
    }
}

/// `AttachUserPolicy`, `AttachGroupPolicy`, `AttachRolePolicy`
#[derive(Debug)]
pub struct AttachPolicy<H: Holder> {
    /// To whom.
    pub to: H::Name,
    /// The policy.
    pub arn: ManagedPolicyArn,
}

impl<H: Holder> Action for AttachPolicy<H> {
    type Answer = ();
    const NAME: &'static str = H::ACTIONS.attach;
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let question = H::ask_of_change(scene, Self::NAME, &self.to);
        Ok(vec![question.with("iam:PolicyARN", self.arn.to_string())])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let attached = H::own_rights(scene, &self.to)?.attached;
        scene.check_attachable(&self.arn)?;
        if attached.contains(&self.arn) {
            return Ok(Done::told(()));
        }
        if attached.len() >= Rights::MAX_ATTACHED {
            return Err(Refusal::over_quota(H::QUOTA, Rights::MAX_ATTACHED));
        }
        H::with(scene, &self.to, |_, attached| {
            attached.insert(self.arn.clone());
        })
    }
}

/// `DetachUserPolicy`, `DetachGroupPolicy`, `DetachRolePolicy`
#[derive(Debug)]
pub struct DetachPolicy<H: Holder> {
    /// From whom.
    pub from: H::Name,
    /// The policy.
    pub arn: ManagedPolicyArn,
}

impl<H: Holder> Action for DetachPolicy<H> {
    type Answer = ();
    const NAME: &'static str = H::ACTIONS.detach;
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let question = H::ask_of_change(scene, Self::NAME, &self.from);
        Ok(vec![question.with("iam:PolicyARN", self.arn.to_string())])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let attached = H::own_rights(scene, &self.from)?.attached;
        if !attached.contains(&self.arn) {
            let text = format!("Policy {} was not found.", self.arn);
            return Err(Refusal::new(IamCode::NoSuchEntity, text));
        }
        H::with(scene, &self.from, |_, attached| {
            attached.remove(&self.arn);
        })
    }
}

/// `ListAttachedUserPolicies`, `ListAttachedGroupPolicies`, `ListAttachedRolePolicies`
#[derive(Debug)]
pub struct ListAttached<H: Holder> {
    /// Whose.
    pub of: H::Name,
    /// Only those whose path begins so.
    pub path_prefix: String,
    /// Which part of the list, in the order of names.
    pub page: PageRequest,
}

impl<H: Holder> Action for ListAttached<H> {
    type Answer = Page<ManagedPolicyArn>;
    const NAME: &'static str = H::ACTIONS.list_attached;
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![H::ask(scene, Self::NAME, &self.of)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let attached = H::rights(scene, &self.of)?.attached.iter();
        let below = attached.filter(|arn| arn.path().as_str().starts_with(&self.path_prefix));
        let named = below.map(|arn| (format!("{} {arn}", arn.name()), arn.clone()));
        Ok(Done::told(self.page.of_list(named.collect())))
    }
}
