//! What a set of changes is about: what must be looked at again, and what can be left as it is.
//!
//! A generation differs from the one before by little. Whoever makes it new by little (since when things
//! are there, indexes, checks) asks here; whoever can't tell makes it new as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use super::since::Footing;
use super::state::{Account, Directory};
use crate::domain::{AccountId, RoleName, UserName};

/// Users, roles and policies that changes are about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    accounts: BTreeMap<AccountId, InAccount>,
    is_more: bool,
}

/// The same in one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct InAccount {
    pub(super) users: BTreeSet<UserName>,
    pub(super) roles: BTreeSet<RoleName>,
    /// Whether managed policies were put or removed, which users and roles rest on.
    pub(super) policies: bool,
}

impl Touched {
    /// Everything.
    pub const fn everything() -> Self {
        Self {
            accounts: BTreeMap::new(),
            is_more: true,
        }
    }

    /// What these changes are about.
    pub fn by(changes: &[Change]) -> Self {
        let mut touched = Self::default();
        for change in changes {
            touched.note(change);
        }
        touched
    }

    fn note(&mut self, change: &Change) {
        match change {
            Change::PutUser(id, name, _) | Change::RemoveUser(id, name) => {
                self.account(*id).users.insert(name.clone());
            }
            Change::PutRole(id, name, _) | Change::RemoveRole(id, name) => {
                self.account(*id).roles.insert(name.clone());
            }
            Change::PutPolicy(id, ..) | Change::RemovePolicy(id, _) => {
                self.account(*id).policies = true;
            }
            // What is over before its time is looked up in the directory itself.
            Change::Revoke(..) | Change::ForgetRevocation(_) => {}
            _ => self.is_more = true,
        }
    }

    fn account(&mut self, id: AccountId) -> &mut InAccount {
        self.accounts.entry(id).or_default()
    }

    /// The accounts, and what is touched there; `None` where more is touched than that.
    pub(super) fn narrow(&self) -> Option<impl Iterator<Item = (AccountId, &InAccount)>> {
        let accounts = self.accounts.iter().map(|(id, within)| (*id, within));
        (!self.is_more).then_some(accounts)
    }

    /// Whether this user is among them.
    pub(super) fn has_user(&self, id: AccountId, name: &UserName) -> bool {
        let within = self.accounts.get(&id);
        within.is_some_and(|within| within.users.contains(name))
    }

    /// What of this rests on the users and roles that are touched, in this directory; `None` where more is
    /// touched.
    pub(super) fn footings(&self, directory: &Directory) -> Option<BTreeSet<Footing>> {
        let mut footings = BTreeSet::new();
        for (id, within) in self.narrow()? {
            let Some(account) = directory.accounts.get(&id) else {
                continue;
            };
            footings.extend(within.footings(id, account));
        }
        Some(footings)
    }

    /// The same with what these are about.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.is_more |= other.is_more;
        for (id, within) in other.accounts {
            let own = self.account(id);
            own.users.extend(within.users);
            own.roles.extend(within.roles);
            own.policies |= within.policies;
        }
        self
    }
}

impl InAccount {
    fn footings<'a>(
        &'a self,
        id: AccountId,
        account: &'a Account,
    ) -> impl Iterator<Item = Footing> + 'a {
        let users = self.users.iter().filter_map(|name| account.users.get(name));
        let users = users.map(move |user| Footing::User(id, user.unique_id.clone()));
        let roles = self.roles.iter().filter_map(|name| account.roles.get(name));
        users.chain(roles.map(move |role| Footing::Role(id, role.unique_id.clone())))
    }
}
