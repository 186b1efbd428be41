//! Keys that sign any header over any payload.

use std::sync::Arc;

use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use aws_lc_rs::{hmac, signature::RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// How a key signs, by its name in RFC 7518 and RFC 8037.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Scheme {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    fn rsa_encoding(self) -> &'static dyn RsaEncoding {
        match self {
            Self::Rs256 => &signature::RSA_PKCS1_SHA256,
            Self::Rs384 => &signature::RSA_PKCS1_SHA384,
            Self::Rs512 => &signature::RSA_PKCS1_SHA512,
            Self::Ps256 => &signature::RSA_PSS_SHA256,
            Self::Ps384 => &signature::RSA_PSS_SHA384,
            Self::Ps512 => &signature::RSA_PSS_SHA512,
            Self::Es256 | Self::Es384 | Self::EdDsa => panic!("{self:?} is not for an RSA key"),
        }
    }
}

/// A private key, the `kid` that its JWK carries and the scheme that it signs with.
#[derive(Clone)]
pub struct SigningKey {
    pub kid: String,
    pub scheme: Scheme,
    pair: Arc<Pair>,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// RSA of 2,048 bits, signing with RS256.
    pub fn rsa(kid: &str) -> Self {
        Self::rsa_of(kid, KeySize::Rsa2048)
    }

    /// RSA of another size.
    pub fn rsa_of(kid: &str, size: KeySize) -> Self {
        let pair = RsaKeyPair::generate(size).unwrap();
        Self::new(kid, Scheme::Rs256, Pair::Rsa(pair))
    }

    /// EC on P-256, signing with ES256.
    pub fn ec_p256(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self::new(kid, Scheme::Es256, Pair::Ec(pair))
    }

    /// EC on P-384, signing with ES384.
    pub fn ec_p384(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        Self::new(kid, Scheme::Es384, Pair::Ec(pair))
    }

    /// Ed25519, signing with EdDSA.
    pub fn ed25519(kid: &str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        Self::new(kid, Scheme::EdDsa, Pair::Ed25519(pair))
    }

    fn new(kid: &str, scheme: Scheme, pair: Pair) -> Self {
        Self {
            kid: kid.to_owned(),
            scheme,
            pair: Arc::new(pair),
        }
    }

    /// The same RSA key under another scheme.
    pub fn signing_with(&self, scheme: Scheme) -> Self {
        Self {
            scheme,
            ..self.clone()
        }
    }

    /// The public key as a JWK with `kid`, `use` and `alg`; change or remove members at will.
    pub fn jwk(&self) -> Value {
        let mut jwk = self.public_members();
        jwk["kid"] = self.kid.clone().into();
        jwk["use"] = "sig".into();
        jwk["alg"] = self.scheme.name().into();
        jwk
    }

    fn public_members(&self) -> Value {
        match self.pair.as_ref() {
            Pair::Rsa(pair) => {
                let parts = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({ "kty": "RSA", "n": base64url(&parts.n), "e": base64url(&parts.e) })
            }
            Pair::Ec(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({ "kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y) })
            }
            Pair::Ed25519(pair) => {
                let x = base64url(pair.public_key().as_ref());
                json!({ "kty": "OKP", "crv": "Ed25519", "x": x })
            }
        }
    }

    /// The signature over `message`.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self.pair.as_ref() {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let encoding = self.scheme.rsa_encoding();
                pair.sign(encoding, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// The private number of an EC key, for tests that need to sign by hand.
    pub fn ec_private_number(&self) -> Option<Vec<u8>> {
        match self.pair.as_ref() {
            Pair::Ec(pair) => Some(pair.private_key().as_be_bytes().unwrap().as_ref().to_vec()),
            Pair::Rsa(_) | Pair::Ed25519(_) => None,
        }
    }

    /// The header that an honest token of this key carries.
    pub fn header(&self) -> String {
        json!({ "alg": self.scheme.name(), "kid": self.kid, "typ": "JWT" }).to_string()
    }
}

/// A compact JWS over exactly these texts, whatever they are.
pub fn sign_raw(header: &str, payload: &str, key: &SigningKey) -> String {
    let input = signing_input(header, payload);
    let signature = key.sign(input.as_bytes());
    with_signature(&input, &signature)
}

/// A compact JWS with an honest header.
pub fn sign_claims(claims: &Value, key: &SigningKey) -> String {
    sign_raw(&key.header(), &claims.to_string(), key)
}

/// Claims with some of them changed; `null` takes one out.
pub fn changed_claims(mut claims: Value, changed: &Value) -> Value {
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changed.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    claims
}

/// A compact JWS under HMAC with SHA-256, for confusing one kind of key with another.
pub fn sign_with_hmac(header: &str, payload: &str, secret: &[u8]) -> String {
    let input = signing_input(header, payload);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    with_signature(&input, hmac::sign(&key, input.as_bytes()).as_ref())
}

/// Header and payload, each as base64url, joined by a full stop.
pub fn signing_input(header: &str, payload: &str) -> String {
    [base64url(header.as_bytes()), base64url(payload.as_bytes())].join(".")
}

/// `input` with any signature at all.
pub fn with_signature(input: &str, signature: &[u8]) -> String {
    [input, &base64url(signature)].join(".")
}

/// Base64url without padding (RFC 7515, section 2).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
