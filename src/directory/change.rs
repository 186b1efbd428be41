//! How the directory changes: a set of changes, all or none.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::devices::{DeviceName, UnassignedDevice};
use super::format::Format;
use super::groups::Group;
use super::instance_profiles::InstanceProfile;
use super::keys::{SealingKeyRecord, ServiceProviderKeyRecord, WebIdentityKeyRecord};
use super::map::Map;
use super::policies::ManagedPolicy;
use super::providers::{OidcProvider, SamlProvider, SamlProviderDetails};
use super::revocation::{Revocation, Revoked};
use super::services::Service;
use super::state::{
    Account, AccountSettings, ConnectionMetadata, Directory, Link, LinkId, Organization, Role,
};
use super::users::User;
use crate::domain::{
    AccountId, ConnectionId, GroupName, InstanceProfileName, Issuer, PolicyName, RequestId,
    RoleName, RuleId, SamlProviderName, ServiceName, UnixTime, UserName,
};
use crate::federation::connection::ConnectionSettings;
use crate::federation::saml::certificate::Fingerprint;
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
    /// Makes or replaces a user.
    PutUser(AccountId, UserName, Arc<User>),
    /// Removes a user; what came of their keys ends with them.
    RemoveUser(AccountId, UserName),
    /// Makes or replaces a group.
    PutGroup(AccountId, GroupName, Arc<Group>),
    /// Gives a group another name, for its users too; nothing happens where there is none, or the name is taken.
    RenameGroup(AccountId, GroupName, GroupName),
    /// Removes a group, which no user may be in.
    RemoveGroup(AccountId, GroupName),
    /// Makes or replaces a device that no user has.
    PutMfaDevice(AccountId, DeviceName, Arc<UnassignedDevice>),
    /// Removes a device that no user has.
    RemoveMfaDevice(AccountId, DeviceName),
    /// Makes or replaces a managed policy.
    PutPolicy(AccountId, PolicyName, Arc<ManagedPolicy>),
    /// Removes a managed policy.
    RemovePolicy(AccountId, PolicyName),
    /// Makes or replaces an account's provider.
    PutOidcProvider(AccountId, Arc<OidcProvider>),
    /// Removes an account's provider.
    RemoveOidcProvider(AccountId, Issuer),
    /// Makes or replaces an account's SAML provider.
    PutSamlProvider(AccountId, SamlProviderName, Arc<SamlProvider>),
    /// Gives an account's SAML provider other settings, tags or keys, and leaves its metadata; nothing happens
    /// where there is none.
    EditSamlProvider(AccountId, SamlProviderName, Arc<SamlProviderDetails>),
    /// Removes an account's SAML provider.
    RemoveSamlProvider(AccountId, SamlProviderName),
    /// Makes or replaces an instance profile.
    PutInstanceProfile(AccountId, InstanceProfileName, Arc<InstanceProfile>),
    /// Removes an instance profile.
    RemoveInstanceProfile(AccountId, InstanceProfileName),
    /// Makes or replaces a connection.
    PutConnection(Arc<ConnectionSettings>),
    /// Removes a connection and what is known of its provider.
    RemoveConnection(ConnectionId),
    /// Says or replaces what is known of a connection's provider.
    PutConnectionMetadata(ConnectionId, Arc<ConnectionMetadata>),
    /// Forgets what is known of a connection's provider.
    RemoveConnectionMetadata(ConnectionId),
    /// Says which account manages the others, and what it may.
    PutOrganization(Organization),
    /// No account manages the others any more.
    RemoveOrganization,
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
    /// Adds a key of the node as a SAML service provider, or gives it other times.
    AddServiceProviderKey(Box<ServiceProviderKeyRecord>),
    /// Takes out a key of the node as a SAML service provider: what was encrypted to it is lost.
    RemoveServiceProviderKey(Fingerprint),
    /// Adds a key that tokens for others are signed with, or gives it other times.
    AddWebIdentityKey(Box<WebIdentityKeyRecord>),
    /// Takes out a key that tokens for others were signed with: nobody can verify them any more.
    RemoveWebIdentityKey(Box<str>),
    /// Ends sessions before their time.
    Revoke(Revoked, Revocation),
    /// Forgets a revocation that ends nothing any more.
    ForgetRevocation(Revoked),
    /// Makes or replaces a service.
    PutService(ServiceName, Arc<Service>),
    /// Removes a service; what came of its keys ends with it.
    RemoveService(ServiceName),
    /// Has the store be written in this format from the next entry on; it stands alone in its own.
    UseFormat(Format),
}

impl Directory {
    /// The directory after `change`. A change of something in an account that isn't there, or of the
    /// metadata of a connection that isn't, does nothing: whoever makes change sets puts the account
    /// or the connection first.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::PutAccount(id, settings) => self.put_account(id, settings),
            Change::RemoveAccount(id) => drop(self.accounts.remove(&id)),
            Change::PutRole(..)
            | Change::RemoveRole(..)
            | Change::PutUser(..)
            | Change::RemoveUser(..)
            | Change::PutGroup(..)
            | Change::RenameGroup(..)
            | Change::RemoveGroup(..)
            | Change::PutMfaDevice(..)
            | Change::RemoveMfaDevice(..)
            | Change::PutPolicy(..)
            | Change::RemovePolicy(..)
            | Change::PutOidcProvider(..)
            | Change::RemoveOidcProvider(..)
            | Change::PutSamlProvider(..)
            | Change::EditSamlProvider(..)
            | Change::RemoveSamlProvider(..)
            | Change::PutInstanceProfile(..)
            | Change::RemoveInstanceProfile(..) => self.apply_in_account(change),
            Change::PutConnection(connection) => {
                self.connections.insert(connection.id.clone(), connection);
            }
            Change::RemoveConnection(id) => {
                self.connections.remove(&id);
                self.connection_metadata.remove(&id);
            }
            Change::PutConnectionMetadata(id, metadata) if self.connections.contains_key(&id) => {
                self.connection_metadata.insert(id, metadata);
            }
            Change::PutConnectionMetadata(..) => {}
            Change::RemoveConnectionMetadata(id) => drop(self.connection_metadata.remove(&id)),
            Change::PutOrganization(organization) => self.organization = Some(organization),
            Change::RemoveOrganization => self.organization = None,
            Change::PutLink(id, link) => drop(self.links.insert(id, link)),
            Change::RemoveLink(id) => drop(self.links.remove(&id)),
            Change::PutRule(id, rule) => drop(self.rules.insert(id, rule)),
            Change::RemoveRule(id) => drop(self.rules.remove(&id)),
            Change::AddSealingKey(record) => self.sealing_keys.push(record),
            Change::RemoveSealingKey(id) => self.sealing_keys.retain(|record| record.id() != id),
            Change::AddServiceProviderKey(record) => self.add_service_provider_key(*record),
            Change::RemoveServiceProviderKey(id) => {
                self.service_provider_keys
                    .retain(|record| record.id() != id);
            }
            Change::AddWebIdentityKey(record) => self.add_web_identity_key(*record),
            Change::RemoveWebIdentityKey(id) => {
                self.web_identity_keys.retain(|record| record.id() != &*id);
            }
            Change::Revoke(revoked, revocation) => self.revocations.put(revoked, revocation),
            Change::ForgetRevocation(revoked) => self.revocations.remove(&revoked),
            Change::PutService(name, service) => drop(self.services.insert(name, service)),
            Change::RemoveService(name) => drop(self.services.remove(&name)),
            Change::UseFormat(format) => self.format = self.format.max(format),
        }
    }

    /// The directory after a change of what an account has; any other change does nothing.
    fn apply_in_account(&mut self, change: Change) {
        match change {
            Change::PutRole(id, name, role) => {
                self.in_account(id, |account| drop(account.roles.insert(name, role)));
            }
            Change::RemoveRole(id, name) => {
                self.in_account(id, |account| drop(account.roles.remove(&name)));
            }
            Change::PutUser(id, name, user) => {
                self.in_account(id, |account| drop(account.users.insert(name, user)));
            }
            Change::RemoveUser(id, name) => {
                self.in_account(id, |account| drop(account.users.remove(&name)));
            }
            Change::PutGroup(id, name, group) => {
                self.in_account(id, |account| drop(account.groups.insert(name, group)));
            }
            Change::RenameGroup(id, old, new) => {
                self.in_account(id, |account| account.rename_group(&old, &new));
            }
            Change::RemoveGroup(id, name) => {
                self.in_account(id, |account| drop(account.groups.remove(&name)));
            }
            Change::PutMfaDevice(id, name, device) => {
                self.in_account(id, |account| drop(account.mfa_devices.insert(name, device)));
            }
            Change::RemoveMfaDevice(id, name) => {
                self.in_account(id, |account| drop(account.mfa_devices.remove(&name)));
            }
            Change::PutPolicy(id, name, policy) => {
                self.in_account(id, |account| drop(account.policies.insert(name, policy)));
            }
            Change::RemovePolicy(id, name) => {
                self.in_account(id, |account| drop(account.policies.remove(&name)));
            }
            Change::PutOidcProvider(id, provider) => self.in_account(id, |account| {
                let issuer = provider.url.clone();
                account.oidc_providers.insert(issuer, provider);
            }),
            Change::RemoveOidcProvider(id, issuer) => {
                self.in_account(id, |account| drop(account.oidc_providers.remove(&issuer)));
            }
            Change::PutSamlProvider(id, name, provider) => self.in_account(id, |account| {
                account.saml_providers.insert(name, provider);
            }),
            Change::EditSamlProvider(id, name, details) => {
                self.in_account(id, |account| account.edit_saml_provider(name, &details));
            }
            Change::RemoveSamlProvider(id, name) => {
                self.in_account(id, |account| drop(account.saml_providers.remove(&name)));
            }
            Change::PutInstanceProfile(id, name, profile) => self.in_account(id, |account| {
                account.instance_profiles.insert(name, profile);
            }),
            Change::RemoveInstanceProfile(id, name) => {
                self.in_account(id, |account| drop(account.instance_profiles.remove(&name)));
            }
            _ => {}
        }
    }

    /// A key is there once; a record of it with other times takes the place of the earlier one.
    fn add_service_provider_key(&mut self, record: ServiceProviderKeyRecord) {
        let mut keys = self.service_provider_keys.iter_mut();
        match keys.find(|present| present.id() == record.id()) {
            Some(present) => *present = record,
            None => self.service_provider_keys.push(record),
        }
    }

    fn add_web_identity_key(&mut self, record: WebIdentityKeyRecord) {
        let mut keys = self.web_identity_keys.iter_mut();
        match keys.find(|present| present.id() == record.id()) {
            Some(present) => *present = record,
            None => self.web_identity_keys.push(record),
        }
    }

    fn put_account(&mut self, id: AccountId, settings: AccountSettings) {
        let account = match self.accounts.get(&id) {
            Some(account) => Account {
                settings,
                ..Account::clone(account)
            },
            None => Account::new(settings),
        };
        self.accounts.insert(id, Arc::new(account));
    }

    fn in_account(&mut self, id: AccountId, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.accounts.get_mut(&id) {
            change(Arc::make_mut(account));
        }
    }
}

/// The changes that make `old` into `new`; keys and revocations are left as they are.
///
/// What others refer to is put before them and removed after them.
pub fn diff(old: &Directory, new: &Directory) -> Vec<Change> {
    let mut changes = Changes::default();
    let gone = old
        .accounts
        .keys()
        .filter(|id| !new.accounts.contains_key(id));
    changes
        .removals
        .extend(gone.map(|id| Change::RemoveAccount(*id)));
    for (id, account) in &new.accounts {
        let before = old.accounts.get(id);
        if before.is_none_or(|before| before.settings != account.settings) {
            let settings = account.settings.clone();
            changes.puts.push(Change::PutAccount(*id, settings));
        }
        changes.of_account(*id, before, account);
    }
    if old.organization != new.organization {
        match &new.organization {
            Some(organization) => changes
                .puts
                .push(Change::PutOrganization(organization.clone())),
            None => changes.removals.push(Change::RemoveOrganization),
        }
    }
    changes.of_maps(
        (&old.connections, &new.connections),
        |_, v| Change::PutConnection(v),
        Change::RemoveConnection,
    );
    diff_connection_metadata(old, new, &mut changes.puts);
    changes.of_maps(
        (&old.links, &new.links),
        Change::PutLink,
        Change::RemoveLink,
    );
    changes.of_maps(
        (&old.rules, &new.rules),
        Change::PutRule,
        Change::RemoveRule,
    );
    changes.of_maps(
        (&old.services, &new.services),
        Change::PutService,
        Change::RemoveService,
    );
    let Changes { mut puts, removals } = changes;
    puts.extend(removals.into_iter().rev());
    puts
}

/// What was found to differ: what is put in this order, what is removed in the other.
#[derive(Default)]
struct Changes {
    puts: Vec<Change>,
    removals: Vec<Change>,
}

impl Changes {
    fn of_maps<K: Ord + Clone, V: PartialEq + Clone>(
        &mut self,
        (old, new): (&Map<K, V>, &Map<K, V>),
        put: impl Fn(K, V) -> Change,
        remove: impl Fn(K) -> Change,
    ) {
        let changed = new
            .iter()
            .filter(|(key, value)| old.get(key) != Some(value));
        self.puts
            .extend(changed.map(|(key, value)| put(key.clone(), value.clone())));
        let gone = old.keys().filter(|key| !new.contains_key(key));
        self.removals.extend(gone.map(|key| remove(key.clone())));
    }

    fn of_account(&mut self, id: AccountId, old: Option<&Arc<Account>>, new: &Account) {
        let nothing = Account::new(new.settings.clone());
        let old = old.map_or(&nothing, AsRef::as_ref);
        self.of_maps(
            (&old.policies, &new.policies),
            |name, policy| Change::PutPolicy(id, name, policy),
            |name| Change::RemovePolicy(id, name),
        );
        self.of_maps(
            (&old.oidc_providers, &new.oidc_providers),
            |_, provider| Change::PutOidcProvider(id, provider),
            |issuer| Change::RemoveOidcProvider(id, issuer),
        );
        self.of_maps(
            (&old.saml_providers, &new.saml_providers),
            |name, provider| {
                let before = old.saml_providers.get(&name);
                Change::of_saml_provider(id, name, before.map(AsRef::as_ref), provider)
            },
            |name| Change::RemoveSamlProvider(id, name),
        );
        self.of_maps(
            (&old.roles, &new.roles),
            |name, role| Change::PutRole(id, name, role),
            |name| Change::RemoveRole(id, name),
        );
        self.of_maps(
            (&old.users, &new.users),
            |name, user| Change::PutUser(id, name, user),
            |name| Change::RemoveUser(id, name),
        );
        self.of_maps(
            (&old.groups, &new.groups),
            |name, group| Change::PutGroup(id, name, group),
            |name| Change::RemoveGroup(id, name),
        );
        self.of_maps(
            (&old.mfa_devices, &new.mfa_devices),
            |name, device| Change::PutMfaDevice(id, name, device),
            |name| Change::RemoveMfaDevice(id, name),
        );
        self.of_maps(
            (&old.instance_profiles, &new.instance_profiles),
            |name, profile| Change::PutInstanceProfile(id, name, profile),
            |name| Change::RemoveInstanceProfile(id, name),
        );
    }
}

/// Metadata comes after its connection, and goes with it.
fn diff_connection_metadata(old: &Directory, new: &Directory, puts: &mut Vec<Change>) {
    let before = &old.connection_metadata;
    let changed = new
        .connection_metadata
        .iter()
        .filter(|(id, metadata)| before.get(*id) != Some(metadata));
    puts.extend(
        changed.map(|(id, metadata)| Change::PutConnectionMetadata(id.clone(), metadata.clone())),
    );
    let gone = before.keys().filter(|id| {
        new.connections.contains_key(*id) && !new.connection_metadata.contains_key(*id)
    });
    puts.extend(gone.map(|id| Change::RemoveConnectionMetadata(id.clone())));
}

impl Change {
    /// Has an account's SAML provider be like this. Its metadata may be long: it is in the change only where it
    /// is other than before.
    pub fn of_saml_provider(
        account: AccountId,
        name: SamlProviderName,
        before: Option<&SamlProvider>,
        after: Arc<SamlProvider>,
    ) -> Self {
        match before {
            Some(before) if before.metadata == after.metadata => {
                Self::EditSamlProvider(account, name, Arc::new(after.details()))
            }
            Some(_) | None => Self::PutSamlProvider(account, name, after),
        }
    }

    /// The format in which this kind of change may be written. A kind that comes later needs a later one,
    /// so that no node that doesn't know it comes upon it.
    pub const fn needs(&self) -> Format {
        match self {
            Self::PutAccount(..)
            | Self::RemoveAccount(_)
            | Self::PutRole(..)
            | Self::RemoveRole(..)
            | Self::PutUser(..)
            | Self::RemoveUser(..)
            | Self::PutGroup(..)
            | Self::RenameGroup(..)
            | Self::RemoveGroup(..)
            | Self::PutMfaDevice(..)
            | Self::RemoveMfaDevice(..)
            | Self::PutPolicy(..)
            | Self::RemovePolicy(..)
            | Self::PutOidcProvider(..)
            | Self::RemoveOidcProvider(..)
            | Self::PutSamlProvider(..)
            | Self::EditSamlProvider(..)
            | Self::RemoveSamlProvider(..)
            | Self::PutInstanceProfile(..)
            | Self::RemoveInstanceProfile(..)
            | Self::PutConnection(_)
            | Self::RemoveConnection(_)
            | Self::PutConnectionMetadata(..)
            | Self::RemoveConnectionMetadata(_)
            | Self::PutOrganization(_)
            | Self::RemoveOrganization
            | Self::PutLink(..)
            | Self::RemoveLink(_)
            | Self::PutRule(..)
            | Self::RemoveRule(_)
            | Self::AddSealingKey(_)
            | Self::RemoveSealingKey(_)
            | Self::AddServiceProviderKey(_)
            | Self::RemoveServiceProviderKey(_)
            | Self::AddWebIdentityKey(_)
            | Self::RemoveWebIdentityKey(_)
            | Self::Revoke(..)
            | Self::ForgetRevocation(_)
            | Self::PutService(..)
            | Self::RemoveService(_)
            | Self::UseFormat(_) => Format::FIRST,
        }
    }

    /// Whether nothing else refers to what the change is about: keys, revocations, the format.
    pub const fn stands_alone(&self) -> bool {
        matches!(
            self,
            Self::AddSealingKey(_)
                | Self::RemoveSealingKey(_)
                | Self::AddServiceProviderKey(_)
                | Self::RemoveServiceProviderKey(_)
                | Self::AddWebIdentityKey(_)
                | Self::RemoveWebIdentityKey(_)
                | Self::Revoke(..)
                | Self::ForgetRevocation(_)
                | Self::UseFormat(_)
        )
    }
}

impl Change {
    fn fmt_of_groups_and_devices(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PutGroup(account, name, _) => write!(f, "put group {name} in {account}"),
            Self::RenameGroup(account, old, new) => {
                write!(f, "rename group {old} in {account} to {new}")
            }
            Self::RemoveGroup(account, name) => write!(f, "remove group {name} in {account}"),
            Self::PutMfaDevice(account, name, _) => {
                write!(f, "put MFA device {name} in {account}")
            }
            Self::RemoveMfaDevice(account, name) => {
                write!(f, "remove MFA device {name} in {account}")
            }
            _ => Ok(()),
        }
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
            Self::PutUser(account, name, _) => write!(f, "put user {name} in {account}"),
            Self::RemoveUser(account, name) => write!(f, "remove user {name} in {account}"),
            Self::PutGroup(..)
            | Self::RenameGroup(..)
            | Self::RemoveGroup(..)
            | Self::PutMfaDevice(..)
            | Self::RemoveMfaDevice(..) => self.fmt_of_groups_and_devices(f),
            Self::PutPolicy(account, name, _) => write!(f, "put policy {name} in {account}"),
            Self::RemovePolicy(account, name) => write!(f, "remove policy {name} in {account}"),
            Self::PutOidcProvider(account, provider) => {
                write!(f, "put provider {} in {account}", provider.url)
            }
            Self::RemoveOidcProvider(account, issuer) => {
                write!(f, "remove provider {issuer} in {account}")
            }
            Self::PutConnection(connection) => write!(f, "put connection {}", connection.id),
            Self::RemoveConnection(id) => write!(f, "remove connection {id}"),
            Self::PutOrganization(organization) => write!(f, "put {organization}"),
            Self::RemoveOrganization => f.write_str("remove organization"),
            Self::PutLink(id, _) => write!(f, "put link {id}"),
            Self::RemoveLink(id) => write!(f, "remove link {id}"),
            Self::PutRule(id, _) => write!(f, "put rule {id}"),
            Self::RemoveRule(id) => write!(f, "remove rule {id}"),
            Self::AddSealingKey(record) => write!(f, "add sealing key {}", record.id()),
            Self::RemoveSealingKey(id) => write!(f, "remove sealing key {id}"),
            Self::PutSamlProvider(account, name, _) | Self::EditSamlProvider(account, name, _) => {
                write!(f, "put SAML provider {name} in {account}")
            }
            Self::RemoveSamlProvider(account, name) => {
                write!(f, "remove SAML provider {name} in {account}")
            }
            Self::PutInstanceProfile(..) | Self::RemoveInstanceProfile(..) => self.fmt_profile(f),
            Self::PutConnectionMetadata(id, _) => write!(f, "put metadata of connection {id}"),
            Self::RemoveConnectionMetadata(id) => {
                write!(f, "remove metadata of connection {id}")
            }
            Self::AddServiceProviderKey(record) => {
                write!(f, "add service provider key {}", record.id())
            }
            Self::RemoveServiceProviderKey(id) => write!(f, "remove service provider key {id}"),
            Self::AddWebIdentityKey(record) => write!(f, "add web identity key {}", record.id()),
            Self::RemoveWebIdentityKey(id) => write!(f, "remove web identity key {id}"),
            Self::Revoke(revoked, _) => write!(f, "revoke {revoked}"),
            Self::ForgetRevocation(revoked) => write!(f, "forget the revocation of {revoked}"),
            Self::PutService(name, _) => write!(f, "put service {name}"),
            Self::RemoveService(name) => write!(f, "remove service {name}"),
            Self::UseFormat(format) => write!(f, "write the store in format {format}"),
        }
    }
}

impl Change {
    /// The line of a change of an instance profile.
    fn fmt_profile(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PutInstanceProfile(account, name, _) => {
                write!(f, "put instance profile {name} in {account}")
            }
            Self::RemoveInstanceProfile(account, name) => {
                write!(f, "remove instance profile {name} in {account}")
            }
            _ => Ok(()),
        }
    }
}
