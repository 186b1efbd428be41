//! Responses: who somebody is, or why there is no answer (SAML 2.0 core, section 3.3.3).

use super::attributes::Attribute;
use super::idp::{Encryption, Signed};
use crate::demo::faults::Validity;
use crate::domain::{EntityId, UnixTime};
use crate::entropy::{Entropy, EntropyError};
use crate::federation::saml::certificate::Certificate;
use crate::federation::saml::claims::NameId;
use crate::federation::saml::decrypt::{
    ContentAlgorithm, EncryptError, EncryptedAssertion, KeyTransport, OaepHash,
};
use crate::federation::saml::messages::MessageId;
use crate::federation::saml::service_provider::KeyError;
use crate::federation::saml::signing::{PLACEHOLDER, SigningError, SigningKey};
use crate::federation::saml::writer::XmlWriter;
use crate::federation::saml::xml::namespace::{ASSERTION, PROTOCOL};

/// The format of the names that people have here (SAML 2.0 core, section 8.3.7).
pub(super) const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
/// How people prove who they are here: not at all.
pub(super) const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
const AUTHN_FAILED: &str = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed";

/// An assertion must be brought within this many seconds.
pub(super) const ASSERTION_SECONDS: i64 = 300;

/// Whom a response is for, and what makes it trustworthy.
pub(super) struct Envelope<'a> {
    pub(super) issuer: &'a EntityId,
    pub(super) key: &'a SigningKey,
    pub(super) signed: Signed,
    /// The address that it is brought to.
    pub(super) recipient: &'a str,
    /// The request that it answers.
    pub(super) in_response_to: Option<&'a MessageId>,
    pub(super) validity: Validity,
    pub(super) entropy: &'a dyn Entropy,
}

/// What an assertion says.
#[derive(Clone, Copy)]
pub(super) struct Statement<'a> {
    pub(super) audience: &'a str,
    pub(super) name_id: &'a NameId,
    pub(super) session_index: &'a str,
    pub(super) session_ends: UnixTime,
    pub(super) context: &'a str,
    pub(super) attributes: &'a [Attribute],
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// It could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// There is no key to sign with.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It could not be encrypted.
    #[error(transparent)]
    Encryption(#[from] EncryptError),
    /// Nothing is known to encrypt with.
    #[error("the service provider's metadata has no certificate for encryption")]
    NoEncryptionCertificate,
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl Envelope<'_> {
    /// The response that says who somebody is.
    pub(super) fn success(
        &self,
        statement: &Statement<'_>,
        (encryption, recipient): (Encryption, Option<&Certificate>),
    ) -> Result<String, ResponseError> {
        let assertion = self.assertion(statement, encryption)?;
        let assertion = match encryption {
            Encryption::None => assertion,
            Encryption::Assertions => {
                let recipient = recipient.ok_or(ResponseError::NoEncryptionCertificate)?;
                let algorithms = (
                    ContentAlgorithm::Aes256Gcm,
                    KeyTransport::Oaep(OaepHash::Sha256),
                );
                EncryptedAssertion::encrypt(&assertion, recipient, algorithms, self.entropy)?
                    .to_xml()
            }
        };
        let place = self.signed.response();
        self.response(&[SUCCESS], place, |xml| xml.document(&assertion))
    }

    /// A response in which a copy of the signed assertion stands in front of it, unsigned and saying
    /// `more` (signature wrapping). Somebody makes it who has the signed one and no key: a verifier that
    /// finds the signature and a reader that takes the first assertion let them in.
    pub(super) fn wrapped(
        &self,
        statement: &Statement<'_>,
        more: &Statement<'_>,
    ) -> Result<String, ResponseError> {
        let assertion = |signed, statement| {
            let envelope = Envelope { signed, ..*self };
            envelope.assertion(statement, Encryption::None)
        };
        let copy = assertion(Signed::Response, more)?;
        let signed = assertion(Signed::Assertion, statement)?;
        self.response(&[SUCCESS], Place::Nothing, |xml| {
            xml.document(&copy);
            xml.document(&signed);
        })
    }

    /// The response that says that nobody proved who they are. It is signed as a whole: there is
    /// nothing else to sign.
    pub(super) fn nobody(&self) -> Result<String, ResponseError> {
        self.response(&[RESPONDER, AUTHN_FAILED], Place::Signature, |_| ())
    }

    fn response(
        &self,
        status: &[&str],
        place: Place,
        content: impl FnOnce(&mut XmlWriter),
    ) -> Result<String, ResponseError> {
        let id = MessageId::draw(self.entropy)?;
        let issue_instant = self.validity.issued_at.to_string();
        let mut attributes = vec![
            ("xmlns:samlp", PROTOCOL),
            ("xmlns:saml", ASSERTION),
            ("ID", id.as_str()),
            ("Version", "2.0"),
            ("IssueInstant", &issue_instant),
            ("Destination", self.recipient),
        ];
        attributes.extend(self.in_response_to());
        let mut xml = XmlWriter::default();
        xml.element("samlp:Response", &attributes, |xml| {
            xml.text("saml:Issuer", &[], self.issuer.as_str());
            place.write(xml);
            xml.element("samlp:Status", &[], |xml| write_status(xml, status));
            content(xml);
        });
        self.sign(xml.finish(), &id, place)
    }

    fn assertion(
        &self,
        statement: &Statement<'_>,
        encryption: Encryption,
    ) -> Result<String, ResponseError> {
        let id = MessageId::draw(self.entropy)?;
        let place = self.signed.assertion(encryption);
        let issue_instant = self.validity.issued_at.to_string();
        let attributes = [
            ("xmlns:saml", ASSERTION),
            ("ID", id.as_str()),
            ("Version", "2.0"),
            ("IssueInstant", &issue_instant),
        ];
        let mut xml = XmlWriter::default();
        xml.element("saml:Assertion", &attributes, |xml| {
            xml.text("saml:Issuer", &[], self.issuer.as_str());
            place.write(xml);
            self.write_subject(xml, statement.name_id);
            self.write_conditions(xml, statement.audience);
            self.write_authentication(xml, statement);
            write_attributes(xml, statement.attributes);
        });
        self.sign(xml.finish(), &id, place)
    }

    fn sign(&self, xml: String, id: &MessageId, place: Place) -> Result<String, ResponseError> {
        match place {
            Place::Nothing => Ok(xml),
            Place::Signature => Ok(self.key.sign_element(&xml, id.as_str())?),
        }
    }

    fn in_response_to(&self) -> Option<(&'static str, &str)> {
        self.in_response_to.map(|id| ("InResponseTo", id.as_str()))
    }

    fn write_subject(&self, xml: &mut XmlWriter, name_id: &NameId) {
        let ends = self.validity.ends_at.to_string();
        let mut confirmation = vec![
            ("NotOnOrAfter", ends.as_str()),
            ("Recipient", self.recipient),
        ];
        confirmation.extend(self.in_response_to());
        xml.element("saml:Subject", &[], |xml| {
            let qualifiers = [
                ("Format", &name_id.format),
                ("NameQualifier", &name_id.name_qualifier),
                ("SPNameQualifier", &name_id.sp_name_qualifier),
            ];
            let qualifiers = qualifiers
                .iter()
                .filter_map(|(name, value)| Some((*name, value.as_deref()?)));
            let qualifiers: Vec<_> = qualifiers.collect();
            xml.text("saml:NameID", &qualifiers, &name_id.value);
            xml.element("saml:SubjectConfirmation", &[("Method", BEARER)], |xml| {
                xml.empty("saml:SubjectConfirmationData", &confirmation);
            });
        });
    }

    fn write_conditions(&self, xml: &mut XmlWriter, audience: &str) {
        let (begins, ends) = (
            self.validity.issued_at.to_string(),
            self.validity.ends_at.to_string(),
        );
        let times = [("NotBefore", begins.as_str()), ("NotOnOrAfter", &ends)];
        xml.element("saml:Conditions", &times, |xml| {
            xml.element("saml:AudienceRestriction", &[], |xml| {
                xml.text("saml:Audience", &[], audience);
            });
        });
    }

    fn write_authentication(&self, xml: &mut XmlWriter, statement: &Statement<'_>) {
        let at = self.validity.issued_at.to_string();
        let ends = statement.session_ends.to_string();
        let attributes = [
            ("AuthnInstant", at.as_str()),
            ("SessionIndex", statement.session_index),
            ("SessionNotOnOrAfter", &ends),
        ];
        xml.element("saml:AuthnStatement", &attributes, |xml| {
            xml.element("saml:AuthnContext", &[], |xml| {
                xml.text("saml:AuthnContextClassRef", &[], statement.context);
            });
        });
    }
}

/// What stands behind the Issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Signature,
    Nothing,
}

impl Place {
    fn write(self, xml: &mut XmlWriter) {
        if self == Self::Signature {
            xml.document(PLACEHOLDER);
        }
    }
}

fn write_status(xml: &mut XmlWriter, codes: &[&str]) {
    if let Some((code, more)) = codes.split_first() {
        xml.element("samlp:StatusCode", &[("Value", code)], |xml| {
            write_status(xml, more);
        });
    }
}

fn write_attributes(xml: &mut XmlWriter, attributes: &[Attribute]) {
    xml.element("saml:AttributeStatement", &[], |xml| {
        for attribute in attributes {
            write_attribute(xml, attribute);
        }
    });
}

fn write_attribute(xml: &mut XmlWriter, attribute: &Attribute) {
    let mut named = vec![
        ("Name", attribute.name),
        ("NameFormat", attribute.name_format),
    ];
    named.extend(attribute.friendly_name.map(|name| ("FriendlyName", name)));
    xml.element("saml:Attribute", &named, |xml| {
        for value in &attribute.values {
            xml.text("saml:AttributeValue", &[], value);
        }
    });
}

impl Signed {
    const fn response(self) -> Place {
        match self {
            Self::Assertion => Place::Nothing,
            Self::Response | Self::Both => Place::Signature,
        }
    }

    const fn assertion(self, encryption: Encryption) -> Place {
        match (self, encryption) {
            (Self::Response, Encryption::None) => Place::Nothing,
            (Self::Response, Encryption::Assertions) | (Self::Assertion | Self::Both, _) => {
                Place::Signature
            }
        }
    }
}
