//! A person signs out: here, or at their provider.
//!
//! ```text
//! here      sessions ended at once ── SAML? LogoutRequest, signed ── browser: cookie (10 minutes), leaves
//!              └ answered: LogoutResponse ── the cookie opens ── proven ── everywhere, or not
//!           └ OpenID Connect? end_session_endpoint ── the same cookie, leaves
//!              └ returned: state ── the cookie opens
//! provider  LogoutRequest ── proven ── used once ── all sessions of the person end
//!           │  └ recorded ── LogoutResponse, signed ── browser: back to the provider
//!           └ logout_token ── proven ── taken once ── the sessions end that came of its own, and their keys
//! own       the person's sessions, told ── some of them end, and their keys
//! ```
//! Keys that were taken go on after a sign-out until they end (decision 32); whoever ends a session from
//! elsewhere ends its keys, too (decision 92).

mod answered;
mod asked;
mod back_channel;
mod here;
mod own;
mod refusal;
mod rp_initiated;

use std::fmt;
use std::sync::Arc;

pub use asked::ProviderLoggedOut;
pub use here::{SignedOut, TellingProvider};
pub use own::{OwnSession, SignedOutEverywhere};
pub use refusal::LogoutRefusal;

use super::end_sessions::EndSessions;
use super::record::{Person, PortalRecord, Recorder, Refused};
use super::request::RequestMeta;
use crate::audit::AuditUnavailable;
use crate::causes::with_causes;
use crate::decisions::Beside;
use crate::directory::{LiveDirectory, Snapshot};
use crate::domain::{Audience, ConnectionId, IssuerName, Subject};
use crate::entropy::Entropy;
use crate::federation::oidc_logout::OidcLogout;
use crate::federation::saml::single_logout::SingleLogout;
use crate::metrics::Operation;
use crate::store::{OneTimeUse, Sessions, Stock};

/// The flow and what it needs.
#[derive(Clone)]
pub struct SignOut {
    /// Connections, their providers, our keys.
    pub directory: Arc<LiveDirectory>,
    /// Where sessions are kept.
    pub sessions: Arc<dyn Sessions>,
    /// What was used up.
    pub marks: Arc<dyn OneTimeUse>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
    /// Randomness for secrets.
    pub entropy: Arc<dyn Entropy>,
    /// Speaks to SAML providers.
    pub logout: Arc<SingleLogout>,
    /// Speaks to OpenID Connect providers.
    pub oidc: Arc<OidcLogout>,
    /// Ends sessions with their keys.
    pub ends: EndSessions,
    /// All sessions, to be looked through where a provider names one and nobody.
    pub stock: Arc<dyn Stock>,
    /// What SAML providers call us, for records.
    pub audience: Audience,
}

impl fmt::Debug for SignOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SignOut")
    }
}

/// What is known of a logout, for its record, whatever becomes of it.
#[derive(Debug, Default)]
struct Known {
    connection: Option<ConnectionId>,
    /// Who it is, as far as it was proven.
    person: Option<(IssuerName, Subject)>,
    /// What an OpenID Connect provider calls us.
    client: Option<Audience>,
    /// How many sessions are over.
    ended: Option<usize>,
}

impl SignOut {
    /// Records that a message is none, and gives the refusal.
    pub async fn refuse(&self, refusal: LogoutRefusal, meta: &RequestMeta) -> LogoutRefusal {
        let saml = Operation::SamlLogout;
        match self
            .record(saml, &Known::default(), Some(&refusal), meta)
            .await
        {
            Ok(()) => refusal,
            Err(error) => error.into(),
        }
    }

    /// What `prove` makes of a message by the snapshot at hand, and once more where that refuses and a
    /// newer one is there that may not (decision 7); with the snapshot that counted.
    async fn by_newest<T>(
        &self,
        meta: &RequestMeta,
        prove: impl Fn(&Snapshot) -> Result<T, LogoutRefusal>,
    ) -> Result<(T, Arc<Snapshot>), LogoutRefusal> {
        let snapshot = self.directory.snapshot(meta.now)?;
        let refused = match prove(&snapshot) {
            Ok(proven) => return Ok((proven, snapshot)),
            Err(refused) => refused,
        };
        if !refused.may_have_changed() {
            return Err(refused);
        }
        match self.directory.newer_than(&snapshot, meta.now).await? {
            Some(newer) => Ok((prove(&newer)?, newer)),
            None => Err(refused),
        }
    }

    async fn record(
        &self,
        operation: Operation,
        known: &Known,
        refusal: Option<&LogoutRefusal>,
        meta: &RequestMeta,
    ) -> Result<(), AuditUnavailable> {
        let person = known.person.as_ref().map(|(issuer, subject)| Person {
            provider: None,
            issuer,
            audience: known.client.as_ref().unwrap_or(&self.audience),
            subject,
        });
        let refused = refusal.map(|refusal| Refused {
            check: refusal.check(),
            code: refusal.code(),
            why: with_causes(refusal),
            is_alarm: false,
        });
        let record = PortalRecord {
            operation,
            connection: known.connection.as_ref().map(ConnectionId::as_str),
            registered: known.connection.as_ref(),
            person,
            refused,
            rules: &[],
            sessions_ended: known.ended,
            beside: Beside::default(),
        };
        self.recorder.portal(meta, &record).await
    }
}
