//! What must hold of users and groups, of the policies that they and roles have, and of what they go by.

use std::collections::{BTreeMap, BTreeSet};

use super::{MAX_DESCRIPTION, Problem};
use crate::directory::aws_managed::AwsManaged;
use crate::directory::devices::{DeviceName, MfaDevice};
use crate::directory::instance_profiles::InstanceProfile;
use crate::directory::policies::{ManagedPolicy, PolicyVersions};
use crate::directory::state::{Account, Directory};
use crate::directory::users::{AccessKey, Rights, User};
use crate::domain::{
    AccessKeyId, AccountId, KeyKind, ManagedPolicyArn, Partition, UniqueId, UniqueIdKind,
};

/// Checks users, groups and policies of every account.
pub(super) fn check(directory: &Directory, partition: Partition, problems: &mut Vec<Problem>) {
    let mut keys: BTreeMap<&AccessKeyId, String> = BTreeMap::new();
    for (id, account) in &directory.accounts {
        let holders = Holders {
            id: *id,
            account,
            partition,
        };
        holders.check(problems);
        let users = account.users.iter();
        let owned =
            users.flat_map(|(name, user)| user.access_keys.keys().map(move |key| (name, key)));
        for (name, key) in owned {
            own_key(
                &mut keys,
                key,
                &format!("accounts/{id}/users/{name}"),
                problems,
            );
        }
    }
    for (name, service) in &directory.services {
        for key in service.access_keys.keys() {
            own_key(&mut keys, key, &format!("services/{name}"), problems);
        }
    }
    check_unique_ids(directory, problems);
}

/// An access key is one user's or service's alone.
fn own_key<'d>(
    keys: &mut BTreeMap<&'d AccessKeyId, String>,
    key: &'d AccessKeyId,
    at: &str,
    problems: &mut Vec<Problem>,
) {
    if let Some(other) = keys.insert(key, at.to_owned()) {
        problems.push(same_key(at, &other, key));
    }
}

pub(super) fn same_key(at: &str, other: &str, key: &AccessKeyId) -> Problem {
    Problem::new(at, format!("{other} has the access key {key}, too"))
}

pub(super) fn same_device(at: &str, other: &str, name: &str) -> Problem {
    let text = format!("mfa_devices: {other} has a device {name}, too; rename one");
    Problem::new(at, text)
}

pub(super) fn same_id(at: &str, other: &str) -> Problem {
    let text = format!("{other} has the same unique_id; leave it out of one of them");
    Problem::new(at, text)
}

/// A unique id names one role, user, group or policy for good, in all accounts: a session of one must never
/// count as a session of another.
fn check_unique_ids(directory: &Directory, problems: &mut Vec<Problem>) {
    let mut owners: BTreeMap<&UniqueId, String> = BTreeMap::new();
    for (id, account) in &directory.accounts {
        let roles = account.roles.iter().map(|(name, role)| {
            let at = format!("accounts/{id}/roles/{name}");
            (at, &role.unique_id, UniqueIdKind::Role, "AROA")
        });
        let users = account.users.iter().map(|(name, user)| {
            let at = format!("accounts/{id}/users/{name}");
            (at, &user.unique_id, UniqueIdKind::User, "AIDA")
        });
        let policies = account.policies.iter().map(|(name, policy)| {
            let at = format!("accounts/{id}/policies/{name}");
            (at, &policy.unique_id, UniqueIdKind::ManagedPolicy, "ANPA")
        });
        let groups = account.groups.iter().map(|(name, group)| {
            let at = format!("accounts/{id}/groups/{name}");
            (at, &group.unique_id, UniqueIdKind::Group, "AGPA")
        });
        let profiles = account.instance_profiles.iter().map(|(name, profile)| {
            let at = format!("accounts/{id}/instance-profiles/{name}");
            (
                at,
                &profile.unique_id,
                UniqueIdKind::InstanceProfile,
                "AIPA",
            )
        });
        let all = roles
            .chain(users)
            .chain(policies)
            .chain(groups)
            .chain(profiles);
        for (at, unique_id, kind, prefix) in all {
            if unique_id.kind() != kind {
                let text = format!("unique_id must begin with {prefix}");
                problems.push(Problem::new(&at, text));
            }
            if let Some(other) = owners.insert(unique_id, at.clone()) {
                problems.push(same_id(&at, &other));
            }
        }
    }
}

pub(super) struct Holders<'a> {
    pub(super) id: AccountId,
    pub(super) account: &'a Account,
    pub(super) partition: Partition,
}

impl Holders<'_> {
    fn check(&self, problems: &mut Vec<Problem>) {
        let id = self.id;
        for (name, role) in &self.account.roles {
            let at = format!("accounts/{id}/roles/{name}");
            self.check_rights(&at, role.rights(), problems);
        }
        let mut names = BTreeSet::new();
        for (name, user) in &self.account.users {
            let at = format!("accounts/{id}/users/{name}");
            if !names.insert(name.as_str().to_ascii_lowercase()) {
                problems.push(only_case(&at, "user"));
            }
            self.check_user(&at, user, problems);
        }
        let mut names = BTreeSet::new();
        for (name, group) in &self.account.groups {
            let at = format!("accounts/{id}/groups/{name}");
            if !names.insert(name.as_str().to_ascii_lowercase()) {
                problems.push(only_case(&at, "group"));
            }
            self.check_rights(&at, group.rights(), problems);
        }
        self.check_device_names(problems);
        let mut names = BTreeSet::new();
        for (name, policy) in &self.account.policies {
            let at = format!("accounts/{id}/policies/{name}");
            if !names.insert(name.as_str().to_ascii_lowercase()) {
                problems.push(only_case(&at, "policy"));
            }
            check_policy(&at, policy, problems);
        }
        self.check_profiles(problems);
    }

    fn check_profiles(&self, problems: &mut Vec<Problem>) {
        let mut names = BTreeSet::new();
        for (name, profile) in &self.account.instance_profiles {
            let at = format!("accounts/{}/instance-profiles/{name}", self.id);
            if !names.insert(name.as_str().to_ascii_lowercase()) {
                problems.push(only_case(&at, "instance profile"));
            }
            self.check_profile(&at, profile, problems);
        }
    }

    pub(super) fn check_profile(
        &self,
        at: &str,
        profile: &InstanceProfile,
        problems: &mut Vec<Problem>,
    ) {
        let role = profile.role.as_ref();
        if let Some(role) = role.filter(|role| !self.account.roles.contains_key(*role)) {
            let text = format!("role: the account has no role {role}; make it first");
            problems.push(Problem::new(at, text));
        }
    }

    pub(super) fn check_user(&self, at: &str, user: &User, problems: &mut Vec<Problem>) {
        self.check_rights(at, user.rights(), problems);
        check_keys(at, &user.access_keys, User::MAX_KEYS, problems);
        check_devices(at, user, problems);
        self.check_groups_of(at, user, problems);
    }

    fn check_groups_of(&self, at: &str, user: &User, problems: &mut Vec<Problem>) {
        if user.groups.len() > User::MAX_GROUPS {
            let text = format!("groups: at most {} of one user", User::MAX_GROUPS);
            problems.push(Problem::new(at, text));
        }
        for name in &user.groups {
            if !self.account.groups.contains_key(name) {
                let text = format!("groups: the account has no group {name}; make it first");
                problems.push(Problem::new(at, text));
            }
        }
    }

    /// A device's serial number is its name, so that there is one device of a name.
    fn check_device_names(&self, problems: &mut Vec<Problem>) {
        let id = self.id;
        let mut owners: BTreeMap<String, String> = BTreeMap::new();
        let mut own = |name: &DeviceName, at: String| {
            let other = owners.insert(name.as_str().to_ascii_lowercase(), at.clone());
            if let Some(other) = other {
                problems.push(same_device(&at, &other, name.as_str()));
            }
        };
        for (user, it) in &self.account.users {
            for name in it.mfa_devices.keys() {
                own(name, format!("accounts/{id}/users/{user}"));
            }
        }
        for name in self.account.mfa_devices.keys() {
            own(name, format!("accounts/{id}/mfa-devices"));
        }
    }

    pub(super) fn check_rights(&self, at: &str, rights: Rights<'_>, problems: &mut Vec<Problem>) {
        if rights.attached.len() > Rights::MAX_ATTACHED {
            let most = Rights::MAX_ATTACHED;
            problems.push(Problem::new(
                at,
                format!("managed_policies: at most {most}"),
            ));
        }
        let attached = rights.attached.iter().map(|arn| ("managed_policies", arn));
        let boundary = rights
            .boundary
            .into_iter()
            .map(|arn| ("permissions_boundary", arn));
        for (member, arn) in attached.chain(boundary) {
            if !self.has(arn) {
                let text = format!(
                    "{member}: there is no policy {arn} that the account has; make it first"
                );
                problems.push(Problem::new(at, text));
            }
        }
    }

    /// Whether the account has the policy: its own, or one of everybody's.
    fn has(&self, arn: &ManagedPolicyArn) -> bool {
        if arn.partition() != self.partition {
            return false;
        }
        match arn.account() {
            None => AwsManaged::find(arn).is_some(),
            Some(account) => {
                let own = self.account.policies.get(arn.name());
                account == self.id && own.is_some_and(|policy| policy.path == *arn.path())
            }
        }
    }
}

pub(super) fn only_case(at: &str, what: &str) -> Problem {
    let text =
        format!("another {what} of the account differs in upper and lower case only; rename one");
    Problem::new(at, text)
}

/// Checks the access keys of one holder, who may have so many.
pub(super) fn check_keys(
    at: &str,
    keys: &BTreeMap<AccessKeyId, AccessKey>,
    most: usize,
    problems: &mut Vec<Problem>,
) {
    let mut add = |text: String| problems.push(Problem::new(at, text));
    if keys.len() > most {
        add(format!("access_keys: at most {most} of one holder"));
    }
    for (id, key) in keys {
        if id.kind() != Some(KeyKind::LongTerm) {
            add(format!("access_keys: {id} must begin with AKIA"));
        }
        if !(16..=128).contains(&key.secret().expose().len()) {
            add(format!(
                "access_keys: the secret of {id} must have 16 to 128 characters"
            ));
        }
    }
}

fn check_devices(at: &str, user: &User, problems: &mut Vec<Problem>) {
    let most = User::MAX_DEVICES;
    if user.mfa_devices.len() > most {
        let text = format!("mfa_devices: at most {most} of one user");
        problems.push(Problem::new(at, text));
    }
    let most = MfaDevice::MAX_DRIFT;
    for (name, device) in &user.mfa_devices {
        if !(-most..=most).contains(&device.drift) {
            let text = format!("mfa_devices: the drift of {name} must be -{most} to {most}");
            problems.push(Problem::new(at, text));
        }
    }
}

pub(super) fn check_policy(at: &str, policy: &ManagedPolicy, problems: &mut Vec<Problem>) {
    if policy.description.chars().count() > MAX_DESCRIPTION {
        let text = "description must have at most 1000 characters";
        problems.push(Problem::new(at, text));
    }
    let versions = &policy.versions;
    let mut ids = versions.others.keys().chain([&versions.default]);
    if ids.any(|id| *id > versions.last) {
        let text = "last_version must not be below any version";
        problems.push(Problem::new(at, text));
    }
    if versions.others.contains_key(&versions.default) {
        let text = "the default version stands in <Name>.json and not among the others";
        problems.push(Problem::new(at, text));
    }
    if versions.others.len() >= PolicyVersions::MAX {
        let most = PolicyVersions::MAX;
        problems.push(Problem::new(at, format!("at most {most} versions")));
    }
}
