//! What sessions hold, and how large a record may be.

use serde::{Deserialize, Serialize};

use crate::domain::{FederatedIdentity, SignInId, UnixTime};

/// The most bytes that a session takes when serialised: 1 MiB.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// The most bytes of one change of the directory: 16 MiB.
pub const MAX_CHANGE_BYTES: usize = 16 << 20;

/// The most bytes of a checkpoint of the directory: 256 MiB.
pub const MAX_CHECKPOINT_BYTES: usize = 256 << 20;

/// A record is larger than its kind may be; nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record has {bytes} bytes; at most {limit} are kept")]
pub struct TooLarge {
    /// The record's size.
    pub bytes: usize,
    /// The most that is allowed.
    pub limit: usize,
}

impl TooLarge {
    pub(super) const fn check(bytes: usize, limit: usize) -> Result<(), Self> {
        if bytes > limit {
            Err(Self { bytes, limit })
        } else {
            Ok(())
        }
    }
}

/// The name of a session's record: the SHA-256 of the cookie's value, so that the store holds
/// nothing that opens a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionKey(pub [u8; 32]);

/// A person's session in the portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserSession {
    /// The sign-in that made it.
    pub sign_in: SignInId,
    /// Who signed in, with all claims.
    pub identity: FederatedIdentity,
    /// What to call the person on pages.
    pub display_name: String,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it was last used.
    pub last_seen: UnixTime,
    /// It ends this many seconds after it was last used.
    pub idle_seconds: u32,
    /// It ends then, whatever happens.
    pub ends_at: UnixTime,
}

impl BrowserSession {
    /// Whether the session is over at `now`: idle for too long, or past its end.
    pub const fn is_over(&self, now: UnixTime) -> bool {
        now.seconds() >= self.ends_at.seconds()
            || now.since(self.last_seen) >= self.idle_seconds as i64
    }
}
