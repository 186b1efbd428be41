//! A sign-in under way, kept by the browser that began it (decision 33).
//!
//! ```text
//! cookie = base64url(sealed {attempt, where to go, when}), bound to the connection and the `state`
//! ```
//! Whoever holds the cookie began the sign-in: nobody else can open one, make one or put it to another
//! `state`. Every node of the directory opens it. The store learns of it only once somebody was proven.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::sign_in::sha256;
use super::unavailable::Unavailable;
use crate::credentials::IssueError;
use crate::domain::{ConnectionId, LocalPath, Secret, UnixTime};
use crate::entropy::Entropy;
use crate::federation::relying_party::LoginAttempt;
use crate::seal::{KeyRing, key_id_of};

/// A sign-in must be finished within so many seconds.
pub const ATTEMPT_SECONDS: i64 = 600;
/// No cookie of a sign-in under way is longer, in bytes: with its name it stays within the 4,096 that
/// every browser keeps (RFC 6265, section 6.1).
pub const MAX_ATTEMPT_BYTES: usize = 4000;

/// What the sealed value is, so that no other one opens as an attempt.
const PURPOSE: &[u8] = b"login attempt";
/// What the mark of a used `state` is, so that no other mark is taken for it.
const MARK: &str = "rolegate login state ";

/// The name of a sign-in under way: the SHA-256 of its `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginAttemptKey(pub [u8; 32]);

/// The name of the sign-in that a `state` belongs to.
pub fn attempt_key(state: &str) -> LoginAttemptKey {
    LoginAttemptKey(sha256(state))
}

/// The name of the mark that this `state` was answered.
pub(super) fn mark_of(state: &str) -> [u8; 32] {
    sha256(&[MARK, state].concat())
}

/// A sign-in under way, and what it is to lead to.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnderWay {
    pub(super) attempt: LoginAttempt,
    return_to: String,
    begun_at: UnixTime,
}

/// Why a cookie's value is not taken for a sign-in under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It is none, of another connection or another `state`, or damaged.
    Foreign,
    /// It was sealed under a key that this directory doesn't have.
    UnknownKey,
}

impl UnderWay {
    pub(super) fn begun(attempt: LoginAttempt, return_to: &LocalPath, now: UnixTime) -> Self {
        Self {
            attempt,
            return_to: return_to.to_string(),
            begun_at: now,
        }
    }

    /// From then on it can't be finished any more.
    pub(super) const fn expires_at(&self) -> UnixTime {
        self.begun_at.plus(ATTEMPT_SECONDS)
    }

    /// Whether it can't be finished any more at `now`.
    pub(super) fn is_over(&self, now: UnixTime) -> bool {
        now >= self.expires_at()
    }

    /// Where the person wanted to go.
    pub(super) fn return_to(&self) -> LocalPath {
        let path = self.return_to.parse();
        path.unwrap_or_else(|_| LocalPath::root())
    }

    /// The value of the browser's cookie.
    ///
    /// # Errors
    /// [`Unavailable`] where there is no key or no randomness.
    pub(super) fn seal(
        &self,
        key: LoginAttemptKey,
        keys: &KeyRing,
        entropy: &dyn Entropy,
    ) -> Result<Secret<String>, Unavailable> {
        let sealing_key = keys.sealing_at(self.begun_at);
        let sealing_key = sealing_key.ok_or(IssueError::NoSealingKey)?;
        let plain = serde_json::to_vec(self).unwrap_or_default();
        let context = context(&self.attempt.connection, &key);
        let sealed = sealing_key.seal(&context, &plain, entropy)?;
        Ok(Secret::new(BASE64URL_NOPAD.encode(&sealed)))
    }

    /// Opens the value of a browser's cookie.
    pub(super) fn open(
        cookie: &str,
        connection: &ConnectionId,
        key: LoginAttemptKey,
        keys: &KeyRing,
    ) -> Result<Self, Unusable> {
        if cookie.len() > MAX_ATTEMPT_BYTES {
            return Err(Unusable::Foreign);
        }
        let sealed = BASE64URL_NOPAD.decode(cookie.as_bytes());
        let sealed = sealed.map_err(|_| Unusable::Foreign)?;
        let id = key_id_of(&sealed).ok_or(Unusable::Foreign)?;
        let sealing_key = keys.find(id).ok_or(Unusable::UnknownKey)?;
        let opened = sealing_key
            .open(&context(connection, &key), &sealed)
            .map_err(|_| Unusable::Foreign)?;
        serde_json::from_slice(&opened.plaintext).map_err(|_| Unusable::Foreign)
    }
}

fn context<'a>(connection: &'a ConnectionId, key: &'a LoginAttemptKey) -> [&'a [u8]; 3] {
    [PURPOSE, connection.as_str().as_bytes(), &key.0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::seal::SealingKey;

    const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

    fn ring(byte: u8) -> KeyRing {
        let mut ring = KeyRing::empty();
        ring.add(SealingKey::new([byte; 32]), NOW);
        ring
    }

    fn under_way() -> UnderWay {
        let attempt = LoginAttempt {
            connection: connection("workforce"),
            issuer: "https://idp.example.com".parse().unwrap(),
            client_id: "portal".parse().unwrap(),
            nonce: "nonce".to_owned(),
            pkce_verifier: "verifier".to_owned(),
        };
        UnderWay::begun(attempt, &"/roles".parse().unwrap(), NOW)
    }

    fn connection(id: &str) -> ConnectionId {
        id.parse().unwrap()
    }

    fn cookie(under_way: &UnderWay) -> String {
        let sealed = under_way.seal(attempt_key("state"), &ring(1), &SystemEntropy);
        sealed.unwrap().expose().clone()
    }

    fn open(cookie: &str, id: &str, state: &str, ring: &KeyRing) -> Option<Unusable> {
        UnderWay::open(cookie, &connection(id), attempt_key(state), ring).err()
    }

    #[test]
    fn a_cookie_opens_for_its_connection_and_state_only() {
        let (cookie, ring) = (cookie(&under_way()), ring(1));
        assert_eq!(open(&cookie, "workforce", "state", &ring), None);
        let foreign = Some(Unusable::Foreign);
        assert_eq!(open(&cookie, "workforce", "other", &ring), foreign);
        assert_eq!(open(&cookie, "other", "state", &ring), foreign);
        for damaged in ["", "x", cookie.get(1..).unwrap(), &cookie.to_lowercase()] {
            assert!(open(damaged, "workforce", "state", &ring).is_some());
        }
    }

    #[test]
    fn another_directory_s_cookie_has_an_unknown_key() {
        let unknown = open(&cookie(&under_way()), "workforce", "state", &ring(2));
        assert_eq!(unknown, Some(Unusable::UnknownKey));
    }

    #[test]
    fn without_a_key_nothing_is_sealed() {
        let sealed = under_way().seal(attempt_key("s"), &KeyRing::empty(), &SystemEntropy);
        assert!(matches!(sealed, Err(Unavailable::Issue(_))));
    }

    /// The longest names and path, with characters that JSON escapes.
    #[test]
    fn the_largest_attempt_fits_into_a_cookie() {
        let mut largest = under_way();
        largest.attempt.connection = connection(&"c".repeat(64));
        let issuer = ["https://idp.example.com/", &"i".repeat(231)].concat();
        largest.attempt.issuer = issuer.parse().unwrap();
        largest.attempt.client_id = "\u{1f511}".repeat(255).parse().unwrap();
        largest.attempt.nonce = "n".repeat(43);
        largest.attempt.pkce_verifier = "v".repeat(43);
        largest.return_to = ["/", &"\"".repeat(LocalPath::MAX_BYTES - 1)].concat();
        assert!(cookie(&largest).len() <= MAX_ATTEMPT_BYTES);
    }
}
