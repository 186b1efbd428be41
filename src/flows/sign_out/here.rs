//! A person signs out here.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::SignOut;
use crate::audit::AuditUnavailable;
use crate::decisions::Beside;
use crate::domain::{ConnectionId, ProviderRef, Secret, Subject, UnixTime};
use crate::entropy::draw;
use crate::federation::saml::checks::{MAX_AGE, SKEW};
use crate::federation::saml::messages::MessageId;
use crate::federation::sign_in::Departure;
use crate::flows::kept_by_browser::{AttemptKey, KeptByBrowser, attempt_key, seal};
use crate::flows::party::{saml_party, sites};
use crate::flows::portal::OpenBrowserSession;
use crate::flows::record::PortalRecord;
use crate::flows::request::RequestMeta;
use crate::flows::unavailable::Unavailable;
use crate::metrics::Operation;
use crate::store::{BrowserSession, Logout, StoreError};

/// The session is over; what is left to do.
#[derive(Debug)]
pub enum SignedOut {
    /// Nothing: the provider is not to be told, or can't be.
    Here,
    /// The browser tells the provider.
    ToProvider(Box<TellingProvider>),
}

/// A browser that leaves to tell the provider.
#[derive(Debug)]
pub struct TellingProvider {
    /// How it leaves.
    pub departure: Departure,
    /// The origins that this leads to, for the policy of a page with a form.
    pub sites: Vec<String>,
    /// Names what is awaited, and the browser's cookie for it.
    pub attempt: AttemptKey,
    /// What the browser's cookie holds for ten minutes.
    pub sealed: Secret<String>,
}

/// A logout under way: what its answer must match.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogoutUnderWay {
    /// The connection whose provider is told.
    pub(super) connection: ConnectionId,
    /// The ID of the request: 128 random bits.
    pub(super) request: MessageId,
    /// Who signs out, for the record.
    pub(super) subject: Subject,
    begun_at: UnixTime,
}

impl KeptByBrowser for LogoutUnderWay {
    const PURPOSE: &'static [u8] = b"logout";

    fn begun_at(&self) -> UnixTime {
        self.begun_at
    }
}

impl SignOut {
    /// Ends the session at once, and with a SAML provider's all others that the person has by it; and
    /// tells the provider where it has an address for that. That it can't be told keeps nobody signed
    /// in.
    ///
    /// # Errors
    /// [`Unavailable`]; sessions may go on then.
    pub async fn here(
        &self,
        open: &OpenBrowserSession,
        meta: &RequestMeta,
    ) -> Result<SignedOut, Unavailable> {
        let ended = self.end(open).await?;
        self.record_own(Operation::SignOut, open, ended, meta)
            .await?;
        Ok(self.leave(&open.session, meta).await)
    }

    /// Records what a person did with their own sessions.
    pub(super) async fn record_own(
        &self,
        operation: Operation,
        open: &OpenBrowserSession,
        ended: usize,
        meta: &RequestMeta,
    ) -> Result<(), AuditUnavailable> {
        let record = PortalRecord {
            operation,
            connection: None,
            registered: None,
            person: Some((&open.session.identity).into()),
            refused: None,
            rules: &[],
            sessions_ended: Some(ended),
            beside: Beside::default(),
        };
        self.recorder.portal(meta, &record).await
    }

    /// How the browser leaves once its session is over.
    pub(super) async fn leave(&self, session: &BrowserSession, meta: &RequestMeta) -> SignedOut {
        let telling = match self.tell(session, meta) {
            Some(telling) => Some(telling),
            None => self.tell_oidc(session, meta).await,
        };
        match telling {
            Some(telling) => SignedOut::ToProvider(Box::new(telling)),
            None => SignedOut::Here,
        }
    }

    /// Ends the session, and with a SAML provider's all others of the person; how many there were.
    async fn end(&self, open: &OpenBrowserSession) -> Result<usize, StoreError> {
        let session = &open.session;
        let own = usize::from(self.sessions.end(&open.key()).await?.is_some());
        if session.provider_session.is_none() {
            return Ok(own);
        }
        // By the provider's own clock: what it issued before this sign-in is over, what it issues from
        // now on is a new one.
        let at = session.proof_issued_at.plus(-1);
        let keep_until = at.plus(MAX_AGE + SKEW);
        let logout = Logout { at, keep_until };
        Ok(own + self.sessions.end_all(&session.person, logout).await?.len())
    }

    /// How the browser tells a SAML provider; `None` where it is not to, or can't.
    fn tell(&self, session: &BrowserSession, meta: &RequestMeta) -> Option<TellingProvider> {
        let provider_session = session.provider_session.as_ref()?;
        let ProviderRef::Connection(connection) = &session.identity.provider else {
            return None;
        };
        let snapshot = self.directory.snapshot(meta.now).ok()?;
        let party = saml_party(&snapshot, connection).ok()?;
        let state = BASE64URL_NOPAD.encode(&draw::<32>(self.entropy.as_ref()).ok()?);
        let begun = self.logout.begin(party, provider_session, &state, meta.now);
        let begun = begun.unwrap_or_else(|error| {
            tracing::warn!(%connection, %error, "a SAML provider can't be told of a sign-out");
            None
        })?;
        let attempt = attempt_key(&state);
        let under_way = LogoutUnderWay {
            connection: connection.clone(),
            request: begun.request,
            subject: session.identity.subject.clone(),
            begun_at: meta.now,
        };
        let sealed = seal(&under_way, attempt, snapshot.keys(), self.entropy.as_ref());
        Some(TellingProvider {
            departure: begun.departure,
            sites: sites(&snapshot, connection),
            attempt,
            sealed: sealed.ok()?,
        })
    }
}
