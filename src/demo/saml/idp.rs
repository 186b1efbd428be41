//! The SAML identity provider itself: what it knows, and the responses that it makes.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::attributes::{self, Attribute};
use super::logout::UnderWay;
use super::metadata;
use super::request::{AuthnRequest, Expected, Incoming, RequestError};
use super::response::{Envelope, PERSISTENT, ResponseError, Statement, UNSPECIFIED};
use super::service_provider::{ServiceProvider, ServiceProviderError};
use super::sessions::{IdpSession, Sessions};
use crate::clock::Clock;
use crate::demo::people::Person;
use crate::demo::provider::DemoError;
use crate::demo::tickets::{TicketError, Tickets};
use crate::domain::{EntityId, InvalidValue, Issuer, UnixTime};
use crate::entropy::Entropy;
use crate::federation::saml::claims::NameId;
use crate::federation::saml::messages::{MessageId, PostForm};
use crate::federation::saml::redirect::MessageKind;
use crate::federation::saml::service_provider::ServiceProviderKey;
use crate::federation::saml::vocabulary::{Binding, EndpointUrl};

/// Somebody chooses a person within this many seconds, and a logout comes back within them.
const TICKET_SECONDS: i64 = 600;
/// A session at the demo provider lasts this many seconds.
const SESSION_SECONDS: i64 = 8 * 60 * 60;

/// How the provider makes its responses.
#[derive(Debug, Clone, Default)]
pub struct SamlOptions {
    /// What is signed.
    pub signed: Signed,
    /// Whether assertions are encrypted.
    pub encryption: Encryption,
    /// For whom responses are made that a command line brings to STS.
    pub sts: Option<StsParty>,
}

/// What of a response is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signed {
    /// The assertion.
    Assertion,
    /// The response around it. An assertion that is encrypted is signed as well: whoever decrypts it
    /// has nothing else to trust.
    Response,
    /// Both.
    #[default]
    Both,
}

/// Whether assertions are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encryption {
    /// Nothing is.
    #[default]
    None,
    /// Assertions for browsers are, with AES-256-GCM under a key that is wrapped with RSA-OAEP for the
    /// service provider's certificate.
    Assertions,
}

/// What a response for STS says of its receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StsParty {
    /// The audience: the gateway's entity id.
    pub audience: EntityId,
    /// The recipient, which a trust policy sees as `saml:aud`.
    pub recipient: EndpointUrl,
}

impl StsParty {
    /// The gateway at `public_url`, an origin.
    pub fn of(public_url: &str) -> Result<Self, InvalidValue> {
        Ok(Self {
            audience: [public_url, "/saml/metadata"].concat().parse()?,
            recipient: [public_url, "/saml"].concat().parse()?,
        })
    }
}

/// The provider's name and addresses.
#[derive(Debug)]
pub(super) struct Addresses {
    pub(super) entity_id: EntityId,
    pub(super) sign_on: EndpointUrl,
    pub(super) logout: EndpointUrl,
    /// The same as an address that messages are checked against.
    pub(super) logout_url: url::Url,
}

/// A SAML identity provider that really signs, and lets anybody sign in as one of its people.
pub struct SamlIdp {
    pub(super) addresses: Addresses,
    pub(super) key: ServiceProviderKey,
    options: SamlOptions,
    service_providers: RwLock<Vec<Arc<ServiceProvider>>>,
    asked: Tickets<Asked>,
    pub(super) logouts: Tickets<UnderWay>,
    pub(super) sessions: Sessions,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

/// A sign-in for which a person is yet to be chosen.
#[derive(Debug, Clone)]
pub(in crate::demo) struct Asked {
    request: Option<AuthnRequest>,
    service_provider: Arc<ServiceProvider>,
    consumer: EndpointUrl,
}

impl Asked {
    /// Who asks.
    pub(in crate::demo) fn service_provider(&self) -> &EntityId {
        &self.service_provider.entity_id
    }

    /// Where the response will go.
    pub(in crate::demo) const fn consumer(&self) -> &EndpointUrl {
        &self.consumer
    }
}

impl SamlIdp {
    /// A provider at `issuer`, an origin, with a fresh key.
    pub(in crate::demo) fn new(
        issuer: &Issuer,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, DemoError> {
        let at = |path| [issuer.as_str(), path].concat();
        let logout = at("/saml/logout");
        let url = url::Url::parse(&logout).map_err(|_| DemoError::IssuerHasPath)?;
        let host = url.host_str().unwrap_or_default();
        Ok(Self {
            key: ServiceProviderKey::generate(host, clock.now())?,
            addresses: Addresses {
                entity_id: at("/saml/metadata").parse()?,
                sign_on: at("/saml/sso").parse()?,
                logout: logout.parse()?,
                logout_url: url,
            },
            options: SamlOptions::default(),
            service_providers: RwLock::default(),
            asked: Tickets::lasting(TICKET_SECONDS),
            logouts: Tickets::lasting(TICKET_SECONDS),
            sessions: Sessions::default(),
            clock,
            entropy,
        })
    }

    /// The provider with other options.
    pub(in crate::demo) fn with_options(self, options: SamlOptions) -> Self {
        Self { options, ..self }
    }

    /// What the provider is called.
    pub const fn entity_id(&self) -> &EntityId {
        &self.addresses.entity_id
    }

    /// For whom responses are made that a command line brings to STS.
    pub const fn sts(&self) -> Option<&StsParty> {
        self.options.sts.as_ref()
    }

    /// The provider's metadata.
    pub fn metadata(&self) -> String {
        metadata::document(&self.addresses, self.key.certificate())
    }

    /// Lets the service provider that `metadata` describes sign people in; what was known of it is
    /// replaced.
    pub fn register(&self, metadata: &str) -> Result<(), ServiceProviderError> {
        let new = Arc::new(ServiceProvider::read(metadata)?);
        let known = self.service_providers.write();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.retain(|known| known.entity_id != new.entity_id);
        known.push(new);
        Ok(())
    }

    /// Every service provider that is registered.
    pub(super) fn service_providers(&self) -> Vec<Arc<ServiceProvider>> {
        let known = self.service_providers.read();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The registered service provider of this name.
    pub(super) fn service_provider(&self, entity_id: &str) -> Option<Arc<ServiceProvider>> {
        let known = self.service_providers();
        known
            .into_iter()
            .find(|known| known.entity_id.as_str() == entity_id)
    }

    /// The names of the registered service providers.
    pub(in crate::demo) fn registered(&self) -> Vec<EntityId> {
        let known = self.service_providers();
        known.iter().map(|known| known.entity_id.clone()).collect()
    }

    /// Where sign-outs that begin here lead.
    pub(in crate::demo) fn logout_addresses(&self) -> Vec<EndpointUrl> {
        let known = self.service_providers();
        let addresses = known
            .iter()
            .filter_map(|it| it.logout_at(Binding::Redirect));
        addresses.map(|it| it.requests.clone()).collect()
    }

    /// The sessions that have not ended, oldest first.
    pub(in crate::demo) fn open_sessions(&self) -> Vec<IdpSession> {
        self.sessions.open(self.clock.now())
    }

    /// Reads a request for a sign-in.
    pub(in crate::demo) fn begin(&self, incoming: &Incoming<'_>) -> Result<Asked, RequestError> {
        let expected = Expected {
            service_providers: &self.service_providers(),
            destination: &self.addresses.sign_on,
            now: self.clock.now(),
        };
        let request = AuthnRequest::read(incoming, &expected)?;
        Ok(Asked {
            service_provider: Arc::clone(&request.service_provider),
            consumer: request.consumer.clone(),
            request: Some(request),
        })
    }

    /// Begins a sign-in for which nobody asked.
    pub(in crate::demo) fn begin_unasked(&self, entity_id: &str) -> Result<Asked, RequestError> {
        let service_provider = self.service_provider(entity_id);
        let service_provider = service_provider.ok_or(RequestError::UnknownServiceProvider)?;
        let consumer = service_provider.default_consumer().cloned();
        Ok(Asked {
            request: None,
            consumer: consumer.ok_or(RequestError::UnknownConsumer)?,
            service_provider,
        })
    }

    /// Keeps a sign-in until a person is chosen.
    pub(in crate::demo) fn keep(&self, asked: Asked) -> Result<String, TicketError> {
        let now = self.clock.now();
        self.asked.give(asked, now, self.entropy.as_ref())
    }

    /// The sign-in that was kept; it can be gone on with once.
    pub(in crate::demo) fn take(&self, ticket: &str) -> Option<Asked> {
        self.asked.take(ticket, self.clock.now())
    }

    /// The form that brings the answer to the service provider: who was chosen, or that nobody was.
    pub(in crate::demo) fn answer(
        &self,
        asked: &Asked,
        person: Option<&Person>,
    ) -> Result<PostForm, ResponseError> {
        let now = self.clock.now();
        let request = asked.request.as_ref();
        let envelope = self.envelope(
            asked.consumer.as_str(),
            request.map(|request| &request.id),
            now,
        );
        let xml = match person {
            None => envelope.nobody()?,
            Some(person) => {
                let session = self.new_session(asked, person, now)?;
                let statement = Statement {
                    audience: asked.service_provider.entity_id.as_str(),
                    name_id: &session.name_id,
                    session_index: &session.index,
                    session_ends: session.ends,
                    context: request
                        .and_then(|request| request.context.as_deref())
                        .unwrap_or(UNSPECIFIED),
                    attributes: &attributes::of_person(person),
                };
                let recipient = asked.service_provider.encryption.as_ref();
                let xml = envelope.success(&statement, (self.options.encryption, recipient))?;
                self.sessions.begin(session, now);
                xml
            }
        };
        let relay_state = request.and_then(|request| request.relay_state.clone());
        Ok(PostForm::new(
            MessageKind::Response,
            &xml,
            asked.consumer.clone(),
            relay_state,
        ))
    }

    /// A response for STS in base64, with the roles that the provider gives a person; `None` where the
    /// provider knows no STS.
    pub fn response_for_sts(&self, person: &Person) -> Result<Option<String>, ResponseError> {
        let Some(sts) = &self.options.sts else {
            return Ok(None);
        };
        let now = self.clock.now();
        let audience = &sts.audience;
        let mut attributes: Vec<Attribute> = attributes::of_person(person);
        attributes.extend(attributes::for_sts(person));
        let session_index = MessageId::draw(self.entropy.as_ref())?;
        let statement = Statement {
            audience: audience.as_str(),
            name_id: &self.name_of(person, audience),
            session_index: session_index.as_str(),
            session_ends: now.plus(SESSION_SECONDS),
            context: UNSPECIFIED,
            attributes: &attributes,
        };
        let envelope = self.envelope(sts.recipient.as_str(), None, now);
        let xml = envelope.success(&statement, (Encryption::None, None))?;
        Ok(Some(STANDARD.encode(xml)))
    }

    fn envelope<'a>(
        &'a self,
        recipient: &'a str,
        in_response_to: Option<&'a MessageId>,
        now: UnixTime,
    ) -> Envelope<'a> {
        Envelope {
            issuer: &self.addresses.entity_id,
            key: self.key.signing(),
            signed: self.options.signed,
            recipient,
            in_response_to,
            now,
            entropy: self.entropy.as_ref(),
        }
    }

    fn new_session(
        &self,
        asked: &Asked,
        person: &Person,
        now: UnixTime,
    ) -> Result<IdpSession, ResponseError> {
        let service_provider = asked.service_provider.entity_id.clone();
        Ok(IdpSession {
            index: MessageId::draw(self.entropy.as_ref())?.as_str().to_owned(),
            person: person.key.clone(),
            name_id: self.name_of(person, &service_provider),
            service_provider,
            ends: now.plus(SESSION_SECONDS),
        })
    }

    /// A person's name at a service provider, which stays the same.
    fn name_of(&self, person: &Person, service_provider: &EntityId) -> NameId {
        NameId {
            value: person.subject.clone(),
            format: Some(PERSISTENT.to_owned()),
            name_qualifier: Some(self.addresses.entity_id.as_str().to_owned()),
            sp_name_qualifier: Some(service_provider.as_str().to_owned()),
        }
    }
}
