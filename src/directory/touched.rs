//! What a set of changes is about: what must be looked at again, and what can be left as it is.
//!
//! A generation differs from the one before by little. Whoever makes it new by little (since when things
//! are there, indexes, checks) asks here; whoever can't tell makes it new as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use super::devices::DeviceName;
use super::map::Map;
use super::since::Footing;
use super::state::{Account, Directory};
use super::things::Thing;
use crate::domain::{
    AccountId, GroupName, InstanceProfileName, Issuer, PolicyName, RoleName, SamlProviderName,
    UserName,
};

/// What of accounts changes are about.
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
    pub(super) groups: BTreeSet<GroupName>,
    pub(super) policies: BTreeSet<PolicyName>,
    pub(super) profiles: BTreeSet<InstanceProfileName>,
    /// Those that no user has.
    pub(super) devices: BTreeSet<DeviceName>,
    pub(super) oidc_providers: BTreeSet<Issuer>,
    pub(super) saml_providers: BTreeSet<SamlProviderName>,
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
            Change::PutGroup(id, name, _) | Change::RemoveGroup(id, name) => {
                self.account(*id).groups.insert(name.clone());
            }
            Change::PutPolicy(id, name, _) | Change::RemovePolicy(id, name) => {
                self.account(*id).policies.insert(name.clone());
            }
            Change::PutInstanceProfile(id, name, _) | Change::RemoveInstanceProfile(id, name) => {
                self.account(*id).profiles.insert(name.clone());
            }
            Change::PutMfaDevice(id, name, _) | Change::RemoveMfaDevice(id, name) => {
                self.account(*id).devices.insert(name.clone());
            }
            Change::PutOidcProvider(id, provider) => {
                self.note_oidc_provider(*id, &provider.url);
            }
            Change::RemoveOidcProvider(id, issuer) => self.note_oidc_provider(*id, issuer),
            Change::PutSamlProvider(id, name, _)
            | Change::EditSamlProvider(id, name, _)
            | Change::RemoveSamlProvider(id, name) => {
                self.account(*id).saml_providers.insert(name.clone());
            }
            // What is over before its time is looked up in the directory itself.
            Change::Revoke(..) | Change::ForgetRevocation(_) => {}
            _ => self.is_more = true,
        }
    }

    fn note_oidc_provider(&mut self, id: AccountId, issuer: &Issuer) {
        self.account(id).oidc_providers.insert(issuer.clone());
    }

    fn account(&mut self, id: AccountId) -> &mut InAccount {
        self.accounts.entry(id).or_default()
    }

    /// The accounts, and what is touched there; `None` where more is touched than that.
    pub(super) fn narrow(&self) -> Option<impl Iterator<Item = (AccountId, &InAccount)>> {
        let accounts = self.accounts.iter().map(|(id, within)| (*id, within));
        (!self.is_more).then_some(accounts)
    }

    /// What sessions may rest on of what is touched, in this directory; `None` where more is touched.
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
            own.extend(within);
        }
        self
    }
}

impl InAccount {
    fn extend(&mut self, other: Self) {
        self.users.extend(other.users);
        self.roles.extend(other.roles);
        self.groups.extend(other.groups);
        self.policies.extend(other.policies);
        self.profiles.extend(other.profiles);
        self.devices.extend(other.devices);
        self.oidc_providers.extend(other.oidc_providers);
        self.saml_providers.extend(other.saml_providers);
    }

    /// What is touched and there, providers left aside.
    pub(super) fn things<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = Thing<'a>> {
        let roles = of(&self.roles, &account.roles).map(|(name, it)| Thing::Role(name, it));
        let users = of(&self.users, &account.users).map(|(name, it)| Thing::User(name, it));
        let groups = of(&self.groups, &account.groups);
        let policies = of(&self.policies, &account.policies);
        let profiles = of(&self.profiles, &account.instance_profiles);
        let devices = of(&self.devices, &account.mfa_devices);
        roles
            .chain(users)
            .chain(groups.map(|(name, it)| Thing::Group(name, it)))
            .chain(policies.map(|(name, it)| Thing::Policy(name, it)))
            .chain(profiles.map(|(name, it)| Thing::Profile(name, it)))
            .chain(devices.map(|(name, _)| Thing::Device(name)))
    }

    fn footings<'a>(
        &'a self,
        id: AccountId,
        account: &'a Account,
    ) -> impl Iterator<Item = Footing> + 'a {
        let users = of(&self.users, &account.users);
        let users = users.map(move |(_, user)| Footing::User(id, user.unique_id.clone()));
        let roles = of(&self.roles, &account.roles);
        let roles = roles.map(move |(_, role)| Footing::Role(id, role.unique_id.clone()));
        let oidc = of(&self.oidc_providers, &account.oidc_providers);
        let oidc = oidc.map(move |(issuer, _)| Footing::OidcProvider(id, issuer.clone()));
        let saml = of(&self.saml_providers, &account.saml_providers)
            .map(move |(name, it)| Footing::SamlProvider(id, name.clone(), it.entity_id().clone()));
        users.chain(roles).chain(oidc).chain(saml)
    }
}

/// Those of the names that are there.
fn of<'a, K: Ord, V>(
    names: &'a BTreeSet<K>,
    map: &'a Map<K, V>,
) -> impl Iterator<Item = (&'a K, &'a V)> {
    names.iter().filter_map(|name| Some((name, map.get(name)?)))
}
