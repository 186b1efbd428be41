//! Enveloped signatures of our own: what an identity provider puts into its messages.
//!
//! The message is written first, with [`PLACEHOLDER`] where the signature goes, and signed then.

#![forbid(unsafe_code)]

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::c14n::{self, C14nError, InclusivePrefixes};
use super::certificate::Hash;
use super::signature::{ENVELOPED, SignatureAlgorithm, digest_uri, gate};
use super::xml::namespace::{EXCLUSIVE_C14N, SIGNATURE};
use super::xml::{Document, Element, Profile, XmlError};

/// What stands in a message where its signature goes.
pub const PLACEHOLDER: &str =
    "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"></ds:Signature>";

/// A private key that signs messages.
#[derive(Debug)]
pub struct SigningKey(Pair);

#[derive(Debug)]
enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
}

/// Why nothing is signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The key is neither RSA of 2048 bits or more nor on P-256.
    #[error("not an RSA or P-256 key in PKCS#8")]
    Key,
    /// The message can't be read.
    #[error("the message can't be read")]
    Message(#[from] XmlError),
    /// No element has the ID, or no place for a signature, or the ID is none to refer to.
    #[error("no element with that ID and a place for a signature")]
    NoPlace,
    /// There is no canonical form to sign.
    #[error(transparent)]
    Canonicalization(#[from] C14nError),
    /// The library refused.
    #[error("the key did not sign")]
    Failed,
}

impl SigningKey {
    /// Reads a key from PKCS#8: RSA, which signs with SHA-256, or P-256.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SigningError> {
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            return Ok(Self(Pair::Rsa(pair)));
        }
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map(|pair| Self(Pair::Ecdsa(pair)))
            .map_err(|_| SigningError::Key)
    }

    /// How it signs.
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        match self.0 {
            Pair::Rsa(_) => SignatureAlgorithm::Rsa(Hash::Sha256),
            Pair::Ecdsa(_) => SignatureAlgorithm::Ecdsa(Hash::Sha256),
        }
    }

    /// The signature of `message`, as XML signatures and the redirect binding carry it.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let random = SystemRandom::new();
        match &self.0 {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| SigningError::Failed)?;
                Ok(signature)
            }
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&random, message);
                let signature = signature.map_err(|_| SigningError::Failed)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }

    /// Signs the element with the attribute `ID="id"`: the message with the signature in its place.
    ///
    /// Where an assertion and the response around it are both signed, the assertion is signed first.
    pub fn sign_element(&self, message: &str, id: &str) -> Result<String, SigningError> {
        let place = place_of(message, id).ok_or(SigningError::NoPlace)?;
        let document = Document::parse(message.as_bytes(), Profile::MESSAGE)?;
        let mut all = std::iter::once(document.root()).chain(document.root().descendants());
        let element = all.find(|element| element.attribute("ID") == Some(id));
        let element = element.ok_or(SigningError::NoPlace)?;
        let signed_info = signed_info(element, id, self.algorithm())?;
        let signature = self.signature(&signed_info)?;
        let (before, rest) = message
            .split_at_checked(place)
            .ok_or(SigningError::NoPlace)?;
        let after = rest
            .strip_prefix(PLACEHOLDER)
            .ok_or(SigningError::NoPlace)?;
        Ok([before, &signature, after].concat())
    }

    /// The Signature around a SignedInfo that is in its canonical form.
    pub(super) fn signature(&self, signed_info: &str) -> Result<String, SigningError> {
        let value = STANDARD.encode(self.sign(signed_info.as_bytes())?);
        Ok([
            "<ds:Signature xmlns:ds=\"",
            SIGNATURE,
            "\">",
            signed_info,
            "<ds:SignatureValue>",
            &value,
            "</ds:SignatureValue></ds:Signature>",
        ]
        .concat())
    }
}

/// Where the signature goes of the element that is written with this ID.
fn place_of(message: &str, id: &str) -> Option<usize> {
    if !gate::is_id(id) {
        return None;
    }
    let start = message.find(&[" ID=\"", id, "\""].concat())?;
    let place = message.get(start..)?.find(PLACEHOLDER)?;
    Some(start + place)
}

/// The SignedInfo of an element in its canonical form. It is written in that form, of an ID, names of
/// algorithms and base64 only, so that nothing has to be escaped.
fn signed_info(
    element: Element<'_>,
    id: &str,
    algorithm: SignatureAlgorithm,
) -> Result<String, SigningError> {
    let mut children = element.children();
    let place = children.find(|child| child.is(SIGNATURE, "Signature"));
    let place = place.ok_or(SigningError::NoPlace)?;
    let canonical = c14n::canonicalize(element, Some(place), &InclusivePrefixes::default())?;
    let digest = STANDARD.encode(digest(&SHA256, &canonical));
    Ok([
        "<ds:SignedInfo xmlns:ds=\"",
        SIGNATURE,
        "\"><ds:CanonicalizationMethod Algorithm=\"",
        EXCLUSIVE_C14N,
        "\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"",
        algorithm.uri(),
        "\"></ds:SignatureMethod><ds:Reference URI=\"#",
        id,
        "\"><ds:Transforms><ds:Transform Algorithm=\"",
        ENVELOPED,
        "\"></ds:Transform><ds:Transform Algorithm=\"",
        EXCLUSIVE_C14N,
        "\"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"",
        digest_uri(Hash::Sha256),
        "\"></ds:DigestMethod><ds:DigestValue>",
        &digest,
        "</ds:DigestValue></ds:Reference></ds:SignedInfo>",
    ]
    .concat())
}

#[cfg(test)]
mod tests;
