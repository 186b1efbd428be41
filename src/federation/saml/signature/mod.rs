//! Enveloped XML signatures, as SAML profiles them (SAML 2.0 Core, section 5.4).
//!
//! ```text
//! Element ─ Enveloped::find ─> Enveloped ─ verify(certificates) ─> Verified ─ document() ─> Document
//!              structure         canonical bytes, digest, key        what was hashed, read again
//! ```
//!
//! Whoever wants to know what an element says reads the [`Verified`] bytes: they are the very bytes
//! that were hashed. `SignedInfo`, too, is read from its own canonical bytes. `KeyInfo` is not looked
//! at: who signs is what the provider's metadata says.

#![forbid(unsafe_code)]

mod algorithm;
mod error;
pub mod gate;
#[cfg(test)]
mod tests;

pub use algorithm::{SignatureAlgorithm, digest_uri};
pub use error::SignatureError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::c14n::{self, InclusivePrefixes};
use super::certificate::{Certificate, Hash};
use super::xml::namespace::SIGNATURE;
use super::xml::{Document, Element, Profile, XmlError};
use crate::federation::Quoted;

/// The transform that leaves the signature itself out (RFC 3275, section 6.6.4).
pub const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// Checks the signature of a message that is signed as a whole, such as a `LogoutRequest`; `None` where
/// it isn't signed. There is no other signature in it, and no ID twice.
///
/// What the message says is read from the [`Verified`] bytes, never from `root`.
pub fn verify_message<'c>(
    root: Element<'_>,
    certificates: &'c [Certificate],
) -> Result<Option<Verified<'c>>, SignatureError> {
    gate::check_places(root, |element| element == root)?;
    gate::check_ids(root)?;
    let signature = Enveloped::find(root)?;
    signature
        .map(|signature| signature.verify(certificates))
        .transpose()
}

/// A signature in the element that it is of.
#[derive(Debug, Clone, Copy)]
pub struct Enveloped<'d> {
    parent: Element<'d>,
    id: &'d str,
    signature: Element<'d>,
    signed_info: Element<'d>,
    value: Element<'d>,
}

/// The canonical bytes of an element whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'c> {
    bytes: Vec<u8>,
    certificate: &'c Certificate,
}

/// What a `SignedInfo` says.
struct SignedInfo<'d> {
    algorithm: SignatureAlgorithm,
    reference: &'d str,
    prefixes: InclusivePrefixes<'d>,
    hash: Hash,
    digest: Vec<u8>,
}

impl<'d> Enveloped<'d> {
    /// The signature that is a child of `parent`, if there is one.
    pub fn find(parent: Element<'d>) -> Result<Option<Self>, SignatureError> {
        let mut signatures = parent
            .children()
            .filter(|child| child.is(SIGNATURE, "Signature"));
        let Some(signature) = signatures.next() else {
            return Ok(None);
        };
        let element = || Quoted::new(parent.local_name());
        if signatures.next().is_some() {
            return Err(SignatureError::Repeated { element: element() });
        }
        let id = parent.attribute("ID").unwrap_or_default();
        if !gate::is_id(id) {
            return Err(SignatureError::Id {
                element: element(),
                id: Quoted::new(id),
            });
        }
        let parts = gate::signature_parts(signature)?;
        Ok(Some(Self {
            parent,
            id,
            signature,
            signed_info: parts.signed_info,
            value: parts.value,
        }))
    }

    /// Checks the signature with the keys of `certificates`, of which those are tried that are for its
    /// algorithm.
    pub fn verify<'c>(
        &self,
        certificates: &'c [Certificate],
    ) -> Result<Verified<'c>, SignatureError> {
        let method = self
            .signed_info
            .only_child(SIGNATURE, "CanonicalizationMethod")?;
        let prefixes = gate::exclusive(method, "canonicalization")?;
        let signed = c14n::canonicalize(self.signed_info, None, &prefixes)?;
        let document = Document::parse(&signed, Profile::CANONICAL)?;
        let info = SignedInfo::read(document.root())?;
        let bytes = self.signed_bytes(&info)?;
        let value = decode(self.value, "SignatureValue")?;
        let mut fitting = certificates
            .iter()
            .filter(|certificate| info.algorithm.fits(certificate.key()))
            .peekable();
        if fitting.peek().is_none() {
            return Err(SignatureError::NoKey {
                algorithm: info.algorithm,
                keys: certificates.len(),
            });
        }
        fitting
            .find(|certificate| info.algorithm.is_of(certificate.key(), &signed, &value))
            .map(|certificate| Verified { bytes, certificate })
            .ok_or_else(|| SignatureError::Key {
                element: Quoted::new(self.parent.local_name()),
            })
    }

    /// The canonical bytes of what is signed, whose digest is the one in `info`.
    fn signed_bytes(&self, info: &SignedInfo<'_>) -> Result<Vec<u8>, SignatureError> {
        if info.reference.strip_prefix('#') != Some(self.id) {
            return Err(SignatureError::Reference {
                expected: Quoted::new(&["#", self.id].concat()),
                found: Quoted::new(info.reference),
            });
        }
        let bytes = c14n::canonicalize(self.parent, Some(self.signature), &info.prefixes)?;
        if algorithm::digest(info.hash, &bytes).as_ref() != info.digest {
            return Err(SignatureError::Digest {
                element: Quoted::new(self.parent.local_name()),
            });
        }
        Ok(bytes)
    }
}

impl<'c> Verified<'c> {
    /// The bytes that were hashed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes that were hashed, read.
    pub fn document(&self) -> Result<Document<'_>, XmlError> {
        Document::parse(&self.bytes, Profile::CANONICAL)
    }

    /// The certificate whose key made the signature.
    pub const fn certificate(&self) -> &'c Certificate {
        self.certificate
    }
}

impl<'d> SignedInfo<'d> {
    fn read(signed_info: Element<'d>) -> Result<Self, SignatureError> {
        let [canonicalization, method, reference] = gate::exactly(
            signed_info,
            ["CanonicalizationMethod", "SignatureMethod", "Reference"],
            "CanonicalizationMethod, SignatureMethod and one Reference",
        )?;
        gate::exclusive(canonicalization, "canonicalization")?;
        let [transforms, digest_method, digest] = gate::exactly(
            reference,
            ["Transforms", "DigestMethod", "DigestValue"],
            "Transforms, DigestMethod and DigestValue",
        )?;
        let [enveloped, exclusive] = gate::exactly(
            transforms,
            ["Transform", "Transform"],
            "the enveloped-signature and one exclusive canonicalization",
        )?;
        gate::algorithm(enveloped, "transform", |uri| {
            (uri == ENVELOPED).then_some(())
        })?;
        Ok(Self {
            algorithm: gate::algorithm(method, "signature", SignatureAlgorithm::from_uri)?,
            reference: reference.required_attribute("URI")?,
            prefixes: gate::exclusive(exclusive, "transform")?,
            hash: gate::algorithm(digest_method, "digest", algorithm::digest_from_uri)?,
            digest: decode(digest, "DigestValue")?,
        })
    }
}

/// The bytes that an element holds in base64, with white space as it likes.
fn decode(element: Element<'_>, name: &'static str) -> Result<Vec<u8>, SignatureError> {
    let mut text = element.text()?.as_bytes().to_vec();
    text.retain(|byte| !byte.is_ascii_whitespace());
    let decoded = STANDARD.decode(text);
    decoded.map_err(|_| SignatureError::Encoding { element: name })
}
