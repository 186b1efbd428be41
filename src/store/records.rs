//! What sessions hold, and how large a record may be.

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::SessionDetails;
use crate::domain::{FederatedIdentity, IssuerName, ProviderSession, SignInId, UnixTime};

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

/// The name of a session's record.
///
/// ```text
/// 15 bytes   whose it is: the first of the person's name
///  1 byte    which of the person's 256 places it has
/// 16 bytes   the first of the SHA-256 of the cookie's value
/// ```
/// So a person's sessions are found without a list of them, and the store holds nothing that opens one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionKey(pub [u8; 32]);

/// A place for one session of a person.
pub type SessionPlace = [u8; 16];

/// What a cookie's value proves: as much of its SHA-256 as a session's name has.
pub type SessionProof = [u8; 16];

impl SessionKey {
    /// The name of the session in this place that a cookie with this proof opens.
    pub fn new(place: SessionPlace, proof: SessionProof) -> Self {
        let mut key = [0; 32];
        let (first, second) = key.split_at_mut(16);
        first.copy_from_slice(&place);
        second.copy_from_slice(&proof);
        Self(key)
    }

    /// Where it stands: of the sessions in one place only one is kept.
    pub fn place(&self) -> SessionPlace {
        self.0.first_chunk().copied().unwrap_or_default()
    }

    /// What opens it.
    pub fn proof(&self) -> SessionProof {
        self.0.last_chunk().copied().unwrap_or_default()
    }

    /// A session under a name that is not its person's would not end with the person's.
    pub(super) fn check_is_of(&self, person: &PersonKey) -> Result<(), NotTheirs> {
        let [.., number] = self.place();
        if self.place() == person.place(number) {
            Ok(())
        } else {
            Err(NotTheirs)
        }
    }
}

/// A session's name is not one of its person's; nothing was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of the session is not one of its person's")]
pub struct NotTheirs;

/// The name of a person whose sessions end together: a SHA-256 of who vouches for them and of what they
/// are called there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PersonKey(pub [u8; 32]);

impl PersonKey {
    /// One of the places that the person has for sessions.
    pub fn place(&self, number: u8) -> SessionPlace {
        let mut place: SessionPlace = self.0.first_chunk().copied().unwrap_or_default();
        if let Some(last) = place.last_mut() {
            *last = number;
        }
        place
    }

    /// The name of whom `issuer` calls by these parts; two persons differ in one of them at least.
    pub fn of(issuer: &IssuerName, parts: &[&str]) -> Self {
        let mut hash = Context::new(&SHA256);
        let protocol = match issuer {
            IssuerName::Oidc(_) => "oidc",
            IssuerName::Saml(_) => "saml",
        };
        for part in [protocol, issuer.as_str()].iter().chain(parts) {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut key = [0; 32];
        key.copy_from_slice(hash.finish().as_ref());
        Self(key)
    }
}

/// That a person signed out at their provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logout {
    /// When the provider said so: what it proved by then opens no session any more.
    pub at: UnixTime,
    /// It is remembered until then, that second included: no shorter than a proof of before may be used.
    pub keep_until: UnixTime,
}

impl Logout {
    /// Both in one: what either ends is ended.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            at: self.at.max(other.at),
            keep_until: self.keep_until.max(other.keep_until),
        }
    }

    /// Whether a session of this proof is over before it began.
    pub fn ends(&self, session: &BrowserSession) -> bool {
        session.proof_issued_at <= self.at
    }
}

/// A person's session in the portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserSession {
    /// The sign-in that made it.
    pub sign_in: SignInId,
    /// Who signed in, with all claims.
    pub identity: FederatedIdentity,
    /// Whose it is, to end all that are theirs.
    pub person: PersonKey,
    /// When the provider issued the proof that opened it, by the provider's clock.
    pub proof_issued_at: UnixTime,
    /// The provider's own session with the person, where it is to be told of a sign-out.
    pub provider_session: Option<ProviderSession>,
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
    /// What is noted beside; the last, because records of before have none.
    #[serde(default, with = "super::details::as_json")]
    pub details: SessionDetails,
}

impl BrowserSession {
    /// Whether the session is over at `now`: idle for too long, or past its end.
    pub const fn is_over(&self, now: UnixTime) -> bool {
        now.seconds() >= self.ends_at.seconds()
            || now.since(self.last_seen) >= self.idle_seconds as i64
    }
}
