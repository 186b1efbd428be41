//! The directory as decisions read it: indexed, compiled, unchanging.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::aws_managed::{self, AwsManaged};
use super::devices::DeviceName;
use super::groups::Group;
use super::index::Index;
use super::keys::{
    ServiceProviderKeyRecord, UnusableKey, UnusableWebIdentityKey, WebIdentityKeyRecord,
};
use super::principals::PrincipalNames;
use super::providers::{OidcProvider, SamlProvider};
use super::revocation::Revocations;
use super::services::Service;
use super::since::Footing;
use super::state::{Account, ConnectionMetadata, Directory, Link, Organization, Role};
use super::things::{Claim, Named, Rest, Rests, Thing};
use super::touched::{InAccount, Touched};
use super::users::{AccessKey, User};
use crate::domain::{
    AccessKeyId, AccountId, ConnectionId, GroupName, Issuer, IssuerName, ManagedPolicyArn,
    OidcProviderArn, Partition, Principal, ProviderArn, RoleArn, RoleName, RootTask,
    SamlProviderArn, ServiceName, UniqueIdKind, UserName, UserPrincipal,
};
use crate::federation::connection::ConnectionSettings;
use crate::federation::outbound::WebIdentityKeys;
use crate::federation::saml::service_provider::ServiceProviderKeys;
use crate::mapping::{Rule, RuleSet};
use crate::policy::IdentityPolicy;
use crate::seal::KeyRing;
use crate::store::Generation;

/// So many providers are looked through sooner than the issuer is put together that one is looked up by.
const FEW_PROVIDERS: usize = 8;

/// One generation of the directory, compiled.
#[derive(Debug)]
pub struct Snapshot {
    generation: Generation,
    directory: Arc<Directory>,
    roles: Index<RoleArn, Arc<Role>>,
    keys_of_users: Index<AccessKeyId, Arc<UserEntry>>,
    principal_names: PrincipalNames,
    /// What is claimed and stands in no other index.
    claims: Index<Claim, ()>,
    /// The same of devices, and which user has each, if one does.
    devices: Index<Claim, Option<UserName>>,
    rests: Rests,
    groups: Groups,
    gateway: Arc<Gateway>,
    node_keys: NodeKeys,
    partition: Partition,
}

type Groups = Arc<HashMap<AccountId, Arc<HashMap<GroupName, GroupEntry>>>>;

/// What is made of all that belongs to no account, and stays where nothing of it changes.
#[derive(Debug)]
struct Gateway {
    keys_of_services: HashMap<AccessKeyId, ServiceEntry>,
    links: HashMap<ConnectionId, Vec<ProviderArn>>,
    rules: RuleSet,
    keys: KeyRing,
}

impl Gateway {
    fn of(directory: &Directory) -> Self {
        let mut keys = KeyRing::empty();
        for record in &directory.sealing_keys {
            keys.add(record.sealing_key(), record.seals_from);
        }
        let rules = directory
            .rules
            .iter()
            .map(|(id, rule)| (id.clone(), Rule::clone(rule)));
        Self {
            keys_of_services: index_services(directory),
            links: index_links(directory.links.values()),
            rules: RuleSet::new(rules.collect()),
            keys,
        }
    }
}

/// What takes long to open, and stays from one generation to the next.
#[derive(Debug, Clone)]
struct NodeKeys {
    service_provider: Result<Arc<ServiceProviderKeys>, UnusableKey>,
    web_identity: Result<Arc<WebIdentityKeys>, UnusableWebIdentityKey>,
}

/// A role and its ARN.
#[derive(Debug, Clone, Copy)]
pub struct RoleEntry<'s> {
    /// The whole ARN.
    pub arn: &'s RoleArn,
    /// The role.
    pub role: &'s Arc<Role>,
}

/// A group, and what its own policies are called where several users' policies are weighed.
#[derive(Debug)]
pub struct GroupEntry {
    /// The group.
    pub group: Arc<Group>,
    /// Its inline policies, as `group/Name/policy`.
    pub policies: Vec<(Box<str>, IdentityPolicy)>,
}

/// A user and who they are as a caller.
#[derive(Debug)]
pub struct UserEntry {
    /// Who it is.
    pub principal: UserPrincipal,
    /// The user.
    pub user: Arc<User>,
}

/// A service and what it is called.
#[derive(Debug, Clone)]
pub struct ServiceEntry {
    /// Its name.
    pub name: ServiceName,
    /// The service.
    pub service: Arc<Service>,
}

/// What a session of a root may do for a task.
pub fn policy_of_task(task: RootTask) -> Option<&'static IdentityPolicy> {
    aws_managed::of_task(task)
}

/// Finds managed policies.
#[derive(Debug, Clone, Copy)]
pub struct PolicyBook<'s>(&'s Directory);

impl<'s> PolicyBook<'s> {
    /// The policy of this ARN: of its account, or one that every account has.
    pub fn find(self, arn: &ManagedPolicyArn) -> Option<&'s IdentityPolicy> {
        let Some(account) = arn.account() else {
            return AwsManaged::find(arn).map(|policy| &policy.document);
        };
        let policy = self.0.accounts.get(&account)?.policies.get(arn.name())?;
        (policy.path == *arn.path()).then_some(&policy.document)
    }
}

impl Snapshot {
    /// Compiles a directory.
    pub fn compile(
        generation: Generation,
        directory: Arc<Directory>,
        partition: Partition,
    ) -> Self {
        let keys = NodeKeys {
            service_provider: ServiceProviderKeyRecord::open_all(&directory.service_provider_keys),
            web_identity: WebIdentityKeyRecord::open_all(&directory.web_identity_keys),
        };
        Self::with_keys(generation, directory, partition, keys)
    }

    /// Compiles a later generation of the same directory, which differs by what is `touched`. What takes long
    /// is done only where something changed.
    #[must_use]
    pub fn succeeded_by(
        &self,
        generation: Generation,
        directory: Arc<Directory>,
        touched: &Touched,
    ) -> Self {
        if let Some(accounts) = touched.narrow() {
            let mut next = Self {
                generation,
                roles: self.roles.clone(),
                keys_of_users: self.keys_of_users.clone(),
                principal_names: self.principal_names.clone(),
                claims: self.claims.clone(),
                devices: self.devices.clone(),
                rests: self.rests.clone(),
                groups: Arc::clone(&self.groups),
                gateway: Arc::clone(&self.gateway),
                node_keys: self.node_keys.clone(),
                directory,
                partition: self.partition,
            };
            // First out, then in: a key may have gone from one account to another.
            let accounts: Vec<_> = accounts.collect();
            for (id, within) in &accounts {
                next.take_out(&self.directory, *id, within);
            }
            for (id, within) in accounts {
                next.put_in(id, within);
            }
            return next;
        }
        let mut keys = self.node_keys.clone();
        if directory.service_provider_keys != self.directory.service_provider_keys {
            let records = &directory.service_provider_keys;
            keys.service_provider = ServiceProviderKeyRecord::open_all(records);
        }
        if directory.web_identity_keys != self.directory.web_identity_keys {
            keys.web_identity = WebIdentityKeyRecord::open_all(&directory.web_identity_keys);
        }
        Self::with_keys(generation, directory, self.partition, keys)
    }

    fn with_keys(
        generation: Generation,
        directory: Arc<Directory>,
        partition: Partition,
        node_keys: NodeKeys,
    ) -> Self {
        let gateway = Arc::new(Gateway::of(&directory));
        let mut snapshot = Self {
            generation,
            roles: Index::new(),
            keys_of_users: Index::new(),
            principal_names: PrincipalNames::none(),
            claims: Index::new(),
            devices: Index::new(),
            rests: Rests::default(),
            groups: Arc::default(),
            gateway,
            node_keys,
            directory,
            partition,
        };
        let directory = Arc::clone(&snapshot.directory);
        for (id, account) in &directory.accounts {
            for thing in Thing::all(account) {
                snapshot.index(*id, thing);
            }
            snapshot.index_groups(*id, account);
        }
        snapshot
    }

    fn index(&mut self, id: AccountId, thing: Thing<'_>) {
        match thing {
            Thing::Role(name, role) => self.index_role(id, name, role),
            Thing::User(name, user) => self.index_user(id, name, user),
            Thing::Group(..) | Thing::Policy(..) | Thing::Profile(..) | Thing::Device(_) => {}
        }
        for claim in thing.claims(id) {
            match Kept::of(&claim) {
                Kept::Claim => self.claims.insert(claim, ()),
                Kept::Device => self.devices.insert(claim, thing.user().cloned()),
                Kept::Principal | Kept::Key => {}
            }
        }
        self.rests.put(thing.rests_on(id));
    }

    fn index_role(&mut self, id: AccountId, name: &RoleName, role: &Arc<Role>) {
        let arn = role.arn(self.partition, id, name);
        self.principal_names.put(&role.unique_id, arn.as_str());
        self.roles.insert(arn, Arc::clone(role));
    }

    fn index_user(&mut self, id: AccountId, name: &UserName, user: &Arc<User>) {
        let entry = Arc::new(UserEntry {
            principal: user.principal(self.partition, id, name),
            user: Arc::clone(user),
        });
        self.principal_names
            .put(&user.unique_id, &entry.principal.arn());
        for key in user.access_keys.keys() {
            self.keys_of_users.insert(key.clone(), Arc::clone(&entry));
        }
    }

    /// Takes out of the indexes what was there `before`.
    fn take_out(&mut self, before: &Directory, id: AccountId, within: &InAccount) {
        let Some(account) = before.accounts.get(&id) else {
            return;
        };
        for thing in within.things(account) {
            match thing {
                Thing::Role(name, role) => {
                    self.roles.remove(&role.arn(self.partition, id, name));
                    self.principal_names.remove(&role.unique_id);
                }
                Thing::User(_, user) => {
                    self.principal_names.remove(&user.unique_id);
                    self.take_out_keys(user);
                }
                Thing::Group(..) | Thing::Policy(..) | Thing::Profile(..) | Thing::Device(_) => {}
            }
            for claim in thing.claims(id) {
                self.take_out_claim(&claim);
            }
            self.rests.remove(&thing.rests_on(id));
        }
    }

    fn take_out_keys(&mut self, of: &User) {
        for key in of.access_keys.keys() {
            self.keys_of_users.remove(key);
        }
    }

    fn take_out_claim(&mut self, claim: &Claim) {
        match Kept::of(claim) {
            Kept::Claim => self.claims.remove(claim),
            Kept::Device => self.devices.remove(claim),
            Kept::Principal | Kept::Key => {}
        }
    }

    /// Puts into the indexes what is there now.
    fn put_in(&mut self, id: AccountId, within: &InAccount) {
        let directory = Arc::clone(&self.directory);
        let Some(account) = directory.accounts.get(&id) else {
            return;
        };
        for thing in within.things(account) {
            self.index(id, thing);
        }
        if !within.groups.is_empty() {
            self.index_groups(id, account);
        }
    }

    fn index_groups(&mut self, id: AccountId, account: &Account) {
        let all = Arc::make_mut(&mut self.groups);
        if account.groups.is_empty() {
            all.remove(&id);
        } else {
            all.insert(id, Arc::new(group_entries(account)));
        }
    }

    /// The ARNs of users and roles, by unique id.
    pub const fn principal_names(&self) -> &PrincipalNames {
        &self.principal_names
    }

    /// Which generation this is.
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// The directory itself.
    pub const fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Whether this was there at `generation` and has been there ever since.
    pub fn has_since(&self, footing: &Footing, generation: Generation) -> bool {
        let since = self.directory.since.find(footing);
        since.is_some_and(|since| since <= generation)
    }

    /// What is over before its time.
    pub fn revocations(&self) -> &Revocations {
        &self.directory.revocations
    }

    /// The partition of every ARN here.
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// The role of this ARN, compared whole and case-sensitively.
    pub fn role(&self, arn: &RoleArn) -> Option<RoleEntry<'_>> {
        let entry = self.roles.entry(arn);
        entry.map(|(arn, role)| RoleEntry { arn, role })
    }

    /// Which account manages the others.
    pub fn organization(&self) -> Option<&Organization> {
        self.directory.organization.as_ref()
    }

    /// An account.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.directory.accounts.get(&id).map(Arc::as_ref)
    }

    /// The provider of this issuer in this account.
    pub fn oidc_provider(&self, account: AccountId, issuer: &str) -> Option<&OidcProvider> {
        self.account(account)?
            .oidc_providers
            .get(issuer)
            .map(Arc::as_ref)
    }

    /// The provider of this ARN.
    pub fn oidc_provider_of(&self, arn: &OidcProviderArn) -> Option<&OidcProvider> {
        let account = self.account(arn.account())?;
        let provider = if account.oidc_providers.len() <= FEW_PROVIDERS {
            let mut providers = account.oidc_providers.values();
            providers.find(|provider| provider.url.without_scheme() == arn.name())
        } else {
            account.oidc_providers_called(arn.name()).next()
        };
        provider.map(Arc::as_ref)
    }

    /// The SAML provider of this ARN, compared whole.
    pub fn saml_provider(&self, arn: &SamlProviderArn) -> Option<&Arc<SamlProvider>> {
        let providers = &self.account(arn.account())?.saml_providers;
        let provider = providers.get(arn.name())?;
        let whole = SamlProviderArn::new(self.partition, arn.account(), arn.name().clone());
        (whole == *arn).then_some(provider)
    }

    /// What is known of the provider behind a SAML connection; nothing before it was uploaded or
    /// fetched.
    pub fn connection_metadata(&self, id: &ConnectionId) -> Option<&Arc<ConnectionMetadata>> {
        self.directory.connection_metadata.get(id)
    }

    /// The node's keys as a SAML service provider, ready to use; those of an empty directory are
    /// none.
    ///
    /// # Errors
    /// [`UnusableKey`] where one of them can't be opened: then none is used.
    pub fn service_provider_keys(&self) -> Result<&Arc<ServiceProviderKeys>, UnusableKey> {
        let keys = self.node_keys.service_provider.as_ref();
        keys.map_err(|error| *error)
    }

    /// The keys that tokens for others are signed with, ready to use; those of an empty directory are none.
    ///
    /// # Errors
    /// [`UnusableWebIdentityKey`] where one of them can't be opened: then none is used.
    pub fn web_identity_keys(&self) -> Result<&Arc<WebIdentityKeys>, UnusableWebIdentityKey> {
        self.node_keys.web_identity.as_ref().map_err(Clone::clone)
    }

    /// Whether some SAML provider wants a second verifier to agree.
    pub fn wants_second_opinion(&self) -> bool {
        let accounts = self.directory.accounts.values();
        let mut providers = accounts.flat_map(|account| account.saml_providers.values());
        let mut connections = self
            .connections()
            .filter_map(|connection| connection.saml());
        providers.any(|provider| provider.settings.second_opinion)
            || connections.any(|saml| saml.settings.second_opinion)
    }

    /// A connection.
    pub fn connection(&self, id: &ConnectionId) -> Option<&Arc<ConnectionSettings>> {
        self.directory.connections.get(id)
    }

    /// Whether some connection to this issuer signs people in as this client.
    pub fn is_login_client(&self, issuer: &IssuerName, client: &str) -> bool {
        let mut clients = self
            .connections()
            .filter(|connection| connection.is_of(issuer))
            .filter_map(|connection| Some(&connection.oidc()?.settings.client_id));
        clients.any(|own| own.as_str() == client)
    }

    /// Whether some connection or account's provider has this issuer.
    pub fn has_issuer(&self, issuer: &Issuer) -> bool {
        let mut connected = self
            .connections()
            .filter_map(|connection| Some(&connection.oidc()?.settings.issuer));
        let mut accounts = self.directory.accounts.values();
        connected.any(|own| own == issuer)
            || accounts.any(|account| account.oidc_providers.contains_key(issuer))
    }

    /// The OpenID Connect issuers of connections and accounts, each once.
    pub fn issuers(&self) -> BTreeSet<&Issuer> {
        let connections = self.connections().filter_map(|it| it.oidc());
        let connected = connections.map(|connection| &connection.settings.issuer);
        let accounts = self.directory.accounts.values();
        let of_accounts = accounts.flat_map(|account| account.oidc_providers.keys());
        connected.chain(of_accounts).collect()
    }

    /// Every connection, by id.
    pub fn connections(&self) -> impl Iterator<Item = &Arc<ConnectionSettings>> {
        self.directory.connections.values()
    }

    /// The provider as which the connection speaks in this account; none where it isn't linked.
    pub fn linked_provider(
        &self,
        connection: &ConnectionId,
        account: AccountId,
    ) -> Option<&ProviderArn> {
        self.gateway
            .links
            .get(connection)?
            .iter()
            .find(|arn| arn.account() == account)
    }

    /// The managed policies.
    pub fn policies(&self) -> PolicyBook<'_> {
        PolicyBook(&self.directory)
    }

    /// Whether something has what it claims, which nobody else may have.
    pub(super) fn has_claim(&self, claim: &Claim) -> bool {
        match claim {
            Claim::Id(id) => {
                self.principal_names.find(id).is_some() || self.claims.get(claim).is_some()
            }
            Claim::Name(..) => {
                self.claims.get(claim).is_some() || self.devices.get(claim).is_some()
            }
            Claim::Key(key) => {
                self.user_of_key(key).is_some() || self.service_of_key(key).is_some()
            }
        }
    }

    /// Whether something of this kind has this name in the account, in whatever case.
    pub fn is_taken(&self, account: AccountId, what: Named, name: &str) -> bool {
        self.has_claim(&Claim::of_name(account, what, name))
    }

    pub(super) fn rests_on(&self, rest: &Rest) -> u32 {
        self.rests.count(rest)
    }

    /// How many users, groups and roles of the account have this managed policy as one of theirs.
    pub fn attachments(&self, account: AccountId, policy: &ManagedPolicyArn) -> u32 {
        self.rests_on(&Rest::Attached(account, policy.clone()))
    }

    /// How many users and roles of the account it bounds.
    pub fn boundaries(&self, account: AccountId, policy: &ManagedPolicyArn) -> u32 {
        self.rests_on(&Rest::Bounded(account, policy.clone()))
    }

    /// How many users are in a group.
    pub fn members(&self, account: AccountId, group: &GroupName) -> u32 {
        self.rests_on(&Rest::Group(account, group.clone()))
    }

    /// Whether some instance profile stands for the role.
    pub fn is_in_profile(&self, account: AccountId, role: &RoleName) -> bool {
        self.rests_on(&Rest::Role(account, role.clone())) > 0
    }

    /// The user who has a device of this name, in whatever case.
    pub fn user_of_device(&self, account: AccountId, name: &DeviceName) -> Option<&UserName> {
        let claim = Claim::of_name(account, Named::Device, name.as_str());
        self.devices.get(&claim)?.as_ref()
    }

    /// How many devices the users of an account have.
    pub fn devices_of_users(&self, account: AccountId) -> u32 {
        self.rests_on(&Rest::Devices(account))
    }

    /// A group of this account.
    pub fn group(&self, account: AccountId, name: &GroupName) -> Option<&GroupEntry> {
        self.groups.get(&account)?.get(name)
    }

    /// The user who has this access key, whatever its status.
    pub fn user_of_key(&self, key: &AccessKeyId) -> Option<&Arc<UserEntry>> {
        self.keys_of_users.get(key)
    }

    /// The service that has this access key, whatever its status.
    pub fn service_of_key(&self, key: &AccessKeyId) -> Option<&ServiceEntry> {
        self.gateway.keys_of_services.get(key)
    }

    /// Who signs with this access key, a user or a service, and the key, whatever its status.
    pub fn holder_of_key(&self, key: &AccessKeyId) -> Option<(Principal, &AccessKey)> {
        if let Some(entry) = self.user_of_key(key) {
            let own = entry.user.access_keys.get(key)?;
            return Some((Principal::User(entry.principal.clone()), own));
        }
        let entry = self.service_of_key(key)?;
        let own = entry.service.access_keys.get(key)?;
        Some((Principal::Service(entry.name.clone()), own))
    }

    /// A service.
    pub fn service(&self, name: &ServiceName) -> Option<&Arc<Service>> {
        self.directory.services.get(name)
    }

    /// The user, where it is still the one that is meant.
    pub fn user(&self, principal: &UserPrincipal) -> Option<&Arc<User>> {
        let user = self.account(principal.account)?.users.get(&principal.name);
        user.filter(|user| user.unique_id == principal.unique_id && user.path == principal.path)
    }

    /// The mapping rules.
    pub fn rules(&self) -> &RuleSet {
        &self.gateway.rules
    }

    /// The keys that session tokens are sealed under.
    pub fn keys(&self) -> &KeyRing {
        &self.gateway.keys
    }
}

fn group_entries(account: &Account) -> HashMap<GroupName, GroupEntry> {
    let policies = |name: &GroupName, group: &Group| {
        let policies = group.policies.iter();
        let named = policies.map(|(policy, document)| {
            let called = ["group/", name.as_str(), "/", policy.as_str()].concat();
            (called.into(), document.clone())
        });
        named.collect()
    };
    let groups = account.groups.iter();
    let entries = groups.map(|(name, group)| {
        let entry = GroupEntry {
            group: Arc::clone(group),
            policies: policies(name, group),
        };
        (name.clone(), entry)
    });
    entries.collect()
}

/// In which index a claim is.
enum Kept {
    Claim,
    Device,
    Principal,
    Key,
}

impl Kept {
    fn of(claim: &Claim) -> Self {
        match claim {
            Claim::Name(_, Named::Device, _) => Self::Device,
            Claim::Name(..) => Self::Claim,
            Claim::Id(id) => match id.kind() {
                UniqueIdKind::Role | UniqueIdKind::User => Self::Principal,
                UniqueIdKind::ManagedPolicy
                | UniqueIdKind::Group
                | UniqueIdKind::InstanceProfile => Self::Claim,
            },
            Claim::Key(_) => Self::Key,
        }
    }
}

fn index_services(directory: &Directory) -> HashMap<AccessKeyId, ServiceEntry> {
    let services = directory.services.iter();
    let keys = services.flat_map(|(name, service)| {
        service.access_keys.keys().map(move |key| {
            let entry = ServiceEntry {
                name: name.clone(),
                service: Arc::clone(service),
            };
            (key.clone(), entry)
        })
    });
    keys.collect()
}

fn index_links<'a>(
    links: impl Iterator<Item = &'a Link>,
) -> HashMap<ConnectionId, Vec<ProviderArn>> {
    let mut index: HashMap<ConnectionId, Vec<ProviderArn>> = HashMap::new();
    for link in links {
        index
            .entry(link.connection.clone())
            .or_default()
            .extend(link.providers.iter().cloned());
    }
    index
}
