//! Private keys of accounts' SAML providers: they open what was encrypted to them, and do nothing else.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::RsaKeyPair;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroize as _;

use crate::domain::Secret;

/// The modulus has 2048 to 4096 bits: each key is work that a stranger may ask for.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// A private RSA key that opens assertions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecryptionKey(Secret<Vec<u8>>);

/// A text is no private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the private key must be an RSA key of 2048 to 4096 bits in PEM, PKCS#8 or PKCS#1, that is not encrypted"
)]
pub struct InvalidKey;

impl DecryptionKey {
    /// Reads a key in PEM.
    ///
    /// # Errors
    /// [`InvalidKey`]; nothing of the text is told.
    pub fn read_pem(pem: &str) -> Result<Self, InvalidKey> {
        let mut read = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| InvalidKey)?;
        let pair = match &read {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(InvalidKey),
        };
        read.zeroize();
        let pair = pair.map_err(|_| InvalidKey)?;
        if !MODULUS_BYTES.contains(&pair.public_modulus_len()) {
            return Err(InvalidKey);
        }
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| InvalidKey)?;
        Ok(Self(Secret::new(der.as_ref().to_vec())))
    }

    /// Takes a key that was read before, in PKCS#8.
    pub const fn kept(pkcs8: Secret<Vec<u8>>) -> Self {
        Self(pkcs8)
    }

    /// The key in PKCS#8, for whoever keeps it sealed.
    pub const fn private_key(&self) -> &Secret<Vec<u8>> {
        &self.0
    }

    /// The key, ready to use, which takes some tenths of a millisecond; none where what was kept is none.
    pub(super) fn open(&self) -> Option<OaepPrivateDecryptingKey> {
        let key = PrivateDecryptingKey::from_pkcs8(self.0.expose()).ok()?;
        OaepPrivateDecryptingKey::new(key).ok()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::domain::UnixTime;
    use crate::federation::saml::service_provider::ServiceProviderKey;

    fn pem(label: &str, der: &[u8]) -> String {
        let body = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    #[test]
    fn a_key_is_read_from_both_of_its_forms() {
        let key = ServiceProviderKey::generate("a.example", UnixTime::EPOCH).unwrap();
        let pkcs8 = key.private_key().expose();
        let read = DecryptionKey::read_pem(&pem("PRIVATE KEY", pkcs8)).unwrap();
        assert_eq!(read.private_key(), key.private_key());
        assert!(read.open().is_some());
        // PKCS#8 is PKCS#1 behind 26 bytes: SEQUENCE, INTEGER 0, AlgorithmIdentifier, OCTET STRING.
        let pkcs1 = pem("RSA PRIVATE KEY", &pkcs8[26..]);
        assert_eq!(DecryptionKey::read_pem(&pkcs1).unwrap(), read);
        assert!(!format!("{read:?}").contains("48, 130"), "{read:?}");
    }

    #[test]
    fn what_is_no_rsa_key_is_refused() {
        let key = ServiceProviderKey::generate("a.example", UnixTime::EPOCH).unwrap();
        let good = pem("PRIVATE KEY", key.private_key().expose());
        for bad in [
            String::new(),
            "no key".to_owned(),
            good.replace("PRIVATE", "ENCRYPTED PRIVATE"),
            good.replace("PRIVATE", "PUBLIC"),
            pem("PRIVATE KEY", b"no key"),
            pem("PRIVATE KEY", &key.private_key().expose()[..600]),
        ] {
            assert_eq!(DecryptionKey::read_pem(&bad), Err(InvalidKey), "{bad}");
        }
        assert!(
            DecryptionKey::kept(Secret::new(b"no key".to_vec()))
                .open()
                .is_none()
        );
    }
}
