//! Why a signature is not accepted.

use super::SignatureAlgorithm;
use crate::federation::Quoted;
use crate::federation::saml::c14n::C14nError;
use crate::federation::saml::xml::{ShapeError, XmlError};

/// Why a signature is not accepted, with what was compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// An element has two signatures.
    #[error("{element} has more than one Signature")]
    Repeated {
        /// The element that they are in.
        element: Quoted,
    },
    /// A signature stands where none is looked for.
    #[error("a Signature stands in {parent}")]
    Misplaced {
        /// The element that it is in; empty where it is the root itself.
        parent: Quoted,
    },
    /// An ID is there twice, in whatever spelling of the attribute.
    #[error("the ID \"{id}\" is there twice")]
    RepeatedId {
        /// The ID.
        id: Quoted,
    },
    /// The ID of an element is not 1 to 256 letters, digits, `_`, `-` and `.`, of which a letter or `_`
    /// is the first.
    #[error(
        "the ID \"{id}\" of {element} is not a letter or _ and up to 255 letters, digits, _ - and ."
    )]
    Id {
        /// The element.
        element: Quoted,
        /// Its ID; empty where it has none.
        id: Quoted,
    },
    /// An element of the signature doesn't hold what it must.
    #[error("{element} does not hold exactly {expected}")]
    Structure {
        /// The element.
        element: &'static str,
        /// What it must hold.
        expected: &'static str,
    },
    /// An algorithm is none that is accepted.
    #[error("the {purpose} algorithm \"{found}\" is not accepted")]
    Algorithm {
        /// `canonicalization`, `signature`, `transform` or `digest`.
        purpose: &'static str,
        /// Its URI.
        found: Quoted,
    },
    /// The signature is of something else than the element that it is in.
    #[error("the signature is of \"{found}\" instead of \"{expected}\"")]
    Reference {
        /// `#` and the ID of the element.
        expected: Quoted,
        /// The URI of the Reference.
        found: Quoted,
    },
    /// A value is not in base64.
    #[error("{element} is not in base64")]
    Encoding {
        /// `DigestValue` or `SignatureValue`.
        element: &'static str,
    },
    /// What is signed was changed after signing.
    #[error("{element} is not what was signed: the digest differs")]
    Digest {
        /// The signed element.
        element: Quoted,
    },
    /// None of the provider's keys is for the algorithm.
    #[error("none of the provider's {keys} keys is for {}", algorithm.uri())]
    NoKey {
        /// The signature's algorithm.
        algorithm: SignatureAlgorithm,
        /// How many keys the provider has.
        keys: usize,
    },
    /// None of the provider's keys made the signature.
    #[error("the signature of {element} is of none of the provider's keys")]
    Key {
        /// The signed element.
        element: Quoted,
    },
    /// There is no canonical form to check.
    #[error(transparent)]
    Canonicalization(#[from] C14nError),
    /// The signed bytes can't be read.
    #[error("the signed bytes can't be read")]
    Xml(#[from] XmlError),
    /// An element of the signature is missing, or there twice.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}
