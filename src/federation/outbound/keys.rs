//! What tokens for others are signed with.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};

use super::jwk::{Jwk, JwkSet, SigningAlgorithm};
use crate::domain::{Secret, UnixTime};
use crate::federation::saml::service_provider::Schedule;

/// The length of a 2048-bit modulus, in bytes.
const MODULUS_BYTES: usize = 256;

/// A key of each kind, made together: RSA of 2048 bits, and P-384.
pub struct WebIdentityKey {
    rsa: RsaKeyPair,
    rsa_public: Jwk,
    rsa_private: Secret<Vec<u8>>,
    ec: EcdsaKeyPair,
    ec_public: Jwk,
    ec_private: Secret<Vec<u8>>,
}

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebIdentityKeyError {
    /// No key could be generated.
    #[error("a key could not be generated")]
    Generation,
    /// The bytes hold no keys of these kinds.
    #[error("not an RSA key of 2048 bits and one on P-384, in PKCS#8")]
    Malformed,
}

impl WebIdentityKey {
    /// Makes a key, which takes some tenths of a second.
    ///
    /// # Errors
    /// [`WebIdentityKeyError::Generation`]
    pub fn generate() -> Result<Self, WebIdentityKeyError> {
        let failed = |_| WebIdentityKeyError::Generation;
        let rsa = PrivateDecryptingKey::generate(KeySize::Rsa2048).map_err(failed)?;
        let rsa: Pkcs8V1Der<'_> = rsa.as_der().map_err(failed)?;
        let random = SystemRandom::new();
        let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random);
        let ec = ec.map_err(failed)?;
        let secret = |bytes: &[u8]| Secret::new(bytes.to_vec());
        Self::open(secret(rsa.as_ref()), secret(ec.as_ref()))
    }

    /// Takes a key that was kept, its halves in PKCS#8.
    ///
    /// # Errors
    /// [`WebIdentityKeyError::Malformed`]
    pub fn open(
        rsa_private: Secret<Vec<u8>>,
        ec_private: Secret<Vec<u8>>,
    ) -> Result<Self, WebIdentityKeyError> {
        let malformed = WebIdentityKeyError::Malformed;
        let rsa = RsaKeyPair::from_pkcs8(rsa_private.expose()).map_err(|_| malformed)?;
        if rsa.public_modulus_len() != MODULUS_BYTES {
            return Err(malformed);
        }
        let of_rsa = PublicKeyComponents::<Vec<u8>>::from(rsa.public_key());
        let kind = &ECDSA_P384_SHA384_FIXED_SIGNING;
        let ec = EcdsaKeyPair::from_pkcs8(kind, ec_private.expose()).map_err(|_| malformed)?;
        Ok(Self {
            rsa_public: Jwk::rsa(&of_rsa.n, &of_rsa.e).ok_or(malformed)?,
            ec_public: Jwk::p384(ec.public_key().as_ref()).ok_or(malformed)?,
            rsa,
            rsa_private,
            ec,
            ec_private,
        })
    }

    /// The private halves, RSA first, in PKCS#8, for whoever keeps them sealed.
    pub const fn private_keys(&self) -> [&Secret<Vec<u8>>; 2] {
        [&self.rsa_private, &self.ec_private]
    }

    /// What the key is called: the `kid` of its RSA half.
    pub fn id(&self) -> &str {
        &self.rsa_public.kid
    }

    pub(super) const fn public(&self, algorithm: SigningAlgorithm) -> &Jwk {
        match algorithm {
            SigningAlgorithm::Rs256 => &self.rsa_public,
            SigningAlgorithm::Es384 => &self.ec_public,
        }
    }

    /// The signature of a message; none where the library makes none.
    pub(super) fn signature(&self, algorithm: SigningAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match algorithm {
            SigningAlgorithm::Rs256 => {
                let mut signature = vec![0; self.rsa.public_modulus_len()];
                let signed = self
                    .rsa
                    .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
                signed.ok().map(|()| signature)
            }
            SigningAlgorithm::Es384 => {
                let signature = self.ec.sign(&random, message).ok()?;
                Some(signature.as_ref().to_vec())
            }
        }
    }
}

impl fmt::Debug for WebIdentityKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WebIdentityKey")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct WebIdentityKeys(Vec<(Schedule, Arc<WebIdentityKey>)>);

impl WebIdentityKeys {
    /// Takes keys in any order.
    pub fn new(mut keys: Vec<(Schedule, Arc<WebIdentityKey>)>) -> Self {
        keys.sort_by_key(|(schedule, _)| std::cmp::Reverse(schedule.signs_from));
        Self(keys)
    }

    /// The key that signs: the newest that may.
    pub fn signing(&self, now: UnixTime) -> Option<&WebIdentityKey> {
        let mut keys = self.0.iter();
        keys.find_map(|(schedule, key)| schedule.may_sign(now).then_some(&**key))
    }

    /// What verifiers are told: every key that signs, will sign, or has signed what may still be shown.
    pub fn published(&self, now: UnixTime) -> JwkSet<'_> {
        let live = self.0.iter().filter(|(schedule, _)| schedule.is_live(now));
        JwkSet {
            keys: live
                .flat_map(|(_, key)| SigningAlgorithm::ALL.map(|algorithm| key.public(algorithm)))
                .collect(),
        }
    }
}
