//! Logout, begun at a service provider or here (SAML 2.0 profiles, section 4.4).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::idp::SamlIdp;
use super::request::Incoming;
use super::service_provider::ServiceProvider;
use super::sessions::IdpSession;
use crate::demo::tickets::TicketError;
use crate::domain::EntityId;
use crate::entropy::EntropyError;
use crate::federation::saml::certificate::Certificate;
use crate::federation::saml::messages::{
    Envelope, ExpectedLogout, LogoutError, LogoutReason, LogoutRequest, LogoutResponse,
    LogoutStatus, MessageId, PostForm, ReceivedLogoutRequest, ReceivedLogoutResponse,
    unverified_issuer,
};
use crate::federation::saml::redirect::{
    MessageKind, RedirectError, RedirectMessage, SendError, UnverifiedRedirect, VerifiedRedirect,
};
use crate::federation::saml::signing::SigningError;
use crate::federation::saml::vocabulary::{Binding, EndpointUrl};

/// A request of ours is void after this many seconds.
const REQUEST_SECONDS: i64 = 300;

/// A logout that was begun here and is not answered yet.
#[derive(Debug, Clone)]
pub(super) struct UnderWay {
    request: MessageId,
    person: String,
    service_provider: EntityId,
}

/// Where the browser goes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::demo) enum Departure {
    /// To this URL.
    Redirect(String),
    /// To where this form goes.
    Post(PostForm),
}

/// What becomes of a logout message.
#[derive(Debug)]
pub(in crate::demo) enum Answered {
    /// It was a request; the answer goes back.
    Back(Departure),
    /// It was an answer: how a logout of this person went that was begun here.
    Over {
        /// The short name.
        person: String,
        /// Whether the service provider says that its sessions are over.
        succeeded: Success,
    },
}

/// Whether something succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::demo) enum Success {
    /// It did.
    Yes,
    /// It did not.
    No,
}

/// Why a logout does not go on.
#[derive(Debug, thiserror::Error)]
pub(in crate::demo) enum LogoutFault {
    #[error("The redirect can’t be used: {0}.")]
    Redirect(#[from] RedirectError),
    #[error("The message is not accepted: {0}.")]
    Message(#[from] LogoutError),
    #[error("The form has neither a SAMLRequest nor a SAMLResponse in base64.")]
    Form,
    #[error("The service provider is not registered here.")]
    UnknownServiceProvider,
    #[error("No such logout was begun here within the last ten minutes.")]
    UnknownLogout,
    #[error("The service provider’s metadata has no address for the message.")]
    NoAddress,
    #[error("No message could be made: {0}.")]
    Send(#[from] SendError),
    #[error("No message could be made: {0}.")]
    Signing(#[from] SigningError),
    #[error("No message could be made: {0}.")]
    Entropy(#[from] EntropyError),
    #[error("No message could be made: {0}.")]
    Ticket(#[from] TicketError),
}

/// A message and whose it says that it is.
enum Received<'a> {
    Redirect(VerifiedRedirect, Arc<ServiceProvider>),
    Post {
        kind: MessageKind,
        xml: Vec<u8>,
        relay_state: Option<&'a str>,
        sender: Arc<ServiceProvider>,
    },
}

impl Received<'_> {
    const fn kind(&self) -> MessageKind {
        match self {
            Self::Redirect(message, _) => message.kind,
            Self::Post { kind, .. } => *kind,
        }
    }

    fn relay_state(&self) -> Option<&str> {
        match self {
            Self::Redirect(message, _) => message.relay_state.as_deref(),
            Self::Post { relay_state, .. } => *relay_state,
        }
    }

    fn sender(&self) -> &Arc<ServiceProvider> {
        match self {
            Self::Redirect(_, sender) | Self::Post { sender, .. } => sender,
        }
    }
}

impl SamlIdp {
    /// Goes on with a logout by a message of a service provider. `kind` is what a form's field was.
    pub(in crate::demo) fn log_out_by(
        &self,
        incoming: &Incoming<'_>,
        kind: MessageKind,
    ) -> Result<Answered, LogoutFault> {
        let received = self.receive(incoming, kind)?;
        match received.kind() {
            MessageKind::Request => {
                let departure = self.answer_logout(&received, incoming.binding())?;
                Ok(Answered::Back(departure))
            }
            MessageKind::Response => self.finish_logout(&received),
        }
    }

    /// Begins to sign somebody out, at one service provider after the other: where the browser goes
    /// next, or `None` where they are signed in nowhere.
    pub(in crate::demo) fn log_out(&self, person: &str) -> Result<Option<Departure>, LogoutFault> {
        let open = self.open_sessions();
        let theirs: Vec<_> = open.iter().filter(|it| it.person == person).collect();
        let Some(first) = theirs.first() else {
            return Ok(None);
        };
        let there = theirs.iter().filter(|session| {
            session.service_provider == first.service_provider && session.name_id == first.name_id
        });
        let indexes: Vec<&str> = there.map(|session| session.index.as_str()).collect();
        self.request_logout(first, &indexes).map(Some)
    }

    fn request_logout(
        &self,
        session: &IdpSession,
        indexes: &[&str],
    ) -> Result<Departure, LogoutFault> {
        // The sessions here are over, whatever the service provider makes of the request.
        let owned: Vec<String> = indexes.iter().map(|&index| index.to_owned()).collect();
        self.sessions
            .end(&session.name_id, &session.service_provider, &owned);
        let to = self.service_provider(session.service_provider.as_str());
        let to = to.ok_or(LogoutFault::UnknownServiceProvider)?;
        let address = to.logout_at(Binding::Redirect);
        let address = &address.ok_or(LogoutFault::NoAddress)?.requests;
        let (id, now) = (MessageId::draw(self.entropy.as_ref())?, self.clock.now());
        let request = LogoutRequest {
            envelope: self.logout_envelope(&id, address),
            name_id: &session.name_id,
            session_indexes: indexes,
            not_on_or_after: now.plus(REQUEST_SECONDS),
            reason: LogoutReason::User,
        };
        let under_way = UnderWay {
            request: id.clone(),
            person: session.person.clone(),
            service_provider: session.service_provider.clone(),
        };
        let ticket = self.logouts.give(under_way, now, self.entropy.as_ref())?;
        let message = RedirectMessage {
            kind: MessageKind::Request,
            xml: &request.to_xml(),
            relay_state: Some(&ticket),
        };
        let url = message.url(address, Some(self.keys.newest().signing()))?;
        Ok(Departure::Redirect(url))
    }

    fn receive<'a>(
        &self,
        incoming: &Incoming<'a>,
        kind: MessageKind,
    ) -> Result<Received<'a>, LogoutFault> {
        match *incoming {
            Incoming::Redirect(query) => {
                let message = UnverifiedRedirect::parse(query)?;
                let sender = self.sender(message.unverified_xml())?;
                let message = message.verify(sender.signing.iter().map(Certificate::key))?;
                Ok(Received::Redirect(message, sender))
            }
            Incoming::Post(field, relay_state) => {
                let xml = STANDARD.decode(field).map_err(|_| LogoutFault::Form)?;
                let text = std::str::from_utf8(&xml).map_err(|_| LogoutFault::Form)?;
                Ok(Received::Post {
                    sender: self.sender(text)?,
                    kind,
                    xml,
                    relay_state,
                })
            }
        }
    }

    fn sender(&self, xml: &str) -> Result<Arc<ServiceProvider>, LogoutFault> {
        let issuer = unverified_issuer(xml)?;
        let sender = self.service_provider(&issuer);
        sender.ok_or(LogoutFault::UnknownServiceProvider)
    }

    fn expected<'a>(&'a self, sender: &'a ServiceProvider) -> ExpectedLogout<'a> {
        ExpectedLogout {
            issuer: &sender.entity_id,
            destination: &self.addresses.logout_url,
            now: self.clock.now(),
        }
    }

    /// Ends the sessions that a request names, and answers by the binding that it came by.
    fn answer_logout(
        &self,
        received: &Received<'_>,
        binding: Binding,
    ) -> Result<Departure, LogoutFault> {
        let sender = received.sender();
        let expected = self.expected(sender);
        let request = match received {
            Received::Redirect(message, _) => {
                ReceivedLogoutRequest::from_redirect(message, &expected)?
            }
            Received::Post { xml, .. } => {
                ReceivedLogoutRequest::from_post(xml, &sender.signing, &expected)?
            }
        };
        self.sessions.end(
            &request.name_id,
            &sender.entity_id,
            &request.session_indexes,
        );
        let address = sender.logout_at(binding);
        let address = &address.ok_or(LogoutFault::NoAddress)?.responses;
        let id = MessageId::draw(self.entropy.as_ref())?;
        let response = LogoutResponse {
            envelope: self.logout_envelope(&id, address),
            in_response_to: &request.id,
            status: LogoutStatus::Success,
        };
        self.depart(&response, (address, binding), received.relay_state())
    }

    fn depart(
        &self,
        response: &LogoutResponse<'_>,
        (address, binding): (&EndpointUrl, Binding),
        relay_state: Option<&str>,
    ) -> Result<Departure, LogoutFault> {
        let key = self.keys.newest();
        let key = key.signing();
        match binding {
            Binding::Redirect => {
                let message = RedirectMessage {
                    kind: MessageKind::Response,
                    xml: &response.to_xml(),
                    relay_state,
                };
                Ok(Departure::Redirect(message.url(address, Some(key))?))
            }
            Binding::Post => Ok(Departure::Post(PostForm::new(
                MessageKind::Response,
                &response.to_signed_xml(key)?,
                address.clone(),
                relay_state.map(str::to_owned),
            ))),
        }
    }

    /// Reads the answer to a request of ours.
    fn finish_logout(&self, received: &Received<'_>) -> Result<Answered, LogoutFault> {
        let ticket = received.relay_state().unwrap_or_default();
        let under_way = self.logouts.take(ticket, self.clock.now());
        let under_way = under_way.ok_or(LogoutFault::UnknownLogout)?;
        let sender = received.sender();
        if sender.entity_id != under_way.service_provider {
            return Err(LogoutFault::UnknownLogout);
        }
        let expected = self.expected(sender);
        let response = match received {
            Received::Redirect(message, _) => {
                ReceivedLogoutResponse::from_redirect(message, &under_way.request, &expected)?
            }
            Received::Post { xml, .. } => {
                let asked = (&under_way.request, &expected);
                ReceivedLogoutResponse::from_post(xml, &sender.signing, asked)?
            }
        };
        Ok(Answered::Over {
            person: under_way.person,
            succeeded: if response.status == Some(LogoutStatus::Success) {
                Success::Yes
            } else {
                Success::No
            },
        })
    }

    fn logout_envelope<'a>(
        &'a self,
        id: &'a MessageId,
        destination: &'a EndpointUrl,
    ) -> Envelope<'a> {
        Envelope {
            id,
            issue_instant: self.clock.now(),
            destination,
            issuer: &self.addresses.entity_id,
        }
    }
}
