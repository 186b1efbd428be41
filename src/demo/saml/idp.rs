//! The SAML identity provider itself: what it knows and keeps. `answers` has the responses that it makes.

use std::sync::{Arc, PoisonError, RwLock};

use super::keys::Keys;
use super::logout::UnderWay;
use super::metadata;
use super::request::{AuthnRequest, Expected, Incoming, RequestError};
use super::service_provider::{ServiceProvider, ServiceProviderError};
use super::sessions::{IdpSession, Sessions};
use crate::clock::Clock;
use crate::demo::earlier::Earlier;
use crate::demo::provider::DemoError;
use crate::demo::tickets::{TicketError, Tickets};
use crate::domain::{EntityId, InvalidValue, Issuer};
use crate::entropy::Entropy;
use crate::federation::saml::vocabulary::{Binding, EndpointUrl};

/// Somebody chooses a person within this many seconds, and a logout comes back within them.
const TICKET_SECONDS: i64 = 600;
/// A session at the demo provider lasts this many seconds.
pub(super) const SESSION_SECONDS: i64 = 8 * 60 * 60;

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
    pub(super) issuer: Issuer,
    pub(super) entity_id: EntityId,
    pub(super) sign_on: EndpointUrl,
    pub(super) logout: EndpointUrl,
    /// The same as an address that messages are checked against.
    pub(super) logout_url: url::Url,
}

/// A SAML identity provider that really signs, and lets anybody sign in as one of its people.
pub struct SamlIdp {
    pub(super) addresses: Addresses,
    pub(super) keys: Keys,
    pub(super) options: SamlOptions,
    service_providers: RwLock<Vec<Arc<ServiceProvider>>>,
    asked: Tickets<Asked>,
    pub(super) logouts: Tickets<UnderWay>,
    pub(super) sessions: Sessions,
    /// By service provider, and whether it had asked.
    pub(super) earlier: Earlier<String>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

/// A sign-in for which a person is yet to be chosen.
#[derive(Debug, Clone)]
pub(in crate::demo) struct Asked {
    pub(super) request: Option<AuthnRequest>,
    pub(super) service_provider: Arc<ServiceProvider>,
    pub(super) consumer: EndpointUrl,
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
            keys: Keys::generate(host, clock.now())?,
            addresses: Addresses {
                issuer: issuer.clone(),
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
            earlier: Earlier::default(),
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
        metadata::document(&self.addresses, &self.keys.certificates())
    }

    /// Whether a key has signed that is not in the metadata.
    pub(in crate::demo) fn has_unpublished_key(&self) -> bool {
        self.keys.has_unpublished()
    }

    /// Puts the key that has signed already into the metadata, and signs with it from now on.
    pub(in crate::demo) fn publish_key(&self) {
        self.keys.publish();
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
}
