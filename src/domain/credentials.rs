//! What an AWS client signs with.

use std::fmt;
use std::str::FromStr;

use smol_str::SmolStr;

use super::text::serde_as_text;
use super::{AccountId, InvalidValue, Secret, UnixTime};

/// Whether an access key lasts or ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// `AKIA…`: a user's own key.
    LongTerm,
    /// `ASIA…`: good with its session token only, and until its end.
    Temporary,
}

/// An access key id. It carries the number of its account (IAM identifiers; `GetAccessKeyInfo`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKeyId(SmolStr);

impl AccessKeyId {
    const INVALID: InvalidValue = InvalidValue::new("access key id", "16 to 128 of A-Z a-z 0-9 _");

    /// The key id of this account made of 39 random bits.
    ///
    /// Ten bytes in base32: one set bit, 40 bits of account, 39 random bits.
    pub fn from_random(kind: KeyKind, account: AccountId, random: [u8; 5]) -> Self {
        const RANDOM_BITS: u128 = 39;
        let drawn = u128::from(u64::from_be_bytes([
            0, 0, 0, random[0], random[1], random[2], random[3], random[4],
        ])) & ((1 << RANDOM_BITS) - 1);
        let packed: u128 = (1 << 79) | (u128::from(account.number()) << RANDOM_BITS) | drawn;
        let bytes = packed.to_be_bytes();
        let mut text = match kind {
            KeyKind::LongTerm => *b"AKIA0000000000000000",
            KeyKind::Temporary => *b"ASIA0000000000000000",
        };
        if let (Some(bytes), Some(place)) = (bytes.last_chunk::<10>(), text.last_chunk_mut::<16>())
        {
            data_encoding::BASE32_NOPAD.encode_mut(bytes, place);
        }
        // All of it is ASCII.
        Self(SmolStr::new(std::str::from_utf8(&text).unwrap_or_default()))
    }

    /// Whether the key is a temporary one; `None` for a key of neither kind.
    pub fn kind(&self) -> Option<KeyKind> {
        match self.0.get(..4) {
            Some("AKIA") => Some(KeyKind::LongTerm),
            Some("ASIA") => Some(KeyKind::Temporary),
            _ => None,
        }
    }

    /// The account that the id carries; `None` where it carries none.
    pub fn account(&self) -> Option<AccountId> {
        let bytes = data_encoding::BASE32_NOPAD
            .decode(self.0.get(4..)?.as_bytes())
            .ok()?;
        let head: [u8; 6] = *bytes.first_chunk()?;
        if bytes.len() != 10 || head[0] & 0x80 == 0 {
            return None;
        }
        let number =
            u64::from_be_bytes([0, 0, head[0], head[1], head[2], head[3], head[4], head[5]]);
        AccountId::from_number((number & 0x7fff_ffff_ff80) >> 7)
    }

    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

serde_as_text!(AccessKeyId);

impl FromStr for AccessKeyId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if (16..=128).contains(&text.len()) && text.bytes().all(word) {
            Ok(Self(text.into()))
        } else {
            Err(Self::INVALID)
        }
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A secret access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretAccessKey(Secret<String>);

impl SecretAccessKey {
    /// Takes the key's text.
    pub const fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The text, to sign with or to hand to its owner.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The text, for whoever hands it to its owner.
    pub fn into_text(self) -> Secret<String> {
        self.0
    }
}

/// A sealed session token, at most 4,096 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionToken(Secret<String>);

impl SessionToken {
    /// No token is longer.
    pub const MAX_BYTES: usize = 4096;

    /// Takes the token's text.
    pub const fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The text, to unseal or to hand to its owner.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The text, for whoever hands it to its owner.
    pub fn into_text(self) -> Secret<String> {
        self.0
    }
}

/// Temporary credentials, as STS gives them out.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Begins with `ASIA`.
    pub access_key_id: AccessKeyId,
    /// 40 characters.
    pub secret_access_key: SecretAccessKey,
    /// To be sent with every signed request.
    pub session_token: SessionToken,
    /// From this second on they are refused.
    pub expiration: UnixTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_id_carries_its_account() {
        for number in [0, 1, 42, 123_456_789_012, 999_999_999_999] {
            let account = AccountId::from_number(number).unwrap();
            let id = AccessKeyId::from_random(KeyKind::Temporary, account, [0xff; 5]);
            assert_eq!(id.as_str().len(), 20);
            assert_eq!(id.account(), Some(account));
            assert_eq!(id.kind(), Some(KeyKind::Temporary));
        }
    }

    #[test]
    fn published_pairs_decode() {
        for (id, account) in [
            ("ASIAY34FZKBOKMUTVV7A", "609629065308"),
            ("ASIAQNZGKIQY56JQ7WML", "029608264753"),
            ("AKIARZPUZDIKGB2VALC4", "123456789012"),
        ] {
            assert_eq!(
                id.parse::<AccessKeyId>().unwrap().account(),
                account.parse().ok(),
                "{id}"
            );
        }
    }

    #[test]
    fn old_style_ids_carry_no_account() {
        assert_eq!(
            "AKIAIOSFODNN7EXAMPLE"
                .parse::<AccessKeyId>()
                .unwrap()
                .account(),
            None
        );
    }
}
