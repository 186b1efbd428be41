//! The ids that IAM gives to SAML providers and their private keys.

use super::text::text_type;

text_type!(
    /// The id of a SAML provider or of a private key of one: 22 to 64 of `[A-Z0-9]` (`privateKeyIdType` of
    /// the IAM model).
    PrivateKeyId,
    "private key id",
    "22 to 64 of A-Z 0-9",
    |text| (22..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
);

impl PrivateKeyId {
    /// The id made of these random bytes.
    pub fn from_random(random: [u8; 16]) -> Self {
        Self(data_encoding::BASE32_NOPAD.encode(&random).into())
    }
}
