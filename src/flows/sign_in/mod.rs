//! A person signs in, by way of their identity provider.
//!
//! ```text
//! begin:  connection ── federation::sign_in: how the browser leaves, the attempt
//!            └ browser: cookie with the attempt sealed (10 minutes), redirect or form to the provider
//! finish: answer ── its origin: the cookie opens for its state; or the provider began, and may
//!            └ not answered before? ── federation::sign_in: same provider, the proof verified
//!               └ marked as answered: of all callbacks of the attempt one wins
//!                  └ redeem: the proof signs somebody in once, and is consumed for STS too
//!                     └ session kept, unless logged out since ── recorded ── a new session cookie
//! ```

mod begin;
mod finish;
mod origin;
mod refusal;
mod session;

use std::fmt;
use std::sync::Arc;

pub use begin::{SignInBegun, Wish};
pub use finish::{Callback, SignedIn};
pub use origin::BegunHere;
pub use refusal::SignInRefusal;
pub(super) use session::{session_key, session_name, session_named, sha256};

use super::answers::Answers;
use super::party::party;
use super::portal::verdicts;
use super::record::{PortalRecord, Recorder, Refused};
use super::request::RequestMeta;
use crate::audit::AuditUnavailable;
use crate::causes::with_causes;
use crate::decisions::Beside;
use crate::directory::{LiveDirectory, Snapshot};
use crate::domain::{ConnectionId, FederatedIdentity, HostName};
use crate::entropy::Entropy;
use crate::federation::connection::ConnectionSettings;
use crate::federation::sign_in::ProviderSignIn;
use crate::mapping::{self, Mapped};
use crate::metrics::Operation;
use crate::store::{BrowserSession, OneTimeUse, Sessions};

/// The flow and what it needs.
#[derive(Clone)]
pub struct SignIn {
    /// Connections.
    pub directory: Arc<LiveDirectory>,
    /// Speaks to the providers.
    pub providers: Arc<ProviderSignIn>,
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
            // A provider of which nothing is known yet leads nowhere.
            let party = party(&snapshot, &connection.id).ok();
            let sites = party.map(|party| self.providers.leads_to(party, meta.now));
            WayToSignIn {
                sites: sites.unwrap_or_default(),
                connection: Arc::clone(connection),
            }
        };
        Ok(snapshot.connections().map(way).collect())
    }

    /// The connection that addresses of this domain lead to. That there is one says nothing of a person.
    ///
    /// # Errors
    /// [`SignInRefusal::Unavailable`]
    pub fn connection_of(
        &self,
        domain: &HostName,
        meta: &RequestMeta,
    ) -> Result<Option<ConnectionId>, SignInRefusal> {
        let snapshot = self.directory.snapshot(meta.now)?;
        let mut connections = snapshot.connections();
        let found = connections.find(|connection| connection.domains.has(domain));
        Ok(found.map(|connection| connection.id.clone()))
    }

    /// The directory with this connection: as this node knows it, or as the log has it by now.
    async fn directory_with(
        &self,
        connection: &ConnectionId,
        meta: &RequestMeta,
    ) -> Result<Arc<Snapshot>, SignInRefusal> {
        let snapshot = self.directory.snapshot(meta.now)?;
        if snapshot.connection(connection).is_some() {
            return Ok(snapshot);
        }
        let newer = self.directory.catch_up(meta.now).await?;
        match newer.connection(connection) {
            Some(_) => Ok(newer),
            None => Err(SignInRefusal::UnknownConnection),
        }
    }

    async fn record(
        &self,
        attempted: Attempted<'_>,
        refusal: Option<&SignInRefusal>,
        meta: &RequestMeta,
    ) -> Result<(), AuditUnavailable> {
        // Why a person sees a role or doesn't is answered where they came in.
        let snapshot = self.directory.snapshot(meta.now).ok();
        let mapped = match (attempted.identity, &snapshot) {
            (Some(identity), Some(snapshot)) => mapping::apply(snapshot.rules(), identity),
            _ => Mapped::default(),
        };
        let roles = match (attempted.session, &snapshot) {
            (Some(session), Some(snapshot)) => verdicts(session, &mapped.grants, snapshot, meta),
            _ => Vec::new(),
        };
        let is_there = |id: &&ConnectionId| {
            snapshot
                .as_ref()
                .is_some_and(|it| it.connection(id).is_some())
        };
        let registered = attempted.connection.filter(is_there);
        let refused = refusal.map(|refusal| Refused {
            check: refusal.check(),
            code: refusal.code(),
            why: with_causes(refusal),
            is_alarm: refusal.is_alarm(),
        });
        let record = PortalRecord {
            operation: Operation::SignIn,
            connection: attempted.connection.map(ConnectionId::as_str),
            registered,
            person: attempted.identity.map(Into::into),
            refused,
            rules: &mapped.trace,
            sessions_ended: None,
            beside: Beside {
                claims: attempted.identity.map(|identity| &identity.claims),
                roles: &roles,
                sign_in: attempted.session.map(|session| session.sign_in),
                generation: snapshot.as_ref().map(|snapshot| snapshot.generation()),
                ..Beside::default()
            },
        };
        self.recorder.portal(meta, &record).await
    }
}

/// How far a sign-in came.
#[derive(Clone, Copy, Default)]
struct Attempted<'a> {
    /// The connection, as far as it is known.
    connection: Option<&'a ConnectionId>,
    /// Who was proven.
    identity: Option<&'a FederatedIdentity>,
    /// The session that was opened.
    session: Option<&'a BrowserSession>,
}

impl<'a> Attempted<'a> {
    /// One in which nobody was proven.
    fn by(connection: Option<&'a ConnectionId>) -> Self {
        Self {
            connection,
            ..Self::default()
        }
    }
}
