//! The users and roles that trust policies name: which ids the directory keeps for them, and which ARNs it
//! shows.

use std::convert::Infallible;
use std::sync::Arc;

use super::change::Change;
use super::index::Index;
use super::state::{Directory, Role};
use super::touched::Touched;
use crate::domain::{AccountId, Partition, RoleName, UniqueId};
use crate::policy::{Named, TrustPolicy};

/// A trust policy names somebody who isn't there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid principal in policy: \"AWS\":{0:?}")]
pub struct UnknownPrincipal(pub String);

impl Directory {
    /// The unique id of whoever has this name now.
    fn id_of(&self, partition: Partition, named: Named<'_>) -> Option<&UniqueId> {
        match named {
            Named::Role(arn) => {
                let role = self.accounts.get(&arn.account())?.roles.get(arn.name())?;
                let is_it = arn.partition() == partition && role.path.as_str() == arn.path();
                is_it.then_some(&role.unique_id)
            }
            Named::User {
                partition: home,
                account,
                path,
                name,
            } => {
                let user = self.accounts.get(&account)?.users.get(name)?;
                let is_it = home == partition && user.path.as_str() == path;
                is_it.then_some(&user.unique_id)
            }
            Named::Id(_) => None,
        }
    }

    /// The policy with the id of each user and role that it names by ARN: none is named by ARN afterwards. Ids
    /// stay as they are, whoever had them.
    ///
    /// # Errors
    /// [`UnknownPrincipal`]: nobody has such an ARN.
    pub fn bind(
        &self,
        partition: Partition,
        policy: &TrustPolicy,
    ) -> Result<TrustPolicy, UnknownPrincipal> {
        let bound = policy.renamed(|written, named| match named {
            Named::Id(_) => Ok(None),
            Named::Role(_) | Named::User { .. } => match self.id_of(partition, named) {
                Some(id) => Ok(Some(id.to_string())),
                None => Err(UnknownPrincipal(written.to_owned())),
            },
        })?;
        let left = bound.named().find_map(arn_of);
        match left {
            None => Ok(bound),
            Some(left) => Err(UnknownPrincipal(left)),
        }
    }

    /// Binds the trust policies of all roles as far as that can be done, and says which roles changed.
    pub fn bind_principals(&mut self, partition: Partition) -> Vec<Change> {
        let mut changes = Vec::new();
        for (account, name, role) in self.roles_by_name() {
            let mut bound = Role::clone(&role);
            bound.trust = self.bind_known(partition, &role.trust);
            if bound.trust != role.trust {
                changes.push(Change::PutRole(account, name, Arc::new(bound)));
            }
        }
        for change in &changes {
            self.apply(change.clone());
        }
        changes
    }

    /// The same of those roles alone that changes were about, and of all where more was changed.
    pub(super) fn bind_touched(&mut self, touched: &Touched, partition: Partition) -> Vec<Change> {
        let Some(accounts) = touched.narrow() else {
            return self.bind_principals(partition);
        };
        let is_by_name = |id, name| {
            let role = self.accounts.get(&id).and_then(|it| it.roles.get(name));
            role.is_some_and(|role| names_by_arn(&role.trust))
        };
        let mut roles =
            accounts.flat_map(|(id, within)| within.roles.iter().map(move |it| (id, it)));
        if roles.any(|(id, name)| is_by_name(id, name)) {
            self.bind_principals(partition)
        } else {
            Vec::new()
        }
    }

    /// Roles whose trust policies name somebody by ARN.
    fn roles_by_name(&self) -> Vec<(AccountId, RoleName, Arc<Role>)> {
        let accounts = self.accounts.iter();
        let roles = accounts.flat_map(|(id, account)| {
            let roles = account.roles.iter();
            roles.map(|(name, role)| (*id, name, role))
        });
        let by_name = roles.filter(|(_, _, role)| names_by_arn(&role.trust));
        by_name
            .map(|(id, name, role)| (id, name.clone(), Arc::clone(role)))
            .collect()
    }

    fn bind_known(&self, partition: Partition, policy: &TrustPolicy) -> TrustPolicy {
        let Ok(bound): Result<_, Infallible> =
            policy.renamed(|_, named| Ok(self.id_of(partition, named).map(ToString::to_string)));
        bound
    }
}

/// Whether somebody is named by ARN.
fn names_by_arn(policy: &TrustPolicy) -> bool {
    policy.named().find_map(arn_of).is_some()
}

/// The ARN, where it is one.
fn arn_of(named: Named<'_>) -> Option<String> {
    match named {
        Named::Role(arn) => Some(arn.to_string()),
        Named::User {
            partition,
            account,
            path,
            name,
        } => Some(format!("arn:{partition}:iam::{account}:user{path}{name}")),
        Named::Id(_) => None,
    }
}

/// The ARN that nobody has, of a trust policy that was to be bound.
pub(super) fn unknown_principal(
    directory: &Directory,
    partition: Partition,
    policy: &TrustPolicy,
) -> Option<UnknownPrincipal> {
    if !names_by_arn(policy) {
        return None;
    }
    directory.bind(partition, policy).err()
}

/// The ARNs of all users and roles, by unique id.
#[derive(Debug, Clone)]
pub struct PrincipalNames(Index<UniqueId, Box<str>>);

impl PrincipalNames {
    /// Those of nobody.
    pub(super) fn none() -> Self {
        Self(Index::new())
    }

    pub(super) fn put(&mut self, id: &UniqueId, arn: &str) {
        self.0.insert(id.clone(), arn.into());
    }

    pub(super) fn remove(&mut self, id: &UniqueId) {
        self.0.remove(id);
    }

    /// Those of a directory.
    pub fn of(directory: &Directory, partition: Partition) -> Self {
        let mut names = Self::none();
        for (id, account) in &directory.accounts {
            for (name, role) in &account.roles {
                let arn = role.arn(partition, *id, name);
                names.put(&role.unique_id, arn.as_str());
            }
            for (name, user) in &account.users {
                let arn = user.principal(partition, *id, name).arn();
                names.put(&user.unique_id, &arn);
            }
        }
        names
    }

    /// The ARN of who has this id.
    pub fn find(&self, id: &UniqueId) -> Option<&str> {
        self.0.get(id).map(AsRef::as_ref)
    }

    /// The policy as it is shown: with the ARNs of those whom it names and who are there, and the ids of those
    /// who are not any more.
    pub fn show(&self, policy: &TrustPolicy) -> String {
        let Ok(shown): Result<TrustPolicy, Infallible> = policy.renamed(|_, named| match named {
            Named::Id(id) => Ok(self.find(id).map(str::to_owned)),
            Named::Role(_) | Named::User { .. } => Ok(None),
        });
        shown.as_json().to_owned()
    }

    /// The first id that the policy names and nobody has.
    pub fn missing<'p>(&self, policy: &'p TrustPolicy) -> Option<&'p UniqueId> {
        policy.named().find_map(|named| match named {
            Named::Id(id) => self.find(id).is_none().then_some(id),
            Named::Role(_) | Named::User { .. } => None,
        })
    }
}
