//! The keys that the demo provider signs with, and the set that it publishes.

use std::collections::VecDeque;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;

/// How an id_token is signed (RFC 7518, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 and a key of 2,048 bits: what a client gets that asks for nothing.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

/// The library made no key or signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A key could not be generated.
    #[error("a signing key could not be generated")]
    Generation,
    /// A key would not sign.
    #[error("the signing key made no signature")]
    Signature,
    /// Header or payload could not be written as JSON.
    #[error("the token could not be written as JSON")]
    Encoding,
}

/// One RSA and one EC key of each generation.
pub(super) struct KeyRing {
    /// Newest first; only the newest sign.
    published: VecDeque<Generation>,
    /// What was made and is not published yet.
    next: Option<Generation>,
}

impl KeyRing {
    /// A rotation drops what is older than this many generations.
    const PUBLISHED: usize = 3;

    /// A ring of one generation.
    pub(super) fn generate() -> Result<Self, KeyError> {
        Ok(Self {
            published: VecDeque::from([Generation::generate()?]),
            next: None,
        })
    }

    /// Puts a new generation in front.
    pub(super) fn push(&mut self, generation: Generation) {
        self.published.push_front(generation);
        self.published.truncate(Self::PUBLISHED);
    }

    /// Whether a generation has signed that is not published.
    pub(super) const fn has_unpublished(&self) -> bool {
        self.next.is_some()
    }

    /// Publishes the generation that has signed already.
    pub(super) fn publish(&mut self) {
        if let Some(generation) = self.next.take() {
            self.push(generation);
        }
    }

    /// The published set (RFC 7517, section 5).
    pub(super) fn jwk_set(&self) -> JwkSet<'_> {
        let keys = self.published.iter().flat_map(Generation::keys);
        JwkSet {
            keys: keys.map(|key| &key.published).collect(),
        }
    }

    /// Signs `payload` as a JWT in compact form (RFC 7515, section 3.1) with the newest key.
    pub(super) fn sign(
        &self,
        algorithm: Algorithm,
        payload: &impl Serialize,
    ) -> Result<String, KeyError> {
        self.newest()?.key(algorithm).sign(payload)
    }

    /// Signs `payload` with a key that is published later, if ever.
    pub(super) fn sign_unpublished(
        &mut self,
        payload: &impl Serialize,
    ) -> Result<String, KeyError> {
        let generation = match self.next.take() {
            Some(generation) => generation,
            None => Generation::generate()?,
        };
        self.next.insert(generation).rsa.sign(payload)
    }

    /// Takes the newest public key for a secret and "signs" with it, as somebody does who has no
    /// private key: a verifier that lets a token choose its algorithm accepts it.
    pub(super) fn confuse(&self, payload: &impl Serialize) -> Result<String, KeyError> {
        self.newest()?.rsa.confuse(payload)
    }

    fn newest(&self) -> Result<&Generation, KeyError> {
        self.published.front().ok_or(KeyError::Signature)
    }
}

/// The keys that were made together.
pub(super) struct Generation {
    rsa: SigningKey,
    ec: SigningKey,
}

impl Generation {
    /// Makes a key of each kind; the RSA one takes some tenths of a second.
    pub(super) fn generate() -> Result<Self, KeyError> {
        Ok(Self {
            rsa: SigningKey::generate_rsa()?,
            ec: SigningKey::generate_ec()?,
        })
    }

    fn keys(&self) -> [&SigningKey; 2] {
        [&self.rsa, &self.ec]
    }

    const fn key(&self, algorithm: Algorithm) -> &SigningKey {
        match algorithm {
            Algorithm::Rs256 => &self.rsa,
            Algorithm::Es256 => &self.ec,
        }
    }
}

/// The document at `/jwks`.
#[derive(Serialize)]
pub(super) struct JwkSet<'a> {
    keys: Vec<&'a PublishedKey>,
}

#[derive(Serialize)]
struct PublishedKey {
    #[serde(flatten)]
    public: PublicKey,
    kid: String,
    #[serde(rename = "use")]
    purpose: &'static str,
    alg: Algorithm,
}

/// The members of a public key in the order of RFC 7638, section 3.2, which its thumbprint hashes.
#[derive(Serialize)]
#[serde(untagged)]
enum PublicKey {
    Rsa {
        e: String,
        kty: &'static str,
        n: String,
    },
    Ec {
        crv: &'static str,
        kty: &'static str,
        x: String,
        y: String,
    },
}

impl PublicKey {
    fn thumbprint(&self) -> Result<String, KeyError> {
        let json = serde_json::to_vec(self).map_err(|_| KeyError::Encoding)?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &json);
        Ok(URL_SAFE_NO_PAD.encode(digest))
    }

    fn published_for(self, alg: Algorithm) -> Result<PublishedKey, KeyError> {
        Ok(PublishedKey {
            kid: self.thumbprint()?,
            public: self,
            purpose: "sig",
            alg,
        })
    }
}

struct SigningKey {
    pair: Pair,
    published: PublishedKey,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
}

#[derive(Serialize)]
struct Header<'a, A> {
    alg: A,
    kid: &'a str,
    typ: &'static str,
}

impl SigningKey {
    fn generate_rsa() -> Result<Self, KeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generation)?;
        let parts = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let public = PublicKey::Rsa {
            e: URL_SAFE_NO_PAD.encode(parts.e),
            kty: "RSA",
            n: URL_SAFE_NO_PAD.encode(parts.n),
        };
        Ok(Self {
            pair: Pair::Rsa(Box::new(pair)),
            published: public.published_for(Algorithm::Rs256)?,
        })
    }

    fn generate_ec() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| KeyError::Generation)?;
        // An uncompressed point (SEC 1, section 2.3.3): 0x04, x and y of 32 bytes each.
        let point = pair.public_key().as_ref().split_first();
        let (x, y) = point
            .and_then(|(_, coordinates)| coordinates.split_at_checked(32))
            .ok_or(KeyError::Generation)?;
        let public = PublicKey::Ec {
            crv: "P-256",
            kty: "EC",
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        };
        Ok(Self {
            published: public.published_for(Algorithm::Es256)?,
            pair: Pair::Ec(Box::new(pair)),
        })
    }

    fn sign(&self, payload: &impl Serialize) -> Result<String, KeyError> {
        let signed = self.signed(self.published.alg, payload)?;
        let signature = self.pair.sign(signed.as_bytes())?;
        Ok(with_signature(signed, &signature))
    }

    fn confuse(&self, payload: &impl Serialize) -> Result<String, KeyError> {
        let signed = self.signed("HS256", payload)?;
        let secret = hmac::Key::new(hmac::HMAC_SHA256, self.pair.public_pem()?.as_bytes());
        let signature = hmac::sign(&secret, signed.as_bytes());
        Ok(with_signature(signed, signature.as_ref()))
    }

    /// What is signed: `header.payload`.
    fn signed(&self, alg: impl Serialize, payload: &impl Serialize) -> Result<String, KeyError> {
        let header = Header {
            alg,
            kid: &self.published.kid,
            typ: "JWT",
        };
        Ok([encode(&header)?, encode(payload)?].join("."))
    }
}

fn with_signature(mut signed: String, signature: &[u8]) -> String {
    signed.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut signed);
    signed
}

impl Pair {
    /// The public key as people write it into settings.
    fn public_pem(&self) -> Result<String, KeyError> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Rsa(pair) => pair.public_key().as_der(),
            Self::Ec(pair) => pair.public_key().as_der(),
        }
        .map_err(|_| KeyError::Encoding)?;
        let base64 = STANDARD.encode(der.as_ref());
        Ok([
            "-----BEGIN PUBLIC KEY-----\n",
            &base64,
            "\n-----END PUBLIC KEY-----\n",
        ]
        .concat())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| KeyError::Signature)?;
                Ok(signature)
            }
            Self::Ec(pair) => {
                let signature = pair.sign(&random, message);
                let signature = signature.map_err(|_| KeyError::Signature)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

fn encode(part: &impl Serialize) -> Result<String, KeyError> {
    let json = serde_json::to_vec(part).map_err(|_| KeyError::Encoding)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published_ids(ring: &KeyRing) -> Vec<String> {
        let keys = ring.jwk_set().keys.into_iter();
        keys.map(|key| key.kid.clone()).collect()
    }

    #[test]
    fn a_rotated_key_stays_published_behind_the_new_one() {
        let mut ring = KeyRing::generate().unwrap();
        let before = published_ids(&ring);
        ring.push(Generation::generate().unwrap());
        let after = published_ids(&ring);
        assert_eq!(after.len(), 4);
        assert_eq!(after[2..], before);
    }

    #[test]
    fn old_generations_are_dropped_at_the_bound() {
        let mut ring = KeyRing::generate().unwrap();
        let first = published_ids(&ring);
        for _ in 0..KeyRing::PUBLISHED {
            ring.push(Generation::generate().unwrap());
        }
        assert_eq!(published_ids(&ring).len(), 2 * KeyRing::PUBLISHED);
        assert!(!published_ids(&ring).contains(&first[0]));
    }

    #[test]
    fn a_key_that_has_signed_is_published_later() {
        let mut ring = KeyRing::generate().unwrap();
        let before = published_ids(&ring);
        assert!(!ring.has_unpublished());
        let token = ring.sign_unpublished(&"x").unwrap();
        let header = token.split('.').next().unwrap();
        assert_eq!(published_ids(&ring), before);
        assert!(ring.has_unpublished());
        let again = ring.sign_unpublished(&"y").unwrap();
        assert!(again.starts_with(header), "the same key");
        ring.publish();
        assert!(!ring.has_unpublished());
        let signed = ring.sign(Algorithm::Rs256, &"x").unwrap();
        assert!(signed.starts_with(header));
        assert_eq!(published_ids(&ring).len(), 4);
    }

    #[test]
    fn the_published_set_holds_no_private_member() {
        let ring = KeyRing::generate().unwrap();
        let set = serde_json::to_value(ring.jwk_set()).unwrap();
        for key in set["keys"].as_array().unwrap() {
            let members: Vec<&str> = key
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(!members.contains(&private), "{private}");
            }
        }
    }

    #[test]
    fn a_thumbprint_is_the_one_of_rfc_7638() {
        let public = PublicKey::Rsa {
            e: "AQAB".into(),
            kty: "RSA",
            n: concat!(
                "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP",
                "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY",
                "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f",
                "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
            )
            .into(),
        };
        let expected = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        assert_eq!(public.thumbprint().as_deref(), Ok(expected));
    }
}
