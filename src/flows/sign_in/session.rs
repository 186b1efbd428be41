//! The session that a sign-in opens, behind a secret that only the browser has.

use aws_lc_rs::digest::{SHA256, digest};

use super::{SignIn, SignInRefusal};
use crate::domain::{FederatedIdentity, Secret, SignInId};
use crate::entropy::{EntropyError, draw};
use crate::flows::request::RequestMeta;
use crate::store::{BrowserSession, SessionKey};

impl SignIn {
    /// Ends the session that the browser had, if any, and opens a new one.
    pub(super) async fn replace_session(
        &self,
        previous: Option<&str>,
        identity: &FederatedIdentity,
        meta: &RequestMeta,
    ) -> Result<Secret<String>, SignInRefusal> {
        if let Some(previous) = previous {
            self.sessions.end(&session_key(previous)).await?;
        }
        self.open_session(identity.clone(), meta).await
    }

    async fn open_session(
        &self,
        identity: FederatedIdentity,
        meta: &RequestMeta,
    ) -> Result<Secret<String>, SignInRefusal> {
        let secret = self.secret()?;
        let session = BrowserSession {
            sign_in: SignInId::from_random(draw(self.entropy.as_ref())?),
            display_name: display_name(&identity),
            identity,
            created_at: meta.now,
            last_seen: meta.now,
            idle_seconds: self.limits.idle_seconds,
            ends_at: meta.now.plus(self.limits.absolute_seconds.into()),
        };
        self.sessions
            .create(&session_key(secret.expose()), &session)
            .await?;
        Ok(secret)
    }

    fn secret(&self) -> Result<Secret<String>, EntropyError> {
        let bytes: [u8; 32] = draw(self.entropy.as_ref())?;
        Ok(Secret::new(data_encoding::BASE64URL_NOPAD.encode(&bytes)))
    }
}

/// The name of the session that a cookie opens.
pub(in crate::flows) fn session_key(secret: &str) -> SessionKey {
    SessionKey(sha256(secret))
}

pub(in crate::flows) fn sha256(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

/// The person's name, verified e-mail address or subject, whichever is there first.
fn display_name(identity: &FederatedIdentity) -> String {
    let usable = |name: &str| {
        let claim = identity
            .claims
            .get(name)
            .filter(|claim| claim.unusable.is_none())?;
        claim
            .values
            .first()
            .filter(|value| !value.trim().is_empty())
            .cloned()
    };
    let found = usable("name").or_else(|| usable("email"));
    found.unwrap_or_else(|| identity.subject.to_string())
}
