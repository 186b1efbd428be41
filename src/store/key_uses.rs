//! When access keys and roles were last used.

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::domain::{AccessKeyId, Region, UniqueId, UnixTime};

/// A use is remembered for so long, in seconds: 400 days, as IAM does.
pub const KEY_USE_SECONDS: i64 = 400 * 86_400;

/// Which key, or which role: a hash of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UsedKey(pub [u8; 32]);

impl UsedKey {
    /// The key of this id.
    pub fn of(key: &AccessKeyId) -> Self {
        Self::named("access key ", key.as_str())
    }

    /// The role of this id.
    pub fn of_role(id: &UniqueId) -> Self {
        Self::named("role ", id.as_str())
    }

    fn named(kind: &str, id: &str) -> Self {
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, [kind, id].concat().as_bytes()).as_ref());
        Self(name)
    }
}

/// One use of a key, or of a role by one of its sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUse {
    /// When.
    pub at: UnixTime,
    /// Which service the request was signed for, e.g. `sts`.
    pub service: Box<str>,
    /// Which region it was signed for.
    pub region: Region,
}

impl KeyUse {
    /// Whether it is forgotten at `now`.
    pub fn is_over(&self, now: UnixTime) -> bool {
        now > self.at.plus(KEY_USE_SECONDS)
    }
}

/// What is known of keys' and roles' last uses. It is told to people and decides nothing.
#[async_trait]
pub trait KeyUses: Send + Sync {
    /// Notes a use; nothing happens where a later one is known. Of uses that several nodes note at the same
    /// moment one stays, whichever it is.
    async fn note(&self, key: UsedKey, used: &KeyUse) -> Result<(), StoreError>;

    /// The last use that is known; none after [`KEY_USE_SECONDS`].
    async fn last_use(&self, key: UsedKey) -> Result<Option<KeyUse>, StoreError>;
}
