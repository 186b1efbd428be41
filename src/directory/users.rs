//! Users of an account, their keys, and policies that several can have.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::devices::{DeviceName, MfaDevice};
use crate::domain::{
    AccessKeyId, AccountId, GroupName, IamPath, ManagedPolicyArn, OwnTags, Partition, PolicyName,
    Secret, SecretAccessKey, UniqueId, UnixTime, UserName, UserPrincipal,
};
use crate::policy::IdentityPolicy;

/// A user without account and name, which are the place in the directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Where the user stands in the account.
    pub path: IamPath,
    /// `AIDA…`; a user of the same name that is made later has another one.
    pub unique_id: UniqueId,
    /// When the user was made.
    pub created_at: UnixTime,
    /// The user's tags, `aws:PrincipalTag/…`.
    pub tags: OwnTags,
    /// What the user may do, by policy name.
    pub policies: BTreeMap<PolicyName, IdentityPolicy>,
    /// Managed policies that say so, too.
    pub attached: BTreeSet<ManagedPolicyArn>,
    /// The most that all of them can give.
    pub boundary: Option<ManagedPolicyArn>,
    /// Keys that last, at most [`User::MAX_KEYS`].
    pub access_keys: BTreeMap<AccessKeyId, AccessKey>,
    /// Devices that show one-time codes, at most [`User::MAX_DEVICES`].
    pub mfa_devices: BTreeMap<DeviceName, MfaDevice>,
    /// The groups whose policies are the user's as well, at most [`User::MAX_GROUPS`].
    #[serde(default)]
    pub groups: BTreeSet<GroupName>,
}

impl User {
    /// As many access keys as IAM allows a user.
    pub const MAX_KEYS: usize = 2;
    /// As many devices as IAM allows a user.
    pub const MAX_DEVICES: usize = 8;
    /// As many groups as IAM allows a user.
    pub const MAX_GROUPS: usize = 10;

    /// What the user may do, groups left aside.
    pub const fn rights(&self) -> Rights<'_> {
        Rights {
            policies: &self.policies,
            attached: &self.attached,
            boundary: self.boundary.as_ref(),
        }
    }

    /// The user as a caller.
    pub fn principal(
        &self,
        partition: Partition,
        account: AccountId,
        name: &UserName,
    ) -> UserPrincipal {
        UserPrincipal {
            partition,
            account,
            path: self.path.clone(),
            name: name.clone(),
            unique_id: self.unique_id.clone(),
        }
    }
}

/// The policies of a user, group or role.
#[derive(Debug, Clone, Copy)]
pub struct Rights<'a> {
    /// Its own, by name.
    pub policies: &'a BTreeMap<PolicyName, IdentityPolicy>,
    /// Managed ones, at most [`Rights::MAX_ATTACHED`].
    pub attached: &'a BTreeSet<ManagedPolicyArn>,
    /// The most that all of them can give.
    pub boundary: Option<&'a ManagedPolicyArn>,
}

impl Rights<'_> {
    /// As many managed policies as IAM attaches to a user, group or role, at its highest quota.
    pub const MAX_ATTACHED: usize = 20;
}

/// An access key that lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    secret: Hidden,
    /// Whether requests may be signed with it.
    pub status: KeyStatus,
    /// When it was made.
    pub created_at: UnixTime,
}

impl AccessKey {
    /// A key with this secret.
    pub fn new(secret: &SecretAccessKey, status: KeyStatus, created_at: UnixTime) -> Self {
        Self {
            secret: Hidden(Secret::new(secret.expose().to_owned())),
            status,
            created_at,
        }
    }

    /// What requests are signed with.
    pub fn secret(&self) -> SecretAccessKey {
        SecretAccessKey::new(self.secret.0.expose().clone())
    }
}

/// Whether an access key is good (`statusType` of the IAM model).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum KeyStatus {
    /// It is.
    #[default]
    Active,
    /// It is refused like a key that there is not.
    Inactive,
}

/// A secret text as the log keeps it; the log's entries are sealed themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hidden(pub(super) Secret<String>);

impl Serialize for Hidden {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}
