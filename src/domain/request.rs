//! What every request has.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::InvalidValue;
use super::text::text_type;

text_type!(
    /// A region's name, e.g. `us-east-1`: 1 to 32 of `[a-z0-9-]`.
    Region,
    "region",
    "1 to 32 of a-z 0-9 -",
    |text| (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
);

impl Region {
    /// The region that AWS's global endpoints belong to.
    pub fn us_east_1() -> Self {
        Self("us-east-1".into())
    }
}

/// The id under which one request is answered, recorded and found again: a random UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(uuid::Uuid);

impl RequestId {
    /// The id of a request that none could be drawn for.
    pub const NIL: Self = Self(uuid::Uuid::nil());

    /// The id made of these random bytes (RFC 9562, version 4).
    pub const fn from_random(random: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(random).into_uuid())
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl std::str::FromStr for RequestId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = uuid::Uuid::try_parse(text).map(Self);
        id.map_err(|_| InvalidValue::new("request id", "a UUID, as the answer or the page told it"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.as_hyphenated(), formatter)
    }
}
