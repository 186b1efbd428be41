//! How the directory changes: a set of changes, all or none.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::state::{
    Account, AccountSettings, Directory, Link, LinkId, OidcProvider, Role, SealingKeyRecord,
};
use crate::domain::{AccountId, ConnectionId, Issuer, RequestId, RoleName, RuleId, UnixTime};
use crate::federation::connection::ConnectionSettings;
use crate::mapping::Rule;

/// What one request changed: one entry of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeSet {
    /// The ARN of whoever asked for it, or `rolegate` for what the node does itself.
    pub author: String,
    /// When.
    pub at: UnixTime,
    /// Under which request.
    pub request: RequestId,
    /// In this order.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Makes an account, or renames it.
    PutAccount(AccountId, AccountSettings),
    /// Removes an account and all that it owns.
    RemoveAccount(AccountId),
    /// Makes or replaces a role.
    PutRole(AccountId, RoleName, Arc<Role>),
    /// Removes a role; its sessions end with it.
    RemoveRole(AccountId, RoleName),
    /// Makes or replaces an account's provider.
    PutOidcProvider(AccountId, Arc<OidcProvider>),
    /// Removes an account's provider.
    RemoveOidcProvider(AccountId, Issuer),
    /// Makes or replaces a connection.
    PutConnection(Arc<ConnectionSettings>),
    /// Removes a connection.
    RemoveConnection(ConnectionId),
    /// Makes or replaces a link.
    PutLink(LinkId, Link),
    /// Removes a link.
    RemoveLink(LinkId),
    /// Makes or replaces a mapping rule.
    PutRule(RuleId, Arc<Rule>),
    /// Removes a mapping rule.
    RemoveRule(RuleId),
    /// Adds a sealing key.
    AddSealingKey(SealingKeyRecord),
    /// Takes a sealing key out: what was sealed under it opens no more.
    RemoveSealingKey(String),
}

impl Directory {
    /// The directory after `change`. A change of something in an account that isn't there does
    /// nothing: whoever makes change sets puts the account first.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::PutAccount(id, settings) => self.put_account(id, settings),
            Change::RemoveAccount(id) => drop(self.accounts.remove(&id)),
            Change::PutRole(account, name, role) => {
                self.in_account(account, |account| drop(account.roles.insert(name, role)));
            }
            Change::RemoveRole(account, name) => {
                self.in_account(account, |account| drop(account.roles.remove(&name)));
            }
            Change::PutOidcProvider(account, provider) => self.in_account(account, |account| {
                account
                    .oidc_providers
                    .insert(provider.url.clone(), provider);
            }),
            Change::RemoveOidcProvider(account, issuer) => {
                self.in_account(account, |account| {
                    drop(account.oidc_providers.remove(&issuer));
                });
            }
            Change::PutConnection(connection) => {
                self.connections.insert(connection.id.clone(), connection);
            }
            Change::RemoveConnection(id) => drop(self.connections.remove(&id)),
            Change::PutLink(id, link) => drop(self.links.insert(id, link)),
            Change::RemoveLink(id) => drop(self.links.remove(&id)),
            Change::PutRule(id, rule) => drop(self.rules.insert(id, rule)),
            Change::RemoveRule(id) => drop(self.rules.remove(&id)),
            Change::AddSealingKey(record) => self.sealing_keys.push(record),
            Change::RemoveSealingKey(id) => self.sealing_keys.retain(|record| record.id() != id),
        }
    }

    fn put_account(&mut self, id: AccountId, settings: AccountSettings) {
        let (roles, oidc_providers) = self.accounts.get(&id).map_or_else(
            || (BTreeMap::new(), BTreeMap::new()),
            |account| (account.roles.clone(), account.oidc_providers.clone()),
        );
        self.accounts.insert(
            id,
            Arc::new(Account {
                settings,
                roles,
                oidc_providers,
            }),
        );
    }

    fn in_account(&mut self, id: AccountId, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.accounts.get_mut(&id) {
            change(Arc::make_mut(account));
        }
    }
}

/// The changes that make `old` into `new`; sealing keys are left as they are.
///
/// What others refer to is put before them and removed after them.
pub fn diff(old: &Directory, new: &Directory) -> Vec<Change> {
    let mut puts = Vec::new();
    let gone = old
        .accounts
        .keys()
        .filter(|id| !new.accounts.contains_key(id));
    let mut removals: Vec<Change> = gone.map(|id| Change::RemoveAccount(*id)).collect();
    for (id, account) in &new.accounts {
        let before = old.accounts.get(id);
        if before.is_none_or(|before| before.settings != account.settings) {
            puts.push(Change::PutAccount(*id, account.settings.clone()));
        }
        diff_account(*id, before, account, &mut puts, &mut removals);
    }
    let both = (&mut puts, &mut removals);
    diff_maps(
        &old.connections,
        &new.connections,
        both,
        |_, v| Change::PutConnection(v),
        Change::RemoveConnection,
    );
    let both = (&mut puts, &mut removals);
    diff_maps(
        &old.links,
        &new.links,
        both,
        Change::PutLink,
        Change::RemoveLink,
    );
    let both = (&mut puts, &mut removals);
    diff_maps(
        &old.rules,
        &new.rules,
        both,
        Change::PutRule,
        Change::RemoveRule,
    );
    puts.extend(removals.into_iter().rev());
    puts
}

fn diff_account(
    id: AccountId,
    old: Option<&Arc<Account>>,
    new: &Account,
    puts: &mut Vec<Change>,
    removals: &mut Vec<Change>,
) {
    let (no_roles, no_providers) = (BTreeMap::new(), BTreeMap::new());
    let old_roles = old.map_or(&no_roles, |account| &account.roles);
    let old_providers = old.map_or(&no_providers, |account| &account.oidc_providers);
    diff_maps(
        old_providers,
        &new.oidc_providers,
        (puts, removals),
        |_, provider| Change::PutOidcProvider(id, provider),
        |issuer| Change::RemoveOidcProvider(id, issuer),
    );
    diff_maps(
        old_roles,
        &new.roles,
        (puts, removals),
        |name, role| Change::PutRole(id, name, role),
        |name| Change::RemoveRole(id, name),
    );
}

fn diff_maps<K: Ord + Clone, V: PartialEq + Clone>(
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
    (puts, removals): (&mut Vec<Change>, &mut Vec<Change>),
    put: impl Fn(K, V) -> Change,
    remove: impl Fn(K) -> Change,
) {
    let changed = new
        .iter()
        .filter(|(key, value)| old.get(key) != Some(value));
    puts.extend(changed.map(|(key, value)| put(key.clone(), value.clone())));
    let gone = old.keys().filter(|key| !new.contains_key(key));
    removals.extend(gone.map(|key| remove(key.clone())));
}

impl Change {
    /// Whether the change is about the key ring alone.
    pub const fn is_of_a_sealing_key(&self) -> bool {
        matches!(self, Self::AddSealingKey(_) | Self::RemoveSealingKey(_))
    }
}

impl fmt::Display for Change {
    /// One line of a plan: `put role Reader in 123456789012`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PutAccount(id, settings) => write!(f, "put account {id} ({})", settings.alias),
            Self::RemoveAccount(id) => write!(f, "remove account {id}"),
            Self::PutRole(account, name, _) => write!(f, "put role {name} in {account}"),
            Self::RemoveRole(account, name) => write!(f, "remove role {name} in {account}"),
            Self::PutOidcProvider(account, provider) => {
                write!(f, "put provider {} in {account}", provider.url)
            }
            Self::RemoveOidcProvider(account, issuer) => {
                write!(f, "remove provider {issuer} in {account}")
            }
            Self::PutConnection(connection) => write!(f, "put connection {}", connection.id),
            Self::RemoveConnection(id) => write!(f, "remove connection {id}"),
            Self::PutLink(id, _) => write!(f, "put link {id}"),
            Self::RemoveLink(id) => write!(f, "remove link {id}"),
            Self::PutRule(id, _) => write!(f, "put rule {id}"),
            Self::RemoveRule(id) => write!(f, "remove rule {id}"),
            Self::AddSealingKey(record) => write!(f, "add sealing key {}", record.id()),
            Self::RemoveSealingKey(id) => write!(f, "remove sealing key {id}"),
        }
    }
}
