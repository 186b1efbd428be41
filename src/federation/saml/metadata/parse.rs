//! Reads the metadata of identity providers (SAML metadata 2.0).
//!
//! ```text
//! text ─ bounds, no DTD ─> tree ─> the one EntityDescriptor ─> its one IDPSSODescriptor ─> IdpMetadata
//! ```
//!
//! Whoever gives us the document vouches for all of it: it came over TLS from an address that an
//! admin chose, or from the admin. A signature in it is not asked for.

use super::{Endpoint, IdpMetadata, LogoutEndpoint, SigningCertificates};
use crate::domain::{EntityId, UnixTime};
use crate::federation::Quoted;
use crate::federation::saml::certificate::{Certificate, CertificateError};
use crate::federation::saml::instant;
use crate::federation::saml::vocabulary::{Binding, EndpointUrl, SamlUri};
use crate::federation::saml::xml::namespace::{METADATA, PROTOCOL, SIGNATURE};
use crate::federation::saml::xml::{Document, Element, Profile, ShapeError, XmlError};

/// The most endpoints or formats of one kind that are kept.
const MAX_LISTED: usize = 32;
/// The most notes that are kept of a document; the others are counted.
const MAX_NOTES: usize = 32;

/// What a document says of one provider, and what was left aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedMetadata {
    /// The provider.
    pub metadata: IdpMetadata,
    /// What an admin should know.
    pub notes: Vec<MetadataNote>,
}

/// Something in a document that was left aside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataNote {
    /// A certificate for signing is of no use; there are others.
    #[error("signing certificate {position} is left aside: {error}")]
    UnusableCertificate {
        /// Which one, counted from 1.
        position: usize,
        /// Why.
        error: CertificateError,
    },
    /// More certificates follow the first one of an `X509Data`: a chain, whose authorities sign no
    /// messages.
    #[error("only the first of the {count} certificates of signing key {position} is used")]
    Chain {
        /// Which first certificate, counted from 1.
        position: usize,
        /// How many there are.
        count: usize,
    },
    /// There is more to note than is kept.
    #[error("there are {count} more notes like these")]
    More {
        /// How many are left out.
        count: usize,
    },
}

/// The first notes, and how many more there are.
#[derive(Debug, Default)]
struct Notes {
    kept: Vec<MetadataNote>,
    left_out: usize,
}

impl Notes {
    fn push(&mut self, note: MetadataNote) {
        if self.kept.len() < MAX_NOTES {
            self.kept.push(note);
        } else {
            self.left_out += 1;
        }
    }

    fn finish(mut self) -> Vec<MetadataNote> {
        if self.left_out > 0 {
            let count = self.left_out;
            self.kept.push(MetadataNote::More { count });
        }
        self.kept
    }
}

/// Why metadata is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// It is not XML as we read it; too long, for example, or with a document type.
    #[error("the metadata can't be read")]
    Xml(#[from] XmlError),
    /// Something is missing, or there twice.
    #[error("the metadata is not of SAML's shape")]
    Shape(#[from] ShapeError),
    /// It is another kind of document.
    #[error("the metadata is {0}, not EntityDescriptor or EntitiesDescriptor")]
    NotMetadata(Quoted),
    /// The provider that is wanted is not described.
    #[error("the metadata describes no such SAML 2.0 identity provider: {0}")]
    UnknownEntity(EntityId),
    /// The provider that is wanted is described twice.
    #[error("the metadata describes {0} more than once")]
    RepeatedEntity(EntityId),
    /// No identity provider is described.
    #[error("the metadata describes no identity provider of SAML 2.0")]
    NoProvider,
    /// Several identity providers are described, and none is chosen.
    #[error("the metadata describes several identity providers; choose one by its entity id")]
    SeveralProviders,
    /// The entity has more than one role of an identity provider.
    #[error("the entity has more than one IDPSSODescriptor of SAML 2.0")]
    SeveralRoles,
    /// The entity's ID is none.
    #[error("the entityID is not 1 to 1024 characters without white space")]
    EntityId,
    /// A time is none.
    #[error("validUntil is not a time in UTC: {0}")]
    NotATime(Quoted),
    /// The metadata counts no more.
    #[error("the metadata was valid until {0}")]
    Expired(UnixTime),
    /// No certificate for signing is usable.
    #[error("no signing certificate is usable{}", first_reason(.0))]
    NoSigningCertificate(Vec<MetadataNote>),
    /// There are too many certificates for signing.
    #[error(
        "there are more than {} signing certificates",
        SigningCertificates::MAX
    )]
    TooManyCertificates,
    /// An endpoint is no URL that a browser may be sent to.
    #[error("the location of a {service} is no https URL: {location}")]
    Location {
        /// The service.
        service: &'static str,
        /// The location.
        location: Quoted,
    },
    /// An endpoint is plain http, and the node does not allow it.
    #[error("the location is plain http: {}", .0.as_str())]
    PlainHttp(EndpointUrl),
    /// No sign-in can be asked for.
    #[error("there is no SingleSignOnService with the HTTP-Redirect or HTTP-POST binding")]
    NoSingleSignOn,
    /// There are too many endpoints or formats.
    #[error("there are more than {MAX_LISTED} {0}s")]
    TooMany(&'static str),
}

fn first_reason(notes: &[MetadataNote]) -> String {
    let first = notes.first().map(|note| [": ", &note.to_string()].concat());
    first.unwrap_or_default()
}

/// Reads what a document says of `entity`, or of the only identity provider in it. Whether it may be
/// used here and now is for [`check`] to say.
pub fn parse(document: &str, entity: Option<&EntityId>) -> Result<ParsedMetadata, MetadataError> {
    let document = Document::parse(document.as_bytes(), Profile::METADATA)?;
    let entities = Entities::of(document.root())?;
    let (entity, until) = entities.choose(entity)?;
    let entity_id = entity.required_attribute("entityID")?;
    let role = only_role(entity)?.ok_or(MetadataError::NoProvider)?;
    let (signing_certificates, notes) = certificates(role)?;
    let metadata = IdpMetadata {
        entity_id: entity_id.parse().map_err(|_| MetadataError::EntityId)?,
        signing_certificates,
        single_sign_on: sign_on(role)?,
        single_logout: logout(role)?,
        wants_signed_requests: is_true(role.attribute("WantAuthnRequestsSigned")),
        valid_until: earlier(until, valid_until(role)?),
        name_id_formats: formats(role)?,
    };
    Ok(ParsedMetadata { metadata, notes })
}

/// Checks that metadata counts at `now`, and that its endpoints are https, or plain http where the
/// node allows it: on loopback addresses that it lists.
pub fn check(
    metadata: &IdpMetadata,
    now: UnixTime,
    may_be_plain_http: impl Fn(&EndpointUrl) -> bool,
) -> Result<(), MetadataError> {
    if let Some(end) = metadata.valid_until.filter(|_| !metadata.is_valid(now)) {
        return Err(MetadataError::Expired(end));
    }
    let sign_on = metadata.single_sign_on.iter().map(|it| &it.location);
    let logout = metadata.single_logout.iter();
    let logout = logout.flat_map(|it| std::iter::once(&it.location).chain(&it.response_location));
    let plain = sign_on
        .chain(logout)
        .find(|url| !url.as_str().starts_with("https://") && !may_be_plain_http(url));
    plain.map_or(Ok(()), |url| Err(MetadataError::PlainHttp(url.clone())))
}

/// The entities of a document, and the end of validity that each has from itself and from what it is
/// in.
struct Entities<'d>(Vec<(Element<'d>, Option<UnixTime>)>);

impl<'d> Entities<'d> {
    /// Looks through nested `EntitiesDescriptor`s, and nowhere else.
    fn of(root: Element<'d>) -> Result<Self, MetadataError> {
        let mut found = Vec::new();
        let mut open = vec![(root, None)];
        while let Some((element, outer)) = open.pop() {
            if element.is(METADATA, "EntityDescriptor") {
                found.push((element, earlier(outer, valid_until(element)?)));
            } else if element.is(METADATA, "EntitiesDescriptor") {
                let until = earlier(outer, valid_until(element)?);
                open.extend(element.children().map(|child| (child, until)));
            } else if element == root {
                return Err(MetadataError::NotMetadata(Quoted::new(root.local_name())));
            }
        }
        Ok(Self(found))
    }

    fn choose(
        self,
        wanted: Option<&EntityId>,
    ) -> Result<(Element<'d>, Option<UnixTime>), MetadataError> {
        let mut fitting = Vec::new();
        for (entity, until) in self.0 {
            let fits = match wanted {
                Some(wanted) => entity.attribute("entityID") == Some(wanted.as_str()),
                None => roles(entity).next().is_some(),
            };
            if fits {
                fitting.push((entity, until));
            }
        }
        match (&fitting[..], wanted) {
            ([only], _) => Ok(*only),
            ([], Some(wanted)) => Err(MetadataError::UnknownEntity(wanted.clone())),
            ([], None) => Err(MetadataError::NoProvider),
            (_, Some(wanted)) => Err(MetadataError::RepeatedEntity(wanted.clone())),
            (_, None) => Err(MetadataError::SeveralProviders),
        }
    }
}

/// The roles of an entity as an identity provider of SAML 2.0.
fn roles(entity: Element<'_>) -> impl Iterator<Item = Element<'_>> {
    entity.children().filter(|role| {
        let protocols = role.attribute("protocolSupportEnumeration").unwrap_or("");
        role.is(METADATA, "IDPSSODescriptor")
            && protocols
                .split_ascii_whitespace()
                .any(|protocol| protocol == PROTOCOL)
    })
}

fn only_role(entity: Element<'_>) -> Result<Option<Element<'_>>, MetadataError> {
    let mut roles = roles(entity);
    match (roles.next(), roles.next()) {
        (role, None) => Ok(role),
        (_, Some(_)) => Err(MetadataError::SeveralRoles),
    }
}

fn valid_until(element: Element<'_>) -> Result<Option<UnixTime>, MetadataError> {
    let read =
        |text| instant::parse(text).ok_or_else(|| MetadataError::NotATime(Quoted::new(text)));
    element.attribute("validUntil").map(read).transpose()
}

fn earlier(one: Option<UnixTime>, other: Option<UnixTime>) -> Option<UnixTime> {
    one.into_iter().chain(other).min()
}

/// `xs:boolean`.
fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| matches!(value.trim(), "true" | "1"))
}

fn certificates(
    role: Element<'_>,
) -> Result<(SigningCertificates, Vec<MetadataNote>), MetadataError> {
    let mut notes = Notes::default();
    let data = role
        .children()
        .filter(|key| key.is(METADATA, "KeyDescriptor"))
        .filter(|key| matches!(key.attribute("use"), None | Some("signing")))
        .flat_map(Element::children)
        .filter(|info| info.is(SIGNATURE, "KeyInfo"))
        .flat_map(Element::children)
        .filter(|data| data.is(SIGNATURE, "X509Data"));
    let mut usable = Vec::new();
    for (data, position) in data.zip(1..) {
        let mut all = data
            .children()
            .filter(|it| it.is(SIGNATURE, "X509Certificate"));
        let Some(first) = all.next() else { continue };
        let count = 1 + all.count();
        if count > 1 {
            notes.push(MetadataNote::Chain { position, count });
        }
        match first.text()?.parse::<Certificate>() {
            Ok(certificate) if usable.contains(&certificate) => {}
            Ok(certificate) => usable.push(certificate),
            Err(error) => notes.push(MetadataNote::UnusableCertificate { position, error }),
        }
        if usable.len() > SigningCertificates::MAX {
            return Err(MetadataError::TooManyCertificates);
        }
    }
    let notes = notes.finish();
    match SigningCertificates::try_from(usable) {
        Ok(certificates) => Ok((certificates, notes)),
        Err(_) => Err(MetadataError::NoSigningCertificate(notes)),
    }
}

/// The services of one kind whose binding we speak; others are left aside.
fn services<'d>(
    role: Element<'d>,
    service: &'static str,
) -> Result<Vec<(Binding, Element<'d>)>, MetadataError> {
    let mut found = Vec::new();
    for element in role
        .children()
        .filter(|element| element.is(METADATA, service))
    {
        if let Some(binding) = Binding::from_uri(element.required_attribute("Binding")?) {
            found.push((binding, element));
        }
    }
    if found.len() > MAX_LISTED {
        return Err(MetadataError::TooMany(service));
    }
    Ok(found)
}

fn sign_on(role: Element<'_>) -> Result<Vec<Endpoint>, MetadataError> {
    const SERVICE: &str = "SingleSignOnService";
    let mut endpoints = Vec::new();
    for (binding, element) in services(role, SERVICE)? {
        endpoints.push(Endpoint {
            binding,
            location: location(SERVICE, element.required_attribute("Location")?)?,
        });
    }
    if endpoints.is_empty() {
        return Err(MetadataError::NoSingleSignOn);
    }
    Ok(endpoints)
}

fn logout(role: Element<'_>) -> Result<Vec<LogoutEndpoint>, MetadataError> {
    const SERVICE: &str = "SingleLogoutService";
    let mut endpoints = Vec::new();
    for (binding, element) in services(role, SERVICE)? {
        let responses = element.attribute("ResponseLocation");
        endpoints.push(LogoutEndpoint {
            binding,
            location: location(SERVICE, element.required_attribute("Location")?)?,
            response_location: responses
                .map(|responses| location(SERVICE, responses))
                .transpose()?,
        });
    }
    Ok(endpoints)
}

fn location(service: &'static str, location: &str) -> Result<EndpointUrl, MetadataError> {
    let location_error = |_| MetadataError::Location {
        service,
        location: Quoted::new(location),
    };
    location.parse().map_err(location_error)
}

fn formats(role: Element<'_>) -> Result<Vec<SamlUri>, MetadataError> {
    const FORMAT: &str = "NameIDFormat";
    let mut formats = Vec::new();
    for element in role
        .children()
        .filter(|element| element.is(METADATA, FORMAT))
    {
        formats.extend(element.text()?.trim().parse());
    }
    if formats.len() > MAX_LISTED {
        return Err(MetadataError::TooMany(FORMAT));
    }
    Ok(formats)
}

#[cfg(test)]
mod tests;
