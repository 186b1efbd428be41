//! When access keys were last used.

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::domain::{AccessKeyId, Region, UnixTime};

/// A use is remembered for so long, in seconds: 400 days, as IAM does.
pub const KEY_USE_SECONDS: i64 = 400 * 86_400;

/// Which key: a hash of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UsedKey(pub [u8; 32]);

impl UsedKey {
    /// The key of this id.
    pub fn of(key: &AccessKeyId) -> Self {
        let mut name = [0; 32];
        let bytes = [b"access key ", key.as_str().as_bytes()].concat();
        name.copy_from_slice(digest(&SHA256, &bytes).as_ref());
        Self(name)
    }
}

/// One use of a key.
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

/// What is known of keys' last uses. It is told to people and decides nothing.
#[async_trait]
pub trait KeyUses: Send + Sync {
    /// Notes a use; nothing happens where a later one is known. Of uses that several nodes note at the same
    /// moment one stays, whichever it is.
    async fn note(&self, key: UsedKey, used: &KeyUse) -> Result<(), StoreError>;

    /// The last use that is known; none after [`KEY_USE_SECONDS`].
    async fn last_use(&self, key: UsedKey) -> Result<Option<KeyUse>, StoreError>;
}
