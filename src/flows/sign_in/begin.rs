//! The first half: the browser leaves for the provider.

use super::{Attempted, SignIn, SignInRefusal, session_key};
use crate::domain::{ConnectionId, EmailAddress, LocalPath, Secret};
use crate::federation::sign_in::Departure;
use crate::flows::kept_by_browser::{AttemptKey, attempt_key, seal};
use crate::flows::login_attempt::UnderWay;
use crate::flows::party::{party, sites};
use crate::flows::request::RequestMeta;

/// What a person asks for. It holds a cookie, so it has no `Debug`.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// The connection that they chose.
    pub connection: &'a ConnectionId,
    /// Where they want to go.
    pub return_to: &'a LocalPath,
    /// What the browser's session cookie holds.
    pub session: Option<&'a str>,
    /// The e-mail address that they gave, which nobody has proven.
    pub email: Option<&'a EmailAddress>,
}

/// A sign-in that was begun.
#[derive(Debug)]
pub struct SignInBegun {
    /// How the browser is to leave.
    pub departure: Departure,
    /// The origins that this leads to, for the policy of a page with a form.
    pub sites: Vec<String>,
    /// Names the attempt, and the browser's cookie for it.
    pub attempt: AttemptKey,
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
        wish: Wish<'_>,
        meta: &RequestMeta,
    ) -> Result<SignInBegun, SignInRefusal> {
        let begun = self.try_begin(wish, meta).await;
        if let Err(refusal) = &begun {
            let attempt = Attempted::by(Some(wish.connection));
            self.record(attempt, Some(refusal), meta).await?;
        }
        begun
    }

    async fn try_begin(
        &self,
        wish: Wish<'_>,
        meta: &RequestMeta,
    ) -> Result<SignInBegun, SignInRefusal> {
        let snapshot = self.directory_with(wish.connection, meta).await?;
        let party = party(&snapshot, wish.connection)?;
        let begun = self.providers.begin(party, wish.email, meta.now).await?;
        let attempt = attempt_key(begun.state.expose());
        let session = wish.session.map(session_key);
        let under_way = UnderWay::begun(begun.attempt, wish.return_to, session, meta.now);
        Ok(SignInBegun {
            departure: begun.departure,
            sites: sites(&snapshot, wish.connection),
            attempt,
            sealed: seal(&under_way, attempt, snapshot.keys(), self.entropy.as_ref())?,
        })
    }
}
