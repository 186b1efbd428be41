//! Logout by OpenID Connect, from either side.
//!
//! ```text
//! ours         begin ─> the provider's end_session_endpoint … back to /signed-out with our state
//! provider's   logout_token ─ signature, issuer, audience, times, event ─> LoggedOut
//! ```
//! RP-Initiated Logout 1.0 and Back-Channel Logout 1.0.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use url::Url;

use super::connection::OidcConnection;
use super::id_token::{LoggedOut, TokenError, UnverifiedLogoutToken};
use super::key_cache::KeyCache;
use crate::domain::{Audience, IssuerName, OidcSession, UnixTime};

/// Where a provider sends the browser back to, below our own URL.
pub const SIGNED_OUT: &str = "/signed-out";

/// Speaks of logouts to OpenID Connect providers.
pub struct OidcLogout {
    keys: Arc<KeyCache>,
    public_url: Url,
}

impl OidcLogout {
    /// Of a node that is reached at `public_url`.
    pub const fn new(keys: Arc<KeyCache>, public_url: Url) -> Self {
        Self { keys, public_url }
    }

    /// Where a browser tells the provider that its person signs out (RP-Initiated Logout 1.0, section 2);
    /// `None` where the provider has no address for that, or can't be asked whether it has.
    ///
    /// Without an id_token to show, the provider may ask the person whether they mean it.
    pub async fn begin(
        &self,
        connection: OidcConnection<'_>,
        session: Option<&OidcSession>,
        state: &str,
        now: UnixTime,
    ) -> Option<Url> {
        let settings = connection.settings;
        let metadata = self.keys.metadata(&settings.issuer, now).await.ok()?;
        let mut url = metadata.end_session_endpoint.clone()?;
        let hint = session.and_then(|session| session.id_token.as_ref());
        let mut query = url.query_pairs_mut();
        if let Some(hint) = hint {
            query.append_pair("id_token_hint", hint.expose());
        }
        query
            .append_pair("client_id", settings.client_id.as_str())
            .append_pair("post_logout_redirect_uri", self.signed_out()?.as_str())
            .append_pair("state", state);
        drop(query);
        Some(url)
    }

    /// That a session at the connection's provider is over, if it is the provider who says so.
    pub async fn verify(
        &self,
        connection: OidcConnection<'_>,
        token: UnverifiedLogoutToken<'_>,
        now: UnixTime,
    ) -> Result<LoggedOut, TokenError> {
        let settings = connection.settings;
        let of = (&settings.issuer, &settings.client_id);
        token.verify(of, &self.keys, now).await
    }

    fn signed_out(&self) -> Option<Url> {
        let mut url = self.public_url.clone();
        url.set_query(None);
        url.set_fragment(None);
        let name = SIGNED_OUT.trim_start_matches('/');
        url.path_segments_mut().ok()?.pop_if_empty().push(name);
        Some(url)
    }
}

/// The name of the mark that a session at a provider is over: none of ours may begin with it any more. No
/// issuer has a space, and no client a line break.
pub fn over_mark(issuer: &IssuerName, client: &Audience, sid: &str) -> [u8; 32] {
    let (issuer, client) = (issuer.as_str(), client.as_str());
    let name = ["oidc session ", issuer, " ", client, "\n", sid].concat();
    let mut mark = [0; 32];
    mark.copy_from_slice(digest(&SHA256, name.as_bytes()).as_ref());
    mark
}

impl fmt::Debug for OidcLogout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OidcLogout")
    }
}
