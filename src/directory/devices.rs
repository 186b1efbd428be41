//! Virtual devices that show one-time codes (RFC 6238): six digits, 30 seconds, HMAC-SHA-1.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::users::Hidden;
use crate::domain::{AccountId, InvalidValue, OwnTags, Partition, Secret, UnixTime};

/// A device of a user's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MfaDevice {
    seed: Hidden,
    /// Since when the user has it.
    pub enabled_at: UnixTime,
    /// So many steps of 30 seconds its clock is before ours; after ours where negative.
    #[serde(default, skip_serializing_if = "is_right")]
    pub drift: i64,
    /// Its tags.
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    pub tags: OwnTags,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_right(drift: &i64) -> bool {
    *drift == 0
}

impl MfaDevice {
    /// A clock may be so many steps away.
    pub const MAX_DRIFT: i64 = 10;

    /// A device with this seed, whose clock is right.
    pub fn new(seed: &Seed, enabled_at: UnixTime) -> Self {
        Self {
            seed: Hidden(seed.0.clone()),
            enabled_at,
            drift: 0,
            tags: OwnTags::default(),
        }
    }

    /// The bytes that codes are made of; `None` where what is kept is no seed: then no code is right.
    pub fn seed(&self) -> Option<Secret<Vec<u8>>> {
        self.seed.seed()
    }

    /// The device without its user.
    pub fn unassigned(&self) -> UnassignedDevice {
        UnassignedDevice {
            seed: self.seed.clone(),
            tags: self.tags.clone(),
        }
    }
}

/// A device of an account's that no user has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnassignedDevice {
    seed: Hidden,
    /// Its tags.
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    pub tags: OwnTags,
}

impl UnassignedDevice {
    /// A device with this seed.
    pub fn new(seed: &Seed, tags: OwnTags) -> Self {
        Self {
            seed: Hidden(seed.0.clone()),
            tags,
        }
    }

    /// The bytes that codes are made of; `None` where what is kept is no seed: then no code is right.
    pub fn seed(&self) -> Option<Secret<Vec<u8>>> {
        self.seed.seed()
    }

    /// The device as a user's, whose clock is so many steps before ours.
    pub fn assigned(&self, enabled_at: UnixTime, drift: i64) -> MfaDevice {
        MfaDevice {
            seed: self.seed.clone(),
            enabled_at,
            drift,
            tags: self.tags.clone(),
        }
    }
}

impl Hidden {
    fn seed(&self) -> Option<Secret<Vec<u8>>> {
        let bytes = bytes_of(self.0.expose()).map(Secret::new);
        bytes.filter(|bytes| SEED_BYTES.contains(&bytes.expose().len()))
    }
}

/// A seed has so many bytes.
const SEED_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// A device's seed: base32 of 16 to 64 bytes (RFC 4226, section 4, wants 128 bits at least).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed(Secret<String>);

impl Seed {
    /// The seed of these random bytes: 64 characters of base32, as many as IAM's have.
    pub fn from_random(random: &[u8; 40]) -> Self {
        Self(Secret::new(data_encoding::BASE32_NOPAD.encode(random)))
    }

    /// Its base32, to be told to whoever makes the device.
    pub const fn base32(&self) -> &Secret<String> {
        &self.0
    }
}

impl FromStr for Seed {
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
