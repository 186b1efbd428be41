//! Groups of an account's users.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::state::Account;
use super::users::{Rights, User};
use crate::domain::{GroupName, IamPath, ManagedPolicyArn, PolicyName, UniqueId, UnixTime};
use crate::policy::IdentityPolicy;

/// A group without account and name, which are the place in the directory. Who is in it stands with each user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Where the group stands in the account.
    pub path: IamPath,
    /// `AGPA…`; a group of the same name that is made later has another one.
    pub unique_id: UniqueId,
    /// When it was made.
    pub created_at: UnixTime,
    /// What its users may do, by policy name.
    #[serde(default)]
    pub policies: BTreeMap<PolicyName, IdentityPolicy>,
    /// Managed policies that say so, too.
    #[serde(default)]
    pub attached: BTreeSet<ManagedPolicyArn>,
}

impl Group {
    /// What its users may do by it.
    pub const fn rights(&self) -> Rights<'_> {
        Rights {
            policies: &self.policies,
            attached: &self.attached,
            boundary: None,
        }
    }
}

impl Account {
    /// Gives a group another name, for its users too; nothing happens where there is none, or the name is taken.
    pub(super) fn rename_group(&mut self, old: &GroupName, new: &GroupName) {
        if self.groups.contains_key(new) {
            return;
        }
        let Some(group) = self.groups.remove(old) else {
            return;
        };
        self.groups.insert(new.clone(), group);
        let members = self.users.iter();
        let members = members.filter(|(_, user)| user.groups.contains(old));
        let renamed = members.map(|(name, user)| {
            let mut user = User::clone(user);
            user.groups.remove(old);
            user.groups.insert(new.clone());
            (name.clone(), Arc::new(user))
        });
        let renamed: Vec<_> = renamed.collect();
        self.users.extend(renamed);
    }
}
