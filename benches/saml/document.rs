//! The documents, as `tests/data/saml/make.py` made them.

use rolegate::federation::saml::certificate::Certificate;

use crate::Outcome;

/// Whom every document is about; both verifiers must read it.
pub const SUBJECT: &str = "ines.okafor@example.org";

/// A signed response.
pub struct Signed {
    /// The name of its ratio.
    pub name: &'static str,
    /// The document.
    pub xml: &'static str,
    /// Whose key signed it.
    pub certificate: Certificate,
    /// What is signed.
    pub what: &'static str,
    /// How many attributes it has; both verifiers must read so many.
    pub attributes: usize,
}

macro_rules! data {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/saml/",
            $name
        ))
    };
}

impl Signed {
    /// The documents, in the order in which they are measured.
    pub fn all() -> Outcome<[Self; 3]> {
        Ok([
            Self {
                name: "saml_typical",
                xml: data!("typical_6k.xml"),
                certificate: data!("typical_6k.pem").parse()?,
                what: "the Assertion is signed",
                attributes: 6,
            },
            Self {
                name: "saml_both",
                xml: data!("typical_6k_both.xml"),
                certificate: data!("typical_6k_both.pem").parse()?,
                what: "Response and Assertion are signed",
                attributes: 6,
            },
            Self {
                name: "saml_200",
                xml: data!("attributes_200.xml"),
                certificate: data!("attributes_200.pem").parse()?,
                what: "the Assertion is signed",
                attributes: 200,
            },
        ])
    }
}
