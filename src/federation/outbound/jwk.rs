//! Public keys as verifiers read them (RFC 7517, RFC 7518).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::domain::InvalidValue;

/// How a token is signed (`jwtAlgorithmType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-384 with SHA-384.
    #[serde(rename = "ES384")]
    Es384,
}

impl SigningAlgorithm {
    /// Both, as discovery names them.
    pub const ALL: [Self; 2] = [Self::Rs256, Self::Es384];

    /// The algorithm as JOSE writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es384 => "ES384",
        }
    }
}

impl FromStr for SigningAlgorithm {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|algorithm| algorithm.as_str() == text)
            .ok_or(InvalidValue::new("signing algorithm", "RS256 or ES384"))
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The document of an issuer's keys.
#[derive(Debug, Serialize)]
pub struct JwkSet<'a> {
    /// Its keys, the newest first.
    pub keys: Vec<&'a Jwk>,
}

/// One public key.
#[derive(Debug, Serialize)]
pub struct Jwk {
    #[serde(flatten)]
    public: PublicKey,
    /// Its thumbprint (RFC 7638).
    pub(super) kid: String,
    #[serde(rename = "use")]
    purpose: &'static str,
    pub(super) alg: SigningAlgorithm,
}

/// The members of a key in the order of RFC 7638, section 3.2, which its thumbprint hashes.
#[derive(Debug, Serialize)]
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

impl Jwk {
    /// An RSA key, by its numbers in big-endian bytes.
    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Option<Self> {
        let public = PublicKey::Rsa {
            e: URL_SAFE_NO_PAD.encode(e),
            kty: "RSA",
            n: URL_SAFE_NO_PAD.encode(n),
        };
        Self::of(public, SigningAlgorithm::Rs256)
    }

    /// A key on P-384, by its uncompressed point (SEC 1, section 2.3.3): 4, then x and y of 48 bytes each.
    pub(super) fn p384(point: &[u8]) -> Option<Self> {
        let (4, coordinates) = point.split_first()? else {
            return None;
        };
        let (x, y) = coordinates.split_at_checked(48)?;
        let public = PublicKey::Ec {
            crv: "P-384",
            kty: "EC",
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        };
        (y.len() == 48).then(|| Self::of(public, SigningAlgorithm::Es384))?
    }

    fn of(public: PublicKey, alg: SigningAlgorithm) -> Option<Self> {
        let members = serde_json::to_vec(&public).ok()?;
        Some(Self {
            kid: URL_SAFE_NO_PAD.encode(digest(&SHA256, &members)),
            public,
            purpose: "sig",
            alg,
        })
    }
}
