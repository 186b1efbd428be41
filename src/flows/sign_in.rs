//! A person signs in, by way of their identity provider.
//!
//! ```text
//! begin:  connection ── relying party: authorization URL, attempt
//!            └ browser: cookie with the attempt sealed (10 minutes), redirect to the provider
//! finish: answer ── the cookie opens for its state and connection ── not finished before?
//!            └ relying party: same issuer and client, code exchanged, id_token verified
//!               └ of all callbacks of the attempt one wins
//!                  └ redeem: the id_token signs somebody in once, and is consumed for STS too
//!                     └ session kept ── recorded ── browser: a new session cookie
//! ```

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use super::login_attempt::{self, LoginAttemptKey, UnderWay, Unusable, attempt_key};
use super::record::{PortalRecord, Recorder, Refused, chain};
use super::request::RequestMeta;
use super::unavailable::Unavailable;
use crate::audit::AuditUnavailable;
use crate::directory::{DirectoryError, LiveDirectory};
use crate::domain::{ConnectionId, FederatedIdentity, LocalPath, Secret, SignInId};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::federation::RedeemError;
use crate::federation::connection::ConnectionSettings;
use crate::federation::relying_party::{
    AnswerError, AuthorizationAnswer, RelyingParty, SignInError,
};
use crate::mapping;
use crate::store::{BrowserSession, OneTimeUse, Redeemed, SessionKey, Sessions, StoreError};

/// Why a sign-in was refused.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefusal {
    /// What came back is no answer of a provider: whoever sent the browser here is to blame.
    #[error("the provider's answer can't be read")]
    Answer(#[from] AnswerError),
    /// There is no such connection (any more).
    #[error("there is no connection of this name")]
    UnknownConnection,
    /// The attempt was finished already, or is older than ten minutes.
    #[error("the sign-in was finished already, or begun more than ten minutes ago")]
    NoAttempt,
    /// The browser's cookie is missing, or is of another `state`, connection or directory: another
    /// browser began it, or this one finished it and dropped the cookie.
    #[error("the browser has no sign-in under way with this state at this connection")]
    OtherBrowser,
    /// The provider, or its answer.
    #[error(transparent)]
    Provider(#[from] SignInError),
    /// The id_token signed somebody in before.
    #[error("the provider's answer was used already")]
    UsedAlready,
    /// This node can't answer now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl SignInRefusal {
    /// A code that stays the same, for the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Answer(_) => "UnreadableAnswer",
            Self::UnknownConnection => "UnknownConnection",
            Self::NoAttempt => "NoLoginAttempt",
            Self::OtherBrowser => "OtherBrowser",
            Self::Provider(_) => "SignInRefused",
            Self::UsedAlready => "UsedAlready",
            Self::Unavailable(_) => "ServiceUnavailable",
        }
    }

    /// The check that failed, for the trace.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::UnknownConnection => "connection",
            Self::NoAttempt => "state",
            Self::OtherBrowser => "browser",
            Self::Provider(SignInError::Token(error)) => error.check(),
            Self::Provider(_) => "provider",
            Self::UsedAlready => "one-time use",
            Self::Unavailable(_) => "availability",
        }
    }
}

impl From<RedeemError> for SignInRefusal {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::UsedAlready => Self::UsedAlready,
            RedeemError::Store(error) => Self::Unavailable(error.into()),
        }
    }
}

impl From<StoreError> for SignInRefusal {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<DirectoryError> for SignInRefusal {
    fn from(error: DirectoryError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<EntropyError> for SignInRefusal {
    fn from(error: EntropyError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<AuditUnavailable> for SignInRefusal {
    fn from(error: AuditUnavailable) -> Self {
        Self::Unavailable(error.into())
    }
}

/// How long sessions live.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// After so many seconds without use.
    pub idle_seconds: u32,
    /// After so many seconds in any case.
    pub absolute_seconds: u32,
}

/// A sign-in that was begun.
#[derive(Debug)]
pub struct SignInBegun {
    /// Where the browser is to go.
    pub authorization_url: url::Url,
    /// Names the attempt, and the browser's cookie for it.
    pub attempt: LoginAttemptKey,
    /// What the browser's cookie holds for ten minutes: the attempt, sealed; at most
    /// [`MAX_ATTEMPT_BYTES`](super::MAX_ATTEMPT_BYTES).
    pub sealed: Secret<String>,
}

/// A sign-in that succeeded.
#[derive(Debug)]
pub struct SignedIn {
    /// What the session cookie holds.
    pub session_secret: Secret<String>,
    /// Where the person wanted to go.
    pub return_to: LocalPath,
}

/// The flow and what it needs.
#[derive(Clone)]
pub struct SignIn {
    /// Connections.
    pub directory: Arc<LiveDirectory>,
    /// Speaks to the providers.
    pub relying_party: Arc<RelyingParty>,
    /// Where sessions are kept.
    pub sessions: Arc<dyn Sessions>,
    /// What was used up.
    pub marks: Arc<dyn OneTimeUse>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
    /// Randomness for secrets.
    pub entropy: Arc<dyn Entropy>,
    /// How long sessions live.
    pub limits: SessionLimits,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SignIn")
    }
}

/// A way to sign in.
#[derive(Debug, Clone)]
pub struct WayToSignIn {
    /// The connection.
    pub connection: Arc<ConnectionSettings>,
    /// The origins that its sign-in leads to, for the page's policy.
    pub sites: Vec<String>,
}

impl SignIn {
    /// Every connection that may be chosen.
    ///
    /// # Errors
    /// [`SignInRefusal::Unavailable`]
    pub fn connections(&self, meta: &RequestMeta) -> Result<Vec<WayToSignIn>, SignInRefusal> {
        let snapshot = self.directory.snapshot(meta.now)?;
        let way = |connection: &Arc<ConnectionSettings>| WayToSignIn {
            sites: self.relying_party.leads_to(&connection.issuer, meta.now),
            connection: Arc::clone(connection),
        };
        Ok(snapshot.connections().map(way).collect())
    }

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

    /// Finishes the sign-in that the provider's answer belongs to, for the browser that began it. The
    /// session that it had before, if any, is over.
    ///
    /// # Errors
    /// [`SignInRefusal`]; it is recorded.
    pub async fn finish(
        &self,
        connection: &ConnectionId,
        callback: Callback<'_>,
        meta: &RequestMeta,
    ) -> Result<SignedIn, SignInRefusal> {
        let previous = callback.previous_session;
        let (identity, return_to) = match self.prove(connection, callback, meta).await {
            Ok(proven) => proven,
            Err(refusal) => {
                self.record(connection, None, Some(&refusal), meta).await?;
                return Err(refusal);
            }
        };
        // A session that can't be recorded stays behind a secret that nobody was told.
        let session = self.replace_session(previous, &identity, meta).await;
        self.record(connection, Some(&identity), session.as_ref().err(), meta)
            .await?;
        Ok(SignedIn {
            session_secret: session?,
            return_to,
        })
    }

    async fn replace_session(
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

    /// Records that what came back to the redirect URI is no answer, and gives the refusal.
    pub async fn refuse(
        &self,
        connection: &ConnectionId,
        error: AnswerError,
        meta: &RequestMeta,
    ) -> SignInRefusal {
        let refusal = SignInRefusal::Answer(error);
        match self.record(connection, None, Some(&refusal), meta).await {
            Ok(()) => refusal,
            Err(error) => error.into(),
        }
    }

    async fn try_begin(
        &self,
        connection: &ConnectionId,
        return_to: &LocalPath,
        meta: &RequestMeta,
    ) -> Result<SignInBegun, SignInRefusal> {
        let settings = self.connection(connection, meta).await?;
        let begun = self.relying_party.begin(&settings, meta.now).await?;
        let attempt = attempt_key(begun.state.expose());
        let snapshot = self.directory.snapshot(meta.now)?;
        let under_way = UnderWay::begun(begun.attempt, return_to, meta.now);
        Ok(SignInBegun {
            authorization_url: begun.authorization_url,
            attempt,
            sealed: under_way.seal(attempt, snapshot.keys(), self.entropy.as_ref())?,
        })
    }

    async fn prove(
        &self,
        connection: &ConnectionId,
        callback: Callback<'_>,
        meta: &RequestMeta,
    ) -> Result<(FederatedIdentity, LocalPath), SignInRefusal> {
        let mark = login_attempt::mark_of(callback.answer.state());
        let under_way = self.under_way(connection, &callback, meta).await?;
        if under_way.is_over(meta.now) {
            return Err(SignInRefusal::NoAttempt);
        }
        // Whatever comes of it: a `state` is answered once. Only a browser that began a sign-in here
        // gets so far, and a mark is all that it leaves in the store.
        let keep_until = under_way.expires_at();
        if self.marks.redeem(&mark, keep_until, meta.now).await? == Redeemed::Again {
            return Err(SignInRefusal::NoAttempt);
        }
        let settings = self.connection(connection, meta).await?;
        let proven = self
            .relying_party
            .finish(&settings, &under_way.attempt, callback.answer, meta.now)
            .await?;
        let identity = proven.redeem(self.marks.as_ref(), meta.now).await?;
        Ok((identity, under_way.return_to()))
    }

    /// The attempt in the browser's cookie. Another node may have sealed it under a newer key than
    /// this one knows (decision 7).
    async fn under_way(
        &self,
        connection: &ConnectionId,
        callback: &Callback<'_>,
        meta: &RequestMeta,
    ) -> Result<UnderWay, SignInRefusal> {
        let cookie = callback.sealed.ok_or(SignInRefusal::OtherBrowser)?;
        let key = attempt_key(callback.answer.state());
        let snapshot = self.directory.snapshot(meta.now)?;
        let opened = match UnderWay::open(cookie, connection, key, snapshot.keys()) {
            Err(Unusable::UnknownKey) => {
                let newer = self.directory.catch_up(meta.now).await?;
                UnderWay::open(cookie, connection, key, newer.keys())
            }
            other => other,
        };
        opened.map_err(|_| SignInRefusal::OtherBrowser)
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

    async fn connection(
        &self,
        id: &ConnectionId,
        meta: &RequestMeta,
    ) -> Result<Arc<ConnectionSettings>, SignInRefusal> {
        let snapshot = self.directory.snapshot(meta.now)?;
        if let Some(connection) = snapshot.connection(id) {
            return Ok(Arc::clone(connection));
        }
        let newer = self.directory.catch_up(meta.now).await?;
        newer
            .connection(id)
            .cloned()
            .ok_or(SignInRefusal::UnknownConnection)
    }

    fn secret(&self) -> Result<Secret<String>, EntropyError> {
        let bytes: [u8; 32] = draw(self.entropy.as_ref())?;
        Ok(Secret::new(data_encoding::BASE64URL_NOPAD.encode(&bytes)))
    }

    async fn record(
        &self,
        connection: &ConnectionId,
        identity: Option<&FederatedIdentity>,
        refusal: Option<&SignInRefusal>,
        meta: &RequestMeta,
    ) -> Result<(), AuditUnavailable> {
        // Why a person sees a role or doesn't is answered where they came in.
        let rules = match (identity, self.directory.snapshot(meta.now)) {
            (Some(identity), Ok(snapshot)) => mapping::apply(snapshot.rules(), identity).trace,
            _ => Vec::new(),
        };
        let refused = refusal.map(|refusal| Refused {
            check: refusal.check(),
            code: refusal.code(),
            why: chain(refusal),
        });
        let record = PortalRecord {
            name: "SignIn",
            connection: Some(connection.as_str()),
            identity,
            refused,
            rules: &rules,
        };
        self.recorder.portal(meta, &record).await
    }
}

/// What came back to the redirect URI. It holds cookies, so it has no `Debug`.
pub struct Callback<'a> {
    /// The provider's answer.
    pub answer: AuthorizationAnswer,
    /// What the browser's cookie for this attempt holds.
    pub sealed: Option<&'a str>,
    /// What its session cookie holds.
    pub previous_session: Option<&'a str>,
}

/// The name of the session that a cookie opens.
pub(super) fn session_key(secret: &str) -> SessionKey {
    SessionKey(sha256(secret))
}

pub(super) fn sha256(text: &str) -> [u8; 32] {
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
