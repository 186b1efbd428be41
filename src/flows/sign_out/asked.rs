//! A provider asks us to end a person's sessions.

use std::sync::Arc;

use super::{Known, LogoutRefusal, SignOut};
use crate::directory::Snapshot;
use crate::domain::ConnectionId;
use crate::federation::saml::single_logout::{LogoutMessage, ProviderLogout};
use crate::federation::sign_in::Departure;
use crate::flows::party::{saml_connections_of, saml_party, sites};
use crate::flows::request::RequestMeta;
use crate::metrics::Operation;

/// A person's sessions are over.
#[derive(Debug)]
pub struct ProviderLoggedOut {
    /// How the browser tells the provider so; `None` where it has no address for that.
    pub departure: Option<Departure>,
    /// The origins that this leads to, for the policy of a page with a form.
    pub sites: Vec<String>,
}

impl SignOut {
    /// Ends all sessions of the person whom a provider names. Which sessions of its own the provider
    /// lists makes no difference: none of ours outlives a sign-out there.
    ///
    /// # Errors
    /// [`LogoutRefusal`]; it is recorded.
    pub async fn asked(
        &self,
        message: &LogoutMessage,
        meta: &RequestMeta,
    ) -> Result<ProviderLoggedOut, LogoutRefusal> {
        let mut known = Known::default();
        let ended = self.end_sessions(message, meta, &mut known).await;
        let saml = Operation::SamlLogout;
        self.record(saml, &known, ended.as_ref().err(), meta)
            .await?;
        let (snapshot, connection, logout) = ended?;
        let party = saml_party(&snapshot, &connection)?;
        let departure = self.logout.answer(party, &logout, meta.now);
        Ok(ProviderLoggedOut {
            departure: departure.map_err(LogoutRefusal::Send)?,
            sites: sites(&snapshot, &connection),
        })
    }

    async fn end_sessions(
        &self,
        message: &LogoutMessage,
        meta: &RequestMeta,
        known: &mut Known,
    ) -> Result<(Arc<Snapshot>, ConnectionId, ProviderLogout), LogoutRefusal> {
        let claimed = message.unverified_issuer()?;
        let prove = |snapshot: &Snapshot| self.prove(snapshot, &claimed, message, meta);
        let ((connection, logout), snapshot) = self.by_newest(meta, prove).await?;
        known.connection = Some(connection.clone());
        let party = saml_party(&snapshot, &connection)?;
        let issuer = party.connection.settings.entity_id.clone();
        let subject = logout.name_id.value.parse().ok();
        known.person = subject.map(|subject| (issuer.into(), subject));
        if self.marks.is_redeemed(&logout.mark, meta.now).await? {
            return Err(LogoutRefusal::UsedAlready);
        }
        // Marked when it is done: a store that fails between leaves a request that may come again, and
        // never a session that nobody can end.
        let ended = self
            .sessions
            .end_all(&logout.person, logout.logout)
            .await?
            .len();
        let keep_until = logout.logout.keep_until;
        self.marks
            .redeem(&logout.mark, keep_until, meta.now)
            .await?;
        known.ended = Some(ended);
        tracing::info!(%connection, ended, "a SAML provider has signed a person out");
        Ok((snapshot, connection, logout))
    }

    /// Proves the request by the first connection of the provider whose metadata does: several may be
    /// of one provider.
    fn prove(
        &self,
        snapshot: &Snapshot,
        claimed: &str,
        message: &LogoutMessage,
        meta: &RequestMeta,
    ) -> Result<(ConnectionId, ProviderLogout), LogoutRefusal> {
        let mut refused = LogoutRefusal::UnknownProvider;
        for connection in saml_connections_of(snapshot, claimed) {
            let party = match saml_party(snapshot, connection.id) {
                Ok(party) => party,
                Err(error) => {
                    refused = error.into();
                    continue;
                }
            };
            match self.logout.request(party, message.clone(), meta.now) {
                Ok(logout) => return Ok((connection.id.clone(), logout)),
                Err(error) => refused = error.into(),
            }
        }
        Err(refused)
    }
}
