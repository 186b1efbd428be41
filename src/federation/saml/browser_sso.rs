//! The Web Browser SSO profile (SAML 2.0 Profiles, section 4.1), as the service provider.
//!
//! ```text
//! begin    AuthnRequest, signed where wanted ─> redirect, or a form that is posted; the attempt
//! finish   response ─ begun at this connection, or the provider may begin ─ SamlVerifier::prove
//!             └─> ProvenSignIn: the identity, and what a sign-out needs
//! ```

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::authentication::{AuthenticationError, check_authentication};
use super::checks::Request;
use super::error::SamlError;
use super::messages::{AuthnRequest, Envelope, MessageId, PostForm};
use super::metadata::IdpMetadata;
use super::own_addresses::OwnAddresses;
use super::posted::Claimed;
use super::prove::{
    OwnNames, Presented, SamlIdentityProvider, SamlProofError, SamlVerifier, UnverifiedResponse,
};
use super::redirect::{MessageKind, RedirectMessage, SendError};
use super::service_provider::{ServiceProviderKey, ServiceProviderKeys};
use super::settings::SignRequests;
use super::signing::SigningError;
use super::single_logout::person;
use super::vocabulary::{Binding, EndpointUrl};
use crate::domain::{ConnectionId, EntityId, ProviderSession, UnixTime};
use crate::entropy::{Entropy, EntropyError};
use crate::federation::Quoted;
use crate::federation::connection::SamlConnection;
use crate::federation::sign_in::{Departure, ProvenSignIn};

/// A connection to a SAML provider, and what is known at both ends of it.
#[derive(Debug, Clone, Copy)]
pub struct SamlParty<'a> {
    /// The connection.
    pub connection: SamlConnection<'a>,
    /// The provider, as its metadata has it.
    pub metadata: &'a IdpMetadata,
    /// Our keys.
    pub keys: &'a ServiceProviderKeys,
}

/// A sign-in under way: what its answer must match.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlAttempt {
    /// The connection that was chosen; the only one that may answer.
    pub connection: ConnectionId,
    /// The SHA-256 of the entity ID that the connection had then, in hexadecimal digits; no other
    /// entity may answer. The ID itself could be too long for a cookie.
    pub issuer: String,
    /// The ID of the request: 128 random bits. What is signed must name it.
    pub request: MessageId,
    /// When it was made.
    pub begun_at: UnixTime,
}

/// Why a sign-in did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum SamlSignInError {
    /// The provider's metadata counts no more.
    #[error("the provider's metadata was valid until {0}")]
    MetadataExpired(UnixTime),
    /// The provider's metadata has no address for the binding that the connection asks by: the
    /// provider, or the choice of the binding, is to blame.
    #[error("the provider's metadata has no SingleSignOnService for {}", .0.as_uri())]
    NoEndpoint(Binding),
    /// The request must be signed, and no key may sign.
    #[error("there is no service provider key that signs")]
    NoKey,
    /// The request can't be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The request can't be sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// There was no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The attempt was begun at another connection, or the connection has another provider since.
    #[error("the sign-in was begun at another connection, or the connection was changed since")]
    OtherConnection,
    /// The answer comes from another provider than the one that was asked (mix-up).
    #[error("the answer is from \"{found}\" instead of \"{expected}\"")]
    OtherIssuer {
        /// The provider that was asked.
        expected: Quoted,
        /// Who says to have answered.
        found: Quoted,
    },
    /// The provider began the sign-in, which the connection's settings do not allow.
    #[error("the provider began the sign-in by itself; the connection's idp_initiated is off")]
    NotAsked,
    /// The person proved themselves to the provider in another way than the connection wants.
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    /// A response that nobody asked for turns the sign-in away. Anybody can have written it, so that
    /// nothing of it is told.
    #[error("a response that answers no request turns the sign-in away")]
    RefusedUnasked,
    /// The response proves nobody.
    #[error(transparent)]
    Proof(Box<SamlProofError>),
}

impl From<SamlProofError> for SamlSignInError {
    fn from(error: SamlProofError) -> Self {
        Self::Proof(Box::new(error))
    }
}

impl SamlSignInError {
    /// The name of the check that failed, for traces; it never changes.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::MetadataExpired(_) | Self::NoEndpoint(_) => "metadata",
            Self::NoKey | Self::Signing(_) | Self::Send(_) | Self::Entropy(_) => "request",
            Self::OtherConnection => "connection",
            Self::OtherIssuer { .. } => "issuer",
            Self::NotAsked => "idp initiated",
            Self::Authentication(_) => "authentication",
            Self::RefusedUnasked => "status",
            Self::Proof(error) => error.check(),
        }
    }
}

/// A sign-in that was begun.
pub struct SamlBegun {
    /// How the browser leaves.
    pub departure: Departure,
    /// What the answer must match.
    pub attempt: SamlAttempt,
}

/// Signs people in at every SAML connection.
pub struct BrowserSso {
    own: OwnAddresses,
    names: Arc<OwnNames>,
    verifier: SamlVerifier,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for BrowserSso {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BrowserSso")
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

impl BrowserSso {
    /// A service provider with these addresses.
    pub fn new(
        own: OwnAddresses,
        names: Arc<OwnNames>,
        verifier: SamlVerifier,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            own,
            names,
            verifier,
            entropy,
        }
    }

    /// Begins a sign-in; `relay_state` comes back with the answer and means nothing to the provider.
    pub fn begin(
        &self,
        party: SamlParty<'_>,
        relay_state: &str,
        now: UnixTime,
    ) -> Result<SamlBegun, SamlSignInError> {
        if let Some(end) = party.metadata.valid_until.filter(|end| *end <= now) {
            return Err(SamlSignInError::MetadataExpired(end));
        }
        let settings = party.connection.settings;
        let binding = settings.request_binding;
        let destination = party.metadata.sign_on_at(binding);
        let destination = destination.ok_or(SamlSignInError::NoEndpoint(binding))?;
        let id = MessageId::draw(self.entropy.as_ref())?;
        let request = AuthnRequest {
            envelope: Envelope {
                id: &id,
                issue_instant: now,
                destination,
                issuer: &self.own.entity_id,
            },
            assertion_consumer_service: &self.own.assertion_consumer_service,
            name_id_format: settings.name_id_format.as_ref(),
            force_authn: settings.force_authn,
            requested_context: settings.requested_authn_context.as_ref(),
        };
        let key = signing_key(party, now)?;
        let departure = match binding {
            Binding::Redirect => redirect(&request, destination, relay_state, key)?,
            Binding::Post => form(&request, destination, relay_state, key)?,
        };
        Ok(SamlBegun {
            departure,
            attempt: SamlAttempt {
                connection: party.connection.id.clone(),
                issuer: digest_of(&settings.entity_id),
                request: id,
                begun_at: now,
            },
        })
    }

    /// Proves who the answer to `attempt` is about; without an attempt the provider must have begun
    /// the sign-in, and be allowed to.
    pub async fn finish(
        &self,
        party: SamlParty<'_>,
        attempt: Option<&SamlAttempt>,
        response: &UnverifiedResponse,
        now: UnixTime,
    ) -> Result<ProvenSignIn, SamlSignInError> {
        let connection = party.connection;
        let request = match attempt {
            Some(attempt) if !is_begun_at(attempt, connection) => {
                return Err(SamlSignInError::OtherConnection);
            }
            Some(attempt) => Request::Exactly(attempt.request.as_str()),
            None if connection.settings.idp_initiated => Request::None,
            None => return Err(SamlSignInError::NotAsked),
        };
        check_claimed_issuer(response, connection)?;
        let provider = SamlIdentityProvider::of_connection(
            connection.id.clone(),
            party.metadata,
            connection.settings,
            &self.names,
        );
        let presented = Presented {
            response,
            request,
            keys: party.keys,
            now,
        };
        let proven = self.verifier.prove(&presented, &provider).await;
        let proven = proven.map_err(|error| refusal(error, attempt))?;
        let (identity, assertion) = proven.into_parts();
        let authentication = assertion.authentication();
        let begun_at = attempt.map(|attempt| attempt.begun_at);
        check_authentication(authentication, connection.settings, begun_at, now)?;
        let (issuer, name_id) = (&connection.settings.entity_id, assertion.name_id());
        Ok(ProvenSignIn {
            person: person(issuer, name_id),
            provider_session: Some(ProviderSession {
                name_id: name_id.clone(),
                index: authentication.session_index.clone(),
                ends_at: authentication.session_ends_at,
            }),
            oidc: None,
            ends_at: authentication.session_ends_at,
            identity,
        })
    }
}

/// Whether the connection is the one that the attempt was begun at, with the provider of then.
fn is_begun_at(attempt: &SamlAttempt, connection: SamlConnection<'_>) -> bool {
    attempt.connection == *connection.id
        && attempt.issuer == digest_of(&connection.settings.entity_id)
}

fn digest_of(entity: &EntityId) -> String {
    data_encoding::HEXLOWER.encode(digest(&SHA256, entity.as_str().as_bytes()).as_ref())
}

/// Tells an answer of another provider by its own words. One that lies here fails at its signature.
fn check_claimed_issuer(
    response: &UnverifiedResponse,
    connection: SamlConnection<'_>,
) -> Result<(), SamlSignInError> {
    let expected = connection.settings.entity_id.as_str();
    match Claimed::by(response.bytes()).issuer {
        Some(found) if found != expected => Err(SamlSignInError::OtherIssuer {
            expected: Quoted::new(expected),
            found: Quoted::new(&found),
        }),
        Some(_) | None => Ok(()),
    }
}

/// A refusal of the provider's is told in its own words only to the browser that asked: whoever posts
/// the answer to an attempt has the browser's RelayState.
fn refusal(error: SamlProofError, attempt: Option<&SamlAttempt>) -> SamlSignInError {
    match (&error, attempt) {
        (SamlProofError::Response(SamlError::Status { .. }), None) => {
            SamlSignInError::RefusedUnasked
        }
        _ => error.into(),
    }
}

/// The key that signs a request to this provider; none where nobody asks for a signature.
fn signing_key(
    party: SamlParty<'_>,
    now: UnixTime,
) -> Result<Option<&ServiceProviderKey>, SamlSignInError> {
    let is_wanted = match party.connection.settings.sign_requests {
        SignRequests::Always => true,
        SignRequests::WhenWanted => party.metadata.wants_signed_requests,
    };
    if !is_wanted {
        return Ok(None);
    }
    let key = party.keys.signing(now).ok_or(SamlSignInError::NoKey)?;
    Ok(Some(key))
}

fn redirect(
    request: &AuthnRequest<'_>,
    destination: &EndpointUrl,
    relay_state: &str,
    key: Option<&ServiceProviderKey>,
) -> Result<Departure, SamlSignInError> {
    let message = RedirectMessage {
        kind: MessageKind::Request,
        xml: &request.to_xml(),
        relay_state: Some(relay_state),
    };
    let url = message.url(destination, key.map(ServiceProviderKey::signing))?;
    Ok(Departure::Redirect(url))
}

fn form(
    request: &AuthnRequest<'_>,
    destination: &EndpointUrl,
    relay_state: &str,
    key: Option<&ServiceProviderKey>,
) -> Result<Departure, SamlSignInError> {
    let xml = match key {
        Some(key) => request.to_signed_xml(key.signing())?,
        None => request.to_xml(),
    };
    let form = PostForm::new(
        MessageKind::Request,
        &xml,
        destination.clone(),
        Some(relay_state.to_owned()),
    );
    Ok(Departure::Post(form))
}
