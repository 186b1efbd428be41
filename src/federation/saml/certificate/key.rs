//! The public keys that signatures of SAML messages are checked with.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, VerificationAlgorithm,
};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521,
    OID_PKCS1_RSAENCRYPTION,
};
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::CertificateError;

/// The shortest RSA modulus, in bits.
const LEAST_RSA_BITS: usize = 2048;
/// The longest RSA modulus, in bits.
const MOST_RSA_BITS: usize = 8192;
/// The least RSA exponent (FIPS 186-5, section 5.1).
const LEAST_RSA_EXPONENT: u64 = 65_537;

/// What kind of key it is: a signature algorithm fits it or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA, for RSASSA-PKCS1-v1_5.
    Rsa,
    /// ECDSA on P-256.
    EcP256,
    /// ECDSA on P-384.
    EcP384,
    /// ECDSA on P-521.
    EcP521,
}

/// The hash that a signature algorithm signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A public key, parsed once for each hash that it may be used with.
#[derive(Clone)]
pub struct VerifyingKey {
    kind: KeyKind,
    sha256: ParsedPublicKey,
    sha384: ParsedPublicKey,
    sha512: ParsedPublicKey,
}

impl KeyKind {
    /// The length of an elliptic curve's numbers, in bytes.
    const fn number_length(self) -> Option<usize> {
        match self {
            Self::Rsa => None,
            Self::EcP256 => Some(32),
            Self::EcP384 => Some(48),
            Self::EcP521 => Some(66),
        }
    }

    /// How aws-lc names an algorithm. Signatures of elliptic curves are in ASN.1 there, since only
    /// so every hash goes with every curve.
    fn algorithm(self, hash: Hash) -> &'static dyn VerificationAlgorithm {
        match (self, hash) {
            (Self::Rsa, Hash::Sha256) => &RSA_PKCS1_2048_8192_SHA256,
            (Self::Rsa, Hash::Sha384) => &RSA_PKCS1_2048_8192_SHA384,
            (Self::Rsa, Hash::Sha512) => &RSA_PKCS1_2048_8192_SHA512,
            (Self::EcP256, Hash::Sha256) => &ECDSA_P256_SHA256_ASN1,
            (Self::EcP256, Hash::Sha384) => &ECDSA_P256_SHA384_ASN1,
            (Self::EcP256, Hash::Sha512) => &ECDSA_P256_SHA512_ASN1,
            (Self::EcP384, Hash::Sha256) => &ECDSA_P384_SHA256_ASN1,
            (Self::EcP384, Hash::Sha384) => &ECDSA_P384_SHA384_ASN1,
            (Self::EcP384, Hash::Sha512) => &ECDSA_P384_SHA512_ASN1,
            (Self::EcP521, Hash::Sha256) => &ECDSA_P521_SHA256_ASN1,
            (Self::EcP521, Hash::Sha384) => &ECDSA_P521_SHA384_ASN1,
            (Self::EcP521, Hash::Sha512) => &ECDSA_P521_SHA512_ASN1,
        }
    }
}

impl VerifyingKey {
    pub(super) fn read(info: &SubjectPublicKeyInfo<'_>) -> Result<Self, CertificateError> {
        let kind = read_kind(info)?;
        let parse = |hash| {
            ParsedPublicKey::new(kind.algorithm(hash), info.raw)
                .map_err(|_| CertificateError::MalformedKey)
        };
        Ok(Self {
            kind,
            sha256: parse(Hash::Sha256)?,
            sha384: parse(Hash::Sha384)?,
            sha512: parse(Hash::Sha512)?,
        })
    }

    /// What kind of key it is.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The DER of the `SubjectPublicKeyInfo` (RFC 5280, section 4.1), which
    /// `aws_lc_rs::signature::UnparsedPublicKey` takes, too.
    pub fn public_key_info(&self) -> &[u8] {
        self.sha256.as_ref()
    }

    /// Whether this key made `signature` over `message`: RSASSA-PKCS1-v1_5, or ECDSA with both
    /// numbers at full length behind one another (XML Signature 1.1, section 6.4.3).
    ///
    /// Whether the algorithm that a message names fits the [`kind`](Self::kind) is for the caller to
    /// ask first.
    pub fn has_signed(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let key = match hash {
            Hash::Sha256 => &self.sha256,
            Hash::Sha384 => &self.sha384,
            Hash::Sha512 => &self.sha512,
        };
        let verifies = |signature: &[u8]| key.verify_sig(message, signature).is_ok();
        match self.kind.number_length() {
            None => verifies(signature),
            Some(length) => to_asn1(signature, length).is_some_and(|asn1| verifies(&asn1)),
        }
    }
}

/// Two keys are the same where their bytes are.
impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.public_key_info() == other.public_key_info()
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("VerifyingKey")
            .field(&self.kind)
            .finish()
    }
}

fn read_kind(info: &SubjectPublicKeyInfo<'_>) -> Result<KeyKind, CertificateError> {
    let algorithm = &info.algorithm.algorithm;
    if *algorithm == OID_PKCS1_RSAENCRYPTION {
        let Ok(PublicKey::RSA(key)) = info.parsed() else {
            return Err(CertificateError::MalformedKey);
        };
        return check_rsa(&key).map(|()| KeyKind::Rsa);
    }
    if *algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY {
        return Err(CertificateError::KeyType);
    }
    let curve = info.algorithm.parameters.as_ref();
    let curve = curve
        .and_then(|parameters| parameters.as_oid().ok())
        .ok_or(CertificateError::Curve)?;
    [
        (OID_EC_P256, KeyKind::EcP256),
        (OID_NIST_EC_P384, KeyKind::EcP384),
        (OID_NIST_EC_P521, KeyKind::EcP521),
    ]
    .into_iter()
    .find_map(|(oid, kind)| (oid == curve).then_some(kind))
    .ok_or(CertificateError::Curve)
}

fn check_rsa(key: &RSAPublicKey<'_>) -> Result<(), CertificateError> {
    let zeros = key.modulus.iter().take_while(|byte| **byte == 0).count();
    let high = key
        .modulus
        .get(zeros)
        .map_or(0, |byte| byte.leading_zeros());
    let bits = (key.modulus.len() - zeros) * 8 - high as usize;
    if bits < LEAST_RSA_BITS {
        return Err(CertificateError::RsaTooShort { bits });
    }
    if bits > MOST_RSA_BITS {
        return Err(CertificateError::RsaTooLong { bits });
    }
    let exponent = key.try_exponent().unwrap_or(0);
    let fits = (LEAST_RSA_EXPONENT..=u64::from(u32::MAX)).contains(&exponent);
    if fits && exponent % 2 == 1 {
        Ok(())
    } else {
        Err(CertificateError::RsaExponent)
    }
}

/// `SEQUENCE { r INTEGER, s INTEGER }` of two numbers of `length` bytes each; `None` where
/// `signature` has another length.
fn to_asn1(signature: &[u8], length: usize) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at_checked(length)?;
    if s.len() != length {
        return None;
    }
    let numbers = [integer(r)?, integer(s)?].concat();
    let mut sequence = vec![0x30];
    push_length(&mut sequence, numbers.len())?;
    sequence.extend(numbers);
    Some(sequence)
}

/// An unsigned big-endian number as an ASN.1 INTEGER.
fn integer(number: &[u8]) -> Option<Vec<u8>> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    // One leading zero stays where the number would be empty, or negative without it.
    let is_positive = number.get(zeros).is_some_and(|byte| *byte < 0x80);
    let digits = number.get(zeros..)?;
    let padding: &[u8] = if is_positive { &[] } else { &[0] };
    let mut integer = vec![0x02];
    push_length(&mut integer, padding.len() + digits.len())?;
    integer.extend([padding, digits].concat());
    Some(integer)
}

/// A DER length below 256.
fn push_length(der: &mut Vec<u8>, length: usize) -> Option<()> {
    let length = u8::try_from(length).ok()?;
    if length >= 0x80 {
        der.push(0x81);
    }
    der.push(length);
    Some(())
}

#[cfg(test)]
mod tests;
