//! The first half: the browser leaves for the provider.

use super::{SignIn, SignInRefusal, oidc};
use crate::domain::{ConnectionId, LocalPath, Secret};
use crate::flows::login_attempt::{LoginAttemptKey, UnderWay, attempt_key};
use crate::flows::request::RequestMeta;

/// A sign-in that was begun.
#[derive(Debug)]
pub struct SignInBegun {
    /// Where the browser is to go.
    pub authorization_url: url::Url,
    /// Names the attempt, and the browser's cookie for it.
    pub attempt: LoginAttemptKey,
    /// What the browser's cookie holds for ten minutes: the attempt, sealed; at most
    /// [`MAX_ATTEMPT_BYTES`](crate::flows::MAX_ATTEMPT_BYTES).
    pub sealed: Secret<String>,
}

impl SignIn {
    /// Begins a sign-in at a connection.
    ///
    /// # Errors
    /// [`SignInRefusal`]; it is recorded.
    pub async fn begin(
        &self,
        connection: &ConnectionId,
        return_to: &LocalPath,
        meta: &RequestMeta,
    ) -> Result<SignInBegun, SignInRefusal> {
        let begun = self.try_begin(connection, return_to, meta).await;
        if let Err(refusal) = &begun {
            self.record(connection, None, Some(refusal), meta).await?;
        }
        begun
    }

    async fn try_begin(
        &self,
        connection: &ConnectionId,
        return_to: &LocalPath,
        meta: &RequestMeta,
    ) -> Result<SignInBegun, SignInRefusal> {
        let settings = self.connection(connection, meta).await?;
        let begun = self.relying_party.begin(oidc(&settings)?, meta.now).await?;
        let attempt = attempt_key(begun.state.expose());
        let snapshot = self.directory.snapshot(meta.now)?;
        let under_way = UnderWay::begun(begun.attempt, return_to, meta.now);
        Ok(SignInBegun {
            authorization_url: begun.authorization_url,
            attempt,
            sealed: under_way.seal(attempt, snapshot.keys(), self.entropy.as_ref())?,
        })
    }
}
