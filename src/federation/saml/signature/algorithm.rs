//! The algorithms of XML signatures that are accepted: no SHA-1, no HMAC, no key below 2048 bits.

use aws_lc_rs::digest;

use super::super::certificate::{Hash, KeyKind, VerifyingKey};

/// How a message is signed (RFC 9231, sections 2.3.2 and 2.3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with a hash.
    Rsa(Hash),
    /// ECDSA with a hash, on whatever curve the key is.
    Ecdsa(Hash),
}

impl SignatureAlgorithm {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Rsa(Hash::Sha256),
        Self::Rsa(Hash::Sha384),
        Self::Rsa(Hash::Sha512),
        Self::Ecdsa(Hash::Sha256),
        Self::Ecdsa(Hash::Sha384),
        Self::Ecdsa(Hash::Sha512),
    ];

    /// Its name on the wire.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Rsa(Hash::Sha256) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::Rsa(Hash::Sha384) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
            Self::Rsa(Hash::Sha512) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
            Self::Ecdsa(Hash::Sha256) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            Self::Ecdsa(Hash::Sha384) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
            Self::Ecdsa(Hash::Sha512) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
        }
    }

    /// The algorithm that a URI names.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.uri() == uri)
    }

    /// Whether `key` is for this algorithm.
    pub const fn fits(self, key: &VerifyingKey) -> bool {
        match self {
            Self::Rsa(_) => matches!(key.kind(), KeyKind::Rsa),
            Self::Ecdsa(_) => !matches!(key.kind(), KeyKind::Rsa),
        }
    }

    /// Whether `key` is for this algorithm and made `signature` over `message`.
    pub fn is_of(self, key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
        let (Self::Rsa(hash) | Self::Ecdsa(hash)) = self;
        self.fits(key) && key.has_signed(hash, message, signature)
    }
}

/// The name of a digest on the wire (RFC 9231, section 2.1; XML Encryption, section 5.8).
pub const fn digest_uri(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
        Hash::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
        Hash::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
    }
}

/// The digest that a URI names.
pub(super) fn digest_from_uri(uri: &str) -> Option<Hash> {
    let all = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
    all.into_iter().find(|hash| digest_uri(*hash) == uri)
}

/// The digest of `bytes`.
pub(super) fn digest(hash: Hash, bytes: &[u8]) -> digest::Digest {
    let algorithm = match hash {
        Hash::Sha256 => &digest::SHA256,
        Hash::Sha384 => &digest::SHA384,
        Hash::Sha512 => &digest::SHA512,
    };
    digest::digest(algorithm, bytes)
}
