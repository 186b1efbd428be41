//! What the tests of SAML share: providers, messages, and what is expected of them.

use std::sync::LazyLock;

use super::SamlError;
use super::certificate::Certificate;
use super::checks::{AcceptedAssertion, Expected, Request};
use super::response::{AuthenticatedResponse, Undecryptable, authenticate};
use super::signing::{PLACEHOLDER, SigningKey};
use super::xml::Element;
use crate::domain::Secret;
use crate::federation::testing::NOW;

/// The provider's entity ID.
pub(crate) const ISSUER: &str = "https://idp.example.com/metadata";
/// Our entity ID.
pub(crate) const AUDIENCE: &str = "https://sso.example.com/saml";
/// Where we take responses.
pub(crate) const ACS: &str = "https://sso.example.com/saml/acs";
/// The ID of the request that is answered.
pub(crate) const REQUEST: &str = "_q1";
/// Whom every response is about.
pub(crate) const PERSON: &str = "alice@example.com";

/// An identity provider's key and certificate.
pub(crate) struct Provider {
    pub(crate) key: SigningKey,
    pub(crate) certificates: [Certificate; 1],
}

/// The provider that is registered.
pub(crate) static PROVIDER: LazyLock<Provider> = LazyLock::new(Provider::rsa);
/// One that is not.
pub(crate) static STRANGER: LazyLock<Provider> = LazyLock::new(Provider::rsa);
/// One with a key on P-256.
pub(crate) static ELLIPTIC: LazyLock<Provider> = LazyLock::new(Provider::p256);

impl Provider {
    fn rsa() -> Self {
        Self::new(
            &rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
                .unwrap(),
        )
    }

    fn p256() -> Self {
        Self::new(&rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap())
    }

    fn new(pair: &rcgen::KeyPair) -> Self {
        let names = ["idp.example.com".to_owned()];
        let certificate = rcgen::CertificateParams::new(names).unwrap();
        let certificate = certificate.self_signed(pair).unwrap();
        Self {
            key: SigningKey::from_pkcs8(&pair.serialize_der()).unwrap(),
            certificates: [Certificate::from_der(certificate.der()).unwrap()],
        }
    }

    /// Signs what has these IDs, one after the other.
    pub(crate) fn sign(&self, message: &str, ids: &[&str]) -> String {
        let mut signed = message.to_owned();
        for id in ids {
            signed = self.key.sign_element(&signed, id).unwrap();
        }
        signed
    }
}

/// Which parts of a response are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    Nothing,
    Assertion,
    Response,
    Both,
}

impl Signed {
    pub(crate) const BY_SOMEBODY: [Self; 3] = [Self::Assertion, Self::Response, Self::Both];

    /// The IDs of what is signed, inner ones first.
    pub(crate) const fn ids(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Assertion => &["_a1"],
            Self::Response => &["_r1"],
            Self::Both => &["_a1", "_r1"],
        }
    }
}

/// A good response as it is before it is signed, with the places of its signatures.
pub(crate) fn draft(signed: Signed) -> String {
    let place = |id: &str| {
        if signed.ids().contains(&id) {
            PLACEHOLDER
        } else {
            ""
        }
    };
    include_str!("testing/response.xml")
        .replace('\n', "")
        .replace("<!--assertion-->", place("_a1"))
        .replace("<!--response-->", place("_r1"))
}

/// A good response.
pub(crate) fn response(signed: Signed) -> String {
    PROVIDER.sign(&draft(signed), signed.ids())
}

/// A response that was good before `from` became `to`, and that was signed then.
pub(crate) fn response_with(from: &str, to: &str) -> String {
    let draft = draft(Signed::Assertion);
    assert!(draft.contains(from), "{from}");
    PROVIDER.sign(&draft.replace(from, to), &["_a1"])
}

/// The first element that begins with `start` and ends with `end`.
pub(crate) fn cut<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let from = text.find(start).unwrap();
    let length = text.get(from..).unwrap().find(end).unwrap() + end.len();
    text.get(from..from + length).unwrap()
}

/// The first Signature of a text.
pub(crate) fn signature_of(text: &str) -> &str {
    cut(text, "<ds:Signature ", "</ds:Signature>")
}

/// The first Assertion of a text.
pub(crate) fn assertion_of(text: &str) -> &str {
    cut(text, "<saml:Assertion ", "</saml:Assertion>")
}

/// Nothing can be decrypted.
pub(crate) fn no_keys(_: Element<'_>) -> Result<Secret<String>, Undecryptable> {
    Err(Undecryptable)
}

/// Reads a response with the registered provider's keys.
pub(crate) fn read(text: &str) -> Result<AuthenticatedResponse<'_>, SamlError> {
    authenticate(text.as_bytes(), &PROVIDER.certificates, &no_keys)
}

/// What a response to our request must say.
pub(crate) const EXPECTED: Expected<'static> = Expected {
    issuer: ISSUER,
    audiences: &[AUDIENCE],
    recipients: &[ACS],
    request: Request::Exactly(REQUEST),
};

/// Reads and accepts a response.
pub(crate) fn accept(text: &str) -> Result<AcceptedAssertion, SamlError> {
    read(text)?.accept(&EXPECTED, NOW)
}
