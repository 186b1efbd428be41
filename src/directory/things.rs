//! What an account has that people give names to, and what each of these claims and rests on.
//!
//! ```text
//! Thing ─┬─ claims    a name, an id, access keys: what nobody else may have
//!        └─ rests on  a managed policy, a group, a role: what must stay as long as somebody rests on it
//! ```
//! Both are kept of the whole directory, so that a change of one thing is compared with nothing else.

use std::sync::Arc;

use super::devices::DeviceName;
use super::groups::Group;
use super::index::Index;
use super::instance_profiles::InstanceProfile;
use super::policies::ManagedPolicy;
use super::state::{Account, Role};
use super::users::{Rights, User};
use crate::domain::{
    AccessKeyId, AccountId, GroupName, InstanceProfileName, ManagedPolicyArn, PolicyName, RoleName,
    UniqueId, UserName,
};

/// Something of an account, by its name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Thing<'a> {
    Role(&'a RoleName, &'a Arc<Role>),
    User(&'a UserName, &'a Arc<User>),
    Group(&'a GroupName, &'a Arc<Group>),
    Policy(&'a PolicyName, &'a Arc<ManagedPolicy>),
    Profile(&'a InstanceProfileName, &'a Arc<InstanceProfile>),
    /// A device that no user has.
    Device(&'a DeviceName),
}

/// What is called by names that are not told apart by upper and lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// A role.
    Role,
    /// A user.
    User,
    /// A group.
    Group,
    /// A managed policy.
    Policy,
    /// An instance profile.
    InstanceProfile,
    /// A device, whether a user has it or not.
    Device,
}

/// What one thing alone may have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Claim {
    /// A name in an account, in lower case.
    Name(AccountId, Named, Box<str>),
    /// A unique id, in all accounts.
    Id(UniqueId),
    /// An access key, in all accounts.
    Key(AccessKeyId),
}

impl Claim {
    /// The name of such a thing in this account.
    pub(super) fn of_name(account: AccountId, what: Named, name: &str) -> Self {
        Self::Name(account, what, name.to_ascii_lowercase().into())
    }
}

/// What somebody of an account may rest on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Rest {
    /// A managed policy that says what somebody may do.
    Attached(AccountId, ManagedPolicyArn),
    /// A managed policy that bounds somebody.
    Bounded(AccountId, ManagedPolicyArn),
    /// A group that a user is in.
    Group(AccountId, GroupName),
    /// A role that an instance profile stands for.
    Role(AccountId, RoleName),
    /// That users of the account have devices: each device counts.
    Devices(AccountId),
}

impl<'a> Thing<'a> {
    /// Everything of an account.
    pub(super) fn all(account: &'a Account) -> impl Iterator<Item = Self> {
        let roles = account.roles.iter().map(|(name, it)| Self::Role(name, it));
        let users = account.users.iter().map(|(name, it)| Self::User(name, it));
        let groups = account.groups.iter();
        let policies = account.policies.iter();
        let profiles = account.instance_profiles.iter();
        let devices = account.mfa_devices.keys().map(Self::Device);
        roles
            .chain(users)
            .chain(groups.map(|(name, it)| Self::Group(name, it)))
            .chain(policies.map(|(name, it)| Self::Policy(name, it)))
            .chain(profiles.map(|(name, it)| Self::Profile(name, it)))
            .chain(devices)
    }

    /// Which user it is, if it is one.
    pub(super) const fn user(self) -> Option<&'a UserName> {
        match self {
            Self::User(name, _) => Some(name),
            Self::Role(..)
            | Self::Group(..)
            | Self::Policy(..)
            | Self::Profile(..)
            | Self::Device(_) => None,
        }
    }

    /// Its place in the account's files.
    pub(super) fn at(self, account: AccountId) -> String {
        let (folder, name) = match self {
            Self::Role(name, _) => ("roles", name.as_str()),
            Self::User(name, _) => ("users", name.as_str()),
            Self::Group(name, _) => ("groups", name.as_str()),
            Self::Policy(name, _) => ("policies", name.as_str()),
            Self::Profile(name, _) => ("instance-profiles", name.as_str()),
            Self::Device(_) => return format!("accounts/{account}/mfa-devices"),
        };
        format!("accounts/{account}/{folder}/{name}")
    }

    /// What nobody else may have.
    pub(super) fn claims(self, account: AccountId) -> Vec<Claim> {
        let named = |what, name: &str| Claim::of_name(account, what, name);
        let with_id =
            |what, name: &str, id: &UniqueId| vec![named(what, name), Claim::Id(id.clone())];
        match self {
            Self::Role(name, role) => with_id(Named::Role, name.as_str(), &role.unique_id),
            Self::User(name, user) => {
                let mut claims = with_id(Named::User, name.as_str(), &user.unique_id);
                claims.extend(user.access_keys.keys().cloned().map(Claim::Key));
                let devices = user.mfa_devices.keys();
                claims.extend(devices.map(|name| named(Named::Device, name.as_str())));
                claims
            }
            Self::Group(name, group) => with_id(Named::Group, name.as_str(), &group.unique_id),
            Self::Policy(name, policy) => with_id(Named::Policy, name.as_str(), &policy.unique_id),
            Self::Profile(name, profile) => {
                with_id(Named::InstanceProfile, name.as_str(), &profile.unique_id)
            }
            Self::Device(name) => vec![named(Named::Device, name.as_str())],
        }
    }

    /// What it rests on.
    pub(super) fn rests_on(self, account: AccountId) -> Vec<Rest> {
        match self {
            Self::Role(_, role) => rests_of(role.rights(), account).collect(),
            Self::User(_, user) => {
                let groups = user.groups.iter().cloned();
                let groups = groups.map(|name| Rest::Group(account, name));
                let devices = user.mfa_devices.keys().map(|_| Rest::Devices(account));
                let rests = rests_of(user.rights(), account);
                rests.chain(groups).chain(devices).collect()
            }
            Self::Group(_, group) => rests_of(group.rights(), account).collect(),
            Self::Profile(_, profile) => {
                let role = profile.role.iter().cloned();
                role.map(|name| Rest::Role(account, name)).collect()
            }
            Self::Policy(..) | Self::Device(_) => Vec::new(),
        }
    }
}

fn rests_of(rights: Rights<'_>, account: AccountId) -> impl Iterator<Item = Rest> + '_ {
    let attached = rights.attached.iter().cloned();
    let attached = attached.map(move |arn| Rest::Attached(account, arn));
    let boundary = rights.boundary.into_iter().cloned();
    attached.chain(boundary.map(move |arn| Rest::Bounded(account, arn)))
}

/// How many rest on what.
#[derive(Debug, Clone, Default)]
pub(super) struct Rests(Index<Rest, u32>);

impl Rests {
    pub(super) fn put(&mut self, rests: Vec<Rest>) {
        for rest in rests {
            let before = self.count(&rest);
            self.0.insert(rest, before.saturating_add(1));
        }
    }

    pub(super) fn remove(&mut self, rests: &[Rest]) {
        for rest in rests {
            match self.count(rest).saturating_sub(1) {
                0 => self.0.remove(rest),
                left => self.0.insert(rest.clone(), left),
            }
        }
    }

    pub(super) fn count(&self, rest: &Rest) -> u32 {
        self.0.get(rest).copied().unwrap_or_default()
    }
}
