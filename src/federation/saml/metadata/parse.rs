//! Reads the XML of metadata (SAML 2.0 metadata, section 2).

use super::{Endpoint, IdpMetadata, LogoutEndpoint};
use crate::domain::{EntityId, InvalidValue, UnixTime};
use crate::federation::saml::certificate::{Certificate, CertificateError};
use crate::federation::saml::vocabulary::{Binding, EndpointUrl};
use crate::federation::saml::xml::{Document, Element, Profile, ShapeError, XmlError};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Why metadata is of no use.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// It is no XML that is read.
    #[error("the metadata can't be read")]
    Xml(#[from] XmlError),
    /// An element holds what it must not.
    #[error("the metadata is not of SAML's shape")]
    Shape(#[from] ShapeError),
    /// There is no identity provider, or not the one that is looked for.
    #[error("the metadata describes no such SAML 2.0 identity provider")]
    NoProvider,
    /// There is more than one identity provider, and none is named.
    #[error("the metadata describes more than one identity provider")]
    SeveralProviders,
    /// A value breaks its rule.
    #[error(transparent)]
    Value(#[from] InvalidValue),
    /// A signing certificate is of no use.
    #[error("a signing certificate is of no use")]
    Certificate(#[from] CertificateError),
}

/// Reads what a document says of `entity`, or of the only identity provider in it.
pub fn parse(document: &str, entity: Option<&EntityId>) -> Result<IdpMetadata, MetadataError> {
    let document = Document::parse(document.as_bytes(), Profile::METADATA)?;
    let mut found = None;
    for described in entities(document.root()) {
        let is_named = |name: &EntityId| described.attribute("entityID") == Some(name.as_str());
        let Some(role) = role(described)?.filter(|_| entity.is_none_or(is_named)) else {
            continue;
        };
        if found.replace((described, role)).is_some() {
            return Err(MetadataError::SeveralProviders);
        }
    }
    let (described, role) = found.ok_or(MetadataError::NoProvider)?;
    read(described, role)
}

/// The entities of a document, which may stand in lists of lists.
fn entities(root: Element<'_>) -> Vec<Element<'_>> {
    let (mut found, mut left) = (Vec::new(), vec![root]);
    while let Some(element) = left.pop() {
        if element.is(METADATA, "EntityDescriptor") {
            found.push(element);
        } else if element.is(METADATA, "EntitiesDescriptor") {
            left.extend(element.children());
        }
    }
    found
}

fn role(entity: Element<'_>) -> Result<Option<Element<'_>>, MetadataError> {
    let role = entity.child(METADATA, "IDPSSODescriptor")?;
    Ok(role.filter(|role| {
        let protocols = role.attribute("protocolSupportEnumeration");
        let mut protocols = protocols.unwrap_or_default().split_ascii_whitespace();
        protocols.any(|protocol| protocol == PROTOCOL)
    }))
}

fn read(entity: Element<'_>, role: Element<'_>) -> Result<IdpMetadata, MetadataError> {
    let mut metadata = IdpMetadata {
        entity_id: entity.required_attribute("entityID")?.parse()?,
        signing_certificates: certificates(role)?.try_into()?,
        single_sign_on: Vec::new(),
        single_logout: Vec::new(),
        wants_signed_requests: matches!(
            role.attribute("WantAuthnRequestsSigned"),
            Some("true" | "1")
        ),
        valid_until: valid_until(entity)?
            .into_iter()
            .chain(valid_until(role)?)
            .min(),
        name_id_formats: Vec::new(),
    };
    for child in role.children() {
        if child.is(METADATA, "SingleSignOnService") {
            metadata.single_sign_on.extend(endpoint(child)?);
        } else if child.is(METADATA, "SingleLogoutService") {
            metadata.single_logout.extend(logout_endpoint(child)?);
        } else if child.is(METADATA, "NameIDFormat") {
            metadata.name_id_formats.push(child.text()?.trim().parse()?);
        }
    }
    Ok(metadata)
}

fn certificates(role: Element<'_>) -> Result<Vec<Certificate>, MetadataError> {
    let keys = role
        .children()
        .filter(|child| child.is(METADATA, "KeyDescriptor"))
        .filter(|key| {
            key.attribute("use")
                .is_none_or(|purpose| purpose == "signing")
        });
    let held = keys
        .flat_map(Element::descendants)
        .filter(|element| element.is(SIGNATURE, "X509Certificate"));
    held.map(|element| Ok(element.text()?.parse()?)).collect()
}

fn endpoint(element: Element<'_>) -> Result<Option<Endpoint>, MetadataError> {
    let Some(binding) = Binding::from_uri(element.required_attribute("Binding")?) else {
        return Ok(None);
    };
    let location = element.required_attribute("Location")?.parse()?;
    Ok(Some(Endpoint { binding, location }))
}

fn logout_endpoint(element: Element<'_>) -> Result<Option<LogoutEndpoint>, MetadataError> {
    let response = element.attribute("ResponseLocation");
    let response: Option<EndpointUrl> = response.map(str::parse).transpose()?;
    Ok(endpoint(element)?.map(|endpoint| LogoutEndpoint {
        binding: endpoint.binding,
        location: endpoint.location,
        response_location: response,
    }))
}

fn valid_until(element: Element<'_>) -> Result<Option<UnixTime>, MetadataError> {
    let time = element.attribute("validUntil");
    Ok(time.map(str::parse).transpose()?)
}
