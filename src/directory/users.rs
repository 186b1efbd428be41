//! Users of an account, their keys and devices, and policies that several can have.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::{
    AccessKeyId, AccountId, IamPath, InvalidValue, ManagedPolicyArn, OwnTags, Partition,
    PolicyName, Secret, SecretAccessKey, UniqueId, UnixTime, UserName, UserPrincipal,
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
}

impl User {
    /// As many access keys as IAM allows a user.
    pub const MAX_KEYS: usize = 2;
    /// As many devices as IAM allows a user.
    pub const MAX_DEVICES: usize = 8;

    /// What the user may do.
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

/// The policies of a user or role.
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
    /// As many managed policies as IAM attaches to a user or role, at its highest quota.
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

/// A virtual device that shows codes by time (RFC 6238): six digits, 30 seconds, HMAC-SHA-1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MfaDevice {
    seed: Hidden,
    /// Since when the user has it.
    pub enabled_at: UnixTime,
}

impl MfaDevice {
    /// A device with this seed.
    pub fn new(seed: &Seed, enabled_at: UnixTime) -> Self {
        Self {
            seed: Hidden(seed.0.clone()),
            enabled_at,
        }
    }

    /// The bytes that codes are made of; `None` where what is kept is no seed: then no code is right.
    pub fn seed(&self) -> Option<Secret<Vec<u8>>> {
        let bytes = bytes_of(self.seed.0.expose()).map(Secret::new);
        bytes.filter(|bytes| SEED_BYTES.contains(&bytes.expose().len()))
    }
}

/// A seed has so many bytes.
const SEED_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// A device's seed: base32 of 16 to 64 bytes (RFC 4226, section 4, wants 128 bits at least).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed(Secret<String>);

impl std::str::FromStr for Seed {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_end_matches('=').to_ascii_uppercase();
        let is_good = bytes_of(&text).is_some_and(|bytes| SEED_BYTES.contains(&bytes.len()));
        if is_good {
            Ok(Self(Secret::new(text)))
        } else {
            Err(InvalidValue::new("seed", "base32 of 16 to 64 bytes"))
        }
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::domain::deserialize_text(deserializer)
    }
}

fn bytes_of(base32: &str) -> Option<Vec<u8>> {
    data_encoding::BASE32_NOPAD.decode(base32.as_bytes()).ok()
}

/// A secret text as the log keeps it; the log's entries are sealed themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hidden(Secret<String>);

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

crate::domain::text_type!(
    /// The name of a virtual device: 1 to 226 of `[\w+=,.@-]`, with a path before it if it has one
    /// (`virtualMFADeviceName` and `pathType` of the IAM model).
    DeviceName,
    "MFA device name",
    "1 to 226 of A-Z a-z 0-9 _ + = , . @ - /",
    |text| (1..=226).contains(&text.len())
        && !text.starts_with('/')
        && !text.ends_with('/')
        && !text.contains("//")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte))
);

impl DeviceName {
    /// The serial number of the device in this account: `arn:aws:iam::123456789012:mfa/name`.
    pub fn serial_number(&self, partition: Partition, account: AccountId) -> String {
        format!("arn:{partition}:iam::{account}:mfa/{self}")
    }
}
