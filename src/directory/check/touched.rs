//! The same checks of users, roles and policies that were changed, and of nothing else.
//!
//! Whatever stands here must find a problem wherever the whole check finds one; a property test holds both
//! against each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::holders::{Holders, only_case, own_key, same_id, same_key};
use super::{Problem, check, check_principals, check_role};
use crate::directory::since::Footing;
use crate::directory::snapshot::Snapshot;
use crate::directory::state::{Account, Directory};
use crate::directory::touched::Touched;
use crate::directory::users::User;
use crate::domain::{AccessKeyId, AccountId, RoleName, UniqueId, UniqueIdKind, UserName};

/// The problems that a directory has after changes, where it had none `before`: what nothing was changed
/// about is not looked at again, if users and roles are all that was changed.
pub fn check_touched(before: &Snapshot, after: &Directory, touched: &Touched) -> Vec<Problem> {
    let narrow = touched.narrow().map(Iterator::collect::<Vec<_>>);
    let narrow = narrow.filter(|accounts| !accounts.iter().any(|(_, within)| within.policies));
    // Anybody may rest on policies, and on whatever else was changed.
    let Some(accounts) = narrow else {
        return check(after, before.partition());
    };
    let mut problems = Vec::new();
    let mut keys = BTreeMap::new();
    for (id, within) in accounts {
        let Some(account) = after.accounts.get(&id) else {
            continue;
        };
        let again = Again {
            id,
            account,
            before,
            after,
        };
        for name in &within.roles {
            again.check_role(name, &mut problems);
        }
        for name in &within.users {
            again.check_user(name, &mut problems);
            again.check_own_keys(name, touched, &mut keys, &mut problems);
        }
    }
    problems
}

/// One account that is looked at again.
struct Again<'a> {
    id: AccountId,
    account: &'a Account,
    before: &'a Snapshot,
    after: &'a Directory,
}

impl<'a> Again<'a> {
    const fn holders(&self) -> Holders<'a> {
        Holders {
            id: self.id,
            account: self.account,
            partition: self.before.partition(),
        }
    }

    fn at(&self, folder: &str, name: &str) -> String {
        format!("accounts/{}/{folder}/{name}", self.id)
    }

    fn check_role(&self, name: &RoleName, problems: &mut Vec<Problem>) {
        let Some(role) = self.account.roles.get(name) else {
            // An instance profile may have had it.
            return self.holders().check_profiles(problems);
        };
        let at = self.at("roles", name.as_str());
        check_role(&at, role, problems);
        let directory = (self.after, self.before.partition());
        check_principals(directory, self.id, (name, role), problems);
        self.holders().check_rights(&at, role.rights(), problems);
        let id = &role.unique_id;
        let was = self.was().and_then(|account| account.roles.get(name));
        if was.is_some_and(|was| was.unique_id == *id) {
            return;
        }
        let others = self.account.roles.iter();
        let others = others.map(|(name, role)| (name.as_str(), &role.unique_id));
        self.check_new(
            ("role", UniqueIdKind::Role),
            (name.as_str(), id),
            others,
            problems,
        );
        self.check_elsewhere(&at, |account| Footing::Role(account, id.clone()), problems);
    }

    fn check_user(&self, name: &UserName, problems: &mut Vec<Problem>) {
        let Some(user) = self.account.users.get(name) else {
            return;
        };
        let at = self.at("users", name.as_str());
        self.holders().check_user(&at, user, problems);
        let id = &user.unique_id;
        let was = self.was().and_then(|account| account.users.get(name));
        let has = |was: &Arc<User>| was.mfa_devices.keys().eq(user.mfa_devices.keys());
        if !user.mfa_devices.is_empty() && !was.is_some_and(has) {
            self.holders().check_device_names(problems);
        }
        if was.is_some_and(|was| was.unique_id == *id) {
            return;
        }
        let others = self.account.users.iter();
        let others = others.map(|(name, user)| (name.as_str(), &user.unique_id));
        self.check_new(
            ("user", UniqueIdKind::User),
            (name.as_str(), id),
            others,
            problems,
        );
        self.check_elsewhere(&at, |account| Footing::User(account, id.clone()), problems);
    }

    fn was(&self) -> Option<&Account> {
        self.before.account(self.id)
    }

    /// Whoever is new has a name and an id that nobody else of the account has.
    fn check_new<'o>(
        &self,
        (what, kind): (&str, UniqueIdKind),
        (name, id): (&str, &UniqueId),
        others: impl Iterator<Item = (&'o str, &'o UniqueId)>,
        problems: &mut Vec<Problem>,
    ) {
        let folder = [what, "s"].concat();
        let at = &self.at(&folder, name);
        if id.kind() != kind {
            let text = format!("unique_id must begin with {}", kind.prefix());
            problems.push(Problem::new(at, text));
        }
        for (other, other_id) in others.filter(|(other, _)| *other != name) {
            if other.eq_ignore_ascii_case(name) {
                problems.push(only_case(at, what));
            }
            if other_id == id {
                problems.push(same_id(at, &self.at(&folder, other)));
            }
        }
    }

    /// The same in every other account.
    fn check_elsewhere(
        &self,
        at: &str,
        footing: impl Fn(AccountId) -> Footing,
        problems: &mut Vec<Problem>,
    ) {
        let others = self
            .after
            .accounts
            .keys()
            .filter(|other| **other != self.id);
        for other in others {
            if self.after.since.find(&footing(*other)).is_some() {
                problems.push(same_id(at, &format!("accounts/{other}")));
            }
        }
    }

    /// An access key is one user's or service's alone: of those who had one before, and of those who are
    /// changed together.
    fn check_own_keys(
        &self,
        name: &UserName,
        touched: &Touched,
        keys: &mut BTreeMap<&'a AccessKeyId, String>,
        problems: &mut Vec<Problem>,
    ) {
        let Some(user) = self.account.users.get(name) else {
            return;
        };
        let at = self.at("users", name.as_str());
        for key in user.access_keys.keys() {
            own_key(keys, key, &at, problems);
            if let Some(entry) = self.before.service_of_key(key) {
                problems.push(same_key(&at, &format!("services/{}", entry.name), key));
            }
            let holder = self.before.user_of_key(key).map(|entry| &entry.principal);
            let other = holder.filter(|it| !touched.has_user(it.account, &it.name));
            if let Some(other) = other {
                let theirs = format!("accounts/{}/users/{}", other.account, other.name);
                problems.push(same_key(&at, &theirs, key));
            }
        }
    }
}
