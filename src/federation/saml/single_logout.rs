//! The Single Logout profile (SAML 2.0 Profiles, section 4.4), as a service provider, from either
//! side.
//!
//! ```text
//! provider's   message ─ signature, issuer, destination, time ─> ProviderLogout ─ answer ─> Departure
//! ours         begin ─> Departure, the request's ID … message ─ signature, InResponseTo ─> how it went
//! ```

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use super::browser_sso::SamlParty;
use super::certificate::{Certificate, VerifyingKey};
use super::checks::{MAX_AGE, SKEW};
use super::messages::{
    Envelope, ExpectedLogout, LogoutError, LogoutReason, LogoutRequest, LogoutResponse,
    LogoutStatus, MessageId, PostForm, ReceivedLogoutRequest, ReceivedLogoutResponse,
    unverified_issuer,
};
use super::own_addresses::OwnAddresses;
use super::posted::{FormError, PostedMessage};
use super::redirect::{
    MAX_RELAY_STATE_BYTES, MessageKind, RedirectError, RedirectMessage, SendError,
    UnverifiedRedirect,
};
use super::signing::{SigningError, SigningKey};
use super::vocabulary::{Binding, EndpointUrl};
use crate::domain::{EntityId, IssuerName, NameId, ProviderSession, UnixTime};
use crate::entropy::{Entropy, EntropyError};
use crate::federation::sign_in::Departure;
use crate::store::{Logout, PersonKey};

/// By which name all sessions of a person end: the provider and the name's value. Providers write the
/// format and the qualifiers of one name differently in an assertion and in a logout, or leave them out
/// (SAML 2.0 Core, section 8.3.7); to end a session too many is better than to leave one.
pub fn person(issuer: &EntityId, name_id: &NameId) -> PersonKey {
    PersonKey::of(&IssuerName::Saml(issuer.clone()), &[&name_id.value])
}

/// A logout message that came in, of which nothing is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogoutMessage {
    /// In the query of a redirect.
    Redirect(UnverifiedRedirect),
    /// In a form.
    Post {
        /// The form.
        form: PostedMessage,
        /// The message in it.
        xml: Vec<u8>,
    },
}

/// Why there is no logout message, or none of the provider's: whoever sent the browser here is to
/// blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogoutMessageError {
    /// What the redirect brought is refused.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
    /// What the form brought is refused.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The message is refused.
    #[error(transparent)]
    Message(#[from] LogoutError),
    /// The provider's metadata counts no more.
    #[error("the provider's metadata was valid until {0}")]
    MetadataExpired(UnixTime),
}

impl LogoutMessageError {
    /// The name of the check that failed, for traces; it never changes.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Redirect(RedirectError::WrongSignature | RedirectError::UnknownAlgorithm) => {
                "signature"
            }
            Self::Redirect(_) | Self::Form(_) => "message",
            Self::Message(error) => error.check(),
            Self::MetadataExpired(_) => "metadata",
        }
    }

    /// Whether newer metadata of the provider may accept the same message.
    pub const fn may_have_changed(&self) -> bool {
        matches!(
            self,
            Self::MetadataExpired(_)
                | Self::Redirect(RedirectError::WrongSignature)
                | Self::Message(LogoutError::Signature(_))
        )
    }
}

/// Why no logout message is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogoutSendError {
    /// Logout messages are signed, and no key may sign.
    #[error("there is no service provider key that signs")]
    NoKey,
    /// The message can't be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The message can't be sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// There was no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl LogoutMessage {
    /// Reads the query of a redirect, exactly as it stood in the request line.
    pub fn from_query(query: &str) -> Result<Self, LogoutMessageError> {
        Ok(Self::Redirect(UnverifiedRedirect::parse(query)?))
    }

    /// Reads the body of a form.
    pub fn from_form(body: &str) -> Result<Self, LogoutMessageError> {
        let form = PostedMessage::parse(body)?;
        let xml = form.decode()?;
        Ok(Self::Post { form, xml })
    }

    /// Whether it asks or answers.
    pub const fn kind(&self) -> MessageKind {
        match self {
            Self::Redirect(message) => message.kind(),
            Self::Post { form, .. } => form.kind,
        }
    }

    /// What stands beside it. It is looked up or sent back, and never followed.
    pub fn relay_state(&self) -> Option<&str> {
        match self {
            Self::Redirect(message) => message.relay_state(),
            Self::Post { form, .. } => form.relay_state.as_deref(),
        }
    }

    /// Who says to have sent it, to learn which keys may verify it; anybody may have written it.
    pub fn unverified_issuer(&self) -> Result<String, LogoutMessageError> {
        let xml = match self {
            Self::Redirect(message) => message.unverified_xml(),
            Self::Post { xml, .. } => {
                std::str::from_utf8(xml).map_err(|_| RedirectError::NotUtf8)?
            }
        };
        Ok(unverified_issuer(xml)?)
    }

    const fn binding(&self) -> Binding {
        match self {
            Self::Redirect(_) => Binding::Redirect,
            Self::Post { .. } => Binding::Post,
        }
    }
}

/// A provider's request to end a person's sessions, proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderLogout {
    /// Whose sessions end.
    pub person: PersonKey,
    /// What the provider calls them.
    pub name_id: NameId,
    /// What the store is to remember.
    pub logout: Logout,
    /// The mark by which a second use of the request is noticed; to be kept as long as the logout.
    pub mark: [u8; 32],
    request: MessageId,
    relay_state: Option<String>,
    binding: Binding,
}

/// A logout that we began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutBegun {
    /// How the browser leaves.
    pub departure: Departure,
    /// The request's ID, which the answer must name.
    pub request: MessageId,
}

/// Logs people out at every SAML connection.
pub struct SingleLogout {
    own: OwnAddresses,
    entropy: Arc<dyn Entropy>,
}

/// How a message goes.
struct Route<'a> {
    kind: MessageKind,
    binding: Binding,
    destination: &'a EndpointUrl,
    relay_state: Option<&'a str>,
}

impl fmt::Debug for SingleLogout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SingleLogout")
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

impl SingleLogout {
    /// A service provider with these addresses.
    pub fn new(own: OwnAddresses, entropy: Arc<dyn Entropy>) -> Self {
        Self { own, entropy }
    }

    /// Where we are.
    pub const fn own(&self) -> &OwnAddresses {
        &self.own
    }

    /// Tells the provider that a person signs out; nothing where it has no address for that.
    /// `relay_state` comes back with the answer.
    pub fn begin(
        &self,
        party: SamlParty<'_>,
        session: &ProviderSession,
        relay_state: &str,
        now: UnixTime,
    ) -> Result<Option<LogoutBegun>, LogoutSendError> {
        let Some(endpoint) = party.metadata.single_logout.first() else {
            return Ok(None);
        };
        let id = MessageId::draw(self.entropy.as_ref())?;
        let indexes: Vec<&str> = session.index.as_deref().into_iter().collect();
        let request = LogoutRequest {
            envelope: self.envelope(&id, &endpoint.location, now),
            name_id: &session.name_id,
            session_indexes: &indexes,
            not_on_or_after: now.plus(MAX_AGE),
            reason: LogoutReason::User,
        };
        let route = Route {
            kind: MessageKind::Request,
            binding: endpoint.binding,
            destination: &endpoint.location,
            relay_state: Some(relay_state),
        };
        let key = signing_key(party, now)?;
        let departure = match route.binding {
            Binding::Redirect => route.redirect(&request.to_xml(), key)?,
            Binding::Post => route.post(&request.to_signed_xml(key)?),
        };
        Ok(Some(LogoutBegun {
            departure,
            request: id,
        }))
    }

    /// Proves a provider's request: it is signed by the provider, for us, and good at `now`. Whether it
    /// was used before is for the mark to say.
    pub fn request(
        &self,
        party: SamlParty<'_>,
        message: LogoutMessage,
        now: UnixTime,
    ) -> Result<ProviderLogout, LogoutMessageError> {
        let expected = self.expected(party, now)?;
        let binding = message.binding();
        let relay_state = message.relay_state().map(str::to_owned);
        let request = match message {
            LogoutMessage::Redirect(message) => {
                let verified = message.verify(keys(party))?;
                ReceivedLogoutRequest::from_redirect(&verified, &expected)?
            }
            LogoutMessage::Post { form, .. } if form.kind != MessageKind::Request => {
                return Err(LogoutError::OtherKind.into());
            }
            LogoutMessage::Post { xml, .. } => {
                let certificates = party.metadata.signing_certificates.as_slice();
                ReceivedLogoutRequest::from_post(&xml, certificates, &expected)?
            }
        };
        let issuer = &party.connection.settings.entity_id;
        Ok(ProviderLogout {
            person: person(issuer, &request.name_id),
            name_id: request.name_id,
            logout: Logout {
                at: request.issued_at,
                keep_until: request.issued_at.plus(MAX_AGE + SKEW),
            },
            mark: mark(issuer, &request.id),
            request: request.id,
            relay_state,
            binding,
        })
    }

    /// Tells the provider that the sessions are over; nothing where it has no address for that.
    pub fn answer(
        &self,
        party: SamlParty<'_>,
        logout: &ProviderLogout,
        now: UnixTime,
    ) -> Result<Option<Departure>, LogoutSendError> {
        let as_asked = party.metadata.logout_at(logout.binding);
        let Some(endpoint) = as_asked.or_else(|| party.metadata.single_logout.first()) else {
            return Ok(None);
        };
        let id = MessageId::draw(self.entropy.as_ref())?;
        let destination = endpoint.responses();
        let response = LogoutResponse {
            envelope: self.envelope(&id, destination, now),
            in_response_to: &logout.request,
            status: LogoutStatus::Success,
        };
        let relay_state = logout.relay_state.as_deref();
        let route = Route {
            kind: MessageKind::Response,
            binding: endpoint.binding,
            destination,
            relay_state: relay_state.filter(|state| state.len() <= MAX_RELAY_STATE_BYTES),
        };
        let key = signing_key(party, now)?;
        Ok(Some(match route.binding {
            Binding::Redirect => route.redirect(&response.to_xml(), key)?,
            Binding::Post => route.post(&response.to_signed_xml(key)?),
        }))
    }

    /// Proves the provider's answer to our request `request`, and says how it went.
    pub fn response(
        &self,
        party: SamlParty<'_>,
        message: LogoutMessage,
        request: &MessageId,
        now: UnixTime,
    ) -> Result<ReceivedLogoutResponse, LogoutMessageError> {
        let expected = self.expected(party, now)?;
        Ok(match message {
            LogoutMessage::Redirect(message) => {
                let verified = message.verify(keys(party))?;
                ReceivedLogoutResponse::from_redirect(&verified, request, &expected)?
            }
            LogoutMessage::Post { form, .. } if form.kind != MessageKind::Response => {
                return Err(LogoutError::OtherKind.into());
            }
            LogoutMessage::Post { xml, .. } => {
                let certificates = party.metadata.signing_certificates.as_slice();
                ReceivedLogoutResponse::from_post(&xml, certificates, (request, &expected))?
            }
        })
    }

    fn envelope<'a>(
        &'a self,
        id: &'a MessageId,
        destination: &'a EndpointUrl,
        now: UnixTime,
    ) -> Envelope<'a> {
        Envelope {
            id,
            issue_instant: now,
            destination,
            issuer: &self.own.entity_id,
        }
    }

    fn expected<'a>(
        &'a self,
        party: SamlParty<'a>,
        now: UnixTime,
    ) -> Result<ExpectedLogout<'a>, LogoutMessageError> {
        if let Some(end) = party.metadata.valid_until.filter(|end| *end <= now) {
            return Err(LogoutMessageError::MetadataExpired(end));
        }
        Ok(ExpectedLogout {
            issuer: &party.connection.settings.entity_id,
            destination: &self.own.single_logout_service,
            now,
        })
    }
}

impl Route<'_> {
    fn redirect(&self, xml: &str, key: &SigningKey) -> Result<Departure, SendError> {
        let message = RedirectMessage {
            kind: self.kind,
            xml,
            relay_state: self.relay_state,
        };
        let url = message.url(self.destination, Some(key))?;
        Ok(Departure::Redirect(url))
    }

    fn post(&self, signed: &str) -> Departure {
        let relay_state = self.relay_state.map(str::to_owned);
        let form = PostForm::new(self.kind, signed, self.destination.clone(), relay_state);
        Departure::Post(form)
    }
}

fn signing_key(party: SamlParty<'_>, now: UnixTime) -> Result<&SigningKey, LogoutSendError> {
    let key = party.keys.signing(now).ok_or(LogoutSendError::NoKey)?;
    Ok(key.signing())
}

fn keys(party: SamlParty<'_>) -> impl Iterator<Item = &VerifyingKey> {
    let certificates = party.metadata.signing_certificates.iter();
    certificates.map(Certificate::key)
}

/// The name of a request's mark. No entity ID has a space.
fn mark(issuer: &EntityId, request: &MessageId) -> [u8; 32] {
    let name = [
        "saml logout request ",
        issuer.as_str(),
        " ",
        request.as_str(),
    ]
    .concat();
    let mut mark = [0; 32];
    mark.copy_from_slice(digest(&SHA256, name.as_bytes()).as_ref());
    mark
}

#[cfg(test)]
mod tests;
