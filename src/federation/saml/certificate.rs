//! Certificates of identity providers.
//!
//! In SAML metadata a certificate is the envelope of a key (SAML V2.0 Metadata Interoperability
//! Profile, section 2.5): who published the metadata vouches for the key, and neither the issuer of
//! the certificate nor its dates say whether it may be used. They are kept for admins.

mod key;

pub use key::{Hash, KeyKind, VerifyingKey};

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use x509_parser::certificate::X509CertificateParser;
use x509_parser::nom::Parser as _;
use x509_parser::time::ASN1Time;

use crate::domain::{InvalidValue, UnixTime};
use crate::federation::Quoted;

/// The longest text of a certificate that is looked at, in bytes.
pub const MAX_TEXT: usize = 65_536;
/// How long before its end an admin is warned of a certificate, in seconds: 30 days.
pub const WARNED_BEFORE: i64 = 30 * 24 * 60 * 60;
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// A certificate and the key in it, parsed once.
///
/// It is read from the base64 of its DER, as `ds:X509Certificate` holds it, or from PEM; white space
/// is ignored. It is written as base64 on one line.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Certificate {
    der: Box<[u8]>,
    key: VerifyingKey,
    subject: Quoted,
    not_before: UnixTime,
    not_after: UnixTime,
}

/// Why a certificate is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The text is longer than [`MAX_TEXT`].
    #[error("the certificate is longer than 65536 bytes")]
    TooLong,
    /// The text is neither base64 nor one PEM block.
    #[error("the certificate is not base64")]
    NotBase64,
    /// The bytes are no X.509 certificate, or there are more behind it.
    #[error("not an X.509 certificate")]
    NotACertificate,
    /// The key is of a type that signs nothing here.
    #[error("the key type is not supported; it must be RSA or elliptic curve")]
    KeyType,
    /// The key is on another curve.
    #[error("the curve is not P-256, P-384 or P-521")]
    Curve,
    /// The RSA key is too short.
    #[error("the RSA key has {bits} bits; it must have at least 2048")]
    RsaTooShort {
        /// The length of its modulus.
        bits: usize,
    },
    /// The RSA key is too long: a check would take too long.
    #[error("the RSA key has {bits} bits; it may have at most 8192")]
    RsaTooLong {
        /// The length of its modulus.
        bits: usize,
    },
    /// The RSA key's exponent is below 65537, above 32 bits or even.
    #[error("the RSA exponent is not an odd number from 65537 up to 32 bits")]
    RsaExponent,
    /// The numbers of the key are no key: a point that is not on its curve, an even modulus.
    #[error("the key is malformed")]
    MalformedKey,
}

impl Certificate {
    /// Reads a certificate from its DER.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        // Extensions say nothing that is asked for here; an odd one must not spoil the key.
        let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
        let (rest, certificate) = parser
            .parse(der)
            .map_err(|_| CertificateError::NotACertificate)?;
        if !rest.is_empty() {
            return Err(CertificateError::NotACertificate);
        }
        let validity = certificate.validity();
        Ok(Self {
            der: der.into(),
            key: VerifyingKey::read(certificate.public_key())?,
            subject: Quoted::new(&certificate.subject().to_string()),
            not_before: time(validity.not_before),
            not_after: time(validity.not_after),
        })
    }

    /// The DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The key that signatures are checked with.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Whom the certificate says it belongs to; foreign text that vouches for nothing.
    pub const fn subject(&self) -> &Quoted {
        &self.subject
    }

    /// The first moment of the certificate's validity.
    pub const fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// The last moment of the certificate's validity.
    pub const fn not_after(&self) -> UnixTime {
        self.not_after
    }

    /// The SHA-256 of the DER.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, &self.der).as_ref());
        Fingerprint(fingerprint)
    }
}

fn time(time: ASN1Time) -> UnixTime {
    UnixTime::from_seconds(time.timestamp())
}

impl FromStr for Certificate {
    type Err = CertificateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_TEXT {
            return Err(CertificateError::TooLong);
        }
        let body = match text.trim().strip_prefix(BEGIN) {
            Some(rest) => rest.strip_suffix(END).ok_or(CertificateError::NotBase64)?,
            None => text,
        };
        let body: String = body
            .chars()
            .filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'))
            .collect();
        let der = STANDARD
            .decode(body)
            .map_err(|_| CertificateError::NotBase64)?;
        Self::from_der(&der)
    }
}

impl TryFrom<String> for Certificate {
    type Error = CertificateError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Certificate> for String {
    fn from(certificate: Certificate) -> Self {
        STANDARD.encode(certificate.der)
    }
}

/// Two certificates are the same where their bytes are.
impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Certificate")
            .field("subject", &self.subject)
            .field("fingerprint", &self.fingerprint())
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// The SHA-256 of a certificate. Prints as lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(InvalidValue::new(
            "fingerprint",
            "64 lower-case hexadecimal digits",
        ))
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests;
