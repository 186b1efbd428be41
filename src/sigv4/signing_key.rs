//! The signing key: four HMACs away from the secret, and good for one day, region and service.

use super::string_to_sign::StringToSign;
use super::{ScopeDate, TERMINATOR};
use crate::domain::{Region, Secret, SecretAccessKey};
use crate::mac::MacKey;

/// A key that signs for one day, region and service.
#[derive(Clone)]
pub(super) struct SigningKey(MacKey);

impl SigningKey {
    /// Derives the key.
    pub(super) fn derive(
        secret: &SecretAccessKey,
        date: ScopeDate,
        region: &Region,
        service: &str,
    ) -> Self {
        let start = Secret::new(["AWS4", secret.expose()].concat());
        let key = Self(MacKey::new(start.expose().as_bytes()));
        key.then(date.digits())
            .then(region.as_str().as_bytes())
            .then(service.as_bytes())
            .then(TERMINATOR.as_bytes())
    }

    fn then(self, step: &[u8]) -> Self {
        Self(MacKey::new(self.0.sign(&[step]).expose()))
    }

    #[cfg(test)]
    pub(super) fn tag_of(&self, text: &[u8]) -> [u8; 32] {
        *self.0.sign(&[text]).expose()
    }

    /// The signature of a string to sign, in lower-case hexadecimal.
    pub(super) fn sign(&self, string_to_sign: &StringToSign<'_>) -> String {
        data_encoding::HEXLOWER.encode(self.0.sign(&string_to_sign.parts()).expose())
    }

    /// Whether `signature` is the one of this string to sign; takes the same time for every wrong
    /// one.
    pub(super) fn is_signature(
        &self,
        string_to_sign: &StringToSign<'_>,
        signature: &[u8; 32],
    ) -> bool {
        self.0.is_tag(&string_to_sign.parts(), signature)
    }
}
