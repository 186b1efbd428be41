//! A person who signs out here leaves for their OpenID Connect provider (RP-Initiated Logout 1.0), and comes
//! back.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::SignOut;
use super::here::TellingProvider;
use crate::domain::{ConnectionId, ProviderRef, UnixTime};
use crate::entropy::draw;
use crate::federation::sign_in::Departure;
use crate::flows::kept_by_browser::{KeptByBrowser, attempt_key, open_of_any_node, seal};
use crate::flows::request::RequestMeta;
use crate::flows::unavailable::Unavailable;
use crate::store::BrowserSession;

/// A logout under way: what the browser must come back with.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogoutUnderWay {
    /// The connection whose provider is told.
    connection: ConnectionId,
    begun_at: UnixTime,
}

impl KeptByBrowser for LogoutUnderWay {
    const PURPOSE: &'static [u8] = b"oidc logout";

    fn begun_at(&self) -> UnixTime {
        self.begun_at
    }
}

impl SignOut {
    /// How the browser tells an OpenID Connect provider; `None` where it has no address for that, or can't
    /// be asked.
    pub(super) async fn tell_oidc(
        &self,
        session: &BrowserSession,
        meta: &RequestMeta,
    ) -> Option<TellingProvider> {
        let ProviderRef::Connection(id) = &session.identity.provider else {
            return None;
        };
        let snapshot = self.directory.snapshot(meta.now).ok()?;
        let connection = snapshot.connection(id)?;
        if !connection.is_of(&session.identity.issuer) {
            return None;
        }
        let connection = connection.oidc()?;
        let state = BASE64URL_NOPAD.encode(&draw::<32>(self.entropy.as_ref()).ok()?);
        let own = session.details.oidc.as_ref();
        let url = self.oidc.begin(connection, own, &state, meta.now).await?;
        let attempt = attempt_key(&state);
        let under_way = LogoutUnderWay {
            connection: id.clone(),
            begun_at: meta.now,
        };
        let sealed = seal(&under_way, attempt, snapshot.keys(), self.entropy.as_ref());
        Some(TellingProvider {
            departure: Departure::Redirect(url.into()),
            sites: Vec::new(),
            attempt,
            sealed: sealed.ok()?,
        })
    }

    /// Whether the browser, whose cookie is `sealed`, comes back from the logout that it left for. Nothing
    /// proves that the provider did what it was asked.
    ///
    /// # Errors
    /// [`Unavailable`] where the directory can't be read.
    pub async fn returned(
        &self,
        state: &str,
        sealed: &str,
        meta: &RequestMeta,
    ) -> Result<bool, Unavailable> {
        let opened = open_of_any_node(sealed, attempt_key(state), &self.directory, meta.now);
        let under_way: Option<LogoutUnderWay> = opened.await?;
        Ok(under_way.is_some_and(|it| !it.is_over(meta.now)))
    }
}
