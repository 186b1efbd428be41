//! Signing in by a browser: where the protocols part.
//!
//! ```text
//! begin    party ───────────┬─ OpenID Connect: RelyingParty ─┬─> Begun: how the browser leaves,
//!                           └─ SAML: BrowserSso ─────────────┘   and what its answer must match
//! finish   party, attempt, answer ─┬─ RelyingParty ─┬─> ProvenSignIn
//!                                  └─ BrowserSso ───┘
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use super::ProvenIdentity;
use super::connection::OidcConnection;
use super::relying_party::{
    AuthorizationAnswer, LoginAttempt as OidcAttempt, RelyingParty, SignInError,
};
use super::saml::browser_sso::{BrowserSso, SamlAttempt, SamlParty, SamlSignInError};
use super::saml::messages::PostForm;
use super::saml::metadata::IdpMetadata;
use super::saml::prove::UnverifiedResponse;
use crate::domain::{
    ConnectionId, EmailAddress, IssuerName, OidcSession, ProviderSession, Secret, Subject, UnixTime,
};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::store::PersonKey;

/// A connection to sign in by, and what its protocol needs beside.
#[derive(Debug, Clone, Copy)]
pub enum Party<'a> {
    /// OpenID Connect.
    Oidc(OidcConnection<'a>),
    /// SAML.
    Saml(SamlParty<'a>),
}

/// A sign-in under way: what its answer must match.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginAttempt {
    /// At an OpenID Connect provider.
    Oidc(OidcAttempt),
    /// At a SAML provider.
    Saml(SamlAttempt),
}

impl LoginAttempt {
    /// The connection that was chosen.
    pub const fn connection(&self) -> &ConnectionId {
        match self {
            Self::Oidc(attempt) => &attempt.connection,
            Self::Saml(attempt) => &attempt.connection,
        }
    }
}

/// How a browser leaves for a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Departure {
    /// By a redirect to this URL.
    Redirect(String),
    /// By posting this form.
    Post(PostForm),
}

/// A sign-in that was begun.
pub struct Begun {
    /// How the browser leaves.
    pub departure: Departure,
    /// What comes back with the answer, `state` or `RelayState`: 256 random bits. Its hash names the
    /// attempt.
    pub state: Secret<String>,
    /// What the answer must match; to be kept until then.
    pub attempt: LoginAttempt,
}

/// What a provider sent back by the browser.
pub enum Answer {
    /// To the redirect URI of a connection.
    Oidc {
        /// The connection.
        connection: ConnectionId,
        /// The answer.
        answer: AuthorizationAnswer,
    },
    /// To the address for SAML responses, whichever connection it is of.
    Saml {
        /// The response.
        response: UnverifiedResponse,
        /// What stands beside it.
        relay_state: Option<String>,
    },
}

impl Answer {
    /// What may name the attempt that this answers.
    pub fn state(&self) -> Option<&str> {
        match self {
            Self::Oidc { answer, .. } => Some(answer.state()),
            Self::Saml { relay_state, .. } => relay_state.as_deref(),
        }
    }

    /// The connection whose own address it came to; all SAML connections share one.
    pub const fn addressee(&self) -> Option<&ConnectionId> {
        match self {
            Self::Oidc { connection, .. } => Some(connection),
            Self::Saml { .. } => None,
        }
    }
}

/// Who signed in, and what a session of theirs must know.
#[derive(Debug)]
pub struct ProvenSignIn {
    /// Who it is; nobody has looked yet whether the proof was used before.
    pub identity: ProvenIdentity,
    /// By which name their sessions end together.
    pub person: PersonKey,
    /// A SAML provider's session, where it is to be told of a sign-out.
    pub provider_session: Option<ProviderSession>,
    /// An OpenID Connect provider's session.
    pub oidc: Option<OidcSession>,
    /// When the provider wants ours to be over.
    pub ends_at: Option<UnixTime>,
}

/// Why nobody signed in.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// At an OpenID Connect provider.
    #[error(transparent)]
    Oidc(#[from] SignInError),
    /// At a SAML provider.
    #[error(transparent)]
    Saml(#[from] SamlSignInError),
    /// The attempt and the answer are of different protocols, or of another than the connection.
    #[error("the answer is of another protocol than the connection")]
    OtherProtocol,
}

/// Signs people in, whatever their provider speaks.
pub struct ProviderSignIn {
    oidc: RelyingParty,
    saml: BrowserSso,
    entropy: Arc<dyn Entropy>,
}

impl ProviderSignIn {
    /// Speaks both protocols.
    pub const fn new(oidc: RelyingParty, saml: BrowserSso, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            oidc,
            saml,
            entropy,
        }
    }

    /// The origins that a sign-in at this connection leads a browser to, as far as they are known
    /// already.
    pub fn leads_to(&self, party: Party<'_>, now: UnixTime) -> Vec<String> {
        match party {
            Party::Oidc(connection) => self.oidc.leads_to(&connection.settings.issuer, now),
            Party::Saml(party) => sites_of(party.metadata),
        }
    }

    /// Begins a sign-in at a connection, of somebody who may have said which address is theirs.
    pub async fn begin(
        &self,
        party: Party<'_>,
        login_hint: Option<&EmailAddress>,
        now: UnixTime,
    ) -> Result<Begun, ProviderError> {
        match party {
            Party::Oidc(connection) => {
                let begun = self.oidc.begin(connection, login_hint, now).await?;
                Ok(Begun {
                    departure: Departure::Redirect(begun.authorization_url.into()),
                    state: begun.state,
                    attempt: LoginAttempt::Oidc(begun.attempt),
                })
            }
            Party::Saml(party) => {
                let state = self.random().map_err(SamlSignInError::from)?;
                let begun = self.saml.begin(party, &state, now)?;
                Ok(Begun {
                    departure: begun.departure,
                    state: Secret::new(state),
                    attempt: LoginAttempt::Saml(begun.attempt),
                })
            }
        }
    }

    /// Proves who the answer is about. Without an attempt the provider must have begun the sign-in.
    pub async fn finish(
        &self,
        party: Party<'_>,
        attempt: Option<&LoginAttempt>,
        answer: &Answer,
        now: UnixTime,
    ) -> Result<ProvenSignIn, ProviderError> {
        match (party, attempt, answer) {
            (
                Party::Oidc(connection),
                Some(LoginAttempt::Oidc(attempt)),
                Answer::Oidc { answer, .. },
            ) => {
                let proven = self.oidc.finish(connection, attempt, answer.clone(), now);
                Ok(of_oidc(proven.await?))
            }
            (
                Party::Saml(party),
                Some(LoginAttempt::Saml(attempt)),
                Answer::Saml { response, .. },
            ) => {
                let proven = self.saml.finish(party, Some(attempt), response, now);
                Ok(proven.await?)
            }
            (Party::Saml(party), None, Answer::Saml { response, .. }) => {
                Ok(self.saml.finish(party, None, response, now).await?)
            }
            (Party::Oidc(_) | Party::Saml(_), _, _) => Err(ProviderError::OtherProtocol),
        }
    }

    fn random(&self) -> Result<String, EntropyError> {
        let bytes = draw::<32>(self.entropy.as_ref())?;
        Ok(data_encoding::BASE64URL_NOPAD.encode(&bytes))
    }
}

fn of_oidc((identity, session): (ProvenIdentity, OidcSession)) -> ProvenSignIn {
    ProvenSignIn {
        oidc: Some(session),
        person: oidc_person(identity.issuer(), identity.subject()),
        provider_session: None,
        ends_at: None,
        identity,
    }
}

/// By which name all sessions of somebody whom an OpenID Connect provider vouches for end.
pub fn oidc_person(issuer: &IssuerName, subject: &Subject) -> PersonKey {
    PersonKey::of(issuer, &[subject.as_str()])
}

/// The origins of all addresses of a SAML provider: a browser holds redirects of a form to them, too.
pub fn sites_of(metadata: &IdpMetadata) -> Vec<String> {
    let sign_on = metadata.single_sign_on.iter().map(|it| &it.location);
    let logout = metadata.single_logout.iter();
    let logout = logout.flat_map(|it| std::iter::once(&it.location).chain(&it.response_location));
    let mut sites: Vec<String> = sign_on
        .chain(logout)
        .filter_map(|address| Url::parse(address.as_str()).ok())
        .map(|url| url.origin().ascii_serialization())
        .collect();
    sites.sort();
    sites.dedup();
    sites
}
