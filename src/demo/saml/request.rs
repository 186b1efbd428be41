//! Reading a request for a sign-in (SAML 2.0 core, section 3.4.1), which must be signed.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::service_provider::ServiceProvider;
use crate::domain::UnixTime;
use crate::federation::saml::certificate::Certificate;
use crate::federation::saml::checks::{MAX_AGE, SKEW};
use crate::federation::saml::instant;
use crate::federation::saml::messages::{LogoutError, MessageId, unverified_issuer};
use crate::federation::saml::redirect::{MessageKind, RedirectError, UnverifiedRedirect};
use crate::federation::saml::signature::{SignatureError, verify_message};
use crate::federation::saml::vocabulary::{Binding, EndpointUrl};
use crate::federation::saml::xml::namespace::{ASSERTION, PROTOCOL};
use crate::federation::saml::xml::{Document, Element, Profile, ShapeError, XmlError};

/// A request that may be answered.
#[derive(Debug, Clone)]
pub(super) struct AuthnRequest {
    pub(super) id: MessageId,
    pub(super) service_provider: Arc<ServiceProvider>,
    /// Where the response goes.
    pub(super) consumer: EndpointUrl,
    /// The first class of how people shall prove who they are, which the demo pretends they did.
    pub(super) context: Option<String>,
    pub(super) relay_state: Option<String>,
}

/// Why a request is not answered. The browser is sent nowhere then: the person is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The query is not of the redirect binding, or not signed by the service provider.
    #[error("The redirect can’t be used: {0}.")]
    Redirect(#[from] RedirectError),
    /// The field is missing or no base64.
    #[error("The form has no SAMLRequest in base64.")]
    Form,
    /// It is not XML as we read it.
    #[error("The request can’t be read: {0}.")]
    Xml(#[from] XmlError),
    /// Something is missing, or there twice.
    #[error("The request is not of SAML’s shape: {0}.")]
    Shape(#[from] ShapeError),
    /// Nobody is named who asks.
    #[error("The request does not say who asks: {0}.")]
    Issuer(#[from] LogoutError),
    /// The signature in it is none of the service provider's.
    #[error("The signature is not accepted: {0}.")]
    Signature(#[from] SignatureError),
    /// It is not signed.
    #[error("The request is not signed.")]
    Unsigned,
    /// Whoever asks is not registered.
    #[error("The service provider is not registered here.")]
    UnknownServiceProvider,
    /// It is another message, or of another version.
    #[error("The message is no AuthnRequest of SAML 2.0.")]
    OtherMessage,
    /// It was made for somebody else.
    #[error("The request is meant for another address.")]
    Destination,
    /// It is too old, from the future, or from no time at all.
    #[error("The request was not issued within the last five minutes.")]
    IssueInstant,
    /// Its ID is none.
    #[error("The request has no usable ID.")]
    Id,
    /// The response shall go to an address that the metadata does not have.
    #[error("The service provider’s metadata does not have the address for the answer.")]
    UnknownConsumer,
    /// A name of another kind is asked for.
    #[error("The request asks for a kind of name that nobody has here; only persistent names are.")]
    NameIdPolicy,
}

/// How a request came in.
pub(in crate::demo) enum Incoming<'a> {
    /// In a query.
    Redirect(&'a str),
    /// In a form: the message and the RelayState.
    Post(&'a str, Option<&'a str>),
}

impl Incoming<'_> {
    /// The binding, by which an answer goes back.
    pub(super) const fn binding(&self) -> Binding {
        match self {
            Self::Redirect(_) => Binding::Redirect,
            Self::Post(..) => Binding::Post,
        }
    }
}

/// Who may ask, where, and when.
pub(super) struct Expected<'a> {
    pub(super) service_providers: &'a [Arc<ServiceProvider>],
    pub(super) destination: &'a EndpointUrl,
    pub(super) now: UnixTime,
}

impl AuthnRequest {
    /// Reads a request and checks that a registered service provider has signed it.
    pub(super) fn read(
        incoming: &Incoming<'_>,
        expected: &Expected<'_>,
    ) -> Result<Self, RequestError> {
        match incoming {
            Incoming::Redirect(query) => {
                let message = UnverifiedRedirect::parse(query)?;
                let sender = expected.sender(message.unverified_xml())?;
                let message = message.verify(sender.signing.iter().map(Certificate::key))?;
                if message.kind != MessageKind::Request {
                    return Err(RequestError::OtherMessage);
                }
                let document = Document::parse(message.xml.as_bytes(), Profile::MESSAGE)?;
                expected.request(document.root(), sender, message.relay_state)
            }
            Incoming::Post(field, relay_state) => {
                let xml = STANDARD.decode(field).ok();
                let xml = xml.and_then(|bytes| String::from_utf8(bytes).ok());
                let xml = xml.ok_or(RequestError::Form)?;
                let sender = expected.sender(&xml)?;
                let document = Document::parse(xml.as_bytes(), Profile::MESSAGE)?;
                let verified = verify_message(document.root(), &sender.signing)?;
                let verified = verified.ok_or(RequestError::Unsigned)?;
                let document = verified.document()?;
                let relay_state = relay_state.map(str::to_owned);
                expected.request(document.root(), Arc::clone(&sender), relay_state)
            }
        }
    }
}

impl Expected<'_> {
    /// Who says that the message is theirs.
    fn sender(&self, xml: &str) -> Result<Arc<ServiceProvider>, RequestError> {
        let issuer = unverified_issuer(xml)?;
        let mut known = self.service_providers.iter();
        let sender = known.find(|known| known.entity_id.as_str() == issuer);
        sender.cloned().ok_or(RequestError::UnknownServiceProvider)
    }

    /// Reads what was signed.
    fn request(
        &self,
        root: Element<'_>,
        sender: Arc<ServiceProvider>,
        relay_state: Option<String>,
    ) -> Result<AuthnRequest, RequestError> {
        if !root.is(PROTOCOL, "AuthnRequest") || root.attribute("Version") != Some("2.0") {
            return Err(RequestError::OtherMessage);
        }
        let destination = root.attribute("Destination");
        if destination.is_some_and(|named| named != self.destination.as_str()) {
            return Err(RequestError::Destination);
        }
        let at = instant::parse(root.required_attribute("IssueInstant")?);
        let age = at.map(|at| self.now.since(at));
        if age.is_none_or(|age| !(-SKEW..=MAX_AGE).contains(&age)) {
            return Err(RequestError::IssueInstant);
        }
        let policy = root.child(PROTOCOL, "NameIDPolicy")?;
        let format = policy.and_then(|policy| policy.attribute("Format"));
        if format.is_some_and(|format| !is_ours(format)) {
            return Err(RequestError::NameIdPolicy);
        }
        let id = root.required_attribute("ID")?;
        Ok(AuthnRequest {
            id: id.parse().map_err(|_| RequestError::Id)?,
            consumer: consumer(root, &sender)?,
            service_provider: sender,
            context: context(root)?,
            relay_state,
        })
    }
}

fn is_ours(format: &str) -> bool {
    matches!(
        format,
        super::response::PERSISTENT | "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
    )
}

/// The address for the response, which must be one of the metadata's: nobody may have it sent
/// elsewhere.
fn consumer(root: Element<'_>, sender: &ServiceProvider) -> Result<EndpointUrl, RequestError> {
    let known = match root.attribute("AssertionConsumerServiceURL") {
        Some(wanted) => {
            let mut known = sender.consumers.iter();
            known.find(|known| known.as_str() == wanted)
        }
        None => sender.default_consumer(),
    };
    known.cloned().ok_or(RequestError::UnknownConsumer)
}

fn context(root: Element<'_>) -> Result<Option<String>, RequestError> {
    let Some(requested) = root.child(PROTOCOL, "RequestedAuthnContext")? else {
        return Ok(None);
    };
    let mut classes = requested.children();
    let class = classes.find(|class| class.is(ASSERTION, "AuthnContextClassRef"));
    Ok(class.map(Element::text).transpose()?.map(str::to_owned))
}
