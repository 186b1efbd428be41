//! A provider's keys (RFC 7517, RFC 7518 section 6, RFC 8037): parsed once, each on its own, so that
//! a bad key never spoils the good ones beside it.

use std::sync::Arc;

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::Quoted;
use super::algorithm::{Algorithm, Verification};

/// At most this many keys of a set are looked at.
pub const MAX_KEYS: usize = 100;
/// The sizes of an RSA modulus, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The least RSA exponent; smaller ones are odd choices at best (FIPS 186-5, section 5.1).
const LEAST_RSA_EXPONENT: u32 = 65_537;

/// A key that may have signed a token.
#[derive(Debug)]
pub struct Key {
    id: Option<Box<str>>,
    /// One parsed key for each algorithm that this key may be used with.
    verifiers: Box<[(Algorithm, ParsedPublicKey)]>,
}

impl Key {
    /// The `kid`.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The algorithms that the key may be used with.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.verifiers.iter().map(|(algorithm, _)| *algorithm)
    }

    /// Whether this key made `signature` over `message`; `false`, too, where the key is not for
    /// `algorithm`.
    pub fn has_signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.verifiers
            .iter()
            .find(|(own, _)| *own == algorithm)
            .is_some_and(|(_, key)| key.verify_sig(message, signature).is_ok())
    }
}

/// The keys of one provider.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<Arc<Key>>,
    refused: Vec<RefusedKey>,
}

/// A published key that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedKey {
    /// Its `kid`, where it has one.
    pub id: Option<Quoted>,
    /// Why it is not used.
    pub because: KeyFault,
}

/// What is wrong with a published key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// It is no JSON object.
    #[error("not an object")]
    NotAnObject,
    /// The `kty` is missing or of no use here; `oct` is symmetric.
    #[error("the key type is not RSA, EC or OKP")]
    Type,
    /// The `crv` is of no use here.
    #[error("the curve is not P-256, P-384 or Ed25519")]
    Curve,
    /// The `use` or `key_ops` are not for verifying.
    #[error("not for verifying signatures")]
    Purpose,
    /// The `alg` is none that this key could have.
    #[error("the algorithm does not fit the key")]
    Algorithm,
    /// The `kid` is no text of 1 to 256 printable characters.
    #[error("the key id is not 1 to 256 printable characters")]
    Id,
    /// It holds a private or symmetric part.
    #[error("a private key is published")]
    Private,
    /// A number is missing or not as it must be encoded.
    #[error("a number is missing or malformed")]
    Encoding,
    /// The modulus is too short, too long or even.
    #[error("the modulus is not an odd number of 2048 to 8192 bits")]
    Modulus,
    /// The exponent is below 65537, above 32 bits or even.
    #[error("the exponent is not an odd number from 65537 up to 32 bits")]
    Exponent,
    /// The point is not on its curve or generates a small group. (A point off Ed25519 is only found
    /// out when a signature is checked: none fits it.)
    #[error("the point is not one of the curve's large group")]
    Point,
}

/// The set itself is unusable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("keys is missing or no list")]
pub struct NotAKeySet;

/// Why a set has no key for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoKey {
    /// No key has the id.
    Unknown,
    /// The id's key is not for the algorithm.
    OtherAlgorithm,
    /// More than one key would fit.
    Ambiguous,
}

impl KeySet {
    /// Reads the members of a JWK Set.
    pub fn read(members: &Map<String, Value>) -> Result<Self, NotAKeySet> {
        let keys = members.get("keys").and_then(Value::as_array);
        let mut set = Self::default();
        for jwk in keys.ok_or(NotAKeySet)?.iter().take(MAX_KEYS) {
            match read_key(jwk) {
                Ok(key) => set.keys.push(Arc::new(key)),
                Err(because) => set.refused.push(RefusedKey {
                    id: jwk.get("kid").and_then(Value::as_str).map(Quoted::new),
                    because,
                }),
            }
        }
        Ok(set)
    }

    /// The keys that are used.
    pub fn keys(&self) -> &[Arc<Key>] {
        &self.keys
    }

    /// The published keys that are not used.
    pub fn refused(&self) -> &[RefusedKey] {
        &self.refused
    }

    /// The one key that `id` and `algorithm` fit; without an id there must be one only.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<&Arc<Key>, NoKey> {
        let named = || {
            self.keys
                .iter()
                .filter(|key| id.is_none() || key.id() == id)
        };
        let mut fitting = named().filter(|key| key.algorithms().any(|own| own == algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(NoKey::Ambiguous),
            (None, _) if id.is_some() && named().next().is_some() => Err(NoKey::OtherAlgorithm),
            (None, _) => Err(NoKey::Unknown),
        }
    }
}

/// Whether `id` can be a `kid`: 1 to 256 printable ASCII characters.
pub(super) fn is_key_id(id: &str) -> bool {
    (1..=256).contains(&id.len()) && id.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

fn read_key(jwk: &Value) -> Result<Key, KeyFault> {
    let jwk = jwk.as_object().ok_or(KeyFault::NotAnObject)?;
    let key_type = jwk.get("kty").and_then(Value::as_str);
    let read = match key_type.ok_or(KeyFault::Type)? {
        "RSA" => read_rsa,
        "EC" => read_ec,
        "OKP" => read_ed25519,
        _ => return Err(KeyFault::Type),
    };
    if jwk.contains_key("d") || jwk.contains_key("k") {
        return Err(KeyFault::Private);
    }
    check_purpose(jwk)?;
    let pinned = match jwk.get("alg") {
        None => None,
        Some(alg) => Some(Algorithm::from_json(alg).ok_or(KeyFault::Algorithm)?),
    };
    let id = read_id(jwk)?;
    let mut verifiers = read(jwk)?;
    if let Some(pinned) = pinned {
        verifiers.retain(|(algorithm, _)| *algorithm == pinned);
    }
    if verifiers.is_empty() {
        return Err(KeyFault::Algorithm);
    }
    Ok(Key {
        id,
        verifiers: verifiers.into(),
    })
}

fn read_id(jwk: &Map<String, Value>) -> Result<Option<Box<str>>, KeyFault> {
    match jwk.get("kid") {
        None => Ok(None),
        Some(Value::String(id)) if is_key_id(id) => Ok(Some(id.as_str().into())),
        Some(_) => Err(KeyFault::Id),
    }
}

fn check_purpose(jwk: &Map<String, Value>) -> Result<(), KeyFault> {
    let is_for_signatures = jwk
        .get("use")
        .is_none_or(|purpose| purpose.as_str() == Some("sig"));
    let may_verify = jwk.get("key_ops").is_none_or(|operations| {
        let operations = operations.as_array();
        operations.is_some_and(|list| list.iter().any(|one| one.as_str() == Some("verify")))
    });
    if is_for_signatures && may_verify {
        Ok(())
    } else {
        Err(KeyFault::Purpose)
    }
}

type Verifiers = Vec<(Algorithm, ParsedPublicKey)>;

fn read_rsa(jwk: &Map<String, Value>) -> Result<Verifiers, KeyFault> {
    let modulus = number(jwk, "n")?;
    let exponent = number(jwk, "e")?;
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    if !RSA_BITS.contains(&bit_length(&modulus)) || !is_odd(&modulus) {
        return Err(KeyFault::Modulus);
    }
    let value = exponent
        .iter()
        .try_fold(0_u32, |sum, byte| {
            sum.checked_mul(256)?.checked_add(u32::from(*byte))
        })
        .ok_or(KeyFault::Exponent)?;
    if value < LEAST_RSA_EXPONENT || !is_odd(&exponent) {
        return Err(KeyFault::Exponent);
    }
    let components = RsaPublicKeyComponents {
        n: modulus,
        e: exponent,
    };
    let parse = |algorithm: Algorithm| match algorithm.verification() {
        Verification::Rsa(parameters) => components
            .to_parsed_public_key(parameters)
            .map(|key| (algorithm, key))
            .map_err(|_| KeyFault::Modulus),
        Verification::Ecdsa(_) | Verification::Ed25519 => Err(KeyFault::Algorithm),
    };
    Algorithm::RSA.into_iter().map(parse).collect()
}

fn read_ec(jwk: &Map<String, Value>) -> Result<Verifiers, KeyFault> {
    let (algorithm, length) = match jwk.get("crv").and_then(Value::as_str) {
        Some("P-256") => (Algorithm::Es256, 32),
        Some("P-384") => (Algorithm::Es384, 48),
        _ => return Err(KeyFault::Curve),
    };
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    if x.len() != length || y.len() != length {
        return Err(KeyFault::Encoding);
    }
    let Verification::Ecdsa(ecdsa) = algorithm.verification() else {
        return Err(KeyFault::Algorithm);
    };
    let point = [&[4_u8][..], &x, &y].concat();
    let key = ParsedPublicKey::new(ecdsa, point).map_err(|_| KeyFault::Point)?;
    Ok(vec![(algorithm, key)])
}

fn read_ed25519(jwk: &Map<String, Value>) -> Result<Verifiers, KeyFault> {
    if jwk.get("crv").and_then(Value::as_str) != Some("Ed25519") {
        return Err(KeyFault::Curve);
    }
    let point: [u8; 32] = bytes(jwk, "x")?
        .try_into()
        .map_err(|_| KeyFault::Encoding)?;
    if is_degenerate(&point) {
        return Err(KeyFault::Point);
    }
    let key = ParsedPublicKey::new(&signature::ED25519, point).map_err(|_| KeyFault::Point)?;
    Ok(vec![(Algorithm::EdDsa, key)])
}

/// The two y coordinates of the points of order 8 (little-endian, sign bit clear).
const ORDER_EIGHT: [[u8; 32]; 2] = [
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// Whether an Ed25519 point has small order, under which a signature can fit every message, or a y
/// coordinate that is not reduced modulo 2^255 - 19.
fn is_degenerate(point: &[u8; 32]) -> bool {
    let mut y = *point;
    y[31] &= 0x7f;
    let [low, middle @ .., high] = y;
    let all = |byte: u8| middle.iter().all(|other| *other == byte);
    let zero_or_one = low <= 1 && high == 0 && all(0);
    let minus_one_or_more = low >= 0xec && high == 0x7f && all(0xff);
    zero_or_one || minus_one_or_more || ORDER_EIGHT.contains(&y)
}

/// A big-endian number without its leading zeros.
fn number(jwk: &Map<String, Value>, member: &str) -> Result<Vec<u8>, KeyFault> {
    let mut number = bytes(jwk, member)?;
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    Ok(number)
}

fn bytes(jwk: &Map<String, Value>, member: &str) -> Result<Vec<u8>, KeyFault> {
    let text = jwk.get(member).and_then(Value::as_str);
    URL_SAFE_NO_PAD
        .decode(text.ok_or(KeyFault::Encoding)?)
        .map_err(|_| KeyFault::Encoding)
}

fn bit_length(number: &[u8]) -> usize {
    let first = number.first().map_or(0, |byte| byte.leading_zeros());
    number.len() * 8 - first as usize
}

#[cfg(test)]
mod tests;
