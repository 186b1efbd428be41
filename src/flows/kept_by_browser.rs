//! What is under way, kept by the browser that began it (decision 33).
//!
//! ```text
//! cookie = base64url(sealed value), bound to what it is and to the secret that comes back with the answer
//! ```
//! Whoever holds the cookie began it: nobody else can open one, make one or put it to another answer.
//! Every node of the directory opens it.

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sign_in::sha256;
use super::unavailable::Unavailable;
use crate::credentials::IssueError;
use crate::directory::{DirectoryError, LiveDirectory};
use crate::domain::{Secret, UnixTime};
use crate::entropy::Entropy;
use crate::seal::{KeyRing, key_id_of};

/// What a browser began must be finished within so many seconds.
pub const ATTEMPT_SECONDS: i64 = 600;
/// No cookie of what is under way is longer, in bytes: with its name it stays within the 4,096 that
/// every browser keeps (RFC 6265, section 6.1).
pub const MAX_ATTEMPT_BYTES: usize = 4000;

/// The name of what is under way: the SHA-256 of the secret that comes back with the answer, `state`
/// or `RelayState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptKey(pub [u8; 32]);

/// The name of what the answer with this secret belongs to.
pub fn attempt_key(state: &str) -> AttemptKey {
    AttemptKey(sha256(state))
}

/// Something that a browser keeps.
pub(super) trait KeptByBrowser: Serialize + DeserializeOwned {
    /// What the sealed value is, so that no other one opens as it.
    const PURPOSE: &'static [u8];

    /// When it was begun.
    fn begun_at(&self) -> UnixTime;

    /// From then on it can't be finished any more.
    fn expires_at(&self) -> UnixTime {
        self.begun_at().plus(ATTEMPT_SECONDS)
    }

    /// Whether it can't be finished any more at `now`.
    fn is_over(&self, now: UnixTime) -> bool {
        now >= self.expires_at()
    }
}

/// Why a cookie's value is not taken for what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It is something else, of another answer, or damaged.
    Foreign,
    /// It was sealed under a key that this directory doesn't have.
    UnknownKey,
}

/// The value of the browser's cookie.
///
/// # Errors
/// [`Unavailable`] where there is no key or no randomness.
pub(super) fn seal<T: KeptByBrowser>(
    kept: &T,
    key: AttemptKey,
    keys: &KeyRing,
    entropy: &dyn Entropy,
) -> Result<Secret<String>, Unavailable> {
    let sealing_key = keys.sealing_at(kept.begun_at());
    let sealing_key = sealing_key.ok_or(IssueError::NoSealingKey)?;
    let plain = serde_json::to_vec(kept).unwrap_or_default();
    let sealed = sealing_key.seal(&context::<T>(&key), &plain, entropy)?;
    Ok(Secret::new(BASE64URL_NOPAD.encode(&sealed)))
}

/// Opens the value of a browser's cookie.
pub(super) fn open<T: KeptByBrowser>(
    cookie: &str,
    key: AttemptKey,
    keys: &KeyRing,
) -> Result<T, Unusable> {
    if cookie.len() > MAX_ATTEMPT_BYTES {
        return Err(Unusable::Foreign);
    }
    let sealed = BASE64URL_NOPAD.decode(cookie.as_bytes());
    let sealed = sealed.map_err(|_| Unusable::Foreign)?;
    let id = key_id_of(&sealed).ok_or(Unusable::Foreign)?;
    let sealing_key = keys.find(id).ok_or(Unusable::UnknownKey)?;
    let opened = sealing_key
        .plaintext(&context::<T>(&key), &sealed)
        .map_err(|_| Unusable::Foreign)?;
    serde_json::from_slice(&opened).map_err(|_| Unusable::Foreign)
}

/// Opens the value of a browser's cookie, which another node may have sealed under a newer key than
/// this one knows (decision 7).
///
/// # Errors
/// Where the directory can't be read.
pub(super) async fn open_of_any_node<T: KeptByBrowser>(
    cookie: &str,
    key: AttemptKey,
    directory: &LiveDirectory,
    now: UnixTime,
) -> Result<Option<T>, DirectoryError> {
    let snapshot = directory.snapshot(now)?;
    let opened = match open(cookie, key, snapshot.keys()) {
        Err(Unusable::UnknownKey) => {
            let newer = directory.catch_up(now).await?;
            open(cookie, key, newer.keys())
        }
        other => other,
    };
    Ok(opened.ok())
}

fn context<T: KeptByBrowser>(key: &AttemptKey) -> [&[u8]; 2] {
    [T::PURPOSE, &key.0]
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::seal::SealingKey;

    const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

    #[derive(Serialize, Deserialize)]
    struct One;
    #[derive(Serialize, Deserialize)]
    struct Other;

    impl KeptByBrowser for One {
        const PURPOSE: &'static [u8] = b"one";

        fn begun_at(&self) -> UnixTime {
            NOW
        }
    }

    impl KeptByBrowser for Other {
        const PURPOSE: &'static [u8] = b"other";

        fn begun_at(&self) -> UnixTime {
            NOW
        }
    }

    fn ring(byte: u8) -> KeyRing {
        let mut ring = KeyRing::empty();
        ring.add(SealingKey::new([byte; 32]), NOW);
        ring
    }

    fn cookie() -> String {
        let sealed = seal(&One, attempt_key("state"), &ring(1), &SystemEntropy);
        sealed.unwrap().expose().clone()
    }

    fn unusable<T: KeptByBrowser>(cookie: &str, state: &str, ring: &KeyRing) -> Option<Unusable> {
        open::<T>(cookie, attempt_key(state), ring).err()
    }

    #[test]
    fn a_cookie_opens_for_its_state_and_purpose_only() {
        let (cookie, ring) = (cookie(), ring(1));
        assert_eq!(unusable::<One>(&cookie, "state", &ring), None);
        let foreign = Some(Unusable::Foreign);
        assert_eq!(unusable::<One>(&cookie, "other", &ring), foreign);
        assert_eq!(unusable::<Other>(&cookie, "state", &ring), foreign);
        for damaged in ["", "x", cookie.get(1..).unwrap(), &cookie.to_lowercase()] {
            assert!(unusable::<One>(damaged, "state", &ring).is_some());
        }
    }

    #[test]
    fn another_directory_s_cookie_has_an_unknown_key() {
        let unknown = unusable::<One>(&cookie(), "state", &ring(2));
        assert_eq!(unknown, Some(Unusable::UnknownKey));
    }

    #[test]
    fn without_a_key_nothing_is_sealed() {
        let sealed = seal(&One, attempt_key("s"), &KeyRing::empty(), &SystemEntropy);
        assert!(matches!(sealed, Err(Unavailable::Issue(_))));
    }
}
