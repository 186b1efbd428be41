//! A client's own signed assertion (`private_key_jwt`: RFC 7523, OpenID Connect Core 1.0, section 9).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Serialize;
use url::Url;

use crate::domain::{Audience, UnixTime};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::federation::Algorithm;
use crate::federation::connection::KeyId;

/// The `client_assertion_type` of a signed assertion.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion is valid, in seconds.
const LIFETIME: i64 = 60;
/// The smallest RSA modulus, in bytes: 2048 bits.
const LEAST_RSA_BYTES: usize = 256;

/// Why no assertion can be made.
#[derive(Debug, thiserror::Error)]
pub enum AssertionError {
    /// The file holds no private key that can be used.
    #[error(
        "the client's key must be a PKCS#8 private key in PEM: RSA of 2048 bits or more, P-256, P-384 or Ed25519"
    )]
    Key,
    /// The key did not sign.
    #[error("the client's key did not sign")]
    Signing,
    /// There was no randomness for the assertion's id.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// A client's private key.
pub(super) enum ClientKey {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// What an assertion says.
pub(super) struct Assertion<'a> {
    pub(super) client: &'a Audience,
    pub(super) token_endpoint: &'a Url,
    pub(super) key_id: Option<&'a KeyId>,
    pub(super) now: UnixTime,
}

#[derive(Serialize)]
struct AssertionHeader<'a> {
    alg: &'static str,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

#[derive(Serialize)]
struct AssertionClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: String,
    iat: i64,
    exp: i64,
}

impl ClientKey {
    /// Reads a PEM file's content.
    pub(super) fn from_pem(pem: &str) -> Result<Self, AssertionError> {
        let der =
            PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| AssertionError::Key)?;
        let der = der.secret_pkcs8_der();
        if let Ok(key) = RsaKeyPair::from_pkcs8(der) {
            return if key.public_modulus_len() >= LEAST_RSA_BYTES {
                Ok(Self::Rsa(key))
            } else {
                Err(AssertionError::Key)
            };
        }
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
            return Ok(Self::P256(key));
        }
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der) {
            return Ok(Self::P384(key));
        }
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .map(Self::Ed25519)
            .map_err(|_| AssertionError::Key)
    }

    /// Signs an assertion of its own id.
    pub(super) fn assert(
        &self,
        assertion: &Assertion<'_>,
        entropy: &dyn Entropy,
    ) -> Result<String, AssertionError> {
        let header = AssertionHeader {
            alg: self.algorithm().as_str(),
            typ: "JWT",
            kid: assertion.key_id.map(KeyId::as_str),
        };
        let client = assertion.client.as_str();
        let claims = AssertionClaims {
            iss: client,
            sub: client,
            aud: assertion.token_endpoint.as_str(),
            jti: URL_SAFE_NO_PAD.encode(draw::<16>(entropy)?),
            iat: assertion.now.seconds(),
            exp: assertion.now.plus(LIFETIME).seconds(),
        };
        let signed = [encode(&header)?, encode(&claims)?].join(".");
        let signature = self.sign(signed.as_bytes())?;
        Ok([signed, URL_SAFE_NO_PAD.encode(signature)].join("."))
    }

    const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::Rs256,
            Self::P256(_) => Algorithm::Es256,
            Self::P384(_) => Algorithm::Es384,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, AssertionError> {
        let random = SystemRandom::new();
        let failed = |_| AssertionError::Signing;
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            Self::P256(key) | Self::P384(key) => {
                let signature = key.sign(&random, message).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
        }
    }
}

fn encode(part: &impl Serialize) -> Result<String, AssertionError> {
    let json = serde_json::to_vec(part).map_err(|_| AssertionError::Signing)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}
