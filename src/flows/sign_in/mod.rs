//! A person signs in, by way of their identity provider.
//!
//! ```text
//! begin:  connection ── relying party: authorization URL, attempt
//!            └ browser: cookie with the attempt sealed (10 minutes), redirect to the provider
//! finish: answer ── the cookie opens for its state and connection ── not answered before?
//!            └ relying party: same issuer and client, code exchanged, id_token verified
//!               └ marked as answered: of all callbacks of the attempt one wins
//!                  └ redeem: the id_token signs somebody in once, and is consumed for STS too
//!                     └ session kept ── recorded ── browser: a new session cookie
//! ```

mod begin;
mod finish;
mod refusal;
mod session;

use std::fmt;
use std::sync::Arc;

pub use begin::SignInBegun;
pub use finish::{Callback, SignedIn};
pub use refusal::SignInRefusal;
pub(super) use session::{session_key, sha256};

use super::answers::Answers;
use super::record::{PortalRecord, Recorder, Refused, chain};
use super::request::RequestMeta;
use crate::audit::AuditUnavailable;
use crate::directory::LiveDirectory;
use crate::domain::{ConnectionId, FederatedIdentity};
use crate::entropy::Entropy;
use crate::federation::connection::{ConnectionSettings, OidcConnection};
use crate::federation::relying_party::RelyingParty;
use crate::mapping;
use crate::store::{OneTimeUse, Sessions};

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
    /// Which sign-ins were answered, and are being.
    pub answers: Arc<Answers>,
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

/// How long sessions live.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// After so many seconds without use.
    pub idle_seconds: u32,
    /// After so many seconds in any case.
    pub absolute_seconds: u32,
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
        let way = |connection: &Arc<ConnectionSettings>| {
            let issuer = &connection.oidc()?.settings.issuer;
            Some(WayToSignIn {
                sites: self.relying_party.leads_to(issuer, meta.now),
                connection: Arc::clone(connection),
            })
        };
        Ok(snapshot.connections().filter_map(way).collect())
    }

    /// The connection as this node knows it, or as the log has it by now.
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

/// The connection as one that speaks OpenID Connect; no other one has a sign-in of this kind.
fn oidc(settings: &ConnectionSettings) -> Result<OidcConnection<'_>, SignInRefusal> {
    settings.oidc().ok_or(SignInRefusal::UnknownConnection)
}
