//! What an assertion says (SAML 2.0 Core, section 2), read into values of its own. Reading decides
//! nothing about whether it holds.

use super::error::SamlError;
use super::instant;
use super::xml::Element;
use super::xml::namespace::ASSERTION;
use crate::domain::UnixTime;
use crate::federation::Quoted;

pub use crate::domain::NameId;

/// The confirmation method of whoever bears the assertion (SAML 2.0 Profiles, section 3.3).
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// The format of an issuer's name (SAML 2.0 Core, section 8.3.6).
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

/// An assertion, as far as it is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assertion {
    pub(super) id: String,
    pub(super) issuer: String,
    pub(super) issued_at: UnixTime,
    pub(super) name_id: NameId,
    pub(super) bearers: Vec<Bearer>,
    pub(super) conditions: Conditions,
    pub(super) authentications: Vec<Authentication>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) dropped: Vec<DroppedAttribute>,
}

/// A bearer confirmation (SAML 2.0 Core, section 2.4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bearer {
    pub(super) recipient: String,
    pub(super) not_on_or_after: UnixTime,
    pub(super) has_not_before: bool,
    pub(super) in_response_to: Option<String>,
}

/// The conditions that are understood (SAML 2.0 Core, section 2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conditions {
    pub(super) not_before: Option<UnixTime>,
    pub(super) not_on_or_after: UnixTime,
    /// The audiences of each restriction; all must hold.
    pub(super) restrictions: Vec<Vec<String>>,
    pub(super) is_for_one_use: bool,
}

/// How and when somebody proved themselves (SAML 2.0 Core, section 2.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    /// When.
    pub at: UnixTime,
    /// The provider's name of its session with them.
    pub session_index: Option<String>,
    /// When the provider's session with them ends.
    pub session_ends_at: Option<UnixTime>,
    /// The class of how they did.
    pub context_class: Option<String>,
}

/// An attribute of somebody (SAML 2.0 Core, section 2.7.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The name.
    pub name: String,
    /// What kind of name it is.
    pub name_format: Option<String>,
    /// A name for people; nothing is decided by it.
    pub friendly_name: Option<String>,
    /// The values, as they stand there.
    pub values: Vec<String>,
}

/// An attribute with a value that holds elements: what it says can be read in more than one way, so
/// that nothing may be decided by it, and not by its absence either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedAttribute {
    /// The name.
    pub name: String,
    /// A name for people.
    pub friendly_name: Option<String>,
}

impl Assertion {
    pub(super) fn read(element: Element<'_>) -> Result<Self, SamlError> {
        check_kind(element, ASSERTION, "Assertion")?;
        check_version(element, "Assertion")?;
        let subject = element.only_child(ASSERTION, "Subject")?;
        let (attributes, dropped) = read_attributes(element)?;
        Ok(Self {
            id: element.required_attribute("ID")?.to_owned(),
            issuer: read_issuer(element.only_child(ASSERTION, "Issuer")?)?,
            issued_at: required_time(element, "IssueInstant")?,
            name_id: NameId::read(subject.only_child(ASSERTION, "NameID")?)?,
            bearers: each(subject, "SubjectConfirmation")
                .filter(|confirmation| confirmation.attribute("Method") == Some(BEARER))
                .map(Bearer::read)
                .collect::<Result<_, _>>()?,
            conditions: Conditions::read(element.only_child(ASSERTION, "Conditions")?)?,
            authentications: each(element, "AuthnStatement")
                .map(Authentication::read)
                .collect::<Result<_, _>>()?,
            attributes,
            dropped,
        })
    }
}

impl NameId {
    fn read(element: Element<'_>) -> Result<Self, SamlError> {
        let value = element.text()?;
        if value.trim().is_empty() {
            return Err(SamlError::Malformed {
                what: "NameID",
                rule: "a name",
            });
        }
        Ok(Self {
            value: value.to_owned(),
            format: optional(element, "Format"),
            name_qualifier: optional(element, "NameQualifier"),
            sp_name_qualifier: optional(element, "SPNameQualifier"),
        })
    }
}

impl Bearer {
    fn read(confirmation: Element<'_>) -> Result<Self, SamlError> {
        let data = confirmation.only_child(ASSERTION, "SubjectConfirmationData")?;
        Ok(Self {
            recipient: data.required_attribute("Recipient")?.to_owned(),
            not_on_or_after: required_time(data, "NotOnOrAfter")?,
            has_not_before: data.attribute("NotBefore").is_some(),
            in_response_to: optional(data, "InResponseTo"),
        })
    }
}

impl Conditions {
    fn read(element: Element<'_>) -> Result<Self, SamlError> {
        let mut conditions = Self {
            not_before: time(element, "NotBefore")?,
            not_on_or_after: required_time(element, "NotOnOrAfter")?,
            restrictions: Vec::new(),
            is_for_one_use: false,
        };
        for condition in element.children() {
            let known = Some(condition.local_name()).filter(|_| condition.namespace() == ASSERTION);
            match known {
                Some("AudienceRestriction") => {
                    let audiences = each(condition, "Audience").map(own_text);
                    let audiences = audiences.collect::<Result<_, _>>()?;
                    conditions.restrictions.push(audiences);
                }
                Some("OneTimeUse") => conditions.is_for_one_use = true,
                // It limits whoever makes new assertions of this one, which nobody here does.
                Some("ProxyRestriction") => {}
                _ => {
                    return Err(SamlError::Condition {
                        found: Quoted::new(condition.local_name()),
                    });
                }
            }
        }
        Ok(conditions)
    }
}

impl Authentication {
    fn read(statement: Element<'_>) -> Result<Self, SamlError> {
        let context = statement.only_child(ASSERTION, "AuthnContext")?;
        let class = context.child(ASSERTION, "AuthnContextClassRef")?;
        Ok(Self {
            at: required_time(statement, "AuthnInstant")?,
            session_index: optional(statement, "SessionIndex"),
            session_ends_at: time(statement, "SessionNotOnOrAfter")?,
            context_class: class.map(own_text).transpose()?,
        })
    }
}

/// The attributes of every statement, and those that are not understood. An encrypted attribute, whose
/// name is not known, could be any: with it, nothing is known to be absent.
fn read_attributes(
    assertion: Element<'_>,
) -> Result<(Vec<Attribute>, Vec<DroppedAttribute>), SamlError> {
    let (mut attributes, mut dropped) = (Vec::new(), Vec::new());
    for statement in each(assertion, "AttributeStatement") {
        for element in statement.children() {
            if !element.is(ASSERTION, "Attribute") {
                return Err(SamlError::Malformed {
                    what: "AttributeStatement",
                    rule: "of attributes alone, none of them encrypted by itself",
                });
            }
            let name = element.required_attribute("Name")?.to_owned();
            let friendly_name = optional(element, "FriendlyName");
            let values: Result<_, _> = each(element, "AttributeValue").map(own_text).collect();
            match values {
                Ok(values) => attributes.push(Attribute {
                    name,
                    name_format: optional(element, "NameFormat"),
                    friendly_name,
                    values,
                }),
                Err(_) => dropped.push(DroppedAttribute {
                    name,
                    friendly_name,
                }),
            }
        }
    }
    Ok((attributes, dropped))
}

/// The name of who issued a message (SAML 2.0 Core, section 2.2.5).
pub(super) fn read_issuer(element: Element<'_>) -> Result<String, SamlError> {
    match element.attribute("Format") {
        None | Some(ENTITY) => own_text(element),
        Some(_) => Err(SamlError::Malformed {
            what: "Format of the Issuer",
            rule: "that of an entity",
        }),
    }
}

pub(super) fn check_kind(
    element: Element<'_>,
    namespace: &str,
    expected: &'static str,
) -> Result<(), SamlError> {
    if element.is(namespace, expected) {
        return Ok(());
    }
    Err(SamlError::Kind {
        expected,
        found: Quoted::new(element.local_name()),
    })
}

pub(super) fn check_version(element: Element<'_>, name: &'static str) -> Result<(), SamlError> {
    match element.attribute("Version") {
        Some("2.0") => Ok(()),
        found => Err(SamlError::Version {
            element: name,
            found: Quoted::new(found.unwrap_or_default()),
        }),
    }
}

pub(super) fn required_time(
    element: Element<'_>,
    attribute: &'static str,
) -> Result<UnixTime, SamlError> {
    let text = element.required_attribute(attribute)?;
    instant::parse(text).ok_or_else(|| SamlError::Time {
        attribute,
        found: Quoted::new(text),
    })
}

pub(super) fn optional(element: Element<'_>, attribute: &str) -> Option<String> {
    element.attribute(attribute).map(str::to_owned)
}

fn time(element: Element<'_>, attribute: &'static str) -> Result<Option<UnixTime>, SamlError> {
    if element.attribute(attribute).is_none() {
        return Ok(None);
    }
    required_time(element, attribute).map(Some)
}

fn own_text(element: Element<'_>) -> Result<String, SamlError> {
    Ok(element.text()?.to_owned())
}

fn each<'d>(parent: Element<'d>, name: &'static str) -> impl Iterator<Item = Element<'d>> {
    let children = parent.children();
    children.filter(move |child| child.is(ASSERTION, name))
}
