//! A sign-in under way.

use serde::{Deserialize, Serialize};

use super::kept_by_browser::KeptByBrowser;
use super::sign_in::{session_name, session_named, sha256};
use crate::domain::{LocalPath, UnixTime};
use crate::federation::sign_in::LoginAttempt;
use crate::store::SessionKey;

/// What the mark of a used secret is, so that no other mark is taken for it.
const MARK: &str = "rolegate login state ";

/// The name of the mark that the sign-in with this secret was answered. A SAML request has one secret,
/// so that it is the mark of its ID too.
pub(super) fn mark_of(state: &str) -> [u8; 32] {
    sha256(&[MARK, state].concat())
}

/// A sign-in under way, and what it is to lead to. The store learns of it only once somebody was
/// proven.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnderWay {
    pub(super) attempt: LoginAttempt,
    return_to: String,
    begun_at: UnixTime,
    /// The name of the session that the browser had then. What a provider posts
    /// comes without the session's own cookie.
    session: Option<String>,
}

impl UnderWay {
    pub(super) fn begun(
        attempt: LoginAttempt,
        return_to: &LocalPath,
        session: Option<SessionKey>,
        now: UnixTime,
    ) -> Self {
        Self {
            attempt,
            return_to: return_to.to_string(),
            begun_at: now,
            session: session.map(|key| session_name(&key)),
        }
    }

    /// Where the person wanted to go.
    pub(super) fn return_to(&self) -> LocalPath {
        let path = self.return_to.parse();
        path.unwrap_or_else(|_| LocalPath::root())
    }

    /// The session that the browser had when it left.
    pub(super) fn session(&self) -> Option<SessionKey> {
        session_named(self.session.as_ref()?)
    }
}

impl KeptByBrowser for UnderWay {
    const PURPOSE: &'static [u8] = b"login attempt";

    fn begun_at(&self) -> UnixTime {
        self.begun_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::federation::relying_party::LoginAttempt as OidcAttempt;
    use crate::federation::saml::browser_sso::SamlAttempt;
    use crate::flows::kept_by_browser::{MAX_ATTEMPT_BYTES, attempt_key, open, seal};
    use crate::seal::{KeyRing, SealingKey};

    const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

    /// The longest path to return to, of characters that JSON escapes.
    fn begun(attempt: LoginAttempt) -> UnderWay {
        let path = ["/", &"\"".repeat(LocalPath::MAX_BYTES - 1)].concat();
        UnderWay {
            return_to: path,
            ..UnderWay::begun(attempt, &LocalPath::root(), Some(SessionKey([7; 32])), NOW)
        }
    }

    fn ring() -> KeyRing {
        let mut ring = KeyRing::empty();
        ring.add(SealingKey::new([1; 32]), NOW);
        ring
    }

    fn cookie(under_way: &UnderWay) -> String {
        let sealed = seal(under_way, attempt_key("s"), &ring(), &SystemEntropy);
        sealed.unwrap().expose().clone()
    }

    #[test]
    fn the_largest_attempts_fit_into_a_cookie() {
        let issuer = ["https://idp.example.com/", &"i".repeat(231)].concat();
        let oidc = LoginAttempt::Oidc(OidcAttempt {
            connection: "c".repeat(64).parse().unwrap(),
            issuer: issuer.parse().unwrap(),
            client_id: "\u{1f511}".repeat(255).parse().unwrap(),
            nonce: "n".repeat(43),
            pkce_verifier: "v".repeat(43),
        });
        let saml = LoginAttempt::Saml(SamlAttempt {
            connection: "c".repeat(64).parse().unwrap(),
            issuer: "0".repeat(64),
            request: ["_", &"0".repeat(32)].concat().parse().unwrap(),
            begun_at: NOW,
        });
        for attempt in [oidc, saml] {
            assert!(cookie(&begun(attempt)).len() <= MAX_ATTEMPT_BYTES);
        }
    }

    #[test]
    fn what_was_begun_is_there_again() {
        let attempt = LoginAttempt::Saml(SamlAttempt {
            connection: "partners".parse().unwrap(),
            issuer: "0".repeat(64),
            request: "_q".parse().unwrap(),
            begun_at: NOW,
        });
        let under_way = UnderWay::begun(
            attempt.clone(),
            &"/roles".parse().unwrap(),
            Some(SessionKey([7; 32])),
            NOW,
        );
        let opened: Result<UnderWay, _> = open(&cookie(&under_way), attempt_key("s"), &ring());
        let opened = opened.ok().unwrap();
        assert!(opened.attempt == attempt);
        assert_eq!(opened.return_to().to_string(), "/roles");
        assert_eq!(opened.session(), Some(SessionKey([7; 32])));
    }
}
