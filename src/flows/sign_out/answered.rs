//! The provider answers our request: whether the person is signed out everywhere.

use super::here::LogoutUnderWay;
use super::{Known, LogoutRefusal, SignOut};
use crate::directory::Snapshot;
use crate::federation::saml::messages::LogoutReach;
use crate::federation::saml::single_logout::LogoutMessage;
use crate::flows::kept_by_browser::{KeptByBrowser as _, attempt_key, open_of_any_node};
use crate::flows::party::saml_party;
use crate::flows::request::RequestMeta;
use crate::metrics::Operation;

impl SignOut {
    /// How the logout went that this browser, whose cookie is `sealed`, left for. The session here is
    /// over whatever comes of it.
    ///
    /// # Errors
    /// [`LogoutRefusal`]; it is recorded.
    pub async fn answered(
        &self,
        message: LogoutMessage,
        sealed: Option<&str>,
        meta: &RequestMeta,
    ) -> Result<LogoutReach, LogoutRefusal> {
        let mut known = Known::default();
        let reach = self.prove_answer(message, sealed, meta, &mut known).await;
        let saml = Operation::SamlLogout;
        self.record(saml, &known, reach.as_ref().err(), meta)
            .await?;
        reach
    }

    async fn prove_answer(
        &self,
        message: LogoutMessage,
        sealed: Option<&str>,
        meta: &RequestMeta,
        known: &mut Known,
    ) -> Result<LogoutReach, LogoutRefusal> {
        let (state, cookie) = message
            .relay_state()
            .zip(sealed)
            .ok_or(LogoutRefusal::OtherBrowser)?;
        let opened = open_of_any_node(cookie, attempt_key(state), &self.directory, meta.now);
        let under_way: LogoutUnderWay = opened.await?.ok_or(LogoutRefusal::OtherBrowser)?;
        if under_way.is_over(meta.now) {
            return Err(LogoutRefusal::TooLate);
        }
        known.connection = Some(under_way.connection.clone());
        let prove = |snapshot: &Snapshot| {
            let party = saml_party(snapshot, &under_way.connection)?;
            let issuer = party.connection.settings.entity_id.clone();
            let message = message.clone();
            let request = &under_way.request;
            let response = self.logout.response(party, message, request, meta.now)?;
            Ok((response, issuer))
        };
        let ((response, issuer), _) = self.by_newest(meta, prove).await?;
        known.person = Some((issuer.into(), under_way.subject));
        Ok(response.reach)
    }
}
