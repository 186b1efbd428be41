//! The account itself: its alias, its preferences, what it has, and what its organization may.

use super::groups::MAX_GROUPS;
use super::holders::{MAX_GROUP_POLICY_CHARACTERS, MAX_USER_POLICY_CHARACTERS};
use super::instance_profiles::MAX_INSTANCE_PROFILES;
use super::policies::{MAX_POLICIES, MAX_POLICY_CHARACTERS};
use super::roles::{MAX_INLINE_CHARACTERS, MAX_ROLES, MAX_TRUST_CHARACTERS};
use super::users::MAX_USERS;
use super::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{
    AccountAlias, AccountSettings, Change, Organization, PolicyVersions, Rights, User,
};
use crate::domain::TokenVersion;

/// What has no resource is asked about everything.
const EVERYTHING: &str = "*";

impl Scene<'_> {
    /// What the account is called instead of its number; none where it is called by that.
    fn alias(&self) -> Option<&AccountAlias> {
        let alias = &self.account.settings.alias;
        (alias.as_str() != self.account_id.to_string()).then_some(alias)
    }

    /// What is left once the account's settings are these, with this answer; nothing where they are already.
    fn with_settings<A>(&self, settings: AccountSettings, answer: A) -> Done<A> {
        if settings == self.account.settings {
            return Done::told(answer);
        }
        let change = Change::PutAccount(self.account_id, settings);
        Done::changed(answer, vec![change])
    }
}

/// `CreateAccountAlias`
#[derive(Debug)]
pub struct CreateAccountAlias {
    /// What the account is called from now on, in the place of what it was called before.
    pub alias: AccountAlias,
}

impl Action for CreateAccountAlias {
    type Answer = ();
    const NAME: &'static str = "CreateAccountAlias";
    const WRITES: bool = true;

    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, EVERYTHING)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let accounts = scene.snapshot.directory().accounts.iter();
        let mut others = accounts.filter(|(id, _)| **id != scene.account_id);
        let alias = self.alias.as_str();
        if others.any(|(_, it)| it.settings.alias.as_str().eq_ignore_ascii_case(alias)) {
            let text = format!("The account alias {alias} already exists.");
            return Err(Refusal::new(IamCode::EntityAlreadyExists, text));
        }
        let settings = AccountSettings {
            alias: self.alias.clone(),
            ..scene.account.settings.clone()
        };
        Ok(scene.with_settings(settings, ()))
    }
}

/// `DeleteAccountAlias`
#[derive(Debug)]
pub struct DeleteAccountAlias {
    /// What the account is called; from now on it is called by its number.
    pub alias: AccountAlias,
}

impl Action for DeleteAccountAlias {
    type Answer = ();
    const NAME: &'static str = "DeleteAccountAlias";
    const WRITES: bool = true;

    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, EVERYTHING)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let missing = || Refusal::no_such("alias", self.alias.as_str());
        scene
            .alias()
            .filter(|alias| **alias == self.alias)
            .ok_or_else(missing)?;
        let number = scene.account_id.to_string();
        let settings = AccountSettings {
            alias: number.parse().map_err(|_| missing())?,
            ..scene.account.settings.clone()
        };
        Ok(scene.with_settings(settings, ()))
    }
}

/// `ListAccountAliases`
#[derive(Debug)]
pub struct ListAccountAliases {
    /// Which part of the list, which has one alias at most.
    pub page: PageRequest,
}

impl Action for ListAccountAliases {
    type Answer = Page<AccountAlias>;
    const NAME: &'static str = "ListAccountAliases";
    const WRITES: bool = false;

    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, EVERYTHING)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let aliases = scene.alias().into_iter();
        let aliases = aliases.map(|alias| (alias.to_string(), alias.clone()));
        Ok(Done::told(self.page.of_list(aliases.collect())))
    }
}

/// `GetAccountSummary`
#[derive(Debug)]
pub struct GetAccountSummary;

impl Action for GetAccountSummary {
    /// Each by its name in the model.
    type Answer = Vec<(&'static str, usize)>;
    const NAME: &'static str = "GetAccountSummary";
    const WRITES: bool = false;

    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, EVERYTHING)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        Ok(Done::told([counts(scene), quotas()].concat()))
    }
}

/// What there is. What no account has here is none.
fn counts(scene: &Scene<'_>) -> Vec<(&'static str, usize)> {
    let account = &scene.account;
    let enabled = scene.devices_of_users();
    let policies = account.policies.values();
    let versions = policies.map(|policy| policy.version_ids().len());
    let version = match account.settings.global_endpoint_token_version {
        TokenVersion::One => 1,
        TokenVersion::Two => 2,
    };
    vec![
        ("Users", account.users.len()),
        ("Groups", account.groups.len()),
        ("Roles", account.roles.len()),
        ("Policies", account.policies.len()),
        ("PolicyVersionsInUse", versions.sum()),
        (
            "Providers",
            account.oidc_providers.len() + account.saml_providers.len(),
        ),
        ("MFADevices", account.mfa_devices.len() + enabled),
        ("MFADevicesInUse", enabled),
        ("GlobalEndpointTokenVersion", version),
        ("ServerCertificates", 0),
        ("InstanceProfiles", account.instance_profiles.len()),
        ("AccountMFAEnabled", 0),
        ("AccountAccessKeysPresent", 0),
        ("AccountPasswordPresent", 0),
        ("AccountSigningCertificatesPresent", 0),
    ]
}

/// How much there may be. What no account has here may not be.
fn quotas() -> Vec<(&'static str, usize)> {
    vec![
        ("UsersQuota", MAX_USERS),
        ("AccessKeysPerUserQuota", User::MAX_KEYS),
        ("GroupsPerUserQuota", User::MAX_GROUPS),
        ("UserPolicySizeQuota", MAX_USER_POLICY_CHARACTERS),
        ("AttachedPoliciesPerUserQuota", Rights::MAX_ATTACHED),
        ("GroupsQuota", MAX_GROUPS),
        ("GroupPolicySizeQuota", MAX_GROUP_POLICY_CHARACTERS),
        ("AttachedPoliciesPerGroupQuota", Rights::MAX_ATTACHED),
        ("RolesQuota", MAX_ROLES),
        ("AssumeRolePolicySizeQuota", MAX_TRUST_CHARACTERS),
        ("RolePolicySizeQuota", MAX_INLINE_CHARACTERS),
        ("AttachedPoliciesPerRoleQuota", Rights::MAX_ATTACHED),
        ("InstanceProfilesQuota", MAX_INSTANCE_PROFILES),
        ("PoliciesQuota", MAX_POLICIES),
        ("PolicySizeQuota", MAX_POLICY_CHARACTERS),
        ("VersionsPerPolicyQuota", PolicyVersions::MAX),
        (
            "PolicyVersionsInUseQuota",
            MAX_POLICIES * PolicyVersions::MAX,
        ),
        ("ServerCertificatesQuota", 0),
        ("SigningCertificatesPerUserQuota", 0),
    ]
}

/// `SetSecurityTokenServicePreferences`
#[derive(Debug)]
pub struct SetSecurityTokenServicePreferences {
    /// How far session tokens reach that are issued elsewhere than at a region's own endpoint.
    pub version: TokenVersion,
}

impl Action for SetSecurityTokenServicePreferences {
    type Answer = ();
    const NAME: &'static str = "SetSecurityTokenServicePreferences";
    const WRITES: bool = true;

    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, EVERYTHING)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let settings = AccountSettings {
            global_endpoint_token_version: self.version,
            ..scene.account.settings.clone()
        };
        Ok(scene.with_settings(settings, ()))
    }
}

impl Scene<'_> {
    /// The account as an issuer of tokens for others.
    ///
    /// # Errors
    /// `FeatureDisabled` where it is none.
    fn issuer(&self) -> Result<String, Refusal> {
        if self.account.settings.outbound_federation {
            return Ok(self.issuers.own.of(self.account_id));
        }
        let text = "Outbound web identity federation is not enabled for the account.";
        Err(Refusal::new(IamCode::FeatureDisabled, text))
    }

    fn with_outbound_federation<A>(&self, outbound_federation: bool, answer: A) -> Done<A> {
        let settings = AccountSettings {
            outbound_federation,
            ..self.account.settings.clone()
        };
        self.with_settings(settings, answer)
    }
}

/// `EnableOutboundWebIdentityFederation`
#[derive(Debug)]
pub struct EnableOutboundFederation;

impl Action for EnableOutboundFederation {
    /// The issuer of the account's tokens.
    type Answer = String;
    const NAME: &'static str = "EnableOutboundWebIdentityFederation";
    const WRITES: bool = true;

    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, EVERYTHING)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<String>, Refusal> {
        if scene.issuer().is_ok() {
            let text = "Outbound web identity federation is already enabled for the account.";
            return Err(Refusal::new(IamCode::FeatureEnabled, text));
        }
        let issuer = scene.issuers.own.of(scene.account_id);
        Ok(scene.with_outbound_federation(true, issuer))
    }
}

/// `DisableOutboundWebIdentityFederation`
#[derive(Debug)]
pub struct DisableOutboundFederation;

impl Action for DisableOutboundFederation {
    type Answer = ();
    const NAME: &'static str = "DisableOutboundWebIdentityFederation";
    const WRITES: bool = true;

    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, EVERYTHING)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        scene.issuer()?;
        Ok(scene.with_outbound_federation(false, ()))
    }
}

/// `GetOutboundWebIdentityFederationInfo`
#[derive(Debug)]
pub struct GetOutboundFederation;

impl Action for GetOutboundFederation {
    /// The issuer of the account's tokens.
    type Answer = String;
    const NAME: &'static str = "GetOutboundWebIdentityFederationInfo";
    const WRITES: bool = false;

    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, EVERYTHING)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<String>, Refusal> {
        Ok(Done::told(scene.issuer()?))
    }
}

impl Scene<'_> {
    /// The organization, which the caller's account manages.
    ///
    /// # Errors
    /// Where there is none, or another account manages it: with this code.
    fn organization(&self, otherwise: IamCode) -> Result<&Organization, Refusal> {
        let found = self.snapshot.organization().ok_or_else(|| {
            let text =
                "There is no organization; the gateway's operator makes one in organization.toml.";
            Refusal::new(IamCode::OrganizationNotFound, text)
        })?;
        if found.management_account != self.account_id {
            let text = "The account does not manage the organization.";
            return Err(Refusal::new(otherwise, text));
        }
        Ok(found)
    }
}

/// What an organization's management account may do with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features {
    /// `o-` and the number of the account that manages it.
    pub organization: String,
    /// Whether it has sessions of the others' roots.
    pub root_sessions: bool,
}

/// What is left once an organization's root sessions are on or off.
fn with_root_sessions(before: &Organization, root_sessions: bool) -> Done<Features> {
    let after = Organization {
        root_sessions,
        ..before.clone()
    };
    let features = Features::of(&after);
    if after == *before {
        return Done::told(features);
    }
    Done::changed(features, vec![Change::PutOrganization(after)])
}

impl Features {
    fn of(organization: &Organization) -> Self {
        Self {
            organization: format!("o-{}", organization.management_account),
            root_sessions: organization.root_sessions,
        }
    }
}

/// `EnableOrganizationsRootSessions`
#[derive(Debug)]
pub struct EnableRootSessions;

impl Action for EnableRootSessions {
    type Answer = Features;
    const NAME: &'static str = "EnableOrganizationsRootSessions";
    const WRITES: bool = true;

    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, EVERYTHING)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Features>, Refusal> {
        let before = scene.organization(IamCode::CallerIsNotManagementAccount)?;
        Ok(with_root_sessions(before, true))
    }
}

/// `DisableOrganizationsRootSessions`
#[derive(Debug)]
pub struct DisableRootSessions;

impl Action for DisableRootSessions {
    type Answer = Features;
    const NAME: &'static str = "DisableOrganizationsRootSessions";
    const WRITES: bool = true;

    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, EVERYTHING)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Features>, Refusal> {
        let before = scene.organization(IamCode::AccountNotManagement)?;
        Ok(with_root_sessions(before, false))
    }
}

/// `ListOrganizationsFeatures`
#[derive(Debug)]
pub struct ListOrganizationsFeatures;

impl Action for ListOrganizationsFeatures {
    type Answer = Features;
    const NAME: &'static str = "ListOrganizationsFeatures";
    const WRITES: bool = false;

    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, EVERYTHING)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Features>, Refusal> {
        let found = scene.organization(IamCode::AccountNotManagement)?;
        Ok(Done::told(Features::of(found)))
    }
}
