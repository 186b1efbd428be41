//! Where a sign-in began that comes to its end here: in this browser, or at the provider.

use super::{Callback, SignIn, SignInRefusal};
use crate::directory::Snapshot;
use crate::domain::{ConnectionId, LocalPath};
use crate::federation::saml::posted::Claimed;
use crate::federation::saml::prove::UnverifiedResponse;
use crate::federation::sign_in::{Answer, LoginAttempt};
use crate::flows::kept_by_browser::{AttemptKey, attempt_key, open_of_any_node};
use crate::flows::login_attempt::{UnderWay, mark_of};
use crate::flows::party::saml_connections_of;
use crate::flows::request::RequestMeta;

/// Where a sign-in began.
pub(super) enum Origin {
    /// In this browser, whose cookie says what is awaited.
    Here(Box<Here>),
    /// At the provider, which sent the browser here unasked: the connection that the answer says to be
    /// of. It must prove it, and be allowed to begin.
    AtProvider {
        /// The connection.
        connection: ConnectionId,
        /// Where the provider's `RelayState` leads.
        landing: LocalPath,
    },
}

/// What a browser knows of a sign-in that it began.
pub struct BegunHere {
    /// Where it was to lead.
    pub return_to: LocalPath,
    /// What people call its connection, while there is one.
    pub connection: Option<String>,
}

/// A sign-in that this browser began.
pub(super) struct Here {
    /// Names the attempt.
    pub(super) key: AttemptKey,
    /// The mark that it was answered.
    pub(super) mark: [u8; 32],
    /// What is awaited.
    pub(super) under_way: UnderWay,
}

impl Origin {
    pub(super) const fn connection(&self) -> &ConnectionId {
        match self {
            Self::Here(here) => here.under_way.attempt.connection(),
            Self::AtProvider { connection, .. } => connection,
        }
    }

    pub(super) fn under_way(&self) -> Option<&UnderWay> {
        match self {
            Self::Here(here) => Some(&here.under_way),
            Self::AtProvider { .. } => None,
        }
    }

    /// Whether an answer that could not be looked at may come again: a response proves itself, and a
    /// code is good once.
    pub(super) fn may_be_answered_again(&self) -> bool {
        self.under_way()
            .is_some_and(|it| matches!(it.attempt, LoginAttempt::Saml(_)))
    }

    /// Where the person goes. Of a sign-in that was begun here, what the provider wrote beside its answer
    /// leads nowhere.
    pub(super) fn return_to(&self) -> LocalPath {
        match self {
            Self::Here(here) => here.under_way.return_to(),
            Self::AtProvider { landing, .. } => landing.clone(),
        }
    }
}

impl SignIn {
    /// Where the sign-in began that this answer belongs to.
    pub(super) async fn origin(
        &self,
        callback: &Callback<'_>,
        meta: &RequestMeta,
    ) -> Result<Origin, SignInRefusal> {
        let state = callback.answer.state();
        if let (Some(state), Some(cookie)) = (state, callback.sealed) {
            let key = attempt_key(state);
            let opened = open_of_any_node(cookie, key, &self.directory, meta.now);
            let under_way: UnderWay = opened.await?.ok_or(SignInRefusal::OtherBrowser)?;
            let begun_at = under_way.attempt.connection();
            let addressee = callback.answer.addressee();
            if addressee.is_some_and(|addressee| addressee != begun_at) {
                return Err(SignInRefusal::OtherBrowser);
            }
            return Ok(Origin::Here(Box::new(Here {
                key,
                mark: mark_of(state),
                under_way,
            })));
        }
        match &callback.answer {
            Answer::Oidc { .. } => Err(SignInRefusal::OtherBrowser),
            Answer::Saml {
                response,
                relay_state,
            } => {
                let connection = self.at_provider(response, meta).await?;
                Ok(Origin::AtProvider {
                    connection,
                    landing: landing(relay_state.as_deref()),
                })
            }
        }
    }

    /// The sign-in that this browser began with this state and keeps in this cookie, if there is one. What
    /// was refused can be begun anew by it.
    pub async fn begun_here(
        &self,
        state: &str,
        cookie: &str,
        meta: &RequestMeta,
    ) -> Option<BegunHere> {
        let opened = open_of_any_node(cookie, attempt_key(state), &self.directory, meta.now);
        let under_way: UnderWay = opened.await.ok().flatten()?;
        let snapshot = self.directory.snapshot(meta.now).ok();
        let connection = snapshot.as_deref().and_then(|snapshot| {
            let connection = snapshot.connection(under_way.attempt.connection())?;
            Some(connection.display_name.as_str().to_owned())
        });
        Some(BegunHere {
            return_to: under_way.return_to(),
            connection,
        })
    }

    /// A response that this browser has not asked for. One that says to answer a request was asked for
    /// by another browser, or was taken already.
    async fn at_provider(
        &self,
        response: &UnverifiedResponse,
        meta: &RequestMeta,
    ) -> Result<ConnectionId, SignInRefusal> {
        let claimed = Claimed::by(response.bytes());
        if claimed.in_response_to.is_some() {
            return Err(SignInRefusal::OtherBrowser);
        }
        let issuer = claimed.issuer.unwrap_or_default();
        let connection_in = |snapshot: &Snapshot| {
            let connection = saml_connections_of(snapshot, &issuer).next();
            connection.map(|connection| connection.id.clone())
        };
        let known = connection_in(&*self.directory.snapshot(meta.now)?);
        match known {
            Some(connection) => Ok(connection),
            None => connection_in(&*self.directory.catch_up(meta.now).await?)
                .ok_or(SignInRefusal::UnknownProvider),
        }
    }
}

/// Where a provider that begins by itself may send people: looking at the first page, at the roles, or at
/// one role. Each of them changes nothing.
const LANDINGS: [&str; 3] = ["/", "/roles", "/go"];

/// The page that a provider's `RelayState` names, where it is one of ours that it may name; otherwise the
/// first one.
fn landing(relay_state: Option<&str>) -> LocalPath {
    let named: Option<LocalPath> = relay_state.and_then(|state| state.parse().ok());
    let may_be_named = |path: &LocalPath| {
        let (page, _) = path.as_str().split_once('?').unwrap_or((path.as_str(), ""));
        LANDINGS.contains(&page)
    };
    named.filter(may_be_named).unwrap_or_else(LocalPath::root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_names_pages_of_ours_alone() {
        for named in [
            "/",
            "/roles",
            "/roles?q=pay",
            "/go?account=payments-prod&role=Reader",
        ] {
            assert_eq!(landing(Some(named)).as_str(), named);
        }
        for elsewhere in [
            "",
            "roles",
            "//evil.example",
            "/\\evil.example",
            "/%09/evil.example",
            "/go/../evil",
            "/go#x",
            "/GO",
            "/roles/",
            "/sign-out",
            "/oidc/callback/idp?code=c&state=s",
            "/saml/slo?SAMLRequest=x",
            "/static/portal.js",
            "https://keys.example.com/go",
            "https:evil.example",
            "javascript:alert(1)",
            "/go?role=a\r\nSet-Cookie: x=y",
            &["/go?", &"x".repeat(8192)].concat(),
        ] {
            assert_eq!(landing(Some(elsewhere)), LocalPath::root(), "{elsewhere}");
        }
        assert_eq!(landing(None), LocalPath::root());
    }
}
