//! A service provider, as its metadata describes it (SAML 2.0 metadata, section 2.4.4).

use crate::domain::{EntityId, InvalidValue};
use crate::federation::saml::certificate::{Certificate, CertificateError};
use crate::federation::saml::vocabulary::{Binding, EndpointUrl};
use crate::federation::saml::xml::namespace::{METADATA, SIGNATURE};
use crate::federation::saml::xml::{Document, Element, Profile, ShapeError, XmlError};

/// Whom the demo provider signs people in for.
#[derive(Debug)]
pub(super) struct ServiceProvider {
    pub(super) entity_id: EntityId,
    /// What its messages are signed with; one at least.
    pub(super) signing: Vec<Certificate>,
    /// What assertions for it are encrypted with, where it can read them.
    pub(super) encryption: Option<Certificate>,
    /// Where it takes responses, the default first; one at least.
    pub(super) consumers: Vec<EndpointUrl>,
    /// Where it takes messages about sign-outs.
    pub(super) logout: Vec<(Binding, LogoutAddress)>,
}

/// Where messages about sign-outs go by one binding.
#[derive(Debug, Clone)]
pub(super) struct LogoutAddress {
    pub(super) requests: EndpointUrl,
    pub(super) responses: EndpointUrl,
}

/// Why somebody's metadata is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceProviderError {
    /// It is not XML as we read it.
    #[error("the metadata can't be read: {0}")]
    Xml(#[from] XmlError),
    /// Something is missing, or there twice.
    #[error("the metadata is not of SAML's shape: {0}")]
    Shape(#[from] ShapeError),
    /// An entity id or an endpoint is none.
    #[error("the metadata is not usable: {0}")]
    Value(#[from] InvalidValue),
    /// A certificate is of no use.
    #[error("a certificate of the metadata is not usable: {0}")]
    Certificate(#[from] CertificateError),
    /// Its requests could not be told from anybody's.
    #[error("the metadata has no certificate for signing")]
    NoSigningCertificate,
    /// There is nowhere to send a response.
    #[error("the metadata has no AssertionConsumerService with the HTTP-POST binding")]
    NoConsumer,
}

impl ServiceProvider {
    /// Reads the metadata of one service provider.
    pub(super) fn read(metadata: &str) -> Result<Self, ServiceProviderError> {
        let document = Document::parse(metadata.as_bytes(), Profile::METADATA)?;
        let entity = document.root();
        let role = entity.only_child(METADATA, "SPSSODescriptor")?;
        let signing = certificates(role, "signing")?;
        if signing.is_empty() {
            return Err(ServiceProviderError::NoSigningCertificate);
        }
        Ok(Self {
            entity_id: entity.required_attribute("entityID")?.parse()?,
            signing,
            encryption: certificates(role, "encryption")?.into_iter().next(),
            consumers: consumers(role)?,
            logout: logout_addresses(role)?,
        })
    }

    /// Where it takes responses unless a request names another place.
    pub(super) fn default_consumer(&self) -> Option<&EndpointUrl> {
        self.consumers.first()
    }

    /// Where it takes messages about sign-outs by this binding.
    pub(super) fn logout_at(&self, binding: Binding) -> Option<&LogoutAddress> {
        let mut addresses = self.logout.iter();
        addresses.find_map(|(own, address)| (*own == binding).then_some(address))
    }
}

/// The certificates of a purpose; a key that names none serves every purpose.
fn certificates(
    role: Element<'_>,
    purpose: &str,
) -> Result<Vec<Certificate>, ServiceProviderError> {
    let keys = role.children().filter(|key| {
        let named = key.attribute("use");
        key.is(METADATA, "KeyDescriptor") && named.is_none_or(|named| named == purpose)
    });
    let mut found = Vec::new();
    for key in keys {
        let info = key.only_child(SIGNATURE, "KeyInfo")?;
        let data = info.only_child(SIGNATURE, "X509Data")?;
        let certificate = data.only_child(SIGNATURE, "X509Certificate")?;
        found.push(certificate.text()?.parse()?);
    }
    Ok(found)
}

fn consumers(role: Element<'_>) -> Result<Vec<EndpointUrl>, ServiceProviderError> {
    let mut found = Vec::new();
    for service in services(role, "AssertionConsumerService") {
        if service.attribute("Binding") != Some(Binding::Post.as_uri()) {
            continue;
        }
        let location: EndpointUrl = service.required_attribute("Location")?.parse()?;
        let is_default = service.attribute("isDefault") == Some("true");
        let place = if is_default { 0 } else { found.len() };
        found.insert(place, location);
    }
    if found.is_empty() {
        return Err(ServiceProviderError::NoConsumer);
    }
    Ok(found)
}

fn logout_addresses(
    role: Element<'_>,
) -> Result<Vec<(Binding, LogoutAddress)>, ServiceProviderError> {
    let mut found = Vec::new();
    for service in services(role, "SingleLogoutService") {
        let Some(binding) = Binding::from_uri(service.required_attribute("Binding")?) else {
            continue;
        };
        let requests: EndpointUrl = service.required_attribute("Location")?.parse()?;
        let responses = match service.attribute("ResponseLocation") {
            Some(location) => location.parse()?,
            None => requests.clone(),
        };
        found.push((
            binding,
            LogoutAddress {
                requests,
                responses,
            },
        ));
    }
    Ok(found)
}

fn services<'d>(role: Element<'d>, name: &'static str) -> impl Iterator<Item = Element<'d>> {
    role.children()
        .filter(move |child| child.is(METADATA, name))
}
