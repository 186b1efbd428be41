//! What the directory holds.

use std::collections::{BTreeMap, BTreeSet};
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
use super::providers::{OidcProvider, SamlProvider};
use super::revocation::Revocations;
use super::services::Service;
use super::since::Since;
use super::users::{Rights, User};
use crate::domain::{
    AccountId, ConnectionId, DefaultRegion, Enabling, GroupName, IamPath, InstanceProfileName,
    Issuer, ManagedPolicyArn, OptInRegion, OwnTags, Partition, PolicyName, ProviderArn, Region,
    RoleArn, RoleName, RuleId, SamlProviderName, ServiceName, SessionDuration, TokenVersion,
    UniqueId, UnixTime, UserName,
};
use crate::federation::connection::ConnectionSettings;
use crate::federation::saml::metadata::{IdpMetadata, MetadataDocument};
use crate::mapping::Rule;
use crate::policy::{IdentityPolicy, TrustPolicy};

/// The whole directory at one generation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// Every account with what it owns.
    pub accounts: Map<AccountId, Arc<Account>>,
    /// The identity providers of the whole gateway.
    pub connections: Map<ConnectionId, Arc<ConnectionSettings>>,
    /// What is known of those that speak SAML.
    #[serde(default)]
    pub connection_metadata: Map<ConnectionId, Arc<ConnectionMetadata>>,
    /// Which account manages the others, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<Organization>,
    /// Which connection reaches which accounts.
    pub links: Map<LinkId, Link>,
    /// The mapping rules.
    pub rules: Map<RuleId, Arc<Rule>>,
    /// Services, which belong to no account.
    #[serde(default)]
    pub services: Map<ServiceName, Arc<Service>>,
    /// The keys that session tokens are sealed under.
    pub sealing_keys: Vec<SealingKeyRecord>,
    /// The keys that SAML requests are signed with and assertions encrypted to.
    #[serde(default)]
    pub service_provider_keys: Vec<ServiceProviderKeyRecord>,
    /// The keys that tokens for others are signed with.
    #[serde(default)]
    pub web_identity_keys: Vec<WebIdentityKeyRecord>,
    /// From which generation on sessions may rest on what is here.
    #[serde(default)]
    pub since: Since,
    /// What of all that is over before its time.
    #[serde(default)]
    pub revocations: Revocations,
    /// What the store is written in.
    #[serde(default)]
    pub format: Format,
}

/// Which account manages the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// It is no member itself.
    pub management_account: AccountId,
    /// Whether its users and roles may be given sessions of the others' roots
    /// (`EnableOrganizationsRootSessions`).
    #[serde(default)]
    pub root_sessions: bool,
}

impl fmt::Display for Organization {
    /// `organization of 123456789012 with root sessions`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let may = if self.root_sessions {
            "with"
        } else {
            "without"
        };
        let account = self.management_account;
        write!(formatter, "organization of {account} {may} root sessions")
    }
}

/// One account and all that it owns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// What it is called.
    pub settings: AccountSettings,
    /// Its roles.
    pub roles: Map<RoleName, Arc<Role>>,
    /// Its users.
    #[serde(default)]
    pub users: Map<UserName, Arc<User>>,
    /// The groups of its users.
    #[serde(default)]
    pub groups: Map<GroupName, Arc<Group>>,
    /// Devices that no user has; those that one has stand with the user.
    #[serde(default)]
    pub mfa_devices: Map<DeviceName, Arc<UnassignedDevice>>,
    /// The policies that its roles, users and groups can have.
    #[serde(default)]
    pub policies: Map<PolicyName, Arc<ManagedPolicy>>,
    /// Its own OpenID Connect providers, by issuer.
    pub oidc_providers: Map<Issuer, Arc<OidcProvider>>,
    /// Its own SAML providers.
    #[serde(default)]
    pub saml_providers: Map<SamlProviderName, Arc<SamlProvider>>,
    /// Which roles its machines can have.
    #[serde(default)]
    pub instance_profiles: Map<InstanceProfileName, Arc<InstanceProfile>>,
}

impl Account {
    /// An account that owns nothing yet.
    pub fn new(settings: AccountSettings) -> Self {
        Self {
            settings,
            roles: Map::new(),
            users: Map::new(),
            groups: Map::new(),
            mfa_devices: Map::new(),
            policies: Map::new(),
            oidc_providers: Map::new(),
            saml_providers: Map::new(),
            instance_profiles: Map::new(),
        }
    }
}

/// How an account is shown to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    /// A short name, e.g. `payments-prod`.
    pub alias: AccountAlias,
    /// A longer name.
    #[serde(default)]
    pub name: AccountName,
    /// What the account is for; production looks different.
    #[serde(default)]
    pub environment: Environment,
    /// The regions that it has beside those that every account has from the beginning.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub regions: BTreeSet<OptInRegion>,
    /// The regions of those in which STS gives no credentials for it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub deactivated_regions: BTreeSet<DefaultRegion>,
    /// How far session tokens reach that are issued elsewhere than at a region's own endpoint.
    #[serde(default, skip_serializing_if = "TokenVersion::is_default")]
    pub global_endpoint_token_version: TokenVersion,
    /// Whether its users and roles are given tokens for others.
    #[serde(default, skip_serializing_if = "is_off")]
    pub outbound_federation: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_off(setting: &bool) -> bool {
    !*setting
}

impl AccountSettings {
    /// An account of which nothing is said but what it is called.
    pub fn called(alias: AccountAlias) -> Self {
        Self {
            alias,
            name: AccountName::default(),
            environment: Environment::None,
            regions: BTreeSet::new(),
            deactivated_regions: BTreeSet::new(),
            global_endpoint_token_version: TokenVersion::One,
            outbound_federation: false,
        }
    }

    /// Whether the account has this region at all.
    pub fn has_region(&self, region: &Region, enabling: Enabling) -> bool {
        match enabling {
            Enabling::Default => true,
            Enabling::OptIn => self.regions.contains(region.as_str()),
        }
    }

    /// Whether STS gives credentials for the account in this region.
    pub fn is_active_in(&self, region: &Region, enabling: Enabling) -> bool {
        self.has_region(region, enabling) && !self.deactivated_regions.contains(region.as_str())
    }
}

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Customers depend on it.
    Production,
    /// The last stop before production.
    Staging,
    /// Where software is made.
    Development,
    /// Where anything may be tried.
    Sandbox,
    /// Used by several of the others.
    Shared,
    /// Not said.
    #[default]
    None,
}

/// A role without its account and name, which are its place in the directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Where it stands in its account.
    pub path: IamPath,
    /// `AROA…`; a role of the same name that is made later has another one.
    pub unique_id: UniqueId,
    /// For people, up to 1,000 characters.
    pub description: String,
    /// The longest session, 3,600 to 43,200 seconds.
    pub max_session_duration: SessionDuration,
    /// Who may assume it.
    pub trust: TrustPolicy,
    /// Its tags: `aws:PrincipalTag/…` of its sessions, `aws:ResourceTag/…` of itself.
    #[serde(default)]
    pub tags: OwnTags,
    /// What its sessions may do, by policy name.
    pub policies: BTreeMap<PolicyName, IdentityPolicy>,
    /// Managed policies that say so, too.
    #[serde(default)]
    pub attached: BTreeSet<ManagedPolicyArn>,
    /// The most that all of them can give.
    #[serde(default)]
    pub boundary: Option<ManagedPolicyArn>,
    /// When it was made.
    pub created_at: UnixTime,
}

impl Role {
    /// The role's ARN at this place.
    pub fn arn(&self, partition: Partition, account: AccountId, name: &RoleName) -> RoleArn {
        RoleArn::new(partition, account, &self.path, name)
    }

    /// What its sessions may do.
    pub const fn rights(&self) -> Rights<'_> {
        Rights {
            policies: &self.policies,
            attached: &self.attached,
            boundary: self.boundary.as_ref(),
        }
    }
}

/// What is known of the provider behind a SAML connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionMetadata {
    /// From a document that stands beside the connection.
    Uploaded(MetadataDocument),
    /// From where the connection's settings say, at some time.
    Fetched(IdpMetadata),
}

impl ConnectionMetadata {
    /// The provider.
    pub const fn provider(&self) -> &IdpMetadata {
        match self {
            Self::Uploaded(document) => document.metadata(),
            Self::Fetched(metadata) => metadata,
        }
    }
}

/// Lets a connection speak in accounts, as the providers named (decision 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The connection.
    pub connection: ConnectionId,
    /// One provider in each account that it reaches; trust policies are evaluated with these ARNs.
    pub providers: Vec<ProviderArn>,
}

crate::domain::text_type!(
    /// An account's short name: 1 to 63 characters without control characters (as many as
    /// `accountAliasType` of the IAM model allows).
    AccountAlias,
    "account alias",
    "1 to 63 characters without control characters",
    |text| (1..=63).contains(&text.chars().count()) && !text.chars().any(char::is_control)
);

crate::domain::text_type!(
    /// An account's longer name: at most 128 characters without control characters.
    AccountName,
    "account name",
    "at most 128 characters without control characters",
    |text| text.chars().count() <= 128 && !text.chars().any(char::is_control)
);

impl Default for AccountName {
    fn default() -> Self {
        Self("".into())
    }
}

crate::domain::text_type!(
    /// The id of a link: 1 to 64 of `[a-z0-9-]`.
    LinkId,
    "link id",
    "1 to 64 of a-z 0-9 -",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
);
