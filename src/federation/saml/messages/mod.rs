//! The messages that we send, and those about logging out that come back (SAML core 2.0, section 3),
//! and our metadata (SAML metadata 2.0).

mod authn_request;
mod logout;
mod metadata;
mod received;

pub use authn_request::AuthnRequest;
pub use logout::{LogoutReason, LogoutRequest, LogoutResponse, LogoutStatus};
pub use metadata::ServiceProviderMetadata;
pub use received::{
    ExpectedLogout, LogoutError, LogoutReach, ReceivedLogoutRequest, ReceivedLogoutResponse,
    unverified_issuer,
};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::redirect::MessageKind;
use super::vocabulary::EndpointUrl;
use super::writer::{Attribute, XmlWriter};
use super::xml::namespace::{ASSERTION, PROTOCOL, SIGNATURE};
use crate::domain::{EntityId, UnixTime, text_type};
use crate::entropy::{Entropy, EntropyError, draw};

text_type! {
    /// The ID of a message or assertion: 1 to 256 ASCII characters of an `xs:ID`.
    MessageId,
    "message id",
    "1 to 256 of A-Z a-z 0-9 _ . -, beginning with a letter or an underscore",
    |text| {
        text.len() <= 256
            && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    }
}

impl MessageId {
    /// Draws an ID of 128 random bits: whoever did not see the message can't answer it.
    pub fn draw(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let bits = data_encoding::HEXLOWER.encode(&draw::<16>(entropy)?);
        Ok(Self(["_", &bits].concat().into()))
    }
}

/// Where the signature of a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignaturePlace {
    /// In the query beside the message, or nowhere.
    Outside,
    /// In the message, after its Issuer (SAML core 2.0, section 3.2.1).
    Inside,
}

/// What every message of ours says at its root.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// Its own ID.
    pub id: &'a MessageId,
    /// When it is made.
    pub issue_instant: UnixTime,
    /// The endpoint that it goes to.
    pub destination: &'a EndpointUrl,
    /// Our entity ID.
    pub issuer: &'a EntityId,
}

impl Envelope<'_> {
    /// Writes a message: the root with `more` attributes, the Issuer, the place of a signature where
    /// there is to be one, and what `content` writes.
    fn write(
        &self,
        (root, place): (&'static str, SignaturePlace),
        more: &[Attribute<'_>],
        content: impl FnOnce(&mut XmlWriter),
    ) -> String {
        let issue_instant = self.issue_instant.to_string();
        let mut attributes = vec![
            ("xmlns:samlp", PROTOCOL),
            ("xmlns:saml", ASSERTION),
            ("ID", self.id.as_str()),
            ("Version", "2.0"),
            ("IssueInstant", &issue_instant),
            ("Destination", self.destination.as_str()),
        ];
        attributes.extend_from_slice(more);
        let mut xml = XmlWriter::default();
        xml.element(root, &attributes, |xml| {
            xml.text("saml:Issuer", &[], self.issuer.as_str());
            if place == SignaturePlace::Inside {
                // As `signing::PLACEHOLDER` has it.
                xml.empty("ds:Signature", &[("xmlns:ds", SIGNATURE)]);
            }
            content(xml);
        });
        xml.finish()
    }
}

/// What a page posts to an identity provider (SAML bindings 2.0, section 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostForm {
    /// Where the form goes.
    pub action: EndpointUrl,
    /// The name of the field with the message.
    pub field: &'static str,
    /// The message, in base64.
    pub message: String,
    /// The value of the field `RelayState`, where there is one.
    pub relay_state: Option<String>,
}

impl PostForm {
    /// Wraps a message, which carries its own signature.
    pub fn new(
        kind: MessageKind,
        xml: &str,
        action: EndpointUrl,
        relay_state: Option<String>,
    ) -> Self {
        Self {
            action,
            field: kind.parameter(),
            message: STANDARD.encode(xml),
            relay_state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    /// Bytes that count up from 0.
    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes
                .iter_mut()
                .zip(0..)
                .for_each(|(byte, count)| *byte = count);
            Ok(())
        }
    }

    #[test]
    fn an_id_is_an_underscore_and_128_random_bits() {
        let id = MessageId::draw(&Counting).unwrap();
        assert_eq!(id.as_str(), "_000102030405060708090a0b0c0d0e0f");
        assert_ne!(
            MessageId::draw(&SystemEntropy).unwrap(),
            MessageId::draw(&SystemEntropy).unwrap()
        );
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
    }

    #[test]
    fn no_id_begins_with_a_digit_or_is_longer_than_its_bound() {
        let long = ["_", &"a".repeat(256)].concat();
        for text in ["", "1a", "-a", "a b", "a\"", "é", &long] {
            let error = text.parse::<MessageId>().unwrap_err();
            assert_eq!(error.what, "message id", "{text}");
        }
    }

    #[test]
    fn a_form_holds_the_message_in_base64() {
        let action: EndpointUrl = "https://idp.example/slo".parse().unwrap();
        let form = PostForm::new(MessageKind::Response, "<a/>", action.clone(), None);
        let expected = PostForm {
            action,
            field: "SAMLResponse",
            message: "PGEvPg==".into(),
            relay_state: None,
        };
        assert_eq!(form, expected);
    }
}
