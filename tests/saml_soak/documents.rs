//! Signed responses, and what is read in them.

use rolegate::domain::Secret;
use rolegate::federation::saml::SamlError;
use rolegate::federation::saml::certificate::Certificate;
use rolegate::federation::saml::response::{AuthenticatedResponse, Undecryptable, authenticate};
use rolegate::federation::saml::second_opinion::Opinion;
use rolegate::federation::saml::xml::Element;

/// A signed response.
pub struct Signed {
    pub name: &'static str,
    pub document: &'static str,
    pub certificate: Certificate,
    /// All that is decided by: issuer, subject, confirmations, conditions, session, attributes.
    pub says: Opinion,
}

/// Responses that others have signed: the assertion, the response or both, with RSA and with ECDSA.
pub fn all() -> Vec<Signed> {
    macro_rules! signed {
        ($($name:literal)*) => {
            vec![$(Signed::new(
                $name,
                include_str!(concat!("../data/saml/", $name, ".xml")),
                include_str!(concat!("../data/saml/", $name, ".pem")),
            )),*]
        };
    }
    signed!(
        "assertion_signed" "response_signed" "both_signed" "assertion_signed_p256"
        "both_signed_p384" "assertion_signed_rsa_sha512" "targeted_id" "typical_6k"
    )
}

impl Signed {
    fn new(name: &'static str, document: &'static str, pem: &str) -> Self {
        let certificate: Certificate = pem.parse().unwrap();
        let read = authenticate(
            document.as_bytes(),
            std::slice::from_ref(&certificate),
            &no_keys,
        );
        let says = Opinion::from(&read.unwrap());
        Self {
            name,
            document,
            certificate,
            says,
        }
    }

    /// What our verifier makes of a document, with this one's key.
    pub fn read<'b>(&self, document: &'b [u8]) -> Result<AuthenticatedResponse<'b>, SamlError> {
        authenticate(document, std::slice::from_ref(&self.certificate), &no_keys)
    }
}

fn no_keys(_: Element<'_>) -> Result<Secret<String>, Undecryptable> {
    Err(Undecryptable)
}
